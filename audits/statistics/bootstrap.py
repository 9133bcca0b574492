"""A bootstrap that draws people, and whose spread is put right.

An index such as the largest rate over the smallest has no formula for its variance, so people are drawn with
replacement and everything is measured again: a genuine pair counts as often as its person was drawn, an impostor pair
as often as the product of both. In a list where everybody occurs in a few pairs only that is far too wide, because the
product of two such counts has three times the variance it should; in a dense design it is right. So the
deviations are scaled until each rate has the spread of its primary interval (``audits.statistics.intervals``). What the
bootstrap adds is the shape, and how the rates go up and down together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.trials import Trials, grouped_order
from facerec.errors import ArgumentError
from facerec.measure.metrics.clusters import touching
from facerec.types import Interval

_FEW_ERRORS = 2000
_BLOCK = 1 << 21
_POISSON = np.searchsorted(
    np.cumsum([math.exp(-1) / math.factorial(times) for times in range(9)]), (np.arange(1 << 16) + 0.5) / (1 << 16)
).astype(np.float64)
"""How often somebody is drawn, for each of 65,536 equally likely numbers."""


@dataclass(frozen=True)
class Bootstrap:
    """How the draws were made that the indices' intervals rest on.

    Attributes
    ----------
    replicates : int
        0: no draws, and no index has an interval.
    seed : int
    """

    replicates: int
    seed: int


@dataclass(frozen=True, eq=False)
class Grouped:
    """Trials of one kind, their groups, and what the primary intervals say of them.

    Attributes
    ----------
    trials : Trials
    codes : ndarray, int, shape (n,)
        Which group each trial belongs to; −1 for none.
    estimates : sequence of Estimate
        One for each group, of which there is at least one.
    """

    trials: Trials
    codes: NDArray[np.integer]
    estimates: Sequence[Estimate]

    def __post_init__(self) -> None:
        if not self.estimates:
            message = "there is no group to draw rates of"
            raise ArgumentError(message)
        grouped_order(self.codes, len(self.estimates), len(self.trials))

    def sums(self, people: int) -> GroupedSums:
        """The same, summed up by group and person; `people` are 0 … people - 1."""
        order, starts = grouped_order(self.codes, len(self.estimates), len(self.trials))
        groups = [order[start:end] for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)]
        wrong = [each[self.trials.wrong[each]] for each in groups]
        counts = np.array([(len(each), len(bad)) for each, bad in zip(groups, wrong, strict=True)], np.int64)
        if self.trials.people is None:
            return GroupedSums(tuple(self.estimates), counts)
        first, second = self.trials.people
        trials = [touching(first[rows], second[rows], people) for rows in groups]
        errors = [touching(first[rows], second[rows], people) for rows in wrong]
        there = [np.flatnonzero(each) for each in trials]
        places = np.repeat(np.arange(len(groups)), list(map(len, there))), np.concatenate(there)
        of_each = np.stack(
            [np.concatenate([side[who] for side, who in zip(each, there, strict=True)]) for each in (trials, errors)]
        )
        met = [(first[rows], second[rows]) for rows in wrong]
        return GroupedSums.of(self.estimates, counts, places, of_each, met=met)


@dataclass(frozen=True, eq=False)
class GroupedSums:
    """What a draw has to look at: errors and trials of each person in each group.

    Attributes
    ----------
    estimates : sequence of Estimate
        One for each group, of which there is at least one.
    counts : ndarray, int64, shape (groups, 2)
        Trials and errors.
    of_people : (trials, errors), sparse matrices, float64, shape (groups, people), or None
        How many each person takes part in, one with oneself counting once; None where nobody knows.
    met : sequence of (first, second) or None
        For each group who is on either side of each error; None where that was not kept.
    """

    estimates: Sequence[Estimate]
    counts: NDArray[np.int64]
    of_people: tuple[Any, Any] | None = None
    met: Sequence[tuple[NDArray[np.integer], NDArray[np.integer]] | None] = ()

    @classmethod
    def of(
        cls,
        estimates: Sequence[Estimate],
        counts: NDArray[np.int64],
        places: tuple[NDArray[np.integer], NDArray[np.integer]],
        of_each: NDArray[np.integer],
        *,
        met: Sequence[tuple[NDArray[np.integer], NDArray[np.integer]] | None],
    ) -> GroupedSums:
        """From trials and errors (2, n) at `places`, a group and a person each; those of one place are summed."""
        shape = (len(counts), int(places[1].max(initial=-1)) + 1)
        trials, errors = (scipy.sparse.csr_matrix((each.astype(np.float64), places), shape) for each in of_each)
        return cls(estimates, counts, (trials, errors), met)

    @property
    def people(self) -> int:
        """How many people there are, as far as they take part."""
        return 0 if self.of_people is None else int(self.of_people[0].shape[1])


def draw_rates(
    kinds: Sequence[Grouped | GroupedSums], *, replicates: int, seed: int
) -> tuple[NDArray[np.float64], ...]:
    """Draw every group's rates as they might have come out with other people.

    Parameters
    ----------
    kinds : sequence of Grouped or GroupedSums
        For example impostor pairs and genuine pairs; they share the codes of their people and are drawn together.
    replicates : int
        How many draws; at least 2.
    seed : int
        The same seed gives the same draws.

    Returns
    -------
    tuple of ndarray, float64, shape (replicates, groups)
        For each kind; NaN for a group without trials.

    Raises
    ------
    ArgumentError
        If there are fewer than two replicates.

    Notes
    -----
    Everybody counts w times, w Poisson with mean 1. To first order a rate moves by Σ_i (w_i − 1) T_i / n, T_i the sum
    of error − rate over the trials of person i: sums per person and group are all that a draw needs. Genuine pairs are
    exact so; errors between two people, unless they are thousands, count w_i w_j each, which keeps the skew of what is
    rare.

    With φ = arcsin √p, whose variance is 1/(4 n_eff) whatever p is, a draw is φ̂ + (φ* − mean φ*) / (2 √n_eff sd φ*).
    Centring on the draws' own mean takes out the bias of pairs that exist only because somebody was drawn twice. A
    group without errors never varies in a bootstrap; its rates are drawn from an exponential distribution
    with mean 1/n_eff, which puts 95 % below the rule of 3. Where nobody knows who took part, the
    errors of each group are drawn from a binomial distribution.

    References
    ----------
    Poh, Martin & Bengio (2007), IEEE TPAMI 29:492 (drawing people). Conti & Clémençon (2024), ICLR, arXiv:2211.07245
    (the bias of a naive bootstrap of pairs, and recentring). Anscombe (1948), Biometrika 35:246 (arcsin √p).
    """
    if replicates < 2:
        message = f"a bootstrap needs two replicates or more; got {replicates}"
        raise ArgumentError(message)
    rng = np.random.default_rng(seed)
    people = 1 + max(
        (int(side.max(initial=-1)) for kind in kinds if isinstance(kind, Grouped) for side in kind.trials.people or ()),
        default=-1,
    )
    sums = [kind.sums(people) if isinstance(kind, Grouped) else kind for kind in kinds]
    known = all(kind.of_people is not None for kind in sums)
    raw = (_draw_people if known else _draw_errors)(sums, replicates, rng)
    return tuple(
        np.column_stack([_rescaled(drawn[:, g], found, rng) for g, found in enumerate(kind.estimates)])
        for kind, drawn in zip(sums, raw, strict=True)
    )


def drawn_interval(value: float, drawn: NDArray[np.float64], *, confidence: float, ratio: bool = False) -> Interval:
    """The interval of an index or of its change, from draws of it.

    Parameters
    ----------
    value : float
        What was found; may be infinite.
    drawn : ndarray, float64, shape (replicates,)
        NaN where it was not defined.
    confidence : float
        Between 0 and 1, exclusive.
    ratio : bool
        Whether the index lives on a log scale.

    Returns
    -------
    Interval
        NaN on both ends without draws or without a value.

    Notes
    -----
    It contains `value`, and reaches from the smaller of two lower bounds to the larger of two upper ones: the quantiles
    q of the draws, and 2v − q with v the value, or v² / q for ratios. Quantiles are not interpolated, since
    one of two neighbouring draws may be infinite.
    """
    usable = drawn[~np.isnan(drawn)]
    if not len(usable) or math.isnan(value):
        return Interval(math.nan, math.nan, confidence)
    tail = (1 - confidence) / 2
    low = float(np.quantile(usable, tail, method="lower"))
    high = float(np.quantile(usable, 1 - tail, method="higher"))
    if not math.isfinite(value):
        return Interval(low, max(high, value), confidence)
    with np.errstate(divide="ignore"):
        mirrored = np.divide(value**2, (high, low)) if ratio else np.subtract(2 * value, (high, low))
    return Interval(min(low, value, float(mirrored[0])), max(high, value, float(mirrored[1])), confidence)


def _draw_errors(kinds: Sequence[GroupedSums], replicates: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    drawn = []
    for kind in kinds:
        trials = np.array([found.trials for found in kind.estimates])
        rates = np.array([found.value if found.measured else 0.0 for found in kind.estimates])
        errors = rng.binomial(trials, rates, (replicates, len(trials)))
        drawn.append(np.divide(errors, trials, out=np.full(errors.shape, np.nan), where=trials > 0))
    return drawn


def _draw_people(kinds: Sequence[GroupedSums], replicates: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    people = max(kind.people for kind in kinds)
    sums = [_Sums(kind, *kind.of_people) for kind in kinds if kind.of_people is not None]
    drawn = []
    block = max(1, min(64, _BLOCK // max(people, 1)))
    for start in range(0, replicates, block):
        size = (people, min(block, replicates - start))
        times = _POISSON[rng.integers(0, len(_POISSON), size, dtype=np.uint16)]
        drawn.append([each.rates(times) for each in sums])
    return [np.concatenate(blocks) for blocks in zip(*drawn, strict=True)]


class _Sums:
    """Sums of one kind, ready to be drawn."""

    def __init__(self, kind: GroupedSums, trials: Any, errors: Any) -> None:  # noqa: ANN401 - scipy has no types
        self._trials, self._errors = trials, errors
        self._counts = kind.counts[:, :1].astype(np.float64)
        self._rates = kind.counts[:, 1:] / np.maximum(self._counts, 1)
        self._sides = np.maximum(np.asarray(trials.sum(axis=1)), 1) / np.maximum(self._counts, 1)
        # As long as errors can be counted one by one, they are drawn as products: rare ones are skewed.
        self._few = [
            (group, *met)
            for group, met in enumerate(kind.met)
            if met is not None and 0 < kind.counts[group, 1] < _FEW_ERRORS and self._sides[group, 0] > 1
        ]

    def rates(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each group's rate in each draw (draws, groups), everybody counted `times` (people, draws); NaN: nobody."""
        of_these = times[: self._trials.shape[1]]
        errors, trials = self._errors @ of_these, self._trials @ of_these
        with np.errstate(divide="ignore", invalid="ignore"):
            exact = errors / trials  # where each pair is of one person
            sides = self._sides * self._counts
            moved = (errors - self._rates * trials) / np.maximum(self._counts, 1)
            found = np.where(self._sides == 1, exact, self._rates + moved)
            for group, first, second in self._few:
                apart = (first != second)[:, None]
                drawn = np.where(apart, times[first] * times[second], times[first]).sum(axis=0)
                grown = (trials[group] / sides[group]) ** self._sides[group]  # n times that many pairs, nearly
                found[group] = drawn / (self._counts[group] * grown)
            return np.where(trials > 0, np.clip(found, 0, 1), np.nan).T


def _rescaled(drawn: NDArray[np.float64], found: Estimate, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws of one rate with the spread of its primary interval."""
    if not found.measured:
        return np.full(len(drawn), np.nan)
    n = found.effective_trials
    rare = np.minimum(rng.exponential(1 / n, len(drawn)), 1.0)
    if found.errors == 0:
        return rare
    if found.errors == found.trials:
        return 1 - rare
    angles = np.arcsin(np.sqrt(drawn))
    centre = np.nanmean(angles) if not np.isnan(angles).all() else 0.0
    deviations = np.nan_to_num(angles - centre)  # a draw without anybody of a tiny group says nothing of it
    spread = deviations.std()
    if spread == 0:  # one person only, who is drawn or not
        deviations, spread = rng.standard_normal(len(drawn)), 1.0
    moved = np.arcsin(np.sqrt(found.value)) + deviations / (2 * np.sqrt(n) * spread)
    return np.sin(np.clip(moved, 0, np.pi / 2)) ** 2
