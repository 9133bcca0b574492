"""``facerec audit``: error rates by group that hold up, for any matcher and any classifier."""

from __future__ import annotations

import typer

from facerec.cli import (
    audit_advice,
    audit_classification,
    audit_drift,
    audit_identification,
    audit_mitigation,
    audit_planning,
    audit_selfcheck,
    audit_verification,
)

app = typer.Typer(
    name="audit",
    help="Audit error rates by group: of any matcher from its scores, of any classifier from its predictions.",
    rich_markup_mode="markdown",
)

app.command(epilog=audit_verification.EXAMPLES)(audit_verification.verification)
app.command(epilog=audit_selfcheck.EXAMPLES)(audit_selfcheck.selfcheck)
app.command(epilog=audit_classification.EXAMPLES)(audit_classification.classification)
app.command(epilog=audit_identification.EXAMPLES)(audit_identification.identification)
app.command(epilog=audit_drift.EXAMPLES)(audit_drift.drift)
app.command(epilog=audit_mitigation.EXAMPLES)(audit_mitigation.mitigation)
app.command(epilog=audit_advice.EXAMPLES)(audit_advice.advise)
app.command(epilog=audit_planning.POWER_EXAMPLES)(audit_planning.power)
app.command(epilog=audit_planning.CALIBRATE_EXAMPLES)(audit_planning.calibrate)
