"""``facerec calibrate``: operating points from a score table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facerec.cli import console, documents
from facerec.cli.options import AsJson, Device, MinFaceSize, Model, ModelFiles, examples, option

EXAMPLES = examples(
    "facerec calibrate scores.csv --fmr 0.01 --fmr 0.001 --out points.json --data-set ours",
    "facerec verify a.jpg b.jpg --at points.json --fmr 0.001",
)


def calibrate(
    table: Annotated[
        Path, typer.Argument(metavar="SCORES", help="A score table made by facerec score or evaluate lfw.")
    ],
    *,
    fmr: Annotated[list[float], option("--fmr RATE", "The false match rate to keep to; may be given several times.")],
    out: Annotated[Path, option("--out POINT.json", "Where to write the operating points.")],
    data_set: Annotated[
        str | None,
        option(
            "--data-set TEXT",
            "What the pairs are, and how its impostors were chosen; by default the table's file name.",
        ),
    ] = None,
    as_json: AsJson = False,
    model: Model = None,
    min_face_size: MinFaceSize = 40,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Measure the threshold that keeps the false match rate at a target.

    The point is bound to the embedder and the detector that made the scores: give the same --model and
    --min-face-size as then. With fewer than 30 expected false matches the threshold is indicative only, and is said
    to be so.
    """
    from facerec.cli.recognition import load_recognizer
    from facerec.measure.operating_points import calibrate as measure
    from facerec.measure.operating_points import is_indicative
    from facerec.measure.tables import read
    from facerec.points import write_points

    rows = read(table)
    recognizer = load_recognizer(model, model_files=model_files, device=device, min_face_size=min_face_size)
    points = [
        measure(
            rows,
            target,
            data_set=data_set or table.name,
            detector=recognizer.detector.name,
            alignment=recognizer.embedder.crop.name,
            embedder=recognizer.embedder.name,
            embedder_digest=recognizer.embedder.digest,
        )
        for target in sorted(set(fmr), reverse=True)
    ]
    write_points(points, out)
    for point in points:
        if is_indicative(point):
            console.note(
                f"{point.name} is indicative only: {point.target_fmr * point.fmr.trials:.3g} false matches are "
                "expected in this table, 30 make a reliable threshold"
            )
    if as_json:
        told = [{**documents.operating_point(point), "indicative": is_indicative(point)} for point in points]
        console.document({"points": told, "out": str(out)})
        return
    for point in points:
        console.say(f"{point.name}: threshold {point.threshold:.4f}")
        console.say(f"  false matches      {console.percent(point.fmr)}")
        console.say(f"  false non-matches  {console.percent(point.fnmr)}")
    console.say(f"written to {out}")
