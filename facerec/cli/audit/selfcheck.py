"""``facerec audit selfcheck``: published and hand-worked numbers, found again by this installation."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, examples, option

if TYPE_CHECKING:
    from audits.checks.installation import Check, Value

EXAMPLES = examples("facerec audit selfcheck", "facerec audit selfcheck --data tables/ --json")

_FAILED = 1


def selfcheck(
    *,
    data: Annotated[
        Path | None,
        option(
            "--data DIR",
            "A folder with published tables: rai_face_verification/. Their checks are skipped without it.",
            envvar="FACEREC_DATA",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that the audits find published and hand-worked numbers again.

    One line per check: passed, failed or skipped, what was expected and what was found. Exit status: 0 nothing failed,
    1 a check failed, 2 error.
    """
    from audits.checks.installation import selfcheck as run_checks

    checks = run_checks(data)
    totals = Counter(check.status for check in checks)
    if as_json:
        console.document(
            {
                "checks": [
                    {**asdict(check), "expected": _plain(check.expected), "found": _plain(check.found)}
                    for check in checks
                ],
                "passed": totals["passed"],
                "failed": totals["failed"],
                "skipped": totals["skipped"],
            }
        )
    else:
        for check in checks:
            console.say(_line(check))
        console.say(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    if totals["failed"]:
        raise typer.Exit(_FAILED)


def _line(check: Check) -> str:
    outcome = check.reason if check.found is None else f"found {_shown(check.found)}"
    rounded = f" ± {check.tolerance:g}" if check.tolerance and outcome != f"found {_shown(check.expected)}" else ""
    return f"{check.status:8}{check.name}: expected {_shown(check.expected)}{rounded}, {outcome}"


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_shown, value))
    plain = _plain(value)
    return f"{plain:.7g}" if isinstance(plain, float) else str(plain) or "nothing"


def _plain(value: Value | None) -> object:
    """As it stands in a JSON document, where numbers are finite."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "not defined" if math.isnan(value) else "infinite"
    return value
