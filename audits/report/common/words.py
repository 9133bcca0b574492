"""How every report words a rate, a difference, an index and a sentence that stands for something."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from audits.statistics.contrasts import FurthestPair
from audits.statistics.estimates import Estimate
from audits.statistics.families import Least, SetAside, aside_sentence
from facerec.reporting import Standing, plain, share_digits
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


def index_words(text: str) -> str:
    """A sentence about indices with their names in words, where it has those of the policy's language.

    >>> index_words("max_min_ratio, gini do not")
    'largest / smallest, Gini coefficient do not'
    """
    return re.sub("|".join(rf"\b{name}\b" for name in INDEX_WORDS), lambda name: INDEX_WORDS[name.group()], text)


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


def aside_finding(by: str, aside: Sequence[SetAside], least: Least) -> list[Sentence]:
    """Who is measured, but too few to be compared; nothing if nobody."""
    told = [replace(each, group=plain(each.group), rate=plain(each.rate)) for each in aside if each.trials]
    return [Sentence("insufficient", aside_sentence(plain(by), told, least))] if told else []


def difference_sentence(
    by: str, what: str, pair: FurthestPair, measured: Sequence[tuple[str, Estimate]], *, differ: str
) -> Sentence:
    """Whether two groups differ in `what`, and which two show it; `by` and `what` are markup, `differ` is its verb."""
    rates = ((pair.group, pair.rate), (pair.reference, pair.reference_rate))
    both = " against ".join(f"{plain(name)} {written(found)}" for name, found in rates)
    few = [plain(name) for name, found in measured if found.errors < _REPORTABLE]
    listed = ", ".join(few[:4]) + (f" and {len(few) - 4} more" if len(few) > 4 else "")
    whom = "any group" if len(few) == len(measured) else listed
    evidence = f" Fewer than {_REPORTABLE} errors were seen for {whom}: read this as an indication." if few else ""
    if pair.shown:
        return Sentence(
            "warning", f"By {by}, {what} **{differ}** between groups: {both}{times_as_often(pair)}.{evidence}"
        )
    text = (
        f"By {by}, a difference in {what} is **not shown, and not excluded**: {both}, where chance alone could explain "
        f"the difference; it may be as large as {points(pair.highest_difference)}.{evidence}"
    )
    return Sentence("insufficient", text)


_REPORTABLE = 30


def times_as_often(pair: FurthestPair) -> str:
    """The ratio of two rates as prose writes it: for these two groups, and with all pairs allowed for."""
    if not math.isfinite(pair.plain.ratio):
        return ""
    bounds = _ratio_range(pair.plain.ratio_interval)
    strict = (
        "" if pair.groups == 2 else f"; all pairs of groups allowed for: {_ratio_range(pair.strict.ratio_interval)}"
    )
    return f", {pair.plain.ratio:.3g} times as often ({bounds}{strict})"


def _ratio_range(interval: Interval) -> str:
    high = f"to {interval.high:.3g}" if math.isfinite(interval.high) else "and more"
    return f"{interval.low:.3g} {high}"


def percent(value: float) -> str:
    """A share as prose writes it: three digits, in percent."""
    return f"{share_digits(value)}\N{NO-BREAK SPACE}%"


def points(value: float) -> str:
    """A difference of shares as prose writes it."""
    return f"{100 * value:.3g} percentage points"


def _range(interval: Interval) -> str:
    return f"{share_digits(interval.low)} to {share_digits(interval.high)}\N{NO-BREAK SPACE}%"
