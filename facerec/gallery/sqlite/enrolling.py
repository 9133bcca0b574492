"""What writing a person does, within one transaction: enroll, update, rename, and restore from an archive."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np

from facerec.errors import ExpiredError, NameTakenError
from facerec.gallery.archive import Entry
from facerec.gallery.records import Enrollment
from facerec.gallery.sqlite import journal, people, samples
from facerec.quality import QualityGate
from facerec.types import Face
from facerec.visible_text import quoted


def enroll(
    sqlite: sqlite3.Connection,
    name: str,
    faces: Sequence[Face],
    photos: Sequence[bytes],
    gate: QualityGate,
    *,
    keep_photos: bool,
    consent: str | None,
    purpose: str | None,
    expires: date | None,
    now: datetime,
) -> Enrollment:
    """Enroll a person or add samples; the arguments have been checked.

    Raises
    ------
    ExpiredError
        If the person has expired and no new date is given.
    """
    today = now.date()
    known = people.find(sqlite, name, today=today)
    if known is None:
        number = people.insert(
            sqlite,
            person_id=uuid.uuid4().hex,
            name=name,
            consent=consent,
            purpose=purpose,
            expires=expires,
            created=now.isoformat(),
        )
    else:
        number = known.number
        if known.person.expired and expires is None:
            message = (
                f"{quoted(name)} expired on {known.person.expires} and would not be matched; "
                "give a later date with expires=, or forget the person"
            )
            raise ExpiredError(message)
        update(
            sqlite,
            known,
            consent=known.person.consent if consent is None else consent,
            purpose=known.person.purpose if purpose is None else purpose,
            expires=known.person.expires if expires is None else expires,
            now=now,
        )
    given: Sequence[bytes | None] = photos or (None,) * len(faces)
    added = samples.add(
        sqlite,
        number,
        [
            samples.of_face(face, photo, keep_photo=keep_photos, enrolled=now)
            for face, photo in zip(faces, given, strict=True)
        ],
        np.stack([face.embedding for face in faces]),
        given if keep_photos else (None,) * len(faces),
    )
    person = people.at(sqlite, number, today=today).person
    # One text where all faces were made alike, as those of one call nearly always are.
    matchers = {replace(face.matcher, gate=gate.name).text for face in faces}
    details = {**added._asdict(), "gate": gate.name, "matcher": " ; ".join(sorted(matchers))}
    journal.append(sqlite, "enrolled", time=now.isoformat(), person_id=person.id, details=details)
    return Enrollment(person, known is None, *added)


def update(
    sqlite: sqlite3.Connection,
    row: people.Row,
    *,
    consent: str | None,
    purpose: str | None,
    expires: date | None,
    now: datetime,
) -> None:
    """Write what differs, and log which fields did; not their values, which would outlive the person."""
    changed = people.update(sqlite, row, consent=consent, purpose=purpose, expires=expires)
    if changed:
        time = now.isoformat()
        journal.append(sqlite, "updated", time=time, person_id=row.person.id, details={"fields": changed})


def rename(sqlite: sqlite3.Connection, row: people.Row, name: str, *, now: datetime) -> None:
    """Give a person another name.

    Raises
    ------
    NameTakenError
        If somebody else has it.
    """
    if name == row.person.name:
        return
    if people.find(sqlite, name, today=now.date()):
        message = (
            f"{quoted(row.person.name)} cannot be renamed: {quoted(name)} is enrolled already. Choose another name"
        )
        raise NameTakenError(message)
    people.rename(sqlite, row.number, name)
    journal.append(sqlite, "renamed", time=now.isoformat(), person_id=row.person.id)


def restore(sqlite: sqlite3.Connection, entry: Entry, *, merge: bool, now: datetime) -> Enrollment:
    """Add a person of an archive.

    Raises
    ------
    NameTakenError
        If the person's name or id is enrolled and `merge` is false, or name and id belong to two different people.
    """
    person, today = entry.person, now.date()
    by_name = people.find(sqlite, person.name, today=today)
    by_id = people.find_by_id(sqlite, person.id, today=today)
    if by_name and by_id and by_name.number != by_id.number:
        message = (
            f"{quoted(person.name)} of the archive is {quoted(by_id.person.name)} in this gallery by id, but somebody "
            "else has the name; rename one of them, then import again"
        )
        raise NameTakenError(message)
    known = by_name or by_id
    if known and not merge:
        message = (
            f"{quoted(person.name)} of the archive is enrolled already (as {quoted(known.person.name)}); nothing was "
            "imported. Import with merge=True (--merge) to add the samples to the people who are there, or rename or "
            "forget them"
        )
        raise NameTakenError(message)
    number = (
        known.number
        if known
        else people.insert(
            sqlite,
            person_id=person.id,
            name=person.name,
            consent=person.consent,
            purpose=person.purpose,
            expires=person.expires,
            created=person.created.isoformat(),
        )
    )
    added = samples.add(sqlite, number, person.samples, entry.vectors, entry.photos)
    stored = people.at(sqlite, number, today=today).person
    journal.append(sqlite, "imported", time=now.isoformat(), person_id=stored.id, details=added._asdict())
    return Enrollment(stored, known is None, *added)
