"""Decisions of a gallery: is this the person they say they are, and who is this; each with its evidence in the log."""

from __future__ import annotations

from dataclasses import replace

from facerec.errors import DamagedGalleryError
from facerec.gallery import rules
from facerec.gallery.decide import Terms, check_not_expired, notes_on_enrolled
from facerec.gallery.opened import Opened
from facerec.gallery.records import Event
from facerec.quality import QualityGate
from facerec.similarity import cosines
from facerec.types import Candidate, Face, Faces, Identifications, OperatingPoint, Verification
from facerec.visible_text import quoted


class Deciding(Opened):
    """Verification of claims, and identification."""

    def verify(
        self, name: str, face: Face, *, at: OperatingPoint, gate: QualityGate | None = None, logged: bool = True
    ) -> Verification:
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
            outcome = terms.verification(face, float(scores.max()))
            enrolled = notes_on_enrolled(ledger.matchers(person.number), terms.matcher)
            outcome = replace(outcome, notes=(*outcome.notes, *enrolled))
            if logged:
                evidence = terms.evidence(outcome.decision, outcome.score, face.look, face.runtime)
                ledger.append("verified", person.id, evidence, source=rules.storable_source(face.source))
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
        rules.check_search(faces, top)
        self._check_logged(logged=logged)
        with self._store.exclusively():  # the index is shared by this process's threads
            with self._reading() as ledger:
                bound = ledger.embedder
                rules.check_vectors(faces.embeddings, faces.matcher.embedder_digest, bound, source=faces.source)
                terms = Terms.of(at, gate, faces.matcher, logged=logged)
                today = ledger.now.date().toordinal()
                index = self._index.follow(ledger)
                # The second most alike is looked at whether or not it is to be shown.
                rankings = index.search(faces.embeddings, top=max(top, 2), today=today)
                known = {hit.person: ledger.id_and_name(hit.person) for ranking in rankings for hit in ranking}
                nearest = {ranking[0].person for ranking in rankings if ranking}
                enrolled = {each: notes_on_enrolled(ledger.matchers(each), terms.matcher) for each in nearest}
                size, comparisons = self._index.people(today), index.compared(today)
            outcomes = []
            for face, ranking in zip(faces, rankings, strict=True):
                candidates = [Candidate(known[hit.person][1], hit.score) for hit in ranking]
                said = enrolled[ranking[0].person] if ranking else ()
                outcome = terms.identification(face, candidates, top=top, gallery_size=size, comparisons=comparisons)
                outcomes.append(replace(outcome, notes=(*outcome.notes, *said)))
            reached = [
                (known[hit.person][0], outcome.decision, hit.score, look)
                for outcome, ranking, look in zip(outcomes, rankings, faces.detections.looks, strict=True)
                for hit in ranking
                if outcome.decision in ("match", "ambiguous") and at.accepts(hit.score)
            ]
            if reached and logged:  # a search that found nobody writes nothing, and waits for nobody
                with self._writing() as ledger:
                    for person_id, decision, score, look in reached:
                        # Somebody whom another process forgot since the search gets the entry, but no photo's name.
                        source = rules.storable_source(faces.source) if ledger.by_id(person_id) else None
                        event: Event = "matched" if decision == "match" else "ambiguous"
                        evidence = terms.evidence(decision, score, look, faces.runtime)
                        ledger.append(event, person_id, evidence, source=source)
        found = faces.detections
        return Identifications(tuple(outcomes), found.points, faces.source, faces.photo, found.looks)
