"""Numbers as JSON can hold them: what was not measured is null, and nothing is rounded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from audits.classification.results import GroupContrast
from audits.identification.results import SearchContrast
from audits.statistics.contrasts import Contrast, FurthestPair
from audits.statistics.estimates import Estimate
from audits.statistics.families import SetAside
from audits.verification.thresholds import Threshold
from facerec.types import Interval


def number(value: float) -> float | str | None:
    """One number as JSON can hold it.

    >>> number(math.nan), number(math.inf), number(0.0)
    (None, 'infinite', 0.0)
    """
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return float(value)


def rate(estimate: Estimate) -> dict[str, Any]:
    """A rate with its interval and what it is worth; its counts stand beside it."""
    return {
        **bounded(estimate.value, estimate.interval),
        "n_eff": None if estimate.withheld else number(estimate.effective_trials),
        "design_effect": number(estimate.design_effect),
        "method": estimate.method,
        "evidence": estimate.evidence,
        "rule_of_three": number(estimate.rule_of_three),
        "people": None if estimate.withheld else estimate.people,
    }


def counted(found: Estimate, trials: str, errors: str, name: str) -> dict[str, Any]:
    """A rate under `name` with its counts under theirs, which are null where it is withheld."""
    counts = (None, None) if found.withheld else (found.trials, found.errors)
    return {trials: counts[0], errors: counts[1], name: rate(found)}


def against(entry: GroupContrast | SearchContrast) -> dict[str, Any]:
    """A group against the one that fares best: as if nobody had chosen that one, and with all pairs allowed for."""
    pair = {"group": entry.group, "reference": entry.reference}
    return {**pair, **contrasted(entry.contrast), "strict": contrasted(entry.strict)}


def contrasted(found: Contrast) -> dict[str, Any]:
    """Difference and ratio of two rates."""
    return {
        "difference": bounded(found.difference, found.difference_interval),
        "ratio": bounded(found.ratio, found.ratio_interval),
    }


def furthest(found: FurthestPair | None) -> dict[str, Any] | None:
    """The two groups that are most surely apart: as if nobody had chosen them, and with all pairs allowed for."""
    if found is None:
        return None
    pair = {"group": found.group, "reference": found.reference, "groups": found.groups, "shown": found.shown}
    return {**pair, **contrasted(found.plain), "strict": contrasted(found.strict)}


def aside(found: Sequence[SetAside]) -> list[dict[str, Any]]:
    """The rates of groups that are too small to be compared."""
    return [{"group": e.group, "rate": e.rate, "trials": e.trials, "people": e.people} for e in found]


def shown_range(threshold: Threshold) -> list[float | str | None] | None:
    """Between which values a chosen threshold lies, on the table's own scale, ascending; null for a given one."""
    if math.isnan(threshold.low):
        return None
    low, high = threshold.low, threshold.high
    return [number(end) for end in ((0.0 - high, 0.0 - low) if threshold.distance else (low, high))]


def accepted(threshold: Threshold) -> str:
    """Which comparisons are accepted at a threshold."""
    return "distance ≤ threshold" if threshold.distance else "score ≥ threshold"


def stands(threshold: Threshold) -> str:
    """Held fixed, or where it was chosen and how far it may lie off."""
    ends = shown_range(threshold)
    if ends is None:
        return threshold.choice
    low, high = (f"{end:.4g}" if isinstance(end, float) else "unbounded" for end in ends)
    return f"{threshold.choice}, {low} … {high}"


def bounded(value: float, interval: Interval) -> dict[str, Any]:
    """A number with its interval."""
    return {"value": number(value), "low": number(interval.low), "high": number(interval.high)}
