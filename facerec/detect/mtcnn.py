"""MTCNN: three small networks in cascade find faces and five points of each.

Proposals come from a fully convolutional network over an image pyramid; a second network weeds them out, a third
refines the box and places the points. The glue of facenet-pytorch is not used: it fails on small photos, grey photos
and photos of different sizes, and most of its time goes into resampling.

Reference: Zhang, Zhang, Li & Qiao (2016), Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
Networks, IEEE Signal Processing Letters 23(10).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor

from facerec.detect.boxes import cell_boxes, clipped, nms_by_level, nms_by_smaller, nms_by_union, shift_by, squared
from facerec.detect.nets import load_nets
from facerec.detect.photo import check_photo
from facerec.detect.sampling import ExactSampler, FastSampler, Sampler
from facerec.device import torch_device
from facerec.errors import ArgumentError
from facerec.types import Detections, Image

Mode: TypeAlias = Literal["fast", "exact"]

_CELL = 12  # side of the smallest face that the proposal network sees, in pixels of a pyramid level
_PYRAMID_FACTOR = 0.709  # about 1/√2: each level has half the pixels of the one before
_THRESHOLDS = (0.6, 0.7, 0.7)


# From which overlap on two boxes count as one face, after the first and after the second network. The fast mode hands a
# third fewer boxes on; of 735 faces in 621 photos that costs it two.
_OVERLAPS: dict[Mode, tuple[float, float]] = {"exact": (0.7, 0.7), "fast": (0.5, 0.6)}


# Of candidates that the first network sees, and that it and the second hand on, the best so many: 1,300 faces side by
# side give fewer, and a picture that was made to give more does not cost more. Suppression grows as the square.
_MOST_CANDIDATES = 100_000
_MOST_PROPOSALS = 20_000
_MOST_REFINED = 5_000


class Mtcnn:
    """Detector of upright faces. Holds no state between photos; several threads may share one, and it pickles.

    `min_face_size`, at least 12, is the side in pixels of the smallest face looked for: time grows with the inverse
    square, and faces smaller than the default are below the quality gate anyhow (``facerec.quality``). The `mode`
    ``exact`` finds what facenet-pytorch's ``MTCNN.detect`` finds; ``fast`` samples the photo more cheaply and finds
    nearly the same faces (see README for the recall measured). `device` is ``cpu``, ``cuda`` or ``cuda:N``;
    `model_files` is looked into first.

    `ArgumentError` if one of these is not as above; `MissingWeightsError` or `CorruptWeightsError` if a network's file
    is absent or is not the expected one.
    """

    points_convention = "mtcnn-5.v1"

    def __init__(
        self, *, min_face_size: int = 40, mode: Mode = "fast", device: str = "cpu", model_files: Path | None = None
    ) -> None:
        if mode not in get_args(Mode):
            message = f"mode must be one of {', '.join(get_args(Mode))}; got {mode!r}"
            raise ArgumentError(message)
        if min_face_size < _CELL:
            message = f"min_face_size must be at least {_CELL} pixels, the least the network sees; got {min_face_size}"
            raise ArgumentError(message)
        self.min_face_size = min_face_size
        self.mode = mode
        self._remade = partial(Mtcnn, min_face_size=min_face_size, mode=mode, device=device, model_files=model_files)
        self._proposals_overlap, self._refined_overlap = _OVERLAPS[mode]
        self._device = torch_device(device)
        self._nets = load_nets(device=self._device, model_files=model_files)

    @property
    def name(self) -> str:
        """For example ``mtcnn.v1(min_face_size=40, mode=fast)``; the version changes with the recipe's constants."""
        return f"mtcnn.v1(min_face_size={self.min_face_size}, mode={self.mode})"

    def __reduce__(self) -> tuple[Any, ...]:
        return self._remade, ()

    @torch.inference_mode()
    def __call__(self, image: Image) -> Detections:
        """Find the faces of one photo, RGB, uint8 (height, width, 3), of any size, else `ArgumentError`.

        Best score first; none where there is no face or the photo is smaller than `min_face_size`.
        """
        check_photo(image)
        height, width = image.shape[:2]
        nothing = Detections.empty((width, height))
        if min(height, width) < self.min_face_size:
            return nothing

        # A copy, because torch warns about sharing memory with an array that is read-only.
        photo = torch.from_numpy(image.copy()).to(self._device).permute(2, 0, 1)[None]
        look: Sampler = FastSampler(photo) if self.mode == "fast" else ExactSampler(photo)
        boxes = self._propose(look, width, height)
        if len(boxes):
            boxes = self._refine(look, boxes, width, height)
        if not len(boxes):
            return nothing
        boxes, scores, points = self._finish(look, boxes, width, height)
        return Detections(boxes.cpu().numpy(), scores.cpu().numpy(), points.cpu().numpy(), (width, height))

    def _scales(self, shorter_side: int) -> Iterator[float]:
        scale = _CELL / self.min_face_size
        while shorter_side * scale >= _CELL:
            yield scale
            scale *= _PYRAMID_FACTOR

    def _propose(self, look: Sampler, width: int, height: int) -> Tensor:
        levels = []
        for number, scale in enumerate(self._scales(min(width, height))):
            cells, scores, moves = self._nets.propose(look.at_scale(scale), _THRESHOLDS[0])
            levels.append((cell_boxes(cells, scale), scores, moves, torch.full_like(cells[:, 0], number)))
        boxes, scores, moves, level = (torch.cat(parts) for parts in zip(*levels, strict=True))
        if len(scores) > _MOST_CANDIDATES:
            best = scores.argsort(stable=True, descending=True)[:_MOST_CANDIDATES]
            boxes, scores, moves, level = boxes[best], scores[best], moves[best], level[best]
        kept = nms_by_level(boxes, scores, level, 0.5)
        found = boxes[kept], scores[kept], moves[kept]
        kept = nms_by_union(found[0], found[1], self._proposals_overlap)[:_MOST_PROPOSALS]
        return squared(shift_by(found[0][kept], found[2][kept], plus_one=False))

    def _refine(self, look: Sampler, boxes: Tensor, width: int, height: int) -> Tensor:
        boxes, pixels = _inside(boxes, width, height)
        if not len(boxes):
            return boxes
        moves, scores = self._nets.refine(look.crops(pixels, 24))
        passed = scores > _THRESHOLDS[1]
        boxes, scores, moves = boxes[passed], scores[passed], moves[passed]
        kept = nms_by_union(boxes, scores, self._refined_overlap)[:_MOST_REFINED]
        return squared(shift_by(boxes[kept], moves[kept], plus_one=True))

    def _finish(self, look: Sampler, boxes: Tensor, width: int, height: int) -> tuple[Tensor, Tensor, Tensor]:
        boxes, pixels = _inside(boxes, width, height)
        if not len(boxes):
            return boxes, boxes.new_empty(0), boxes.new_empty((0, 5, 2))
        moves, places, scores = self._nets.finish(look.crops(pixels, 48))
        passed = scores > _THRESHOLDS[2]
        boxes, scores, moves, places = boxes[passed], scores[passed], moves[passed], places[passed]
        spans = boxes[:, 2:] - boxes[:, :2] + 1
        # Fractions of the box, five x and then five y; the points count pixels from 0, the boxes from 1.
        points = places.reshape(-1, 2, 5).transpose(1, 2) * spans[:, None] + boxes[:, None, :2] - 1
        boxes = shift_by(boxes, moves, plus_one=True)
        kept = nms_by_smaller(boxes, scores, 0.7)
        return boxes[kept], scores[kept], points[kept]


def _inside(boxes: Tensor, width: int, height: int) -> tuple[Tensor, Tensor]:
    """The boxes that cover a pixel of the photo, and the whole pixels they cover."""
    pixels = clipped(boxes, width, height)
    covers = (pixels[:, 2:] > pixels[:, :2]).all(dim=1)
    return boxes[covers], pixels[covers]
