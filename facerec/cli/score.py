"""``facerec score``: a score table from pairs of photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Device, FaceOption, MinFaceSize, Model, ModelFiles, NoGate, examples, option
from facerec.cli.tables import failures_document, refuse_unwritable, report

EXAMPLES = examples(
    "facerec score pairs.csv --out scores.csv",
    "facerec score pairs.csv --root photos/ --out scores.parquet --face largest",
)


def score(
    pairs: Annotated[
        Path,
        typer.Argument(
            metavar="PAIRS.csv",
            help="Columns probe_image, reference_image, and probe_subject, reference_subject or genuine.",
        ),
    ],
    *,
    out: Annotated[Path, option("--out SCORES", "Where to write the table: .csv or .parquet.")],
    root: Annotated[
        Path | None,
        option("--root DIR", "The folder that the photos' paths start from; by default the one that PAIRS.csv is in."),
    ] = None,
    face: FaceOption = "central",
    no_gate: NoGate = False,
    as_json: AsJson = False,
    model: Model = None,
    min_face_size: MinFaceSize = 40,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Score pairs of photos: cosine similarity, larger where two faces are more alike.

    Each photo is read once. A pair with a photo that cannot be read, or without a face, stays in the table with an
    empty score, and so does one whose face the quality gate refuses; how many there are is printed.
    """
    from facerec.cli.recognition import load_recognizer
    from facerec.measure import tables
    from facerec.measure.datasets import pairs_csv
    from facerec.measure.evaluation import score_pairs
    from facerec.quality import NO_GATE

    table = pairs_csv(pairs, root=root)
    refuse_unwritable(out)
    recognizer = load_recognizer(model, model_files=model_files, device=device, min_face_size=min_face_size)
    if no_gate:
        recognizer.gate = NO_GATE
    with console.progress("scoring") as progress:
        scored, failures = score_pairs(
            recognizer, table, pairs.parent if root is None else root, choice=face, progress=progress
        )
    tables.write(scored, out)
    without_score = int(scored["score"].isna().sum())
    report(failures)
    if as_json:
        console.document(
            {
                "scores": str(out),
                "pairs": len(scored),
                "pairs_without_score": without_score,
                **failures_document(failures),
                "matcher": recognizer.matcher.to_dict(),
            }
        )
    else:
        console.say(f"{out}: {len(scored)} pairs of {failures.photos} photos, {without_score} without a score")
