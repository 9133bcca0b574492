"""``facerec audit verification``: what one threshold does to every group, and the report of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.audit.columns import Columns
from facerec.cli.grouped import grouped
from facerec.cli.options import AsJson, examples

if TYPE_CHECKING:
    from audits.verdict import PolicyVerdict
    from audits.verification_rates import VerificationAudit

EXAMPLES = examples(
    "facerec audit verification scores.csv --by gender --at-fmr 1e-3 --out report/",
    "facerec audit verification vendor.csv --score sim --genuine same --by race,gender --at-threshold 0.5",
    "facerec audit verification bfw.csv --score cosine --genuine label --groups race=e1:e2 --by race --at-fmr 1e-3",
    "facerec audit verification scores.csv --by race --at-fmr 1e-3 --policy policy.toml --out report/",
)


@grouped
def verification(
    context: typer.Context,
    scores: options.ScoresFile,
    *,
    by: options.By = None,
    threshold: options.Threshold,
    calibration: options.Calibration = None,
    claims: options.Claims,
    replicates: options.Replicates = 1000,
    seed: options.Seed = 0,
    as_json: AsJson = False,
    columns: Columns,
    written: options.SharedReport,
) -> None:
    """Audit one-to-one comparison: FMR and FNMR by group, with intervals, at one threshold for all.

    Groups come from the columns probe_NAME and reference_NAME, or from one column NAME for both sides. Exit status: 0
    unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.vendor import read_vendor

    policy, confidence = claims.read()
    chosen = threshold.chosen(columns, calibration)
    table = read_vendor(scores, columns.named())
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.report import write_report
    from audits.report.claims import verdict_document
    from audits.report.document import verification_document
    from audits.verdict import judge
    from audits.verification import audit_verification

    audit = audit_verification(
        table,
        by=options.groupings(by, policy),
        at=chosen,
        distance=columns.distance,
        confidence=confidence,
        replicates=replicates,
        seed=seed,
    )
    verdict = None if policy is None else judge(policy, verification=audit)
    told = verdict
    files: tuple[Path, ...] = ()
    if written.out is None:
        document = verification_document(audit, verdict=verdict_document(verdict))
    else:
        from audits.report.verification_page import verification_report

        report = verification_report(
            audit,
            table,
            run=written.run(context, seed, scores=scores, calibration=calibration, policy=claims.policy),
            background=written.background(),
            verdict=verdict,
            smallest=written.share,
        )
        told, files, document = report.verdict, write_report(report, written.out), dict(report.document)
    if as_json:
        console.document({**document, "files": [str(path) for path in files]})
    else:
        _say(audit, verdict, files)
        written.say_local()
    claims.finish(told)


def _say(audit: VerificationAudit, verdict: PolicyVerdict | None, files: Sequence[Path]) -> None:
    from audits.report.sentences import findings, overall_sentence
    from audits.report.unlabelled import unlabelled_sentence

    options.say_verdict(verdict)
    options.say_prose(overall_sentence(audit))
    for note in audit.notes:
        console.note(f"note: {note}")
    for grouping in audit.groupings:
        console.say()
        rows = [
            (
                group.group,
                group.subjects,
                options.percent(group.fmr),
                *options.counts(group.fmr),
                options.percent(group.fnmr),
                *options.counts(group.fnmr),
            )
            for group in grouping.groups
        ]
        columns = (
            f"by {grouping.by}",
            "people",
            "FMR",
            "false matches",
            "impostor",
            "FNMR",
            "false non-matches",
            "genuine",
        )
        console.table(columns, rows, right=columns[1:])
        for found in findings(grouping):
            options.say_prose(found.text)
        if left := unlabelled_sentence(grouping):
            options.say_prose(left)
    options.say_files(files)
