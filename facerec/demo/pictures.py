"""Photos of the walk as pictures for the page: shrunk to what a page shows, faces marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image

from facerec.demo.steps import Identified, Looked
from facerec.photos import reader
from facerec.reporting import Picture, plain
from facerec.types import Image
from facerec.types.marks import Label, encode_jpeg, mark_faces

SCENE_SIDE = 1800
PHOTO_SIDE = 960
"""Longer side in pixels of a scene, and of photos that stand side by side."""

_TALLEST = 1.25
"""Height of photos that stand side by side, as a multiple of their width."""


class Compared(Label):
    """What stands on the face of a photo that was compared with another: there "nobody" would be the wrong word."""

    @property
    def text(self) -> str:
        """For example ``no match 0.81``."""
        return f"{self.decision} {self.score:.2f}"


def marked(looked: Looked, labels: Sequence[Label], *, side: int) -> Image:
    """The photo with each face's box, five points and label, its longer side `side` pixels at most."""
    image, factor = shrunk(reader.read(looked.photo.source, name=looked.photo.name), side)
    found = looked.faces.detections
    return mark_faces(image, found.boxes * factor, found.points * factor, labels)


def cut(picture: Image, looked: Looked) -> Image:
    """Take the part with the faces out of a tall photo: beside others it would take the page for itself."""
    height, width = picture.shape[:2]
    window = round(width * _TALLEST)
    if window >= height:
        return picture
    boxes = looked.faces.detections.boxes * (height / looked.faces.detections.image_size[1])
    middle = float(boxes[:, [1, 3]].mean()) if len(boxes) else height / 2
    top = min(max(round(middle - window / 2), 0), height - window)
    return picture[top : top + window]


def scene_jpeg(identified: Identified) -> bytes:
    """The identified scene as a JPEG file."""
    labels = [Label.of(found) for found in identified.found]
    return encode_jpeg(marked(identified.looked, labels, side=SCENE_SIDE))


def picture(looked: Looked, caption: str, *, labels: Sequence[Label] | None = None) -> Picture:
    """A small picture of a photo with its faces marked, for standing beside others."""
    labels = [Label("", None)] * len(looked.faces) if labels is None else labels
    data = encode_jpeg(cut(marked(looked, labels, side=PHOTO_SIDE), looked))
    return Picture(data, _alt(looked), caption)


def scene(identified: Identified, caption: str) -> Picture:
    """A large picture of a scene: names, decisions and scores on the faces."""
    said = ", ".join(Label.of(found).text for found in identified.found) or "none"
    return Picture(scene_jpeg(identified), f"{_alt(identified.looked)}: {said}", caption)


def named(looked: Looked) -> str:
    """The photo's name and origin, as prose."""
    origin = f" – {plain(looked.photo.origin)}" if looked.photo.origin else ""
    return f"`{plain(looked.photo.name)}`{origin}"


def shrunk(image: Image, side: int) -> tuple[Image, float]:
    """Return a photo whose longer side is `side` pixels at most, and the factor by which it was shrunk."""
    factor = min(1.0, side / max(image.shape[:2]))
    if factor == 1:
        return image, 1.0
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return np.asarray(PIL.Image.fromarray(image).resize(size, PIL.Image.Resampling.LANCZOS)), factor


def _alt(looked: Looked) -> str:
    count = len(looked.faces)
    return f"{looked.photo.name} with {count or 'no'} {'face' if count == 1 else 'faces'} marked"
