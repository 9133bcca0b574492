"""An audit as its JSON alone, where no report is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audits.report.claims import verdict_document
from audits.report.document import verification_document
from audits.report.files import json_text
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.files import replacing
from facerec.measure.tables import read


def write_audit_file(scores: Path, by: Sequence[str], out: Path, *, at_fmr: float) -> Path:
    """Audit a score table by groups, write what was found as JSON, and return where.

    Parameters
    ----------
    scores : Path
        A score table of this project.
    by : sequence of str
        Groupings.
    out : Path
        The file, such as ``facerec.models.folder.attach_audit`` takes.
    at_fmr : float
        The lowest threshold that keeps FMR at or below this is audited.

    Raises
    ------
    ScoreTableError
        If the table cannot be read, or lacks a grouping.
    """
    audit = audit_verification(read(scores), by=by, at=AtFmr(at_fmr))
    with replacing(out) as partial:
        partial.write_text(json_text(verification_document(audit, verdict=verdict_document(None))), encoding="utf-8")
    return out
