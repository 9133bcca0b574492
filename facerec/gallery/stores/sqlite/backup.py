"""Copies of a gallery file by SQLite's own backup: of one moment, in one file, read through after they were written.

A copy by other means (``cp``) of a gallery that is in use lacks what stands in its -wal file. A backup is told from
such a copy by its header: a gallery is kept in SQLite's write-ahead mode, a backup is not, and needs no file beside it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from facerec import errors
from facerec.files import is_folder, is_there, replacing, sha256_of
from facerec.gallery import checking, sealing
from facerec.gallery.ledger import Ledger
from facerec.gallery.records import Backup, GalleryCheck
from facerec.gallery.stores.sqlite import schema
from facerec.gallery.stores.sqlite.connection import Connection, clear_error
from facerec.gallery.stores.sqlite.place import BESIDE, Held, beside, has_changes_beside
from facerec.gallery.stores.sqlite.rows import SqliteRows
from facerec.visible_text import shortened

_PLAIN_COPY = (
    "it is the file of a gallery, not made by facerec gallery backup: if it was copied while the gallery was in use, "
    "what its -wal file held is missing"
)

_NOT_WHOLE = "what was to be copied is not whole, and the copy was not kept: "


def check_free(path: Path) -> None:
    """Refuse to write a gallery where there is one, or where what SQLite keeps beside one was left."""
    for taken in (path, *(beside(path, suffix) for suffix in BESIDE)):
        if is_there(taken):
            message = (
                f"{shortened(taken)} is there already, and is not overwritten; choose another name, or move it away "
                "together with its -wal and -shm files"
            )
            raise errors.OutputError(message)
    if not is_folder(path.parent):
        message = f"{shortened(path)} cannot be written: the folder {shortened(path.parent)} does not exist"
        raise errors.OutputError(message)


def back_up(source: sqlite3.Connection, path: Path, *, key: bytes | None) -> Backup:
    """Copy what `source` sees to a new file, without deleted bytes that it may still hold."""
    with _new_file(path) as partial:
        found = _copied(source, partial, path, key=key)
        digest = sha256_of(partial, error=errors.OutputError)
    return _told(path, found, digest, note="")


def restore(held: Held, path: Path, *, now: datetime, key: bytes | None) -> Backup:
    """Make a gallery at `path`, where there is none, of the backup that `held` is; its log says so."""
    header = held.header()
    note = _PLAIN_COPY if header and header.write_ahead and not has_changes_beside(held.path) else ""
    backup = Connection(held, wait=0.0, read_only=True)
    try:
        with _new_file(path) as partial, backup.outside_transactions() as source:
            _check_key(source, held.path, key)
            found = _copied(source, partial, path, key=key, logged=now)
            digest = sha256_of(partial, error=errors.OutputError)
    finally:
        backup.close()
    return _told(path, found, digest, note)


def _check_key(source: sqlite3.Connection, path: Path, key: bytes | None) -> None:
    """Refuse to read a log that is kept with a key by another, or by none; else it would be called damaged."""
    of_version_1 = schema.marks(source)[1] == 1
    known = None if of_version_1 else SqliteRows(source).gallery().key_id
    if known != (None if key is None else sealing.key_id(key)):
        found = "has no key, or lost its mark" if known is None else "is kept with a key, and another or none was given"
        message = f"the log of {shortened(path)} {found}; nothing was made of it"
        raise errors.GalleryKeyError(message)


def _copied(
    source: sqlite3.Connection, partial: Path, path: Path, *, key: bytes | None, logged: datetime | None = None
) -> GalleryCheck:
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = FULL")
            copy.execute("PRAGMA trusted_schema = OFF")
            copy.execute("PRAGMA temp_store = MEMORY")
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
            deletions, erased = copy.execute("SELECT deletions, erased FROM gallery").fetchone()
            if erased < deletions:
                copy.execute("VACUUM")
                copy.execute("UPDATE gallery SET erased = deletions")
        found = _read_through(partial, key)
        if logged is not None:  # only in what is whole, as an entry more would hide that others were cut off
            with closing(sqlite3.connect(partial)) as copy, copy:
                if schema.marks(copy)[1] == 1:
                    schema.upgrade(copy)
                ledger = Ledger(SqliteRows(copy), logged, key=key)
                ledger.append("restored", details={"entries": found.log.entries, "head": found.log.head})
            found = _read_through(partial, key)
    except sqlite3.Error as error:
        clear = clear_error(error, path)
        if isinstance(clear, errors.DamagedGalleryError):
            raise errors.DamagedGalleryError(_NOT_WHOLE + str(error)) from error
        raise clear from error
    return found


def _read_through(partial: Path, key: bytes | None) -> GalleryCheck:
    """Check the copy; opened anew, so that what is checked is what stands in the file, not what SQLite remembers."""
    with closing(sqlite3.connect(f"{partial.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        if schema.marks(copy)[1] == 1:
            schema.read_as_newer(copy)
        found = checking.check(Ledger(SqliteRows(copy), datetime.now(UTC)), key=key)
    if not found.intact:
        raise errors.DamagedGalleryError(_NOT_WHOLE + "; ".join(found.problems[:5]))
    return found


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Give a private file to write to, which becomes `path` when the block ends, if there is nothing by then either."""
    check_free(path)
    with replacing(path) as partial:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        yield partial
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _told(path: Path, found: GalleryCheck, digest: str, note: str) -> Backup:
    return Backup(str(path), found.people, found.samples, found.log.entries, found.log.head, digest, note)
