"""``facerec audit identification``: what a gallery answers to people who are in it, and to people who are not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples

if TYPE_CHECKING:
    from audits.search_rates import IdentificationAudit

EXAMPLES = examples(
    "facerec audit identification searches.csv --gallery people.csv --by gender --at-threshold 0.93",
    "facerec audit identification searches.csv --gallery people.csv --at-threshold 0.93 --policy policy.toml",
)


def identification(
    searches: Annotated[
        Path,
        typer.Argument(
            metavar="SEARCHES", help="Columns search, probe_subject, candidate_subject, score: .csv or .parquet."
        ),
    ],
    *,
    gallery: Annotated[
        Path,
        typer.Option(
            "--gallery", metavar="PEOPLE", help="Who is enrolled: subject, and their groups; .csv or .parquet."
        ),
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
    policy: options.PolicyFile = None,
    junit: options.JunitFile = None,
    summary: options.SummaryFile = None,
    as_json: AsJson = False,
    out: options.Out = None,
    about: options.Title = "",
    labels_from: options.LabelsFrom = "",
    purpose: options.UsePurpose = "",
    evaluation: options.Evaluation = None,
) -> None:
    """Audit a gallery (1:N): FPIR and FNIR by group at one threshold, with intervals.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.even_mix import even_mixes
    from audits.identification import audit_identification
    from audits.intervals import CONFIDENCE
    from audits.policy import read_policy
    from audits.report import Background, Run, hash_input, write_report
    from audits.report.claims import verdict_document
    from audits.report.identification_document import identification_document
    from audits.verdict import judge
    from facerec.measure.tables.table_files import read_raw

    options.refuse_without_policy(policy, junit=junit, summary=summary)
    rules = None if policy is None else read_policy(policy)
    table = read_raw(searches, kind="a table of searches")
    people = read_raw(gallery, kind="a table of who is enrolled")
    audit = audit_identification(
        table,
        people,
        threshold=at_threshold,
        by=options.groupings(by, rules),
        rank=rank,
        confidence=CONFIDENCE if rules is None else rules.confidence,
    )
    verdict = None if rules is None else judge(rules, identification=audit)
    mixes = even_mixes(table, people, audit)
    files: tuple[Path, ...] = ()
    if out is not None:
        from audits.report.identification_page import identification_report

        given = {
            "--gallery": gallery,
            "--at-threshold": at_threshold,
            "--by": by,
            "--rank": rank,
            "--policy": policy,
            "--about": about,
            "--labels-from": labels_from,
            "--purpose": purpose,
            "--evaluation": evaluation,
        }
        inputs = [hash_input(searches, role="searches"), hash_input(gallery, role="gallery")]
        inputs += [] if policy is None else [hash_input(policy, role="policy")]
        run = Run(options.command_line("identification", searches.name, options=given), tuple(inputs), None)
        background = Background(about, labels_from, purpose, evaluation or "")
        report = identification_report(audit, mixes, run=run, background=background, verdict=verdict)
        files = write_report(report, out)
    if as_json:
        document = identification_document(audit, mixes=mixes, verdict=verdict_document(verdict))
        console.document({**document, "files": [str(path) for path in files]})
    else:
        options.say_verdict(verdict)
        _say(audit)
        options.say_files(files)
    options.finish(verdict, junit=junit, summary=summary)


def _say(audit: IdentificationAudit) -> None:
    from audits.report.search_sentences import search_findings

    for note in audit.notes:
        console.note(f"note: {note}")
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
        for found in search_findings(audit.grouping(by_name)) if by_name else ():
            options.say_prose(found.text)
