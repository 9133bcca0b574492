"""One SQLite connection for all threads of a process: settings, transactions, and errors in people's words."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from facerec import errors
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
)
_PAUSE = 0.02


class Connection:
    """A connection to one existing gallery file; `lock` keeps the process's other threads out, `wait` is in seconds."""

    def __init__(self, path: Path, *, wait: float) -> None:
        self.path = path
        self._wait = wait
        self.lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        with self._clear_errors():
            # mode=rw: never create the file here; where and with which permissions is decided by whoever creates it.
            self._sqlite = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=wait,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with self._clear_errors():
                for setting in _SETTINGS:
                    self._sqlite.execute(setting)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def outside_transactions(self) -> Iterator[sqlite3.Connection]:
        """The connection itself, for the few statements that cannot run in a transaction."""
        with self.lock, self._clear_errors():
            self._check_usable()
            yield self._sqlite

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Within this block, do not wait for other processes at all."""
        with self.outside_transactions() as connection:
            connection.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            with self.outside_transactions() as connection:
                connection.execute(f"PRAGMA busy_timeout = {round(self._wait * 1000)}")

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

    def close(self) -> None:
        """Close the connection; closing twice is allowed."""
        with self.lock:
            if not self._closed:
                self._closed = True
                self._sqlite.close()

    @contextmanager
    def transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """What begins so; durable once the block is left, or undone if it is left by an exception."""
        with self.lock, self._clear_errors():
            self._check_usable()
            self._sqlite.execute(begin)
            try:
                yield self._sqlite
                self._sqlite.execute("COMMIT")
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

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise clear_error(error, self.path, wait=self._wait) from error
        except UnicodeDecodeError as error:
            # What Python's sqlite3 raises in place of SQLite's own error, if that quotes unreadable bytes of the file.
            message = f"{shortened(self.path)}: the file is damaged; restore it from a backup or an export"
            raise errors.DamagedGalleryError(message) from error


def clear_error(error: sqlite3.Error, path: Path, *, wait: float = 0.0) -> errors.GalleryError:
    """What a SQLite error means for somebody who knows nothing of SQLite."""
    name = getattr(error, "sqlite_errorname", None) or ""
    called = shortened(path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
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
