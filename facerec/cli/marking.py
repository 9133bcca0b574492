"""Marked copies of photos in a folder, one file per photo, the photos themselves untouched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facerec.types import Image


class Marker:
    """Writes marked photos to `folder`, which is made if it does not exist."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._taken: set[str] = set()

    def write(self, photo: Path, marked: Image) -> Path:
        """Write the marked copy of `photo`; returns where."""
        from facerec.types.marks import encode_jpeg

        path = self._folder / self._new_name(photo.stem)
        path.write_bytes(encode_jpeg(marked))
        return path

    def _new_name(self, stem: str) -> str:
        """A name that no photo of this run has; photos of several folders may be called alike."""
        name, number = f"{stem}-faces.jpg", 1
        while name in self._taken:
            number += 1
            name = f"{stem}-faces-{number}.jpg"
        self._taken.add(name)
        return name
