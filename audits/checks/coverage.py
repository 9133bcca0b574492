"""How often intervals hold the truth of simulated tables, and whether that is often enough.

An interval of 95 % must contain the true rate in 95 % of data sets. Whether it does cannot be seen in any real one.
The two ways to miss it are not alike: an upper bound below the truth lets a gate pass what it must not, a lower bound
above the truth fails what is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from facerec.measure.metrics import holm
from facerec.types import Interval

LEAST_COVERAGE = 0.935
"""Of a nominal 95 %; no design may lie below it for sure."""

MOST_FALSE_PASSES = 0.04
"""Of tables whose upper bound lies below the truth, nominally 2.5 %; no design may lie above it for sure."""


class Seen(NamedTuple):
    """What one simulated table said of one number: `what` it is, its `truth`, and the interval that was found.

    `independent` is the interval, had the comparisons been taken as independent; None where there is no such thing.
    """

    what: str
    truth: float
    interval: Interval
    independent: Interval | None = None


@dataclass(frozen=True)
class Coverage:
    """How often the intervals of one number contained the truth.

    Attributes
    ----------
    study, design, what : str
        What was simulated, and which number was judged.
    truth : float
    tables : int
        How many were simulated.
    high, low : int
        In how many the upper bound lay below the truth (a false pass), and the lower bound above it (a false fail).
    width : float
        The mean of those that are finite; NaN if none is.
    independent_width : float
        The mean width, had comparisons been taken as independent; NaN where there is no such thing.
    independent_covered : int or None
        How many of those would have contained the truth.
    """

    study: str
    design: str
    what: str
    truth: float
    tables: int
    high: int
    low: int
    width: float
    independent_width: float = math.nan
    independent_covered: int | None = None

    @property
    def value(self) -> float:
        """The share of tables whose interval contained the truth."""
        return 1 - (self.high + self.low) / self.tables

    @property
    def independent_value(self) -> float | None:
        """The same share, had comparisons been taken as independent; None where there is no such thing."""
        return None if self.independent_covered is None else self.independent_covered / self.tables

    @property
    def standard_error(self) -> float:
        """Of the share, as it would be at a coverage of 95 % if all or none contained it."""
        share = self.value if 0 < self.value < 1 else 0.95
        return math.sqrt(share * (1 - share) / self.tables)

    @property
    def p_values(self) -> tuple[float, float]:
        """How surprising it would be if `LEAST_COVERAGE` and `MOST_FALSE_PASSES` held: exact, one-sided."""
        covered = self.tables - self.high - self.low
        return (
            float(scipy.stats.binom.cdf(covered, self.tables, LEAST_COVERAGE)),
            float(scipy.stats.binom.sf(self.high - 1, self.tables, MOST_FALSE_PASSES)),
        )


@dataclass(frozen=True)
class Proof:
    """What all simulations together say.

    Attributes
    ----------
    cells : tuple of Coverage
    replicates, seed : int
        What was asked for; a study that takes long simulates fewer tables, as its cells say.
    """

    cells: tuple[Coverage, ...]
    replicates: int
    seed: int

    @property
    def failing(self) -> tuple[Coverage, ...]:
        """The cells with too low a coverage or too many false passes, by Holm's correction over all at 5 %."""
        adjusted = [holm([cell.p_values[kind] for cell in self.cells]) for kind in (0, 1)]
        return tuple(cell for cell, low, high in zip(self.cells, *adjusted, strict=True) if min(low, high) < 0.05)

    @property
    def passed(self) -> bool:
        """Whether no cell fails."""
        return not self.failing

    def __str__(self) -> str:
        worst = min(self.cells, key=lambda cell: cell.value)
        most = max(self.cells, key=lambda cell: cell.high / cell.tables)
        tables = sum(cell.tables for cell in self.cells)
        failing = f"{len(self.failing)} of {len(self.cells)}" if self.failing else f"none of {len(self.cells)}"
        return (
            f"{failing} numbers cover less than {100 * LEAST_COVERAGE:g} % or pass falsely in more than "
            f"{100 * MOST_FALSE_PASSES:g} % for sure (Holm, 5 %), over {tables:,} intervals; lowest coverage "
            f"{100 * worst.value:.1f} % ({worst.study}: {worst.design}, {worst.what}), most false passes "
            f"{100 * most.high / most.tables:.1f} % ({most.study}: {most.design}, {most.what})"
        )


def tally(study: str, design: str, seen: Iterable[Seen]) -> tuple[Coverage, ...]:
    """Count what tables said, number by number, in the order in which they first occur; NaN bounds exclude nothing."""
    found: dict[tuple[str, float], list[Seen]] = {}
    for one in seen:
        found.setdefault((one.what, one.truth), []).append(one)
    return tuple(_counted(study, design, told) for told in found.values())


def _counted(study: str, design: str, told: Sequence[Seen]) -> Coverage:
    truth = told[0].truth
    plain = [one.independent for one in told if one.independent is not None]
    return Coverage(
        study,
        design,
        told[0].what,
        truth,
        len(told),
        sum(one.interval.high < truth for one in told),
        sum(one.interval.low > truth for one in told),
        _width([one.interval for one in told]),
        _width(plain),
        sum(one.low <= truth <= one.high for one in plain) if plain else None,
    )


def _width(intervals: Sequence[Interval]) -> float:
    widths = np.array([one.high - one.low for one in intervals])
    finite = widths[np.isfinite(widths)]
    return float(finite.mean()) if len(finite) else math.nan
