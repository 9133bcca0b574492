"""An audit of drift as JSON: rates and indices before and after, and the paired change of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.drift.results import DriftAudit, RateChange
from audits.report.common.numbers import aside, bounded, number, rate, shown_range
from audits.verification.thresholds import Threshold

FORMAT = "facerec audit of drift, 2"
"""Changes whenever a name or a meaning in the document does."""


def drift_document(audit: DriftAudit, *, verdict: Mapping[str, object]) -> dict[str, Any]:
    """An audit of drift as JSON can hold it; what was not measured is null."""
    return {
        "format": FORMAT,
        "verdict": dict(verdict),
        "before": _threshold(audit.before),
        "after": _threshold(audit.after),
        "changes": [_change(change) for change in audit.changes],
        "indices": [
            {
                "by": index.by,
                "rate": index.rate,
                "index": index.index,
                "before": number(index.before),
                "after": number(index.after),
                "change": bounded(index.value, index.interval),
            }
            for index in audit.indices
        ],
        "unlabelled": {
            by: {"genuine": left.genuine, "impostor": left.impostor, "genuine_across_groups": left.genuine_across}
            for by, left in audit.unlabelled
        },
        "thresholds": audit.thresholds,
        "set_aside": {by: aside(found) for by, found in audit.set_aside},
        "pairs_independent": audit.pairs_independent,
        "confidence": audit.confidence,
        "notes": list(audit.notes),
    }


def _threshold(threshold: Threshold) -> dict[str, Any]:
    return {
        "value": number(threshold.shown),
        "rule": threshold.rule,
        "target_fmr": threshold.target_fmr,
        "achieved_fmr": number(threshold.achieved_fmr.value),
        "choice": threshold.choice,
        "range": shown_range(threshold),
    }


def _change(entry: RateChange) -> dict[str, Any]:
    return {
        "by": entry.by,
        "group": entry.group,
        "rate": entry.rate,
        "trials": entry.change.trials,
        "errors_before": entry.before.errors,
        "errors_after": entry.after.errors,
        "before": rate(entry.before),
        "after": rate(entry.after),
        "change": bounded(entry.change.value, entry.change.interval),
        "at_these_thresholds": bounded(entry.change.value, entry.held),
    }
