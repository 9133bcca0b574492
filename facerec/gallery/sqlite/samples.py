"""The samples of a gallery file: vectors, where they come from, and the photos that were kept."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facerec.gallery.records import Sample
from facerec.gallery.rules import storable_source
from facerec.gallery.sqlite import stored
from facerec.types import Face

_SELECT = """
SELECT samples.number, samples.source, samples.x1, samples.y1, samples.x2, samples.y2, samples.score,
  samples.enrolled, samples.photo_sha256, photos.sample IS NOT NULL
FROM samples LEFT JOIN photos ON photos.sample = samples.number
"""


class Row(NamedTuple):
    """A sample, and the number that the other tables know it by."""

    number: int
    sample: Sample


class Added(NamedTuple):
    """What `add` did with the samples it was given."""

    added: int
    already_present: int
    photos_kept: int


def of_face(face: Face, photo: bytes | None, *, keep_photo: bool, enrolled: datetime) -> Sample:
    """What is kept about `face` besides its vector."""
    left, top, right, bottom = (float(value) for value in face.box)
    return Sample(
        source=storable_source(face.source),
        box=(left, top, right, bottom),
        score=float(face.score),
        enrolled=enrolled,
        photo_sha256=hashlib.sha256(photo).hexdigest() if photo is not None else None,
        photo_kept=keep_photo and photo is not None,
    )


def add(
    sqlite: sqlite3.Connection,
    person: int,
    samples: Sequence[Sample],
    vectors: NDArray[np.float32],
    photos: Sequence[bytes | None],
) -> Added:
    """Add samples to a person; a vector that the person already has is not stored again.

    Parameters
    ----------
    sqlite : Connection
        In a write transaction.
    person : int
        The person's number.
    samples : sequence of Sample
    vectors : ndarray, float32, shape (n, d)
    photos : sequence of bytes or None
        Per sample, the photo to keep. A sample that is already present and has no photo gets it, so that enrolling
        the same photo again is the way to make a gallery ready for re-embedding.
    """
    added = present = kept = 0
    for sample, vector, photo in zip(samples, vectors, photos, strict=True):
        blob = _blob(vector)
        known = sqlite.execute(
            "SELECT number FROM samples WHERE person = ? AND vector = ? LIMIT 1", (person, blob)
        ).fetchone()
        number = known[0] if known else _insert(sqlite, person, sample, blob)
        present += known is not None
        added += known is None
        if photo is not None:
            kept += _keep(sqlite, number, photo)
    return Added(added, present, kept)


def of_person(sqlite: sqlite3.Connection, person: int) -> list[Row]:
    """A person's samples, in the order of enrollment."""
    rows = sqlite.execute(_SELECT + "WHERE samples.person = ? ORDER BY samples.number", (person,))
    return [_row(row) for row in rows]


def vectors_of_person(sqlite: sqlite3.Connection, person: int, dimension: int) -> NDArray[np.float32]:
    """A person's vectors (n, d), in the same order."""
    rows = sqlite.execute("SELECT vector FROM samples WHERE person = ? ORDER BY number", (person,))
    return stored.vectors([blob for (blob,) in rows], dimension)


def photo(sqlite: sqlite3.Connection, number: int) -> bytes | None:
    """The kept photo of a sample."""
    row = sqlite.execute("SELECT content FROM photos WHERE sample = ?", (number,)).fetchone()
    return row[0] if row else None


def replace_vector(sqlite: sqlite3.Connection, number: int, face: Face) -> None:
    """Replace vector, box and score of a sample by those of `face`."""
    left, top, right, bottom = (float(value) for value in face.box)
    sqlite.execute(
        "UPDATE samples SET vector = ?, x1 = ?, y1 = ?, x2 = ?, y2 = ?, score = ? WHERE number = ?",
        (_blob(face.embedding), left, top, right, bottom, float(face.score), number),
    )


def count(sqlite: sqlite3.Connection) -> int:
    """How many samples there are."""
    return int(sqlite.execute("SELECT count(*) FROM samples").fetchone()[0])


def _insert(sqlite: sqlite3.Connection, person: int, sample: Sample, blob: bytes) -> int:
    digest = bytes.fromhex(sample.photo_sha256) if sample.photo_sha256 is not None else None
    cursor = sqlite.execute(
        "INSERT INTO samples (person, vector, source, x1, y1, x2, y2, score, enrolled, photo_sha256) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (person, blob, sample.source, *sample.box, sample.score, sample.enrolled.isoformat(), digest),
    )
    return int(cursor.lastrowid or 0)


def _keep(sqlite: sqlite3.Connection, number: int, content: bytes) -> int:
    if sqlite.execute("SELECT 1 FROM photos WHERE sample = ?", (number,)).fetchone():
        return 0
    sqlite.execute("INSERT INTO photos VALUES (?, ?)", (number, content))
    sqlite.execute("UPDATE samples SET photo_sha256 = ? WHERE number = ?", (hashlib.sha256(content).digest(), number))
    return 1


def _blob(vector: NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(vector, "<f4").tobytes()


def _row(row: tuple) -> Row:
    number, source, left, top, right, bottom, score, enrolled, digest, kept = row
    sample = Sample(
        source=stored.text(source),
        box=(stored.real(left), stored.real(top), stored.real(right), stored.real(bottom)),
        score=stored.real(score),
        enrolled=stored.time(enrolled),
        photo_sha256=stored.hexadecimal(digest) if digest is not None else None,
        photo_kept=bool(kept),
    )
    return Row(number, sample)
