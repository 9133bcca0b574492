"""The rows of a gallery, as every engine keeps them, and what an engine must do with them: the seam of all stores.

Rows are material, not statements: days and times are ISO 8601 text, ids and digests bytes, details JSON. What they
mean, and every rule about them, stands above, in ``ledger.py`` and the modules that use it; so a second engine is one
class that keeps seven kinds of rows.

Numbers count up within a kind and are never given again, so readers can ask for "everything after the last one I saw",
and a forgotten person's number never means somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from facerec.gallery.records import Backup, Erasure


class GalleryRow(NamedTuple):
    """The gallery itself: the embedder it is bound to, and how many deletions were made and erased.

    Equal: nothing deleted is left in the store. `key_id` tells the key of the log from others, ``None`` for no key;
    `sealed` is 0 where rows of version 1 have no salts yet.
    """

    embedder: str
    digest: str
    dimension: int
    deletions: int
    erased: int
    key_id: str | None
    sealed: int


class PersonRow(NamedTuple):
    """Somebody who is enrolled.

    `skeleton` is what all names share that look like this one, so that look-alikes are found; `salt`, written anew with
    every change, goes into the digest of the row.
    """

    number: int
    id: bytes
    name: str
    consent: str | None
    purpose: str | None
    expires: str | None
    created: str
    skeleton: str
    salt: bytes | None


class SampleRow(NamedTuple):
    """One enrolled face; `seal` is a digest over `salt` and `vector`, so that a flipped bit shows on loading."""

    number: int
    person: int
    vector: bytes
    source: str
    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    enrolled: str
    photo_sha256: bytes | None
    kept: int
    matcher: str | None
    salt: bytes | None
    seal: bytes | None


class PhotoRow(NamedTuple):
    """A kept photo; its number is that of its sample."""

    number: int
    content: bytes


class LogRow(NamedTuple):
    """An entry of the log; no row of this kind is ever changed or deleted.

    `contents`, of an entry that changed somebody, is the digest of their record and that of their faces from then on;
    `source_digest` that of what the probe photo was called (``sealing.py``).
    """

    number: int
    time: str
    event: str
    person_id: bytes | None
    details: str
    digest: bytes
    contents: bytes | None
    source_digest: bytes | None


class SourceRow(NamedTuple):
    """What the probe photo of a log entry was called, or which terms it changed; its number is the entry's.

    It stands apart from the log, because it may hold a person's name and must be forgettable. `person_id` is with whom
    it is forgotten.
    """

    number: int
    person_id: bytes
    source: str
    salt: bytes | None


class ChangeRow(NamedTuple):
    """Somebody whose samples are not what a reader loaded before; additions are seen by their numbers."""

    number: int
    person: int


class RequestRow(NamedTuple):
    """An enrollment that was asked for under a key, so that it is done once however often it is asked for."""

    number: int
    key: bytes
    person: int
    entry: int
    content: bytes


Row = PersonRow | SampleRow | PhotoRow | LogRow | SourceRow | ChangeRow | RequestRow
Kind = TypeVar("Kind", PersonRow, SampleRow, PhotoRow, LogRow, SourceRow, ChangeRow, RequestRow)
KINDS: tuple[type[Row], ...] = (PersonRow, SampleRow, PhotoRow, LogRow, SourceRow, ChangeRow, RequestRow)


class Searchable(NamedTuple):
    """What searches need of a few thousand samples, column by column, in the order of their numbers or any other."""

    numbers: tuple[int, ...]
    people: tuple[int, ...]
    expires: tuple[str | None, ...]
    vectors: tuple[bytes, ...]
    salts: tuple[bytes | None, ...]
    seals: tuple[bytes | None, ...]


class Rows(Protocol):
    """What one transaction sees and changes.

    `equal` are fields that must have these values; all conditions hold together. A row that is not as it can have been
    written is a `DamagedGalleryError`; of a vector or a photo that is no bytes, empty bytes are given.
    """

    def gallery(self) -> GalleryRow:
        """The gallery's own row."""
        ...

    def write_gallery(self, row: GalleryRow) -> None:
        """Replace it."""
        ...

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
        """Rows with numbers beyond `after` up to `upto`, by number, at most `limit`; or the `newest`, last first."""
        ...

    def count(self, kind: type[Row], *, after: int = 0, **equal: object) -> int:
        """How many such rows there are."""
        ...

    def counts(self, kind: type[Row], by: str, *, after: int = 0, **equal: object) -> dict[object, int]:
        """How many of such rows have which value in the field `by`."""
        ...

    def last_number(self, kind: type[Row]) -> int:
        """The highest number that was ever given to a row of this kind."""
        ...

    def insert(self, row: Row) -> int:
        """Add a row; the number 0 stands for the next one. Returns the number."""
        ...

    def update(self, row: Row) -> None:
        """Replace the row of the same kind and number."""
        ...

    def delete(self, kind: type[Row], **equal: object) -> None:
        """Delete such rows, of any kind but the log's."""
        ...

    def searchable(self, *, after: int = 0, upto: int | None = None, **equal: object) -> Iterator[Searchable]:
        """Samples as searches load them, and when their people expire: as `select`, in any order."""
        ...

    def faults(self) -> Iterator[str]:
        """What the engine itself finds wrong with what it keeps, in words."""
        ...


class Store(Protocol):
    """One gallery of an engine, which may be used by several threads.

    `name` is what people call it: a path, an address. `read_only`: nothing can be written, not even into the log.
    """

    name: str

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written."""
        ...

    def reading(self) -> AbstractContextManager[Rows]:
        """A transaction in which all reads see the same state; it holds nobody else up."""
        ...

    def writing(self) -> AbstractContextManager[Rows]:
        """A transaction that is durable once the block is left, or undone if it is left by an exception.

        There is one at a time, of all processes.
        """
        ...

    def exclusively(self) -> AbstractContextManager[object]:
        """Keep this process's other threads out over several transactions."""
        ...

    def erase(self) -> Erasure:
        """See that nothing of what was deleted is left in the store; what stands in the way is told, not raised."""
        ...

    def back_up(self, path: Path, *, key: bytes | None) -> Backup:
        """Copy what is stored now to a new gallery file, and read the copy through."""
        ...

    def close(self) -> None:
        """Release the store; closing twice is allowed."""
        ...
