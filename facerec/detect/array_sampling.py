"""The fast way of looking at a photo, in numpy; ``facerec.detect.sampling`` has the same in torch.

Whole photos are equal bit for bit, crops to a thousandth of a level; a test holds the two together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.detect.shrinking import shrunk
from facerec.types import Image


class ArraySampler:
    """Octaves of a photo, uint8 (height, width, 3); looks start from one at most twice as large as needed."""

    def __init__(self, photo: Image) -> None:
        self._octaves: list[NDArray[np.uint8]] = [np.ascontiguousarray(photo.transpose(2, 0, 1))]

    def _octave(self, number: int) -> NDArray[np.uint8]:
        while len(self._octaves) <= number:
            last = self._octaves[-1]
            height, width = last.shape[1:]
            self._octaves.append(shrunk(last, max(1, height // 2), max(1, width // 2)))
        return self._octaves[number]

    def at_scale(self, scale: float) -> NDArray[np.uint8]:
        """The whole photo, (3, int(height * scale + 1), int(width * scale + 1))."""
        number = 0
        while scale * 2 ** (number + 2) <= 1:  # the octave must stay at least twice as large as the result
            number += 1
        height, width = self._octaves[0].shape[1:]
        return shrunk(self._octave(number), int(height * scale + 1), int(width * scale + 1))

    def crops(self, boxes: NDArray[np.int64], size: int) -> NDArray[np.float32]:
        """(n, size, size, 3): the pixels of non-empty whole-pixel boxes (n, 4), stretched to squares; one sample each.

        All boxes of an octave are read together.
        """
        spans = (boxes[:, 2:] - boxes[:, :2]).astype(np.float32)
        # Pixel centres of the crops, in the photo's coordinates, which count from pixel edges.
        steps = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
        places = boxes[:, None, :2].astype(np.float32) + spans[:, None] * steps[None, :, None]
        octaves = np.floor(np.log2(spans.max(axis=1) / np.float32(size))).clip(min=0).astype(np.int64)
        cut = np.empty((len(boxes), size, size, 3), np.float32)
        for number in np.unique(octaves).tolist():
            chosen = np.flatnonzero(octaves == number)
            cut[chosen] = self._sampled(number, places[chosen])
        return cut

    def _sampled(self, number: int, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """The pixels at `places` (n, size, x and y) of one octave, bilinear; (n, size, size, 3)."""
        octave, photo = self._octave(number), self._octaves[0]
        extent, whole = (np.array(each.shape[:0:-1], np.float32) for each in (octave, photo))
        at = (places * (extent / whole) - np.float32(0.5)).clip(0, extent - 1)
        first = at.astype(np.intp)  # rounds down, for none is below 0
        second = np.minimum(first + 1, np.array(octave.shape[:0:-1]) - 1)
        part = at - first
        # Only the part under the crops is copied; the four bytes of a pixel are fetched as one number.
        left, top = first.min(axis=(0, 1)).tolist()
        right, bottom = (second.max(axis=(0, 1)) + 1).tolist()
        pixels = np.zeros((bottom - top, right - left, 4), np.uint8)
        pixels[..., :3] = octave[:, top:bottom, left:right].transpose(1, 2, 0)
        numbers = pixels.view(np.uint32)[..., 0]
        columns, rows = ([each[..., axis] - (left, top)[axis] for each in (first, second)] for axis in (0, 1))
        right_part, low_part = part[:, None, :, 0, None], part[:, :, None, 1, None]

        def row(y: NDArray[np.intp]) -> NDArray[np.float32]:
            one, other = (_colours(numbers[y[:, :, None], x[:, None, :]]) for x in columns)
            return one + (other - one) * right_part

        upper, lower = map(row, rows)
        return upper + (lower - upper) * low_part


def _colours(pixels: NDArray[np.uint32]) -> NDArray[np.float32]:
    return pixels[..., None].view(np.uint8)[..., :3].astype(np.float32)
