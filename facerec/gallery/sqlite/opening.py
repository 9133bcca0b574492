"""How a gallery file comes into being, and how a file that is not one is left alone.

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
from contextlib import closing
from pathlib import Path
from time import monotonic

from facerec.errors import (
    FullDiskError,
    GalleryError,
    MissingGalleryError,
    ModelMismatchError,
    NotAGalleryError,
    ReadOnlyGalleryError,
)
from facerec.gallery.records import EmbedderIdentity
from facerec.gallery.sqlite import erasure, journal, schema
from facerec.gallery.sqlite.connection import Connection, clear_error
from facerec.visible_text import shortened

_LOGGER = logging.getLogger("facerec")
_SLOW = 5.0  # seconds; a gallery of a million vectors opens in far less, unless it waits or has bytes to erase
_SMALLEST_PAGE = 512
_creation = threading.Lock()


def open_file(path: Path, embedder: EmbedderIdentity | None, *, wait: float, time: str) -> Connection:
    """Open a gallery file, and create it if there is none and an embedder is given.

    Parameters
    ----------
    path : Path
    embedder : EmbedderIdentity, optional
        The one that the gallery must be bound to; ``None``: whichever it is.
    wait : float
        Seconds to wait for other processes.
    time : str
        The present time, for the log of a new gallery.

    Raises
    ------
    ModelMismatchError
        If the gallery is bound to another embedder.
    MissingGalleryError, NotAGalleryError, NewerGalleryError, DamagedGalleryError
        If there is no gallery, or the file is not one that can be read here.
    ReadOnlyGalleryError, FullDiskError
        If it cannot be created or written.
    """
    start = monotonic()
    if embedder is not None:
        _make_file(path)
    _check_file(path)
    connection = Connection(path, wait=wait)
    try:
        _prepare(connection, embedder, time=time)
        connection.use_write_ahead_log()
        with connection.reading() as sqlite:
            _check_embedder(path, schema.identity(sqlite), embedder)
            erasure_due = erasure.is_due(sqlite)
        if erasure_due:
            # A forget that a crash or a reader interrupted; if it cannot be finished now, the file still says so.
            with connection.impatient():
                erased = erasure.rewrite(connection)
            if not erased.complete:
                _LOGGER.warning("%s", erased.advice)
    except BaseException:
        connection.close()
        raise
    if (took := monotonic() - start) > _SLOW:
        _LOGGER.warning("opening the gallery %s took %.1f s", shortened(path), took)
    return connection


def _check_embedder(path: Path, bound: EmbedderIdentity, given: EmbedderIdentity | None) -> None:
    if given is not None and (given.digest, given.dimension) != (bound.digest, bound.dimension):
        message = (
            f"the gallery {shortened(path)} holds vectors of {bound}, but was opened with {given}; scores between two "
            f"embedders mean nothing. Open it with {bound.name}, or make its vectors anew from the kept photos: "
            "`facerec gallery reembed`"
        )
        raise ModelMismatchError(message)


def _prepare(connection: Connection, embedder: EmbedderIdentity | None, *, time: str) -> None:
    """Make the tables in an empty file."""
    with connection.reading() as sqlite:
        if not schema.is_empty(sqlite):
            schema.check_marks(sqlite, connection.path)
            return
    if embedder is None:
        message = (
            f"{shortened(connection.path)} is empty, not a gallery yet; open_gallery with an embedder makes it one"
        )
        raise MissingGalleryError(message)
    with connection.writing() as sqlite:
        if schema.is_empty(sqlite):  # unless another process made them since
            schema.create_tables(sqlite, embedder)
            journal.append(sqlite, "created", time=time, details={"embedder": embedder.name, "digest": embedder.digest})


def _make_file(path: Path) -> None:
    """Create an empty file that only its owner may read, if there is none.

    Raises
    ------
    MissingGalleryError
        If the folder does not exist.
    ReadOnlyGalleryError, FullDiskError
        If the file cannot be created.
    """
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
            raise MissingGalleryError(message) from error
        except OSError as error:
            message = f"the gallery {shortened(path)} cannot be created: {error.strerror or error}"
            raise _kind_of(error)(message) from error


def _check_file(path: Path) -> None:
    """Refuse a file that is not a gallery, without changing it.

    Raises
    ------
    MissingGalleryError
        If there is none.
    ReadOnlyGalleryError
        If it may not be opened.
    NotAGalleryError, NewerGalleryError, DamagedGalleryError
        If it is not a file, not SQLite, another application's, of a newer version, or damaged.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        called = shortened(path)
        message = (
            f"there is no gallery {called}; enrolling the first person creates it: "
            f"`facerec enroll NAME PHOTO --gallery {called}`, or open_gallery({called!r}, embedder)"
        )
        raise MissingGalleryError(message) from error
    except OSError as error:
        message = f"the gallery {shortened(path)} cannot be opened: {error.strerror or error}"
        raise _kind_of(error)(message) from error
    if not stat.S_ISREG(found.st_mode):
        message = f"{shortened(path)} is not a file; a gallery is one file, for example people.db"
        raise NotAGalleryError(message)
    if found.st_size == 0:
        return
    if found.st_size < _SMALLEST_PAGE:  # SQLite would take it for an empty database, and overwrite it
        message = f"{shortened(path)} is not a gallery (not an SQLite file); nothing was changed. Choose another path"
        raise NotAGalleryError(message)
    # immutable: SQLite takes no lock, replays no journal and writes nothing, whatever the file turns out to be.
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            schema.check_marks(connection, path)
    except sqlite3.Error as error:
        raise clear_error(error, path) from error


def _kind_of(error: OSError) -> type[GalleryError]:
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return ReadOnlyGalleryError
    return FullDiskError if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else GalleryError
