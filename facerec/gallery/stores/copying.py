"""All rows of one gallery into another, of any two stores."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from facerec.errors import DamagedGalleryError
from facerec.gallery.records import Backup, EmbedderIdentity
from facerec.gallery.rows import KINDS, ChangeRow, LogRow, PersonRow, RequestRow, Row, Rows, SampleRow
from facerec.gallery.stores.sqlite.backup import check_free
from facerec.gallery.stores.sqlite.store import SqliteStore


def copy_rows(source: Rows, target: Rows) -> None:
    """Write all rows of one gallery into another that is empty, bit for bit, the log and its digests included.

    Numbers of rows that were deleted stay given: a forgotten person's number never means somebody else.
    """
    for kind in KINDS:
        for row in source.select(kind):  # type: ignore[type-var]
            target.insert(row)
    _give_numbers(source, target)
    target.write_gallery(source.gallery())


def _give_numbers(source: Rows, target: Rows) -> None:
    """Let the highest numbers count as given, by rows that are deleted at once and say nothing."""
    given = {kind: source.last_number(kind) for kind in (PersonRow, SampleRow, ChangeRow, RequestRow)}
    missing = {kind for kind, number in given.items() if number > target.last_number(kind)}
    owner = given[PersonRow]
    made = bool(missing) and not target.count(PersonRow, number=owner)
    if made:  # samples and requests belong to somebody
        target.insert(PersonRow(owner, b"", "", None, None, None, "", "", None))
    blanks: dict[type[Row], Row] = {
        SampleRow: SampleRow(given[SampleRow], owner, b"", "", 0.0, 0.0, 0.0, 0.0, 0.0, "", None, 0, None, None, None),
        ChangeRow: ChangeRow(given[ChangeRow], owner),
        RequestRow: RequestRow(given[RequestRow], b"", owner, 0, b""),
    }
    for kind, blank in blanks.items():
        if kind in missing:
            target.insert(blank)
            target.delete(kind, number=blank.number)
    if made:
        target.delete(PersonRow, number=owner)


def check_same(source: Rows, target: Rows) -> None:
    """Raise `DamagedGalleryError` unless both hold as many rows of each kind, and their logs end in the same entry."""
    for kind in KINDS:
        expected, found = source.count(kind), target.count(kind)
        if expected != found:
            message = f"the copy holds {found:,} rows of {kind.__name__}, not {expected:,}; it was not kept"
            raise DamagedGalleryError(message)
    if list(source.select(LogRow, newest=1)) != list(target.select(LogRow, newest=1)):
        message = "the log of the copy ends otherwise than that of the gallery; the copy was not kept"
        raise DamagedGalleryError(message)


def back_up_rows(rows: Rows, path: Path, *, key: bytes | None) -> Backup:
    """Copy what a transaction sees to a new gallery file, and read the copy through."""
    bound = rows.gallery()
    identity = EmbedderIdentity(bound.embedder, bound.digest, bound.dimension)
    check_free(path)
    with (
        TemporaryDirectory(prefix=".facerec-", dir=path.parent) as folder,
        closing(SqliteStore(Path(folder) / "people.db", identity)) as copy,
    ):
        with copy.writing() as written:
            copy_rows(rows, written)
        return copy.back_up(path, key=key)
