"""``facerec audit``: error rates by group that hold up, for any matcher and any classifier."""

from __future__ import annotations

import typer

from facerec.cli.audit import (
    advise,
    classification,
    drift,
    identification,
    look,
    mitigation,
    plan,
    power,
    print_pages,
    prove,
    selfcheck,
    verification,
    verify,
)

app = typer.Typer(
    name="audit",
    help="Audit error rates by group: of any matcher from its scores, of any classifier from its predictions.",
    rich_markup_mode="markdown",
)

app.command(epilog=verification.EXAMPLES)(verification.verification)
app.command(epilog=look.EXAMPLES)(look.look)
app.command(epilog=selfcheck.EXAMPLES)(selfcheck.selfcheck)
app.command(epilog=classification.EXAMPLES)(classification.classification)
app.command(epilog=identification.EXAMPLES)(identification.identification)
app.command(epilog=drift.EXAMPLES)(drift.drift)
app.command(epilog=mitigation.EXAMPLES)(mitigation.mitigation)
app.command(epilog=advise.EXAMPLES)(advise.advise)
app.command(epilog=power.EXAMPLES)(power.power)
app.command(epilog=plan.EXAMPLES)(plan.plan)
app.command(epilog=prove.EXAMPLES)(prove.prove)
app.command(epilog=verify.EXAMPLES)(verify.verify)
app.command("print", epilog=print_pages.EXAMPLES)(print_pages.print_pages)
