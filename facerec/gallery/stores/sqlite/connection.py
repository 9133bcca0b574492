"""One SQLite connection for all threads of a process: settings, transactions, and errors in people's words."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from facerec import errors
from facerec.gallery.stores.sqlite.place import Held, has_changes_beside
from facerec.visible_text import shortened

try:
    import resource
except ModuleNotFoundError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

_SETTINGS = (
    "PRAGMA synchronous = FULL",  # a commit has reached the disk when it returns
    "PRAGMA secure_delete = ON",  # deleted bytes are overwritten with zeros
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",  # a file from elsewhere may not call functions through its schema
    "PRAGMA temp_store = MEMORY",  # no copy of anybody in a folder for temporary files, not even for a moment
)
_PAUSE = 0.02
_temporary_folder = threading.Lock()
_LOGGER = logging.getLogger("facerec")


class Connection:
    """A connection to one existing gallery file; `lock` keeps the process's other threads out, `wait` is in seconds.

    The file is released when the connection is closed. `read_only`: nothing can be written, and nothing is tried.
    """

    def __init__(self, held: Held, *, wait: float, read_only: bool = False) -> None:
        self.path = held.path
        self.read_only = read_only or not os.access(held.path, os.W_OK)
        self._held = held
        self._wait = wait
        self.lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        self._immutable = False
        try:
            with self._clear_errors():
                self._sqlite = self._connect()
        except BaseException:
            held.release()
            raise

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: never create the file here; where and with which permissions is decided by whoever creates it.
        if not self.read_only:
            return self._connected("mode=rw")
        try:
            return self._connected("mode=ro")
        except sqlite3.OperationalError:
            # Without a folder to write to, SQLite cannot share the -wal file's index. Where there is no such file,
            # there is nothing to share; `_check_in_place` sees that there stays none.
            if has_changes_beside(self.path):
                raise
            self._immutable = True
            return self._connected("mode=ro&immutable=1")

    def _connected(self, how: str) -> sqlite3.Connection:
        sqlite = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{how}",
            uri=True,
            timeout=self._wait,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for setting in _SETTINGS:
                sqlite.execute(setting)
            if self.read_only:
                sqlite.execute("PRAGMA schema_version").fetchone()  # whether it can be read at all
        except BaseException:
            sqlite.close()
            raise
        return sqlite

    @contextmanager
    def outside_transactions(self) -> Iterator[sqlite3.Connection]:
        """The connection itself, for the few statements that cannot run in a transaction."""
        with self.lock, self._clear_errors():
            self._check_usable()
            yield self._sqlite

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Within this block, do not wait for other processes at all."""
        wait = self._wait
        self._wait_for(0.0)
        try:
            yield
        finally:
            self._wait_for(wait)

    def _wait_for(self, seconds: float) -> None:
        with self.outside_transactions() as connection:
            connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
        self._wait = seconds

    def cut_write_ahead_log(self) -> bool:
        """Write all of the -wal file back and cut it to length zero; whether nobody stood in the way."""
        deadline = time.monotonic() + self._wait
        # SQLite waits for readers, but gives up at once where somebody wrote while it was writing back.
        while True:
            with self.outside_transactions() as connection:
                if not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)

    def use_write_ahead_log(self) -> None:
        """Switch the file to WAL, so that readers and the writer do not hold each other up."""
        deadline = time.monotonic() + self._wait
        # SQLite's own waiting does not cover this switch where two processes make it at once.
        while True:
            try:
                with self.outside_transactions() as connection:
                    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                break
            except errors.GalleryBusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
        if mode != "wal":
            message = (
                f"{shortened(self.path)} stands on a file system that cannot share memory between processes (a network "
                "folder?); keep the gallery on a local disk"
            )
            raise errors.GalleryError(message)

    def remember_place(self) -> None:
        """From now on the file, and what SQLite keeps beside it, must stay where they are."""
        self._held.remember_beside()

    def close(self) -> None:
        """Close the connection; closing twice is allowed."""
        with self.lock:
            if not self._closed:
                self._closed = True
                if self._held.moved() and os.getpid() == self._process:
                    self._write_back()
                self._sqlite.close()
                self._held.release()

    @contextmanager
    def transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """What begins so; durable once the block is left, or undone if it is left by an exception."""
        with self.lock, self._clear_errors():
            self._check_usable()
            self._sqlite.execute(begin)
            try:
                yield self._sqlite
                self._sqlite.execute("COMMIT")
                self._check_in_place()  # what was stored in a file that nobody finds any more is not acknowledged
            finally:
                # After a full disk SQLite may have rolled back already.
                if self._sqlite.in_transaction:
                    self._sqlite.execute("ROLLBACK")

    def _check_usable(self) -> None:
        if self._closed:
            message = f"the gallery {shortened(self.path)} has been closed; open it again with open_gallery"
            raise errors.ClosedGalleryError(message)
        if os.getpid() != self._process:
            message = (
                f"the gallery {shortened(self.path)} was opened by the parent of this process; SQLite files must not "
                "be shared across a fork. Call open_gallery in each process"
            )
            raise errors.ClosedGalleryError(message)
        if self._sqlite.in_transaction:
            message = (
                f"the gallery {shortened(self.path)} was used from within one of its own calls, by the function it was "
                "given"
            )
            raise errors.GalleryError(message)
        self._check_in_place()

    def _check_in_place(self) -> None:
        if moved := self._held.moved():
            self._write_back()
            message = (
                f"{shortened(self.path)}: {moved} while the gallery was open; what was asked for was not done. Close "
                "it, see which file is the right one (and that what SQLite keeps beside it, -wal and -shm, is of the "
                "same), and open that. To put a backup in place: facerec gallery restore"
            )
            raise errors.MovedGalleryError(message)
        if self._immutable and has_changes_beside(self.path):
            message = (
                f"another process began to write {shortened(self.path)}, which was opened as read-only; open it again"
            )
            raise errors.GalleryBusyError(message)

    def _write_back(self) -> None:
        """Bring the -wal file's changes into the file they belong to, wherever that is now, and empty the -wal file.

        Else SQLite would take them for changes of whatever file stands at the path now, and damage it.
        """
        if self.read_only:
            return
        try:
            self._sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _LOGGER.warning("%s", clear_error(error, self.path))

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            clear = clear_error(error, self.path, wait=self._wait)
            if isinstance(clear, errors.DamagedGalleryError) and self._held.cut_short():
                message = (
                    f"{shortened(self.path)} is incomplete: it was copied while it was in use, or without the -wal "
                    "file beside it. Copy a gallery with facerec gallery backup"
                )
                raise errors.DamagedGalleryError(message) from error
            raise clear from error
        except UnicodeDecodeError as error:
            # What Python's sqlite3 raises in place of SQLite's own error, if that quotes unreadable bytes of the file.
            message = f"{shortened(self.path)}: the file is damaged; restore it from a backup or an export"
            raise errors.DamagedGalleryError(message) from error


@contextmanager
def temporary_files_beside(sqlite: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Within this block, SQLite's temporary files stand in the folder of the gallery, not in memory.

    They have no name there: SQLite unlinks them as soon as they are open, so nothing is left after a crash either. An
    SQLite that was built without this goes on in memory.
    """
    # The folder is a setting of the whole process, and there is no other way to choose one while it runs.
    with _temporary_folder:
        before = _folder_for_temporary_files(sqlite)
        _set_folder_for_temporary_files(sqlite, str(path.absolute().parent))
        chosen = _folder_for_temporary_files(sqlite) == str(path.absolute().parent)
        try:
            if chosen:
                sqlite.execute("PRAGMA temp_store = FILE")
            yield
        finally:
            sqlite.execute("PRAGMA temp_store = MEMORY")
            _set_folder_for_temporary_files(sqlite, before)


def _folder_for_temporary_files(sqlite: sqlite3.Connection) -> str:
    found = sqlite.execute("PRAGMA temp_store_directory").fetchone()
    return "" if found is None else str(found[0])


def _set_folder_for_temporary_files(sqlite: sqlite3.Connection, folder: str) -> None:
    quoted = folder.replace("'", "''")
    sqlite.execute(f"PRAGMA temp_store_directory = '{quoted}'")


def clear_error(error: sqlite3.Error, path: Path, *, wait: float = 0.0) -> errors.GalleryError:
    """What a SQLite error means for somebody who knows nothing of SQLite."""
    name = getattr(error, "sqlite_errorname", None) or ""
    called = shortened(path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):  # the last: many opened it at once
        message = (
            f"another process held {called} for more than {wait:g} s. Try again, or open the gallery with a longer "
            "wait="
        )
        return errors.GalleryBusyError(message)
    kind, cause = _cause(name, path)
    return kind(f"{called}: {cause} (SQLite says: {error})")


_CAUSES: Mapping[str, tuple[type[errors.GalleryError], str]] = {
    "SQLITE_FULL": (errors.FullDiskError, "the disk is full. Free some space and try again"),
    "SQLITE_READONLY": (
        errors.ReadOnlyGalleryError,
        "the file or folder is read-only; a gallery logs what it decides, so it must be writable",
    ),
    "SQLITE_PERM": (errors.ReadOnlyGalleryError, "the file may not be accessed; check its permissions"),
    "SQLITE_NOTADB": (
        errors.NotAGalleryError,
        "the file is not a gallery (not an SQLite file); nothing was changed. Choose another path",
    ),
    "SQLITE_CORRUPT": (errors.DamagedGalleryError, "the file is damaged; restore it from a backup or an export"),
}


def _cause(name: str, path: Path) -> tuple[type[errors.GalleryError], str]:
    if name.startswith("SQLITE_CANTOPEN"):
        return _not_opened(path)
    if name.startswith("SQLITE_IOERR"):
        return _not_written(writing="WRITE" in name or "SIZE" in name or "TRUNCATE" in name)
    known = next((cause for code, cause in _CAUSES.items() if name.startswith(code)), None)
    return known or (errors.DamagedGalleryError, "the file is not as facerec writes it; restore it from a backup")


def _not_opened(path: Path) -> tuple[type[errors.GalleryError], str]:
    if not path.exists():
        return errors.MissingGalleryError, "the file is there no more"
    if not os.access(path, os.W_OK) and os.access(path, os.R_OK) and has_changes_beside(path):
        cause = "its -wal file holds changes that can only be read in a folder that can be written; copy both to one"
        return errors.ReadOnlyGalleryError, cause
    if not (os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)):
        return errors.ReadOnlyGalleryError, "the file cannot be opened; it and its folder must be readable and writable"
    return errors.GalleryError, "the file cannot be opened, though it may be; are too many files open?"


def _not_written(*, writing: bool) -> tuple[type[errors.GalleryError], str]:
    # SQLite tells a full disk from other errors, but not a quota or a limit of this process, whose error it swallows.
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0] if resource is not None else -1
    if writing and resource is not None and limit != resource.RLIM_INFINITY:
        cause = f"it may not grow: this process may write files of up to {limit:,} bytes (see ulimit -f)"
        return errors.FullDiskError, cause
    return errors.GalleryError, "the disk reported an error. Check the disk and its quota"
