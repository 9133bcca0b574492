"""``facerec audit classification``: whom a classifier gets wrong, and whom it selects."""

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
    from audits.class_rates import ClassificationAudit
    from audits.verdict import PolicyVerdict

EXAMPLES = examples(
    "facerec audit classification predictions.csv --by gender --by skin,gender --out report/",
    "facerec audit classification predictions.csv --by skin --positive smiling --json",
)


@grouped
def classification(
    context: typer.Context,
    predictions: Annotated[
        Path,
        typer.Argument(
            metavar="PREDICTIONS",
            help="A table with a row per photo, or with a column count: .csv or .parquet.",
        ),
    ],
    *,
    by: options.By = None,
    label: Annotated[str, option("--label COLUMN", "The true class.")] = "label",
    prediction: Annotated[
        str, option("--prediction COLUMN", "The class that was said; empty: no answer.")
    ] = "prediction",
    subject: Annotated[
        str | None, option("--subject COLUMN", "Who is on the photo. By default subject, if any.")
    ] = None,
    positive: Annotated[
        str | None, option("--positive CLASS", "The class that counts as selected; by default each.")
    ] = None,
    claims: options.Claims,
    as_json: AsJson = False,
    written: options.SharedReport,
) -> None:
    """Audit a classifier: accuracy, error and selection rates by group, with intervals and contrasts.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.predictions import read_predictions

    policy, confidence = claims.read()
    table = read_predictions(predictions)
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.classification import audit_classification
    from audits.report import write_report
    from audits.report.claims import verdict_document
    from audits.report.classification_page import classification_document, classification_report
    from audits.verdict import judge

    audit = audit_classification(
        table,
        by=options.groupings(by, policy),
        label=label,
        prediction=prediction,
        subject=subject,
        positive=positive,
        confidence=confidence,
    )
    verdict = None if policy is None else judge(policy, classification=audit)
    told = verdict
    files: tuple[Path, ...] = ()
    if written.out is None:
        document = classification_document(audit, verdict=verdict_document(verdict))
    else:
        report = classification_report(
            audit,
            run=written.run(context, predictions=predictions, policy=claims.policy),
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


def _say(audit: ClassificationAudit, verdict: PolicyVerdict | None, files: Sequence[Path]) -> None:
    from audits.report.classification_page import worst_findings
    from audits.report.sentences import written

    options.say_verdict(verdict)
    for note in audit.notes:
        console.note(f"note: {note}")
    console.say(f"wrong in {written(audit.overall.rate('error'))}")
    for grouping in audit.groupings:
        console.say()
        errors = [(group, group.rate("error")) for group in grouping.groups]
        rows = [(group.group, group.subjects, options.percent(rate), *options.counts(rate)) for group, rate in errors]
        columns = (f"by {grouping.by}", "people", "error rate", "errors", "predictions")
        console.table(columns, rows, right=columns[1:])
        for found in worst_findings(grouping):
            options.say_prose(found.text)
    options.say_files(files)
