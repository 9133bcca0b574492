"""How the cascade looks at a photo, whole at several scales and box by box; recall: ``tests/benchmarks``."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate


class ExactSampler:
    """Area averages in float32, from the full photo, uint8 (1, 3, height, width), every time."""

    def __init__(self, photo: Tensor) -> None:
        self._photo = photo.float()

    def at_scale(self, scale: float) -> Tensor:
        """The whole photo, float32, (1, 3, int(height * scale + 1), int(width * scale + 1))."""
        return interpolate(self._photo, size=_size_at(self._photo, scale), mode="area")

    def crops(self, boxes: Tensor, size: int) -> Tensor:
        """(n, 3, size, size): the pixels of non-empty whole-pixel boxes (n, 4), stretched to squares."""
        cut = [
            interpolate(self._photo[:, :, top:bottom, left:right], size=(size, size), mode="area")
            for left, top, right, bottom in boxes.tolist()
        ]
        return torch.cat(cut).contiguous(memory_format=torch.channels_last)


class FastSampler:
    """Octaves in uint8 of a photo (1, 3, height, width); looks start from one at most twice as large as needed."""

    def __init__(self, photo: Tensor) -> None:
        self._octaves = [photo]

    def _octave(self, number: int) -> Tensor:
        while len(self._octaves) <= number:
            last = self._octaves[-1]
            height, width = last.shape[2:]
            self._octaves.append(_shrunk(last, (max(1, height // 2), max(1, width // 2))))
        return self._octaves[number]

    def at_scale(self, scale: float) -> Tensor:
        """As of `ExactSampler`."""
        number = 0
        while scale * 2 ** (number + 2) <= 1:  # the octave must stay at least twice as large as the result
            number += 1
        return _shrunk(self._octave(number), _size_at(self._octaves[0], scale)).float()

    def crops(self, boxes: Tensor, size: int) -> Tensor:
        """As of `ExactSampler`; all boxes of an octave are read as one tall picture, one sample per pixel of a crop."""
        spans = boxes[:, 2:] - boxes[:, :2]
        # Pixel centres of the crops, in the photo's coordinates, which count from pixel edges.
        steps = (torch.arange(size, device=boxes.device) + 0.5) / size
        places = boxes[:, None, :2] + spans[:, None] * steps[None, :, None]
        octaves = (spans.amax(dim=1) / size).log2().floor().clamp(min=0).to(torch.int64)
        numbers = octaves.unique().tolist()
        if len(numbers) == 1:
            return self._sampled(numbers[0], boxes, places)
        cut = torch.empty((len(boxes), 3, size, size), device=boxes.device)
        cut = cut.contiguous(memory_format=torch.channels_last)
        for number in numbers:
            chosen = (octaves == number).nonzero()[:, 0]
            cut[chosen] = self._sampled(number, boxes[chosen], places[chosen])
        return cut

    def _sampled(self, number: int, boxes: Tensor, places: Tensor) -> Tensor:
        """The pixels at `places` (n, size, x and y) of one octave, all within `boxes`; (n, 3, size, size)."""
        count, size = places.shape[:2]
        octave, photo = self._octave(number), self._octaves[0]
        scale = torch.tensor(octave.shape[:1:-1], device=boxes.device) / torch.tensor(
            photo.shape[:1:-1], device=boxes.device
        )
        # Only the part under the boxes becomes float: the whole photo would cost more than all the networks.
        left, top = (boxes[:, :2].amin(dim=0) * scale - 1).floor().clamp(min=0).to(torch.int64).tolist()
        right, bottom = (boxes[:, 2:].amax(dim=0) * scale + 1).ceil().to(torch.int64).tolist()
        part = octave[:, :, top:bottom, left:right].float()
        extent = torch.tensor(part.shape[:1:-1], device=boxes.device)
        corner = torch.tensor([left, top], device=boxes.device)
        fractions = (places * scale - corner) * (2 / extent) - 1
        grid = torch.stack(
            [fractions[:, None, :, 0].expand(-1, size, -1), fractions[:, :, None, 1].expand(-1, -1, size)], dim=-1
        )
        sampled = grid_sample(part, grid.reshape(1, -1, size, 2), padding_mode="border", align_corners=False)
        crops = sampled[0].reshape(3, count, size, size).transpose(0, 1)
        return crops.contiguous(memory_format=torch.channels_last)


Sampler: TypeAlias = ExactSampler | FastSampler
"""One photo, ready to be looked at; pixels come out as float32, 0 … 255, channels last."""


def _size_at(photo: Tensor, scale: float) -> tuple[int, int]:
    height, width = photo.shape[2:]
    return int(height * scale + 1), int(width * scale + 1)


def _shrunk(photo: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(photo, size=size, mode="bilinear", antialias=True)
