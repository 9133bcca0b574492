"""``facerec audit identification``: what a gallery answers to people who are in it, and to people who are not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facerec.cli import audit_options as options
from facerec.cli import console
from facerec.cli.options import AsJson, examples

EXAMPLES = examples(
    "facerec audit identification searches.csv --gallery people.csv --by gender --at-threshold 0.93",
)


def identification(
    searches: Annotated[
        Path,
        typer.Argument(metavar="SEARCHES", help="Columns search, probe_subject, candidate_subject, score: .csv."),
    ],
    *,
    gallery: Annotated[
        Path, typer.Option("--gallery", metavar="PEOPLE.csv", help="Who is enrolled: subject, and their groups.")
    ],
    at_threshold: Annotated[
        float, typer.Option("--at-threshold", metavar="VALUE", help="A candidate counts from this score on.")
    ],
    by: options.By = None,
    rank: Annotated[
        int | None,
        typer.Option(
            "--rank", metavar="NUMBER", help="Look at this many candidates; by default at all.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Audit a gallery (1:N): FPIR and FNIR by group at one threshold, with intervals."""
    from audits.identification import audit_identification
    from audits.report.identification_document import identification_document
    from facerec.scores.text_csv import read_text_csv

    audit = audit_identification(
        read_text_csv(searches),
        read_text_csv(gallery),
        threshold=at_threshold,
        by=options.groupings(by, None),
        rank=rank,
    )
    if as_json:
        console.document(identification_document(audit))
        return
    console.say(f"{audit.gallery_size:,} people enrolled, threshold {audit.threshold:g}")
    names = ("group", "enrolled", "FPIR", "false positives", "non-mated", "FNIR", "misses", "mated")
    for by_name, groups in [("", ()), *((grouping.by, grouping.groups) for grouping in audit.groupings)]:
        rows = [
            (
                group.group,
                group.enrolled,
                options.percent(group.fpir),
                *options.counts(group.fpir),
                options.percent(group.fnir),
                *options.counts(group.fnir),
            )
            for group in groups
        ]
        if not by_name:
            rows = [
                (
                    "everybody",
                    audit.gallery_size,
                    options.percent(audit.fpir),
                    *options.counts(audit.fpir),
                    options.percent(audit.fnir),
                    *options.counts(audit.fnir),
                )
            ]
        console.table((f"by {by_name}" if by_name else "", *names[1:]), rows, right=names[1:])
