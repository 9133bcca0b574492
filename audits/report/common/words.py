"""How every report words a rate, a difference, an index and a sentence that stands for something."""

from __future__ import annotations

from typing import NamedTuple

from audits.statistics.estimates import Estimate
from facerec.reporting import Standing
from facerec.types import Interval

INDEX_WORDS = {
    "difference": "largest minus smallest",
    "max_min_ratio": "largest / smallest",
    "max_geomean": "largest / geometric mean",
    "gini": "Gini coefficient",
    "worst_to_overall": "largest / all groups together",
    "garbe": "GARBE",
    "fdr": "FDR",
    "inequity_rate": "inequity rate",
}


class Sentence(NamedTuple):
    """One sentence, and how it stands."""

    standing: Standing
    text: str


def written(found: Estimate) -> str:
    """A rate with its interval and counts, as prose writes it.

    Examples
    --------
    >>> from audits.statistics.intervals import estimate
    >>> from facerec.types import Rate
    >>> written(estimate(Rate(0, 100))).replace("\N{NO-BREAK SPACE}", " ")
    'fewer than 3.62 % (0 of 100)'
    """
    if found.withheld:
        return "a share that is withheld"
    if not found.measured:
        return "an unknown share (no such pair)"
    counts = f"{found.errors:,} of {found.trials:,}"
    if not found.errors:
        return f"fewer than {percent(found.interval.high)} ({counts})"
    level = f"{100 * found.interval.confidence:g}\N{NO-BREAK SPACE}%"
    return f"{percent(found.value)} ({counts}; {level}: {_range(found.interval)})"


def percent(value: float) -> str:
    """A share as prose writes it: three digits, in percent."""
    return f"{100 * value:.3g}\N{NO-BREAK SPACE}%"


def points(value: float) -> str:
    """A difference of shares as prose writes it."""
    return f"{100 * value:.3g} percentage points"


def _range(interval: Interval) -> str:
    return f"{100 * interval.low:.3g} to {100 * interval.high:.3g}\N{NO-BREAK SPACE}%"
