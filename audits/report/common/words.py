"""How every report words a rate, a difference, an index and a sentence that stands for something."""

from __future__ import annotations

import math
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
    return f"{share_digits(value)}\N{NO-BREAK SPACE}%"


def share_digits(value: float) -> str:
    """A share in percent, three digits; one that is not quite all never looks like all.

    >>> share_digits(0.05678), share_digits(0.99985), share_digits(1.0)
    ('5.68', '99.98', '100')
    """
    short = f"{100 * value:.3g}"
    if value >= 1 or short != "100":
        return short
    digits = math.ceil(-math.log10(100 * (1 - value)) - 1e-9)  # so many show what is missing
    return f"{math.floor(10**digits * 100 * value + 1e-6) / 10**digits:.{max(digits, 0)}f}"


def points(value: float) -> str:
    """A difference of shares as prose writes it."""
    return f"{100 * value:.3g} percentage points"


def _range(interval: Interval) -> str:
    return f"{share_digits(interval.low)} to {share_digits(interval.high)}\N{NO-BREAK SPACE}%"
