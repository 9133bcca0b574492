"""Deleted bytes leave the file: rewriting it, emptying the write-ahead log, and saying honestly when that failed.

``secure_delete`` zeroes the cell that is deleted, but not the copies that SQLite leaves behind when it moves cells
between pages. Only a rewrite of the whole file (VACUUM) from what is still enrolled is sure to hold nothing else; it
reaches the file when the write-ahead log is written back and cut to length zero, which any reader of an older state
prevents.
"""

from __future__ import annotations

import sqlite3

from facerec.errors import GalleryError
from facerec.gallery.records import Erasure
from facerec.gallery.sqlite.connection import Connection
from facerec.visible_text import shortened


def mark(sqlite: sqlite3.Connection) -> None:
    """Record, in the transaction that deletes, that the file has yet to be rewritten."""
    sqlite.execute("UPDATE gallery SET deletions = deletions + 1")


def is_due(sqlite: sqlite3.Connection) -> bool:
    """Whether a deletion has not been followed by a complete rewrite, for example after a crash."""
    return bool(sqlite.execute("SELECT erased < deletions FROM gallery").fetchone()[0])


def rewrite(connection: Connection) -> Erasure:
    """Rewrite the file so that it holds only what is enrolled; what stands in the way is told, not raised.

    Raises
    ------
    ClosedGalleryError, DamagedGalleryError
        If the gallery has been closed or cannot even be read.
    """
    with connection.exclusively():
        with connection.reading() as sqlite:
            # Read before the rewrite: what another process deletes meanwhile is not covered by it.
            deletions = sqlite.execute("SELECT deletions FROM gallery").fetchone()[0]
        try:
            with connection.outside_transactions() as sqlite:
                sqlite.execute("VACUUM")
                held_up = sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if held_up:
                return _incomplete(connection, "another process is reading the gallery")
            with connection.writing() as sqlite:
                sqlite.execute("UPDATE gallery SET erased = max(erased, ?)", (deletions,))
        except GalleryError as error:
            # The deletion itself is done and durable, so this is part of the answer, not a reason to fail.
            return _incomplete(connection, str(error))
    return Erasure(complete=True, advice="")


def _incomplete(connection: Connection, cause: str) -> Erasure:
    advice = (
        f"the deleted bytes may still stand in {shortened(connection.path)} or its -wal file: {cause}. Let the other "
        "processes finish, then run compact() (`facerec gallery compact`); opening the gallery alone does it too"
    )
    return Erasure(complete=False, advice=advice)
