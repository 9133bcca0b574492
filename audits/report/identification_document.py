"""An audit of identification as JSON: FPIR, FNIR, rank-1 errors and confusions."""

from __future__ import annotations

from typing import Any

from audits.records import RateEstimate
from audits.report.document import number, rate
from audits.search_rates import ConfusionCell, GroupSearches, IdentificationAudit

FORMAT = "facerec audit of identification, 1"
"""Changes whenever a name or a meaning in the document does."""


def identification_document(audit: IdentificationAudit) -> dict[str, Any]:
    """An audit of identification as JSON can hold it; what was not measured is null."""
    return {
        "format": FORMAT,
        "threshold": {"value": number(audit.threshold)},
        "gallery_size": audit.gallery_size,
        "rank": audit.rank,
        "longest_list": audit.longest_list,
        "overall": _rates(audit.fpir, audit.fnir, audit.rank_one_errors, audit.fta),
        "groups": {grouping.by: [_group(group) for group in grouping.groups] for grouping in audit.groupings},
        "rank_one_confusion": {
            grouping.by: [_cell(cell) for cell in grouping.rank_one_confusion] for grouping in audit.groupings
        },
        "false_positive_confusion": {
            grouping.by: [_cell(cell) for cell in grouping.false_positive_confusion] for grouping in audit.groupings
        },
        "unmeasured": {
            grouping.by: [{"group": group, "rate": name} for group, name in grouping.unmeasured]
            for grouping in audit.groupings
        },
        "unlabelled": {
            grouping.by: {"searches": grouping.unlabelled_searches, "candidates": grouping.unlabelled_candidates}
            for grouping in audit.groupings
        },
        "confidence": audit.confidence,
    }


def _rates(fpir: RateEstimate, fnir: RateEstimate, rank_one: RateEstimate, fta: RateEstimate) -> dict[str, Any]:
    return {
        "non_mated": fpir.trials,
        "false_positives": fpir.errors,
        "fpir": rate(fpir),
        "mated": fnir.trials,
        "misses": fnir.errors,
        "fnir": rate(fnir),
        "rank_one_errors": rank_one.errors,
        "rank_one_error_rate": rate(rank_one),
        "searches": fta.trials,
        "failures_to_acquire": fta.errors,
        "fta": rate(fta),
    }


def _group(group: GroupSearches) -> dict[str, Any]:
    return {
        "group": group.group,
        "subjects": group.subjects,
        "enrolled": group.enrolled,
        **_rates(group.fpir, group.fnir, group.rank_one_errors, group.fta),
    }


def _cell(cell: ConfusionCell) -> dict[str, Any]:
    return {
        "probe_group": cell.probe_group,
        "candidate_group": cell.candidate_group,
        "errors": cell.rate.errors,
        "searches": cell.rate.trials,
        "rate": rate(cell.rate),
    }
