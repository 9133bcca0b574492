"""A gallery in memory: for tests, and as the plainest way to see what a store has to do."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from facerec.errors import ClosedGalleryError, GalleryError
from facerec.gallery.records import Backup, EmbedderIdentity, Erasure
from facerec.gallery.rows import KINDS, GalleryRow, Kind, PersonRow, Row, SampleRow, Searchable
from facerec.gallery.stores.copying import back_up_rows

_AT_ONCE = 2048


class MemoryStore:
    """The rows of one gallery, in this process only and gone with it; see ``facerec.gallery.rows.Store``.

    ``Gallery(MemoryStore(identity))`` is a gallery like any other. It is quick for some thousand people: whatever is
    not asked for by number is found by looking at all rows. `again` is the same gallery opened once more.
    """

    read_only = False

    def __init__(self, embedder: EmbedderIdentity, *, name: str = "in memory") -> None:
        self.name = name
        self._closed = False
        self._tables = _Tables(GalleryRow(embedder.name, embedder.digest, embedder.dimension, 0, 0, None, 0))

    def again(self) -> MemoryStore:
        """Another handle of the same gallery, which stays open when this one is closed."""
        other = MemoryStore.__new__(MemoryStore)
        other.name, other._closed, other._tables = self.name, False, self._tables
        return other

    def reading(self) -> AbstractContextManager[MemoryRows]:
        """A transaction in which all reads see the same state."""
        return self.writing()

    @contextmanager
    def writing(self) -> Iterator[MemoryRows]:
        """A transaction that is undone if the block is left by an exception."""
        with self._tables.lock:
            if self._closed:
                message = f"the gallery {self.name} has been closed; open it again"
                raise ClosedGalleryError(message)
            if self._tables.busy:
                message = (
                    f"the gallery {self.name} was used from within one of its own calls, by the function it was given"
                )
                raise GalleryError(message)
            self._tables.busy = True
            rows = MemoryRows(self._tables)
            try:
                yield rows
            except BaseException:
                rows.undo()
                raise
            finally:
                self._tables.busy = False

    def exclusively(self) -> AbstractContextManager[object]:
        """Keep other threads out over several transactions."""
        return self._tables.lock

    def erase(self) -> Erasure:
        """Nothing of what was deleted is left, as far as this process can know."""
        with self.writing() as rows:
            row = rows.gallery()
            rows.write_gallery(row._replace(erased=row.deletions))
        return Erasure(complete=True, advice="")

    def back_up(self, path: Path, *, key: bytes | None) -> Backup:
        """Copy what is stored now to a new gallery file, and read the copy through."""
        with self.reading() as rows:
            return back_up_rows(rows, path, key=key)

    def close(self) -> None:
        """Refuse all further use of this handle."""
        self._closed = True


class _Tables:
    def __init__(self, gallery: GalleryRow) -> None:
        self.gallery = gallery
        self.rows: dict[type[Row], dict[int, Row]] = {kind: {} for kind in KINDS}
        self.given: Counter[type[Row]] = Counter()  # the highest number so far
        self.lock = threading.RLock()
        self.busy = False


class MemoryRows:
    """What one transaction sees and changes; see ``facerec.gallery.rows.Rows``."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables
        self._before = (tables.gallery, Counter(tables.given))
        self._changed: list[tuple[type[Row], int, Row | None]] = []  # what stood there before, oldest first

    def undo(self) -> None:
        """Put everything back as it was when the transaction began."""
        for kind, number, row in reversed(self._changed):
            if row is None:
                del self._tables.rows[kind][number]
            else:
                self._tables.rows[kind][number] = row
        self._tables.gallery, self._tables.given = self._before

    def gallery(self) -> GalleryRow:
        """The gallery's own row."""
        return self._tables.gallery

    def write_gallery(self, row: GalleryRow) -> None:
        """Replace it."""
        self._tables.gallery = row

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
        table = self._tables.rows[kind]
        numbers = [equal["number"]] if "number" in equal else sorted(table, reverse=newest is not None)
        most = newest if newest is not None else limit
        found = 0
        for number in numbers:
            row = table.get(number)  # type: ignore[call-overload]
            if row is None or not after < number or (upto is not None and number > upto):  # type: ignore[operator]
                continue
            if all(getattr(row, name) == value for name, value in equal.items()):
                if most is not None and found == most:
                    return
                found += 1
                yield row

    def count(self, kind: type[Row], *, after: int = 0, **equal: object) -> int:
        """How many such rows there are."""
        return len(list(self.select(kind, after=after, **equal)))  # type: ignore[type-var, arg-type]

    def counts(self, kind: type[Row], by: str, *, after: int = 0, **equal: object) -> dict[object, int]:
        """How many of such rows have which value in the field `by`."""
        return dict(Counter(getattr(row, by) for row in self.select(kind, after=after, **equal)))  # type: ignore[type-var, arg-type]

    def last_number(self, kind: type[Row]) -> int:
        """The highest number that was ever given to a row of this kind."""
        return self._tables.given[kind]

    def insert(self, row: Row) -> int:
        """Add a row; the number 0 stands for the next one. Returns the number."""
        kind = type(row)
        number = row.number or self._tables.given[kind] + 1
        self._put(row._replace(number=number))
        self._tables.given[kind] = max(self._tables.given[kind], number)
        return number

    def update(self, row: Row) -> None:
        """Replace the row of the same kind and number."""
        self._put(row)

    def _put(self, row: Row) -> None:
        table = self._tables.rows[type(row)]
        self._changed.append((type(row), row.number, table.get(row.number)))
        table[row.number] = row

    def delete(self, kind: type[Row], **equal: object) -> None:
        """Delete such rows, of any kind but the log's."""
        for row in list(self.select(kind, **equal)):  # type: ignore[type-var, arg-type]
            self._changed.append((kind, row.number, row))
            del self._tables.rows[kind][row.number]

    def searchable(self, *, after: int = 0, upto: int | None = None, **equal: object) -> Iterator[Searchable]:
        """Samples as searches load them."""
        found = list(self.select(SampleRow, after=after, upto=upto, **equal))  # type: ignore[arg-type]
        people = self._tables.rows[PersonRow]
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            expires = tuple(people[row.person].expires for row in part)  # type: ignore[union-attr]
            columns = (tuple(getattr(row, name) for row in part) for name in ("vector", "salt", "seal"))
            yield Searchable(tuple(row.number for row in part), tuple(row.person for row in part), expires, *columns)

    def faults(self) -> Iterator[str]:
        """Nothing can be wrong with what nobody else can reach."""
        yield from ()
