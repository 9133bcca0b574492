"""A bootstrap that draws people, and whose spread is put right.

An index such as the largest rate over the smallest has no formula for its variance, so people are drawn with
replacement and everything is measured again: a genuine pair counts as often as its person was drawn, an impostor pair
as often as the product of both. In a list where everybody occurs in a few pairs only that is far too wide, because the
product of two such counts has three times the variance it should; in a dense design it is right. So the
deviations are scaled until each rate has the spread of its primary interval (``audits.statistics.intervals``). What the
bootstrap adds is the shape, and how the rates go up and down together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.trials import Trials, grouped_order
from facerec.errors import ArgumentError


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


def draw_rates(kinds: Sequence[Grouped], *, replicates: int, seed: int) -> tuple[NDArray[np.float64], ...]:
    """Draw every group's rates as they might have come out with other people.

    Parameters
    ----------
    kinds : sequence of Grouped
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
    counters = [_Counter(kind, kind.trials.people) for kind in kinds if kind.trials.people is not None]
    raw = (
        _draw_people(counters, replicates, rng) if len(counters) == len(kinds) else _draw_errors(kinds, replicates, rng)
    )
    return tuple(
        np.column_stack([_rescaled(drawn[:, g], found, rng) for g, found in enumerate(kind.estimates)])
        for kind, drawn in zip(kinds, raw, strict=True)
    )


def _draw_errors(kinds: Sequence[Grouped], replicates: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    drawn = []
    for kind in kinds:
        trials = np.array([found.trials for found in kind.estimates])
        rates = np.array([found.value if found.measured else 0.0 for found in kind.estimates])
        errors = rng.binomial(trials, rates, (replicates, len(trials)))
        drawn.append(np.divide(errors, trials, out=np.full(errors.shape, np.nan), where=trials > 0))
    return drawn


class _Counter:
    """The trials of one kind, in order of their groups, ready to be counted again and again."""

    def __init__(self, kind: Grouped, people: tuple[NDArray[np.integer], NDArray[np.integer]]) -> None:
        order, starts = grouped_order(kind.codes, len(kind.estimates), len(kind.trials))
        wrong = kind.trials.wrong[order]
        before = np.concatenate([[0], np.cumsum(wrong)])[starts]
        self._sides = people[0][order], people[1][order]
        self._genuine = bool((self._sides[0] == self._sides[1]).all())
        self._wrong = np.flatnonzero(wrong)
        self._present = np.flatnonzero(np.diff(starts))
        self._starts = starts[self._present]
        self._mistaken = np.flatnonzero(np.diff(before))
        self._wrong_starts = before[self._mistaken]
        self.groups = len(kind.estimates)
        self.people = int(max(side.max(initial=-1) for side in self._sides)) + 1

    def measure(self, times: NDArray[np.int64], rates: NDArray[np.float64]) -> None:
        """Put each present group's rate, with everybody counted so many times, into `rates`."""
        if not len(self._present):
            return
        weights = times[self._sides[0]] if self._genuine else self._products(times)
        trials = np.add.reduceat(weights, self._starts)
        errors = np.zeros(len(rates))
        if len(self._wrong):
            errors[self._mistaken] = np.add.reduceat(weights[self._wrong], self._wrong_starts)
        found = errors[self._present]
        rates[self._present] = np.divide(found, trials, out=np.full(len(found), np.nan), where=trials > 0)

    def _products(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        first, second = self._sides
        return np.where(first == second, times[first], times[first] * times[second])


def _draw_people(counters: Sequence[_Counter], replicates: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    people = max((counter.people for counter in counters), default=0)
    drawn = [np.full((replicates, counter.groups), np.nan) for counter in counters]
    for replicate in range(replicates):
        times = np.bincount(rng.integers(0, max(people, 1), people), minlength=people)
        for counter, rates in zip(counters, drawn, strict=True):
            counter.measure(times, rates[replicate])
    return drawn


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
