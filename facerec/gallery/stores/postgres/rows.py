"""The rows of a gallery in a database: what ``facerec.gallery.rows.Rows`` asks for.

Names of tables and columns come from the kinds of rows, never from a caller's values. Every statement names the
gallery: a superuser is not held by row-level security.
"""
# ruff: noqa: S608

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from facerec.gallery.rows import KINDS, GalleryRow, Kind, LogRow, PersonRow, PhotoRow, Row, SampleRow, Searchable
from facerec.gallery.stores.postgres import faults, searching
from facerec.gallery.stores.postgres.head import TABLES
from facerec.gallery.stores.postgres.state import FEW, INSERTS, State

_ROWS_AT_ONCE = 2048
_PHOTOS_AT_ONCE = 16  # each may be some megabytes


class PostgresRows:
    """What one transaction sees and changes; several may share a transaction of the database, one after the other."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._before = state.head.copy(), state.newest, set(state.stale)
        self._others = len(state.pending)  # of what is pending, rows of those before
        self._saved = False

    # -- its place among others in the same transaction -------------------------------------------------------------

    def _write(self, *kinds: type[Row]) -> None:
        """Write what is pending, if rows of one of these kinds are; by default in any case, before a change.

        Where others were here before there is a point to return to before the first thing of this one that is written.
        """
        state = self._state
        if kinds and not any(type(row) in kinds for row in state.pending):
            return
        own = state.pending[self._others :]
        if state.savepoints and not self._saved and (own or not kinds):
            del state.pending[self._others :]
            state.write()
            state.execute("SAVEPOINT block")
            self._saved, state.pending = True, own
        state.write()
        self._others = 0

    def undo(self) -> None:
        """Undo what was done through these rows, and nothing of what was done through others."""
        self._state.read.clear()
        del self._state.pending[self._others :]
        if self._saved:
            self._state.execute("ROLLBACK TO SAVEPOINT block")
        self._state.head, self._state.newest, self._state.stale = self._before

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
            found = self._state.newest
            return iter(() if found is None else (found,))  # type: ignore[arg-type]
        if (own := self._state.unwritten(kind, equal)) is not None and not after and upto is None and newest is None:
            return iter(own[:limit])  # type: ignore[arg-type]
        self._write(kind)
        return self._selected(kind, after, upto, newest, limit, equal)

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
        while left is None or left > 0:
            asked = at_once if left is None else min(left, at_once)
            where, values = self._state.where(after, upto, equal)
            text = _selection(kind, where, limit=None if "number" in equal else asked, newest=newest is not None)
            rows = self._state.answer(kind, text, values)
            yield from map(kind._make, rows)
            if len(rows) < asked or "number" in equal:
                return
            left = None if left is None else left - len(rows)
            number = rows[-1][0]
            after, upto = (after, number - 1) if newest is not None else (number, upto)

    def count(self, kind: type[Row], *, after: int = 0, **equal: object) -> int:
        """How many such rows there are."""
        self._write(kind)
        where, values = self._state.where(after, None, equal)
        return int(self._state.one(f"SELECT count(*) FROM {TABLES[kind]}{where}", values)[0])

    def counts(self, kind: type[Row], by: str, *, after: int = 0, **equal: object) -> dict[object, int]:
        """How many of such rows have which value in the field `by`."""
        if not after and (own := self._state.unwritten(kind, equal)) is not None:
            return dict(Counter(getattr(row, by) for row in own))
        self._write(kind)
        where, values = self._state.where(after, None, equal)
        if not after and "person" in equal and (few := self._few(kind, where, values)) is not None:
            return dict(Counter(getattr(row, by) for row in few))
        text = f"SELECT {by}, count(*) FROM {TABLES[kind]}{where} GROUP BY {by}"
        return dict(self._state.answer(kind, text, values))

    def _few(self, kind: type[Row], where: str, values: list[Any]) -> list[Row] | None:
        """All such rows, if they are few: whoever counts somebody's faces nearly always reads them next."""
        text = _selection(kind, where, limit=_ROWS_AT_ONCE)
        found = self._state.known(kind, text, values)
        if found is None:
            found = self._state.execute(_selection(kind, where, limit=FEW + 1), values).fetchall()
            self._state.remember(kind, text, values, found)
        return [kind._make(row) for row in found] if len(found) <= FEW else None

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
        if not self._state.put_off(row):
            self._write()
            self._state.execute(INSERTS[kind], (head.gallery, *row))
        self._state.read.pop(kind, None)
        if isinstance(row, LogRow) and row.number > head.last[kind]:
            self._state.newest = row
        head.last[kind], head.written = max(head.last[kind], row.number), True
        return row.number

    def update(self, row: Row) -> None:
        """Replace the row of the same kind and number."""
        kind, place = type(row), self._state.place(type(row), row.number)
        self._state.read.pop(kind, None)
        if place is not None and place >= self._others:
            self._state.pending[place] = row
            return
        where, values = self._state.where(0, None, {"number": row.number})
        self._write()
        self._note_stale(kind, where, values)  # a row that moves leaves its bytes in the part where it was
        assigned = ", ".join(f"{name} = %s" for name in row._fields[1:])
        self._state.execute(f"UPDATE {TABLES[kind]} SET {assigned}{where}", [*row[1:], *values])

    def delete(self, kind: type[Row], **equal: object) -> None:
        """Delete such rows, of any kind but the log's."""
        where, values = self._state.where(0, None, equal)
        self._write()
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

    # -- for searches, and its health -------------------------------------------------------------------------------

    def searchable(self, *, after: int = 0, upto: int | None = None, **equal: object) -> Iterator[Searchable]:
        """Samples as searches load them."""
        self._write(SampleRow, PersonRow)
        return searching.searchable(self._state, after, upto, equal)

    def faults(self) -> Iterator[str]:
        """What is wrong with the tables: guards that are missing, rows that belong to nothing, numbers given twice."""
        self._write(*KINDS)
        return faults.faults(self._state)


def _selection(kind: type[Row], where: str, *, limit: int | None, newest: bool = False) -> str:
    ordered = "" if limit is None else f" ORDER BY number {'DESC' if newest else 'ASC'} LIMIT {limit}"
    return f"SELECT {', '.join(kind._fields)} FROM {TABLES[kind]}{where}{ordered}"
