"""``facerec audit classification``: whom a classifier gets wrong, and whom it selects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples

EXAMPLES = examples(
    "facerec audit classification predictions.csv --by gender --by skin,gender --out report/",
    "facerec audit classification predictions.csv --by skin --positive smiling --json",
)


def classification(
    predictions: Annotated[
        Path,
        typer.Argument(
            metavar="PREDICTIONS",
            help="A table with a row per photo, or with a column count: .csv or .parquet.",
        ),
    ],
    *,
    by: options.By = None,
    label: Annotated[str, typer.Option("--label", metavar="COLUMN", help="The true class.")] = "label",
    prediction: Annotated[
        str, typer.Option("--prediction", metavar="COLUMN", help="The class that was said; empty: no answer.")
    ] = "prediction",
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", metavar="COLUMN", help="Who is on the photo. By default subject, if any.", show_default=False
        ),
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(
            "--positive",
            metavar="CLASS",
            help="The class that counts as selected; by default each.",
            show_default=False,
        ),
    ] = None,
    policy: options.PolicyFile = None,
    junit: options.JunitFile = None,
    summary: options.SummaryFile = None,
    as_json: AsJson = False,
    out: options.Out = None,
    share: options.Share = None,
    about: options.Title = "",
    labels_from: options.LabelsFrom = "",
    purpose: options.UsePurpose = "",
    evaluation: options.Evaluation = None,
) -> None:
    """Audit a classifier: accuracy, error and selection rates by group, with intervals and contrasts.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.classification import audit_classification
    from audits.intervals import CONFIDENCE
    from audits.policy import read_policy
    from audits.predictions import read_predictions
    from audits.report import Background, Run, hash_input, write_report
    from audits.report.claims import verdict_document
    from audits.report.classification_page import classification_document, classification_report
    from audits.verdict import judge

    options.refuse_without_out(share, out)
    options.refuse_without_policy(policy, junit=junit, summary=summary)
    rules = None if policy is None else read_policy(policy)
    table = read_predictions(predictions)
    audit = audit_classification(
        table,
        by=options.groupings(by, rules),
        label=label,
        prediction=prediction,
        subject=subject,
        positive=positive,
        confidence=CONFIDENCE if rules is None else rules.confidence,
    )
    verdict = None if rules is None else judge(rules, classification=audit)
    told = verdict
    files: tuple[Path, ...] = ()
    if out is None:
        document = classification_document(audit, verdict=verdict_document(verdict))
    else:
        given = {
            "--by": by,
            "--label": label,
            "--prediction": prediction,
            "--subject": subject,
            "--positive": positive,
            "--policy": policy,
            "--share": share,
            "--about": about,
            "--labels-from": labels_from,
            "--purpose": purpose,
            "--evaluation": evaluation,
        }
        inputs = [hash_input(predictions, role="predictions")]
        inputs += [] if policy is None else [hash_input(policy, role="policy")]
        command = options.command_line("classification", predictions.name, options=given)
        report = classification_report(
            audit,
            run=Run(command, tuple(inputs), None),
            background=Background(about, labels_from, purpose, evaluation or ""),
            verdict=verdict,
            smallest=share,
        )
        told, files, document = report.verdict, write_report(report, out), dict(report.document)
    if as_json:
        console.document({**document, "files": [str(path) for path in files]})
    else:
        from audits.report.classification_page import worst_findings
        from audits.report.sentences import written

        options.say_verdict(verdict)
        for note in audit.notes:
            console.note(f"note: {note}")
        console.say(f"wrong in {written(audit.overall.rate('error'))}")
        for grouping in audit.groupings:
            console.say()
            rows = [
                (
                    group.group,
                    group.subjects,
                    options.percent(group.rate("error")),
                    *options.counts(group.rate("error")),
                )
                for group in grouping.groups
            ]
            columns = (f"by {grouping.by}", "people", "error rate", "errors", "predictions")
            console.table(columns, rows, right=columns[1:])
            for found in worst_findings(grouping):
                options.say_prose(found.text)
        options.say_files(files)
        options.say_local(share)
    options.finish(told, junit=junit, summary=summary)
