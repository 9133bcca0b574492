"""What stands between photos and an enrollment: which face is meant, and whether it is good enough."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from facerec.errors import DataSetError, FaceError, ImageError
from facerec.gallery import Enrollment, Gallery
from facerec.gallery.rules import person_name
from facerec.measure.datasets import identity_folders
from facerec.types import Face, FaceChoice, Faces

if TYPE_CHECKING:
    from facerec.recognizer import Recognizer


@dataclass(frozen=True)
class Terms:
    """On what terms people are enrolled; the same for everybody of one command.

    Attributes
    ----------
    consent, purpose, expires
        As for ``Gallery.enroll``.
    keep_photos : bool
        Whether the photos themselves are stored.
    choice : {"only", "largest", "central"}
        Which face of a photo is meant.
    accept_low_quality : bool
        Whether a face below the quality gate is enrolled all the same.
    """

    consent: str | None
    purpose: str | None
    expires: date | None
    keep_photos: bool
    choice: FaceChoice
    accept_low_quality: bool


@dataclass(frozen=True)
class FolderPerson:
    """What became of one person of a folder.

    Attributes
    ----------
    name : str
    enrollment : Enrollment or None
        ``None`` if no photo could be used, so that nobody was enrolled.
    skipped : tuple of (Path, str)
        Each photo that could not be used, and why.
    """

    name: str
    enrollment: Enrollment | None
    skipped: tuple[tuple[Path, str], ...]


def faces_of_person(recognizer: Recognizer, photos: Sequence[Path], terms: Terms) -> list[Face]:
    """The face to enroll of each photo.

    Raises
    ------
    FaceError
        If any photo cannot be used; the message says which, and why.
    """
    found = [_usable(recognizer, faces, terms) for faces in _stream(recognizer, photos, terms)]
    if reasons := [each for each in found if isinstance(each, str)]:
        message = f"nothing was stored, because {len(reasons)} of {len(photos)} photos cannot be enrolled: "
        raise FaceError(message + "; ".join(reasons))
    return [each for each in found if isinstance(each, Face)]


def store(people: Gallery, name: str, faces: Sequence[Face], photos: Sequence[Path], terms: Terms) -> Enrollment:
    """Enroll `faces`, one of each of `photos`, under `name`."""
    return people.enroll(
        name,
        faces,
        consent=terms.consent,
        purpose=terms.purpose,
        expires=terms.expires,
        photos=[photo.read_bytes() for photo in photos],
        keep_photos=terms.keep_photos,
    )


def enroll_folder(
    recognizer: Recognizer, people: Gallery, folder: Path, terms: Terms, *, progress: Callable[[int, int], None]
) -> Iterator[FolderPerson]:
    """Enroll everybody of a folder of folders; each person is stored before the next one's photos are looked at.

    Raises
    ------
    DataSetError
        As ``facerec.measure.datasets.identity_folders``, or if two folders stand for one name.
    ArgumentError
        If a folder's name cannot be a person's name.
    """
    table = identity_folders(folder)
    _refuse_one_name_twice(folder, table["person"].unique().tolist())
    photos = [folder / image for image in table["image"]]
    outcomes = zip(table["person"], photos, _stream(recognizer, photos, terms), strict=True)
    done = 0
    for name, group in itertools.groupby(outcomes, key=lambda row: row[0]):
        faces: list[Face] = []
        used: list[Path] = []
        skipped: list[tuple[Path, str]] = []
        for _, photo, found in group:
            face = _usable(recognizer, found, terms)
            if isinstance(face, Face):
                faces.append(face)
                used.append(photo)
            else:
                skipped.append((photo, face))
            done += 1
            progress(done, len(photos))
        yield FolderPerson(name, store(people, name, faces, used, terms) if faces else None, tuple(skipped))


def _stream(recognizer: Recognizer, photos: Sequence[Path], terms: Terms) -> Iterator[Faces | ImageError]:
    # For "only" all faces are embedded, so that a photo of several people can be told from one of nobody.
    return recognizer.stream(photos, choice=None if terms.choice == "only" else terms.choice)


def _usable(recognizer: Recognizer, faces: Faces | ImageError, terms: Terms) -> Face | str:
    """The face to enroll, or why there is none."""
    if isinstance(faces, ImageError):
        return str(faces)
    try:
        face = faces.choose(terms.choice)
    except FaceError as error:
        return str(error)
    problems = () if terms.accept_low_quality else recognizer.gate.problems(face)
    return "; ".join(problems) if problems else face


def _refuse_one_name_twice(folder: Path, names: Sequence[str]) -> None:
    folders: dict[str, str] = {}
    for name in names:
        if (other := folders.setdefault(person_name(name), name)) != name:
            message = f"{folder}: the folders {other!r} and {name!r} stand for one name; merge or rename them"
            raise DataSetError(message)
