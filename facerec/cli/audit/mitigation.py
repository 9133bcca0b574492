"""``facerec audit mitigation``: what mitigations change, for whom, on people they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from audits.mitigation import LabReport, Mitigation

EXAMPLES = examples(
    "facerec embed photos.csv --out vectors.parquet",
    "facerec audit mitigation vectors.parquet --by gender --at-fmr 1e-3 --out lab/",
    "facerec audit mitigation vendor.csv --by race --by race,gender --at-fmr 1e-3 --json",
)


def mitigation(
    vectors: Annotated[
        Path,
        typer.Argument(
            metavar="VECTORS",
            help="One row per photo, .parquet or .csv: subject, columns of groups, photo if the photos have names, "
            "and the vector as v0, v1, v2 and so on, or as a list column vector.",
        ),
    ],
    *,
    by: options.By = None,
    at_fmr: Annotated[
        float,
        typer.Option("--at-fmr", metavar="RATE", help="Every threshold keeps FMR at or below this."),
    ] = 1e-3,
    clusters: Annotated[
        int | None,
        typer.Option(
            "--clusters",
            metavar="NUMBER",
            help="Regions for FairCal and FSN. By default the published 100, or as many as the people learned from "
            "support.",
            show_default=False,
        ),
    ] = None,
    pairs: Annotated[
        int, typer.Option("--pairs", metavar="NUMBER", help="Impostor pairs drawn on each side, at most.")
    ] = 500_000,
    deals: Annotated[
        int,
        typer.Option(
            "--deals", metavar="NUMBER", help="How often people are dealt anew; the tables show the first deal."
        ),
    ] = 5,
    oracle: Annotated[
        bool,
        typer.Option(
            "--oracle",
            metavar="",
            help="Show thresholds by group too, for comparison only. They treat people differently by a protected "
            "trait, which is often unlawful.",
        ),
    ] = False,
    replicates: options.Replicates = 200,
    seed: options.Seed = 0,
    as_json: AsJson = False,
    out: options.Out = None,
    about: options.Title = "",
    labels_from: options.LabelsFrom = "",
) -> None:
    """Judge mitigations on people whom they have not seen: FairCal, FSN, Z-, T- and S-norm.

    People are dealt to three sides: methods learn from some, get their threshold on others, and are judged on the
    rest. What got worse is told like what got better, each with the interval of the paired change.
    """
    from audits.groupings import checked_groupings
    from audits.mitigation import judge_mitigations, split_photos, supported_clusters
    from audits.report.mitigation_document import mitigation_document
    from facerec.measure.tables.vector_table import read_vectors

    groupings = checked_groupings(options.groupings(by, None))
    if not groupings:
        message = "name the groups: --by NAME, a column of the table; several at once: --by race,gender"
        raise ArgumentError(message)
    if deals < 1:
        message = f"--deals must be 1 or more; got {deals}"
        raise ArgumentError(message)
    photos = read_vectors(vectors)
    embeddings = photos.by_photo()
    regions = clusters
    reports: list[LabReport] = []
    with console.progress("dealing and judging") as progress:
        for deal in range(deals):
            split = split_photos(photos, by=groupings[0], pairs=pairs, seed=seed + deal)
            if regions is None:  # chosen once, so that every deal judges the same methods
                regions = supported_clusters(split.learn, embeddings, target_fmr=at_fmr, seed=seed)
            reports.append(
                judge_mitigations(
                    split,
                    embeddings,
                    _methods(regions, at_fmr, seed, groupings if oracle else ()),
                    by=groupings,
                    target_fmr=at_fmr,
                    replicates=0 if deal else replicates,
                    seed=seed,
                )
            )
            progress(deal + 1, deals)
    report, others = reports[0], reports[1:]
    files: tuple[Path, ...] = ()
    document = mitigation_document(report, others)
    if out is not None:
        from importlib.metadata import version

        from audits.report import Background, Run, hash_input, write_report
        from audits.report.background import installed_versions
        from audits.report.mitigation_page import mitigation_report

        given = {
            "--by": by,
            "--at-fmr": at_fmr,
            "--clusters": clusters,
            "--pairs": pairs,
            "--deals": deals,
            "--oracle": oracle,
            "--replicates": replicates,
            "--seed": seed,
            "--about": about,
            "--labels-from": labels_from,
        }
        run = Run(
            options.command_line("mitigation", vectors.name, options=given),
            (hash_input(vectors, role="vectors"),),
            seed,
            installed_versions() | {"scikit-learn": version("scikit-learn")},
        )
        background = Background(about, labels_from)
        files = write_report(
            mitigation_report(report, by=groupings, run=run, background=background, others=others), out
        )
    if as_json:
        console.document({**document, "files": [str(path) for path in files]})
    else:
        _say(report, others, files)


def _methods(clusters: int, at_fmr: float, seed: int, fenced: Sequence[str]) -> list[Mitigation]:
    from audits.mitigation import CohortNormalisation, FairCal, FairScoreNormalisation, OracleGroupThresholds

    return [
        FairCal(clusters, seed),
        FairScoreNormalisation(at_fmr, clusters, seed),
        CohortNormalisation("z"),
        CohortNormalisation("t"),
        CohortNormalisation("s"),
        # --oracle says what the caveat says, and the report repeats it beside the figures.
        *(OracleGroupThresholds(by, at_fmr, legal_caveat_read=True) for by in fenced),
    ]


def _say(report: LabReport, others: Sequence[LabReport], files: Sequence[Path]) -> None:
    from audits.report.mitigation_words import elsewhere, finding, overall_callout, points, whom

    options.say_prose(overall_callout(report, others).text)
    for judgement in report.judgements:
        console.say()
        console.say(judgement.mitigation)
        if judgement.caveat:
            console.say(judgement.caveat)
        for note in judgement.changes.notes:
            console.note(f"note: {judgement.mitigation}, {note}")
        rows = []
        for entry in judgement.changes.changes:
            if entry.rate == "fta" and not entry.before.errors:
                continue
            bounds = f"{points(entry.change.interval.low)} … {points(entry.change.interval.high)}"
            rows.append(
                (
                    *(f"{entry.by} {entry.group}" if entry.by else whom(entry), entry.rate.upper()),
                    *(options.percent(entry.before), options.percent(entry.after)),
                    f"{points(entry.change.value)} ({bounds})" if entry.change.trials else None,
                    finding(entry),
                    *([elsewhere(entry, judgement.mitigation, others).told] if others else []),
                )
            )
        columns = "group", "rate", "without", "with", "change, points", "finding"
        console.table((*columns, "other deals") if others else columns, rows)
    options.say_files(files)
