"""From scores to decisions at an operating point; every engine, and the recognizer, decides with these functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from facerec.errors import ExpiredError
from facerec.gallery.records import Person
from facerec.points import notes_on
from facerec.quality import QualityGate, default_gate
from facerec.types import Candidate, Decision, Face, Identification, Look, Matcher, OperatingPoint, Verification
from facerec.types.looks import FIRST_LOOK
from facerec.types.plain import checked
from facerec.visible_text import quoted

NOT_LOGGED = "this decision is not in the gallery's log, because that was asked for"


def decide(score: float, point: OperatingPoint, problems: Sequence[str], second: float = math.nan) -> Decision:
    """The one rule by which everything here is decided: scores of the two most alike people, NaN where there is nobody.

    The threshold itself is a match; any problem that the gate sees makes the outcome ``undecided``, whatever the score.
    """
    if problems:
        return "undecided"
    if not point.accepts(score):
        return "no match"
    return "ambiguous" if point.accepts(second) else "match"


@dataclass(frozen=True)
class Terms:
    """On what decisions are made: the operating point, the gate, and what has to be said about the two."""

    point: OperatingPoint
    gate: QualityGate
    matcher: Matcher
    notes: tuple[str, ...]

    @classmethod
    def of(cls, point: OperatingPoint, gate: QualityGate | None, matcher: Matcher, *, logged: bool = True) -> Terms:
        """The terms for faces of `matcher`; what is not logged says so."""
        judges = chosen_gate(gate, matcher)
        judging = replace(matcher, gate=judges.name)
        notes = notes_on(point, judging)
        return cls(point, judges, judging, notes if logged else (*notes, NOT_LOGGED))

    def verification(self, face: Face, score: float, comparisons: int) -> Verification:
        """Decide a claim from the score of the most alike of so many samples of the person."""
        problems = self.gate.problems(face)
        decision = decide(score, self.point, problems)
        notes = (*self.notes, *face.notes)
        told = problems, notes, face.runtime, comparisons
        return Verification(decision, score, self.point, self.gate.name, *told)

    def identification(
        self, face: Face, candidates: Sequence[Candidate], *, top: int, gallery_size: int, comparisons: int
    ) -> Identification:
        """Decide who a face is, if anybody or only one; `candidates` come best first, at least the best two."""
        problems = self.gate.problems(face)
        score, second = [*(each.score for each in candidates[:2]), math.nan, math.nan][:2]
        decision = decide(score, self.point, problems, second)
        return Identification(
            decision=decision,
            name=candidates[0].name if decision == "match" else None,
            score=score,
            box=face.box,
            candidates=tuple(candidates[:top]),
            operating_point=self.point,
            gallery_size=gallery_size,
            comparisons=comparisons,
            gate=self.gate.name,
            problems=problems,
            notes=(*self.notes, *face.notes),
            runtime=face.runtime,
        )

    def evidence(self, decision: Decision, score: float, look: Look, runtime: str | None = None) -> dict[str, object]:
        """What the log keeps of a decision about a face that was seen so, by networks that `runtime` ran."""
        seen = {} if look == FIRST_LOOK else {"look": str(look)}
        by = {} if runtime is None else {"runtime": runtime}
        return {
            "decision": decision,
            "score": score,
            "threshold": self.point.threshold,
            "target_fmr": self.point.target_fmr,
            "data_set": self.point.data_set,
            "gate": self.gate.name,
            "matcher": self.matcher.text,
            **seen,
            **by,
        }


def notes_on_enrolled(enrolled: Iterable[Matcher], matcher: Matcher) -> tuple[str, ...]:
    """What has to be said where faces were enrolled otherwise than the probe was found; each was judged by its own."""
    differences = {each for one in enrolled for each in matcher.differences(replace(one, gate=matcher.gate)).noted}
    return tuple(f"enrolled with another {difference}" for difference in sorted(differences))


def chosen_gate(gate: QualityGate | None, matcher: Matcher) -> QualityGate:
    """The gate that judges faces of `matcher`, by default the one that was measured for it; never none."""
    given = default_gate(matcher) if gate is None else gate
    return checked(QualityGate, "gate", given, " (NO_GATE leaves the gate out on purpose)")


def check_not_expired(person: Person) -> None:
    """Refuse to compare with somebody whose time in the gallery is over."""
    if person.expired:
        message = (
            f"{quoted(person.name)} expired on {person.expires} and is not matched any more; "
            "set a later expiry date if there is consent, or forget the person"
        )
        raise ExpiredError(message)
