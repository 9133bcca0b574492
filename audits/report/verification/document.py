"""``audit.json``: every number of an audit of verification under names that a program can rely on.

What was not measured is null, beside the number of trials, which is then 0; a ratio with a zero below it is the text
``infinite``. Nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from audits.gate.plan import EXPLORATORY, PlanStanding
from audits.report.common.claims import verdict_document
from audits.report.common.files import json_text
from audits.report.common.numbers import aside, bounded, counted, furthest, number, rate, shown_range
from audits.report.common.sharing import ShareLimits, Suppressed
from audits.report.verification.sentences import compared_rates
from audits.statistics.contrasts import furthest_apart
from audits.statistics.disparity import Disparity, Index
from audits.statistics.estimates import Estimate
from audits.statistics.multiplicity import GroupTest
from audits.statistics.people import PersonMean
from audits.statistics.shrinkage import ShrunkEstimate
from audits.verification.audit import audit_verification
from audits.verification.results import Acquisition, CrossCell, GroupComparisons, GroupingAudit, VerificationAudit
from audits.verification.thresholds import AtFmr
from facerec.files import replacing
from facerec.measure.tables import read

FORMAT = "facerec audit of verification, 2"
"""Changes whenever a name or a meaning in the document does."""


def verification_document(
    audit: VerificationAudit,
    *,
    verdict: Mapping[str, object],
    suppressed: Sequence[Suppressed] = (),
    limits: ShareLimits | None = None,
    plan: PlanStanding = EXPLORATORY,
) -> dict[str, Any]:
    """An audit of verification as JSON can hold it, after ``suppress`` where the report is passed on.

    `verdict` is what was decided, as plain values; `suppressed` what was left out, and `limits` from which size on
    numbers are shown (None: all are); `plan` whether the audit followed one.
    """
    threshold = audit.threshold
    calibrated = threshold.calibration_fmr
    return {
        "format": FORMAT,
        "matcher": None if audit.matcher is None else audit.matcher.text,
        "plan": plan.to_dict(),
        "verdict": dict(verdict),
        "threshold": {
            "value": number(threshold.shown),
            "rule": threshold.rule,
            "accepts": "distance <= value" if threshold.distance else "score >= value",
            "target_fmr": threshold.target_fmr,
            "achieved_fmr": number(threshold.achieved_fmr.value),
            "calibration_fmr": None if calibrated is None else number(calibrated.value),
            "choice": threshold.choice,
            "range": shown_range(threshold),
        },
        "overall": {
            "subjects": audit.subjects,
            **_counts(audit.fmr, audit.fnmr, audit.without_score),
            "fnmr_at_target": _at_target(audit.fnmr_at_target),
            "fnmr_by_person": _by_person(audit.fnmr_by_person),
            "acquisition": _acquisition(audit.acquisition),
        },
        "groups": {grouping.by: [_group(group) for group in grouping.groups] for grouping in audit.groupings},
        "cross": {grouping.by: [_cell(cell) for cell in grouping.cross] for grouping in audit.groupings},
        "impostor_mix": {grouping.by: _mix(grouping) for grouping in audit.groupings},
        "disparity": {grouping.by: _disparity(grouping.disparity) for grouping in audit.groupings},
        "furthest_apart": {grouping.by: _furthest(grouping) for grouping in audit.groupings},
        "set_aside": {grouping.by: aside(grouping.set_aside) for grouping in audit.groupings},
        "shrunk": {
            grouping.by: {"fmr": _shrunk(grouping.shrunk_fmr), "fnmr": _shrunk(grouping.shrunk_fnmr)}
            for grouping in audit.groupings
        },
        "tests": {grouping.by: [_test(test) for test in grouping.tests] for grouping in audit.groupings},
        "dependence": {
            "pairs_independent": audit.pairs_independent,
            "fmr_design_effect": number(audit.fmr.design_effect),
            "fnmr_design_effect": number(audit.fnmr.design_effect),
            "fmr_correlation": number(audit.fmr_correlation),
            "fnmr_correlation": number(audit.fnmr_correlation),
        },
        "confidence": audit.confidence,
        "bootstrap": {"replicates": audit.bootstrap.replicates, "seed": audit.bootstrap.seed},
        "sharing": {
            "smallest_cell": None if limits is None else limits.people,
            "smallest_count": None if limits is None else limits.counts,
            "suppressed": {
                each.by: {"groups": list(each.groups), "cells": len(each.cells), "rates": list(each.rates)}
                for each in suppressed
            },
        },
        "notes": list(audit.notes),
    }


def _counts(fmr: Estimate, fnmr: Estimate, without_score: Estimate) -> dict[str, Any]:
    return {
        **counted(fnmr, "genuine", "false_non_matches", "fnmr"),
        **counted(fmr, "impostor", "false_matches", "fmr"),
        **counted(without_score, "comparisons", "without_score", "without_score_rate"),
    }


def _group(group: GroupComparisons) -> dict[str, Any]:
    return {
        "group": group.group,
        "labels": list(group.labels),
        "subjects": group.subjects,
        **_counts(group.fmr, group.fnmr, group.without_score),
        "fnmr_at_target": _at_target(group.fnmr_at_target),
        "fnmr_by_person": _by_person(group.fnmr_by_person),
        "acquisition": _acquisition(group.acquisition),
    }


def _acquisition(found: Acquisition | None) -> dict[str, Any] | None:
    """By photo, and of completed comparisons; null where every comparison has a score, or it is not told."""
    if found is None:
        return None
    named = {
        "fta": found.fta,
        "refused": found.refused,
        "completed_fmr": found.fmr,
        "completed_fnmr": found.fnmr,
    }
    counted = {
        name: None if each is None else {"trials": each.trials, "errors": each.errors, **rate(each)}
        for name, each in named.items()
    }
    return {**counted, "fta_by_person": _by_person(found.fta_by_person)}


def _at_target(found: Estimate | None) -> dict[str, Any] | None:
    """FNMR at the target FMR; null where the threshold was given. `fnmr` beside it is at this threshold."""
    return None if found is None else bounded(found.value, found.interval)


def _by_person(found: PersonMean | None) -> dict[str, Any] | None:
    return None if found is None else {**bounded(found.value, found.interval), "people": found.people}


def _furthest(grouping: GroupingAudit) -> dict[str, Any]:
    """For each rate that is told of every group, the two groups that are most surely apart."""
    rates: tuple[Literal["fmr", "fnmr"], ...] = ("fmr", "fnmr")
    told = [name for name in rates if getattr(grouping.disparity, name)]
    return {name: furthest(furthest_apart(compared_rates(grouping, name))) for name in told}


def _cell(cell: CrossCell) -> dict[str, Any]:
    return {
        "probe_group": cell.probe_group,
        "reference_group": cell.reference_group,
        **counted(cell.fmr, "impostor", "false_matches", "fmr"),
        "share": number(cell.share),
    }


def _mix(grouping: GroupingAudit) -> dict[str, Any]:
    left = grouping.unlabelled
    return {
        "matched": counted(grouping.matched_fmr, "impostor", "false_matches", "fmr"),
        "matched_share": number(grouping.matched_share),
        "unlabelled_genuine": None if left is None else left.genuine,
        "unlabelled_impostor": None if left is None else left.impostor,
        "genuine_across_groups": None if left is None else left.genuine_across,
    }


def _disparity(disparity: Disparity) -> dict[str, Any]:
    return {
        "fmr": _indices(disparity.fmr),
        "fnmr": _indices(disparity.fnmr),
        **_indices(disparity.combined),
        "unmeasured": [{"group": group, "rate": name} for group, name in disparity.unmeasured],
        "warnings": list(disparity.warnings),
    }


def _indices(found: Iterable[Index]) -> dict[str, Any]:
    return {
        index.name: {
            **bounded(index.value, index.interval),
            "fair": index.fair,
            "note": index.note,
            "corrected": number(index.corrected),
        }
        for index in found
    }


def _shrunk(found: Iterable[ShrunkEstimate]) -> list[dict[str, Any]]:
    return [
        {
            "group": each.group,
            "raw": number(each.raw.value),
            **bounded(each.value, each.interval),
            "weight": number(each.weight),
        }
        for each in found
    ]


def _test(test: GroupTest) -> dict[str, Any]:
    return {
        "group": test.group,
        "rate": test.rate,
        "difference": number(test.difference),
        "p_value": number(test.p_value),
        "holm": number(test.holm),
        "benjamini_hochberg": number(test.benjamini_hochberg),
    }


def write_audit_file(scores: Path, by: Sequence[str], out: Path, *, at_fmr: float) -> Path:
    """Audit a score table of this project by groups, write what was found as JSON, and return where.

    `out` is the file, such as ``facerec.models.folder.attach_audit`` takes. Audited is the lowest threshold that keeps
    FMR at or below `at_fmr`. `ScoreTableError` if the table cannot be read, or lacks a grouping.
    """
    audit = audit_verification(read(scores), by=by, at=AtFmr(at_fmr))
    with replacing(out) as partial:
        partial.write_text(json_text(verification_document(audit, verdict=verdict_document(None))), encoding="utf-8")
    return out
