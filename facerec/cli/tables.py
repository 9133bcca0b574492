"""``facerec score`` and ``facerec embed``: tables of scores and of vectors, from photos of known people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, FaceOption, Model, argument, examples, grouped, option
from facerec.cli.paths import must_be_table
from facerec.cli.recognition import GatedNetworks

if TYPE_CHECKING:
    import pandas as pd

    from facerec.measure.photo_vectors import PhotoFailures, PhotoVectors
    from facerec.measure.tables.vector_table import Row

_SHOWN = 5

Root = Annotated[
    Path | None,
    option("--root DIR", "The folder that the photos' paths start from; by default the one that the table is in."),
]
SCORE_EXAMPLES = examples(
    "facerec score pairs.csv --out scores.csv",
    "facerec score pairs.csv --root photos/ --out scores.parquet --face largest",
)
EMBED_EXAMPLES = examples(
    "facerec embed photos.csv --out vectors.parquet",
    "facerec embed photos.csv --root photos/ --out vectors.csv --face largest",
)


@grouped
def score(
    pairs: Annotated[
        Path,
        argument("PAIRS.csv", "Columns probe_image, reference_image, and probe_subject, reference_subject or genuine."),
    ],
    *,
    out: Annotated[Path, option("SCORES", "Where to write the table: .csv or .parquet.")],
    root: Root = None,
    face: FaceOption = "main",
    as_json: AsJson = False,
    model: Model = None,
    networks: GatedNetworks,
) -> None:
    """Score pairs of photos: cosine similarity, larger where two faces are more alike.

    Each photo is read once. A pair with a photo that cannot be read, or without a face, stays in the table with an
    empty score, and so does one whose face the quality gate refuses; how many there are is printed.
    """
    from facerec.measure import tables
    from facerec.measure.datasets import pairs_csv
    from facerec.measure.evaluation import score_pairs

    table = pairs_csv(pairs, root=root)
    must_be_table(out)
    recognizer = networks.load(model)
    with console.progress("scoring") as progress:
        scored, failures = score_pairs(recognizer, table, root or pairs.parent, choice=face, progress=progress)
    tables.write(scored, out)
    without_score = int(scored["score"].isna().sum())
    say_failures(failures)
    counts = {"scores": out, "pairs": len(scored), "pairs_without_score": without_score}
    console.answer(
        {**counts, **failures_document(failures), "matcher": recognizer.matcher},
        f"{out}: {len(scored)} pairs of {failures.photos} photos, {without_score} without a score",
        as_json=as_json,
        written=out,
    )


@grouped
def embed(
    photos: Annotated[
        Path, argument("PHOTOS.csv", "Columns image and subject; others, such as gender, are kept in the table.")
    ],
    *,
    out: Annotated[Path, option("VECTORS", "Where to write the table: .parquet or .csv.")],
    root: Root = None,
    face: FaceOption = "main",
    as_json: AsJson = False,
    model: Model = None,
    networks: GatedNetworks,
) -> None:
    """Embed photos of known people: one row per photo, with the vector of its face.

    The table is what facerec audit mitigation reads. A photo that cannot be read, without a face, or whose face the
    quality gate refuses stays as a row without a vector; how many there are is printed. Vectors of faces are biometric
    data: keep them like the photos.
    """
    from facerec.measure.datasets import photos_csv
    from facerec.measure.photo_vectors import PhotoVectors
    from facerec.measure.tables.vector_table import write_vectors

    table = photos_csv(photos, root=root)
    must_be_table(out)
    recognizer = networks.load(model)
    dimension, matcher = recognizer.embedder.dimension, recognizer.matcher
    columns = ["photo", *(name for name in table.columns if name != "image"), "failure"]
    with console.progress("embedding") as progress:
        vectors = PhotoVectors(recognizer, table["image"].tolist(), root or photos.parent, face, progress)
        write_vectors(_rows(table, vectors), out, columns=columns, dimension=dimension, matcher=matcher)
    failures = vectors.failures
    say_failures(failures)
    people = int(table["subject"].nunique())
    counts = {"vectors": out, "photos": len(table), "photos_without_vector": len(failures), "people": people}
    console.answer(
        {**counts, "dimension": dimension, **failures_document(failures), "matcher": matcher},
        f"{out}: {len(table)} photos of {people} people, {len(failures)} without a vector",
        as_json=as_json,
        written=out,
    )


def _rows(table: pd.DataFrame, vectors: PhotoVectors) -> Iterator[Row]:
    texts = table.rename(columns={"image": "photo"})
    for row, (image, vector) in zip(texts.itertuples(index=False, name=None), vectors, strict=True):
        yield {**dict(zip(texts.columns, row, strict=True)), "failure": vectors.failure_of(image)}, vector


def failures_document(failures: PhotoFailures) -> dict[str, object]:
    """The photos that failed, as JSON: how many, and the first few of each kind; and what is to say of photos."""
    return {
        "images": failures.photos,
        "images_unreadable": len(failures.unreadable),
        "images_without_face": len(failures.without_face),
        "images_with_several_faces": len(failures.several_faces),
        "images_refused": len(failures.refused),
        "first_unreadable": dict(list(failures.unreadable.items())[:_SHOWN]),
        "first_without_face": failures.without_face[:_SHOWN],
        "first_with_several_faces": failures.several_faces[:_SHOWN],
        "first_refused": dict(list(failures.refused.items())[:_SHOWN]),
        "notes_on_photos": list(failures.remarks),
    }


def say_failures(failures: PhotoFailures) -> None:
    """Say on stderr how many photos failed, and name the first few; and what there is to say of photos, by kind."""
    from facerec.photos.reader import name_of

    of = f"of {failures.photos} photos"
    if failures.unreadable:
        reasons = [f"  {reason}" for reason in list(failures.unreadable.values())[:_SHOWN]]
        console.note(f"{len(failures.unreadable)} {of} could not be read:", *reasons)
    for photos, what in (
        (failures.without_face, "show no face to compare"),
        (failures.several_faces, "show several faces, none of which --face means for sure"),
    ):
        if photos:
            more = " …" if len(photos) > _SHOWN else ""
            console.note(f"{len(photos)} {of} {what}: {', '.join(map(name_of, photos[:_SHOWN]))}{more}")
    if failures.refused:
        reasons = [f"  {reason}" for reason in list(failures.refused.values())[:_SHOWN]]
        console.note(f"{len(failures.refused)} {of} were refused by the quality gate:", *reasons)
    console.say_remarks(failures.remarks, failures.photos)
