"""Whole galleries: everybody as archive entries, and all vectors made anew by another embedder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime

from facerec.errors import DamagedGalleryError, PhotosNotKeptError
from facerec.gallery import rules
from facerec.gallery.archive import ArchivedPerson, Entry
from facerec.gallery.records import EmbedderIdentity, Sample
from facerec.gallery.sqlite import journal, people, samples
from facerec.types import Face
from facerec.visible_text import quoted, shortened


def entries(sqlite: sqlite3.Connection, embedder: EmbedderIdentity, *, now: datetime) -> Iterator[Entry]:
    """Everybody with samples, vectors and photos, one person at a time."""
    for number, person in people.everybody(sqlite, today=now.date()):
        rows = samples.of_person(sqlite, number)
        archived = ArchivedPerson(
            id=person.id,
            name=person.name,
            consent=person.consent,
            purpose=person.purpose,
            expires=person.expires,
            created=person.created,
            samples=tuple(row.sample for row in rows),
        )
        photos = tuple(samples.photo(sqlite, row.number) for row in rows)
        yield Entry(archived, samples.vectors_of_person(sqlite, number, embedder.dimension), photos)


def reembed(
    sqlite: sqlite3.Connection, embedder: EmbedderIdentity, faces_of: Callable[[Sample, bytes], Face], *, now: datetime
) -> int:
    """Replace every vector by that of the face that `faces_of` finds in the kept photo; returns how many.

    Raises
    ------
    PhotosNotKeptError
        If photos were not kept.
    ModelMismatchError, ArgumentError
        If a face was embedded by another embedder, or is not usable.
    """
    everybody = people.everybody(sqlite, today=now.date())
    _check_photos(everybody)
    before = sqlite.execute("SELECT digest FROM gallery").fetchone()[0]
    replaced = 0
    for number, _ in everybody:
        for row in samples.of_person(sqlite, number):
            content = samples.photo(sqlite, row.number)
            if content is None:
                called = shortened(row.sample.source)
                message = f"the kept photo of {called} has disappeared from the gallery; restore a backup"
                raise DamagedGalleryError(message)
            face = faces_of(row.sample, content)
            rules.check_face(face, embedder)
            samples.replace_vector(sqlite, row.number, face)
            replaced += 1
        # Other processes may hold this person's old vectors.
        sqlite.execute("INSERT INTO changes (person) VALUES (?)", (number,))
    sqlite.execute(
        "UPDATE gallery SET embedder = ?, digest = ?, dimension = ?",
        (embedder.name, embedder.digest, embedder.dimension),
    )
    details = {"from": before, "to": embedder.digest, "vectors": replaced}
    journal.append(sqlite, "reembedded", time=now.isoformat(), details=details)
    return replaced


def _check_photos(everybody: list[people.Row]) -> None:
    missing = [person for _, person in everybody if person.photos < person.samples]
    if missing:
        shown = ", ".join(
            f"{quoted(person.name)} ({person.samples - person.photos} of {person.samples})" for person in missing[:10]
        )
        more = f" and {len(missing) - 10} more people" if len(missing) > 10 else ""
        message = (
            f"the gallery cannot be re-embedded: photos were not kept of {shown}{more}; nothing was changed. "
            "Enroll these people again with keep_photos=True (--keep-photos), or forget them"
        )
        raise PhotosNotKeptError(message)
