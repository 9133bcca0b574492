"""The durable store of enrolled people: enroll, verify, identify, forget, and a log of all of it.

>>> from facerec.gallery import open_gallery

`open_gallery` gives a `Gallery`; what that can do is written in ``store.py``, whatever stores it. A gallery is bound
to the embedder that made its vectors, decides only at an operating point, and logs every decision that concerns
somebody who is enrolled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from facerec.gallery.records import (
    UNCHANGED,
    EmbedderIdentity,
    Enrollment,
    Erasure,
    ForgetReceipt,
    LogCheck,
    LogEntry,
    Person,
    Sample,
)
from facerec.gallery.store import Gallery
from facerec.types import Embedder

__all__ = [
    "UNCHANGED",
    "EmbedderIdentity",
    "Enrollment",
    "Erasure",
    "ForgetReceipt",
    "Gallery",
    "LogCheck",
    "LogEntry",
    "Person",
    "Sample",
    "open_gallery",
]


def _now() -> datetime:
    return datetime.now(UTC)


def open_gallery(
    path: str | Path,
    embedder: Embedder | None = None,
    *,
    wait: float = 30.0,
    clock: Callable[[], datetime] = _now,
) -> Gallery:
    """Open a gallery file, or create one.

    Parameters
    ----------
    path : path
        For example ``people.db``. Created, readable by its owner only, if it does not exist and an embedder is given;
        its folder must exist.
    embedder : Embedder, optional
        The gallery is bound to the embedder that it was created with. ``None`` opens an existing gallery whichever
        embedder it is bound to; every vector that is put in or compared is still checked against it.
    wait : float
        Seconds to wait for another process that is writing, ≥ 0.
    clock : callable
        Gives the present time, with a time zone; for tests.

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
    ArgumentError
        If `wait` is negative, or `path` cannot be the name of a file.
    """
    from facerec.gallery.sqlite import SqliteGallery  # an engine is loaded when it is used

    return SqliteGallery(path, embedder, wait=wait, clock=clock)
