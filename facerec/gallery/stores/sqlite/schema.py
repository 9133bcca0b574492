"""A gallery file: its tables, how it is told from any other, and what may stand in which column.

A damaged or forged file may hold anything anywhere, so nothing that was read is trusted to be of its kind.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from facerec.errors import DamagedGalleryError, NewerGalleryError, NotAGalleryError
from facerec.gallery.records import EmbedderIdentity
from facerec.gallery.rows import (
    ChangeRow,
    GalleryRow,
    LogRow,
    PersonRow,
    PhotoRow,
    RequestRow,
    Row,
    SampleRow,
    SourceRow,
)
from facerec.gallery.stored import damaged
from facerec.visible_text import shortened

APPLICATION_ID = 0x46524543  # "FREC"
VERSION = 2

# AUTOINCREMENT: numbers are never given again.
# Ids and digests are bytes, not hexadecimal text: half the size, and no short name such as "ada" is found in them by
# somebody who searches the file for a forgotten person.
# What version 1 did not have stands last in each table, where ALTER TABLE puts it.
_TABLES = """
CREATE TABLE gallery (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  embedder TEXT NOT NULL,
  digest TEXT NOT NULL,
  dimension INTEGER NOT NULL CHECK (dimension > 0),
  deletions INTEGER NOT NULL DEFAULT 0,
  erased INTEGER NOT NULL DEFAULT 0,
  key_id TEXT,
  sealed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE people (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  consent TEXT,
  purpose TEXT,
  expires TEXT,
  created TEXT NOT NULL,
  skeleton TEXT NOT NULL DEFAULT '',
  salt BLOB
);
CREATE TABLE samples (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  person INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
  vector BLOB NOT NULL,
  source TEXT NOT NULL,
  x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,
  score REAL NOT NULL,
  enrolled TEXT NOT NULL,
  photo_sha256 BLOB,
  kept INTEGER NOT NULL DEFAULT 0,
  matcher TEXT,
  salt BLOB,
  seal BLOB
);
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
  digest BLOB NOT NULL,
  contents BLOB,
  source_digest BLOB
);
CREATE TABLE log_sources (
  entry INTEGER PRIMARY KEY REFERENCES log (number),
  person_id BLOB NOT NULL,
  source TEXT NOT NULL,
  salt BLOB
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
"""
_SINCE_VERSION_2 = """
CREATE INDEX people_by_skeleton ON people (skeleton);
CREATE INDEX samples_by_person ON samples (person, kept);
CREATE INDEX log_by_person ON log (person_id);
CREATE TABLE requests (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,
  person INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
  entry INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE INDEX requests_by_person ON requests (person);
"""
_OF_VERSION_1 = """
CREATE INDEX samples_by_person ON samples (person);
CREATE TRIGGER forgotten_people_are_changes AFTER DELETE ON people
BEGIN INSERT INTO changes (person) VALUES (OLD.number); END;
CREATE TRIGGER expiry_dates_are_changes AFTER UPDATE OF expires ON people WHEN OLD.expires IS NOT NEW.expires
BEGIN INSERT INTO changes (person) VALUES (NEW.number); END;
"""
_FROM_VERSION_1 = """
DROP TRIGGER IF EXISTS forgotten_people_are_changes;
DROP TRIGGER IF EXISTS expiry_dates_are_changes;
DROP INDEX IF EXISTS samples_by_person;
ALTER TABLE gallery ADD COLUMN key_id TEXT;
ALTER TABLE gallery ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN skeleton TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN salt BLOB;
ALTER TABLE samples ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE samples ADD COLUMN matcher TEXT;
ALTER TABLE samples ADD COLUMN salt BLOB;
ALTER TABLE samples ADD COLUMN seal BLOB;
ALTER TABLE log ADD COLUMN contents BLOB;
ALTER TABLE log ADD COLUMN source_digest BLOB;
ALTER TABLE log_sources ADD COLUMN salt BLOB;
UPDATE samples SET kept = 1 WHERE number IN (SELECT sample FROM photos);
"""
# A file of version 1 is read through views that add what it lacks, until something is to be written.
_ADDED_TO = ("gallery", "people", "samples", "log", "log_sources", "requests")
_VIEWS_OF_VERSION_1 = """
CREATE TEMP VIEW gallery AS SELECT *, NULL AS key_id, 0 AS sealed FROM main.gallery;
CREATE TEMP VIEW people AS SELECT *, '' AS skeleton, NULL AS salt FROM main.people;
CREATE TEMP VIEW samples AS SELECT *, EXISTS (SELECT 1 FROM main.photos WHERE sample = number) AS kept,
  NULL AS matcher, NULL AS salt, NULL AS seal FROM main.samples;
CREATE TEMP VIEW log AS SELECT *, NULL AS contents, NULL AS source_digest FROM main.log;
CREATE TEMP VIEW log_sources AS SELECT *, NULL AS salt FROM main.log_sources;
CREATE TEMP VIEW requests AS SELECT 0 AS number, x'' AS key, 0 AS person, 0 AS entry, x'' AS content WHERE 0;
"""
_NAMES: Mapping[type[Row], tuple[str, str]] = {
    PersonRow: ("people", "number"),
    SampleRow: ("samples", "number"),
    PhotoRow: ("photos", "sample"),
    LogRow: ("log", "number"),
    SourceRow: ("log_sources", "entry"),
    ChangeRow: ("changes", "number"),
    RequestRow: ("requests", "number"),
}


class Table(NamedTuple):
    """Where rows of a kind stand: the table, the column of their numbers, and all columns in the order of the kind."""

    name: str
    key: str
    columns: str

    def where(self, after: int, upto: int | None, equal: Mapping[str, object]) -> tuple[str, list[Any]]:
        """The condition that ``Rows.select`` describes, and its values."""
        terms: list[str] = []
        values: list[Any] = []
        if after:
            terms, values = [f"{self.name}.{self.key} > ?"], [after]
        if upto is not None:
            terms, values = [*terms, f"{self.name}.{self.key} <= ?"], [*values, upto]
        for name, value in equal.items():
            column = self.key if name == "number" else name
            terms, values = [*terms, f"{self.name}.{column} = ?"], [*values, value]
        return (f" WHERE {' AND '.join(terms)}" if terms else ""), values


TABLES: Mapping[type[Row], Table] = {
    kind: Table(name, key, ", ".join((key, *kind._fields[1:]))) for kind, (name, key) in _NAMES.items()
}
"""By kind of row."""


def create_tables(sqlite: sqlite3.Connection, embedder: EmbedderIdentity) -> None:
    """Make the tables and mark the file as a gallery, all within the caller's transaction."""
    _run(sqlite, _TABLES + _SINCE_VERSION_2)
    sqlite.execute(
        "INSERT INTO gallery (one, embedder, digest, dimension) VALUES (1, ?, ?, ?)",
        (embedder.name, embedder.digest, embedder.dimension),
    )
    sqlite.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    sqlite.execute(f"PRAGMA user_version = {VERSION}")


def upgrade(sqlite: sqlite3.Connection) -> None:
    """Give a file of version 1 the tables of this one, all within the caller's transaction."""
    _run(sqlite, _FROM_VERSION_1 + _SINCE_VERSION_2)
    sqlite.execute(f"PRAGMA user_version = {VERSION}")


def read_as_newer(sqlite: sqlite3.Connection) -> None:
    """Let this connection read a file of version 1 as if it were of this one; the file stays as it is."""
    _run(sqlite, _VIEWS_OF_VERSION_1)


def bound_embedder(sqlite: sqlite3.Connection) -> EmbedderIdentity:
    """Which embedder a gallery of either version is bound to."""
    found = sqlite.execute("SELECT embedder, digest, dimension FROM gallery").fetchone()
    if found is None or [type(each) for each in found] != [str, str, int]:
        raise damaged(found, "the gallery's embedder")
    return EmbedderIdentity(*found)


def read_as_it_is(sqlite: sqlite3.Connection) -> None:
    """End `read_as_newer`."""
    for name in _ADDED_TO:
        sqlite.execute(f"DROP VIEW IF EXISTS temp.{name}")


def is_empty(sqlite: sqlite3.Connection) -> bool:
    """Whether the file holds no tables of anybody's."""
    marked = sqlite.execute("PRAGMA application_id").fetchone()[0] != 0
    return not marked and sqlite.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def marks(sqlite: sqlite3.Connection) -> tuple[int, int]:
    """The application and the version that the file is marked with."""
    application = sqlite.execute("PRAGMA application_id").fetchone()[0]
    return application, sqlite.execute("PRAGMA user_version").fetchone()[0]


def check_marks(application: int, version: int, path: Path) -> None:
    """Refuse a file that does not bear the marks of a gallery of this version or the one before."""
    called = shortened(path)
    if application != APPLICATION_ID:
        message = (
            f"{called} is another application's SQLite file, not a gallery; nothing was changed. Choose another path"
        )
        raise NotAGalleryError(message)
    if version < 1:
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


def differences(sqlite: sqlite3.Connection) -> Iterator[str]:
    """What of the file's schema is not as facerec writes it, in words: a trigger that does nothing guards nothing."""
    version = marks(sqlite)[1]
    expected = _objects(version)
    found = _objects_of(sqlite)
    for (kind, name), text in expected.items():
        if (kind, name) not in found:
            guards = "a guard of the log was removed" if name.startswith("log_is_never") else f"the {kind} was removed"
            yield f"{guards}: {name}"
        elif found[kind, name] != text:
            yield f"the {kind} {name} is not as facerec makes it"
    for kind, name in found.keys() - expected.keys():
        yield f"there is something that facerec does not make, the {kind} {shortened(name)}"


def _objects_of(sqlite: sqlite3.Connection, without: Collection[str] = ()) -> dict[tuple[str, str], str]:
    """By kind and name: what defines each thing; of tables the columns, as ALTER TABLE words them in another way."""
    found = {}
    listed = "SELECT type, name, sql FROM main.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    columns = "SELECT name, type, [notnull], pk FROM pragma_table_info(?, 'main')"
    for kind, name, text in sqlite.execute(listed).fetchall():
        if kind == "table":
            text = [each for each in sqlite.execute(columns, (name,)) if f"{name} {each[0]}" not in without]  # noqa: PLW2901
        found[str(kind), str(name)] = str(text)
    return found


@cache
def _objects(version: int) -> Mapping[tuple[str, str], str]:
    added = re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", _FROM_VERSION_1) if version == 1 else []
    with closing(sqlite3.connect(":memory:")) as sqlite:
        _run(sqlite, _TABLES + (_OF_VERSION_1 if version == 1 else _SINCE_VERSION_2))
        return _objects_of(sqlite, {f"{table} {column}" for table, column in added})


def _run(sqlite: sqlite3.Connection, script: str) -> None:
    """Run a script statement by statement; `executescript` would commit the transaction it must be part of."""
    pending = ""
    for line in script.strip().splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            sqlite.execute(pending)
            pending = ""


def _types(hint: object) -> Iterator[type]:
    for each in get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,):
        yield each
        if each is float:
            yield int


_FITTING: Mapping[type[Row | GalleryRow], tuple[frozenset[type], ...]] = {
    kind: tuple(frozenset(_types(hint)) for hint in get_type_hints(kind).values()) for kind in (*_NAMES, GalleryRow)
}


_FOUND_FITTING: set[tuple[type, ...]] = set()


def fitting(kind: type[Row | GalleryRow], values: tuple) -> tuple:
    """The values of a row, each of a type that its field may have; else `DamagedGalleryError`."""
    found = (kind, *map(type, values))
    if found in _FOUND_FITTING:  # nearly all rows of a kind are of few such shapes
        return values
    if all(type(value) in types for value, types in zip(values, _FITTING[kind], strict=True)):
        _FOUND_FITTING.add(found)
        return values
    # What is no vector and no photo is damaged like any other wrong one, and whoever reads it can say whose it is.
    material = {"vector", "content"}
    made = []
    for name, value, types in zip(kind._fields, values, _FITTING[kind], strict=True):
        if type(value) not in types and name not in material:
            wanted = " or ".join(sorted("nothing" if each is NoneType else each.__name__ for each in types))
            raise damaged(value, f"the {name} of a row of {kind.__name__} ({wanted})")
        made.append(value if type(value) in types else b"")
    return tuple(made)
