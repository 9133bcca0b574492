"""The rows of a gallery file: what ``facerec.gallery.rows.Rows`` asks for, in SQL that knows nothing of their meaning.

Names of tables and columns come from ``schema.py`` and the kinds of rows, never from a caller's values.
"""
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from facerec.gallery.rows import (
    GalleryRow,
    Kind,
    Row,
    SampleRow,
    Searchable,
)
from facerec.gallery.stored import damaged
from facerec.gallery.stores.sqlite import schema
from facerec.visible_text import shortened

# CROSS: SQLite then walks the samples in order and looks each person up, instead of sorting millions of rows.
_SEARCHABLE = """
SELECT samples.number, samples.person, people.expires, samples.vector, samples.salt, samples.seal
FROM samples CROSS JOIN people ON people.number = samples.person
"""
_ROWS_AT_ONCE = 2048


class SqliteRows:
    """What one transaction sees and changes; see ``facerec.gallery.rows.Rows``."""

    def __init__(self, sqlite: sqlite3.Connection) -> None:
        self._sqlite = sqlite
        self._reading: list[sqlite3.Cursor] = []

    def end(self) -> None:
        """Let go of what was not read to its end, which an error that somebody keeps would hold on to.

        SQLite keeps a file, and the locks on it, until the last statement is let go of, though it was closed before.
        """
        while self._reading:
            self._reading.pop().close()

    @contextmanager
    def _read(self, text: str, values: Sequence[object] = ()) -> Iterator[sqlite3.Cursor]:
        cursor = self._sqlite.execute(text, values)
        self._reading.append(cursor)
        try:
            yield cursor
        finally:
            if cursor in self._reading:  # else the transaction has ended, and the connection may be closed
                self._reading.remove(cursor)
                cursor.close()

    def gallery(self) -> GalleryRow:
        """The gallery's own row."""
        columns = ", ".join(GalleryRow._fields)
        found = self._sqlite.execute(f"SELECT {columns} FROM gallery").fetchone()
        if found is None:
            raise damaged(None, "the gallery's embedder")
        return GalleryRow._make(schema.fitting(GalleryRow, found))

    def write_gallery(self, row: GalleryRow) -> None:
        """Replace it."""
        assigned = ", ".join(f"{name} = ?" for name in row._fields)
        self._sqlite.execute(f"UPDATE gallery SET {assigned}", row)

    def select(
        self,
        kind: type[Kind],
        *,
        after: int = 0,
        upto: int | None = None,
        newest: int | None = None,
        limit: int | None = None,
        **equal: object,
    ) -> Iterator[Kind]:
        """Rows by number; or the newest, last first."""
        table = schema.TABLES[kind]
        where, values = table.where(after, upto, equal)
        order = "DESC" if newest is not None else "ASC"
        most = newest if newest is not None else limit
        text = f"SELECT {table.columns} FROM {table.name}{where} ORDER BY {table.name}.{table.key} {order}"
        limited = [] if most is None else [most]
        with self._read(f"{text} LIMIT ?" if limited else text, values + limited) as cursor:
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                for row in rows:
                    yield kind._make(schema.fitting(kind, row))

    def count(self, kind: type[Row], *, after: int = 0, **equal: object) -> int:
        """How many such rows there are."""
        table = schema.TABLES[kind]
        where, values = table.where(after, None, equal)
        return int(self._sqlite.execute(f"SELECT count(*) FROM {table.name}{where}", values).fetchone()[0])

    def counts(self, kind: type[Row], by: str, *, after: int = 0, **equal: object) -> dict[object, int]:
        """How many of such rows have which value in the field `by`."""
        table = schema.TABLES[kind]
        where, values = table.where(after, None, equal)
        column = table.key if by == "number" else by
        text = f"SELECT {column}, count(*) FROM {table.name}{where} GROUP BY {column}"
        return dict(self._sqlite.execute(text, values))

    def last_number(self, kind: type[Row]) -> int:
        """The highest number that was ever given to a row of this kind."""
        name = schema.TABLES[kind].name
        found = self._sqlite.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def insert(self, row: Row) -> int:
        """Add a row; the number 0 stands for the next one. Returns the number."""
        table = schema.TABLES[type(row)]
        marks = ", ".join("?" for _ in row)
        values = (row.number or None, *row[1:])
        text = f"INSERT INTO {table.name} ({table.columns}) VALUES ({marks})"
        return int(self._sqlite.execute(text, values).lastrowid or 0)

    def update(self, row: Row) -> None:
        """Replace the row of the same kind and number."""
        table = schema.TABLES[type(row)]
        assigned = ", ".join(f"{name} = ?" for name in row._fields[1:])
        self._sqlite.execute(f"UPDATE {table.name} SET {assigned} WHERE {table.key} = ?", (*row[1:], row.number))

    def delete(self, kind: type[Row], **equal: object) -> None:
        """Delete such rows, of any kind but the log's."""
        table = schema.TABLES[kind]
        where, values = table.where(0, None, equal)
        self._sqlite.execute(f"DELETE FROM {table.name}{where}", values)

    def searchable(self, *, after: int = 0, upto: int | None = None, **equal: object) -> Iterator[Searchable]:
        """Samples as searches load them."""
        where, values = schema.TABLES[SampleRow].where(after, upto, equal)
        with self._read(f"{_SEARCHABLE}{where} ORDER BY samples.number", values) as cursor:
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True))
                columns[3] = tuple(each if isinstance(each, bytes) else b"" for each in columns[3])
                yield Searchable(*columns)

    def faults(self) -> Iterator[str]:
        """What SQLite finds wrong with the file, and what in its schema facerec did not write."""
        for (found,) in self._sqlite.execute("PRAGMA integrity_check").fetchall():
            if found != "ok":
                yield f"the file is damaged: {shortened(str(found))}"
        for table, row, parent, _ in self._sqlite.execute("PRAGMA foreign_key_check").fetchall():
            yield f"row {row} of {table} belongs to nothing in {parent}"
        yield from schema.differences(self._sqlite)


@contextmanager
def closing_rows(sqlite: sqlite3.Connection) -> Iterator[SqliteRows]:
    """The rows of a transaction, which are let go of when it ends."""
    rows = SqliteRows(sqlite)
    try:
        yield rows
    finally:
        rows.end()
