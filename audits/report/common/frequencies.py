"""Rates as people picture them: so many of a thousand, of one denominator within a comparison.

"1 in 18 against 1 in 88" makes a reader divide, and makes differences look larger than they are; "57 of 1,000 and 11 of
1,000" can be seen. Numbers are rounded from what was measured, and what was not seen is told by its upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from audits.statistics.estimates import Estimate


def out_of(found: Iterable[Estimate]) -> int:
    """The denominator of a comparison: 1,000, or ten times as many until every rate that is not 0 is 1 or more of it.

    Where no error was seen anywhere the upper bounds decide.
    """
    rates = [each for each in found if each.measured]
    seen = [each.value for each in rates if each.errors] or [each.interval.high for each in rates]
    denominator = 1000
    while seen and min(seen) * denominator < 1 and denominator < 10**9:
        denominator *= 10
    return denominator


def count(rate: float, of: int) -> str:
    """How many of so many, a whole number; what is above 0 and rounds to 0 is less than 1.

    >>> count(0.0568, 1000), count(0.0002, 1000), count(0.0, 1000)
    ('57', 'less than 1', '0')
    """
    number = math.floor(rate * of + 0.5)
    return f"{number:,}" if number or not rate else "less than 1"


def frequency(found: Estimate, of: int, trials: str = "pairs") -> str:
    """A rate in whole numbers, and what is known where none was seen.

    >>> from audits.statistics.intervals import estimate
    >>> from facerec.types import Rate
    >>> frequency(estimate(Rate(10, 176)), 1000), frequency(estimate(Rate(0, 176)), 1000)
    ('57 of 1,000', 'none of 176 pairs; at most 21 of 1,000')
    """
    if found.withheld:
        return "withheld"
    if not found.measured:
        return "not measured"
    if not found.errors:
        return f"none of {found.trials:,} {trials}; at most {count(found.interval.high, of)} of {of:,}"
    return f"{count(found.value, of)} of {of:,}"


def with_range(found: Estimate, of: int, trials: str = "pairs") -> str:
    """The same with its interval in brackets, where there is one to tell."""
    told = frequency(found, of, trials)
    return f"{told} ({ends(found, of)})" if found.errors else told


def ends(found: Estimate, of: int) -> str:
    """The interval in whole numbers, such as ``31 to 101``."""
    return f"{count(found.interval.low, of)} to {count(found.interval.high, of)}"


def times_as_often(low: float, other: str) -> str:
    """A ratio in words that claim no more than its lower bound; `other` is what it is over.

    >>> times_as_often(2.1, "men"), times_as_often(5.0, "men"), times_as_often(1.01, "men")
    ('more than twice as often as men', 'at least 5 times as often as men', 'more often than men')
    """
    if not low >= 1.5:
        return f"more often than {other}"
    whole = math.floor(low)
    words = {1: "one and a half times", 2: "twice"}.get(whole, f"{whole:,} times")
    return f"{'more than' if low > max(whole, 1.5) else 'at least'} {words} as often as {other}"
