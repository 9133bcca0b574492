"""``facerec audit drift``: what changed for whom between two score tables of the same pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.audit import columns as audit_columns
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from audits.rate_changes import DriftAudit

EXAMPLES = examples(
    "facerec audit drift before.csv after.csv --by gender --at-fmr 1e-3 --out report/",
    "facerec audit drift before.csv after.csv --by gender --at-threshold 0.5 --at-threshold-after 0.6 --json",
)


def drift(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A score table: .csv or .parquet.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The scores of the same pairs by another matcher.")],
    *,
    by: options.By = None,
    at_fmr: Annotated[
        float | None,
        typer.Option(
            "--at-fmr",
            metavar="RATE",
            help="Each table gets the lowest threshold that keeps its own FMR at or below this.",
            show_default=False,
        ),
    ] = None,
    at_threshold: Annotated[
        float | None,
        typer.Option("--at-threshold", metavar="VALUE", help="The threshold of BEFORE.", show_default=False),
    ] = None,
    at_threshold_after: Annotated[
        float | None,
        typer.Option(
            "--at-threshold-after",
            metavar="VALUE",
            help="The threshold of AFTER; by default that of BEFORE.",
            show_default=False,
        ),
    ] = None,
    policy: options.PolicyFile = None,
    junit: options.JunitFile = None,
    summary: options.SummaryFile = None,
    replicates: options.Replicates = 1000,
    seed: options.Seed = 0,
    as_json: AsJson = False,
    score: audit_columns.ScoreColumn = None,
    genuine: audit_columns.GenuineColumn = None,
    probe_subject: audit_columns.ProbeSubjectColumn = None,
    reference_subject: audit_columns.ReferenceSubjectColumn = None,
    probe_image: audit_columns.ProbeImageColumn = None,
    reference_image: audit_columns.ReferenceImageColumn = None,
    groups: audit_columns.Groups = None,
    distance: audit_columns.Distance = False,
    out: options.Out = None,
    about: options.Title = "",
    labels_from: options.LabelsFrom = "",
    purpose: options.UsePurpose = "",
    evaluation: options.Evaluation = None,
) -> None:
    """Audit a change of matcher: paired changes of FMR, FNMR and FTA by group, with intervals.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.drift import audit_drift
    from audits.intervals import CONFIDENCE
    from audits.policy import read_policy
    from audits.report import Background, Run, hash_input, write_report
    from audits.report.claims import verdict_document
    from audits.report.drift_document import drift_document
    from audits.vendor import read_vendor
    from audits.verdict import judge

    options.refuse_without_policy(policy, junit=junit, summary=summary)
    if at_threshold is None and at_threshold_after is not None:
        message = "--at-threshold-after needs --at-threshold"
        raise ArgumentError(message)
    columns = audit_columns.vendor_columns(
        score,
        genuine,
        subjects=(probe_subject, reference_subject),
        images=(probe_image, reference_image),
        groups=groups,
    )
    rules = None if policy is None else read_policy(policy)
    audit = audit_drift(
        read_vendor(before, columns),
        read_vendor(after, columns),
        by=options.groupings(by, rules),
        at=options.chosen_threshold(at_fmr, at_threshold, None, columns),
        after_at=at_threshold_after,
        distance=distance,
        confidence=CONFIDENCE if rules is None else rules.confidence,
        replicates=replicates,
        seed=seed,
    )
    verdict = None if rules is None else judge(rules, drift=audit)
    files: tuple[Path, ...] = ()
    if out is not None:
        from audits.report.drift_page import drift_report

        given = {
            "--by": by,
            "--at-fmr": at_fmr,
            "--at-threshold": at_threshold,
            "--at-threshold-after": at_threshold_after,
            "--policy": policy,
            "--score": score,
            "--genuine": genuine,
            "--probe-subject": probe_subject,
            "--reference-subject": reference_subject,
            "--probe-image": probe_image,
            "--reference-image": reference_image,
            "--groups": groups,
            "--distance": distance,
            "--replicates": replicates,
            "--seed": seed,
            "--about": about,
            "--labels-from": labels_from,
            "--purpose": purpose,
            "--evaluation": evaluation,
        }
        inputs = [hash_input(before, role="before"), hash_input(after, role="after")]
        inputs += [] if policy is None else [hash_input(policy, role="policy")]
        run = Run(options.command_line("drift", before.name, after.name, options=given), tuple(inputs), seed)
        background = Background(about, labels_from, purpose, evaluation or "")
        files = write_report(drift_report(audit, run=run, background=background, verdict=verdict), out)
    if as_json:
        document = drift_document(audit, verdict=verdict_document(verdict))
        console.document({**document, "files": [str(path) for path in files]})
    else:
        options.say_verdict(verdict)
        _say(audit)
        options.say_files(files)
    options.finish(verdict, junit=junit, summary=summary)


def _say(audit: DriftAudit) -> None:
    for note in audit.notes:
        console.note(f"note: {note}")
    console.say(f"thresholds {audit.before.shown:.6g} before and {audit.after.shown:.6g} after")
    rose, fell = (console.counted(len(found), "rate", "rates") for found in (audit.regressions, audit.gains))
    console.say(f"{rose} rose for sure, {fell} fell for sure")
    for change in audit.changes:
        console.say(f"  {change}")
    for index in audit.indices:
        console.say(f"  {index}")
