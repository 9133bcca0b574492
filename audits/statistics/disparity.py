"""How much rates differ between groups, by every index in use, because none of them alone is to be trusted.

A difference says little where rates are small, a ratio everything and nothing where a group shows no error, and FDR
looks at the larger of two rates only. So all stand side by side, each with an interval, and `compare` says where they
contradict one another. A group that was not measured enters no index and is named; it never counts as 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audits.statistics import indices
from audits.statistics.bootstrap import drawn_interval
from audits.statistics.estimates import Estimate
from audits.statistics.index_kinds import INDICES, OF_BOTH, OF_ONE, GroupSizes, IndexKind, OfBoth, OfOne
from audits.statistics.intervals import rule_of_three
from facerec.errors import ArgumentError
from facerec.types import Interval

_Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Index:
    """A number that sums up how much rates differ between groups, with its interval.

    Attributes
    ----------
    name : str
        Such as ``max_min_ratio``; the names are those of ``audits.statistics.index_kinds``.
    value : float
        NaN where it is not defined, for a reason that `note` gives; inf where a ratio has a zero below.
    interval : Interval
        NaN on both ends where nothing can be said.
    fair : float
        The value where all groups are alike.
    note : str
        What a reader must know of this number, such as which group has no errors; empty if nothing.
    corrected : float
        Gini and GARBE: the value less what chance adds to it, as far as draws show that; NaN without draws, and for
        the other indices.
    """

    name: str
    value: float
    interval: Interval
    fair: float
    note: str = ""
    corrected: float = math.nan


@dataclass(frozen=True)
class Disparity:
    """Every index of one grouping, side by side, because none of them alone is to be trusted.

    Attributes
    ----------
    fmr, fnmr : tuple of Index
        Of either rate alone.
    combined : tuple of Index
        Of both rates together: GARBE, FDR and the inequity rate.
    unmeasured : tuple of (group, rate name)
        The groups whose rate had no trials; they enter no index, and are listed here so that nobody forgets them.
    warnings : tuple of str
        Where indices disagree about which rate differs more, or rest on too few errors.
    """

    fmr: tuple[Index, ...]
    fnmr: tuple[Index, ...]
    combined: tuple[Index, ...]
    unmeasured: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    def index(self, rate: Literal["fmr", "fnmr", "combined"], name: str) -> Index:
        """The index of that name.

        Raises
        ------
        ArgumentError
            If there is no index of that name.
        """
        indices: dict[str, tuple[Index, ...]] = {"fmr": self.fmr, "fnmr": self.fnmr, "combined": self.combined}
        for index in indices[rate]:
            if index.name == name:
                return index
        message = f"there is no index {name!r} of {rate}; there are {', '.join(i.name for i in indices[rate])}"
        raise ArgumentError(message)


_EXACT = 10_000  # draws of two beta distributions
_OF_CHANCE = ("gini", "garbe")
_OF_SMALLEST = ("max_min_ratio", "inequity_rate")
_EVENTS = {"FMR": "false match", "FNMR": "false non-match"}


def compare(
    names: Sequence[str],
    fmr: Sequence[Estimate],
    fnmr: Sequence[Estimate],
    *,
    draws: tuple[_Rates, _Rates] | None,
    confidence: float,
) -> Disparity:
    """Compute every index of two error rates, with intervals, and say where they disagree.

    Parameters
    ----------
    names : sequence of str
        The groups.
    fmr, fnmr : sequence of Estimate
        One for each group; those without trials are left out of the indices and listed.
    draws : tuple of two ndarrays, float64, shape (replicates, groups), or None
        From ``audits.statistics.bootstrap.draw_rates``, of FMR and FNMR; None: no index gets an interval.
    confidence : float
        Of the intervals, between 0 and 1, exclusive.

    Returns
    -------
    Disparity

    Raises
    ------
    ArgumentError
        If there is not one rate of either kind for each group.

    Notes
    -----
    An interval is that of ``audits.statistics.bootstrap.drawn_interval``: a largest rate is drawn too large and a
    smallest too small, which the mirrored quantiles take back. Where all groups are alike, chance alone keeps every
    index away from its fair value; so the interval reaches to the fair value unless the index exceeds the `confidence`
    quantile of tables in which all groups have the rate of all together and beta-binomial errors, whose variance is
    that of binomial ones in their effective trials.

    A largest over a smallest rate has no upper bound where a group shows no error, and its lower one is that of those
    two groups by name, from the beta distributions of Clopper and Pearson's bounds. Whether it exceeds what chance does
    is judged by finite ratios, of the table and by chance alike, with three errors more in every group, among as many
    trials as show three at the rate of all: no group without errors excludes anything by itself.

    Chance adds to Gini and GARBE: their values are the definition's and too large where groups are small. `corrected`
    is 2G − mean G* over the draws. In equal groups chance adds most, and as a leg to a hypotenuse; so the intervals
    reach as far below √(G² − c²) as draws reach above their median, c² being the mean square in tables of equal groups.
    """
    if not len(names) == len(fmr) == len(fnmr):
        message = f"every group needs both rates; got {len(names)} groups, {len(fmr)} FMR and {len(fnmr)} FNMR"
        raise ArgumentError(message)
    drawn = draws if draws is not None else (None, None)
    sides = [
        _Side(what, names, estimates, some)
        for what, estimates, some in zip(("FMR", "FNMR"), (fmr, fnmr), drawn, strict=True)
    ]
    per_rate = [tuple(_single(kind, side, confidence) for kind in OF_ONE) for side in sides]
    return Disparity(
        fmr=per_rate[0],
        fnmr=per_rate[1],
        combined=tuple(_joint(kind, sides[0], sides[1], confidence) for kind in OF_BOTH),
        unmeasured=tuple((name, side.what) for side in sides for name in side.unmeasured),
        warnings=tuple(_warnings(sides, per_rate)),
    )


def index_alone(
    name: str, groups: Sequence[str], rates: Sequence[Estimate], *, draws: _Rates, confidence: float
) -> Index:
    """One index of one rate, without the others; in a simulation of many tables the others are most of the work.

    Parameters
    ----------
    name : str
        Of an index of one rate.
    groups : sequence of str
    rates : sequence of Estimate
        One for each group.
    draws : ndarray, float64, shape (replicates, groups)
        As of `compare`.
    confidence : float
        Of the interval, between 0 and 1, exclusive.

    Returns
    -------
    Index
        That of FMR by `compare`.
    """
    kind = next(each for each in OF_ONE if each.name == name)
    return _single(kind, _Side("FMR", groups, rates, draws), confidence)


class _Side:
    """One rate of all measured groups, as it is and as it was drawn."""

    def __init__(self, what: str, names: Sequence[str], estimates: Sequence[Estimate], draws: _Rates | None) -> None:
        measured = [number for number, found in enumerate(estimates) if found.measured]
        kept = [estimates[number] for number in measured]
        self.what = what
        self.event = _EVENTS[what]
        self.unmeasured = [name for name, found in zip(names, estimates, strict=True) if not found.measured]
        self.without_errors = [names[number] for number in measured if not estimates[number].errors]
        self.few = [names[number] for number in measured if 0 < estimates[number].errors < 3]
        self.rates = np.array([found.value for found in kept])
        self.trials = np.array([found.trials for found in kept])
        self.worth = np.array([found.effective_trials for found in kept])
        # A drawn rate can be 0 in a group whose own is not, so every group has a bound ready.
        bounds = np.array([rule_of_three(found.effective_trials) for found in kept])
        self.sizes = GroupSizes(self.trials, bounds)
        self.draws = None if draws is None or not self.comparable else draws[:, measured]
        self.alike = None if self.draws is None else self._alike(len(self.draws))

    def _alike(self, replicates: int) -> _Rates:
        """Rates as they would be if all groups had one, and only chance set them apart."""
        rng = np.random.default_rng(0 if self.what == "FMR" else 1)
        common, worth = np.average(self.rates, weights=self.worth), self.worth
        # Beta-binomial errors in all trials: the variance is that of the effective ones, and rates may be near 0.
        shared = (self.trials - self.trials / worth) / np.maximum(self.trials / worth - 1, 1e-9)
        rates = rng.beta(
            np.maximum(common * shared, 1e-9), np.maximum((1 - common) * shared, 1e-9), (replicates, len(worth))
        )
        return np.asarray(rng.binomial(self.trials, rates) / self.trials)

    def finite_ratio(self, rates: _Rates) -> _Rates:
        """max/min with three errors more in each group, among as many trials as show three at the rate of all."""
        more = (rates * self.worth + 3) / (self.worth + 3 / np.average(self.rates, weights=self.worth))
        return np.asarray(more.max(axis=-1) / more.min(axis=-1))

    def named_ratio(self) -> _Rates:
        """Draws of the largest over the smallest rate of two groups by name, as far down as exact bounds reach."""
        top, bottom = self.rates.argmax(), np.lexsort([-self.worth, self.rates])[0]
        errors, rest = self.rates * self.worth, np.maximum((1 - self.rates) * self.worth, 1e-9)
        rng = np.random.default_rng(2 if self.what == "FMR" else 3)
        above = rng.beta(np.maximum(errors[top], 1e-9), rest[top] + 1, _EXACT)
        return np.asarray(above / rng.beta(errors[bottom] + 1, rest[bottom], _EXACT))

    def least_gini(self) -> float:
        """The Gini coefficient less the most that chance adds: what it adds to that of groups that are alike."""
        by_chance = np.array([math.nan]) if self.alike is None else indices.gini(self.alike)
        added = float(np.mean(by_chance[~np.isnan(by_chance)] ** 2)) if not np.isnan(by_chance).all() else 0.0
        return math.sqrt(max(float(indices.gini(self.rates)) ** 2 - added, 0.0))

    @property
    def comparable(self) -> bool:
        return len(self.rates) > 1


def _single(kind: OfOne, side: _Side, confidence: float) -> Index:
    if not side.comparable:
        return _nothing(kind, f"fewer than two groups have a measured {side.what}", confidence)
    return _index(kind, [side], lambda rates: kind.of(rates[0], side.sizes), confidence)


def _joint(kind: OfBoth, fmr: _Side, fnmr: _Side, confidence: float) -> Index:
    for side in (fmr, fnmr):
        if not side.comparable:
            return _nothing(kind, f"fewer than two groups have a measured {side.what}", confidence)
    return _index(kind, [fmr, fnmr], lambda rates: kind.of(rates[0], rates[1]), confidence)


def _nothing(kind: IndexKind, why: str, confidence: float) -> Index:
    return Index(kind.name, math.nan, Interval(math.nan, math.nan, confidence), kind.fair, f"not defined: {why}")


def _index(
    kind: IndexKind, sides: Sequence[_Side], computed: Callable[[Sequence[_Rates]], _Rates], confidence: float
) -> Index:
    notes = []
    open_above = False
    for side in sides:
        if side.without_errors and kind.needs_a_smallest:
            open_above = True
            notes.append(f"no {side.event} was seen in {_listed(side.without_errors)}, so there is no upper bound")
    value = float(computed([side.rates for side in sides]))
    if math.isnan(value):
        notes.insert(0, "not defined: no group shows an error")
    elif kind.name == "max_geomean" and open_above:
        notes.append("the upper bound of their rates stands in for them, so this is a lower estimate")
    value = float(np.clip(value, kind.low, kind.high))  # a stand-in above the worst rate would give less than 1
    draws = [side.draws for side in sides if side.draws is not None]
    alike = [side.alike for side in sides if side.alike is not None]
    if len(draws) < len(sides) or len(alike) < len(sides):
        return Index(kind.name, value, Interval(math.nan, math.nan, confidence), kind.fair, "; ".join(notes))
    corrected = math.nan
    if math.isnan(value):
        low, high = kind.low, kind.high  # without an error nothing is excluded
    else:
        drawn = computed(draws)
        if math.isinf(value):
            drawn = _product([side.named_ratio() for side in sides])
        found = drawn_interval(value, drawn, confidence=confidence, ratio=kind.log)
        low, high = found.low, found.high
        if kind.name in _OF_CHANCE:
            corrected = max(0.0, 2 * value - float(np.nanmean(drawn)))
            above = float(np.nanquantile(drawn, (1 + confidence) / 2) - np.nanquantile(drawn, 0.5))
            low = min(low, float(np.mean([side.least_gini() for side in sides])) - above)
            notes.append(f"{corrected:.3g} without what chance does to it in groups of this size")
        if not _beyond_chance(kind, sides, value, computed(alike), confidence):
            low, high = min(low, kind.fair), max(high, kind.fair)
    high = kind.high if open_above else min(kind.high, high)
    interval = Interval(max(kind.low, low), high, confidence)
    return Index(kind.name, value, interval, kind.fair, "; ".join(notes), corrected)


def _beyond_chance(kind: IndexKind, sides: Sequence[_Side], value: float, alike: _Rates, confidence: float) -> bool:
    """Whether an index is further from its fair value than groups of one rate would be."""
    if kind.name in _OF_SMALLEST:
        value = float(_product([side.finite_ratio(side.rates) for side in sides]))
        alike = _product([side.finite_ratio(side.alike) for side in sides if side.alike is not None])
    usable = np.abs(alike[~np.isnan(alike)] - kind.fair)
    return bool(len(usable) and abs(value - kind.fair) > np.quantile(usable, confidence, method="higher"))


def _product(ratios: Sequence[_Rates]) -> _Rates:
    """The geometric mean, as in the inequity rate with equal weights."""
    return np.asarray(np.prod(np.array(ratios) ** (1 / len(ratios)), axis=0))


def _warnings(sides: Sequence[_Side], per_rate: Sequence[Sequence[Index]]) -> list[str]:
    found = []
    for side, group_indices in zip(sides, per_rate, strict=True):
        if not side.comparable:
            found.append(f"{side.what}: fewer than two groups were measured, so there is nothing to compare")
            continue
        if side.without_errors:
            seen = f"no {side.event} was seen in {_listed(side.without_errors)}"
            found.append(f"{side.what}: {seen}; that is a lack of evidence, not a rate of 0")
        if side.few:
            found.append(
                f"{side.what}: fewer than 3 {side.event}es were seen in {_listed(side.few)}, which carries no claim"
            )
        found += _split(side, group_indices)
    return found + _contradiction(sides, per_rate)


def _split(side: _Side, group_indices: Sequence[Index]) -> list[str]:
    """Some indices' intervals exclude equality, others' do not."""
    known = [index for index in group_indices if not math.isnan(index.interval.low)]
    equal = [index.name for index in known if index.interval.low <= index.fair <= index.interval.high]
    unequal = [index.name for index in known if index.name not in equal]
    if not unequal or not equal:
        return []
    told = f"equal groups are excluded with this confidence by {_listed(unequal)}, and not by {_listed(equal)}"
    return [f"{side.what}: the indices disagree: {told}"]


def _contradiction(sides: Sequence[_Side], per_rate: Sequence[Sequence[Index]]) -> list[str]:
    """Differences call one rate the more unequal, ratios the other."""
    if not all(side.comparable for side in sides):
        return []
    difference = [group_indices[INDICES.index("difference")].value for group_indices in per_rate]
    relative = [group_indices[INDICES.index("max_geomean")].value for group_indices in per_rate]
    if any(math.isnan(value) for value in (*difference, *relative)):
        return []
    by_difference: Literal[0, 1] = 0 if difference[0] > difference[1] else 1
    by_ratio: Literal[0, 1] = 0 if relative[0] > relative[1] else 1
    if by_difference == by_ratio:
        return []
    told = f"by differences (and FDR) {sides[by_difference].what} is the more unequal, by ratios {sides[by_ratio].what}"
    return [f"the indices disagree: {told}; a difference between small rates is small however unequal they are"]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
