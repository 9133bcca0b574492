"""The durable store of enrolled people: enroll, verify, identify, forget, and a log of all of it.

>>> from facerec.gallery import open_gallery

`open_gallery` gives a `Gallery`; every rule stands there, over an engine that stores rows. A gallery is bound
to the embedder that made its vectors, decides only at an operating point, and logs every decision that concerns
somebody who is enrolled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from facerec.errors import ArgumentError
from facerec.gallery import copies, rules
from facerec.gallery.doubts import Doubt
from facerec.gallery.duplicates import Duplicate, Duplicates
from facerec.gallery.gallery import Gallery
from facerec.gallery.opened import now
from facerec.gallery.records import (
    UNCHANGED,
    Backup,
    EmbedderIdentity,
    Enrollment,
    Erasure,
    ForgetReceipt,
    GalleryCheck,
    LogCheck,
    LogEntry,
    LogHead,
    MadeCopy,
    Person,
    PersonId,
    RemovalReceipt,
    Sample,
    TermChange,
    Transfer,
    Who,
)
from facerec.gallery.rows import Store
from facerec.gallery.stores.postgres.address import Address, is_address
from facerec.gallery.stores.postgres.store import PostgresStore
from facerec.gallery.stores.sqlite.store import SqliteStore, restore
from facerec.types import Embedder
from facerec.types.plain import checked
from facerec.visible_text import quoted

__all__ = [
    "UNCHANGED",
    "Backup",
    "Doubt",
    "Duplicate",
    "Duplicates",
    "EmbedderIdentity",
    "Enrollment",
    "Erasure",
    "ForgetReceipt",
    "Gallery",
    "GalleryCheck",
    "LogCheck",
    "LogEntry",
    "LogHead",
    "MadeCopy",
    "Person",
    "PersonId",
    "RemovalReceipt",
    "Sample",
    "TermChange",
    "Transfer",
    "Who",
    "copy_gallery",
    "open_gallery",
    "restore_gallery",
]


def open_gallery(
    path: str | Path,
    embedder: Embedder | None = None,
    *,
    wait: float = 30.0,
    clock: Callable[[], datetime] = now,
    key: bytes | None = None,
    compact: bool | None = None,
) -> Gallery:
    """Open a gallery in a file or a database, or create one.

    Parameters
    ----------
    path : path
        For example ``people.db``. Created, readable by its owner only, if it does not exist and an embedder is given;
        its folder must exist. Or, as text, an address such as ``postgresql://user@host/database?gallery=staff``, which
        needs ``pip install "facerec[postgres]"`` (``docs/postgres.md``).
    embedder : Embedder, optional
        The gallery is bound to the embedder that it was created with. ``None`` opens an existing gallery whichever
        embedder it is bound to; every vector that is put in or compared is still checked against it.
    wait : float
        Seconds to wait for another process that is writing, ≥ 0.
    clock : callable
        Gives the present time, with a time zone; for tests.
    key : bytes, optional
        That the log is kept with, at least 16 bytes: of a gallery that is created, or that got it by `Gallery.add_key`.
        Without it such a gallery can be read, but not changed.
    compact : bool, optional
        Whether searches keep 16 bits a number in memory, half of it, and fetch from the file the few vectors that
        decide; people, scores and order are the same. It needs ``pip install "facerec[onnx]"`` (ONNX Runtime). By
        default from 500,000 vectors on, where that is installed.

    Returns
    -------
    Gallery
        To be closed; a context manager.

    Raises
    ------
    ModelMismatchError
        If the gallery is bound to another embedder.
    MissingGalleryError
        If the file is missing or empty and no embedder is given, or its folder is missing.
    NotAGalleryError, NewerGalleryError, DamagedGalleryError
        If the file is something else, of a newer version, or not as it was written; it is left as it is.
    ReadOnlyGalleryError, FullDiskError
        If it may not be written, or there is no space for it.
    GalleryBusyError
        If another process holds the gallery for longer than `wait`.
    GalleryUnreachableError
        If the server of a database does not run, or does not let this role in.
    MissingExtraError
        From the first search on, if `compact` is asked for and ONNX Runtime is not installed; at once, for an address,
        if psycopg is not.
    GalleryKeyError
        If `key` is not the one that the log is kept with.
    ArgumentError
        If `wait` is negative, `path` cannot be the name of a file, or `key` is too short.
    """
    place = _place(path)
    if not isinstance(wait, int | float) or not wait >= 0:
        message = f"wait must be a number of seconds, 0 or more; got {quoted(wait)}"
        raise ArgumentError(message)
    identity = None
    if embedder is not None:
        identity = rules.identity(checked(Embedder, "embedder", embedder, " (as recognizer.embedder is one)"))
    store: Store
    if isinstance(place, Address):
        store = PostgresStore(place, identity, wait=wait)
    else:
        store = SqliteStore(place, identity, wait=wait)
    return Gallery(store, clock=clock, key=key, compact=compact)


def restore_gallery(
    backup: str | Path, path: str | Path, *, clock: Callable[[], datetime] = now, key: bytes | None = None
) -> Backup:
    """Make a gallery of a backup, which `Gallery.back_up_to` wrote; the backup is read, not changed.

    The log of the new gallery ends with an entry that says so. Whoever was forgotten after the backup was made is in it
    again, and must be forgotten again.

    Parameters
    ----------
    backup : path
        The backup, or the file of a gallery that nobody is using, with what SQLite keeps beside it.
    path : path
        Where the gallery is to stand. There must be none: a gallery to be replaced is moved away first, together with
        the ``-wal`` and ``-shm`` files beside it.
    clock : callable
        Gives the present time, with a time zone; for tests.
    key : bytes, optional
        That the log of the backup is kept with.

    Returns
    -------
    Backup
        What the new gallery holds; its `note` says if `backup` is a plain copy, which may lack the last changes.

    Raises
    ------
    OutputError
        If anything stands at `path` already, or it cannot be written.
    MissingGalleryError, NotAGalleryError, NewerGalleryError
        If `backup` is missing, something else, or of a newer version.
    DamagedGalleryError
        If it is not whole; nothing is kept of it.
    GalleryKeyError
        If `key` is not the one that its log is kept with.
    ArgumentError
        If one of the paths cannot be the name of a file.
    """
    return restore(_file_path(backup), _file_path(path), now=clock(), key=key)


def copy_gallery(
    source: str | Path, target: str | Path, *, clock: Callable[[], datetime] = now, key: bytes | None = None
) -> Backup:
    """Make a gallery of all that another holds: from a file into a database, back, or from one of them to another.

    Rows are the same bit for bit, the log among them; they are read again and checked before any of them counts. The
    logs of both say so. Whoever is forgotten later in one of them is still in the other.

    Parameters
    ----------
    source, target : path
        As for `open_gallery`. At `target` there must be no gallery.
    clock : callable
        Gives the present time, with a time zone; for tests.
    key : bytes, optional
        That the log is kept with.

    Returns
    -------
    Backup
        What the new gallery holds; of one in a database, `sha256` is empty.

    Raises
    ------
    OutputError
        If there is something at `target` already, or it cannot be written.
    DamagedGalleryError
        If what was copied is not whole; nothing is kept of it.
    GalleryKeyError
        If `key` is not the one that the log is kept with.
    """
    place = _place(target)
    with open_gallery(source, clock=clock, key=key) as gallery:
        if isinstance(place, Address):
            return copies.to_database(gallery, place)
        return copies.to_file(gallery, place, key=key)


def _place(path: object) -> Path | Address:
    if isinstance(path, Address):
        return path
    return Address.parse(str(path)) if isinstance(path, str | Path) and is_address(path) else _file_path(path)


def _file_path(path: object) -> Path:
    if not isinstance(path, str | Path):
        message = f"the path of a gallery must be a text or a Path; got {type(path).__name__}"
        raise ArgumentError(message)
    if "\0" in str(path):
        message = f"no file can have a name with a null character in it; got {quoted(str(path))}"
        raise ArgumentError(message)
    if is_address(path):
        message = (
            "a backup is a file, and is made a gallery in one; from there `facerec gallery copy` goes to a database"
        )
        raise ArgumentError(message)
    return Path(path)
