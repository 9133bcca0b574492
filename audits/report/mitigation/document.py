"""The laboratory's findings as JSON: every rate without and with each method, and the paired change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audits.mitigation.lab import Judgement, LabReport
from audits.report.drift.document import drift_document
from audits.report.mitigation.sentences import elsewhere, outcome

FORMAT = "facerec mitigation laboratory, 2"
"""Changes whenever a name or a meaning in the document does."""

_SIDES = ("learned_from", "thresholds_set_on", "judged")


def mitigation_document(report: LabReport, others: Sequence[LabReport] = ()) -> dict[str, Any]:
    """The laboratory as JSON can hold it, and `others` after other deals of the people; not measured is null."""
    return {
        "format": FORMAT,
        "verdict": {each.mitigation: _verdict(each) for each in report.judgements if not each.caveat},
        "target_fmr": report.target_fmr,
        "people": dict(zip(_SIDES, report.people, strict=True)),
        "pairs": dict(zip(_SIDES, report.pairs, strict=True)),
        "methods": [_method(each, others) for each in report.judgements if not each.caveat],
        "oracle": [_method(each, others) for each in report.judgements if each.caveat],
        "other_deals": len(others),
    }


def _verdict(judgement: Judgement) -> dict[str, Any]:
    changes = judgement.changes
    return {
        name: [{"rate": each.rate, "by": each.by, "group": each.group} for each in found]
        for name, found in (("worse", changes.regressions), ("better", changes.gains))
    }


def _method(judgement: Judgement, others: Sequence[LabReport]) -> dict[str, Any]:
    told = drift_document(judgement.changes, verdict={})
    for entry, change in zip(told["changes"], judgement.changes.changes, strict=True):
        again = elsewhere(change, judgement.mitigation, others)
        entry["finding"] = outcome(change).lower()
        entry["other_deals"] = {"worse": again.worse, "better": again.better}
    del told["format"], told["verdict"]
    return {"method": judgement.mitigation, "caveat": judgement.caveat or None, **told}
