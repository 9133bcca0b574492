"""``facerec audit plan``: what will be audited and claimed, frozen before anybody sees the data."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Annotated

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples, flag, grouped, option
from facerec.cli.outputs import NEW, output
from facerec.errors import ArgumentError, OutputError

EXAMPLES = examples(
    "facerec audit plan --by gender --at-fmr 1e-3 --policy policy.toml --out plan.toml",
    "facerec audit plan --by race,gender --at points.json --fmr 0.001 --min-people 100 --out plan.toml",
)


@grouped
def plan(
    *,
    out: Annotated[
        Path, output("--out FILE", "Where the plan goes (TOML); a file that is there is not replaced.", NEW)
    ],
    by: options.By = None,
    policy: Annotated[Path | None, option("--policy FILE", "The claims (TOML); they go into the plan.")] = None,
    min_people: Annotated[
        int, option("--min-people NUMBER", "Groups with fewer people behind every rate are set aside.")
    ] = 5,
    min_trials: Annotated[int, option("--min-trials NUMBER", "So are groups with fewer comparisons.")] = 30,
    distance: Annotated[bool, flag("--distance", "The scores will be distances: smaller is more alike.")] = False,
    threshold: options.Threshold,
    calibration: options.Calibration = None,
    as_json: AsJson = False,
) -> None:
    """Freeze threshold, groups, minima and claims in a file, before the data are seen.

    Note the digest that is printed where nobody can change it. `facerec audit verification SCORES --plan FILE` follows
    the plan; the report carries the digest, and says whatever was done otherwise. The minima of groups are set here, or
    in Python (least=); commands have no option for them, which would invite to choose them after looking. A plan is of
    verification; for the other audits freeze a policy, whose digest their report carries.
    """
    from audits.gate.plan import plan_text
    from facerec.files import replacing

    if out.exists():
        message = f"{out} is there already, and a frozen plan is not replaced; choose another name"
        raise OutputError(message)
    if calibration is not None and threshold.at_fmr is None:
        message = "--calibration goes with --at-fmr; a given threshold needs no table to choose it on"
        raise ArgumentError(message)
    claims = ""
    if policy is not None:
        from audits.gate.policy import parse_policy, read_text

        claims = read_text(policy)
        parse_policy(claims, source=str(policy))
    made = threshold.plan(
        calibration,
        by=tuple(options.groupings(by or ())),
        distance=distance,
        min_people=min_people,
        min_trials=min_trials,
        frozen=dt.datetime.now(dt.UTC).date().isoformat(),
    )
    text = plan_text(made, claims).encode("utf-8")

    with replacing(out) as partial:
        partial.write_bytes(text)
    digest = hashlib.sha256(text).hexdigest()
    if as_json:
        console.wrote(out)
        console.document({"file": str(out), "sha256": digest, "rule": made.rule, "by": list(made.by)})
        return
    console.say(f"frozen in {out}: threshold by {made.rule}; groups: {'; '.join(made.by) or 'none'}")
    console.say(f"groups are compared from {made.least} on")
    console.say(f"SHA-256 {digest}")
    console.say("Note this digest where nobody can change it, before the data are seen; then:")
    console.say(f"facerec audit verification SCORES --plan {out} --plan-sha256 {digest[:12]} --out report/")
