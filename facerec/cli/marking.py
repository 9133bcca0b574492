"""Marked copies of photos in a folder, one file per photo, the photos themselves untouched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facerec.reporting.annotate import Label
    from facerec.types import Detections, Identification, Image


class Marker:
    """Writes marked photos to `folder`, which is made if it does not exist."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._taken: set[str] = set()

    def mark_detections(self, photo: Path, image: Image, detections: Detections) -> Path:
        """Write a copy with the detector's score at each face; returns where."""
        from facerec.reporting.annotate import Label

        return self._write(photo, image, detections, [Label(score=float(score)) for score in detections.scores])

    def mark_people(self, photo: Path, image: Image, detections: Detections, found: Sequence[Identification]) -> Path:
        """Write a copy with name, decision and score at each face; returns where."""
        from facerec.reporting.annotate import Label

        return self._write(photo, image, detections, [Label.of(each) for each in found])

    def _write(self, photo: Path, image: Image, detections: Detections, labels: Sequence[Label]) -> Path:
        from facerec.reporting.annotate import annotate, encode_jpeg

        path = self._folder / self._new_name(photo.stem)
        path.write_bytes(encode_jpeg(annotate(image, detections.boxes, detections.points, labels)))
        return path

    def _new_name(self, stem: str) -> str:
        """A name that no photo of this run has; photos of several folders may be called alike."""
        name, number = f"{stem}-faces.jpg", 1
        while name in self._taken:
            number += 1
            name = f"{stem}-faces-{number}.jpg"
        self._taken.add(name)
        return name
