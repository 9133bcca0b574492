"""The scene that is put together where no photo shows several people: portraits, a distant and a blurred one."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import PIL.Image
import PIL.ImageFilter
from numpy.typing import NDArray

from facerec.types import Face, Image

CELL = 400
_FACE = CELL / 3
_DISTANT = 32  # pixels of the face: the gate asks for 40, and the default detector finds it from about 25 on
_BLUR = 0.03  # of the face: sharp enough to be found, too blurred to decide on


class Tile(NamedTuple):
    """One square of the scene: the picture, what it shows, and whose face."""

    picture: PIL.Image.Image
    words: str
    person: str | None


def portrait(image: Image, face: Face) -> tuple[PIL.Image.Image, float]:
    """Head and shoulders, a square of `CELL` pixels, and the size of the face in it."""
    height, width = image.shape[:2]
    left, top, right, bottom = face.box.tolist()
    side = max(1, min(width, height, round(face.size * CELL / _FACE)))
    # A little above the middle, because shoulders are below.
    x = min(max(round((left + right - side) / 2), 0), width - side)
    y = min(max(round((top + bottom) / 2 - 0.45 * side), 0), height - side)
    cut = PIL.Image.fromarray(image).resize((CELL, CELL), PIL.Image.Resampling.LANCZOS, (x, y, x + side, y + side))
    return cut, face.size * CELL / side


def distant(picture: PIL.Image.Image, face_size: float) -> PIL.Image.Image:
    """The same, far away."""
    side = round(CELL * _DISTANT / face_size)
    far = PIL.Image.new("RGB", (CELL, CELL), (120, 126, 134))
    far.paste(picture.resize((side, side), PIL.Image.Resampling.LANCZOS), ((CELL - side) // 2, (CELL - side) // 2))
    return far


def blurred(picture: PIL.Image.Image, face_size: float) -> PIL.Image.Image:
    """The same, out of focus."""
    return picture.filter(PIL.ImageFilter.GaussianBlur(_BLUR * face_size))


def collage(tiles: Sequence[Tile]) -> bytes:
    """The tiles side by side, row by row, as a PNG file."""
    columns = _columns_of(len(tiles))
    picture = PIL.Image.new("RGB", (columns * CELL, math.ceil(len(tiles) / columns) * CELL))
    for number, tile in enumerate(tiles):
        picture.paste(tile.picture, (number % columns * CELL, number // columns * CELL))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def tile_at(tiles: Sequence[Tile], box: NDArray[np.float32]) -> Tile | None:
    """The tile of the collage on which the middle of a face's box lies."""
    x, y = (box[:2] + box[2:]) / 2 // CELL
    number = int(y) * _columns_of(len(tiles)) + int(x)
    return tiles[number] if number < len(tiles) else None


def _columns_of(count: int) -> int:
    return min(count, math.ceil(math.sqrt(count)) if count > 3 else 3)
