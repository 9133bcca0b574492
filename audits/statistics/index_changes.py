"""Whether groups are more or less unequal than before: changes of indices, by drawing the same people twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audits.statistics import indices
from audits.statistics.bootstrap import Grouped, draw_rates, drawn_interval
from audits.statistics.intervals import rule_of_three
from facerec.errors import ArgumentError
from facerec.types import Interval

_Rates = NDArray[np.float64]

CHANGING_INDICES = ("difference", "max_geomean", "gini")
"""The indices whose change is measured, one of a kind: by differences, by ratios, and over all groups."""


@dataclass(frozen=True)
class IndexChange:
    """How much more or less unequal the groups are afterwards, by one index.

    Attributes
    ----------
    by : str
        The grouping.
    rate : {"fmr", "fnmr"}
    index : str
        One of `CHANGING_INDICES`, as in ``audits.statistics.indices``.
    before, after : float
        NaN where the index is not defined: fewer than two measured groups, or no error in any.
    interval : Interval
        Of `value`; NaN on both ends where the index is not defined, or no draws were made.
    """

    by: str
    rate: Literal["fmr", "fnmr"]
    index: str
    before: float
    after: float
    interval: Interval

    @property
    def value(self) -> float:
        """The index afterwards minus the index before; above 0: more unequal."""
        return self.after - self.before

    @property
    def regression(self) -> bool:
        """Whether the groups are more unequal for sure: the whole interval lies above 0."""
        return self.interval.low > 0

    @property
    def gain(self) -> bool:
        """Whether the groups are less unequal for sure: the whole interval lies below 0."""
        return self.interval.high < 0

    def __str__(self) -> str:
        word = "MORE UNEQUAL" if self.regression else "LESS UNEQUAL" if self.gain else "no change shown"
        return (
            f"{self.index} of {self.rate.upper()} by {self.by}: {word}, {self.before:.4g} -> {self.after:.4g}, "
            f"change {self.value:+.4g} {self.interval}"
        )


def index_changes(
    by: str,
    kinds: Sequence[Grouped],
    *,
    replicates: int,
    seed: int,
    confidence: float,
    chosen: Sequence[NDArray[np.float64]] = (),
) -> list[IndexChange]:
    """The change of each index between two decisions on the same comparisons.

    Parameters
    ----------
    by : str
        The grouping.
    kinds : sequence of Grouped
        Four: FMR before and after, FNMR before and after; groups and people are the same in all.
    replicates : int
        Draws of people, at least 2; 0 makes none, and no index gets an interval.
    seed : int
        Of the draws.
    confidence : float
        Between 0 and 1, exclusive.
    chosen : sequence of ndarray, float64, shape (replicates, groups)
        For each of `kinds`, by how much each draw moves the rates because thresholds were chosen
        (``audits.statistics.choice.draw_choices``); none where they were given.

    Returns
    -------
    list of IndexChange
        Difference, max/geomean and Gini coefficient of FMR, then of FNMR.

    Raises
    ------
    ArgumentError
        If `replicates` is 1 or negative.

    Notes
    -----
    In each draw everybody counts equally often before and after, so what both have in common cancels. An interval
    is that of ``audits.statistics.bootstrap.drawn_interval``. Where no decision changed, no draw shows
    a change and the interval is the point 0; the intervals of the rates' changes say how much could have gone unseen.
    """
    if replicates < 0 or replicates == 1:
        message = f"the indices need two replicates or more, or 0 for none; got {replicates}"
        raise ArgumentError(message)
    draws = draw_rates(kinds, replicates=replicates, seed=seed) if replicates else ()
    if draws and chosen:
        draws = tuple(np.clip(drawn + by_choice, 0, 1) for drawn, by_choice in zip(draws, chosen, strict=True))
    found = []
    rates: tuple[Literal["fmr", "fnmr"], ...] = ("fmr", "fnmr")
    for place, rate in enumerate(rates):
        before, after = kinds[2 * place], kinds[2 * place + 1]
        measured = [g for g, entry in enumerate(before.estimates) if entry.measured]
        drawn = [side[:, measured] for side in draws[2 * place : 2 * place + 2]]
        for name, first, second in zip(
            CHANGING_INDICES, _computed(before, measured), _computed(after, measured), strict=True
        ):
            if len(measured) < 2:
                nothing = Interval(math.nan, math.nan, confidence)
                found.append(IndexChange(by, rate, name, math.nan, math.nan, nothing))
                continue
            values = [
                float(compute(np.array([kind.estimates[g].value for g in measured])))
                for compute, kind in ((first, before), (second, after))
            ]
            moved = second(drawn[1]) - first(drawn[0]) if drawn else np.empty(0)
            interval = drawn_interval(values[1] - values[0], moved, confidence=confidence)
            found.append(IndexChange(by, rate, name, values[0], values[1], interval))
    return found


def _computed(kind: Grouped, measured: Sequence[int]) -> tuple[Callable[[_Rates], _Rates], ...]:
    """The indices in the order of their names; a rate of 0 enters a geometric mean by the bound of the rule of 3.

    Every group needs such a bound: one that shows a few errors may be drawn without any.
    """
    bounds = np.array([rule_of_three(kind.estimates[g].effective_trials) for g in measured])
    return indices.difference, lambda rates: indices.max_geomean(rates, zero_bounds=bounds), indices.gini
