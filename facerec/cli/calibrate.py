"""``facerec calibrate``: operating points from a score table, or from all pairs of vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, NamedModel, examples, flag, grouped, option
from facerec.cli.outputs import POINTS, output
from facerec.cli.recognition import Networks
from facerec.cli.table_options import Columns, ScoresFiles

EXAMPLES = examples(
    "facerec calibrate scores.csv --fmr 0.01 --fmr 0.001 --out points.json --data-set ours",
    "facerec calibrate vectors.parquet --all-pairs --fmr 0.0001 --out points.json",
    "facerec verify a.jpg b.jpg --at points.json --fmr 0.001",
)


@grouped
def calibrate(
    scores: ScoresFiles,
    *,
    fmr: Annotated[list[float], option("RATE", "The false match rate to keep to; may be given several times.")],
    out: Annotated[Path, output("POINT.json", "Where to write the operating points.", POINTS)],
    data_set: Annotated[
        str | None,
        option("TEXT", "What the pairs are, and how its impostors were chosen; by default the table's file name."),
    ] = None,
    all_pairs: Annotated[
        bool,
        flag(
            "--all-pairs",
            "SCORES are vectors (facerec embed): every photo is compared with every other, and no pair written down.",
        ),
    ] = False,
    asserted_by: Annotated[
        str | None,
        option(
            "WHO",
            "For a table without a stamp: who says that --model, with this detector, made the scores. Every decision "
            "at the point repeats it.",
        ),
    ] = None,
    as_json: AsJson = False,
    model: NamedModel = None,
    columns: Columns,
    networks: Networks,
) -> None:
    """Measure the threshold that keeps the false match rate at a target.

    What made the scores is read from the table, which facerec stamps. A table without a stamp gives a point for a
    matcher of its own, at which nothing is decided here, unless --model and --asserted-by vouch for it. With fewer
    than 30 expected false matches the threshold is indicative only, and is said to be so.
    """
    from facerec.errors import ArgumentError
    from facerec.measure.operating_points import calibrate as measure
    from facerec.measure.operating_points import calibrate_vectors
    from facerec.measure.tables.completed import complete, table_notes
    from facerec.measure.tables.vector_table import read_vectors
    from facerec.points import write_points

    if (model is None) != (asserted_by is None):
        message = (
            "what made the scores stands in the table; for one without a stamp, give --model NAME together with "
            "--asserted-by WHO, who vouches for it"
        )
        raise ArgumentError(message)
    if columns.distance:
        message = "a point is a threshold on cosine similarities; turn distances into them first (1 − cosine distance)"
        raise ArgumentError(message)
    targets, named = sorted(set(fmr), reverse=True), ", ".join(path.name for path in scores)
    if all_pairs:
        vectors = read_vectors(scores, layout=columns.layout)
        asserted = None if model is None else networks.load(model).matcher
        with console.progress("comparing") as progress:
            points = list(
                calibrate_vectors(
                    vectors,
                    targets,
                    data_set=data_set or f"{named}, all pairs of {int(vectors.embedded.sum()):,} photos",
                    asserted=asserted,
                    asserted_by=asserted_by or "",
                    progress=progress,
                )
            )
        write_points(points, out)
    else:
        rows = columns.read(scores)
        asserted = None if model is None else networks.load(model).matcher
        points = [
            measure(
                rows,
                target,
                data_set=data_set or named,
                asserted=asserted,
                asserted_by=asserted_by or "",
                accept_reversed=columns.accept_reversed,
            )
            for target in targets
        ]
        write_points(points, out)
        for note in table_notes(complete(rows)):
            console.tell(f"note: {note}")
    for point in points:
        if point.is_indicative:
            console.tell(
                f"{point.name} is indicative only: {point.target_fmr * point.fmr.trials:.3g} false matches are "
                "expected in this table, 30 make a reliable threshold"
            )
    if as_json:
        console.wrote(out)
        console.document({"points": points, "out": out})
        return
    if not points[0].matcher.is_known:
        console.tell(
            "the table carries no stamp: the points are for a matcher of its own, and nothing is decided on them"
        )
    for point in points:
        console.say(f"{point.name}: threshold {point.threshold:.4f}")
        console.say(f"  false matches      {console.percent(point.fmr)}")
        console.say(f"  false non-matches  {console.percent(point.fnmr)}")
    console.say(f"written to {out}")
