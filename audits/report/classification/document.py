"""An audit of a classifier as JSON: the rates of every group, and each against the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audits.classification.results import ClassificationAudit, GroupPredictions
from audits.report.common.numbers import against, aside, rate
from audits.report.common.sharing import ShareLimits, Suppressed

FORMAT = "facerec audit of classification, 1"
"""Changes whenever a name or a meaning in the document does."""


def classification_document(
    audit: ClassificationAudit,
    *,
    verdict: Mapping[str, object],
    suppressed: Sequence[Suppressed] = (),
    limits: ShareLimits | None = None,
) -> dict[str, Any]:
    """An audit of a classifier as JSON can hold it; what was not measured is null."""
    return {
        "format": FORMAT,
        "verdict": dict(verdict),
        "classes": list(audit.classes),
        "overall": _group(audit.overall),
        "groups": {grouping.by: [_group(group) for group in grouping.groups] for grouping in audit.groupings},
        "contrasts": {
            grouping.by: [{"rate": entry.rate, "of": entry.of, **against(entry)} for entry in grouping.contrasts]
            for grouping in audit.groupings
        },
        "unmeasured": {
            grouping.by: [{"group": group, "rate": name} for group, name in grouping.unmeasured]
            for grouping in audit.groupings
        },
        "set_aside": {grouping.by: aside(grouping.set_aside) for grouping in audit.groupings},
        "unlabelled": {grouping.by: grouping.unlabelled for grouping in audit.groupings},
        "rows_independent": audit.rows_independent,
        "confidence": audit.confidence,
        "notes": list(audit.notes),
        "sharing": {
            "smallest_cell": None if limits is None else limits.people,
            "smallest_count": None if limits is None else limits.counts,
            "suppressed": {each.by: {"groups": list(each.groups), "rates": list(each.rates)} for each in suppressed},
        },
    }


def _group(group: GroupPredictions) -> dict[str, Any]:
    return {
        "group": group.group,
        "predictions": group.predictions,
        "subjects": group.subjects,
        "rates": [
            {"rate": each.rate, "of": each.of, "counted": found.errors, "trials": found.trials, **rate(found)}
            for each in group.rates
            for found in [each.estimate]
        ],
    }
