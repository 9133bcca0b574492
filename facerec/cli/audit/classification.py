"""``facerec audit classification``: whom a classifier gets wrong, and whom it selects."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import examples, flag, grouped, option

if TYPE_CHECKING:
    from audits.classification.results import ClassificationAudit

EXAMPLES = examples(
    "facerec audit classification predictions.csv --by gender --by skin,gender --out report/",
    "facerec audit classification predictions.csv --by skin --positive smiling --json",
)


@grouped
def classification(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="PREDICTIONS",
            help="A table with a row per photo, or with a column count; several files are one.",
        ),
    ],
    *,
    asked: options.Asked,
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
    no_label: Annotated[
        bool, flag("--no-label", "The true classes are not known: audit whom it selects, and nothing else.")
    ] = False,
    files: options.Files,
    written: options.SharedReport,
) -> None:
    """Audit a classifier: accuracy, error and selection rates by group, with intervals and contrasts.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.gate.verdict import judge
    from audits.tables.predictions import expand_counts

    policy, confidence, by = asked.read()
    table = files.read_other(predictions, "a table of predictions", subject or "subject")
    table = expand_counts(table) if "count" in table.columns else table
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.classification.audit import audit_classification
    from audits.report.classification.document import classification_document
    from audits.report.classification.page import classification_report

    with console.progress("auditing"):
        audit = audit_classification(
            table,
            by=by,
            label=None if no_label else label,
            prediction=prediction,
            subject=subject,
            positive=positive,
            confidence=confidence,
        )
    told = written.deliver(
        None if policy is None else judge(policy, classification=audit),
        document=partial(classification_document, audit),
        report=partial(classification_report, audit, limits=written.limits()),
        say=partial(_say, audit),
        predictions=predictions,
        people=files.people,
        policy=asked.policy,
    )
    asked.finish(told)


def _say(audit: ClassificationAudit) -> None:
    from audits.report.classification.sentences import overall_sentence, worst_findings
    from audits.report.common.words import written

    options.say_notes(audit.notes)
    rate, of = audit.headline
    rate_name = f"selection rate of {of}" if of else "error rate"
    if rate == "error":
        console.say(f"wrong in {written(audit.overall.rate(rate))}")
    else:
        options.say_prose(overall_sentence(audit))
    names = ("people", rate_name, "cases" if of else "errors", "predictions")
    for grouping in audit.groupings:
        console.say()
        rows = [(group.group, group.subjects, *options.cells(group.rate(rate, of=of))) for group in grouping.groups]
        console.table((f"by {grouping.by}", *names), rows, right=names)
        for found in worst_findings(grouping, audit.least, rate, of):
            options.say_prose(found.text)
