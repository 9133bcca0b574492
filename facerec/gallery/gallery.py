"""What a gallery does, whatever stores it: every rule, decision and log entry, over an engine that holds rows.

Every method checks its arguments before it changes anything, changes everything or nothing, and has made the change
durable when it returns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, astuple, fields, replace
from datetime import date
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, DamagedGalleryError, GalleryError, UnknownPersonError
from facerec.gallery import archive, changes, rules
from facerec.gallery.decide import Terms, check_not_expired, chosen_gate
from facerec.gallery.doubts import Doubt, Limits, doubts_about, refuse
from facerec.gallery.loaded import LoadedIndex
from facerec.gallery.records import (
    UNCHANGED,
    Backup,
    EmbedderIdentity,
    Enrollment,
    Erasure,
    Event,
    ForgetReceipt,
    GalleryCheck,
    LogCheck,
    LogEntry,
    Person,
    Sample,
    Unchanged,
)
from facerec.gallery.stores.sqlite.backup import check_free
from facerec.gallery.stores.sqlite.rows import PersonRow, Rows
from facerec.gallery.stores.sqlite.store import SqliteStore
from facerec.points import notes_on
from facerec.quality import QualityGate
from facerec.similarity import cosines
from facerec.types import Candidate, Embedder, Face, Faces, Identifications, OperatingPoint, Verification
from facerec.visible_text import quoted, shortened

if TYPE_CHECKING:
    import pandas as pd

_LOGGER = logging.getLogger("facerec")


class Gallery:
    """A durable store of enrolled people, bound to one embedder; made by ``facerec.open_gallery``.

    Usable from several threads; several processes may have the same gallery open, and each sees what the others
    enrolled from its next call on. Every method may raise `ClosedGalleryError`, `DamagedGalleryError`,
    `ReadOnlyGalleryError`, `FullDiskError` and `GalleryBusyError` besides the errors it names. A gallery is a
    collection of `Person`: ``len(gallery)``, ``"Ada" in gallery`` and ``for person in gallery`` mean what they say.
    Whatever needs the name of somebody who is enrolled raises `UnknownPersonError` if nobody has it.
    """

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._index = LoadedIndex()

    @property
    def embedder(self) -> EmbedderIdentity:
        """Which embedder made the vectors."""
        with self._store.reading() as rows:
            return rows.embedder

    @property
    def erasure_due(self) -> bool:
        """Whether bytes of somebody who was forgotten may still stand in the store; `compact` erases them."""
        with self._store.reading() as rows:
            return rows.erasure_due

    def close(self) -> None:
        """Release the store; closing twice is allowed."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- a collection of people -----------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many people are enrolled, the expired included."""
        with self._store.reading() as rows:
            return rows.count_people()

    def __contains__(self, name: object) -> bool:
        """Whether somebody of that name is enrolled, expired or not."""
        if not isinstance(name, str):
            return False
        try:
            self.person(name)
        except (UnknownPersonError, ArgumentError):
            return False
        return True

    def __iter__(self) -> Iterator[Person]:
        """Everybody, in the order of enrollment, as they were when the iteration began."""
        return iter(self.people())

    def to_frame(self) -> pd.DataFrame:
        """One row per person, in the order of enrollment; the columns are the fields of `Person`."""
        import pandas as pd

        return pd.DataFrame([asdict(person) for person in self], columns=[field.name for field in fields(Person)])

    def __repr__(self) -> str:
        called = f"gallery {shortened(self._store.path)}"
        try:
            with self._store.reading() as rows:
                people, faces, embedder = rows.count_people(), rows.count_samples(), rows.embedder.name
        except GalleryError as error:  # a debugger shows what is closed or damaged, too
            return f"<{called}: {error.code}>"
        several = f"{people:,} person" if people == 1 else f"{people:,} people"
        return f"<{called}: {several}, {faces:,} face{'' if faces == 1 else 's'} embedded by {embedder}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    # -- who is enrolled ------------------------------------------------------------------------------------------

    def enroll(
        self,
        name: str,
        faces: Face | Sequence[Face],
        *,
        gate: QualityGate | None = None,
        at: OperatingPoint | None = None,
        strict: bool = False,
        consent: str | None = None,
        purpose: str | None = None,
        expires: date | None = None,
        photos: Sequence[bytes | None] = (),
        keep_photos: bool = False,
    ) -> Enrollment:
        """Enroll a person, or add samples to one who is enrolled.

        Parameters
        ----------
        name : str
            Trimmed and brought to Unicode normal form C; at most 200 characters, all of them visible.
        faces : Face or sequence of Face
            One or several photos' faces of this one person.
        gate : QualityGate, optional
            Judges every face by the measures that it carries, by default that of ``facerec.quality.default_gate``; a
            face that was not measured does not pass. ``NO_GATE`` leaves the gate out. The log keeps which one it was.
        at : OperatingPoint, optional
            Look at what is enrolled: at faces that look like somebody enrolled under another name, that are not like
            the person's other photos, or that are there twice (``facerec.gallery.doubts``). This point's measured
            `tail` says how alike strangers are. The search costs what one of `identify` costs.
        strict : bool
            Refuse the person where there is any doubt, instead of telling it in the result.
        consent, purpose : str, optional
            Where the consent is kept, what the person is enrolled for. ``None`` leaves what is stored.
        expires : date, optional
            The last day (UTC) on which the person is matched. ``None`` leaves what is stored.
        photos : sequence of bytes or None
            The photos' files, one per face, to record their SHA-256; ``None`` for a face of no file; none by default.
        keep_photos : bool
            Store the photos too, which re-embedding needs; they are forgotten with the person.

        Raises
        ------
        ArgumentError
            If the name, a text, the date, a face or a photo is not usable, or not one photo per face is given; if
            `strict` is asked for and no operating point is given.
        ModelMismatchError
            If a face was embedded by another embedder, or `at` was measured with one.
        PoorQualityError
            If the gate holds a face back; the message names each, and nothing is stored.
        DoubtfulFaceError
            If `strict` and there is a doubt; the message names each, and nothing is stored.
        NoPointError
            If `at` has no tail.
        ExpiryPassedError
            If the expiry date has passed.
        ExpiredError
            If the person has expired and no new date is given.
        """
        name = rules.person_name(name)
        terms = rules.checked_terms({"consent": consent, "purpose": purpose, "expires": expires})
        if strict and at is None:
            message = "strict needs an operating point, at=..., which says how alike strangers are"
            raise ArgumentError(message)
        with self._store.exclusively():  # the index is shared by this process's threads
            if at is not None:
                with self._store.reading() as rows:  # the long part; nobody else waits for it
                    self._index.follow(rows)
            with self._store.writing() as rows:
                rules.check_not_past(expires, today=rows.now.date(), name=name)
                several = rules.faces_to_enroll(faces, rows.embedder)
                gates = [chosen_gate(gate, face.matcher) for face in several]
                rules.check_quality(several, gates, name=name)
                given = rules.photos_to_enroll(photos, len(several), keep_photos=keep_photos) or [None] * len(several)
                doubts = None if at is None else self._doubts(rows, name, several, at)
                if strict:
                    refuse(doubts or (), name=name)
                return changes.enroll(
                    rows, name, several, given, gates, keep_photos=keep_photos, terms=terms, doubts=doubts
                )

    def _doubts(self, rows: Rows, name: str, faces: Sequence[Face], at: OperatingPoint) -> tuple[Doubt, ...]:
        for face in faces:
            notes_on(at, face.matcher)  # or `ModelMismatchError`
        own, today = rows.by_name(name), rows.now.date().toordinal()
        number = -1 if own is None else own.number
        index = self._index.follow(rows)
        limits = Limits.of(at, index.compared(today))
        rivals: list[tuple[str, float] | None] = []
        for ranking in index.search(np.stack([face.embedding for face in faces]), top=2, today=today):
            others = [hit for hit in ranking if hit.person != number]
            rivals.append((rows.id_and_name(others[0].person)[1], others[0].score) if others else None)
        known = [] if own is None else [sample.sample.source for sample in rows.samples(number)]
        vectors = np.empty((0, rows.embedder.dimension), np.float32) if own is None else rows.vectors(number)
        return doubts_about(faces, rivals, vectors, known, limits)

    def update(
        self,
        name: str,
        *,
        consent: str | Unchanged | None = UNCHANGED,
        purpose: str | Unchanged | None = UNCHANGED,
        expires: date | Unchanged | None = UNCHANGED,
    ) -> Person:
        """Change what is recorded about a person; ``None`` removes a field.

        `ArgumentError` if a text or the date is not usable, `ExpiryPassedError` if the new expiry date has passed.
        """
        given = {"consent": consent, "purpose": purpose, "expires": expires}
        with self._store.writing() as rows:
            row = self._need(rows, name)
            terms = rules.checked_terms({term: value for term, value in given.items() if value is not UNCHANGED})
            rules.check_not_past(terms.get("expires"), today=rows.now.date(), name=row.person.name)
            changes.change(rows, row, terms)
            return rows.at(row.number)

    def rename(self, name: str, new_name: str) -> Person:
        """Give a person another name; id, samples and log stay.

        `ArgumentError` if the new name is not usable, `NameTakenError` if somebody else has it.
        """
        new_name = rules.person_name(new_name)
        with self._store.writing() as rows:
            row = self._need(rows, name)
            if new_name != row.person.name:
                rules.check_free(new_name, rows.by_name(new_name), of=row.person)
                rows.write_person(PersonRow(row.number, replace(row.person, name=new_name)))
                rows.append("renamed", row.person.id)
            return rows.at(row.number)

    def people(self) -> list[Person]:
        """Everybody who is enrolled, the expired included, in the order of enrollment."""
        with self._store.reading() as rows:
            return [row.person for row in rows.people()]

    def person(self, name: str) -> Person:
        """The person of that name."""
        with self._store.reading() as rows:
            return self._need(rows, name).person

    def samples(self, name: str) -> list[Sample]:
        """What is kept about a person's faces, in the order of enrollment."""
        with self._store.reading() as rows:
            return [row.sample for row in rows.samples(self._need(rows, name).number)]

    def vectors(self, name: str) -> NDArray[np.float32]:
        """A person's vectors, float32 (n, d), in the order of `samples`."""
        with self._store.reading() as rows:
            return rows.vectors(self._need(rows, name).number)

    # -- decisions ------------------------------------------------------------------------------------------------

    def verify(self, name: str, face: Face, *, at: OperatingPoint, gate: QualityGate | None = None) -> Verification:
        """Decide whether `face` is the person called `name`, and log the outcome.

        The face is compared with each of the person's samples, and the most alike one counts; the threshold of `at`
        decides. A face that the `gate`, as for `enroll`, holds back is ``undecided``, whatever its score.

        Raises
        ------
        ModelMismatchError
            If the face or the operating point belongs to another embedder.
        ArgumentError
            If the face's vector or the gate is not usable.
        ExpiredError
            If the person has expired.
        """
        with self._store.writing() as rows:
            rules.check_face(face, rows.embedder)
            terms = Terms.of(at, gate, face.matcher)
            number, person = self._need(rows, name)
            check_not_expired(person)
            scores = cosines(rows.vectors(number), face.embedding)
            if not len(scores):
                message = (
                    f"the gallery is damaged: it holds no face of {quoted(person.name)}; restore a backup or an export"
                )
                raise DamagedGalleryError(message)
            outcome = terms.verification(face, float(scores.max()))
            evidence = terms.evidence(outcome.decision, outcome.score, face.look)
            rows.append("verified", person.id, evidence, source=rules.storable_source(face.source))
            return outcome

    def identify(
        self, faces: Faces, *, at: OperatingPoint, top: int = 5, gate: QualityGate | None = None
    ) -> Identifications:
        """Decide who each face of one photo is, or that it is nobody enrolled; log every match.

        A person's score is that of the most alike sample; expired people are passed over. The search is exact, and
        people with equal scores come in the order of enrollment. Where two people or more reach the threshold of `at`,
        the outcome is ``ambiguous`` and names nobody; each of those the search looked at (two, or `top`) gets a log
        entry ``ambiguous``, so that everybody's log shows where they were nearly found. No match, and nothing
        ambiguous, is reported unless it could be logged. A face that the `gate`, as for `enroll`, holds back is
        ``undecided``; `top`, ≥ 1, says how many candidates to report per face.

        Raises
        ------
        ModelMismatchError
            If the faces or the operating point belong to another embedder.
        ArgumentError
            If the vectors or the gate are not usable, or `top` is less than 1.
        """
        rules.check_search(faces, top)
        with self._store.exclusively():  # the index is shared by this process's threads
            with self._store.reading() as rows:
                rules.check_vectors(faces.embeddings, faces.matcher.embedder_digest, rows.embedder, source=faces.source)
                terms, today = Terms.of(at, gate, faces.matcher), rows.now.date().toordinal()
                index = self._index.follow(rows)
                # The second most alike is looked at whether or not it is to be shown.
                rankings = index.search(faces.embeddings, top=max(top, 2), today=today)
                known = {hit.person: rows.id_and_name(hit.person) for ranking in rankings for hit in ranking}
                size, comparisons = self._index.people(today), index.compared(today)
            outcomes = []
            for face, ranking in zip(faces, rankings, strict=True):
                candidates = [Candidate(known[hit.person][1], hit.score) for hit in ranking]
                outcomes.append(
                    terms.identification(face, candidates, top=top, gallery_size=size, comparisons=comparisons)
                )
            reached = [
                (known[hit.person][0], outcome.decision, hit.score, look)
                for outcome, ranking, look in zip(outcomes, rankings, faces.detections.looks, strict=True)
                for hit in ranking
                if outcome.decision in ("match", "ambiguous") and at.accepts(hit.score)
            ]
            if reached:  # a search that found nobody writes nothing, and waits for nobody
                with self._store.writing() as rows:
                    for person_id, decision, score, look in reached:
                        # Somebody whom another process forgot since the search gets the entry, but no photo's name.
                        source = rules.storable_source(faces.source) if rows.by_id(person_id) else None
                        event: Event = "matched" if decision == "match" else "ambiguous"
                        rows.append(event, person_id, terms.evidence(decision, score, look), source=source)
        found = faces.detections
        return Identifications(tuple(outcomes), found.points, faces.source, faces.photo, found.looks)

    # -- forgetting -----------------------------------------------------------------------------------------------

    def forget(self, name: str) -> ForgetReceipt:
        """Delete a person with all vectors and photos, and erase the bytes from the store.

        Erasing rewrites the store, which takes seconds where it holds a million samples; `purge_expired` does it once
        for many people.
        """
        return self._forget(lambda rows: [self._need(rows, name)])[0]

    def purge_expired(self) -> list[ForgetReceipt]:
        """Forget everybody who has expired; one receipt per person."""
        return self._forget(lambda rows: [row for row in rows.people() if row.person.expired])

    def _forget(self, chosen: Callable[[Rows], list[PersonRow]]) -> list[ForgetReceipt]:
        with self._store.exclusively():
            with self._store.writing() as rows:
                forgotten = [changes.forget(rows, row) for row in chosen(rows)]
            if not forgotten:
                return []
            now, gallery = rows.now, str(self._store.path)
            if self._index.loaded:  # the vectors leave this process's memory too, not only at the next search
                with self._store.reading() as rows:
                    self._index.follow(rows)
            done = astuple(self._store.erase())
        return [
            ForgetReceipt(person.id, person.name, person.samples, person.photos, now, gallery, entry, *done)
            for person, entry in forgotten
        ]

    def compact(self) -> Erasure:
        """Erase what earlier deletions left in the store, where another process stood in the way at the time."""
        return self._store.erase()

    # -- moving and renewing --------------------------------------------------------------------------------------

    def export_to(self, folder: str | Path) -> int:
        """Write everybody to a new folder (``facerec.gallery.archive``); returns how many people.

        Of a gallery that is read-only the export cannot be logged; a warning says so. `ArchiveError` if the folder
        exists and is not empty, or cannot be written.
        """
        with self._store.exclusively():
            self._log_leaving("exported", "export")
            with self._store.reading() as rows:
                everybody = (changes.entry_of(rows, row) for row in rows.people())
                return archive.write_archive(Path(folder), rows.embedder, everybody, vectors=rows.count_samples())

    def back_up_to(self, path: str | Path) -> Backup:
        """Copy the gallery to one new file, as it is at this moment, and read the copy through; others go on writing.

        The file can be opened as a gallery itself, or be made one elsewhere by `restore_gallery`. Whoever is forgotten
        later is still in it. Of a gallery that is read-only the backup cannot be logged; a warning says so.

        Raises
        ------
        OutputError
            If there is such a file already (it is never overwritten), or it cannot be written.
        DamagedGalleryError
            If the copy is not whole, which is because the gallery is not; nothing is kept of it.
        """
        with self._store.exclusively():
            check_free(Path(path))
            self._log_leaving("backed_up", "backup")
            return self._store.back_up(Path(path))

    def _log_leaving(self, event: Event, what: str) -> None:
        if self._store.read_only:
            _LOGGER.warning("%s is read-only: its %s is not in its log", shortened(self._store.path), what)
            return
        # Logged first: one that failed half-way has still put vectors outside the gallery.
        with self._store.writing() as rows:
            rows.append(event, details={"vectors": rows.count_samples()})

    def import_from(self, folder: str | Path, *, merge: bool = False) -> list[Enrollment]:
        """Add everybody from an exported folder, made by `export_to`; ids, dates and vectors stay the same.

        All of it is checked before anything is written. With `merge`, the samples of people who are enrolled already go
        to those people, whose own record (name, consent, purpose, expiry) stays; by default such people are an error.

        Raises
        ------
        ModelMismatchError
            If the folder's vectors were made by another embedder.
        ArchiveError
            If the folder is incomplete, damaged or of a newer version.
        NameTakenError
            If somebody in it is enrolled already.
        """
        read = archive.read_archive(Path(folder), self.embedder)  # the long part; nobody else waits for it
        with self._store.writing() as rows:
            read.check_for(rows.embedder)  # another process may have re-embedded the gallery since
            return [changes.restore(rows, entry, merge=merge) for entry in read.entries()]

    def reembed(self, embedder: Embedder, faces_of: Callable[[Sample, bytes], Face]) -> int:
        """Replace all vectors by those of another embedder, made from the kept photos; returns how many.

        The gallery is bound to `embedder` afterwards. `faces_of` gives, for a sample and its photo's bytes, the face of
        that photo, embedded by `embedder`. What it raises is passed on, and nothing is changed. It must not use this
        gallery.

        Raises
        ------
        PhotosNotKeptError
            If a photo was not kept; the message says whose.
        ModelMismatchError
            If `faces_of` returns a face of another embedder.
        ArgumentError
            If `faces_of` returns a face that is not usable.
        """
        with self._store.writing() as rows:
            return changes.reembed(rows, rules.identity(embedder), faces_of)

    # -- the log --------------------------------------------------------------------------------------------------

    def log(self, *, last: int | None = None, name: str | None = None) -> list[LogEntry]:
        """What was done when, oldest first: only the newest `last` entries, only what concerns the person of that name.

        `ArgumentError` if `last` is negative.
        """
        if last is not None and (not isinstance(last, int) or last < 0):
            message = f"last must be 0 or more, or None for all entries; got {quoted(last)}"
            raise ArgumentError(message)
        with self._store.reading() as rows:
            return rows.log(last=last, person_id=None if name is None else self._need(rows, name).person.id)

    def check_log(self) -> LogCheck:
        """Whether the log is the one that was written: no entry changed, removed, inserted or cut off."""
        with self._store.reading() as rows:
            return rows.check_log()

    def check(self) -> GalleryCheck:
        """Whether the gallery is whole: the log, the file, every vector and every kept photo; reads all of it.

        A bit of a vector that flipped without changing its length by a thousandth (a sign, a low digit) cannot be told.
        """
        with self._store.reading() as rows:
            return rows.check()

    def _need(self, rows: Rows, name: str) -> PersonRow:
        name = rules.known_name(name)
        found = rows.by_name(name)
        if found is None:
            message = (
                f"nobody called {quoted(name)} is enrolled in {shortened(self._store.path)}; names are compared letter "
                "by letter, and `facerec gallery list` shows them"
            )
            raise UnknownPersonError(message)
        return found
