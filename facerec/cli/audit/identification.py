"""``facerec audit identification``: what a gallery answers to people who are in it, and to people who are not."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import examples, grouped, option

if TYPE_CHECKING:
    from audits.identification.results import IdentificationAudit
    from audits.report import Report

EXAMPLES = examples(
    "facerec audit identification searches.csv --gallery people.csv --by gender --at-threshold 0.93",
    "facerec audit identification searches.csv --gallery people.csv --at-threshold 0.93 --policy policy.toml",
    "facerec audit identification hits.xlsx --gallery staff.xlsx --search query --score dist --distance "
    "--at-threshold 0.4",
)


@grouped
def identification(
    searches: Annotated[
        list[Path],
        typer.Argument(
            metavar="SEARCHES",
            help="Columns search, probe_subject, candidate_subject, score; several files are one.",
        ),
    ],
    *,
    gallery: Annotated[Path, option("--gallery PEOPLE", "Who is enrolled: subject, and their groups.")],
    at_threshold: Annotated[
        float, option("--at-threshold VALUE", "A candidate counts from this score on; of distances, up to this one.")
    ],
    rank: Annotated[int | None, option("--rank NUMBER", "Look at this many candidates; by default at all.")] = None,
    asked: options.Asked,
    columns: options.SearchColumns,
    written: options.FullReport,
) -> None:
    """Audit a gallery (1:N): FPIR and FNIR by group at one threshold, with intervals.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    policy, confidence, by = asked.read()
    table, people = columns.read(searches, gallery)
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.gate.verdict import judge
    from audits.identification.audit import audit_identification
    from audits.identification.even_mix import even_mixes
    from audits.report.identification.document import identification_document

    with console.progress("auditing"):
        audit = audit_identification(
            table,
            people,
            threshold=at_threshold,
            by=by,
            rank=rank,
            distance=columns.distance,
            accept_reversed=columns.accept_reversed,
            confidence=confidence,
        )
    mixes = even_mixes(table, people, audit)

    def report(**told: Any) -> Report:  # noqa: ANN401 - as `Report.deliver` gives it
        from audits.report.identification.page import identification_report

        return identification_report(audit, mixes, **told)

    told = written.deliver(
        None if policy is None else judge(policy, identification=audit),
        document=partial(identification_document, audit, mixes=mixes),
        report=report,
        say=partial(_say, audit),
        searches=searches,
        gallery=gallery,
        people=columns.people,
        policy=asked.policy,
    )
    asked.finish(told)


def _say(audit: IdentificationAudit) -> None:
    from audits.report.identification.sentences import search_findings
    from facerec.reporting import write_threshold

    options.say_notes(audit.notes)
    console.say(f"{audit.gallery_size:,} people enrolled, threshold {write_threshold(audit.threshold)}")
    names = ("enrolled", "FPIR", "false positives", "non-mated", "FNIR", "misses", "mated")
    everybody = ("everybody", audit.gallery_size, *options.cells(audit.fpir), *options.cells(audit.fnir))
    console.table(("", *names), [everybody], right=names)
    for grouping in audit.groupings:
        rows = [
            (group.group, group.enrolled, *options.cells(group.fpir), *options.cells(group.fnir))
            for group in grouping.groups
        ]
        console.table((f"by {grouping.by}", *names), rows, right=names)
        for found in search_findings(grouping, audit.least):
            options.say_prose(found.text)
