"""``facerec audit advise``: the threshold that the worst-off group needs, and what it costs everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples, grouped, option

if TYPE_CHECKING:
    from audits.statistics.estimates import Estimate
    from audits.verification.advice import Advice

EXAMPLES = examples(
    "facerec audit advise scores.csv --by gender --target 0.05 --at-fmr 1e-2",
    "facerec audit advise vendor.csv --by race --target 1e-3 --at-threshold 0.5 --json",
)


@grouped
def advise(
    scores: options.ScoresFiles,
    *,
    by: Annotated[str, option("--by NAME[,NAME]", "The groups that all have to be protected.")],
    target: Annotated[float, option("--target RATE", "No group's FMR may be above this, by its upper bound.")],
    threshold: options.Threshold,
    as_json: AsJson = False,
    columns: options.Columns,
) -> None:
    """Find the threshold at which the worst group's FMR meets a target, and its price in FNMR per group.

    The upper bound of each group's interval decides, not the rate seen. The threshold of today, which --at-fmr,
    --at-threshold or --at names, is what it is compared with. Confirm the advice on a table of other people.
    """
    from audits.verification.advice import advise_threshold
    from facerec.reporting import write_threshold

    table = columns.read(scores)
    at = threshold.chosen(columns, table)
    advice = advise_threshold(
        table, by=by, target_fmr=target, at=at, distance=columns.distance, accept_reversed=columns.accept_reversed
    )
    if as_json:
        console.document(_document(advice))
        return
    options.say_notes(advice.notes)
    limit = f"{100 * target:g} %"
    if advice.value is None:
        console.say(f"no threshold can be advised: no group has enough impostor pairs to show an FMR of {limit}")
    else:
        whose = f"of {', '.join(advice.protected)}" if advice.silent else "of every group"
        unlike = f"; not shown for {', '.join(advice.silent)}" if advice.silent else ""
        value = write_threshold(advice.value)
        console.say(f"threshold {value}: the FMR {whose} is at most {limit}, by its upper bound{unlike}")
    console.say(f"threshold of today: {write_threshold(advice.now.shown)}")
    if advice.value is not None:
        fnmr = options.percent(advice.fnmr), options.percent(advice.fnmr_now)
        console.say(f"the price: FNMR of everybody is {fnmr[0]} in place of {fnmr[1]} today")
        console.say(_asked(advice))
    for group in advice.groups:
        if group.pairs_missing:
            console.say(
                f"nothing is promised for {group.group}: FMR {options.percent(group.fmr)}, of too few impostor pairs "
                f"to show {limit}; {group.pairs_missing:,} more are needed, like those that there are and without a "
                "false match"
            )
    names = ("group", "FMR today", "FMR then", "FNMR today", "FNMR then")
    rows = [
        (group.group, *(options.percent(rate) for rate in (group.fmr_now, group.fmr, group.fnmr_now, group.fnmr)))
        for group in advice.groups
    ]
    console.table(names, rows, right=names[1:])


def _asked(advice: Advice) -> str:
    """Who asks for the threshold: the data or the matcher."""
    from facerec.reporting import write_threshold

    more = advice.more
    if more is None or not advice.asked_by_data:
        return "the matcher, not the data, asks for this threshold: with more people it would be no lower"
    people = "twice the pairs" if more.people is None else f"{more.people:,} more people like these, twice as many"
    whose = f"the rates of {', '.join(advice.protected)}" if advice.silent else "the rates"
    then, limit = write_threshold(more.value), write_threshold(more.limit)
    return (
        f"the data, not the matcher, ask for this threshold: with {people}, it would be {then}; {whose} "
        f"themselves meet the target at {limit}, where FNMR of everybody is {options.percent(more.fnmr)}"
    )


def _estimate(estimate: Estimate) -> dict[str, object]:
    """The rate with the interval whose upper bound decided."""
    interval = estimate.interval
    return {**estimate.rate.to_dict(), "low": interval.low, "high": interval.high}


def _document(advice: Advice) -> dict[str, object]:
    return {
        "by": advice.by,
        "target_fmr": advice.target_fmr,
        "threshold": advice.value,
        "threshold_now": advice.now.shown,
        "notes": list(advice.notes),
        "fnmr": _estimate(advice.fnmr),
        "fnmr_now": _estimate(advice.fnmr_now),
        "more_people": None
        if advice.more is None
        else {
            "people": advice.more.people,
            "threshold": advice.more.value,
            "threshold_of_rates": advice.more.limit,
            "fnmr_of_rates": _estimate(advice.more.fnmr),
        },
        "groups": [
            {
                "group": group.group,
                "impostor_pairs_missing": group.pairs_missing,
                **{name: _estimate(getattr(group, name)) for name in ("fmr", "fnmr", "fmr_now", "fnmr_now")},
            }
            for group in advice.groups
        ],
    }
