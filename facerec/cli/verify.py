"""``facerec verify``: whether this is the same person, or the person enrolled under a name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console, recognition
from facerec.cli.deciding import decider
from facerec.cli.opening import Charged
from facerec.cli.options import (
    AsJson,
    FaceOption,
    Model,
    NoLog,
    Why,
    argument,
    examples,
    grouped,
    option,
    place_of_gallery,
    setting,
)
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.types import Verification

EXAMPLES = examples(
    "facerec verify a.jpg b.jpg",
    "facerec verify a.jpg b.jpg --why",
    "facerec verify a.jpg b.jpg --fmr 0.01 --json",
    'facerec verify door.jpg --gallery people.db --name "Ada Lovelace"',
)


@grouped
def verify(
    probe: Annotated[Path, argument("PROBE", "The photo in question.")],
    reference: Annotated[
        Path | None, argument("REFERENCE", "The photo to compare it with; or give --gallery and --name.")
    ] = None,
    *,
    gallery: Annotated[
        Path | None,
        setting(
            "--gallery -g FILE",
            "Compare with somebody enrolled in this gallery.",
            envvar="FACEREC_GALLERY",
            parser=place_of_gallery,
        ),
    ] = None,
    name: Annotated[str | None, option("TEXT", "Who of the gallery is claimed.")] = None,
    no_log: NoLog = False,
    face: FaceOption = "main",
    why: Why = False,
    as_json: AsJson = False,
    threshold: recognition.Threshold,
    model: Model = None,
    networks: recognition.GatedNetworks,
    charged: Charged,
) -> None:
    """Decide whether two photos show the same person, or a photo shows somebody enrolled.

    A face that is too small, too blurred or too uncertain is not guessed at: the answer is then "undecided", with the
    reason. A decision about somebody enrolled is written to the gallery's log. The score is no probability: how often
    the threshold errs stands beside it, and --why tells what that rests on.

    Exit status: 0 match, 1 no match or undecided, 2 error.
    """
    from facerec.photos import reader

    if (reference is None) == (gallery is None) or (gallery is None) != (name is None):
        message = "verify takes two photos, or one photo with --gallery and --name; see: facerec verify --help"
        raise ArgumentError(message)
    if gallery is None and no_log:
        message = "two photos are compared without a log anyhow; --no-log needs --gallery"
        raise ArgumentError(message)
    with decider(gallery, model, networks, threshold, charged) as deciding:
        for photo in filter(None, (probe, reference)):
            reader.check(photo)
        matcher = deciding.load()
        compared: dict[str, object] = {"probe": probe}
        if reference is not None:
            outcome = deciding.compare(probe, reference, choice=face)
            compared |= {"reference": reference}
        else:
            outcome = deciding.claim(probe, str(name), choice=face, logged=not no_log)
            compared |= {"gallery": gallery, "name": name}
    if as_json:
        used = {"model": matcher.embedder, "matcher": matcher}
        console.document({**outcome.to_dict(), **compared, "target_fmr": outcome.operating_point.target_fmr, **used})
    else:
        (_explain if why else _print)(outcome)
    raise typer.Exit(0 if outcome else 1)


def _print(outcome: Verification) -> None:
    from facerec.types.in_short import telling_notes, verification_in_short

    console.say_decision(outcome.decision, f"  {verification_in_short(outcome)}")
    for line in telling_notes(outcome.notes):
        console.say(f"  note: {line}")


def _explain(outcome: Verification) -> None:
    point = outcome.operating_point
    relation = "≥" if point.accepts(outcome.score) else "<"
    console.say_decision(outcome.decision, f"  score {outcome.score:.4f} {relation} threshold {point.threshold:.4f}")
    console.say(f"  {outcome.strangers_in_words}")
    for problem in outcome.problems:
        console.say(f"  {problem}")
    console.say_point(point)
    if outcome.expected_in_words:
        console.say(f"  {outcome.expected_in_words}")
    for line in outcome.notes:
        console.say(f"  note: {line}")
    if outcome.runtime is not None:
        console.say(f"  run by {outcome.runtime}")
