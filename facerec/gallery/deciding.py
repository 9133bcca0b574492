"""Decisions of a gallery: is this the person they say they are, and who is this; each with its evidence in the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from facerec.errors import ArgumentError, DamagedGalleryError
from facerec.gallery import rules
from facerec.gallery.decide import Terms, check_not_expired, notes_on_enrolled
from facerec.gallery.duplicates import MOST, Duplicates, Progress, duplicates
from facerec.gallery.ledger import Charge, Ledger
from facerec.gallery.matching import Hit
from facerec.gallery.opened import Opened
from facerec.gallery.records import Event, Who
from facerec.quality import QualityGate
from facerec.similarity import cosines
from facerec.types import (
    Candidate,
    Decision,
    Face,
    Faces,
    Identification,
    Identifications,
    Matcher,
    OperatingPoint,
    Verification,
)
from facerec.visible_text import quoted


class Deciding(Opened):
    """Verification of claims, and identification."""

    def verify(
        self, name: Who, face: Face, *, at: OperatingPoint, gate: QualityGate | None = None, logged: bool = True
    ) -> Verification:
        """Decide whether `face` is the person called `name` (or of that `PersonId`), and log the outcome.

        The face is compared with each of the person's samples, and the most alike one counts; the threshold of `at`
        decides: so of strangers more are accepted than by one comparison (``Verification.expected_fmr``). A face that
        the `gate`, as for `enroll`, holds back is ``undecided``, whatever its score.

        Raises
        ------
        ModelMismatchError
            If the face or the operating point belongs to another embedder.
        ArgumentError
            If the face's vector or the gate is not usable.
        ExpiredError
            If the person has expired.
        ReadOnlyGalleryError
            If the gallery is read-only, and `logged` is not given as False; then the result says that it is not logged.
        """
        self._check_logged(logged=logged)
        with self._writing() if logged else self._reading() as ledger:
            rules.check_face(face, ledger.embedder)
            terms = Terms.of(at, gate, face.matcher, logged=logged)
            person = self._need(ledger, name)
            check_not_expired(person)
            scores = cosines(ledger.vectors(person.number), face.embedding)
            if not len(scores):
                message = (
                    f"the gallery is damaged: it holds no face of {quoted(person.name)}; restore a backup or an export"
                )
                raise DamagedGalleryError(message)
            outcome = terms.verification(face, float(scores.max()), len(scores))
            enrolled = notes_on_enrolled(ledger.matchers(person.number), terms.matcher)
            outcome = replace(outcome, notes=(*outcome.notes, *enrolled))
            if logged:
                evidence = terms.evidence(outcome.decision, outcome.score, face.look, face.runtime)
                ledger.append("verified", person.id, evidence, aside=rules.storable_source(face.source))
            return outcome

    def identify(
        self,
        faces: Faces,
        *,
        at: OperatingPoint,
        top: int = 5,
        gate: QualityGate | None = None,
        logged: bool = True,
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
        ReadOnlyGalleryError
            If the gallery is read-only, and `logged` is not given as False; then every result says that it is not
            logged.
        """
        return self.identify_many([faces], at=at, top=top, gate=gate, logged=logged)[0]

    def identify_many(
        self,
        photos: Sequence[Faces],
        *,
        at: OperatingPoint,
        top: int = 5,
        gate: QualityGate | None = None,
        logged: bool = True,
        actors: Sequence[str | None] | None = None,
    ) -> list[Identifications]:
        """As `identify`, of the faces of several photos: one search for all, and one transaction of the log.

        `actors` says who asked about each photo; by default whoever `by` says.
        """
        charges = [None] * len(photos) if actors is None else [self.by(actor)._charge for actor in actors]
        if len(charges) != len(photos):
            message = f"{len(photos)} photos have {len(photos)} actors; got {len(charges)}"
            raise ArgumentError(message)
        for faces in photos:
            rules.check_search(faces, top)
        self._check_logged(logged=logged)
        with self._store.exclusively():  # the index is shared by this process's threads
            with self._reading() as ledger:
                found = self._search(ledger, photos, at=at, top=top, gate=gate, logged=logged)
            searched = found.decided(photos, at=at, top=top)
            if logged and any(each.reached for each in searched):
                # A search that found nobody writes nothing, and waits for nobody.
                with self._writing() as ledger:
                    for each, charge in zip(searched, charges, strict=True):
                        each.log(ledger, charge)
        return [each.outcome for each in searched]

    def duplicates(
        self,
        *,
        at: OperatingPoint,
        most: int = MOST,
        processes: int | None = None,
        progress: Progress | None = None,
    ) -> Duplicates:
        """Couples of people whose faces match one another: candidates for `merge`, which people decide; none is merged.

        Every face is compared with every face of everybody else, exactly, and the threshold of `at` says who matches;
        expired people are passed over. At most the `most` alike are told, and how many there are. It is done by so many
        `processes`, by default on every core that may be used. Memory grows with faces and with couples that match.

        Raises
        ------
        ModelMismatchError
            If the operating point belongs to another embedder.
        ArgumentError
            If `most` is less than 1, or the threshold is not above -1.
        LimitedProcessError
            If no process can be begun for it, or one is lost.
        """
        with self._reading() as ledger:
            return duplicates(ledger, at=at, most=most, processes=processes, progress=progress)

    def _search(
        self,
        ledger: Ledger,
        photos: Sequence[Faces],
        *,
        at: OperatingPoint,
        top: int,
        gate: QualityGate | None,
        logged: bool,
    ) -> _Found:
        for faces in photos:
            rules.check_vectors(faces.embeddings, faces.matcher.embedder_digest, ledger.embedder, source=faces.source)
        terms = [Terms.of(at, gate, faces.matcher, logged=logged) for faces in photos]
        today = ledger.now.date().toordinal()
        index = self._index.follow(ledger)
        probes = np.concatenate([np.empty((0, index.dimension), np.float32), *(faces.embeddings for faces in photos)])
        # The second most alike is looked at whether or not it is to be shown.
        rankings = index.search(probes, top=max(top, 2), today=today)
        known = {hit.person: ledger.id_and_name(hit.person) for ranking in rankings for hit in ranking}
        enrolled = {ranking[0].person: ledger.matchers(ranking[0].person) for ranking in rankings if ranking}
        return _Found(terms, rankings, known, enrolled, self._index.people(today), index.compared(today))


class _Found(NamedTuple):
    """What one transaction saw: rankings face by face, and what is stored of those who are in them."""

    terms: Sequence[Terms]
    rankings: Sequence[Sequence[Hit]]
    known: Mapping[int, tuple[str, str]]
    enrolled: Mapping[int, Collection[Matcher]]
    size: int
    comparisons: int

    def decided(self, photos: Sequence[Faces], *, at: OperatingPoint, top: int) -> list[_Searched]:
        """The decisions about each photo's faces."""
        rest = iter(self.rankings)
        return [self._of_photo(*each, rest, at=at, top=top) for each in zip(photos, self.terms, strict=True)]

    def _of_photo(
        self, faces: Faces, terms: Terms, rest: Iterator[Sequence[Hit]], *, at: OperatingPoint, top: int
    ) -> _Searched:
        outcomes: list[Identification] = []
        reached: list[_Reached] = []
        for face, look in zip(faces, faces.detections.looks, strict=True):
            ranking = next(rest)
            candidates = [Candidate(self.known[hit.person][1], hit.score, self.known[hit.person][0]) for hit in ranking]
            said = notes_on_enrolled(self.enrolled[ranking[0].person], terms.matcher) if ranking else ()
            one = terms.identification(face, candidates, top=top, gallery_size=self.size, comparisons=self.comparisons)
            outcomes.append(replace(one, notes=(*one.notes, *said)))
            if one.decision in {"match", "ambiguous"}:
                near = [hit for hit in ranking if at.accepts(hit.score)]
                told = [terms.evidence(one.decision, hit.score, look, faces.runtime) for hit in near]
                ids = [self.known[hit.person][0] for hit in near]
                reached += map(_Reached, ids, [one.decision] * len(near), told)
        seen = faces.detections
        outcome = Identifications(tuple(outcomes), seen.points, faces.source, faces.photo, seen.looks, faces.reading)
        return _Searched(outcome, tuple(reached))


class _Reached(NamedTuple):
    """Somebody of the gallery whom a face matched, or may have."""

    person_id: str
    decision: Decision
    evidence: dict[str, object]


class _Searched(NamedTuple):
    """What a search found for one photo, and what of it is to be logged."""

    outcome: Identifications
    reached: tuple[_Reached, ...]

    def log(self, ledger: Ledger, charge: Charge | None) -> None:
        for each in self.reached:
            # Somebody whom another process forgot since the search gets the entry, but no photo's name.
            source = rules.storable_source(self.outcome.source) if ledger.by_id(each.person_id) else None
            event: Event = "matched" if each.decision == "match" else "ambiguous"
            ledger.append(event, each.person_id, each.evidence, aside=source, charge=charge)
