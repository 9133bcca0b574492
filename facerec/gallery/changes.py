"""What changing a gallery does, within one transaction: the rows that are written, and the log entries for them."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from facerec.errors import DamagedGalleryError
from facerec.gallery import rules
from facerec.gallery.archive import ArchivedPerson, Entry
from facerec.gallery.doubts import Doubt
from facerec.gallery.records import EmbedderIdentity, Enrollment, Person, Sample
from facerec.gallery.stores.sqlite.rows import PersonRow, Rows
from facerec.quality import QualityGate
from facerec.types import Face
from facerec.types.looks import FIRST_LOOK
from facerec.visible_text import shortened


def enroll(
    rows: Rows,
    name: str,
    faces: Sequence[Face],
    photos: Sequence[bytes | None],
    gates: Sequence[QualityGate],
    *,
    keep_photos: bool,
    terms: dict[str, Any],
    doubts: tuple[Doubt, ...] | None,
) -> Enrollment:
    """Enroll a person, or add samples to one; the arguments have been checked."""
    known = rows.by_name(name)
    if known is not None:
        rules.check_not_over(known.person, terms["expires"])
        change(rows, known, {term: value for term, value in terms.items() if value is not None})
    samples = tuple(
        Sample(
            rules.storable_source(face.source),
            (float(face.box[0]), float(face.box[1]), float(face.box[2]), float(face.box[3])),
            float(face.score),
            rows.now,
            hashlib.sha256(photo).hexdigest() if photo is not None else None,
            keep_photos,
        )
        for face, photo in zip(faces, photos, strict=True)
    )
    person_id = known.person.id if known else uuid.uuid4().hex
    person = ArchivedPerson(person_id, name, created=rows.now, samples=samples, **terms)
    vectors = np.stack([face.embedding for face in faces])
    done = add(rows, Entry(person, vectors, tuple(photos) if keep_photos else (None,) * len(faces)), known)
    # One text where all faces were made alike, as those of one call nearly always are.
    matchers = {replace(face.matcher, gate=gate.name).text for face, gate in zip(faces, gates, strict=True)}
    judges = sorted({gate.name for gate in gates})
    details = {**_counts(done), "gate": " ; ".join(judges), "matcher": " ; ".join(sorted(matchers))}
    if doubts is not None:  # how many of which kind; the names of others would outlive them here
        details["doubts"] = dict(Counter(doubt.kind for doubt in doubts))
    if looks := Counter(str(face.look) for face in faces if face.look != FIRST_LOOK):
        details["looks"] = dict(sorted(looks.items()))
    rows.append("enrolled", done.person.id, details)
    return replace(done, doubts=doubts)


def change(rows: Rows, row: PersonRow, terms: dict[str, Any]) -> None:
    """Write what differs, and log which terms did; not their values, which would outlive the person."""
    changed = [term for term, value in terms.items() if getattr(row.person, term) != value]
    if changed:
        rows.write_person(PersonRow(row.number, replace(row.person, **terms)))
        rows.append("updated", row.person.id, {"fields": changed})


def restore(rows: Rows, entry: Entry, *, merge: bool) -> Enrollment:
    """Add a person of an archive."""
    by_name, by_id = rows.by_name(entry.person.name), rows.by_id(entry.person.id)
    rules.check_import(entry.person.name, by_name and by_name.person, by_id and by_id.person, merge=merge)
    done = add(rows, entry, by_name or by_id)
    rows.append("imported", done.person.id, _counts(done))
    return done


def add(rows: Rows, entry: Entry, known: PersonRow | None) -> Enrollment:
    """Add a person, or the samples to `known`; a vector that the person already has is not stored again.

    A sample that is already present and has no photo gets it, so that enrolling the same photo again is the way to make
    a gallery ready for re-embedding.
    """
    number = known.number if known else rows.add_person(entry.person)
    added = present = kept = 0
    for sample, vector, photo in zip(entry.person.samples, entry.vectors, entry.photos, strict=True):
        stored, new = rows.add_sample(number, sample, vector)
        added += new
        present += not new
        kept += photo is not None and rows.keep_photo(stored, photo)
    return Enrollment(rows.at(number), known is None, added, present, kept)


def _counts(done: Enrollment) -> dict[str, object]:
    return {"added": done.added, "already_present": done.already_present, "photos_kept": done.photos_kept}


def forget(rows: Rows, row: PersonRow) -> tuple[Person, int]:
    """Delete a person; returns whom, and the number of the log entry."""
    rows.delete_person(row)
    details = {"vectors": row.person.samples, "photos": row.person.photos}
    return row.person, rows.append("forgotten", row.person.id, details)


def reembed(rows: Rows, embedder: EmbedderIdentity, faces_of: Callable[[Sample, bytes], Face]) -> int:
    """Replace every vector by that of the face that `faces_of` finds in the kept photo; returns how many."""
    everybody = rows.people()
    rules.check_photos_kept([row.person for row in everybody])
    replaced = 0
    for number, sample in (sample for row in everybody for sample in rows.samples(row.number)):
        content = rows.photo(number)
        if content is None:
            message = f"the kept photo of {shortened(sample.source)} has disappeared from the gallery; restore a backup"
            raise DamagedGalleryError(message)
        face = faces_of(sample, content)
        rules.check_face(face, embedder)
        rows.replace_vector(number, face)
        replaced += 1
    rows.append("reembedded", details={"from": rows.embedder.digest, "to": embedder.digest, "vectors": replaced})
    rows.bind(embedder)
    return replaced


def entry_of(rows: Rows, row: PersonRow) -> Entry:
    """A person with everything that belongs to them."""
    (number, who), numbered = row, rows.samples(row.number)
    samples = tuple(each.sample for each in numbered)
    person = ArchivedPerson(who.id, who.name, who.consent, who.purpose, who.expires, who.created, samples)
    return Entry(person, rows.vectors(number), tuple(rows.photo(each.number) for each in numbered))
