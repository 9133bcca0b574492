"""The walk itself: look, enroll, verify, identify, forget, each a step with its time and its evidence.

Nothing here decides: every decision is the recognizer's or the gallery's, at one operating point, and is shown as it
came out, also where it is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from facerec.demo import made
from facerec.demo.album import Album, Candidate, Person, choose
from facerec.demo.steps import Compared, Enrolled, Finding, Forgotten, Identified, LeftOut, Logged, Looked, Photo, Step
from facerec.errors import GalleryError, ImageError
from facerec.gallery import Gallery, open_gallery
from facerec.recognizer import Recognizer
from facerec.types import Faces, OperatingPoint

GALLERY = "demo-gallery.db"

_MOST_PORTRAITS = 5
_PURPOSE = "demonstration of facerec"


def walk(
    recognizer: Recognizer,
    photos: Sequence[Candidate],
    out: Path,
    *,
    at: OperatingPoint,
    left_out: Sequence[LeftOut] = (),
) -> Iterator[Step]:
    """Walk through what the library does, on these photos.

    Parameters
    ----------
    recognizer : Recognizer
    photos : sequence of Candidate
        See ``facerec.demo.album.candidates``.
    out : Path
        An existing folder; the gallery file `GALLERY` of an earlier walk in it is replaced.
    at : OperatingPoint
        Whose threshold decides.
    left_out : sequence of LeftOut
        Photos that were left out before.

    Yields
    ------
    Step
        As it is done.

    Raises
    ------
    DataSetError
        If nobody can be enrolled from the photos.
    FacerecError
        What the recognizer and the gallery raise.
    """
    step, album = _look(recognizer, photos, left_out)
    yield step
    with open_gallery(_fresh(out / GALLERY), recognizer.embedder) as people:
        yield _enroll(people, album.people)
        yield _compare_same(recognizer, album.people, at)
        stranger = _stranger(recognizer)
        yield _compare_different(recognizer, album.people, stranger, at)
        step, scenes = _scenes(recognizer, people, album, stranger, at)
        yield step
        yield _partial(recognizer, people, album, at)
        yield _without_face(recognizer, people, at)
        yield _forget(recognizer, people, album.people[0].name, scenes[0], at)


def _look(recognizer: Recognizer, photos: Sequence[Candidate], left_out: Sequence[LeftOut]) -> tuple[Step, Album]:
    start = perf_counter()
    found = recognizer.stream(each.photo.source for each in photos)
    looked = [(each, _renamed(faces, each.photo)) for each, faces in zip(photos, found, strict=True)]
    album = choose(looked, recognizer.gate.problems, left_out)
    seconds = perf_counter() - start
    seen = tuple(Looked(each.photo, faces) for each, faces in looked if isinstance(faces, Faces))
    count = sum(len(each.faces) for each in seen)
    title = f"Find and embed the faces in {_number(len(photos), 'photo')}"
    outcome = f"{_number(count, 'face')}, {len(photos) / seconds:.1f} photos a second"
    return Step("look", title, outcome, seconds, (*seen, *album.left_out)), album


def _enroll(people: Gallery, album: Sequence[Person]) -> Step:
    start = perf_counter()
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    enrolled = tuple(
        Enrolled(
            people.enroll(
                person.name,
                [photo.faces.only() for photo in person.enroll],
                purpose=_PURPOSE,
                expires=tomorrow,
            ),
            person.enroll,
        )
        for person in album
    )
    seconds = perf_counter() - start
    names = [f"{each.enrollment.person.name} ({_number(len(each.photos), 'photo')})" for each in enrolled]
    return Step("enroll", f"Enroll {_number(len(enrolled), 'person', 'people')}", _some(names), seconds, enrolled)


def _compare_same(recognizer: Recognizer, album: Sequence[Person], at: OperatingPoint) -> Step:
    title = "Verify: two photos of one person"
    person = album[0]
    if person.probe is None:
        return Step("same", title, "left out: nobody has a second usable photo", 0.0)
    return _compare("same", title, recognizer, person.enroll[0], person.probe, same_person=True, at=at)


def _compare_different(
    recognizer: Recognizer, album: Sequence[Person], stranger: Looked | None, at: OperatingPoint
) -> Step:
    title = "Verify: photos of two people"
    other = album[1].seen if len(album) > 1 else stranger
    if other is None:
        return Step("different", title, "left out: there is only one person", 0.0)
    return _compare("different", title, recognizer, album[0].enroll[0], other, same_person=False, at=at)


def _compare(
    name: str,
    title: str,
    recognizer: Recognizer,
    reference: Looked,
    probe: Looked,
    *,
    same_person: bool,
    at: OperatingPoint,
) -> Step:
    start = perf_counter()
    verification = recognizer.verify(probe.photo.source, reference.photo.source, at=at, choice="largest")
    compared = Compared(probe, reference, same_person, verification)
    relation = "≥" if at.accepts(verification.score) else "<"
    outcome = (
        f"{probe.photo.name} and {reference.photo.name}: {verification.decision}, "
        f"{verification.score:.3f} {relation} {at.threshold:.3f}"
    )
    outcome += " (wrong: see the page)" if compared.wrong else ""
    return Step(name, title, outcome, perf_counter() - start, (compared,))


def _scenes(
    recognizer: Recognizer, people: Gallery, album: Album, stranger: Looked | None, at: OperatingPoint
) -> tuple[Step, list[Looked]]:
    start = perf_counter()
    # Photos of the user's with several faces are better than anything put together here.
    scenes = list(album.scenes) or [_seen(recognizer, _collage(album.people, stranger))]
    found = tuple(_identified(recognizer, people, scene, at) for scene in scenes)
    title = "Identify every face of a scene" if len(scenes) == 1 else f"Identify every face of {len(scenes)} scenes"
    return Step("scene", title, _tally(found), perf_counter() - start, found), scenes


def _collage(album: Sequence[Person], stranger: Looked | None) -> Photo:
    tiles = []
    for person in album[:_MOST_PORTRAITS]:
        again = " (the photo that was enrolled)" if person.probe is None else ""
        tiles.append(made.portrait(person.seen, f"{person.seen.photo.name}{again}", person.name))
    if stranger is not None:
        tiles.append(made.portrait(stranger, f"{stranger.photo.name}, not enrolled", None))
    first, last = album[0], album[:_MOST_PORTRAITS][-1]
    tiles.append(made.distant(first.seen, f"{first.seen.photo.name}, far away", first.name))
    tiles.append(made.blurred(last.seen, f"{last.seen.photo.name}, blurred", last.name))
    flower = made.without_face()
    tiles.append(made.background(flower, f"{flower.name}, no face"))
    return made.collage(tiles, "scene")


def _partial(recognizer: Recognizer, people: Gallery, album: Album, at: OperatingPoint) -> Step:
    start = perf_counter()
    looked = album.partial
    if not looked:
        person = album.people[0]
        looked = (_seen(recognizer, made.partly_hidden(person.seen, f"{person.name}, cut")),)
    found = tuple(_identified(recognizer, people, each, at) for each in looked)
    return Step("partial", "Meet a partly hidden face", _tally(found), perf_counter() - start, found)


def _without_face(recognizer: Recognizer, people: Gallery, at: OperatingPoint) -> Step:
    start = perf_counter()
    looked = _seen(recognizer, made.without_face())
    found = (_identified(recognizer, people, looked, at),)
    return Step("no face", "Meet a photo without a face", _tally(found), perf_counter() - start, found)


def _forget(recognizer: Recognizer, people: Gallery, name: str, scene: Looked, at: OperatingPoint) -> Step:
    start = perf_counter()
    receipt = people.forget(name)
    afterwards = _identified(recognizer, people, scene, at)
    still = sum(found.name == name for found in afterwards.found)
    seconds = perf_counter() - start
    erased = "erased" if receipt.erased_from_file else "deleted, not yet erased from the file"
    outcome = f"{_number(receipt.vectors, 'vector')} {erased}; in the scene now: {_tally([afterwards])}"
    outcome += f"; {still} STILL CALLED {name}" if still else ""
    findings: tuple[Finding, ...] = (Forgotten(receipt, afterwards), Logged(tuple(people.log()), people.check_log()))
    return Step("forget", f"Forget {name}", outcome, seconds, findings)


def _identified(recognizer: Recognizer, people: Gallery, looked: Looked, at: OperatingPoint) -> Identified:
    problems = [recognizer.gate.problems(face) for face in looked.faces]
    return Identified(looked, tuple(people.identify(looked.faces, at=at, top=2, problems=problems)))


def _stranger(recognizer: Recognizer) -> Looked | None:
    photo = made.stranger()
    looked = None if photo is None else _seen(recognizer, photo)
    return looked if looked is not None and len(looked.faces) == 1 else None


def _seen(recognizer: Recognizer, photo: Photo) -> Looked:
    return Looked(photo, recognizer.faces(photo.source, name=photo.name))


def _renamed(faces: Faces | ImageError, photo: Photo) -> Faces | ImageError:
    """The faces under the photo's short name: a folder of the user's machine belongs on no page and in no log."""
    return faces if isinstance(faces, ImageError) else replace(faces, source=photo.name)


def _fresh(path: Path) -> Path:
    try:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        message = f"the gallery of an earlier demonstration, {path}, cannot be replaced: {error.strerror or error}"
        raise GalleryError(message) from error
    return path


def _tally(found: Sequence[Identified]) -> str:
    """For example ``2 recognised, 1 nobody, 1 undecided`` or ``no face found``."""
    if not any(each.found for each in found):
        return "no face found, so nobody guessed"
    names = dict.fromkeys(face.name for each in found for face in each.found if face.name is not None)
    parts = [f"{_some(list(names))} recognised"] if names else []
    parts += [f"{count} nobody" for count in [sum(each.count("no match") for each in found)] if count]
    parts += [f"{count} undecided" for count in [sum(each.count("undecided") for each in found)] if count]
    return ", ".join(parts)


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _some(names: Sequence[str]) -> str:
    """For example ``ada, grace and 5 more``: a line on a screen is short."""
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
