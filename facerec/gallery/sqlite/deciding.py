"""Verify and identify against the file: who was claimed or found, and the log entry that goes with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from facerec.gallery import decide, rules
from facerec.gallery.matching import SearchIndex, exact_scores
from facerec.gallery.records import EmbedderIdentity
from facerec.gallery.sqlite import journal, people, samples
from facerec.types import Candidate, Face, Faces, Identification, OperatingPoint, Verification


class Found(NamedTuple):
    """A decision about one face, and the id of the most alike person (``None`` in an empty gallery)."""

    outcome: Identification
    person_id: str | None


def verify(
    sqlite: sqlite3.Connection,
    row: people.Row,
    face: Face,
    *,
    at: OperatingPoint,
    problems: tuple[str, ...],
    embedder: EmbedderIdentity,
    now: datetime,
) -> Verification:
    """Decide whether `face` is the person of `row`, and log it; in a write transaction.

    Raises
    ------
    GalleryError
        If the person has expired.
    """
    decide.check_not_expired(row.person)
    scores = exact_scores(samples.vectors_of_person(sqlite, row.number, embedder.dimension), face.embedding)
    outcome = decide.verification(float(scores.max()), at=at, problems=problems)
    journal.append(
        sqlite,
        "verified",
        time=now.isoformat(),
        person_id=row.person.id,
        details={"decision": outcome.decision, **_evidence(outcome.score, at)},
        source=rules.storable_source(face.source),
    )
    return outcome


def identify(
    sqlite: sqlite3.Connection,
    index: SearchIndex,
    faces: Faces,
    *,
    at: OperatingPoint,
    top: int,
    problems: Sequence[tuple[str, ...]],
    now: datetime,
) -> list[Found]:
    """Decide who each face is; in the transaction that `index` was brought up to date in."""
    rankings = index.search(faces.embeddings, top=top, today=now.date().toordinal())
    known = {hit.person: people.id_and_name(sqlite, hit.person) for ranking in rankings for hit in ranking}
    return [
        Found(
            decide.identification(
                box, [Candidate(known[hit.person][1], hit.score) for hit in ranking], at=at, problems=held_back
            ),
            known[ranking[0].person][0] if ranking else None,
        )
        for box, ranking, held_back in zip(faces.detections.boxes, rankings, problems, strict=True)
    ]


def log_matches(
    sqlite: sqlite3.Connection, matched: Sequence[Found], *, at: OperatingPoint, source: str, now: datetime
) -> None:
    """Log matches, one entry per face; in a write transaction."""
    for outcome, person_id in matched:
        # Somebody whom another process forgot since the search gets the entry, but leaves no photo's name behind.
        forgotten = person_id is None or people.find_by_id(sqlite, person_id, today=now.date()) is None
        journal.append(
            sqlite,
            "matched",
            time=now.isoformat(),
            person_id=person_id,
            details=_evidence(outcome.score, at),
            source=None if forgotten else rules.storable_source(source),
        )


def _evidence(score: float, at: OperatingPoint) -> dict[str, object]:
    return {"score": score, "threshold": at.threshold, "target_fmr": at.target_fmr, "data_set": at.data_set}
