"""``facerec audit verification``: what one threshold does to every group, and the report of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facerec.cli import console
from facerec.cli.audit import columns as audit_columns
from facerec.cli.audit import options
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


def verification(
    scores: options.ScoresFile,
    *,
    by: options.By = None,
    at_fmr: options.AtFmrOption = None,
    at_threshold: options.AtThreshold = None,
    calibration: options.Calibration = None,
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
    share: options.Share = None,
    about: options.Title = "",
    labels_from: options.LabelsFrom = "",
    purpose: options.UsePurpose = "",
    evaluation: options.Evaluation = None,
) -> None:
    """Audit one-to-one comparison: FMR and FNMR by group, with intervals, at one threshold for all.

    Groups come from the columns probe_NAME and reference_NAME, or from one column NAME for both sides. Exit status: 0
    unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.intervals import CONFIDENCE
    from audits.policy import read_policy
    from audits.report import Background, Run, hash_input, write_report
    from audits.report.claims import verdict_document
    from audits.report.document import verification_document
    from audits.vendor import read_vendor
    from audits.verdict import judge
    from audits.verification import audit_verification

    options.refuse_without_out(share, out)
    options.refuse_without_policy(policy, junit=junit, summary=summary)
    rules = None if policy is None else read_policy(policy)
    columns = audit_columns.vendor_columns(
        score,
        genuine,
        subjects=(probe_subject, reference_subject),
        images=(probe_image, reference_image),
        groups=groups,
    )
    chosen = options.chosen_threshold(at_fmr, at_threshold, calibration, columns)
    table = read_vendor(scores, columns)
    audit = audit_verification(
        table,
        by=options.groupings(by, rules),
        at=chosen,
        distance=distance,
        confidence=CONFIDENCE if rules is None else rules.confidence,
        replicates=replicates,
        seed=seed,
    )
    verdict = None if rules is None else judge(rules, verification=audit)
    told = verdict
    files: tuple[Path, ...] = ()
    if out is None:
        document = verification_document(audit, verdict=verdict_document(verdict))
    else:
        from audits.report.verification_page import verification_report

        given = {
            "--by": by,
            "--at-fmr": at_fmr,
            "--at-threshold": at_threshold,
            "--calibration": calibration,
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
            "--share": share,
            "--about": about,
            "--labels-from": labels_from,
            "--purpose": purpose,
            "--evaluation": evaluation,
        }
        inputs = [hash_input(path, role=role) for role, path in _inputs(scores, calibration, policy)]
        run = Run(options.command_line("verification", scores.name, options=given), tuple(inputs), seed)
        background = Background(about, labels_from, purpose, evaluation or "")
        report = verification_report(audit, table, run=run, background=background, verdict=verdict, smallest=share)
        told, files, document = report.verdict, write_report(report, out), dict(report.document)
    if as_json:
        console.document({**document, "files": [str(path) for path in files]})
    else:
        _say(audit, verdict, files)
        options.say_local(share)
    options.finish(told, junit=junit, summary=summary)


def _inputs(scores: Path, calibration: Path | None, policy: Path | None) -> Iterator[tuple[str, Path]]:
    yield "scores", scores
    if calibration is not None:
        yield "calibration", calibration
    if policy is not None:
        yield "policy", policy


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
