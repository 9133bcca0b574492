"""Which photo serves what in the demonstration: first by its name, then by what is seen in it.

Two layouts are understood. In folders (``DIR/ada/any.jpg``) each folder in DIR is a person. In a flat folder a photo is
named after the person, with a number behind the name (``ada1.jpg``, ``ada_2.jpg``, ``Ada Lovelace (3).png``). A photo
whose name holds ``partial`` shows a face that is partly hidden; a photo with several faces is a scene.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facerec.demo.steps import LeftOut, Looked, Photo
from facerec.errors import DataSetError, ImageError
from facerec.measure.datasets import photos
from facerec.types import Face, Faces

MOST_PEOPLE = 12
MOST_ENROLLED_PHOTOS = 3
MOST_SCENES = 3
MOST_PARTIAL = 2
MOST_PHOTOS = 60
"""How much of a large folder is used: the demonstration is meant to take a minute, not an afternoon."""

_NUMBERED = re.compile(r"(?P<name>[^\W\d_].*?)[\s._-]*\(?\d*\)?")
_CAMERAS = frozenset(
    {
        *("cimg", "dcim", "dsc", "dscf", "dscn", "gopr", "image", "img", "mvimg", "p", "photo", "pict", "picture"),
        *("pxl", "sam", "screenshot", "snapchat", "wa", "whatsapp", "win"),
    }
)
"""What cameras and telephones call their photos, in small letters: IMG_0001 and IMG_0002 are not one person."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A photo and what its name says about it.

    Attributes
    ----------
    photo : Photo
    person : str or None
        Who is on it; ``None`` if the name does not tell.
    partial : bool
        Whether it shows a partly hidden face.
    """

    photo: Photo
    person: str | None
    partial: bool = False


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody to enroll.

    Attributes
    ----------
    name : str
    enroll : tuple of Looked
        One face each, good enough to decide on; at least one photo.
    probe : Looked or None
        A photo that is not enrolled, to recognise the person on; ``None`` if there is no further one.
    """

    name: str
    enroll: tuple[Looked, ...]
    probe: Looked | None

    @property
    def seen(self) -> Looked:
        """The photo to show the person with: one that was not enrolled, where there is one."""
        return self.enroll[0] if self.probe is None else self.probe


@dataclass(frozen=True, eq=False)
class Album:
    """What there is to show.

    Attributes
    ----------
    people : tuple of Person
        At least one; those who have a further photo to be recognised on come first.
    scenes : tuple of Looked
        Photos with several faces.
    partial : tuple of Looked
        Photos of partly hidden faces.
    left_out : tuple of LeftOut
        What was not used, and why.
    """

    people: tuple[Person, ...]
    scenes: tuple[Looked, ...]
    partial: tuple[Looked, ...]
    left_out: tuple[LeftOut, ...]


def person_named(stem: str) -> str | None:
    """The person that a photo's name (without its suffix) tells of, or ``None``.

    >>> person_named("ada2"), person_named("Ada Lovelace (3)"), person_named("IMG_2041"), person_named("2024-05-01")
    ('ada', 'Ada Lovelace', None, None)
    """
    found = _NUMBERED.fullmatch(stem)
    if found is None or re.split(r"[\s._-]", found["name"])[0].lower() in _CAMERAS:
        return None
    return found["name"]


def candidates(folder: Path) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """List the photos of a folder with what their names say, and those that are too many.

    Raises
    ------
    DataSetError
        If the folder does not exist, cannot be listed or holds no photo.
    """
    if not folder.is_dir():
        message = f"{folder}: there is no such folder; --photos takes a folder of photos"
        raise DataSetError(message)
    found = photos([folder])
    in_folders = any(path.parent != folder for path in found)
    listed = []
    for path in found:
        place = path.relative_to(folder)
        folder_name = place.parts[0] if len(place.parts) > 1 else None
        person = folder_name if in_folders else person_named(path.stem)
        partial = "partial" in path.stem.lower()
        listed.append(Candidate(Photo(place.as_posix(), path), None if partial else person, partial))
    return _limited(listed)


def choose(
    looked: Sequence[tuple[Candidate, Faces | ImageError]],
    problems: Callable[[Face], Sequence[str]],
    left_out: Sequence[LeftOut] = (),
) -> Album:
    """Decide from names and faces what each photo is for.

    Parameters
    ----------
    looked : sequence of (Candidate, Faces or ImageError)
        Every photo and what was found in it.
    problems : callable
        Why a face is not good enough, for example ``QualityGate().problems``; empty if it is.
    left_out : sequence of LeftOut
        What was left out before.

    Raises
    ------
    DataSetError
        If no photo can be read, none shows a face, or nobody can be enrolled.
    """
    usable: dict[str, list[Looked]] = {}
    scenes: list[Looked] = []
    partial: list[Looked] = []
    dropped = list(left_out)
    total, without_face = len(looked), 0
    for candidate, faces in looked:
        name = candidate.photo.name
        if isinstance(faces, ImageError):
            dropped.append(LeftOut(name, str(faces)))
            continue
        seen = Looked(candidate.photo, faces)
        if len(faces) == 0:
            without_face += 1
            dropped.append(LeftOut(name, "no face was found in it"))
        elif candidate.partial:
            partial.append(seen)
        elif len(faces) > 1:
            scenes.append(seen)
        elif candidate.person is None:
            dropped.append(LeftOut(name, "one face, and the file's name does not say whose"))
        elif poor := problems(faces.only()):
            dropped.append(LeftOut(name, "; ".join(poor)))
        else:
            usable.setdefault(candidate.person, []).append(seen)
    if not usable:
        unreadable = [str(faces) for _, faces in looked if isinstance(faces, ImageError)]
        raise DataSetError(_nobody(total, without_face, len(scenes), unreadable))
    people = sorted((_split(name, photos) for name, photos in usable.items()), key=lambda person: person.probe is None)
    dropped += [LeftOut(person.name, f"{MOST_PEOPLE} people are enough to show") for person in people[MOST_PEOPLE:]]
    for name, photos_of in usable.items():
        dropped += [LeftOut(each.photo.name, f"there are enough photos of {name}") for each in _spare(photos_of)]
    scenes.sort(key=lambda scene: -len(scene.faces))
    dropped += [LeftOut(scene.photo.name, "there are scenes with more faces") for scene in scenes[MOST_SCENES:]]
    dropped += [LeftOut(each.photo.name, "there are enough partly hidden faces") for each in partial[MOST_PARTIAL:]]
    return Album(
        tuple(people[:MOST_PEOPLE]), tuple(scenes[:MOST_SCENES]), tuple(partial[:MOST_PARTIAL]), tuple(dropped)
    )


def _limited(listed: list[Candidate]) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """The photos to look at: at most so many of each person, and so many in all."""
    kept: list[Candidate] = []
    of_person: dict[str, int] = {}
    dropped = []
    for candidate in listed:
        so_far = of_person.get(candidate.person or "", 0)
        # Some more than are needed, because not every photo will turn out to be usable.
        if (candidate.person is not None and so_far >= 2 * MOST_ENROLLED_PHOTOS) or len(kept) >= MOST_PHOTOS:
            dropped.append(LeftOut(candidate.photo.name, f"of a large folder {MOST_PHOTOS} photos are looked at"))
            continue
        kept.append(candidate)
        if candidate.person is not None:
            of_person[candidate.person] = so_far + 1
    return tuple(kept), tuple(dropped)


def _split(name: str, photos_of: Sequence[Looked]) -> Person:
    """The first photos are enrolled, the one after them is kept to recognise the person on."""
    enrolled = min(max(1, len(photos_of) - 1), MOST_ENROLLED_PHOTOS)
    return Person(name, tuple(photos_of[:enrolled]), photos_of[enrolled] if enrolled < len(photos_of) else None)


def _spare(photos_of: Sequence[Looked]) -> Sequence[Looked]:
    return photos_of[MOST_ENROLLED_PHOTOS + 1 :]


def _nobody(total: int, without_face: int, scenes: int, unreadable: Sequence[str]) -> str:
    if total == len(unreadable):
        return f"none of the {total} photos can be read; the first: {unreadable[0]}"
    if total == without_face + len(unreadable):
        return f"no face was found in any of the {total} photos; faces must be visible, upright and large enough"
    return (
        f"nobody can be enrolled from the {total} photos ({without_face} show no face, {scenes} several): put each "
        "person's photos into a folder named after the person, or name them like ada1.jpg, ada2.jpg, one face each"
    )
