"""From scores to decisions at an operating point; every engine decides with these functions.

Kept apart from search and storage so that what counts as a match is written once, and can be read in one place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, GalleryError, ModelMismatchError
from facerec.gallery.records import EmbedderIdentity, Person
from facerec.types import Candidate, Decision, Identification, OperatingPoint, Verification


def check_point(at: OperatingPoint, embedder: EmbedderIdentity) -> None:
    """Refuse an operating point that was measured with another embedder than the gallery's.

    Raises
    ------
    ModelMismatchError
        If the digests differ.
    """
    if at.embedder_digest != embedder.digest:
        message = (
            f"the operating point {at.name} was measured with {at.embedder} (digest {at.embedder_digest}), the gallery "
            f"holds vectors of {embedder}; its error rates do not hold here. Use a point measured with {embedder.name}"
        )
        raise ModelMismatchError(message)


def problems_of_each(problems: Sequence[tuple[str, ...]] | None, faces: int) -> list[tuple[str, ...]]:
    """What the quality gate says of each of `faces` faces; ``None``: nothing of any.

    Raises
    ------
    ArgumentError
        If there is not one entry per face.
    """
    if problems is None:
        return [()] * faces
    if len(problems) != faces:
        message = f"problems must have one entry per face: {faces} expected, got {len(problems)}"
        raise ArgumentError(message)
    return [tuple(entry) for entry in problems]


def check_not_expired(person: Person) -> None:
    """Refuse to compare with somebody whose time in the gallery is over.

    Raises
    ------
    GalleryError
        If the person has expired.
    """
    if person.expired:
        message = (
            f"{person.name!r} expired on {person.expires} and is not matched any more; "
            "set a later date with update(expires=...) if there is consent, or forget the person"
        )
        raise GalleryError(message)


def identification(
    box: NDArray[np.float32],
    candidates: Sequence[Candidate],
    *,
    at: OperatingPoint,
    problems: tuple[str, ...],
) -> Identification:
    """Decide who a face is, or that it is nobody of the gallery.

    Parameters
    ----------
    box : ndarray, float32, shape (4,)
        Where the face is.
    candidates : sequence of Candidate
        The most alike people, best first; empty in an empty gallery.
    at : OperatingPoint
        Whose threshold decides.
    problems : tuple of str
        What holds the face back from the quality gate; any makes the outcome ``undecided``.
    """
    score = candidates[0].score if candidates else math.nan
    decision = _decide(score, at, problems)
    return Identification(
        decision=decision,
        name=candidates[0].name if decision == "match" else None,
        score=score,
        box=box,
        candidates=tuple(candidates),
        operating_point=at,
        problems=problems,
    )


def verification(score: float, *, at: OperatingPoint, problems: tuple[str, ...]) -> Verification:
    """Decide a claim from the score of the person's most alike sample; any problem makes it ``undecided``."""
    return Verification(_decide(score, at, problems), score, at, problems)


def _decide(score: float, at: OperatingPoint, problems: tuple[str, ...]) -> Decision:
    if problems:
        return "undecided"
    return "match" if at.accepts(score) else "no match"
