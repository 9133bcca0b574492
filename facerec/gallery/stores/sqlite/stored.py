"""A gallery file: its tables, how it is told from any other, and values as it holds them.

Days and times are ISO 8601 text, ids and digests bytes, details JSON. A damaged or forged file may hold anything
anywhere, so nothing that was read is trusted to be of its kind: every reader of a value raises `DamagedGalleryError`
where it is another.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facerec.errors import DamagedGalleryError, NewerGalleryError, NotAGalleryError
from facerec.gallery.records import EmbedderIdentity
from facerec.visible_text import shortened

_Kind = TypeVar("_Kind")

APPLICATION_ID = 0x46524543  # "FREC"
VERSION = 1
# Of a vector's length: what is enrolled is held to 1e-3 in double precision, and the sum here is of single precision.
_TOLERANCE = 1.01e-3

# AUTOINCREMENT: numbers are never given again, so readers can ask for "everything after the last one I saw", and a
# forgotten person's number never means somebody else.
# Ids and digests are bytes, not hexadecimal text: half the size, and no short name such as "ada" is found in them by
# somebody who searches the file for a forgotten person.
# log_sources stands apart from log: what a photo is called may hold a person's name, so it must be forgettable, while
# the log itself is not.
# deletions counts them; erased is how many the file has been rewritten after. Equal: nothing deleted is left in it.
# changes tells readers in other processes whose samples are no longer what they loaded; additions they see by number.
_TABLES = """
CREATE TABLE gallery (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  embedder TEXT NOT NULL,
  digest TEXT NOT NULL,
  dimension INTEGER NOT NULL CHECK (dimension > 0),
  deletions INTEGER NOT NULL DEFAULT 0,
  erased INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE people (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  consent TEXT,
  purpose TEXT,
  expires TEXT,
  created TEXT NOT NULL
);
CREATE TABLE samples (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  person INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
  vector BLOB NOT NULL,
  source TEXT NOT NULL,
  x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,
  score REAL NOT NULL,
  enrolled TEXT NOT NULL,
  photo_sha256 BLOB
);
CREATE INDEX samples_by_person ON samples (person);
CREATE TABLE photos (
  sample INTEGER PRIMARY KEY REFERENCES samples (number) ON DELETE CASCADE,
  content BLOB NOT NULL
);
CREATE TABLE log (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  time TEXT NOT NULL,
  event TEXT NOT NULL,
  person_id BLOB,
  details TEXT NOT NULL,
  digest BLOB NOT NULL
);
CREATE TABLE log_sources (
  entry INTEGER PRIMARY KEY REFERENCES log (number),
  person_id BLOB NOT NULL,
  source TEXT NOT NULL
);
CREATE INDEX log_sources_by_person ON log_sources (person_id);
CREATE TABLE changes (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  person INTEGER NOT NULL
);
CREATE TRIGGER log_is_never_updated BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_is_never_deleted BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_is_never_replaced BEFORE INSERT ON log
WHEN EXISTS (SELECT 1 FROM log WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER forgotten_people_are_changes AFTER DELETE ON people
BEGIN INSERT INTO changes (person) VALUES (OLD.number); END;
CREATE TRIGGER expiry_dates_are_changes AFTER UPDATE OF expires ON people WHEN OLD.expires IS NOT NEW.expires
BEGIN INSERT INTO changes (person) VALUES (NEW.number); END;
"""
LOG_TRIGGERS = ("log_is_never_updated", "log_is_never_deleted", "log_is_never_replaced")


def create_tables(sqlite: sqlite3.Connection, embedder: EmbedderIdentity) -> None:
    """Make the tables and mark the file as a gallery, all within the caller's transaction."""
    for statement in _statements(_TABLES):
        sqlite.execute(statement)
    sqlite.execute(
        "INSERT INTO gallery (one, embedder, digest, dimension) VALUES (1, ?, ?, ?)",
        (embedder.name, embedder.digest, embedder.dimension),
    )
    sqlite.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    sqlite.execute(f"PRAGMA user_version = {VERSION}")


def is_empty(sqlite: sqlite3.Connection) -> bool:
    """Whether the file holds no tables of anybody's."""
    marked = sqlite.execute("PRAGMA application_id").fetchone()[0] != 0
    return not marked and sqlite.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def marks(sqlite: sqlite3.Connection) -> tuple[int, int]:
    """The application and the version that the file is marked with."""
    application = sqlite.execute("PRAGMA application_id").fetchone()[0]
    return application, sqlite.execute("PRAGMA user_version").fetchone()[0]


def check_marks(application: int, version: int, path: Path) -> None:
    """Refuse a file that does not bear the marks of a gallery of this version."""
    called = shortened(path)
    if application != APPLICATION_ID:
        message = (
            f"{called} is another application's SQLite file, not a gallery; nothing was changed. Choose another path"
        )
        raise NotAGalleryError(message)
    if version < VERSION:
        message = (
            f"{called} bears the version {version}, which no facerec ever wrote; restore it from a backup or an export"
        )
        raise DamagedGalleryError(message)
    if version > VERSION:
        message = (
            f"{called} was made by a newer facerec (its version is {version}, this facerec knows {VERSION}); "
            "nothing was changed. Update facerec"
        )
        raise NewerGalleryError(message)


def _statements(script: str) -> list[str]:
    """Split a script into statements; `executescript` would commit the transaction they must be part of."""
    statements, pending = [], ""
    for line in script.strip().splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements


def optional(read: Callable[[object], _Kind], value: object) -> _Kind | None:
    """``read(value)``, or ``None`` where none is stored."""
    return None if value is None else read(value)


def text(value: object) -> str:
    """Text."""
    return _checked(value, str, "text")


def real(value: object) -> float:
    """A number."""
    return float(value) if isinstance(value, int) else _checked(value, float, "a number")


def hexadecimal(value: object) -> str:
    """Bytes as hexadecimal text."""
    return _checked(value, bytes, "bytes").hex()


def day(value: object) -> date:
    """A day."""
    return _parsed(value, date.fromisoformat, "a date")


def time(value: object) -> datetime:
    """A time."""
    return _parsed(value, datetime.fromisoformat, "a time")


def details(value: object) -> Mapping[str, object]:
    """A JSON object, read-only."""
    return MappingProxyType(_checked(_parsed(value, json.loads, "a JSON object"), dict, "a JSON object"))


def vectors(blobs: Sequence[object], dimension: int) -> tuple[NDArray[np.float32], dict[int, str]]:
    """Vectors as an array, float32 (n, d), may be read-only; and which of them, by row, are damaged, and in what.

    Nobody is ever matched by a damaged one: one flipped bit in an exponent makes a vector so long that half of all
    strangers would score 1.
    """
    size = 4 * dimension
    parts = [blob if isinstance(blob, bytes) and len(blob) == size else bytes(size) for blob in blobs]
    # Little-endian in the file, whatever the machine; astype copies only where the machine differs.
    found = np.frombuffer(b"".join(parts), "<f4").reshape(len(parts), dimension).astype(np.float32, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.einsum("nd,nd->n", found, found))
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= _TOLERANCE))  # a comparison with NaN is false
    return found, {row: _fault(blobs[row], found[row]) for row in wrong.tolist()}


def _fault(blob: object, vector: NDArray[np.float32]) -> str:
    if not isinstance(blob, bytes) or len(blob) != vector.nbytes:
        return f"is not {len(vector)} numbers"
    if not np.isfinite(vector).all():
        return "holds numbers that are not finite"
    return f"has length {float(np.linalg.norm(vector.astype(np.float64))):.4g}, not 1"


def blob(vector: NDArray[np.float32]) -> bytes:
    """A vector as it is stored."""
    return np.ascontiguousarray(vector, "<f4").tobytes()


def damaged(value: object, wanted: str) -> DamagedGalleryError:
    """The error for a value that is not of the kind that belongs there."""
    shown = repr(value)[:80]
    return DamagedGalleryError(
        f"the gallery is damaged: {shown} stands where {wanted} should; restore a backup or an export"
    )


def _parsed(value: object, parse: Callable[[str], _Kind], wanted: str) -> _Kind:
    try:
        return parse(text(value))
    except (ValueError, RecursionError) as error:
        raise damaged(value, wanted) from error


def _checked(value: object, kind: type[_Kind], wanted: str) -> _Kind:
    if not isinstance(value, kind):
        raise damaged(value, wanted)
    return value
