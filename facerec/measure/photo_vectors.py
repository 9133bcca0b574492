"""From photos to vectors, one photo after the other: the step that every table of scores or vectors begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.errors import FaceError, ImageError
from facerec.measure.tables.stamp import NO_FACE, REFUSED, SEVERAL_FACES, UNREADABLE
from facerec.photos.remarks import Remark, Remarks
from facerec.types import DEFAULT_CHOICE, Face, FaceChoice, Faces, Matcher

Progress: TypeAlias = Callable[[int, int], None]
"""Called after each photo with the photos done and the photos in all."""


class Gate(Protocol):
    """What judges a face; `facerec.QualityGate` does."""

    def problems(self, face: Face) -> tuple[str, ...]:
        """As ``QualityGate.problems``."""


class FaceStream(Protocol):
    """What is needed of a recognizer; `facerec.Recognizer` has it."""

    @property
    def matcher(self) -> Matcher:
        """As ``Recognizer.matcher``."""

    @property
    def gate(self) -> Gate:
        """As ``Recognizer.gate``."""

    def stream(self, photos: Iterable[Path], *, choice: FaceChoice | None) -> Iterator[Faces | ImageError]:
        """As ``Recognizer.stream``."""


def streamed_choice(choice: FaceChoice) -> FaceChoice | None:
    """Which faces of a photo to embed, so that `judged` can tell a photo of many people from one of nobody."""
    return None if choice in ("main", "only") else choice


def judged(outcome: Faces | ImageError, choice: FaceChoice, gate: Gate) -> tuple[NDArray[np.float32] | None, str, str]:
    """The vector of the face that is meant or, in the words of ``tables/stamp.py`` and in more, why there is none."""
    if isinstance(outcome, ImageError):
        return None, UNREADABLE, str(outcome)
    if len(outcome) == 0:
        return None, NO_FACE, ""
    try:
        face = outcome.choose(choice)
    except FaceError:
        return None, SEVERAL_FACES, ""
    problems = gate.problems(face)
    return (None, REFUSED, "; ".join(problems)) if problems else (face.embedding, "", "")


@dataclass(frozen=True)
class PhotoFailures:
    """What could not be embedded, of how many different photos.

    Photos are called as in the table. `unreadable` and `refused` say why each could not be read, or the gate refused
    its face; in those `without_face` none was found, in those with `several_faces` the choice means none of them.
    `remarks` are what there is to say of photos themselves, embedded or not: nearly black, clipped.
    """

    photos: int
    unreadable: Mapping[str, str]
    without_face: tuple[str, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    several_faces: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def __len__(self) -> int:
        return len(self.unreadable) + len(self.without_face) + len(self.refused) + len(self.several_faces)

    @property
    def words(self) -> dict[str, str]:
        """Photo → why it has no vector, as tables say it (``tables/stamp.py``)."""
        kinds = (
            (UNREADABLE, self.unreadable),
            (NO_FACE, self.without_face),
            (SEVERAL_FACES, self.several_faces),
            (REFUSED, self.refused),
        )
        return {photo: word for word, photos in kinds for photo in photos}


@dataclass
class PhotoVectors:
    """The vectors of photos, one after the other, what failed so far, and what there is to say; nothing else is kept.

    `recognizer` finds, judges and embeds the faces; one that its gate refuses gives no vector. `images` are different
    photos, as paths below `root`; `choice` says which face of a photo is meant where it shows several.
    """

    recognizer: FaceStream
    images: Sequence[str]
    root: str | Path
    choice: FaceChoice = DEFAULT_CHOICE
    progress: Progress | None = None
    _failed: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)
    _remarks: Remarks = field(default_factory=Remarks, init=False)

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.float32] | None]]:
        """Each photo and its vector of unit length, float32, shape (d,); None where there is none."""
        photos = (Path(self.root) / image for image in self.images)
        found = self.recognizer.stream(photos, choice=streamed_choice(self.choice))
        for done, (image, outcome) in enumerate(zip(self.images, found, strict=True), 1):
            self._remarks.add(image, () if isinstance(outcome, ImageError) else outcome.reading)
            vector, failure, problem = judged(outcome, self.choice, self.recognizer.gate)
            if failure:
                self._failed[image] = failure, problem
            yield image, vector
            if self.progress is not None:
                self.progress(done, len(self.images))

    def failure_of(self, image: str) -> str:
        """Why a photo that was taken has no vector, in the words of ``tables/stamp.py``; empty where it has one."""
        return self._failed.get(image, ("", ""))[0]

    @property
    def failures(self) -> PhotoFailures:
        """The photos that failed, once all have been taken."""
        unreadable, without_face, several, refused = (
            {image: why for image, (word, why) in self._failed.items() if word == kind}
            for kind in (UNREADABLE, NO_FACE, SEVERAL_FACES, REFUSED)
        )
        remarks = tuple(self._remarks)
        return PhotoFailures(len(self.images), unreadable, tuple(without_face), refused, tuple(several), remarks)
