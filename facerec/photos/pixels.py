"""Pixels of every mode and number type, brought to RGB of 8 bits without a second copy of a large photo.

Its errors say what is wrong, and ``reader.read`` adds whose photo it is. What is no error and has to be said (values
that were clipped, a picture that is nearly black) is added to the `notes` that are handed in.
"""

from __future__ import annotations

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from facerec.errors import ImageError
from facerec.types import Image

_BAND = 1 << 20
"""Pixels that are converted at a time."""

OVERSHOOT = 0.3
"""How far floats may lie beyond their range, as a share of it, and are clipped: enlarging LFW's photos twice with
Lanczos' filter gives values from -0.23 to 1.22, with a bicubic one from -0.15 to 1.13, a chessboard -0.26 to 1.26."""

DARK, FLAT = 25, 8
"""A picture is called nearly black where all but 1 % of it is at most `DARK` of 255, flat where all but 2 % lies within
`FLAT`. None of 7,701 photos of LFW and 5,000 of FairFace is either."""

_SAMPLE = 1 << 16  # pixels that tell how bright a picture is


def brightness_notes(photo: Image) -> list[str]:
    """What has to be said of how dark or flat a photo is, before anybody looks for faces in it."""
    step = max(1, int((photo.shape[0] * photo.shape[1] / _SAMPLE) ** 0.5))
    levels = photo[::step, ::step].mean(axis=2)
    low, high = (float(each) for each in np.percentile(levels, (1, 99)))
    if high <= DARK:
        return [f"the picture is nearly black: 99 % of it is at most {high:.0f} of 255"]
    if high - low < FLAT:
        return [f"the picture is flat: 98 % of it lies between {low:.0f} and {high:.0f} of 255"]
    return []


def from_image(image: PIL.Image.Image, orientation: int, notes: list[str] | None = None) -> Image:
    """The pixels of a loaded PIL image of any mode, upright by its EXIF orientation (1 … 8); transparent parts white.

    `ImageError` if values of more than 8 bits have no clear range, see `eight_bits`.
    """
    width, height = image.size
    upright = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), np.uint8)
    stored = _as_stored(upright, orientation)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        stored[:] = eight_bits(np.asarray(image), notes)[:, :, None]
        return upright
    rows = max(1, _BAND // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        stored[top:bottom] = _rgb(image.crop((0, top, width, bottom)))
    return upright


def from_array(array: NDArray, notes: list[str] | None = None) -> Image:
    """The pixels of an array, height × width × 3 (RGB), × 4 (RGBA), × 1 or nothing (grey), in memory of their own.

    `ImageError` if the shape is another one, or the values have no clear range, see `eight_bits`.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and (array.ndim != 3 or array.shape[2] not in (3, 4)):
        hint = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            hint = "; the channels come last here: move the first axis to the end, np.moveaxis(array, 0, -1)"
        elif array.ndim == 4:
            hint = "; one photo is read at a time"
        elif array.ndim == 1 and array.dtype == np.uint8:
            hint = "; the bytes of a file, as cv2.imencode gives them, are given as bytes: array.tobytes()"
        message = (
            f"an array must have the shape (height, width, 3), (height, width, 4) or (height, width); got {array.shape}"
        )
        raise ImageError(message + hint)
    levels = eight_bits(array, notes)
    if levels.ndim == 2:
        return np.repeat(levels[:, :, None], 3, axis=2)
    if levels.shape[2] == 4:
        return from_image(PIL.Image.fromarray(np.ascontiguousarray(levels)), 1)
    return np.array(levels, order="C")


def eight_bits(values: NDArray, notes: list[str] | None = None) -> NDArray[np.uint8]:
    """Numbers of any type as 0 … 255.

    The type tells the range where it can: 8 bits stay, booleans become 0 and 255, unsigned 16 bits are divided by 257.
    Otherwise the largest value tells it: floats up to 1 are multiplied by 255, anything up to 255 stays, integers up to
    65535 are divided by 257. (A photo in 0 … 255 whose largest value is 1 is black all over, so the guess is safe.)
    Floats that lie beyond 0 … 1 or 0 … 255 by up to `OVERSHOOT` of it, as resizing makes them, are clipped, which is
    noted; so is a range of 16 bits of which only a part is used, as cameras of 12 bits do.
    `ImageError` if the type is no real number, or a value is too far below or above, not finite, or the largest one is
    beyond 1 and yet so small that 0 … 255 would be black.
    """
    said = [] if notes is None else notes
    kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8 or values.size == 0:
        return values.astype(np.uint8, copy=False)
    if kind == "u" and values.dtype.itemsize == 2:
        return _from_sixteen_bits(values, said)
    if kind not in "uif":
        message = f"its values must be real numbers; got the type {values.dtype}"
        raise ImageError(message)
    low, high = values.min(), values.max()
    top = (1 if high <= 1 + OVERSHOOT else 255) if kind == "f" else 65535
    slack = OVERSHOOT * top if kind == "f" else 0
    # Written so that NaN, for which every comparison is false, is refused.
    if not (-slack <= low and high <= top + slack) or (top == 255 and high <= 10):
        message = (
            f"its values must be 0 … 1, 0 … 255 or, as integers, 0 … 65535; got {values.dtype} from {low} to {high}. "
            "If they were standardised for a network, or lie between two of these ranges, undo that first"
        )
        raise ImageError(message)
    if kind != "f":
        return values.astype(np.uint8) if high <= 255 else _from_sixteen_bits(values, said)
    if low < 0 or high > top:
        said.append(f"values from {low:.3g} to {high:.3g} were clipped to 0 … {top}")
        values = values.clip(0, top)
    return np.rint(values * 255 if top == 1 else values).astype(np.uint8)


def _from_sixteen_bits(values: NDArray, said: list[str]) -> NDArray[np.uint8]:
    high = int(values.max())
    if 0 < high < 1 << 14:
        bits = high.bit_length()
        said.append(
            f"its 16-bit values reach {high:,} of 65,535, as numbers of {bits} bits do; if they are, multiply them by "
            f"{1 << 16 - bits}"
        )
    # 65535 = 255 · 257; half of 257 is added to round.
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _as_stored(upright: Image, orientation: int) -> Image:
    """A view of `upright` in which the pixels lie as a file of that EXIF orientation stores them.

    Where the stored first row and first column are in the upright photo: 1 top, left; 2 top, right; 3 bottom, right;
    4 bottom, left; 5 left, top; 6 right, top; 7 right, bottom; 8 left, bottom.
    """
    if orientation in (2, 3, 6, 7):
        upright = upright[:, ::-1]
    if orientation in (3, 4, 7, 8):
        upright = upright[::-1]
    return upright.transpose(1, 0, 2) if orientation >= 5 else upright


def _rgb(image: PIL.Image.Image) -> Image:
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = PIL.Image.alpha_composite(PIL.Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))
