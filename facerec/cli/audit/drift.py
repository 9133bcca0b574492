"""``facerec audit drift``: what changed for whom between two score tables of the same pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.audit.columns import Columns
from facerec.cli.grouped import grouped
from facerec.cli.options import AsJson, examples, option
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from audits.rate_changes import DriftAudit

EXAMPLES = examples(
    "facerec audit drift before.csv after.csv --by gender --at-fmr 1e-3 --out report/",
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

    def __post_init__(self) -> None:
        if self.at_threshold is None and self.at_threshold_after is not None:
            message = "--at-threshold-after needs --at-threshold"
            raise ArgumentError(message)


@grouped
def drift(
    context: typer.Context,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A score table: .csv or .parquet.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The scores of the same pairs by another matcher.")],
    *,
    by: options.By = None,
    thresholds: Thresholds,
    claims: options.Claims,
    replicates: options.Replicates = 1000,
    seed: options.Seed = 0,
    as_json: AsJson = False,
    columns: Columns,
    written: options.FullReport,
) -> None:
    """Audit a change of matcher: paired changes of FMR, FNMR and FTA by group, with intervals.

    Exit status: 0 unless a policy is given; then 0 pass, 1 fail, 3 insufficient evidence. An error is 2.
    """
    from audits.vendor import read_vendor

    policy, confidence = claims.read()
    chosen = thresholds.chosen(columns)
    tables = read_vendor(before, columns.named()), read_vendor(after, columns.named())
    # What judges and writes takes longer to import than a mistake in a file takes to be found.
    from audits.drift import audit_drift
    from audits.report import write_report
    from audits.report.claims import verdict_document
    from audits.report.drift_document import drift_document
    from audits.verdict import judge

    audit = audit_drift(
        *tables,
        by=options.groupings(by, policy),
        at=chosen,
        after_at=thresholds.at_threshold_after,
        distance=columns.distance,
        confidence=confidence,
        replicates=replicates,
        seed=seed,
    )
    verdict = None if policy is None else judge(policy, drift=audit)
    files: tuple[Path, ...] = ()
    if written.out is not None:
        from audits.report.drift_page import drift_report

        run = written.run(context, seed, before=before, after=after, policy=claims.policy)
        report = drift_report(audit, run=run, background=written.background(), verdict=verdict)
        files = write_report(report, written.out)
    if as_json:
        document = drift_document(audit, verdict=verdict_document(verdict))
        console.document({**document, "files": [str(path) for path in files]})
    else:
        options.say_verdict(verdict)
        _say(audit)
        options.say_files(files)
    claims.finish(verdict)


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
