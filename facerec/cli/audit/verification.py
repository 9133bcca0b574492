"""``facerec audit verification``: what one threshold does to every group, and the report of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import examples, grouped

if TYPE_CHECKING:
    from audits.report import Report
    from audits.verification.results import VerificationAudit

EXAMPLES = examples(
    "facerec audit verification scores.csv --by gender --at-fmr 1e-3 --out report/",
    "facerec audit verification scores.csv --by gender --at points.json --fmr 0.001",
    "facerec audit verification vendor.csv --score sim --genuine same --by race,gender --at-threshold 0.5",
    "facerec audit verification bfw.csv --score cosine --genuine label --groups race=e1:e2 --by race --at-fmr 1e-3",
    "facerec audit verification scores.csv --by race --at-fmr 1e-3 --policy policy.toml --out report/",
)


@grouped
def verification(
    scores: options.ScoresFile,
    *,
    asked: options.Asked,
    threshold: options.Threshold,
    calibration: options.Calibration = None,
    replicates: options.Replicates = 1000,
    seed: options.Seed = 0,
    columns: options.Columns,
    written: options.SharedReport,
) -> None:
    """Audit one-to-one comparison: FMR and FNMR by group, with intervals, at one threshold for all.

    Groups come from the columns probe_NAME and reference_NAME, or from one column NAME for both sides. Exit status: 0
    unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    policy, confidence, by = asked.read()
    table = columns.read(scores)
    at = threshold.chosen(columns, table, calibration)
    limits = written.limits()
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.gate.verdict import judge
    from audits.report.verification.document import verification_document
    from audits.verification.audit import audit_verification

    audit = audit_verification(
        table, by=by, at=at, distance=columns.distance, confidence=confidence, replicates=replicates, seed=seed
    )

    def report(**told: Any) -> Report:  # noqa: ANN401 - as `Report.deliver` gives it
        from audits.report.verification.page import verification_report

        return verification_report(audit, table, limits=limits, **told)

    told = written.deliver(
        None if policy is None else judge(policy, verification=audit),
        document=partial(verification_document, audit),
        report=report,
        say=partial(_say, audit),
        seed=seed,
        scores=scores,
        calibration=calibration,
        point=threshold.at,
        policy=asked.policy,
    )
    asked.finish(told)


def _say(audit: VerificationAudit) -> None:
    from audits.report.verification.sentences import findings, overall_sentence, unlabelled_sentence

    options.say_prose(overall_sentence(audit))
    options.say_notes(audit.notes)
    names: tuple[str, ...] = ("people", "FMR", "false matches", "impostor", "FNMR", "false non-matches", "genuine")
    target = () if audit.fnmr_at_target is None else (f"FNMR at FMR = {audit.threshold.target_fmr:g}",)
    names += target
    for grouping in audit.groupings:
        console.say()
        rows = [
            (
                *(group.group, group.subjects, *options.cells(group.fmr), *options.cells(group.fnmr)),
                *(options.percent(group.fnmr_at_target or group.fnmr) for _ in target),
            )
            for group in grouping.groups
        ]
        console.table((f"by {grouping.by}", *names), rows, right=names)
        for found in findings(grouping, audit.least):
            options.say_prose(found.text)
        if left := unlabelled_sentence(grouping):
            options.say_prose(left)
