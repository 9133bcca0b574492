"""``facerec verify``: whether this is the same person, or the person enrolled under a name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, At, Device, FaceOption, Fmr, MinFaceSize, Model, ModelFiles, examples, option

if TYPE_CHECKING:
    from facerec.types import Verification

EXAMPLES = examples(
    "facerec verify a.jpg b.jpg",
    "facerec verify a.jpg b.jpg --fmr 0.01 --json",
    'facerec verify door.jpg --gallery people.db --name "Ada Lovelace"',
)


def verify(
    probe: Annotated[Path, typer.Argument(metavar="PROBE", help="The photo in question.")],
    reference: Annotated[
        Path | None,
        typer.Argument(
            metavar="REFERENCE", help="The photo to compare it with; or give --gallery and --name.", show_default=False
        ),
    ] = None,
    *,
    gallery: Annotated[
        Path | None, option("--gallery -g FILE", "Compare with somebody enrolled in this gallery.")
    ] = None,
    name: Annotated[str | None, option("--name TEXT", "Who of the gallery is claimed.")] = None,
    face: FaceOption = "largest",
    as_json: AsJson = False,
    at: At = None,
    fmr: Fmr = None,
    model: Model = None,
    min_face_size: MinFaceSize = 40,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Decide whether two photos show the same person, or a photo shows somebody enrolled.

    A face that is too small, too blurred or too uncertain is not guessed at: the answer is then "undecided", with the
    reason. A decision about somebody enrolled is written to the gallery's log.

    Exit status: 0 match, 1 no match or undecided, 2 error.
    """
    from facerec.cli.recognition import chosen_point, load_recognizer, model_of
    from facerec.errors import ArgumentError
    from facerec.gallery import open_gallery

    if (reference is None) == (gallery is None) or (gallery is None) != (name is None):
        message = "verify takes two photos, or one photo with --gallery and --name; see: facerec verify --help"
        raise ArgumentError(message)
    if gallery is not None:
        model = model_of(gallery, model)
    recognizer = load_recognizer(
        model,
        model_files=model_files,
        device=device,
        min_face_size=min_face_size,
        photos=[probe] if reference is None else [probe, reference],
        at=at,
        fmr=fmr,
    )
    point = chosen_point(recognizer, at=at, fmr=fmr)
    if gallery is None:
        outcome = recognizer.verify(probe, str(reference), at=point, choice=face)
        compared: dict[str, object] = {"probe": str(probe), "reference": str(reference)}
    else:
        with open_gallery(gallery) as people:
            outcome = recognizer.verify_person(probe, str(name), people, at=point, choice=face)
        compared = {"probe": str(probe), "gallery": str(gallery), "name": name}
    if as_json:
        console.document(
            {
                **outcome.to_dict(),
                **compared,
                "target_fmr": outcome.operating_point.target_fmr,
                "model": recognizer.embedder.name,
                "matcher": recognizer.matcher.to_dict(),
            }
        )
    else:
        _print(outcome)
    raise typer.Exit(0 if outcome else 1)


def _print(outcome: Verification) -> None:
    point = outcome.operating_point
    relation = "≥" if point.accepts(outcome.score) else "<"
    console.say_decision(outcome.decision, f"  score {outcome.score:.4f} {relation} threshold {point.threshold:.4f}")
    console.say(f"  {outcome.strangers_in_words}")
    for problem in outcome.problems:
        console.say(f"  {problem}")
    console.say_point(point)
    for line in outcome.notes:
        console.say(f"  note: {line}")
