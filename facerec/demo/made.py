"""Pictures that the demonstration makes on the spot, and photos that other installed packages carry.

Not every set of photos holds a crowd, a stranger, a partly hidden, a blurred or a distant face, and a photo of no
face at all. What is made here is said to be made, on the page and in the gallery's log.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageFilter

from facerec.demo.steps import Looked, Panel, Photo, Place
from facerec.photos import reader

CELL = 400
"""Side of a panel in pixels."""

_FACE_IN_CELL = CELL / 3
_DISTANT_FACE = 32  # pixels; the gate asks for 40, and the default detector finds it from about 25 on
_BLUR = 0.03  # of the face's size: sharp enough to be found, too blurred to decide on
_VISIBLE_PART = 0.62
_GREY = (120, 126, 134)


@dataclass(frozen=True, eq=False)
class Tile:
    """One square of a collage, before it has a place."""

    picture: PIL.Image.Image
    words: str
    person: str | None


def stranger() -> Photo | None:
    """A portrait that matplotlib carries as sample data; ``None`` where it was installed without."""
    path = _in_package("matplotlib", "matplotlib/mpl-data/sample_data/grace_hopper.jpg")
    origin = "a portrait by the US Navy (public domain), from matplotlib's sample data"
    return None if path is None else Photo(path.name, path, origin)


def without_face() -> Photo:
    """A photo without a face: a flower that scikit-learn carries or, where it was installed without, plain stripes."""
    path = _in_package("scikit-learn", "sklearn/datasets/images/flower.jpg")
    if path is not None:
        origin = "a photo by vultilion on Flickr (CC BY 2.0), from scikit-learn's sample data"
        return Photo(path.name, path, origin)
    stripes = np.arange(640 * 480, dtype=np.uint32).reshape(480, 640) // 7 % 256
    return Photo("stripes", np.repeat(stripes[:, :, None].astype(np.uint8), 3, axis=2), "stripes, made on the spot")


def portrait(looked: Looked, words: str, person: str | None) -> Tile:
    """The largest face of a photo with head and shoulders."""
    return Tile(_head_and_shoulders(looked), words, person)


def distant(looked: Looked, words: str, person: str | None) -> Tile:
    """The same, shrunk: a face of 32 pixels."""
    side = round(CELL * _DISTANT_FACE / _face_size(looked))
    picture = PIL.Image.new("RGB", (CELL, CELL), _GREY)
    small = _head_and_shoulders(looked).resize((side, side), PIL.Image.Resampling.LANCZOS)
    picture.paste(small, ((CELL - side) // 2, (CELL - side) // 2))
    return Tile(picture, words, person)


def blurred(looked: Looked, words: str, person: str | None) -> Tile:
    """The same, out of focus."""
    radius = _BLUR * _face_size(looked)
    return Tile(_head_and_shoulders(looked).filter(PIL.ImageFilter.GaussianBlur(radius)), words, person)


def background(photo: Photo, words: str) -> Tile:
    """The middle of a photo without a face."""
    picture = PIL.Image.fromarray(reader.read(photo.source, name=photo.name))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return Tile(_square(picture, (left, top, left + side, top + side)), words, None)


def collage(tiles: Sequence[Tile], name: str) -> Photo:
    """Put tiles side by side, row by row."""
    columns = len(tiles) if len(tiles) < 4 else math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    picture = PIL.Image.new("RGB", (columns * CELL, rows * CELL), _GREY)
    panels = []
    for number, tile in enumerate(tiles):
        left, top = number % columns * CELL, number // columns * CELL
        picture.paste(tile.picture, (left, top))
        panels.append(Panel((left, top, left + CELL, top + CELL), tile.words, tile.person))
    return Photo(name, np.asarray(picture), "put together on the spot from single photos", tuple(panels))


def partly_hidden(looked: Looked, name: str) -> Photo:
    """Cut a photo through its largest face, so that its right part is missing."""
    image = reader.read(looked.photo.source, name=looked.photo.name)
    left, _, right, _ = looked.faces.largest().box.tolist()
    edge = max(1, min(image.shape[1], round(left + _VISIBLE_PART * (right - left))))
    return Photo(name, image[:, :edge].copy(), f"{looked.photo.name}, cut on the spot through the face")


def _face_size(looked: Looked) -> float:
    """How large the face is on its tile, in pixels."""
    left, top, right, bottom = _frame(looked)
    return looked.faces.largest().size * CELL / min(right - left, bottom - top)


def _head_and_shoulders(looked: Looked) -> PIL.Image.Image:
    return _square(PIL.Image.fromarray(reader.read(looked.photo.source, name=looked.photo.name)), _frame(looked))


def _frame(looked: Looked) -> Place:
    """The square around the largest face in which it has the wanted size; smaller where the photo ends."""
    face, (width, height) = looked.faces.largest(), looked.faces.detections.image_size
    side = max(1, min(width, height, round(face.size * CELL / _FACE_IN_CELL)))
    left, top, right, bottom = face.box.tolist()
    # A little above the middle, because shoulders are below.
    x, y = (left + right - side) / 2, (top + bottom) / 2 - 0.45 * side
    x, y = min(max(round(x), 0), width - side), min(max(round(y), 0), height - side)
    return x, y, x + side, y + side


def _square(picture: PIL.Image.Image, place: Place) -> PIL.Image.Image:
    return picture.resize((CELL, CELL), PIL.Image.Resampling.LANCZOS, box=place)


def _in_package(distribution: str, path: str) -> Path | None:
    # Found through the package's metadata, because importing it would take longer than the step that needs one photo.
    try:
        found = Path(str(metadata.distribution(distribution).locate_file(path)))
    except metadata.PackageNotFoundError:
        return None
    return found if found.is_file() else None
