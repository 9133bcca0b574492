"""Verify and identify against the file: who was claimed or found, and the log entries that go with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from facerec.errors import DamagedGalleryError
from facerec.gallery import rules
from facerec.gallery.decide import Terms, check_not_expired
from facerec.gallery.records import EmbedderIdentity, Event
from facerec.gallery.sqlite import journal, people, samples
from facerec.gallery.sqlite.loading import LoadedIndex
from facerec.similarity import cosines
from facerec.types import Candidate, Face, Faces, Identification, Verification
from facerec.visible_text import quoted


class Found(NamedTuple):
    """A decision about one face, and what the log keeps of it: id and score of each person over the threshold."""

    outcome: Identification
    reached: tuple[tuple[str, float], ...]


def verify(
    sqlite: sqlite3.Connection,
    row: people.Row,
    face: Face,
    terms: Terms,
    *,
    embedder: EmbedderIdentity,
    now: datetime,
) -> Verification:
    """Decide whether `face` is the person of `row`, and log it; in a write transaction.

    Raises
    ------
    ExpiredError
        If the person has expired.
    DamagedGalleryError
        If nothing is stored of the person.
    """
    check_not_expired(row.person)
    scores = cosines(samples.vectors_of_person(sqlite, row.number, embedder.dimension), face.embedding)
    if not len(scores):
        message = (
            f"the gallery is damaged: it holds no face of {quoted(row.person.name)}; restore a backup or an export"
        )
        raise DamagedGalleryError(message)
    outcome = terms.verification(float(scores.max()), terms.gate.problems(face))
    journal.append(
        sqlite,
        "verified",
        time=now.isoformat(),
        person_id=row.person.id,
        details=terms.evidence(outcome.decision, outcome.score),
        source=rules.storable_source(face.source),
    )
    return outcome


def identify(
    sqlite: sqlite3.Connection,
    loaded: LoadedIndex,
    faces: Faces,
    terms: Terms,
    *,
    top: int,
    embedder: EmbedderIdentity,
    now: datetime,
) -> list[Found]:
    """Decide who each face is, in one read transaction."""
    index, today = loaded.follow(sqlite, embedder), now.date().toordinal()
    # The second most alike is looked at whether or not it is to be shown.
    rankings = index.search(faces.embeddings, top=max(top, 2), today=today)
    known = {hit.person: people.id_and_name(sqlite, hit.person) for ranking in rankings for hit in ranking}
    size, comparisons = loaded.people(today), index.compared(today)
    found = []
    for face, ranking in zip(faces, rankings, strict=True):
        outcome = terms.identification(
            face.box,
            [Candidate(known[hit.person][1], hit.score) for hit in ranking],
            terms.gate.problems(face),
            top=top,
            gallery_size=size,
            comparisons=comparisons,
        )
        over = [(known[hit.person][0], hit.score) for hit in ranking if terms.point.accepts(hit.score)]
        found.append(Found(outcome, tuple(over) if outcome.decision in ("match", "ambiguous") else ()))
    return found


def log_reached(
    sqlite: sqlite3.Connection, found: Sequence[Found], terms: Terms, *, source: str, now: datetime
) -> None:
    """Log who was matched, and among whom it stayed open, one entry per face and person; in a write transaction."""
    for outcome, reached in found:
        event: Event = "matched" if outcome.decision == "match" else "ambiguous"
        for person_id, score in reached:
            # Somebody whom another process forgot since the search gets the entry, but leaves no photo's name behind.
            forgotten = people.find_by_id(sqlite, person_id, today=now.date()) is None
            journal.append(
                sqlite,
                event,
                time=now.isoformat(),
                person_id=person_id,
                details=terms.evidence(outcome.decision, score),
                source=None if forgotten else rules.storable_source(source),
            )
