"""``facerec identify``: who of a gallery is on a photo, face by face, or nobody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console, recognition
from facerec.cli.deciding import decider
from facerec.cli.opening import Charged
from facerec.cli.options import (
    Annotate,
    AsCsv,
    AsJson,
    Exclude,
    GalleryFile,
    Model,
    NoLog,
    Why,
    argument,
    examples,
    grouped,
    option,
)
from facerec.cli.paths import PhotoAnswers

if TYPE_CHECKING:
    from facerec.types import ExpectedRate, Identification, Identifications, Look

_COLUMNS = (
    *("decision", "name", "nearest", "score", "threshold", "left", "top", "right", "bottom"),
    *("problems", "notes"),
)
EXAMPLES = examples(
    "facerec identify crowd.jpg --gallery people.db",
    "facerec identify photos/ --gallery people.db --annotate marked/",
    "facerec identify door.jpg --gallery people.db --top 3 --json",
    "facerec identify photos/ --gallery people.db --csv > seen.csv",
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
    why: Why = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    threshold: recognition.Threshold,
    model: Model = None,
    networks: recognition.GatedNetworks,
    charged: Charged,
) -> None:
    """Decide for every face of a photo who of the gallery it is, or that it is nobody.

    The threshold's false match rate holds for one comparison; a face is compared with everybody enrolled, so the
    share of strangers who are taken for somebody grows with the gallery, and is printed; --why tells what it rests on.
    Matches are written to the gallery's log. A photo that cannot be read is reported in its place and the others go on.

    Exit status: 0 somebody was identified, 1 nobody, 2 a photo could not be read, or another error.
    """
    from facerec.photos import reader
    from facerec.photos.folders import find_photos
    from facerec.types.in_short import search_in_short, telling_notes

    walked = find_photos(paths, exclude=exclude or ())
    found = walked.photos
    single = list(found) == paths and len(paths) == 1
    console.say_left_out(walked.left_out)
    identified = comparisons = 0
    searched: int | None = None
    with decider(gallery, model, networks, threshold, charged) as deciding:
        if single:
            reader.check(found[0])
        matcher = deciding.load()
        point, notes = deciding.deciding_point()
        said = dict.fromkeys(notes)  # each once, in order
        answers = PhotoAnswers(found, annotate, as_json=as_json, columns=_COLUMNS if as_csv else None)
        several = deciding.identify(found, at=point, top=top, logged=not no_log)
        for photo, outcomes in answers.read(several, "identifying", only=single):
            identified += sum(map(bool, outcomes))
            for outcome in outcomes:
                searched, comparisons = outcome.gallery_size, outcome.comparisons
                said |= dict.fromkeys(outcome.notes)
            entry = {"photo": photo, "notes_on_photo": outcomes.reading, "faces": list(outcomes)}
            entry |= answers.marked(photo, outcomes)
            answers.tell(entry, *(_explained if why else _lines)(outcomes), rows=map(_cells, outcomes))
    expected = point.expected_fpir(comparisons) if searched is not None else None  # without a face nobody is searched
    if as_json:
        rest = {
            "threshold": point.threshold,
            "target_fmr": point.target_fmr,
            "model": matcher.embedder,
            "gallery_size": searched,
            "expected_fpir": expected,
            "operating_point": point,
            "matcher": matcher,
            "notes": notes,
            "files_left_out": walked.left_out,
        }
        console.document({**(answers.entries[0] if single else {"photos": answers.entries}), **rest})
    else:
        tell = console.tell if as_csv else console.say
        if why and not as_csv:
            console.say_point(point)
        if searched and expected is not None and not as_csv:
            console.say(_searched(searched, expected) if why else search_in_short(point, searched, comparisons))
        for line in said if why else telling_notes(said):
            tell(f"  note: {line}")
    answers.finish()
    raise typer.Exit(0 if identified else 1)


def _searched(people: int, expected: ExpectedRate) -> str:
    searched = console.counted(people, "person", "people")
    return (
        f"  searched {searched}; about {expected.value:.2g} of strangers are expected "
        f"to match someone (95 %: {expected.low:.2g} … {expected.high:.2g})"
    )


def _cells(outcome: Identification) -> tuple[object, ...]:
    from facerec.types.in_short import telling_notes

    nearest = outcome.candidates[0].name if outcome.candidates else None
    score = outcome.score if outcome.candidates else None
    edges = [round(float(edge)) for edge in outcome.box]
    told = (outcome.decision, outcome.name, nearest, score, outcome.threshold, *edges)
    return (*told, "; ".join(outcome.problems), "; ".join(telling_notes(outcome.notes)))


def _lines(outcomes: Identifications) -> list[str]:
    from facerec.types.in_short import identification_in_short

    lines = [outcomes.source if len(outcomes) else f"{outcomes.source}  no face"]
    for outcome, look in zip(outcomes, outcomes.looks, strict=True):
        lines.append(f"  {_who(outcome)}  {identification_in_short(outcome)}; {_place(outcome, look)}")
    return [*lines, *(f"  note: {note}" for note in outcomes.reading)]


def _explained(outcomes: Identifications) -> list[str]:
    lines = [outcomes.source if len(outcomes) else f"{outcomes.source}  no face"]
    for outcome, look in zip(outcomes, outcomes.looks, strict=True):
        near = ", ".join(f"{each.name} {each.score:.3f}" for each in outcome.candidates)
        lines.append(f"  {_who(outcome)}  {_place(outcome, look)}; nearest: {near or 'nobody'}")
        lines += [f"    {line}" for line in (outcome.strangers_in_words, *outcome.problems)]
    return [*lines, *(f"  note: {note}" for note in outcomes.reading)]


def _who(outcome: Identification) -> str:
    return outcome.name or {"no match": "nobody enrolled"}.get(outcome.decision, outcome.decision)


def _place(outcome: Identification, look: Look) -> str:
    left, top, right, bottom = (round(float(edge)) for edge in outcome.box)
    place = f"face of {right - left} × {bottom - top} pixels at ({left}, {top})"
    return ", ".join(filter(None, (place, str(look))))  # the first look says nothing of itself
