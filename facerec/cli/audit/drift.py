"""``facerec audit drift``: what changed for whom between two score tables of the same pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import examples, grouped, option
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from audits.drift.results import DriftAudit
    from audits.report import Report
    from audits.verification.thresholds import At

EXAMPLES = examples(
    "facerec audit drift before.csv after.csv --by gender --at-fmr 1e-3 --out report/",
    "facerec audit drift a.csv b.csv --at-fmr 1e-3 --calibration others-a.csv --calibration-after others-b.csv",
    "facerec audit drift before.csv after.csv --by gender --at-threshold 0.5 --at-threshold-after 0.6 --json",
)


@dataclass(frozen=True)
class Thresholds(options.Threshold):
    """Of the two tables."""

    at_fmr: Annotated[
        float | None,
        option("--at-fmr RATE", "Each table gets the lowest threshold that keeps its own FMR at or below this."),
    ] = None
    at_threshold: Annotated[float | None, option("--at-threshold VALUE", "The threshold of BEFORE.")] = None
    at_threshold_after: Annotated[
        float | None, option("--at-threshold-after VALUE", "The threshold of AFTER; by default that of BEFORE.")
    ] = None
    at_after: Annotated[
        Path | None, option("--at-after POINT.json", "The operating point of AFTER; by default one of --at.")
    ] = None
    calibration: options.Calibration = None
    calibration_after: Annotated[
        Path | None,
        option(
            "--calibration-after SCORES2",
            "The same for AFTER, scored by its matcher; the same file where both have one matcher.",
        ),
    ] = None
    distance_after: Annotated[
        Literal["yes", "no"] | None,
        option(
            "--distance-after ANSWER", "yes or no: whether AFTER holds distances; by default as BEFORE: --distance."
        ),
    ] = None

    def __post_init__(self) -> None:
        for first, second, name in (
            (self.at_threshold, self.at_threshold_after, "--at-threshold"),
            (self.at, self.at_after, "--at"),
        ):
            if first is None and second is not None:
                message = f"{name}-after needs {name}"
                raise ArgumentError(message)
        if (self.calibration is None) != (self.calibration_after is None):
            message = (
                "each table chooses its threshold on scores of its own matcher: give --calibration and "
                "--calibration-after, the same file twice where the matcher is the same"
            )
            raise ArgumentError(message)
        super().__post_init__()

    def chosen_after(self, columns: options.Columns, scores: pd.DataFrame) -> At | None:
        """The threshold of the table AFTER; None: as that of BEFORE."""
        if self.calibration_after is not None:
            return self.chosen(columns, scores, self.calibration_after)
        point = self.at_after or self.at
        return self.at_threshold_after if point is None else self.point(point, scores)


@grouped
def drift(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A score table of any matcher.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The scores of the same pairs by another matcher.")],
    *,
    asked: options.Asked,
    thresholds: Thresholds,
    replicates: options.Replicates = 1000,
    seed: options.Seed = 0,
    columns: options.Columns,
    written: options.FullReport,
) -> None:
    """Audit a change of matcher: paired changes of FMR and FNMR by group, with intervals.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    policy, confidence, by = asked.read()
    tables = columns.read(before), columns.read(after)
    at = thresholds.chosen(columns, tables[0], thresholds.calibration)
    after_at = thresholds.chosen_after(columns, tables[1])
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.drift.audit import audit_drift
    from audits.gate.verdict import judge
    from audits.report.drift.document import drift_document

    with console.progress("auditing"):
        audit = audit_drift(
            *tables,
            by=by,
            at=at,
            after_at=after_at,
            distance=columns.distance,
            after_distance=None if thresholds.distance_after is None else thresholds.distance_after == "yes",
            accept_reversed=columns.accept_reversed,
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )

    def report(**told: Any) -> Report:  # noqa: ANN401 - as `Report.deliver` gives it
        from audits.report.drift.page import drift_report

        return drift_report(audit, **told)

    told = written.deliver(
        None if policy is None else judge(policy, drift=audit),
        document=partial(drift_document, audit),
        report=report,
        say=partial(_say, audit),
        seed=seed,
        before=before,
        after=after,
        calibration=thresholds.calibration,
        calibration_after=thresholds.calibration_after,
        people=columns.people,
        point=thresholds.at,
        point_after=thresholds.at_after,
        policy=asked.policy,
    )
    asked.finish(told)


def _say(audit: DriftAudit) -> None:
    from facerec.reporting import write_threshold

    options.say_notes(audit.notes)
    before, after = (write_threshold(each.shown) for each in (audit.before, audit.after))
    console.say(f"thresholds {before} before and {after} after")
    rose, fell = (console.counted(len(found), "rate", "rates") for found in (audit.regressions, audit.gains))
    console.say(f"{rose} rose for sure, {fell} fell for sure")
    for change in audit.changes:
        console.say(f"  {change}")
    for index in audit.indices:
        console.say(f"  {index}, {audit.thresholds}")
