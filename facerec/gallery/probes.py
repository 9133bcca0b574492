"""Searches for faces that were embedded before: tables of probes, of which there may be many thousands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ModelMismatchError
from facerec.gallery.gallery import Gallery
from facerec.measure.tables.vector_table import FaceVectors
from facerec.quality import QualityGate
from facerec.quality.gate import Judged
from facerec.types import Detections, Faces, Identification, Matcher, OperatingPoint

_AT_ONCE = 4096  # probes of one search, and of one transaction of the log


@dataclass(frozen=True)
class PassedGate(QualityGate):
    """The gate that judged the faces when their vectors were made: those that are there have passed it."""

    passed: str = "none"

    def __hash__(self) -> int:
        return hash(self.passed)

    @property
    def name(self) -> str:
        """Of that gate."""
        return self.passed

    def problems(self, face: Judged) -> tuple[str, ...]:  # noqa: ARG002 - as every gate
        """None; a face that has some has no vector."""
        return ()


def identify_vectors(
    gallery: Gallery, probes: FaceVectors, *, at: OperatingPoint, top: int = 5, logged: bool = True
) -> Iterator[Identification | None]:
    """Decide who each vector of a table is, as ``Gallery.identify_many`` does; None where a photo has no vector.

    Some thousands are searched at once, and what they matched is in the log before any of them is given. The quality
    of a face was judged when its vector was made. `ModelMismatchError` if the table carries no stamp of the matcher
    that made it, or that of another embedder than the gallery's; other errors are those of ``Gallery.identify_many``.
    """
    matcher = probes.matcher
    if matcher is None:
        message = (
            "the table carries no stamp of the matcher that made its vectors, so nobody knows whether they may be "
            "compared with those of the gallery; make it with facerec embed"
        )
        raise ModelMismatchError(message)
    names, embedded = probes.photos["photo"].tolist(), probes.embedded
    gate = PassedGate({}, passed=matcher.gate)
    for start in range(0, len(names), _AT_ONCE):
        rows = range(start, min(start + _AT_ONCE, len(names)))
        faces = [_face(probes.matrix[row], matcher, names[row]) for row in rows if embedded[row]]
        found = iter(gallery.identify_many(faces, at=at, top=top, gate=gate, logged=logged))
        for row in rows:
            yield next(found)[0] if embedded[row] else None


def _face(vector: NDArray[np.float32], matcher: Matcher, photo: str) -> Faces:
    """One face, of which no more is known; it stands nowhere."""
    box, score, points = np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32)
    detections = Detections(box, score, points, (1, 1))
    return Faces(detections, {}, vector[None], matcher, photo)
