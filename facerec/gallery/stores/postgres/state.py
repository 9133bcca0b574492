"""What all who write in one transaction of the database share: its head row, what is known of it, what is put off."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facerec.gallery.rows import LogRow, PhotoRow, Row, SourceRow
from facerec.gallery.stores.postgres.head import TABLES, Head

if TYPE_CHECKING:
    import psycopg

_FEW, _ANSWERS = 16, 512  # rows of an answer that is kept, and answers of a kind
LATE = (LogRow, SourceRow)


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

    def one(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        """The row of a statement that gives one."""
        found: Sequence[Any] = self.execute(text, values).fetchall()[0]
        return found

    def where(
        self, kind: type[Row], after: int, upto: int | None, equal: Mapping[str, object]
    ) -> tuple[str, list[Any]]:
        """The condition for rows of a kind, and its values; such rows that were put off are written first."""
        if kind in LATE:
            self.write_late()
        terms, values = ["gallery = %s"], [self.head.gallery, *equal.values()]
        terms += [f"{name} = %s" for name in equal]
        if after:
            terms, values = [*terms, "number > %s"], [*values, after]
        if upto is not None:
            terms, values = [*terms, "number <= %s"], [*values, upto]
        return f" WHERE {' AND '.join(terms)}", values

    def write_late(self) -> None:
        """Write what was put off."""
        if not self.late:
            return
        late, self.late = self.late, []
        for kind in LATE:
            rows = [(self.head.gallery, *row) for row in late if type(row) is kind]
            if len(rows) == 1:
                self.execute(insert_into(kind), rows[0])
            elif rows:
                self.connection.cursor().executemany(insert_into(kind), rows)


def insert_into(kind: type[Row]) -> str:
    """The statement that adds a row of that kind."""
    names = ("gallery", *kind._fields)
    return f"INSERT INTO {TABLES[kind]} ({', '.join(names)}) VALUES ({', '.join('%s' for _ in names)})"
