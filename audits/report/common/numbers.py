"""Numbers as JSON can hold them: what was not measured is null, and nothing is rounded."""

from __future__ import annotations

import math
from typing import Any

from audits.statistics.estimates import Estimate
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
        "value": number(estimate.value),
        "low": number(estimate.interval.low),
        "high": number(estimate.interval.high),
        "n_eff": None if estimate.withheld else number(estimate.effective_trials),
        "design_effect": number(estimate.design_effect),
        "method": estimate.method,
        "evidence": estimate.evidence,
        "rule_of_three": number(estimate.rule_of_three),
    }


def shown_range(threshold: Threshold) -> list[float | str | None] | None:
    """Between which values a chosen threshold lies, on the table's own scale, ascending; null for a given one."""
    if math.isnan(threshold.low):
        return None
    low, high = threshold.low, threshold.high
    return [number(end) for end in ((0.0 - high, 0.0 - low) if threshold.distance else (low, high))]


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
