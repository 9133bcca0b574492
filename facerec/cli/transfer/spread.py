"""``facerec transfer spread``: distances between faces by group, and what they cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.command_line import command_line
from facerec.cli.options import AsJson, argument, examples, option
from facerec.cli.transfer import options
from facerec.cli.transfer.options import picked

if TYPE_CHECKING:
    from facerec.transfer.spread import Spread

EXAMPLES = examples(
    "facerec transfer spread vectors.parquet --by race --by gender --out spread/",
    "facerec transfer spread vectors.parquet --by race,gender --out spread/",
)


def spread(
    context: typer.Context,
    vectors: Annotated[Path, argument("VECTORS", "A table that facerec embed wrote, with columns of groups.")],
    *,
    by: Annotated[
        list[str],
        option("NAME[,NAME]", "Group by this column, or by several at once: race,gender. May be given several times."),
    ],
    out: Annotated[Path, option("DIR", "Where to write the report.")],
    photos: Annotated[int, option("N", "Photos of each group in the picture of single photos.")] = 25,
    seed: Annotated[int, option("N", "Chooses these photos.")] = 0,
    labels_from: options.LabelsFrom = "",
    vectors_from: Annotated[
        str, option("TEXT", "Which network made the vectors of which photos. The report says it.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Draw distances between faces by group and the spread within groups, and show what they cannot tell.

    No error rate comes out: FMR and FNMR need pairs of known people and a threshold. The report says why, with numbers.
    """
    from facerec.measure.tables.vector_table import read_vectors
    from facerec.transfer.spread import measure_spread, sampled_distances
    from facerec.transfer.spread_page import run_facts, spread_page, write_spread

    options.check_least(photos=(photos, 1), seed=(seed, 0))
    table = read_vectors(vectors)
    with console.progress("measuring distances") as progress:
        spreads = []
        for number, name in enumerate(by):
            spreads.append(measure_spread(table, name))
            progress(number + 1, len(by))
    run = run_facts(command_line(context), vectors, vectors_from=vectors_from)
    page = spread_page(
        spreads,
        sampled_distances(table, by[0], each=photos, seed=seed),
        source=vectors.stem,
        labels_from=labels_from,
        run=run,
    )
    written = write_spread(page, spreads, out, run=run)
    if as_json:
        console.document({"report": str(written.html), "groupings": [_spread_document(each) for each in spreads]})
        return
    for each in spreads:
        rows = [
            (group.group, group.photos, f"{group.distance:.3f}", f"{group.wss:.1f}", f"{group.variance:.4f}")
            for group in each.groups
        ]
        columns = (f"by {each.by}", "photos", "mean distance", "WSS", "WSS / (n - 1)")
        console.table(columns, rows, right=columns[1:])
    mated = spreads[0].mated
    console.say("No error rate follows from these numbers: the report says why.")
    if mated:
        console.say(
            f"The table has {mated:,} pairs of photos of one person: facerec audit verification can judge them."
        )
    console.say(f"report: {written.html}")


def _spread_document(found: Spread) -> dict[str, object]:
    return {
        **picked(found, "by", "mated_pairs=mated", "thresholds"),
        "groups": [
            picked(
                *(each, "group", "photos", "mean_distance=distance", "wss", "variance"),
                *("low=interval.low", "high=interval.high", "alike"),
            )
            for each in found.groups
        ],
        "differences": [
            picked(each, "first", "second", "difference", "p_adjusted=adjusted", "distinguishable")
            for each in found.differences
        ],
    }
