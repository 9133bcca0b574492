"""What changing a gallery does, within one transaction: the rows that are written, and the log entries for them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from facerec.errors import DamagedGalleryError
from facerec.gallery import rules, sealing
from facerec.gallery.archive import ArchivedPerson, Entry
from facerec.gallery.doubts import Doubt
from facerec.gallery.ledger import VERSION, Ledger
from facerec.gallery.present import Known
from facerec.gallery.records import (
    EmbedderIdentity,
    Enrollment,
    Event,
    MadeCopy,
    Person,
    PersonId,
    Sample,
    TermChange,
    Who,
)
from facerec.gallery.rows import LogRow, PersonRow, RequestRow, Rows, SampleRow, SourceRow
from facerec.gallery.terms import term_changes, written_changes
from facerec.quality import QualityGate
from facerec.types import Face
from facerec.types.looks import FIRST_LOOK
from facerec.visible_text import shortened


def enroll(
    ledger: Ledger,
    name: str,
    faces: Sequence[Face],
    samples: tuple[Sample, ...],
    *,
    kept: Sequence[bytes | None],
    gates: Sequence[QualityGate],
    terms: dict[str, Any],
    doubts: tuple[Doubt, ...] | None,
    request: Request | None,
) -> Enrollment:
    """Enroll a person, or add samples to one; the arguments have been checked. `kept` are photos to be kept."""
    known = ledger.by_name(name)
    replaced: tuple[TermChange, ...] = ()
    if known is not None:
        rules.check_not_over(known, terms["expires"])
        replaced = change(ledger, known, {term: value for term, value in terms.items() if value is not None})
    matchers = {str(sample.matcher) for sample in samples}
    person_id = known.id if known else uuid.uuid4().hex
    person = ArchivedPerson(person_id, name, created=ledger.now, samples=samples, **terms)
    vectors = np.stack([face.embedding for face in faces])
    # One text where all faces were made alike, as those of one call nearly always are.
    judges = sorted({gate.name for gate in gates})
    details: dict[str, object] = {"gate": " ; ".join(judges), "matcher": " ; ".join(sorted(matchers))}
    if doubts is not None:  # how many of which kind; the names of others would outlive them here
        details["doubts"] = dict(Counter(doubt.kind for doubt in doubts))
    if looks := Counter(str(face.look) for face in faces if face.look != FIRST_LOOK):
        details["looks"] = dict(sorted(looks.items()))
    if runtimes := sorted({face.runtime for face in faces if face.runtime is not None}):
        details["runtime"] = " ; ".join(runtimes)
    done = add(ledger, Entry(person, vectors, tuple(kept)), known, event="enrolled", details=details)
    if request is not None:
        ledger.rows.insert(RequestRow(0, request.key, done.person.number, done.log_entry, request.content))
    notes = tuple(note for face in faces for note in face.notes)
    return replace(done, doubts=doubts, notes=notes, replaced=replaced)


def samples_of(
    faces: Sequence[Face],
    photos: Sequence[bytes | None],
    gates: Sequence[QualityGate],
    now: datetime,
    *,
    keep_photos: bool,
) -> tuple[Sample, ...]:
    """What is kept of faces, besides their vectors, if they are stored now; they have no numbers yet."""
    return tuple(
        Sample(
            0,
            rules.storable_source(face.source),
            (float(face.box[0]), float(face.box[1]), float(face.box[2]), float(face.box[3])),
            float(face.score),
            now,
            hashlib.sha256(photo).hexdigest() if photo is not None else None,
            keep_photos,
            replace(face.matcher, gate=gate.name).text,
        )
        for face, photo, gate in zip(faces, photos, gates, strict=True)
    )


class Request:
    """An enrollment asked for under a key: what is remembered of it, so that it is done once."""

    def __init__(
        self,
        key: str,
        who: Who,
        faces: Sequence[Face],
        terms: Mapping[str, object],
        photos: Sequence[bytes | None],
        *,
        keep_photos: bool,
    ) -> None:
        self.key = hashlib.sha256(key.encode("utf-8")).digest()
        called = {"id": who.id} if isinstance(who, PersonId) else who
        agreed = {each: str(terms[each]) for each in sorted(terms)}
        content = hashlib.sha256(json.dumps([called, agreed]).encode("utf-8"))
        for face, photo in zip(faces, photos, strict=True):
            # Of a photo that is given the place says which face it is: a vector's last bits depend on which others it
            # was embedded with.
            content.update(face.embedding.tobytes() if photo is None else face.box.tobytes())
        digests = [None if photo is None else hashlib.sha256(photo).hexdigest() for photo in photos]
        content.update(json.dumps([digests, keep_photos]).encode("ascii"))
        self.content = content.digest()

    def answered(self, ledger: Ledger) -> Enrollment | None:
        """What the same request was answered before; `ReusedKeyError` if another one was made under this key."""
        known = next(ledger.rows.select(RequestRow, key=self.key), None)
        if known is None:
            return None
        rules.check_same_request(known.content, self.content)
        entry = ledger.entry(known.entry)
        if entry is None:
            message = f"the gallery is damaged: there is no log entry {known.entry}; restore a backup"
            raise DamagedGalleryError(message)
        told = json.loads(entry.details)
        counts = (told["added"], told["already_present"], told["photos_kept"])
        return Enrollment(ledger.at(known.person), told["created"], *counts, entry.number, entry.digest.hex())


def change(ledger: Ledger, person: Person, terms: dict[str, Any]) -> tuple[TermChange, ...]:
    """Write what differs, and log it; returns what was replaced by what.

    The log's entry says which terms changed, and not their values, which would outlive the person there: these stand
    beside it, as names of probe photos do, and are forgotten with the person.
    """
    changes = term_changes(person, terms)
    if changes:
        written = replace(person, **terms)
        ledger.write_person(written)
        fields = {"fields": [each.term for each in changes]}
        ledger.append("updated", written, fields, aside=written_changes(changes))
    return tuple(each for each in changes if each.former is not None)


def restore(ledger: Ledger, entry: Entry, *, merge: bool) -> Enrollment:
    """Add a person of an archive; where somebody is here already whose record stays, the archive's is logged."""
    by_name, by_id = ledger.by_name(entry.person.name), ledger.by_id(entry.person.id)
    rules.check_import(entry.person.name, by_name, by_id, merge=merge)
    known = by_name or by_id
    if known is None:
        ledger.bring_back(entry.person.id)
    replaced: tuple[TermChange, ...] = ()
    if known is not None:
        here = {term: getattr(known, term) for term in rules.TERMS}
        replaced = tuple(each for each in term_changes(entry.person, here) if each.former is not None)
    return add(ledger, entry, known, event="imported", details={}, replaced=replaced)


def add(
    ledger: Ledger,
    entry: Entry,
    known: Person | None,
    *,
    event: Event,
    details: Mapping[str, object],
    replaced: tuple[TermChange, ...] = (),
) -> Enrollment:
    """Add a person, or the samples to `known`; a face that the person already has is not stored again.

    A sample that is already present and has no photo gets it, so that enrolling the same photo again is the way to make
    a gallery ready for re-embedding.
    """
    number = known.number if known else ledger.add_person(entry.person)
    faces = Known(ledger.samples(number), ledger.vectors(number)) if known else Known((), entry.vectors[:0])
    added = present = kept = 0
    for sample, vector, photo in zip(entry.person.samples, entry.vectors, entry.photos, strict=True):
        same = faces.same(sample, vector)
        added += not same
        present += bool(same)
        stored = same or [ledger.add_sample(number, sample, vector)]
        if not same and event == "enrolled":  # an archive's are as they were stored there, all of them
            faces.add(stored[0], sample, vector)
        if photo is not None:
            kept += sum(ledger.keep_photo(each, photo) for each in stored)
    person = ledger.at(number)
    counts = {"added": added, "already_present": present, "photos_kept": kept, "created": known is None}
    replaced = replaced if added else ()
    logged = ledger.append(event, person, {**counts, **details}, aside=written_changes(replaced))
    return Enrollment(person, known is None, added, present, kept, logged, ledger.head().digest, replaced=replaced)


def forget(ledger: Ledger, person: Person) -> tuple[Person, int, str, tuple[MadeCopy, ...]]:
    """Delete a person; returns whom, the number and the digest of the log entry, and where they still are."""
    copies = ledger.history.copies_of(person.id)
    ledger.delete_person(person)
    entry = ledger.append("forgotten", person.id, {"vectors": person.samples, "photos": person.photos})
    return person, entry, ledger.head().digest, copies


def reembed(ledger: Ledger, embedder: EmbedderIdentity, faces_of: Callable[[Sample, bytes], Face]) -> int:
    """Replace every vector by that of the face that `faces_of` finds in the kept photo; returns how many."""
    everybody = ledger.people()
    rules.check_photos_kept(everybody)
    replaced = 0
    for sample in (sample for person in everybody for sample in ledger.samples(person.number)):
        content = ledger.photo(sample.number)
        if content is None:
            message = f"the kept photo of {shortened(sample.source)} has disappeared from the gallery; restore a backup"
            raise DamagedGalleryError(message)
        face = faces_of(sample, content)
        rules.check_face(face, embedder)
        ledger.replace_vector(sample.number, face)
        replaced += 1
    digests = {"from": ledger.embedder.digest, "to": embedder.digest}
    ledger.append("reembedded", details={**digests, "embedder": embedder.name, "vectors": replaced})
    ledger.bind(embedder)
    for person in everybody:
        ledger.append("reembedded", person, {"to": embedder.digest})
    return replaced


def seal_everybody(ledger: Ledger) -> None:
    """Give what version 1 enrolled its salts, and let the log say what is there; does nothing a second time."""
    rows = ledger.rows
    if rows.gallery().sealed or rows.last_number(LogRow) == 0:
        return
    if _tells_contents(rows):
        return  # somebody made the gallery look as if it had no seals, to get new ones for what they wrote
    for sample in list(rows.select(SampleRow)):
        salt = sealing.new_salt()
        rows.update(sample._replace(salt=salt, seal=sealing.seal(salt, sample.vector)))
    for source in list(rows.select(SourceRow)):
        rows.update(source._replace(salt=sealing.new_salt()))
    for row in list(rows.select(PersonRow)):
        ledger.write_person(ledger.at(row.number))  # with a salt
        ledger.append("sealed", ledger.at(row.number))
    ledger.append("sealed", details={"version": VERSION})
    rows.write_gallery(rows.gallery()._replace(sealed=1))


def _tells_contents(rows: Rows) -> bool:
    """Whether the log is one that says what is in the gallery, from its first entry on or since it was sealed."""
    first = next(rows.select(LogRow, limit=1), None)
    return (first is not None and '"version"' in first.details) or any(rows.select(LogRow, event="sealed", limit=1))


def entry_of(ledger: Ledger, person: Person) -> Entry:
    """A person with everything that belongs to them."""
    samples = tuple(ledger.samples(person.number))
    terms = (person.id, person.name, person.consent, person.purpose, person.expires, person.created)
    photos = tuple(ledger.photo(sample.number) for sample in samples)
    return Entry(ArchivedPerson(*terms, samples), ledger.vectors(person.number), photos)
