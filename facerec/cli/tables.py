"""``facerec score``: a table of scores, from pairs of photos of known people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, FaceOption, Model, argument, examples, grouped, option
from facerec.cli.outputs import SCORES, output
from facerec.cli.paths import must_be_table
from facerec.cli.recognition import GatedNetworks
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.measure.photo_vectors import PhotoFailures

_SHOWN = 5

Root = Annotated[
    Path | None,
    option("--root DIR", "The folder that the photos' paths start from; by default the one that the table is in."),
]
SCORE_EXAMPLES = examples(
    "facerec score pairs.csv --out scores.csv",
    "facerec score pairs.csv --root photos/ --out scores.parquet --face largest",
    "facerec score pairs.csv --root photos/ --vectors vectors/ --out scores.parquet",
)


@grouped
def score(
    pairs: Annotated[
        Path,
        argument("PAIRS.csv", "Columns probe_image, reference_image, and probe_subject, reference_subject or genuine."),
    ],
    *,
    out: Annotated[Path, output("SCORES", "Where to write the table: .csv or .parquet.", SCORES)],
    root: Root = None,
    vectors: Annotated[
        Path | None,
        option(
            "--vectors TABLE",
            "What facerec embed made of the same photos, a table or a folder of parts: no photo is read, and its "
            "model, gate and choice of face count.",
        ),
    ] = None,
    face: FaceOption = "main",
    as_json: AsJson = False,
    model: Model = None,
    networks: GatedNetworks,
) -> None:
    """Score pairs of photos: cosine similarity, larger where two faces are more alike.

    Each photo is read once. A pair with a photo that cannot be read, or without a face, stays in the table with an
    empty score, and so does one whose face the quality gate refuses; how many there are is printed.
    """
    if vectors is not None:
        if model is not None or face != "main" or networks.no_gate or networks.runtime is not None:
            message = "--vectors brings its model, gate and faces; leave out --model, --runtime, --no-gate and --face"
            raise ArgumentError(message)
        _score_by_vectors(pairs, out, root, vectors, as_json=as_json)
        return
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


def _score_by_vectors(pairs: Path, out: Path, root: Path | None, vectors: Path, *, as_json: bool) -> None:
    from facerec.measure import tables
    from facerec.measure.datasets import pairs_csv
    from facerec.measure.tables.score_table import both_sides
    from facerec.measure.tables.vector_table import read_vectors

    table = pairs_csv(pairs, root=root)
    must_be_table(out)
    found = read_vectors(vectors)
    failures = (
        dict(zip(found.photos["photo"], found.photos["failure"], strict=True)) if "failure" in found.photos else None
    )
    scored = tables.score_vectors(table, found.by_photo(), matcher=found.matcher, failures=failures)
    tables.write(scored, out)
    photos, without_score = both_sides(table, "image").nunique(), int(scored["score"].isna().sum())
    counts = {"scores": out, "pairs": len(scored), "pairs_without_score": without_score, "images": photos}
    console.answer(
        {**counts, "matcher": found.matcher},
        f"{out}: {len(scored)} pairs of {photos} photos, {without_score} without a score",
        as_json=as_json,
        written=out,
    )


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
