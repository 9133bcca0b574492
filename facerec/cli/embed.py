"""``facerec embed``: a table of vectors from photos of known people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Device, FaceOption, MinFaceSize, Model, ModelFiles, NoGate, examples, option
from facerec.cli.tables import failures_document, refuse_unwritable, report

if TYPE_CHECKING:
    import pandas as pd

    from facerec.measure.photo_vectors import PhotoVectors
    from facerec.measure.tables.vector_table import Row

EXAMPLES = examples(
    "facerec embed photos.csv --out vectors.parquet",
    "facerec embed photos.csv --root photos/ --out vectors.csv --face largest",
)


def embed(
    photos: Annotated[
        Path,
        typer.Argument(
            metavar="PHOTOS.csv", help="Columns image and subject; others, such as gender, are kept in the table."
        ),
    ],
    *,
    out: Annotated[Path, option("--out VECTORS", "Where to write the table: .parquet or .csv.")],
    root: Annotated[
        Path | None,
        option("--root DIR", "The folder that the photos' paths start from; by default the one that PHOTOS.csv is in."),
    ] = None,
    face: FaceOption = "central",
    no_gate: NoGate = False,
    as_json: AsJson = False,
    model: Model = None,
    min_face_size: MinFaceSize = 40,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Embed photos of known people: one row per photo, with the vector of its face.

    The table is what facerec audit mitigation reads. A photo that cannot be read, without a face, or whose face the
    quality gate refuses stays as a row without a vector; how many there are is printed. Vectors of faces are biometric
    data: keep them like the photos.
    """
    from facerec.cli.recognition import load_recognizer
    from facerec.measure.datasets import photos_csv
    from facerec.measure.photo_vectors import PhotoVectors
    from facerec.measure.tables.vector_table import write_vectors
    from facerec.quality import NO_GATE

    table = photos_csv(photos, root=root)
    refuse_unwritable(out)
    recognizer = load_recognizer(model, model_files=model_files, device=device, min_face_size=min_face_size)
    if no_gate:
        recognizer.gate = NO_GATE
    columns = ["photo", *(name for name in table.columns if name != "image"), "failure"]
    with console.progress("embedding") as progress:
        vectors = PhotoVectors(
            recognizer, table["image"].tolist(), photos.parent if root is None else root, face, progress
        )
        write_vectors(
            _rows(table, vectors),
            out,
            columns=columns,
            dimension=recognizer.embedder.dimension,
            matcher=recognizer.matcher,
        )
    failures = vectors.failures
    report(failures)
    people = int(table["subject"].nunique())
    if as_json:
        console.document(
            {
                "vectors": str(out),
                "photos": len(table),
                "photos_without_vector": len(failures),
                "people": people,
                "dimension": recognizer.embedder.dimension,
                **failures_document(failures),
                "matcher": recognizer.matcher.to_dict(),
            }
        )
    else:
        console.say(f"{out}: {len(table)} photos of {people} people, {len(failures)} without a vector")


def _rows(table: pd.DataFrame, vectors: PhotoVectors) -> Iterator[Row]:
    texts = table.rename(columns={"image": "photo"})
    for row, (image, vector) in zip(texts.itertuples(index=False, name=None), vectors, strict=True):
        yield {**dict(zip(texts.columns, row, strict=True)), "failure": vectors.failure_of(image)}, vector
