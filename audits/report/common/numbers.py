"""Numbers as JSON can hold them: what was not measured is null, and nothing is rounded."""

from __future__ import annotations

import math
from typing import Any

from audits.statistics.estimates import Estimate
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


def bounded(value: float, interval: Interval) -> dict[str, Any]:
    """A number with its interval."""
    return {"value": number(value), "low": number(interval.low), "high": number(interval.high)}
