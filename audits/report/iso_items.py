"""What ISO/IEC 19795-10 asks a report on demographic differentials to say, and where this one says it.

The items are those of the standard's published scope and of common practice; they do not replace its text. An item
that is missing is listed as missing: a reader must see what was not examined.
"""

from __future__ import annotations

from audits.report.background import Background
from audits.verification.results import VerificationAudit
from facerec.reporting import Column, Table

MISSING = "missing"


def iso_table(audit: VerificationAudit, background: Background) -> Table:
    """Every item with where it stands, or the word ``missing``."""
    people = "per group, under Groups" if audit.subjects is not None else ""
    acquired = "FTA under Groups; FTE " + MISSING
    calibrated = audit.threshold.calibration_fmr is not None
    rule = audit.threshold.rule + ("" if calibrated or audit.threshold.target_fmr is None else "; not on other people")
    items = (
        ("purpose of the evaluation", background.purpose),
        ("type: technology, scenario or operational", background.evaluation),
        ("what was evaluated", background.subject),
        ("how membership of groups was obtained", background.labels_from),
        ("people per group", people),
        ("samples per person and group", ""),
        ("comparisons per group", "under Groups"),
        ("failures to enrol and to acquire", acquired),
        ("score distributions", "under Scores and thresholds"),
        ("FMR and FNMR per group at one threshold", "under Groups"),
        ("how the threshold was set", rule),
        ("which impostors were paired", "under Impostor pairs"),
        ("uncertainty and its method", "under Method"),
        ("measures of differential performance", "under How much groups differ" if audit.groupings else ""),
        ("throughput and transaction times per group", ""),
        ("limits", "under Limits and use"),
    )
    return Table(
        "Items of a report on differential performance (after ISO/IEC 19795-10)",
        (Column("item"), Column("where")),
        tuple((item, where or MISSING) for item, where in items),
        strong=tuple(place for place, (_, where) in enumerate(items) if not where or MISSING in where),
    )
