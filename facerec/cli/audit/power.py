"""``facerec audit power``: how much data a claim needs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples, grouped, option
from facerec.errors import ArgumentError

EXAMPLES = examples(
    "facerec audit power scores.csv --by gender --at-fmr 1e-2 --rate fmr --ratio 2",
    "facerec audit power scores.csv --by gender --at-fmr 1e-3 --claim 'fmr <= 0.002' --truth 0.001 --photos 4",
    "facerec audit power --claim 'fnmr <= 5 %' --truth 0.03 --in-groups 4",
)


@dataclass(frozen=True)
class Asked:
    """What the data are to show: a difference between groups, or that a limit is kept."""

    rate: Annotated[Literal["fmr", "fnmr"] | None, option("--rate NAME", "To see a difference: of fmr or fnmr.")] = None
    ratio: Annotated[
        float | None, option("--ratio NUMBER", "With --rate: how many times the others' rate is to be seen; above 1.")
    ] = None
    claim: Annotated[
        str | None,
        option(
            "--claim TEXT",
            "To pass a gate: 'fmr <= 0.002', 'fnmr <= 5 %' or 'fmr ratio <= 1.5' (largest over smallest).",
        ),
    ] = None
    truth: Annotated[
        float | None,
        option(
            "--truth NUMBER",
            "With --claim: how good it truly is. A rate, such as 0.001; for a ratio how many times the others' rate "
            "the worst one is, by default 1.",
        ),
    ] = None

    def __post_init__(self) -> None:
        if (self.claim is None) == (self.rate is None) or (self.rate is None) != (self.ratio is None):
            message = "say what the data are to show: --rate NAME --ratio NUMBER, or --claim TEXT"
            raise ArgumentError(message)
        if self.truth is not None and self.claim is None:
            message = "--truth is what a --claim is planned for; add --claim TEXT"
            raise ArgumentError(message)


@grouped
def power(
    scores: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SCORES", help="Earlier scores of the same matcher; without, --claim assumes."),
    ] = None,
    *,
    asked: Asked,
    by: Annotated[str | None, option("--by NAME[,NAME]", "The grouping that the claim is about.")] = None,
    in_groups: Annotated[int, option("--in-groups NUMBER", "Without SCORES: in how many groups it is claimed.")] = 1,
    baseline: Annotated[
        float | None, option("--baseline RATE", "The others' rate; by default the one measured.")
    ] = None,
    photos: Annotated[int, option("--photos NUMBER", "Photos of each person.")] = 2,
    chance: Annotated[float, option("--power CHANCE", "The chance that the data show it, if it is true.")] = 0.8,
    threshold: options.OptionalThreshold,
    as_json: AsJson = False,
    columns: options.Columns,
) -> None:
    """Plan how many people and photos each group needs: to see a difference, or for a claim of a policy to pass."""
    from audits.gate.sizes import parse_claim, plan_claim
    from audits.verification.audit import audit_verification
    from audits.verification.power import plan_groups

    audit = None
    if scores:
        at_what = threshold.required()
        table = columns.read(scores)
        at = at_what.chosen(columns, table)
        audit = audit_verification(
            table,
            by=[by] if by else [],
            at=at,
            distance=columns.distance,
            accept_reversed=columns.accept_reversed,
            replicates=0,
        )
    grouping = audit.groupings[0].by if audit is not None and audit.groupings else by or ""
    if asked.claim is not None:
        claim = parse_claim(asked.claim, by=grouping or ("every group" if in_groups > 1 else ""))
        truth = asked.truth if asked.truth is not None or not claim.index else 1.0
        if truth is None:
            message = "--claim about a rate needs --truth: how low the rate truly is, such as half of the limit"
            raise ArgumentError(message)
        plans = plan_claim(
            claim, truth, audit=audit, groups=in_groups, baseline=baseline, photos_per_person=photos, power=chance
        )
        whom = f"of each of {in_groups} groups" if audit is None and in_groups > 1 else "of everybody"
        whom = f"of every group by {grouping}" if grouping else whom
        if claim.index:
            goal = f"the claim {claim.name!r} by {grouping} passes, the worst rate being {truth:g} times the others'"
        else:
            limit, real = (f"{100 * value:g} %" for value in (claim.limit.value, truth))
            goal = f"{claim.rate.upper()} {whom} passes as at most {limit}, truly being {real}"
    elif audit is None or not grouping:
        message = "--rate and --ratio plan from earlier scores by groups: give SCORES and --by"
        raise ArgumentError(message)
    else:
        plans = plan_groups(
            audit,
            grouping,
            rate=asked.rate or "fmr",
            ratio=asked.ratio or 1,
            baseline=baseline,
            photos_per_person=photos,
            power=chance,
        )
        goal = f"{plans[0].rate.upper()} of one group is seen to be {asked.ratio:g} times that of the others"
    if as_json:
        told = {"by": grouping, "ratio": asked.ratio, "claim": asked.claim, "truth": asked.truth, "power": chance}
        console.document({**told, "groups": [asdict(each) for each in plans]})
        return
    options.say_notes(() if audit is None else audit.notes)
    many = len(plans) > 1 or (audit is None and in_groups > 1)
    console.say(f"For a chance of {100 * chance:g} % that {goal}: {'of each group ' if many else ''}{plans[0]}.")
    if audit is None:
        console.say("How alike the errors of one person are was assumed; earlier scores of the matcher would tell.")
        return
    console.say()
    names = ("group", "pairs in the scores are worth", "needed", "enough")
    rows = [
        (
            each.group or "everybody",
            f"{each.effective_trials:,.0f}",
            f"{each.independent_trials:,}",
            "yes" if each.enough else "no",
        )
        for each in plans
    ]
    console.table(names, rows, right=names[1:3])
    if asked.claim is None:
        console.say(
            "needed: of each group, were all pairs worth alike. What is to be collected counts that errors of a group "
            "that errs more are more alike."
        )
