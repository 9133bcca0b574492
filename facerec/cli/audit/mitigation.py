"""``facerec audit mitigation``: what mitigations change, for whom, on people they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import examples, flag, grouped, option
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from audits.mitigation import LabReport
    from audits.report import Report

EXAMPLES = examples(
    "facerec embed photos.csv --out vectors.parquet",
    "facerec audit mitigation vectors.parquet --by gender --at-fmr 1e-3 --out lab/",
    "facerec audit mitigation vendor.csv --by race --by race,gender --at-fmr 1e-3 --json",
)


@grouped
def mitigation(
    vectors: Annotated[
        list[Path],
        typer.Argument(
            metavar="VECTORS",
            help="One row per photo: subject, columns of groups, photo if the photos have names, and the vector as v0, "
            "v1, v2 and so on, or as a list column vector; several files are one.",
        ),
    ],
    *,
    by: options.By = None,
    at_fmr: Annotated[float, option("--at-fmr RATE", "Every threshold keeps FMR at or below this.")] = 1e-3,
    clusters: Annotated[
        int | None,
        option(
            "--clusters NUMBER",
            "Regions for FairCal and FSN. By default the published 100, or as many as the people learned from support.",
        ),
    ] = None,
    pairs: Annotated[int, option("--pairs NUMBER", "Impostor pairs drawn on each side, at most.")] = 500_000,
    deals: Annotated[
        int, option("--deals NUMBER", "How often people are dealt anew; the tables show the first deal.")
    ] = 5,
    oracle: Annotated[
        bool,
        flag(
            "--oracle",
            "Show thresholds by group too, for comparison only. They treat people differently by a protected trait, "
            "which is often unlawful.",
        ),
    ] = False,
    replicates: options.Replicates = 200,
    seed: options.Seed = 0,
    columns: options.VectorColumns,
    written: options.Report,
) -> None:
    """Judge mitigations on people whom they have not seen: FairCal, FSN, Z-, T- and S-norm.

    People are dealt to three sides: methods learn from some, get their threshold on others, and are judged on the
    rest. What got worse is told like what got better, each with the interval of the paired change.
    """
    from audits.tables.groups import checked_groupings

    groupings = checked_groupings(options.groupings(by or ()))
    if not groupings:
        message = "name the groups: --by NAME, a column of the table; several at once: --by race,gender"
        raise ArgumentError(message)
    photos = columns.read(vectors)
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from importlib.metadata import version

    from audits.mitigation import deal_and_judge
    from audits.report.common.background import installed_versions
    from audits.report.mitigation.document import mitigation_document

    with console.progress("dealing and judging") as progress:
        report, *others = deal_and_judge(
            photos,
            by=groupings,
            target_fmr=at_fmr,
            clusters=clusters,
            pairs=pairs,
            deals=deals,
            legal_caveat_read=oracle,
            replicates=replicates,
            seed=seed,
            progress=progress,
        )

    def page(*, verdict: None, **told: Any) -> Report:  # noqa: ANN401, ARG001 - as `Report.deliver` gives it
        from audits.report.mitigation.page import mitigation_report

        return mitigation_report(report, by=groupings, others=others, **told)

    written.deliver(
        None,
        document=lambda **_: mitigation_document(report, others),
        report=page,
        say=partial(_say, report, others),
        seed=seed,
        versions=installed_versions() | {"scikit-learn": version("scikit-learn")},
        vectors=vectors,
        people=columns.people,
    )


def _say(report: LabReport, others: Sequence[LabReport]) -> None:
    from audits.report.mitigation.sentences import elsewhere, outcome, overall_sentence, points, whom

    options.say_prose(overall_sentence(report, others))
    for judgement in report.judgements:
        console.say()
        console.say(judgement.mitigation)
        if judgement.caveat:
            console.say(judgement.caveat)
        options.say_notes([f"{judgement.mitigation}, {note}" for note in judgement.changes.notes])
        rows = []
        for entry in judgement.changes.changes:
            if entry.rate == "without_score" and not entry.before.errors:
                continue
            bounds = f"{points(entry.change.interval.low)} … {points(entry.change.interval.high)}"
            rows.append(
                (
                    *(f"{entry.by} {entry.group}" if entry.by else whom(entry), entry.rate.upper()),
                    *(options.percent(entry.before), options.percent(entry.after)),
                    f"{points(entry.change.value)} ({bounds})" if entry.change.trials else None,
                    outcome(entry),
                    *([elsewhere(entry, judgement.mitigation, others).told] if others else []),
                )
            )
        columns = "group", "rate", "without", "with", "change, points", "finding"
        console.table((*columns, "other deals") if others else columns, rows)
