"""What was found, drawn on the photo it was found in: boxes, points, and a plate with name, word and score.

A decision is said in a word and only repeated in colour. Lines and letters grow with the photo, so that the picture
of a crowd from a phone and a passport photo look alike on a page.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from facerec.errors import ArgumentError

_COLOURS: dict[str | None, str] = {
    "match": "#2BC48F",  # Okabe & Ito's green and vermilion, lightened: they stand on dark plates and on skin
    "no match": "#FF8A3D",
    "undecided": "#F0E442",
    "ambiguous": "#F0E442",
    None: "#56B4E9",
}
_DARK = "#10151B"

Rectangle: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """What stands on a face's plate: who or what it is, the decision in a word, how it was seen; all may be absent.

    `decision` is ``None`` where nothing was decided, only found; a `score` of NaN is not shown.
    """

    name: str = ""
    decision: str | None = None
    score: float = math.nan
    look: str = ""

    @property
    def text(self) -> str:
        """For example ``Ada · match 0.71`` or ``nobody 0.31``."""
        word = "nobody" if self.decision == "no match" else self.decision
        score = "" if math.isnan(self.score) else f"{self.score:.2f}"
        said = " ".join(part for part in (word, score) if part)
        return " · ".join(part for part in (" ".join(self.name.split()), said, self.look) if part)


def mark_faces(
    image: NDArray[np.uint8], boxes: ArrayLike, points: ArrayLike, labels: Sequence[Label]
) -> NDArray[np.uint8]:
    """Return a copy of `image` (uint8, shape (height, width, 3), RGB) with every face marked.

    Parameters
    ----------
    boxes : array_like, shape (n, 4)
        Left, top, right, bottom in pixels; may reach beyond the edges.
    points : array_like, shape (n, k, 2)
        x, y in pixels; k may be 0.
    labels : sequence of Label, length n
        Plates stay inside the picture and off each other where there is room; a name that is wider than the
        picture ends in an ellipsis.

    Raises
    ------
    ArgumentError
        If a shape, a dtype or the number of labels differs, or a coordinate is not finite.
    """
    boxes = np.asarray(boxes, np.float64)
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes  # no boxes may come as an empty list
    points = np.asarray(points, np.float64)
    _check_image(image)
    n = len(labels)
    if boxes.shape != (n, 4) or points.ndim != 3 or points.shape[::2] != (n, 2):
        message = f"{n} labels need boxes ({n}, 4) and points ({n}, k, 2); got {boxes.shape} and {points.shape}"
        raise ArgumentError(message)
    if not (np.isfinite(boxes).all() and np.isfinite(points).all()):
        message = "boxes and points must be finite numbers"
        raise ArgumentError(message)
    height, width = image.shape[:2]
    picture = PillowImage.fromarray(image)
    draw = ImageDraw.Draw(picture)
    # A page shows the picture some 700 px wide: letters of a fiftieth of that stay readable, down to 11 px.
    letters = max(11, round(math.sqrt(width * height) / 45))
    line = max(1, round(letters / 7))
    for box, marks, label in zip(boxes.tolist(), points.tolist(), labels, strict=True):
        colour = _COLOURS[label.decision]
        left, top, right, bottom = (
            min(max(edge, 0), limit - 1) for edge, limit in zip(box, (width, height) * 2, strict=True)
        )
        if right < left or bottom < top:
            continue
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=_DARK, width=line + 2)
        draw.rectangle((left, top, right, bottom), outline=colour, width=line)
        # Points of a small face must not cover it.
        radius = min(1.2 * line, max(0.5, (right - left) / 40))
        for x, y in marks:
            draw.ellipse((x - radius - 1, y - radius - 1, x + radius + 1, y + radius + 1), fill=_DARK)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    _label(draw, (width, height), boxes.tolist(), labels, letters)
    return np.asarray(picture).copy()


def as_html(text: str, picture: NDArray[np.uint8] | None = None) -> str:
    """A text, and the picture it is about, as a notebook shows them; nothing in either is read as markup."""
    drawn = ""
    if picture is not None:
        code = base64.b64encode(encode_jpeg(picture)).decode("ascii")
        drawn = f'<img style="max-width:100%" alt="the photo, its faces marked" src="data:image/jpeg;base64,{code}">'
    return f"{drawn}<pre>{escape(text)}</pre>"


def encode_jpeg(image: NDArray[np.uint8], quality: int = 88, comment: bytes = b"") -> bytes:
    """Return `image` (uint8, height × width × 3, RGB) as a JPEG file; `quality` 1 … 95.

    A `comment` stands in its head.
    """
    if not 1 <= quality <= 95:
        message = f"JPEG quality lies between 1 and 95; got {quality}"
        raise ArgumentError(message)
    options: dict[str, int | bytes] = {"quality": quality, **({"comment": comment} if comment else {})}
    return _encoded(image, "JPEG", options)


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Return `image` (uint8, height × width × 3, RGB) as a PNG file, without loss."""
    return _encoded(image, "PNG", {})


def _encoded(image: NDArray[np.uint8], kind: str, options: Mapping[str, int | bytes]) -> bytes:
    _check_image(image)
    file = io.BytesIO()
    PillowImage.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def _check_image(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        message = f"a photo must be uint8 of shape (height, width, 3); got {image.dtype} {image.shape}"
        raise ArgumentError(message)


def _label(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], boxes: list[list[float]], labels: Sequence[Label], letters: int
) -> None:
    font = _font(letters)
    margin = max(2, letters // 3)
    placed: list[Rectangle] = []
    for box, label in zip(boxes, labels, strict=True):
        text = _fitted(label, font, size[0] - 3 * margin)
        if not text:
            continue
        plate = (font.getlength(text) + 3 * margin, letters + 1.2 * margin)
        # Covering another plate hides a name; covering a face only part of a picture that the page may show bare.
        rectangle = min(
            _places(box, plate, size),
            key=lambda tried: tuple(sum(_overlap(tried, other) for other in others) for others in (placed, boxes)),
        )
        placed.append(rectangle)
        left, top, _, bottom = rectangle
        draw.rectangle(rectangle, fill=_DARK)
        draw.rectangle((left, top, left + margin, bottom), fill=_COLOURS[label.decision])
        draw.text((left + 2 * margin, top + plate[1] / 2), text, font=font, fill="white", anchor="lm")


def _places(box: list[float], plate: tuple[float, float], size: tuple[int, int]) -> list[Rectangle]:
    """Where a plate may go, the best first: above, below, beside, inside, then further away; all in the picture."""
    (left, top, right, bottom), (wide, high), gap = box, plate, 2
    centred = (left + right - wide) / 2
    tries = [(x, y) for x in (left, right - wide) for y in (top - high - gap, bottom + gap)]
    tries += [(x, y) for y in (top, bottom - high) for x in (right + gap, left - wide - gap)]
    tries += [(left, top), (left, bottom - high)]
    for step in (1, 2, 3):
        tries += [(centred, top - (1 + step) * (high + gap)), (centred, bottom + gap + step * (high + gap))]
    right, bottom = max(size[0] - 1 - wide, 0.0), max(size[1] - 1 - high, 0.0)
    corners = ((min(max(x, 0.0), right), min(max(y, 0.0), bottom)) for x, y in tries)
    return [(x, y, x + wide, y + high) for x, y in corners]


def _overlap(one: Rectangle | Sequence[float], other: Rectangle | Sequence[float]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _fitted(label: Label, font: ImageFont.FreeTypeFont, room: float) -> str:
    """The label's text, as wide as `room` at most; the name is shortened before the decision is."""
    name, text = label.name, label.text
    while name and font.getlength(text) > room:
        name = name[:-1].rstrip()
        text = replace(label, name=name + "…").text
    while text and font.getlength(text) > room:
        text = text[:-1]
    return text


@lru_cache(maxsize=32)
def _font(letters: int) -> ImageFont.FreeTypeFont:
    # Pillow's own font knows English only, and a name must not turn into boxes; matplotlib brings DejaVu along, and is
    # located without being imported.
    package = find_spec("matplotlib")
    if package is None or package.origin is None:
        return cast("ImageFont.FreeTypeFont", ImageFont.load_default(letters))
    return ImageFont.truetype(str(Path(package.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"), letters)
