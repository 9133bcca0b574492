"""``facerec identify``: who of a gallery is on a photo, face by face, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console, probes, recognition
from facerec.cli.deciding import decider
from facerec.cli.opening import Charged
from facerec.cli.options import (
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
from facerec.cli.outputs import FOUND, output
from facerec.cli.paths import Annotate, PhotoAnswers
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.types import ExpectedRate, Identification, Identifications, Look, OperatingPoint

_COLUMNS = (
    *("decision", "name", "nearest", "score", "threshold", "left", "top", "right", "bottom"),
    *("problems", "notes"),
)
EXAMPLES = examples(
    "facerec identify crowd.jpg --gallery people.db",
    "facerec identify photos/ --gallery people.db --annotate marked/",
    "facerec identify door.jpg --gallery people.db --top 3 --json",
    "facerec identify probes.csv --gallery people.db --out found.csv",
    "facerec identify photos/ --gallery people.db --csv > seen.csv",
)


@grouped
def identify(
    paths: Annotated[
        list[Path],
        argument(
            "PHOTO",
            "Photos, or folders of photos; with --out also one table of probes: .csv or .tsv with a column image, or "
            "vectors as facerec embed writes them.",
        ),
    ],
    *,
    gallery: GalleryFile,
    top: Annotated[int, option("K", "How many candidates to report per face.")] = 5,
    no_log: NoLog = False,
    exclude: Exclude = None,
    annotate: Annotate = None,
    out: Annotated[
        Path | None,
        output(
            "TABLE.csv",
            "Write a row for each face, and for each photo without one, to this table instead.",
            FOUND,
        ),
    ] = None,
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

    With --out photos are searched many at a time, what fails is a row with its error, and the table is written whole or
    not at all; matches stand in the log as they are found.

    Exit status: 0 somebody was identified, 1 nobody, 2 a photo could not be read, or another error.
    """
    from facerec.photos import reader
    from facerec.photos.folders import find_photos
    from facerec.types.in_short import search_in_short, telling_notes

    if out is not None:
        if annotate is not None:
            message = "--annotate marks photos as they are looked at; leave it out with --out"
            raise ArgumentError(message)
        deciding_by = threshold, model, networks, charged
        told = _into_table(paths, exclude or (), out, gallery, deciding_by, top=top, logged=not no_log)
        raise typer.Exit(probes.say(*told, out, as_json=as_json))
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


def _into_table(
    paths: Sequence[Path],
    exclude: Sequence[str],
    out: Path,
    gallery: Path,
    deciding_by: tuple[recognition.Threshold, str | None, recognition.GatedNetworks, Charged],
    *,
    top: int,
    logged: bool,
) -> tuple[probes.Told, OperatingPoint, Sequence[str]]:
    """Write the table of all probes; what was written, the point that decided, and what there is to say of that."""
    from facerec.photos.folders import find_photos

    threshold, model, networks, charged = deciding_by
    probes.must_be_csv(out)
    listed = probes.is_table(paths)
    if listed and probes.holds_vectors(paths[0]):
        point, answers, count = probes.of_vectors(
            paths[0], gallery, top=top, logged=logged, threshold=threshold, charged=charged
        )
        return probes.write(answers, count, out), point, ()
    if listed:
        found: Sequence[Path] = probes.photos_in(paths[0])
    else:
        walked = find_photos(paths, exclude=exclude)
        found = walked.photos
        console.say_left_out(walked.left_out)
    with decider(gallery, model, networks, threshold, charged) as deciding:
        deciding.load()
        point, notes = deciding.deciding_point()
        several = deciding.identify(found, at=point, top=top, logged=logged)
        return probes.write(probes.of_photos(found, several), len(found), out), point, notes


def _searched(people: int, expected: ExpectedRate) -> str:
    searched = console.counted(people, "person", "people")
    return (
        f"  searched {searched}; at most about {expected.value:.2g} of strangers are expected "
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
