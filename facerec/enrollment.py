"""Enrolling everybody of a folder of folders: one folder per person, what cannot be used skipped and told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facerec.errors import DataSetError
from facerec.gallery import Enrollment, Gallery
from facerec.gallery.rules import person_name
from facerec.photos import reader
from facerec.photos.folders import identity_folders
from facerec.recognizer import Recognizer
from facerec.types import Face, FaceChoice
from facerec.types.plain import Value


@dataclass(frozen=True)
class FolderPerson(Value):
    """What became of one person of a folder: nobody was enrolled if every photo was `skipped`, each with why."""

    name: str
    enrollment: Enrollment | None
    skipped: tuple[tuple[Path, str], ...]


def enroll_folder(
    recognizer: Recognizer,
    gallery: Gallery,
    folder: Path,
    *,
    choice: FaceChoice = "only",
    progress: Callable[[int, int], None] | None = None,
    **terms: Any,  # noqa: ANN401 - as Gallery.enroll takes them
) -> Iterator[FolderPerson]:
    """Enroll everybody of ``folder/person/photo.jpg``; each is stored before the next one's photos are looked at.

    `choice` and `terms` (consent, purpose, expires, keep_photos) are as for ``Recognizer.enroll``; after each photo
    `progress` hears how many are done, and of how many. Two folders that stand for one name are a `DataSetError`.
    """
    table = identity_folders(folder)
    _refuse_one_name_twice(folder, table["person"].unique().tolist())
    photos = [folder / image for image in table["image"]]
    found = zip(table["person"], photos, recognizer.usable(photos, choice), strict=True)
    done = 0
    for name, rows in itertools.groupby(found, key=lambda row: row[0]):
        faces: list[Face] = []
        contents: list[bytes] = []
        skipped: list[tuple[Path, str]] = []
        for _, photo, face in rows:
            if isinstance(face, Face):
                faces.append(face)
                contents.append(reader.contents(photo) or b"")
            else:
                skipped.append((photo, str(face)))
            done += 1
            if progress is not None:
                progress(done, len(photos))
        enrollment = None
        if faces:
            enrollment = gallery.enroll(name, faces, gate=recognizer.gate, photos=contents, **terms)
        yield FolderPerson(name, enrollment, tuple(skipped))


def _refuse_one_name_twice(folder: Path, names: Sequence[str]) -> None:
    folders: dict[str, str] = {}
    for name in names:
        if (other := folders.setdefault(person_name(name), name)) != name:
            message = f"{folder}: the folders {other!r} and {name!r} stand for one name; merge or rename them"
            raise DataSetError(message)
