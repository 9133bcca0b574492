"""``facerec audit``: error rates by group that hold up, for any matcher and any classifier."""

from __future__ import annotations

from facerec.cli.audit import (
    advise,
    classification,
    drift,
    identification,
    look,
    mitigation,
    parts,
    plan,
    policy,
    power,
    print_pages,
    prove,
    selfcheck,
    verification,
    verify,
)
from facerec.cli.options import examples
from facerec.cli.parsing import Commands

_ONE = "One system"
_CHANGE = "A change to it"
_BEFORE = "What to collect, to choose and to claim"
_REPORTS = "Reports that were written"
_THEMSELVES = "The audits themselves"

app = Commands(
    name="audit",
    help="Audit error rates by group: of any matcher from its scores, of any classifier from its predictions.",
    epilog=examples(
        "facerec audit look vendor.csv",
        "facerec audit verification scores.csv --by gender --at-fmr 1e-3 --out report/",
        "facerec audit policy > policy.toml",
        "facerec audit verification scores.csv --at-fmr 1e-3 --policy policy.toml",
    ),
)

app.command(rich_help_panel=_ONE, epilog=verification.EXAMPLES)(verification.verification)
app.command(rich_help_panel=_ONE, epilog=identification.EXAMPLES)(identification.identification)
app.command(rich_help_panel=_ONE, epilog=classification.EXAMPLES)(classification.classification)
app.command(rich_help_panel=_ONE, epilog=parts.PART_EXAMPLES)(parts.part)
app.command(rich_help_panel=_ONE, epilog=parts.MERGE_EXAMPLES)(parts.merge)
app.command(rich_help_panel=_ONE, epilog=look.EXAMPLES)(look.look)
app.command(rich_help_panel=_CHANGE, epilog=drift.EXAMPLES)(drift.drift)
app.command(rich_help_panel=_CHANGE, epilog=mitigation.EXAMPLES)(mitigation.mitigation)
app.command(rich_help_panel=_BEFORE, epilog=power.EXAMPLES)(power.power)
app.command(rich_help_panel=_BEFORE, epilog=advise.EXAMPLES)(advise.advise)
app.command(rich_help_panel=_BEFORE, epilog=plan.EXAMPLES)(plan.plan)
app.command(rich_help_panel=_BEFORE, epilog=policy.EXAMPLES)(policy.policy)
app.command(rich_help_panel=_THEMSELVES, epilog=prove.EXAMPLES)(prove.prove)
app.command(rich_help_panel=_THEMSELVES, epilog=selfcheck.EXAMPLES)(selfcheck.selfcheck)
app.command(rich_help_panel=_REPORTS, epilog=verify.EXAMPLES)(verify.verify)
app.command("print", rich_help_panel=_REPORTS, epilog=print_pages.EXAMPLES)(print_pages.print_pages)
