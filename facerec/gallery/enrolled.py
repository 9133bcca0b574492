"""Who is enrolled: a gallery as a collection of people, and how they come into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from datetime import date
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, GalleryError, UnknownPersonError
from facerec.gallery import changes, rules
from facerec.gallery.decide import chosen_gate
from facerec.gallery.doubts import Doubt, Limits, doubts_about, refuse
from facerec.gallery.ledger import Ledger
from facerec.gallery.opened import Opened
from facerec.gallery.present import Known
from facerec.gallery.records import UNCHANGED, Enrollment, Person, PersonId, Sample, Unchanged, Who
from facerec.points import notes_on
from facerec.quality import QualityGate
from facerec.types import Face, OperatingPoint
from facerec.visible_text import shortened

if TYPE_CHECKING:
    import pandas as pd


class Enrolled(Opened):
    """The people of a gallery."""

    def __len__(self) -> int:
        """How many people are enrolled, the expired included."""
        with self._reading() as ledger:
            return ledger.count_people()

    def __contains__(self, name: object) -> bool:
        """Whether somebody of that name, or `PersonId`, is enrolled, expired or not."""
        if not isinstance(name, str | PersonId):
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
        called = f"gallery {shortened(self._store.name)}"
        try:
            with self._reading() as ledger:
                people, faces, embedder = ledger.count_people(), ledger.count_samples(), ledger.embedder.name
        except GalleryError as error:  # a debugger shows what is closed or damaged, too
            return f"<{called}: {error.code}>"
        several = f"{people:,} person" if people == 1 else f"{people:,} people"
        return f"<{called}: {several}, {faces:,} face{'' if faces == 1 else 's'} embedded by {embedder}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    # -- who is there ---------------------------------------------------------------------------------------------

    def people(self, *, after: int = 0, limit: int | None = None) -> list[Person]:
        """Everybody who is enrolled, the expired included, in the order of enrollment; or a page of them.

        Parameters
        ----------
        after : int
            Only people whose `number` is higher: the last one of the page before.
        limit : int, optional
            At most so many, ≥ 1.

        Raises
        ------
        ArgumentError
            If `after` is negative or `limit` less than 1, or one is no whole number.
        """
        rules.check_page(after, limit)
        with self._reading() as ledger:
            return ledger.people(after=after, limit=limit)

    def person(self, name: Who) -> Person:
        """The person of that name, or `PersonId`; so for all that a name of somebody enrolled is given to."""
        with self._reading() as ledger:
            return self._need(ledger, name)

    def samples(self, name: Who) -> list[Sample]:
        """What is kept about a person's faces, in the order of enrollment."""
        with self._reading() as ledger:
            return ledger.samples(self._need(ledger, name).number)

    def vectors(self, name: Who) -> NDArray[np.float32]:
        """A person's vectors, float32 (n, d), in the order of `samples`."""
        with self._reading() as ledger:
            return ledger.vectors(self._need(ledger, name).number)

    # -- how they come in, and change -----------------------------------------------------------------------------

    def enroll(
        self,
        name: Who,
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
        key: str | None = None,
    ) -> Enrollment:
        """Enroll a person, or add samples to one who is enrolled.

        Parameters
        ----------
        name : str or PersonId
            Trimmed and brought to Unicode normal form C; at most 200 characters, all of them visible. An id is that of
            somebody who is enrolled.
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
            Where the consent is kept, what the person is enrolled for. ``None`` leaves what is stored; else the result
            says what it replaced, and the log keeps that until the person is forgotten.
        expires : date, optional
            The last day (UTC) on which the person is matched. ``None`` leaves what is stored.
        photos : sequence of bytes or None
            The photos' files, one per face, to record their SHA-256; ``None`` for a face of no file; none by default.
        keep_photos : bool
            Store the photos too, which re-embedding needs; they are forgotten with the person.
        key : str, optional
            Stands for this one enrollment. Whoever did not hear the answer (a process that died, a network that broke)
            asks again under the same key, and is answered the same without a second entry in the log. Keys are
            forgotten with the person.

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
        LookAlikeError
            If the name is new and looks like that of somebody else.
        UnknownPersonError
            If nobody of that id is enrolled.
        ReusedKeyError
            If `key` was given for another enrollment.
        ExpiryPassedError
            If the expiry date has passed.
        ExpiredError
            If the person has expired and no new date is given.
        """
        who = name if isinstance(name, PersonId) else rules.person_name(name)
        terms = rules.checked_terms({"consent": consent, "purpose": purpose, "expires": expires})
        rules.optional_text("key", key)
        if strict and at is None:
            message = "strict needs an operating point, at=..., which says how alike strangers are"
            raise ArgumentError(message)
        with self._store.exclusively():  # the index is shared by this process's threads
            if at is not None:
                with self._reading() as ledger:  # the long part; nobody else waits for it
                    self._index.follow(ledger)
            with self._writing() as ledger:
                several = rules.faces_to_enroll(faces, ledger.embedder)
                given = rules.photos_to_enroll(photos, len(several), keep_photos=keep_photos) or [None] * len(several)
                request = None
                if key is not None:
                    request = changes.Request(key, who, several, terms, given, keep_photos=keep_photos)
                if request is not None and (answer := request.answered(ledger)) is not None:
                    return answer
                name = self._need(ledger, who).name if isinstance(who, PersonId) else who
                rules.check_not_past(expires, today=ledger.now.date(), name=name)
                if ledger.by_name(name) is None:
                    rules.check_look_alikes(name, ledger.look_alikes(name))
                gates = [chosen_gate(gate, face.matcher) for face in several]
                rules.check_quality(several, gates, name=name)
                samples = changes.samples_of(several, given, gates, ledger.now, keep_photos=keep_photos)
                doubts = None if at is None else self._doubts(ledger, name, several, samples, at)
                if strict:
                    refuse(doubts or (), name=name)
                return changes.enroll(
                    *(ledger, name, several, samples),
                    kept=given if keep_photos else [None] * len(several),
                    gates=gates,
                    terms=terms,
                    doubts=doubts,
                    request=request,
                )

    def _doubts(
        self, ledger: Ledger, name: str, faces: Sequence[Face], samples: Sequence[Sample], at: OperatingPoint
    ) -> tuple[Doubt, ...]:
        for face in faces:
            notes_on(at, face.matcher)  # or `ModelMismatchError`
        own, today = ledger.by_name(name), ledger.now.date().toordinal()
        number = -1 if own is None else own.number
        index = self._index.follow(ledger)
        limits = Limits.of(at, index.compared(today))
        rivals: list[tuple[str, float] | None] = []
        for ranking in index.search(np.stack([face.embedding for face in faces]), top=2, today=today):
            others = [hit for hit in ranking if hit.person != number]
            rivals.append((ledger.id_and_name(others[0].person)[1], others[0].score) if others else None)
        known = [] if own is None else ledger.samples(number)
        vectors = np.empty((0, ledger.embedder.dimension), np.float32) if own is None else ledger.vectors(number)
        had = Known(known, vectors)
        pairs = enumerate(zip(samples, faces, strict=True))
        present = {place for place, (sample, face) in pairs if had.same(sample, face.embedding)}
        return doubts_about(faces, rivals, vectors, [each.source for each in known], limits, present=present)

    def update(
        self,
        name: Who,
        *,
        new_name: str | Unchanged = UNCHANGED,
        consent: str | Unchanged | None = UNCHANGED,
        purpose: str | Unchanged | None = UNCHANGED,
        expires: date | Unchanged | None = UNCHANGED,
        was: Person | None = None,
    ) -> Person:
        """Change what is recorded about a person; ``None`` removes a field. All of it is done, or nothing.

        Whoever decided by what they had read gives that as `was`.

        Raises
        ------
        ArgumentError
            If a text or the date is not usable.
        ExpiryPassedError
            If the new expiry date has passed.
        NameTakenError, LookAlikeError
            If somebody else has the new name, or one that looks like it.
        ChangedPersonError
            If the person is not as `was` says any more.
        """
        given = {"consent": consent, "purpose": purpose, "expires": expires}
        wanted = None if isinstance(new_name, Unchanged) else rules.person_name(new_name)
        with self._writing() as ledger:
            person = self._need(ledger, name)
            rules.check_unchanged(person, was)
            terms = rules.checked_terms({term: value for term, value in given.items() if value is not UNCHANGED})
            rules.check_not_past(terms.get("expires"), today=ledger.now.date(), name=person.name)
            changes.change(ledger, person, terms)
            if wanted is not None and wanted != person.name:
                _rename(ledger, ledger.at(person.number), wanted)
            return ledger.at(person.number)

    def rename(self, name: Who, new_name: str) -> Person:
        """Give a person another name; id, samples and log stay. As `update`, which see for errors."""
        return self.update(name, new_name=new_name)


def _rename(ledger: Ledger, person: Person, new_name: str) -> None:
    rules.check_free(new_name, ledger.by_name(new_name), of=person)
    others = [each for each in ledger.look_alikes(new_name) if each != person.name]
    rules.check_look_alikes(new_name, others)
    renamed = replace(person, name=new_name)
    ledger.write_person(renamed)
    ledger.append("renamed", renamed)
