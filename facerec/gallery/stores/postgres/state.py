"""What all who write in one transaction of the database share: its head row, what is known of it, what is put off."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facerec.gallery.rows import KINDS, ChangeRow, LogRow, PersonRow, PhotoRow, RequestRow, Row, SampleRow
from facerec.gallery.stores.postgres.head import TABLES, Head

if TYPE_CHECKING:
    import psycopg

FEW, _ANSWERS = 16, 512  # rows of an answer that is kept, and answers of a kind
_MOST_PENDING = 1000  # rows that are put off; photos are written at once
_OF_PERSON = (SampleRow, ChangeRow, RequestRow)
INSERTS = {
    kind: f"INSERT INTO {TABLES[kind]} (gallery, {', '.join(kind._fields)}) "
    f"VALUES ({', '.join(['%s'] * (1 + len(kind._fields)))})"
    for kind in KINDS
}
"""The statement that adds a row, by its kind."""


@dataclass
class State:
    """What all users of one database transaction share.

    New rows are `pending`: written together before the commit, or before somebody asks for what may be among them. What
    belongs to somebody whose row is pending is pending, too, so that such questions need no server. `newest` is the
    newest entry of the log; `stale` are the tables noted as such. `read` are answers that hold until a row of their
    kind is written: nobody else writes while this transaction holds the head row, and one that only reads sees one
    state.
    """

    connection: psycopg.Connection
    head: Head
    newest: LogRow | None
    pending: list[Row] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    savepoints: bool = False
    read: dict[type[Row], dict[tuple[Any, ...], list[Any]]] = field(default_factory=dict)

    def answer(self, kind: type[Row], text: str, values: Sequence[Any]) -> list[Any]:
        """What a statement that reads rows of a kind gives; one of few rows is asked once."""
        if (found := self.known(kind, text, values)) is None:
            found = self.execute(text, values).fetchall()
            self.remember(kind, text, values, found)
        return found

    def known(self, kind: type[Row], text: str, values: Sequence[Any]) -> list[Any] | None:
        """An answer that is kept."""
        return self.read.get(kind, {}).get((text, *values))

    def remember(self, kind: type[Row], text: str, values: Sequence[Any], found: list[Any]) -> None:
        """Keep an answer, if it is of few rows."""
        known = self.read.setdefault(kind, {})
        if len(found) <= FEW and kind is not PhotoRow and len(known) < _ANSWERS:
            known[text, *values] = found

    def execute(self, text: str, values: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
        """Run a statement made of the names of tables and columns."""
        return self.connection.cursor(binary=True).execute(text, values)

    def one(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        """The row of a statement that gives one."""
        found: Sequence[Any] = self.execute(text, values).fetchall()[0]
        return found

    def where(self, after: int, upto: int | None, equal: Mapping[str, object]) -> tuple[str, list[Any]]:
        """The condition for such rows, and its values."""
        terms, values = ["gallery = %s"], [self.head.gallery, *equal.values()]
        terms += [f"{name} = %s" for name in equal]
        if after:
            terms, values = [*terms, "number > %s"], [*values, after]
        if upto is not None:
            terms, values = [*terms, "number <= %s"], [*values, upto]
        return f" WHERE {' AND '.join(terms)}", values

    # -- what is put off --------------------------------------------------------------------------------------------

    def put_off(self, row: Row) -> bool:
        """Whether a new row is written later."""
        if isinstance(row, PhotoRow) or len(self.pending) >= _MOST_PENDING:
            return False
        self.pending.append(row)
        return True

    def unwritten(self, kind: type[Row], equal: Mapping[str, object]) -> list[Row] | None:
        """The rows that were asked for, where they are sure to be pending; ``None`` where the server must be asked."""
        if not self.pending:
            return None
        if kind in _OF_PERSON and "person" in equal:
            place = self.place(PersonRow, equal["person"])
        else:
            place = self.place(kind, equal.get("number"))
        if place is None:
            return None
        rows = [row for row in self.pending if type(row) is kind]
        return [row for row in rows if all(getattr(row, name) == value for name, value in equal.items())]

    def place(self, kind: type[Row], number: object) -> int | None:
        """Where the row of that number is pending."""
        places = (place for place, row in enumerate(self.pending) if type(row) is kind and row.number == number)
        return next(places, None)

    def write(self) -> None:
        """Write what was put off."""
        if self.pending:
            with self.connection.pipeline():
                self._write()

    def commit(self) -> None:
        """Write what was put off and the head row, and commit, in one message."""
        with self.connection.pipeline():
            self._write(*([self.head.to_store()] if self.head.written else []))
            self.connection.execute("COMMIT")

    def _write(self, *statements: tuple[str, Sequence[Any]]) -> None:
        """Write what is pending, and then what these statements do, in as few statements as can be."""
        rows, self.pending = self.pending, []
        single = list(statements)
        for kind in KINDS:
            values = [(self.head.gallery, *row) for row in rows if type(row) is kind]
            if len(values) == 1:
                single.insert(0, (INSERTS[kind], values[0]))
            elif values:
                self.connection.cursor(binary=True).executemany(INSERTS[kind], values)
        if single:
            *before, (text, _) = single
            parts = ", ".join(f"part_{number} AS ({each})" for number, (each, _) in enumerate(before))
            together = [value for _, values in single for value in values]
            self.execute(f"WITH {parts} {text}" if before else text, together)
