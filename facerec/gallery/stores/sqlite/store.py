"""A gallery file as an engine: how it comes into being, its transactions, and how deleted bytes leave it.

The marks of a gallery (``application_id``, ``user_version``) are read before the file is opened for use, so that a
file of somebody else's is never touched: opening alone would replay its journal or write its log back.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from time import monotonic

from facerec import errors
from facerec.gallery.records import Backup, EmbedderIdentity, Erasure
from facerec.gallery.stores.sqlite import backup, schema
from facerec.gallery.stores.sqlite.connection import Connection, temporary_files_beside
from facerec.gallery.stores.sqlite.place import Held
from facerec.gallery.stores.sqlite.rows import SqliteRows, closing_rows
from facerec.visible_text import shortened

_LOGGER = logging.getLogger("facerec")
_SLOW = 5.0  # seconds; a gallery of a million vectors opens in far less, unless it waits or has bytes to erase
_LARGE = 1 << 30  # bytes; a copy of a larger gallery is made in a file, not in memory, when it is rewritten
_creation = threading.Lock()


class SqliteStore:
    """One gallery file, created if there is none and an embedder is given; errors as ``facerec.open_gallery``."""

    def __init__(self, path: Path, embedder: EmbedderIdentity | None, *, wait: float = 30.0) -> None:
        start = monotonic()
        self.path = path
        self.name = str(path)
        self._of_version_1 = False
        if embedder is not None:
            _make_file(path)
        self.connection = Connection(_checked_file(path), wait=wait)
        try:
            self._prepare(embedder)
        except BaseException:
            self.connection.close()
            raise
        if (took := monotonic() - start) > _SLOW:
            _LOGGER.warning("opening the gallery %s took %.1f s", shortened(path), took)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written, not even into the log."""
        return self.connection.read_only

    @contextmanager
    def reading(self) -> Iterator[SqliteRows]:
        """A transaction in which all reads see the same state; it holds nobody else up."""
        with self.connection.transaction("BEGIN") as sqlite:
            if self._of_version_1 and schema.marks(sqlite)[1] > 1:  # another process brought the file to this version
                self._of_version_1 = False
                schema.read_as_it_is(sqlite)
            with closing_rows(sqlite) as rows:
                yield rows

    @contextmanager
    def writing(self) -> Iterator[SqliteRows]:
        """A transaction that is durable once this block is left, or undone if it is left by an exception."""
        # IMMEDIATE: a transaction that read first and wrote later could not wait, but would fail at once when another
        # process wrote in between.
        with self.connection.transaction("BEGIN IMMEDIATE") as sqlite:
            if self._of_version_1:
                schema.read_as_it_is(sqlite)
                if schema.marks(sqlite)[1] == 1:
                    schema.upgrade(sqlite)
            with closing_rows(sqlite) as rows:
                yield rows
        self._of_version_1 = False

    def exclusively(self) -> AbstractContextManager[object]:
        """Keep this process's other threads out over several transactions."""
        return self.connection.lock

    def close(self) -> None:
        """Release the file; closing twice is allowed."""
        self.connection.close()

    def erase(self) -> Erasure:
        """Rewrite the file so that it holds only what is enrolled; what stands in the way is told, not raised.

        ``secure_delete`` zeroes the cell that is deleted, but not the copies that SQLite leaves behind when it moves
        cells between pages. Only a rewrite of the whole file (VACUUM) is sure to hold nothing else; it reaches the file
        when the write-ahead log is written back and cut to length zero, which any reader of an older state prevents.
        """
        with self.exclusively():
            with self.connection.transaction("BEGIN") as sqlite:
                # Read before the rewrite: what another process deletes meanwhile is not covered by it.
                deletions = sqlite.execute("SELECT deletions FROM gallery").fetchone()[0]
            try:
                with self.connection.outside_transactions() as sqlite:
                    self._rewrite(sqlite)
                if not self.connection.cut_write_ahead_log():
                    return self._unfinished("another process is reading the gallery")
                with self.connection.transaction("BEGIN IMMEDIATE") as sqlite:
                    sqlite.execute("UPDATE main.gallery SET erased = max(erased, ?)", (deletions,))
            except errors.GalleryError as error:
                # The deletion itself is done and durable, so this is part of the answer, not a reason to fail.
                return self._unfinished(str(error))
        return Erasure(complete=True, advice="")

    def _rewrite(self, sqlite: sqlite3.Connection) -> None:
        if self._of_version_1:  # SQLite cannot make an index anew while a view of another table has that name
            schema.read_as_it_is(sqlite)
        try:
            pages, size = (sqlite.execute(f"PRAGMA {each}").fetchone()[0] for each in ("page_count", "page_size"))
            with temporary_files_beside(sqlite, self.path) if pages * size > _LARGE else nullcontext():
                sqlite.execute("VACUUM")
        finally:
            if self._of_version_1:
                schema.read_as_newer(sqlite)

    def back_up(self, path: Path, *, key: bytes | None) -> Backup:
        """Copy what is stored now to a new file; this process's other threads wait, other processes do not."""
        with self.connection.outside_transactions() as sqlite:
            return backup.back_up(sqlite, path, key=key)

    def _unfinished(self, cause: str) -> Erasure:
        advice = (
            f"the deleted bytes may still stand in {shortened(self.path)} or its -wal file: {cause}. Let the other "
            "processes finish, then run compact() (`facerec gallery compact`); opening the gallery alone does it too"
        )
        return Erasure(complete=False, advice=advice)

    def _prepare(self, embedder: EmbedderIdentity | None) -> None:
        with self.connection.transaction("BEGIN") as sqlite:
            version = 0
            if not (empty := schema.is_empty(sqlite)):
                application, version = schema.marks(sqlite)
                schema.check_marks(application, version, self.path)
                self._check_embedder(sqlite, embedder)
        if empty:
            self._create(embedder)
        if not self.read_only:
            self.connection.use_write_ahead_log()
        if version == 1:  # read as if it were of this one, until something is to be written
            with self.connection.outside_transactions() as sqlite:
                schema.read_as_newer(sqlite)
            self._of_version_1 = True
        with self.reading() as rows:
            row = rows.gallery()
        self.connection.remember_place()
        if row.erased < row.deletions:
            # A forget that a crash or a reader interrupted; if it cannot be finished now, the file still says so.
            with self.connection.impatient():
                erased = self.erase()
            if not erased.complete:
                _LOGGER.warning("%s", erased.advice)

    def _create(self, embedder: EmbedderIdentity | None) -> None:
        if embedder is None:
            message = f"{shortened(self.path)} is empty, not a gallery yet; open_gallery with an embedder makes it one"
            raise errors.MissingGalleryError(message)
        with self.connection.transaction("BEGIN IMMEDIATE") as sqlite:
            if schema.is_empty(sqlite):  # unless another process made them since
                schema.create_tables(sqlite, embedder)
            self._check_embedder(sqlite, embedder)

    def _check_embedder(self, sqlite: sqlite3.Connection, given: EmbedderIdentity | None) -> None:
        bound = schema.bound_embedder(sqlite)
        if given is not None and (given.digest, given.dimension) != (bound.digest, bound.dimension):
            message = (
                f"the gallery {shortened(self.path)} holds vectors of {bound}, but was opened with {given}; scores "
                f"between two embedders mean nothing. Open it with {bound.name}, or make its vectors anew from the "
                "kept photos: `facerec gallery reembed`"
            )
            raise errors.ModelMismatchError(message)


def restore(source: Path, path: Path, *, now: datetime, key: bytes | None) -> Backup:
    """Make a gallery of a backup; errors as ``facerec.gallery.restore_gallery``."""
    backup.check_free(path)
    held = _checked_file(source)
    if held.length() == 0:
        held.release()
        message = f"{shortened(source)} is empty, not a backup of a gallery"
        raise errors.NotAGalleryError(message)
    return backup.restore(held, path, now=now, key=key)


def _make_file(path: Path) -> None:
    """Create an empty file that only its owner may read, if there is none."""
    # Closing a file drops all of this process's POSIX locks on it, also those that SQLite holds in another thread;
    # so no thread may open the new file before it is closed here.
    with _creation:
        try:
            if path.exists():
                return
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return  # another process was faster; its file will do
        except (FileNotFoundError, NotADirectoryError) as error:
            message = (
                f"the gallery {shortened(path)} cannot be created: the folder {shortened(path.parent)} does not exist"
            )
            raise errors.MissingGalleryError(message) from error
        except OSError as error:
            raise _refused(path, "created", error) from error


def _checked_file(path: Path) -> Held:
    """Refuse a file that is not a gallery, without changing it; else hold it open."""
    called = shortened(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            message = f"{called} is not a file; a gallery is one file, for example people.db"
            raise errors.NotAGalleryError(message)
        held = Held(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        message = (
            f"there is no gallery {called}; enrolling the first person creates it: "
            f"`facerec enroll NAME PHOTO --gallery {called}`, or open_gallery({called!r}, embedder)"
        )
        raise errors.MissingGalleryError(message) from error
    except OSError as error:
        raise _refused(path, "opened", error) from error
    try:
        _check_header(held)
    except BaseException:
        held.release()
        raise
    return held


def _check_header(held: Held) -> None:
    """Refuse a file that is not a gallery; one that is empty will be, if an embedder is given."""
    if held.length() == 0:
        return
    header = held.header()
    if header is None:  # SQLite would take a file of a few bytes for an empty database, and overwrite it
        message = (
            f"{shortened(held.path)} is not a gallery (not an SQLite file); nothing was changed. Choose another path"
        )
        raise errors.NotAGalleryError(message)
    schema.check_marks(header.application, header.version, held.path)


def _refused(path: Path, what: str, error: OSError) -> errors.GalleryError:
    kind = errors.FullDiskError if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else errors.GalleryError
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        kind = errors.ReadOnlyGalleryError
    return kind(f"the gallery {shortened(path)} cannot be {what}: {error.strerror or error}")
