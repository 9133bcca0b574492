"""``facerec audit identification``: what a gallery answers to people who are in it, and to people who are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.grouped import grouped
from facerec.cli.options import AsJson, examples, option

if TYPE_CHECKING:
    from audits.search_rates import GroupSearches, IdentificationAudit
    from audits.statistics.estimates import RateEstimate

EXAMPLES = examples(
    "facerec audit identification searches.csv --gallery people.csv --by gender --at-threshold 0.93",
    "facerec audit identification searches.csv --gallery people.csv --at-threshold 0.93 --policy policy.toml",
)


@grouped
def identification(
    context: typer.Context,
    searches: Annotated[
        Path,
        typer.Argument(
            metavar="SEARCHES", help="Columns search, probe_subject, candidate_subject, score: .csv or .parquet."
        ),
    ],
    *,
    gallery: Annotated[
        Path, option("--gallery PEOPLE", "Who is enrolled: subject, and their groups; .csv or .parquet.")
    ],
    at_threshold: Annotated[float, option("--at-threshold VALUE", "A candidate counts from this score on.")],
    by: options.By = None,
    rank: Annotated[int | None, option("--rank NUMBER", "Look at this many candidates; by default at all.")] = None,
    claims: options.Claims,
    as_json: AsJson = False,
    written: options.FullReport,
) -> None:
    """Audit a gallery (1:N): FPIR and FNIR by group at one threshold, with intervals.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from facerec.measure.tables.table_files import read_raw

    policy, confidence = claims.read()
    table = read_raw(searches, kind="a table of searches")
    people = read_raw(gallery, kind="a table of who is enrolled")
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.even_mix import even_mixes
    from audits.identification import audit_identification
    from audits.report import write_report
    from audits.report.claims import verdict_document
    from audits.report.identification_document import identification_document
    from audits.verdict import judge

    audit = audit_identification(
        table, people, threshold=at_threshold, by=options.groupings(by, policy), rank=rank, confidence=confidence
    )
    verdict = None if policy is None else judge(policy, identification=audit)
    mixes = even_mixes(table, people, audit)
    files: tuple[Path, ...] = ()
    if written.out is not None:
        from audits.report.identification_page import identification_report

        run = written.run(context, searches=searches, gallery=gallery, policy=claims.policy)
        report = identification_report(audit, mixes, run=run, background=written.background(), verdict=verdict)
        files = write_report(report, written.out)
    if as_json:
        document = identification_document(audit, mixes=mixes, verdict=verdict_document(verdict))
        console.document({**document, "files": [str(path) for path in files]})
    else:
        options.say_verdict(verdict)
        _say(audit)
        options.say_files(files)
    claims.finish(verdict)


def _say(audit: IdentificationAudit) -> None:
    from audits.report.search_sentences import search_findings

    for note in audit.notes:
        console.note(f"note: {note}")
    console.say(f"{audit.gallery_size:,} people enrolled, threshold {audit.threshold:g}")
    names = ("enrolled", "FPIR", "false positives", "non-mated", "FNIR", "misses", "mated")
    everybody = [("everybody", audit.gallery_size, audit.fpir, audit.fnir)]
    for by, groups in [("", everybody), *((each.by, _rates(each.groups)) for each in audit.groupings)]:
        rows = [
            (name, enrolled, options.percent(fpir), *options.counts(fpir), options.percent(fnir), *options.counts(fnir))
            for name, enrolled, fpir, fnir in groups
        ]
        console.table((f"by {by}" if by else "", *names), rows, right=names)
        for found in search_findings(audit.grouping(by)) if by else ():
            options.say_prose(found.text)


def _rates(groups: Sequence[GroupSearches]) -> list[tuple[str, int, RateEstimate, RateEstimate]]:
    return [(group.group, group.enrolled, group.fpir, group.fnir) for group in groups]
