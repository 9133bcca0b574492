"""What may be wrong with faces to be enrolled: whose they look like besides, and whether they are one person's.

A mistake at this door decides every search from then on: a person under two names makes each search ambiguous, and a
stranger's photo among somebody's makes the two one. Only people can tell whether it is a mistake (twins exist), so what
is found is said, and refused only where that was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.errors import DoubtfulFaceError, NoPointError
from facerec.similarity import cosines
from facerec.types import Face, OperatingPoint
from facerec.types.plain import Value
from facerec.visible_text import quoted, shortened

DoubtKind: TypeAlias = Literal["another name", "another face", "same picture"]

FPIR = 0.01
"""In so many enrollments of somebody new, at most, a face is said to look like somebody else who is enrolled."""

OWN_FMR = 0.01
"""A photo less like all others of its person than this share of strangers are is said to show somebody else."""

SAME_PICTURE = 0.998
"""From this score on two photos are one picture, saved twice; see ``tests/benchmarks/enrollment_benchmark.py``."""


@dataclass(frozen=True)
class Doubt(Value):
    """One thing that may be wrong with a face that is to be enrolled.

    Attributes
    ----------
    kind : {"another name", "another face", "same picture"}
        It looks like somebody who is enrolled under another name; it is not like any other photo of its own person; it
        is a photo of its own person that was given already.
    source : str
        The photo.
    other : str
        The name of whom it looks like, or the photo that is most like it.
    score : float
        Their similarity.
    limit : float
        The score from which on (``another face``: below which) this is said.
    """

    kind: DoubtKind
    source: str
    other: str
    score: float
    limit: float

    derived: ClassVar[tuple[str, ...]] = ("text",)

    @property
    def text(self) -> str:
        """The doubt in a sentence."""
        source, score = shortened(self.source), f"score {self.score:.3f}"
        if self.kind == "another name":
            other = quoted(self.other)
            return f"the face in {source} looks like {other}, who is enrolled ({score}, from {self.limit:.3f} on)"
        other = shortened(self.other)
        if self.kind == "same picture":
            return f"{source} shows the same picture as {other} ({score})"
        return (
            f"the face in {source} is like no other photo of this person, {other} comes nearest ({score}; "
            f"{100 * OWN_FMR:g} % of strangers reach {self.limit:.3f})"
        )


@dataclass(frozen=True)
class Limits:
    """From which scores on doubts are raised."""

    another_name: float
    another_face: float

    @classmethod
    def of(cls, point: OperatingPoint, comparisons: int) -> Limits:
        """Those for a gallery that a face is compared with in so many samples.

        `NoPointError` if the operating point does not say how many strangers reach which score.
        """
        alike = point.score_of_fpir(FPIR, max(1, comparisons))
        if alike is None or point.tail is None:
            message = (
                f"the operating point {point.name} does not say how many strangers reach which score, so nothing can "
                "be said about faces to be enrolled; measure it again: facerec calibrate"
            )
            raise NoPointError(message)
        return cls(alike, min(point.threshold, point.tail.score_of(OWN_FMR)))


def doubts_about(
    faces: Sequence[Face],
    rivals: Sequence[tuple[str, float] | None],
    known: NDArray[np.float32],
    known_sources: Sequence[str],
    limits: Limits,
    *,
    present: Collection[int] = (),
) -> tuple[Doubt, ...]:
    """What is doubtful about the `faces` of one person, in their order.

    Parameters
    ----------
    faces : sequence of Face
    rivals : sequence of (name, score) or None
        Per face, who among the other people enrolled is most like it.
    known : ndarray, float32, shape (m, d)
        The person's vectors so far; `known_sources` says of which photos.
    limits : Limits
    present : collection of int
        The places of faces that the person has already (``present.py``): they add nothing, and that they are not like
        others of the person, or there twice, is not said of them.
    """
    vectors = np.concatenate([known, *(face.embedding[None] for face in faces)])
    sources = [*known_sources, *(face.source for face in faces)]
    found = []
    for number, (face, rival) in enumerate(zip(faces, rivals, strict=True), start=len(known)):
        if rival is not None and rival[1] >= limits.another_name:
            found.append(Doubt("another name", face.source, rival[0], rival[1], limits.another_name))
        if number - len(known) in present:
            continue
        others = np.delete(np.arange(len(vectors)), number)
        if not len(others):
            continue
        scores = cosines(vectors[others], face.embedding)
        best = int(scores.argmax())
        nearest, score = int(others[best]), float(scores[best])
        told = any((each.source, each.other) == (sources[nearest], face.source) for each in found)  # of two, once
        if score < limits.another_face and not told:
            found.append(Doubt("another face", face.source, sources[nearest], score, limits.another_face))
        # Of two that are one picture, the later one is one too many.
        earlier = scores[others < number]
        if len(earlier) and earlier.max() >= SAME_PICTURE:
            same = sources[int(earlier.argmax())]
            found.append(Doubt("same picture", face.source, same, float(earlier.max()), SAME_PICTURE))
    return tuple(found)


def refuse(doubts: Sequence[Doubt], *, name: str) -> None:
    """Raise `DoubtfulFaceError` if there is any doubt."""
    if doubts:
        message = (
            f"{quoted(name)}: nothing was stored: {'; '.join(doubt.text for doubt in doubts)}. Look at the photos; "
            "without strict=True (--strict) they are enrolled as they are"
        )
        raise DoubtfulFaceError(message)
