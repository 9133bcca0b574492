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
from audits.statistics.estimates import Estimate
from facerec.errors import ArgumentError
from facerec.types import Interval

_Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Index:
    """A number that sums up how much rates differ between groups, with its interval.

    Attributes
    ----------
    name : str
        Such as ``max_min_ratio``; the names are those of `INDICES` and `COMBINED`.
    value : float
        NaN where it is not defined, for a reason that `note` gives; inf where a ratio has a zero below.
    interval : Interval
        NaN on both ends where nothing can be said.
    fair : float
        The value where all groups are alike.
    note : str
        What a reader must know of this number, such as which group has no errors; empty if nothing.
    """

    name: str
    value: float
    interval: Interval
    fair: float
    note: str = ""


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


@dataclass(frozen=True)
class _Kind:
    """An index: its fair value, the values it can take, whether it lives on a log scale, how it is computed."""

    name: str
    fair: float
    low: float
    high: float
    log: bool
    needs_a_smallest: bool  # not defined, or unbounded, where a group shows no error


_OF_ONE = (
    _Kind("difference", 0.0, 0.0, 1.0, log=False, needs_a_smallest=False),
    _Kind("max_min_ratio", 1.0, 1.0, math.inf, log=True, needs_a_smallest=True),
    _Kind("max_geomean", 1.0, 1.0, math.inf, log=True, needs_a_smallest=True),
    _Kind("gini", 0.0, 0.0, 1.0, log=False, needs_a_smallest=False),
    _Kind("worst_to_overall", 1.0, 1.0, math.inf, log=True, needs_a_smallest=False),
)
_OF_BOTH = (
    _Kind("garbe", 0.0, 0.0, 1.0, log=False, needs_a_smallest=False),
    _Kind("fdr", 1.0, 0.0, 1.0, log=False, needs_a_smallest=False),
    _Kind("inequity_rate", 1.0, 1.0, math.inf, log=True, needs_a_smallest=True),
)
_EVENTS = {"FMR": "false match", "FNMR": "false non-match"}

INDICES = tuple(kind.name for kind in _OF_ONE)
"""The indices of one rate."""

COMBINED = tuple(kind.name for kind in _OF_BOTH)
"""The indices of FMR and FNMR together, each with weight ½."""


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
    An interval reaches from the smaller of two lower bounds to the larger of two upper ones: the quantiles q of the
    draws, and 2v − q with the index v itself (on a log scale for ratios). A largest rate is drawn too large and a
    smallest too small, which the second one takes back, and where all groups are alike the first one keeps it from
    claiming so. Where all groups are alike, chance alone keeps every index away from its fair value; so the interval
    reaches to the fair value unless the index exceeds the `confidence` quantile of draws in which all groups
    have the rate of all together, and only chance sets them apart. An index that needs the smallest rate has no upper
    bound where a group shows no error.
    """
    if not len(names) == len(fmr) == len(fnmr):
        message = f"every group needs both rates; got {len(names)} groups, {len(fmr)} FMR and {len(fnmr)} FNMR"
        raise ArgumentError(message)
    drawn = draws if draws is not None else (None, None)
    sides = [
        _Side(what, names, estimates, some)
        for what, estimates, some in zip(("FMR", "FNMR"), (fmr, fnmr), drawn, strict=True)
    ]
    per_rate = [tuple(_single(kind, side, confidence) for kind in _OF_ONE) for side in sides]
    return Disparity(
        fmr=per_rate[0],
        fnmr=per_rate[1],
        combined=tuple(_joint(kind, sides[0], sides[1], confidence) for kind in _OF_BOTH),
        unmeasured=tuple((name, side.what) for side in sides for name in side.unmeasured),
        warnings=tuple(_warnings(sides, per_rate)),
    )


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
        # A drawn rate can be 0 in a group whose own is not, so every group has a bound ready.
        self.bounds = np.array([1 - 0.05 ** (1 / found.effective_trials) for found in kept])
        self.draws = None if draws is None or not self.comparable else draws[:, measured]
        self.alike = None if self.draws is None else self._alike(self.draws, kept)

    def _alike(self, draws: _Rates, kept: Sequence[Estimate]) -> _Rates:
        """The draws as they would be if all groups had one rate: the same deviations, around the common one."""
        weights = np.array([found.effective_trials for found in kept])
        common = np.arcsin(np.sqrt(np.average(self.rates, weights=weights)))
        angles = np.arcsin(np.sqrt(draws))
        return np.sin(np.clip(common + angles - angles.mean(axis=0), 0, np.pi / 2)) ** 2

    @property
    def comparable(self) -> bool:
        return len(self.rates) > 1

    def compute(self, kind: _Kind, rates: _Rates) -> _Rates:
        if kind.name == "max_geomean":
            return indices.max_geomean(rates, zero_bounds=self.bounds)
        if kind.name == "worst_to_overall":
            return indices.worst_to_overall(rates, self.trials)
        plain: dict[str, Callable[[_Rates], _Rates]] = {
            "difference": indices.difference,
            "max_min_ratio": indices.max_min_ratio,
            "gini": indices.gini,
        }
        return plain[kind.name](rates)


def _single(kind: _Kind, side: _Side, confidence: float) -> Index:
    if not side.comparable:
        return _nothing(kind, f"fewer than two groups have a measured {side.what}", confidence)
    value = float(side.compute(kind, side.rates))
    drawn = None
    if side.draws is not None and side.alike is not None:
        drawn = side.compute(kind, side.draws), side.compute(kind, side.alike)
    return _index(kind, value, drawn, [side], confidence)


def _joint(kind: _Kind, fmr: _Side, fnmr: _Side, confidence: float) -> Index:
    for side in (fmr, fnmr):
        if not side.comparable:
            return _nothing(kind, f"fewer than two groups have a measured {side.what}", confidence)
    computed = {"garbe": indices.garbe, "fdr": indices.fdr, "inequity_rate": indices.inequity_rate}[kind.name]
    drawn = None
    if fmr.draws is not None and fnmr.draws is not None and fmr.alike is not None and fnmr.alike is not None:
        drawn = computed(fmr.draws, fnmr.draws), computed(fmr.alike, fnmr.alike)
    return _index(kind, float(computed(fmr.rates, fnmr.rates)), drawn, [fmr, fnmr], confidence)


def _nothing(kind: _Kind, why: str, confidence: float) -> Index:
    return Index(kind.name, math.nan, Interval(math.nan, math.nan, confidence), kind.fair, f"not defined: {why}")


def _index(
    kind: _Kind, value: float, drawn: tuple[_Rates, _Rates] | None, sides: Sequence[_Side], confidence: float
) -> Index:
    notes = []
    open_above = False
    for side in sides:
        if side.without_errors and kind.needs_a_smallest:
            open_above = True
            notes.append(f"no {side.event} was seen in {_listed(side.without_errors)}, so there is no upper bound")
    if math.isnan(value):
        notes.insert(0, "not defined: no group shows an error")
    elif kind.name == "max_geomean" and open_above:
        notes.append("the upper bound of their rates stands in for them, so this is a lower estimate")
    value = float(np.clip(value, kind.low, kind.high))  # a stand-in above the worst rate would give less than 1
    interval = Interval(math.nan, math.nan, confidence)
    if drawn is not None and math.isnan(value):
        interval = Interval(kind.low, kind.high, confidence)  # without an error nothing is excluded
    elif drawn is not None:
        interval = _interval(kind, value, *drawn, confidence)
    if drawn is not None and open_above:
        interval = Interval(interval.low, kind.high, confidence)
    return Index(kind.name, value, interval, kind.fair, "; ".join(notes))


def _interval(kind: _Kind, value: float, drawn: _Rates, alike: _Rates, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = _quantile(drawn, tail, "lower"), _quantile(drawn, 1 - tail, "higher")
    if math.isfinite(value):
        with np.errstate(divide="ignore"):
            mirrored = np.divide(value**2, (high, low)) if kind.log else np.subtract(2 * value, (high, low))
        low, high = min(low, value, float(mirrored[0])), max(high, value, float(mirrored[1]))
    by_chance = _quantile(np.abs(alike - kind.fair), confidence, "higher")
    if not abs(value - kind.fair) > by_chance:
        low, high = min(low, kind.fair), max(high, kind.fair)
    return Interval(max(kind.low, low), min(kind.high, high), confidence)


def _quantile(values: _Rates, share: float, method: Literal["lower", "higher"]) -> float:
    """A quantile without interpolation, since one of two neighbouring draws may be infinite; NaN without draws."""
    usable = values[~np.isnan(values)]
    return float(np.quantile(usable, share, method=method)) if len(usable) else math.nan


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
    told = f"{_listed(unequal)} exclude equal groups with this confidence, {_listed(equal)} do not"
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
