"""How the cascade looks at a photo: whole at several scales, and box by box.

`ExactSampler` averages areas in float from the full photo, as facenet-pytorch does, one box at a time.
`FastSampler` reads octaves of the photo, halved once and for all, and cuts all boxes of an octave in one call.
The networks see nearly the same pixels; measured recall is in ``tests/benchmarks``.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.ops import roi_align

_MIDDLE_GREY = 127.5


class Sampler(Protocol):
    """One photo, ready to be looked at; all pixels come out as (value - 127.5) / 128, channels last."""

    def at_scale(self, scale: float) -> Tensor:
        """The whole photo, (1, 3, int(height * scale + 1), int(width * scale + 1))."""
        ...

    def crops(self, boxes: Tensor, size: int) -> Tensor:
        """(n, 3, size, size): the pixels of non-empty whole-pixel boxes (n, 4), stretched to squares."""
        ...


def _normalised(pixels: Tensor) -> Tensor:
    return (pixels - _MIDDLE_GREY) * (1 / 128)


class ExactSampler:
    """Area averages in float32, from the full photo every time.

    Parameters
    ----------
    photo : Tensor, uint8, shape (1, 3, height, width)
    """

    def __init__(self, photo: Tensor) -> None:
        self._photo = photo.float()

    def at_scale(self, scale: float) -> Tensor:
        """See `Sampler`."""
        height, width = self._photo.shape[2:]
        size = (int(height * scale + 1), int(width * scale + 1))
        return _normalised(interpolate(self._photo, size=size, mode="area"))

    def crops(self, boxes: Tensor, size: int) -> Tensor:
        """See `Sampler`."""
        cut = [
            interpolate(self._photo[:, :, top:bottom, left:right], size=(size, size), mode="area")
            for left, top, right, bottom in boxes.tolist()
        ]
        return _normalised(torch.cat(cut)).contiguous(memory_format=torch.channels_last)


class FastSampler:
    """Octaves in uint8; every look starts from the octave at most twice as large as needed.

    Parameters
    ----------
    photo : Tensor, uint8, shape (1, 3, height, width)
    """

    def __init__(self, photo: Tensor) -> None:
        self._octaves = [photo]
        self._float_octaves: dict[int, Tensor] = {}

    def _octave(self, number: int) -> Tensor:
        while len(self._octaves) <= number:
            last = self._octaves[-1]
            height, width = last.shape[2:]
            self._octaves.append(_shrunk(last, (max(1, height // 2), max(1, width // 2))))
        return self._octaves[number]

    def _float_octave(self, number: int) -> Tensor:
        if number not in self._float_octaves:
            self._float_octaves[number] = self._octave(number).float().contiguous()
        return self._float_octaves[number]

    def at_scale(self, scale: float) -> Tensor:
        """See `Sampler`."""
        height, width = self._octaves[0].shape[2:]
        size = (int(height * scale + 1), int(width * scale + 1))
        number = 0
        while scale * 2 ** (number + 2) <= 1:  # the octave must stay at least twice as large as the result
            number += 1
        return _normalised(_shrunk(self._octave(number), size).float())

    def crops(self, boxes: Tensor, size: int) -> Tensor:
        """See `Sampler`."""
        spans = boxes[:, 2:] - boxes[:, :2]
        ratio = spans.amax(dim=1).float() / size
        octaves = ratio.log2().floor().clamp(min=0).to(torch.int64)
        cut = torch.empty((len(boxes), 3, size, size), device=boxes.device)
        full = torch.tensor(self._octaves[0].shape[:1:-1], device=boxes.device)
        for number in octaves.unique().tolist():
            chosen = (octaves == number).nonzero()[:, 0]
            octave = self._float_octave(number)
            here = torch.tensor(octave.shape[:1:-1], device=boxes.device) / full
            regions = torch.zeros((len(chosen), 5), device=boxes.device)
            regions[:, 1:] = boxes[chosen] * here.repeat(2)
            cut[chosen] = roi_align(octave, regions, (size, size), sampling_ratio=2, aligned=True)
        return _normalised(cut).contiguous(memory_format=torch.channels_last)


def _shrunk(photo: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(photo, size=size, mode="bilinear", antialias=True)
