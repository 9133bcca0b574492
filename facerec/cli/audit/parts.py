"""``facerec audit part`` and ``merge``: a table summed up in parts, on as many machines as there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.audit.verification import deliver
from facerec.cli.options import AsJson, examples, grouped
from facerec.cli.outputs import SUMS, output
from facerec.errors import ArgumentError

PART_EXAMPLES = examples(
    "facerec audit part scores-1.parquet --by race --at points.json --fmr 0.001 --out part-1.npz",
    "facerec audit part parts/ --by gender --by race,gender --at-threshold 0.5 --out part-2.npz",
)
MERGE_EXAMPLES = examples(
    "facerec audit merge part-1.npz part-2.npz --out report/",
    "facerec audit merge part-*.npz --policy policy.toml --json",
)


@grouped
def part(
    scores: Annotated[
        list[Path],
        typer.Argument(
            metavar="TABLE", help="A share of a score table: .parquet, .csv, .tsv, .txt, or folders of such."
        ),
    ],
    *,
    by: options.By = None,
    threshold: options.Threshold,
    calibration: options.Calibration = None,
    out: Annotated[Path, output("--out FILE", "Write the sums to this file, .npz.", SUMS)],
    processes: options.Processes = None,
    columns: options.Columns,
    as_json: AsJson = False,
) -> None:
    """Sum up a share of a score table, to be merged with others: facerec audit merge.

    A part holds counts by cell of groups, by person and by couple, never a comparison; it is as personal as the table.
    """
    from audits.verification.streamed import sum_tables
    from facerec.measure.sums.files import content_digest, write_sums

    if threshold.at_fmr is not None and calibration is None:
        message = (
            "a part cannot choose the threshold of the whole: give --at-threshold VALUE, --at POINT.json, or "
            "--at-fmr RATE with --calibration SCORES2"
        )
        raise ArgumentError(message)
    if out.suffix.lower() != ".npz":
        message = f"{out}: the name of a part ends in .npz"
        raise ArgumentError(message)
    tables = columns.tables(scores)
    at = threshold.chosen(columns, tables.head(), calibration)
    sums = sum_tables(
        tables,
        by=options.groupings(by or ()),
        at=at,
        origin=threshold.origin(calibration),
        processes=options.process_count(processes),
        sources=True,
    )
    write_sums(sums, out)
    pairs, people = int(sums.groupings[0].table[0].sum()), len(sums.people)
    if as_json:
        console.document({"file": str(out), "pairs": pairs, "people": people, "sha256": content_digest(sums)})
        return
    console.say(f"{pairs:,} pairs of {people:,} people summed up in {out}")


@grouped
def merge(
    parts: Annotated[list[Path], typer.Argument(metavar="PARTS", help="Files of facerec audit part, in any order.")],
    *,
    asked: options.Asked,
    replicates: options.Replicates = 1000,
    seed: options.Seed = 0,
    sums: Annotated[
        Path | None,
        output("--sums FILE", "Write what the parts add up to, as a part of something larger, .npz.", SUMS),
    ] = None,
    written: options.SharedReport,
) -> None:
    """Add up parts of a score table, and audit the whole: the same numbers, in whatever order they are named.

    Parts that were made with something else, or hold the same rows, are refused. Exit status as of audit verification.
    """
    from audits.verification.streamed import add_up, audit_summed
    from facerec.measure.sums.files import read_sums, write_sums

    policy, confidence, by = asked.read()
    limits = written.limits()
    whole = add_up((path, read_sums(path)) for path in parts)
    there = [each.by for each in whole.groupings if each.by]
    if odd := [name for name in by if name not in there]:
        message = f"the parts were not summed up by {', '.join(odd)}, but by {', '.join(there) or 'nothing'}"
        raise ArgumentError(message)
    if sums is not None:
        write_sums(whole, sums)
    from audits.gate.plan import EXPLORATORY

    audit = audit_summed(whole, confidence=confidence, replicates=replicates, seed=seed)
    files: dict[str, Any] = {"parts": parts}
    asked.finish(deliver(audit, whole, policy, written, EXPLORATORY, limits=limits, policy_file=asked.policy, **files))
