"""``facerec audit power``: how much data a claim needs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples, grouped, option

EXAMPLES = examples(
    "facerec audit power scores.csv --by gender --at-fmr 1e-2 --rate fmr --ratio 2",
    "facerec audit power scores.csv --by gender --at-fmr 1e-2 --rate fnmr --ratio 1.5 --photos 4",
)


@grouped
def power(
    scores: options.ScoresFile,
    *,
    by: Annotated[str, option("--by NAME[,NAME]", "The grouping that the claim is about.")],
    rate: Annotated[Literal["fmr", "fnmr"], option("--rate NAME", "fmr or fnmr.")],
    ratio: Annotated[float, option("--ratio NUMBER", "How many times the others' rate is to be seen; above 1.")],
    baseline: Annotated[
        float | None, option("--baseline RATE", "The others' rate; by default the one measured.")
    ] = None,
    photos: Annotated[int, option("--photos NUMBER", "Photos of each person.")] = 2,
    chance: Annotated[float, option("--power CHANCE", "The chance to see the difference if it is there.")] = 0.8,
    threshold: options.Threshold,
    as_json: AsJson = False,
    columns: options.Columns,
) -> None:
    """Plan how many people and photos each group needs for a claim, from earlier scores of the same matcher."""
    from audits.verification.audit import audit_verification
    from audits.verification.power import plan_groups

    table = columns.read(scores)
    at = threshold.chosen(columns, table)
    audit = audit_verification(table, by=[by], at=at, distance=columns.distance, replicates=0)
    plans = plan_groups(
        audit,
        audit.groupings[0].by,
        rate=rate,
        ratio=ratio,
        baseline=baseline,
        photos_per_person=photos,
        power=chance,
    )
    if as_json:
        console.document({"by": audit.groupings[0].by, "ratio": ratio, "groups": [asdict(each) for each in plans]})
        return
    options.say_notes(audit.notes)
    first = plans[0]
    console.say(
        f"to see {rate.upper()} {ratio:g} times that of the others: {first.independent_trials:,} independent pairs "
        f"per group, with a design effect of {first.design_effect:.3g} {first.people:,} people with {first.photos:,} "
        "photos"
    )
    names = ("group", "has, worth independent", "enough")
    rows = [(each.group, f"{each.effective_trials:,.0f}", "yes" if each.enough else "no") for each in plans]
    console.table(names, rows, right=names[1:2])
