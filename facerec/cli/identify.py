"""``facerec identify``: who of a gallery is on a photo, face by face, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console, recognition
from facerec.cli.opening import Charged
from facerec.cli.options import (
    Annotate,
    AsJson,
    Exclude,
    GalleryFile,
    Model,
    NoLog,
    argument,
    examples,
    grouped,
    option,
)
from facerec.cli.paths import PhotoAnswers

if TYPE_CHECKING:
    from facerec.types import Faces, Identification

EXAMPLES = examples(
    "facerec identify crowd.jpg --gallery people.db",
    "facerec identify photos/ --gallery people.db --annotate marked/",
    "facerec identify door.jpg --gallery people.db --top 3 --json",
)


@grouped
def identify(
    paths: Annotated[list[Path], argument("PHOTO", "Photos, or folders of photos.")],
    *,
    gallery: GalleryFile,
    top: Annotated[int, option("K", "How many candidates to report per face.")] = 5,
    no_log: NoLog = False,
    exclude: Exclude = None,
    annotate: Annotate = None,
    as_json: AsJson = False,
    threshold: recognition.Threshold,
    model: Model = None,
    networks: recognition.GatedNetworks,
    charged: Charged,
) -> None:
    """Decide for every face of a photo who of the gallery it is, or that it is nobody.

    The threshold's false match rate holds for one comparison; a face is compared with everybody enrolled, so the
    share of strangers who are taken for somebody grows with the gallery, and is printed. Matches are written to the
    gallery's log. A photo that cannot be read is reported in its place and the others go on.

    Exit status: 0 somebody was identified, 1 nobody, 2 a photo could not be read, or another error.
    """
    from facerec.photos import reader
    from facerec.photos.folders import find_photos

    walked = find_photos(paths, exclude=exclude or ())
    found = walked.photos
    single = list(found) == paths and len(paths) == 1
    console.say_left_out(walked.left_out)
    model = recognition.model_of(gallery, model, runtime=networks.runtime)
    chosen = threshold.point(model, networks.detector, networks.runtime)
    if single:
        reader.check(found[0])
    recognizer = networks.load(model)
    point, notes = recognizer.deciding_point(chosen)
    answers = PhotoAnswers(found, annotate, as_json=as_json)
    identified = comparisons = 0
    searched: int | None = None
    said = dict.fromkeys(notes)  # each once, in order
    with charged.open(gallery) as people:
        for photo, faces in answers.read(recognizer.stream(found), "identifying", only=single):
            outcomes = recognizer.identify_faces(faces, people, at=point, top=top, logged=not no_log)
            identified += sum(map(bool, outcomes))
            for outcome in outcomes:
                searched, comparisons = outcome.gallery_size, outcome.comparisons
                said |= dict.fromkeys(outcome.notes)
            entry = {"photo": photo, "notes_on_photo": faces.reading, "faces": list(outcomes)}
            entry |= answers.marked(photo, outcomes)
            answers.tell(entry, *_lines(faces, outcomes))
    expected = point.expected_fpir(comparisons) if searched is not None else None  # without a face nobody is searched
    if as_json:
        rest = {
            "threshold": point.threshold,
            "target_fmr": point.target_fmr,
            "model": recognizer.embedder.name,
            "gallery_size": searched,
            "expected_fpir": expected,
            "operating_point": point,
            "matcher": recognizer.matcher,
            "notes": notes,
            "files_left_out": walked.left_out,
        }
        console.document({**(answers.entries[0] if single else {"photos": answers.entries}), **rest})
    else:
        console.say_point(point)
        if searched and expected is not None:
            console.say(
                f"  searched {console.counted(searched, 'person', 'people')}; about {expected.value:.2g} of strangers "
                f"are expected to match someone (95 %: {expected.low:.2g} … {expected.high:.2g})"
            )
        for line in said:
            console.say(f"  note: {line}")
    answers.finish()
    raise typer.Exit(0 if identified else 1)


def _lines(faces: Faces, outcomes: Sequence[Identification]) -> list[str]:
    lines = [faces.source if len(faces) else f"{faces.source}  no face"]
    for outcome, look in zip(outcomes, faces.detections.looks, strict=True):
        left, top, right, bottom = (round(float(edge)) for edge in outcome.box)
        who = outcome.name or {"no match": "nobody enrolled"}.get(outcome.decision, outcome.decision)
        place = f"face of {right - left} × {bottom - top} pixels at ({left}, {top})"
        place = ", ".join(filter(None, (place, str(look))))  # the first look says nothing of itself
        near = ", ".join(f"{each.name} {each.score:.3f}" for each in outcome.candidates)
        lines.append(f"  {who}  {place}; nearest: {near or 'nobody'}")
        lines += [f"    {line}" for line in (outcome.strangers_in_words, *outcome.problems)]
    return [*lines, *(f"  note: {note}" for note in faces.reading)]
