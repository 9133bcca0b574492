"""The rows of a gallery in a database: what ``facerec.gallery.rows.Rows`` asks for.

Names of tables and columns come from the kinds of rows, never from a caller's values. Every statement names the
gallery: a superuser is not held by row-level security.
"""
# ruff: noqa: S608

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from facerec.gallery.rows import (
    ChangeRow,
    GalleryRow,
    Kind,
    LogRow,
    PersonRow,
    PhotoRow,
    RequestRow,
    Row,
    SampleRow,
    Searchable,
    SourceRow,
)
from facerec.photos.prefetch import ahead

if TYPE_CHECKING:
    import psycopg

TABLES: Mapping[type[Row], str] = {
    PersonRow: "people",
    SampleRow: "samples",
    PhotoRow: "photos",
    LogRow: "log",
    SourceRow: "log_sources",
    ChangeRow: "changes",
    RequestRow: "requests",
}
HEAD = ", ".join(("gallery", *GalleryRow._fields, *(f"last_{table}" for table in TABLES.values())))
"""The columns of a gallery's head row, as `Head.of` takes them."""

_ROWS_AT_ONCE = 2048
_PHOTOS_AT_ONCE = 16  # each may be some megabytes
_SEARCHED_AT_ONCE = 8192
_NUMBERS_AT_ONCE = 16 * _SEARCHED_AT_ONCE  # so many in all parts
_PARTS = 16  # of each table that is in parts, as schema.sql makes them
_SEARCHED = 5  # fields of each row that is copied
_FEW, _ANSWERS = 16, 512  # rows of an answer that is kept, and answers of a kind
_LATE = (LogRow, SourceRow)
_PARTED = ("people", "samples", "photos", "log_sources")
_INTEGER = struct.Struct(">q")
_LENGTH = struct.Struct(">i")


@dataclass
class Head:
    """The head row of a gallery as one transaction sees and changes it; `written` where it is to be stored."""

    gallery: int
    row: GalleryRow
    last: dict[type[Row], int]
    written: bool = False

    @classmethod
    def of(cls, values: Sequence[Any]) -> Head:
        """From the columns that `HEAD` names."""
        fields = len(GalleryRow._fields)
        numbers = dict(zip(TABLES, values[1 + fields :], strict=True))
        return cls(values[0], GalleryRow._make(values[1 : 1 + fields]), numbers)

    def copy(self) -> Head:
        """As it is now."""
        return Head(self.gallery, self.row, dict(self.last), self.written)

    def to_store(self) -> tuple[str, list[Any]]:
        """The statement that stores it, and its values."""
        names = [*GalleryRow._fields, *(f"last_{table}" for table in TABLES.values())]
        assigned = ", ".join(f"{name} = %s" for name in names)
        return f"UPDATE galleries SET {assigned} WHERE gallery = %s", [*self.row, *self.last.values(), self.gallery]


@dataclass
class State:
    """What all users of one database transaction share.

    Entries of the log and what their photos were called are `late`: written together before the commit, or before
    somebody reads them. `newest` is the newest entry, once it is known; `stale` are the tables noted as such.
    `read` are answers that hold until a row of their kind is written: nobody else writes while this transaction holds
    the head row, and one that only reads sees one state.
    """

    connection: psycopg.Connection
    head: Head
    late: list[Row] = field(default_factory=list)
    newest: LogRow | None = None
    stale: set[str] = field(default_factory=set)
    savepoints: bool = False
    read: dict[type[Row], dict[tuple[Any, ...], list[Any]]] = field(default_factory=dict)

    def answer(self, kind: type[Row], text: str, values: Sequence[Any]) -> list[Any]:
        """What a statement that reads rows of a kind gives; one of few rows is asked once."""
        known = self.read.setdefault(kind, {})
        asked = (text, *values)
        if (found := known.get(asked)) is None:
            found = self.execute(text, values).fetchall()
            if len(found) <= _FEW and kind is not PhotoRow and len(known) < _ANSWERS:
                known[asked] = found
        return found

    def execute(self, text: str, values: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
        """Run a statement made of the names of tables and columns."""
        return self.connection.cursor(binary=True).execute(text, values)

    def write_late(self) -> None:
        """Write what was put off."""
        if not self.late:
            return
        late, self.late = self.late, []
        for kind in _LATE:
            rows = [(self.head.gallery, *row) for row in late if type(row) is kind]
            if len(rows) == 1:
                self.execute(_insert(kind), rows[0])
            elif rows:
                self.connection.cursor().executemany(_insert(kind), rows)


class PostgresRows:
    """What one transaction sees and changes; several may share a transaction of the database, one after the other."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._before = state.head.copy(), state.newest, set(state.stale), len(state.late)
        self._saved = False

    # -- its place among others in the same transaction -------------------------------------------------------------

    def _save(self) -> None:
        """Before the first statement that changes anything: a point to return to, where others were here before."""
        if self._state.savepoints and not self._saved:
            self._state.write_late()  # of those before; what this one put off would be lost by the way back
            self._state.execute("SAVEPOINT block")
            self._saved = True

    def undo(self) -> None:
        """Undo what was done through these rows, and nothing of what was done through others."""
        self._state.read.clear()
        if self._saved:
            self._state.execute("ROLLBACK TO SAVEPOINT block")
            self._state.late = []
        else:
            del self._state.late[self._before[3] :]
        self._state.head, self._state.newest, self._state.stale = self._before[:3]

    # -- reading ----------------------------------------------------------------------------------------------------

    def gallery(self) -> GalleryRow:
        """The gallery's own row."""
        return self._state.head.row

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
        if kind is LogRow and newest == 1 and not (after or upto or equal):
            found = self._newest()
            return iter(() if found is None else (found,))  # type: ignore[arg-type]
        return self._selected(kind, after, upto, newest, limit, equal)

    def _newest(self) -> LogRow | None:
        if self._state.newest is None:
            self._state.newest = next(self._selected(LogRow, 0, None, 1, None, {}), None)
        return self._state.newest

    def _selected(  # noqa: PLR0917 - as `select`
        self,
        kind: type[Kind],
        after: int,
        upto: int | None,
        newest: int | None,
        limit: int | None,
        equal: Mapping[str, object],
    ) -> Iterator[Kind]:
        if any(isinstance(value, str) and "\0" in value for value in equal.values()):
            return  # which no text of this database holds
        # Block by block, as rows may be read for hours, and other statements run meanwhile on the same connection.
        left = newest if newest is not None else limit
        at_once = _PHOTOS_AT_ONCE if kind is PhotoRow else _ROWS_AT_ONCE
        columns = ", ".join(kind._fields)
        while left is None or left > 0:
            asked = at_once if left is None else min(left, at_once)
            where, values = self._where(kind, after, upto, equal)
            ordered = (
                "" if "number" in equal else f" ORDER BY number {'DESC' if newest is not None else 'ASC'} LIMIT {asked}"
            )
            rows = self._state.answer(kind, f"SELECT {columns} FROM {TABLES[kind]}{where}{ordered}", values)
            yield from map(kind._make, rows)
            if len(rows) < asked or "number" in equal:
                return
            left = None if left is None else left - len(rows)
            number = rows[-1][0]
            after, upto = (after, number - 1) if newest is not None else (number, upto)

    def _where(
        self, kind: type[Row], after: int, upto: int | None, equal: Mapping[str, object]
    ) -> tuple[str, list[Any]]:
        if kind in _LATE:
            self._state.write_late()
        terms, values = ["gallery = %s"], [self._state.head.gallery, *equal.values()]
        terms += [f"{name} = %s" for name in equal]
        if after:
            terms, values = [*terms, "number > %s"], [*values, after]
        if upto is not None:
            terms, values = [*terms, "number <= %s"], [*values, upto]
        return f" WHERE {' AND '.join(terms)}", values

    def count(self, kind: type[Row], *, after: int = 0, **equal: object) -> int:
        """How many such rows there are."""
        where, values = self._where(kind, after, None, equal)
        return int(self._one(f"SELECT count(*) FROM {TABLES[kind]}{where}", values)[0])

    def _one(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        found: Sequence[Any] = self._state.execute(text, values).fetchall()[0]
        return found

    def counts(self, kind: type[Row], by: str, *, after: int = 0, **equal: object) -> dict[object, int]:
        """How many of such rows have which value in the field `by`."""
        where, values = self._where(kind, after, None, equal)
        text = f"SELECT {by}, count(*) FROM {TABLES[kind]}{where} GROUP BY {by}"
        return dict(self._state.answer(kind, text, values))

    def last_number(self, kind: type[Row]) -> int:
        """The highest number that was ever given to a row of this kind."""
        return self._state.head.last[kind]

    # -- writing ----------------------------------------------------------------------------------------------------

    def write_gallery(self, row: GalleryRow) -> None:
        """Replace it."""
        self._state.head.row, self._state.head.written = row, True

    def insert(self, row: Row) -> int:
        """Add a row; the number 0 stands for the next one. Returns the number."""
        kind, head = type(row), self._state.head
        row = row._replace(number=row.number or head.last[kind] + 1)
        if kind not in _LATE:
            self._save()
            self._state.execute(_insert(kind), (head.gallery, *row))
        else:
            self._state.late.append(row)
        self._state.read.pop(kind, None)
        if isinstance(row, LogRow) and row.number > head.last[kind]:
            self._state.newest = row
        head.last[kind], head.written = max(head.last[kind], row.number), True
        return row.number

    def update(self, row: Row) -> None:
        """Replace the row of the same kind and number."""
        kind = type(row)
        where, values = self._where(kind, 0, None, {"number": row.number})
        self._save()
        self._note_stale(kind, where, values)  # a row that moves leaves its bytes in the part where it was
        assigned = ", ".join(f"{name} = %s" for name in row._fields[1:])
        self._state.read.pop(kind, None)
        self._state.execute(f"UPDATE {TABLES[kind]} SET {assigned}{where}", [*row[1:], *values])

    def delete(self, kind: type[Row], **equal: object) -> None:
        """Delete such rows, of any kind but the log's."""
        where, values = self._where(kind, 0, None, equal)
        self._save()
        self._note_stale(kind, where, values)
        self._state.read.pop(kind, None)
        self._state.execute(f"DELETE FROM {TABLES[kind]}{where}", values)

    def _note_stale(self, kind: type[Row], where: str, values: Sequence[Any]) -> None:
        found = self._state.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {TABLES[kind]}{where}", values)
        for (part,) in found.fetchall():
            if part not in self._state.stale:
                self._state.execute(
                    "INSERT INTO stale VALUES (%s, %s) ON CONFLICT DO NOTHING", (self._state.head.gallery, part)
                )
                self._state.stale.add(part)

    # -- for searches -----------------------------------------------------------------------------------------------

    def searchable(self, *, after: int = 0, upto: int | None = None, **equal: object) -> Iterator[Searchable]:
        """Samples as searches load them, by binary COPY: neither the server nor this process makes texts of bytes."""
        if equal or self.last_number(SampleRow) - after <= _SEARCHED_AT_ONCE:
            yield from self._searchable("samples", after, upto, equal)
            return
        expires = self._expiries(None)
        last = self.last_number(SampleRow) if upto is None else upto
        ranges = ((part, low) for low in range(after, last, _NUMBERS_AT_ONCE) for part in range(_PARTS))

        def fetched(place: tuple[int, int]) -> tuple[tuple[int, int], Sequence[Any]]:
            part, low = place
            where, values = self._where(SampleRow, low, min(low + _NUMBERS_AT_ONCE, last), {})
            return place, self._one(f"{_TOGETHER} FROM samples_{part}{where}", values)

        for (part, low), found in ahead(fetched, ranges, workers=1, depth=2):
            if (alike := _taken_apart(found, expires)) is not None:
                yield alike
            elif found[0]:
                upto = min(low + _NUMBERS_AT_ONCE, last)
                yield from self._searchable(f"samples_{part}", low, upto, {}, expires)

    def _searchable(
        self,
        table: str,
        after: int,
        upto: int | None,
        equal: Mapping[str, object],
        expires: Mapping[int, str] | None = None,
    ) -> Iterator[Searchable]:
        while True:
            where, values = self._where(SampleRow, after, upto, equal)
            text = f"SELECT number, person, vector, salt, seal FROM {table}{where}"
            text = f"{text} ORDER BY number LIMIT {_SEARCHED_AT_ONCE}"
            with self._state.connection.cursor().copy(f"COPY ({text}) TO STDOUT (FORMAT BINARY)", values) as copied:
                content = b"".join(copied)
            columns = list(zip(*_records(content), strict=True))
            if not columns:
                return
            numbers, people, *material = columns
            known = self._expiries(people) if expires is None else expires
            yield Searchable(numbers, people, tuple(map(known.get, people)), *material)
            if len(numbers) < _SEARCHED_AT_ONCE:
                return
            after = numbers[-1]

    def _expiries(self, people: Collection[int] | None) -> dict[int, str]:
        """When these people, or all, expire, of those who do; a join would cost more than the samples themselves."""
        text = "SELECT number, expires FROM people WHERE gallery = %s AND expires IS NOT NULL"
        values: list[Any] = [self._state.head.gallery]
        if people is not None:
            text, values = f"{text} AND number = ANY(%s)", [*values, sorted(set(people))]
        return dict(self._state.execute(text, values).fetchall())

    # -- its health -------------------------------------------------------------------------------------------------

    def faults(self) -> Iterator[str]:
        """What is wrong with the tables: guards that are missing, rows that belong to nothing, numbers given twice."""
        self._state.write_late()
        for name in ("log_is_never_changed", "log_is_never_emptied"):
            text = (
                "SELECT count(*) FROM pg_trigger WHERE tgname = %s AND tgrelid = 'log'::regclass AND tgenabled <> 'D'"
            )
            if not self._one(text, [name])[0]:
                yield f"a guard of the log was removed: {name}"
        text = (
            "SELECT relname FROM pg_class WHERE relnamespace = 'facerec'::regnamespace AND relkind IN ('r', 'p') "
            "AND relname <> 'version' AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname"
        )
        for (name,) in self._state.execute(text).fetchall():
            yield f"row-level security of the table {name} was switched off; it keeps galleries apart"
        number = self._state.head.gallery
        for table, column, parent in (
            ("samples", "person", "people"),
            ("photos", "number", "samples"),
            ("log_sources", "number", "log"),
            ("requests", "person", "people"),
        ):
            text = (
                f"SELECT number FROM {table} t WHERE gallery = %s AND NOT EXISTS "
                f"(SELECT 1 FROM {parent} p WHERE p.gallery = %s AND p.number = t.{column}) ORDER BY number LIMIT 5"
            )
            for (row,) in self._state.execute(text, (number, number)).fetchall():
                yield f"row {row} of {table} belongs to nothing in {parent}"
        for table, column in (("people", "name"), ("people", "id"), ("samples", "number")):
            text = f"SELECT min(number) FROM {table} WHERE gallery = %s GROUP BY {column} HAVING count(*) > 1 LIMIT 5"
            for (row,) in self._state.execute(text, (number,)).fetchall():
                yield f"the {column} of row {row} of {table} is there twice"


_BYTES = ("vector", "salt", "seal")
# Thousands of rows as one: to take rows from a connection one by one costs more than all else that is done with them.
_TOGETHER = (
    f"SELECT count(*), {', '.join(f'count({each}), min(length({each})), max(length({each}))' for each in _BYTES)}, "
    "string_agg(int8send(number), ''), string_agg(int8send(person), ''), "
    + ", ".join(f"string_agg({each}, '')" for each in _BYTES)
)


def _taken_apart(found: Sequence[Any], expires: Mapping[int, str]) -> Searchable | None:
    """The samples that `_TOGETHER` gave; ``None`` where there are none, or not all are as long as the others."""
    count, *facts = found
    counts, shortest, longest = facts[0:9:3], facts[1:9:3], facts[2:9:3]
    if not count or counts != [count] * 3 or shortest != longest or 0 in shortest:
        return None
    numbers, people = (tuple(np.frombuffer(each, ">i8").tolist()) for each in facts[9:11])
    material = [
        tuple(row[0] for row in struct.iter_unpack(f"{size}s", content))
        for size, content in zip(shortest, facts[11:], strict=True)
    ]
    return Searchable(numbers, people, tuple(map(expires.get, people)), *material)


def _insert(kind: type[Row]) -> str:
    names = ("gallery", *kind._fields)
    return f"INSERT INTO {TABLES[kind]} ({', '.join(names)}) VALUES ({', '.join('%s' for _ in names)})"


def _records(content: bytes) -> Iterator[tuple[Any, ...]]:
    """The rows of a binary COPY: two numbers, then bytes or nothing."""
    place = 19 + _LENGTH.unpack_from(content, 15)[0]  # after the header and its extension
    end = len(content) - 2  # the trailer
    if (alike := _alike(content, place, end)) is not None:
        yield from alike.iter_unpack(memoryview(content)[place:end])
        return
    while place < end:
        place += 2
        values: list[bytes | None] = []
        for _ in range(_SEARCHED):
            (length,) = _LENGTH.unpack_from(content, place)
            place += 4
            values.append(None if length < 0 else content[place : place + length])
            place += max(length, 0)
        number, person, *material = values
        yield _INTEGER.unpack(number or b"")[0], _INTEGER.unpack(person or b"")[0], *material


def _alike(content: bytes, place: int, end: int) -> struct.Struct | None:
    """How to take all rows apart at once, where those are as long as the first in every field; nearly always."""
    at = place + 2
    lengths: list[int] = []
    while len(lengths) < _SEARCHED and at < end:
        lengths.append(_LENGTH.unpack_from(content, at)[0])
        at += 4 + max(lengths[-1], 0)
    if len(lengths) < _SEARCHED or (end - place) % (at - place) or min(lengths) < 0:
        return None
    rows = np.frombuffer(content, np.uint8, end - place, place).reshape(-1, at - place)
    column = 2
    for length in lengths:
        if (rows[:, column : column + 4] != rows[0, column : column + 4]).any():
            return None
        column += 4 + length
    fields = "".join(f"4x{length}s" for length in lengths[2:])
    return struct.Struct(f">2x4xq4xq{fields}")
