"""Forgetting people: what is deleted in one transaction, and the receipts for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from facerec.gallery.records import Erasure, ForgetReceipt
from facerec.gallery.sqlite import erasure, journal, people


class Forgotten(NamedTuple):
    """Somebody who was deleted, and the number of the log entry that says so."""

    row: people.Row
    log_entry: int


def delete(sqlite: sqlite3.Connection, rows: Sequence[people.Row], *, now: datetime) -> list[Forgotten]:
    """Delete people with vectors, photos, and what the photos were called in which they were met."""
    forgotten = []
    for row in rows:
        person = row.person
        journal.forget_sources(sqlite, person.id)
        people.delete(sqlite, row.number)
        details = {"vectors": person.samples, "photos": person.photos}
        entry = journal.append(sqlite, "forgotten", time=now.isoformat(), person_id=person.id, details=details)
        forgotten.append(Forgotten(row, entry))
    if forgotten:
        erasure.mark(sqlite)
    return forgotten


def receipts(forgotten: Sequence[Forgotten], erased: Erasure, *, now: datetime, gallery: str) -> list[ForgetReceipt]:
    """One receipt per person, after the file was rewritten or was not."""
    return [
        ForgetReceipt(
            person_id=row.person.id,
            name=row.person.name,
            vectors=row.person.samples,
            photos=row.person.photos,
            forgotten=now,
            gallery=gallery,
            log_entry=entry,
            erased_from_file=erased.complete,
            advice=erased.advice,
        )
        for row, entry in forgotten
    ]
