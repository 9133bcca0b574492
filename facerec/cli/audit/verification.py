"""``facerec audit verification``: what one threshold does to every group, and the report of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.audit.all_pairs import read_all, stamp_table
from facerec.cli.options import examples, flag, grouped, option
from facerec.errors import ArgumentError, PolicyError

if TYPE_CHECKING:
    import pandas as pd

    from audits.gate.claims import Policy
    from audits.gate.plan import Plan, PlanStanding
    from audits.gate.verdict import PolicyVerdict
    from audits.report import Report, ShareLimits
    from audits.verification.results import VerificationAudit
    from facerec.measure.sums.value import ComparisonSums

EXAMPLES = examples(
    "facerec audit verification scores.csv --by gender --at-fmr 1e-3 --out report/",
    "facerec audit verification scores.csv --by gender --at points.json --fmr 0.001",
    "facerec audit verification vendor.csv --score sim --genuine same --by race,gender --at-threshold 0.5",
    "facerec audit verification bfw.csv --score cosine --genuine label --groups race=e1:e2 --by race --at-fmr 1e-3",
    "facerec audit verification scores.csv --by race --at-fmr 1e-3 --policy policy.toml --out report/ --one-page",
    "facerec audit verification vectors.parquet --all-pairs --by gender --at-fmr 1e-4 --out report/",
    "facerec audit verification scores.csv --plan plan.toml --out report/",
    "facerec audit verification parts/ --by race --at points.json --fmr 0.001 --out report/",
)


_LEAST_DIGITS = 12


@dataclass(frozen=True)
class Asked(options.Asked):
    """What is asked for, or the plan that says it."""

    plan: Annotated[
        Path | None,
        option(
            "--plan FILE",
            "Follow this frozen plan (facerec audit plan makes it): its threshold, groups and claims. What is given "
            "otherwise is a departure, and the report says so.",
        ),
    ] = None
    plan_sha256: Annotated[
        str | None,
        option("--plan-sha256 DIGEST", "With --plan: refuse any file but that of this digest, or its first digits."),
    ] = None

    @property
    def has_claims(self) -> bool:
        """Whether there may be claims to decide."""
        return self.policy is not None or self.plan is not None

    def planned(self) -> Plan | None:
        """The plan, if there is one."""
        if self.plan is None:
            if self.plan_sha256 is not None:
                message = "--plan-sha256 is the digest of --plan FILE; add it"
                raise ArgumentError(message)
            return None
        from audits.gate.plan import read_plan

        found = read_plan(self.plan)
        asked = (self.plan_sha256 or "").lower()
        if self.plan_sha256 is not None and (len(asked) < _LEAST_DIGITS or not found.sha256.startswith(asked)):
            message = f"{self.plan} is not the plan of digest {self.plan_sha256}; its SHA-256 is {found.sha256}"
            raise PolicyError(message)
        return found


@grouped
def verification(
    scores: options.ScoresFiles,
    *,
    asked: Asked,
    threshold: options.OptionalThreshold,
    calibration: options.Calibration = None,
    replicates: options.Replicates = 1000,
    seed: options.Seed = 0,
    all_pairs: Annotated[
        bool,
        flag(
            "--all-pairs",
            "SCORES are vectors (facerec embed): every photo is compared with every other, and no pair written down.",
        ),
    ] = False,
    one_pass: Annotated[
        bool,
        flag(
            "--one-pass",
            "Read the table (.parquet, .csv, or folders of such parts) in one pass, whatever its size; memory grows "
            "with people, and not with rows. So are tables of millions anyway.",
        ),
    ] = False,
    processes: options.Processes = None,
    columns: options.Columns,
    written: options.SharedReport,
) -> None:
    """Audit one-to-one comparison: FMR and FNMR by group, with intervals, at one threshold for all.

    Groups come from the columns probe_NAME and reference_NAME, or from one column NAME for both sides. Exit status: 0
    unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    plan = asked.planned()
    policy, confidence, by = asked.read()
    if plan is not None:
        columns = replace(columns, distance=columns.distance or plan.distance)
        if policy is None and plan.policy is not None:
            policy, confidence = plan.policy, plan.policy.confidence
        by = options.groupings([*(asked.by or plan.by), *(policy.groupings if policy is not None else ())])
    if plan is None or plan.point or threshold.given:
        chosen = threshold.required()
    else:
        chosen = options.Threshold(plan.at_fmr, plan.at_threshold)
    done = None
    if plan is not None:
        done = chosen.plan(calibration, by=tuple(by), distance=columns.distance, policy=policy)
    standing = _standing(plan, done)
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.verification.all_pairs import sum_all_pairs
    from audits.verification.streamed import audit_summed, sum_tables, too_large

    limits = written.limits()
    more: dict[str, Any] = {"confidence": confidence, "replicates": replicates, "seed": seed}
    if plan is not None:
        more["least"] = plan.least
    table: pd.DataFrame | ComparisonSums
    if all_pairs:
        vectors = read_all(scores, columns)
        at = chosen.chosen(columns, stamp_table(vectors), calibration)
        with console.progress("comparing") as progress:
            every = None if processes is None else options.process_count(processes)
            table = sum_all_pairs(vectors, by=by, at=at, confidence=confidence, processes=every, progress=progress)
        audit = audit_summed(table, **more)
    elif one_pass or too_large(scores):
        tables = columns.tables(scores)
        scores = tables.files()
        at = chosen.chosen(columns, tables.head(), calibration)
        table = sum_tables(tables, by=by, at=at, confidence=confidence, processes=options.process_count(processes))
        with console.progress("auditing"):
            audit = audit_summed(table, **more)
    else:
        table = columns.read(scores)
        at = chosen.chosen(columns, table, calibration)
        from audits.verification.audit import audit_verification

        with console.progress("auditing"):
            audit = audit_verification(
                table,
                by=by,
                at=at,
                distance=columns.distance,
                accept_reversed=columns.accept_reversed,
                **more,
            )
    told = deliver(
        audit,
        table,
        policy,
        written,
        standing,
        limits=limits,
        scores=scores,
        people=columns.people,
        calibration=calibration,
        point=threshold.at,
        policy_file=asked.policy,
        frozen=asked.plan,
    )
    asked.finish(told)


def deliver(
    audit: VerificationAudit,
    table: pd.DataFrame | ComparisonSums,
    policy: Policy | None,
    written: options.SharedReport,
    standing: PlanStanding,
    *,
    limits: ShareLimits | None,
    policy_file: Path | None,
    **files: Any,  # noqa: ANN401 - as `Report.deliver` takes them
) -> PolicyVerdict | None:
    """Decide the claims, write the report, print the answer; what came of the claims, as it may be passed on."""
    from audits.gate.verdict import judge
    from audits.report.verification.document import verification_document

    def report(**told: Any) -> Report:  # noqa: ANN401 - as `Report.deliver` gives it
        from audits.report.verification.page import verification_report

        return verification_report(audit, table, limits=limits, **told)

    verdict = None if policy is None else replace(judge(policy, verification=audit), plan=standing)
    return written.deliver(
        verdict,
        document=partial(verification_document, audit, plan=standing),
        report=report,
        say=partial(_say, audit),
        seed=audit.bootstrap.seed,
        plan=standing,
        policy=policy_file,
        **files,
    )


def _standing(plan: Plan | None, done: Plan | None) -> PlanStanding:
    """Whether what is asked for is what was planned; said at once, before anything is computed."""
    from audits.gate.plan import EXPLORATORY, PlanStanding, followed

    if plan is None or done is None:
        return EXPLORATORY
    standing = PlanStanding(plan.sha256, plan.frozen, followed(plan, plan.by).departures(done))
    if standing.departures:
        console.tell(f"note: {standing}")
    return standing


def _say(audit: VerificationAudit) -> None:
    from audits.report.verification.sentences import findings, overall_sentence, unlabelled_sentence

    options.say_prose(overall_sentence(audit))
    options.say_notes(audit.notes)
    names: tuple[str, ...] = (
        "people labelled",
        "FMR",
        "false matches",
        "impostor",
        "FNMR",
        "false non-matches",
        "genuine",
    )
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
