"""An audit of identification as JSON: FPIR, FNIR, rank-1 errors and confusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audits.identification.even_mix import EvenMix
from audits.identification.gallery_mix import MixedFpir
from audits.identification.results import ConfusionCell, GroupSearches, IdentificationAudit
from audits.report.common.numbers import against, aside, bounded, counted, number, rate
from audits.statistics.estimates import Estimate

FORMAT = "facerec audit of identification, 2"
"""Changes whenever a name or a meaning in the document does."""


def identification_document(
    audit: IdentificationAudit, *, mixes: Sequence[EvenMix], verdict: Mapping[str, object]
) -> dict[str, Any]:
    """An audit of identification as JSON can hold it; what was not measured is null."""
    return {
        "format": FORMAT,
        "verdict": dict(verdict),
        "threshold": {
            "value": number(audit.threshold),
            "accepts": "distance <= value" if audit.distance else "score >= value",
        },
        "gallery_size": audit.gallery_size,
        "rank": audit.rank,
        "longest_list": audit.longest_list,
        "overall": {
            "subjects": audit.subjects,
            "mated_subjects": audit.mated_subjects,
            **_rates(audit.fpir, audit.fnir, audit.rank_one_errors, audit.without_candidate),
        },
        "groups": {grouping.by: [_group(group) for group in grouping.groups] for grouping in audit.groupings},
        "rank_one_confusion": {
            grouping.by: [_cell(cell) for cell in grouping.rank_one_confusion] for grouping in audit.groupings
        },
        "false_positive_confusion": {
            grouping.by: [_cell(cell) for cell in grouping.false_positive_confusion] for grouping in audit.groupings
        },
        "contrasts": {
            grouping.by: [{"rate": entry.rate, **against(entry)} for entry in grouping.contrasts]
            for grouping in audit.groupings
        },
        "gallery_mix": {mix.by: _mix(mix) for mix in mixes},
        "unmeasured": {
            grouping.by: [{"group": group, "rate": name} for group, name in grouping.unmeasured]
            for grouping in audit.groupings
        },
        "set_aside": {grouping.by: aside(grouping.set_aside) for grouping in audit.groupings},
        "unlabelled": {
            grouping.by: {
                "searches": grouping.unlabelled_searches,
                "candidates": grouping.unlabelled_candidates,
                "relabelled_searches": grouping.relabelled_searches,
            }
            for grouping in audit.groupings
        },
        "confidence": audit.confidence,
        "notes": list(audit.notes),
    }


def _rates(fpir: Estimate, fnir: Estimate, rank_one: Estimate, without_candidate: Estimate) -> dict[str, Any]:
    return {
        **counted(fpir, "non_mated", "false_positives", "fpir"),
        **counted(fnir, "mated", "misses", "fnir"),
        "rank_one_errors": rank_one.errors,
        "rank_one_error_rate": rate(rank_one),
        **counted(without_candidate, "searches", "without_candidate", "without_candidate_rate"),
    }


def _group(group: GroupSearches) -> dict[str, Any]:
    return {
        "group": group.group,
        "subjects": group.subjects,
        "mated_subjects": group.mated_subjects,
        "enrolled": group.enrolled,
        **_rates(group.fpir, group.fnir, group.rank_one_errors, group.without_candidate),
    }


def _cell(cell: ConfusionCell) -> dict[str, Any]:
    groups = {"probe_group": cell.probe_group, "candidate_group": cell.candidate_group}
    return {**groups, "errors": cell.rate.errors, "searches": cell.rate.trials, "rate": rate(cell.rate)}


def _mix(found: EvenMix) -> dict[str, Any]:
    if found.same is None or found.even is None:
        return {"reason": found.reason}
    return {
        "same_mix": dict(found.same.composition),
        "even_mix": dict(found.even.composition),
        "groups": [
            {
                "group": same.group or None,
                "searches": same.searches,
                "measured": number(same.measured),
                "same_mix": bounded(same.reweighted, same.interval),
                "even_mix": bounded(even.reweighted, even.interval),
                "if_independent": _independent(same),
            }
            for same, even in zip(found.same.groups, found.even.groups, strict=True)
        ],
        "unlabelled_enrolled": found.even.unlabelled_enrolled,
        "unlabelled_searches": found.even.unlabelled_searches,
    }


def _independent(found: MixedFpir) -> dict[str, Any]:
    return {"times_1": number(found.independent)} | {f"times_{times}": number(fpir) for times, fpir in found.larger}
