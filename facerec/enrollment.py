"""Enrolling everybody of a folder of folders: one folder per person, what cannot be used skipped and told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from facerec.errors import DataSetError
from facerec.gallery import Enrollment, Gallery
from facerec.gallery.rules import person_name
from facerec.photos import reader
from facerec.photos.folders import identity_folders
from facerec.recognizer import Recognizer
from facerec.types import Face, FaceChoice
from facerec.types.plain import Value


def _silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True)
class FolderPerson(Value):
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


def enroll_folder(
    recognizer: Recognizer,
    gallery: Gallery,
    folder: Path,
    *,
    choice: FaceChoice = "only",
    consent: str | None = None,
    purpose: str | None = None,
    expires: date | None = None,
    keep_photos: bool = False,
    progress: Callable[[int, int], None] = _silent,
) -> Iterator[FolderPerson]:
    """Enroll everybody of a folder of folders; each person is stored before the next one's photos are looked at.

    Parameters
    ----------
    recognizer : Recognizer
        Its gate judges every face.
    gallery : Gallery
    folder : Path
        ``folder/person/photo.jpg``.
    choice, consent, purpose, expires, keep_photos
        As for ``Recognizer.enroll``.
    progress : callable
        Called after each photo with how many are done, and how many there are.

    Raises
    ------
    DataSetError
        As ``facerec.photos.folders.identity_folders``, or if two folders stand for one name.
    ArgumentError
        If a folder's name cannot be a person's name.
    """
    table = identity_folders(folder)
    _refuse_one_name_twice(folder, table["person"].unique().tolist())
    photos = [folder / image for image in table["image"]]
    # For "only" all faces are embedded, so that a photo of several people can be told from one of nobody.
    found = recognizer.stream(photos, choice=None if choice == "only" else choice)
    done = 0
    for name, rows in itertools.groupby(zip(table["person"], photos, found, strict=True), key=lambda row: row[0]):
        faces: list[Face] = []
        contents: list[bytes] = []
        skipped: list[tuple[Path, str]] = []
        for _, photo, outcome in rows:
            face = recognizer.usable(outcome, choice)
            if isinstance(face, Face):
                faces.append(face)
                contents.append(reader.contents(photo) or b"")
            else:
                skipped.append((photo, str(face)))
            done += 1
            progress(done, len(photos))
        enrollment = None
        if faces:
            enrollment = gallery.enroll(
                name,
                faces,
                gate=recognizer.gate,
                consent=consent,
                purpose=purpose,
                expires=expires,
                photos=contents,
                keep_photos=keep_photos,
            )
        yield FolderPerson(name, enrollment, tuple(skipped))


def _refuse_one_name_twice(folder: Path, names: Sequence[str]) -> None:
    folders: dict[str, str] = {}
    for name in names:
        if (other := folders.setdefault(person_name(name), name)) != name:
            message = f"{folder}: the folders {other!r} and {name!r} stand for one name; merge or rename them"
            raise DataSetError(message)
