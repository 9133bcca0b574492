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
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from facerec.detect.boxes import (
    Boxes,
    Pixels,
    best_first,
    cell_boxes,
    clipped,
    nms_by_level,
    nms_by_smaller,
    nms_by_union,
    shift_by,
    squared,
)
from facerec.detect.photo import check_photo
from facerec.detect.sight import CELL, Mode, Networks, Sight
from facerec.errors import ArgumentError
from facerec.types import Detections, Image

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
    `model_files` is looked into first. `networks`, which sample photos in this mode, are used in their place, such as
    those of ``facerec.detect.onnx_sight``.

    `ArgumentError` if one of these is not as above; `MissingWeightsError` or `CorruptWeightsError` if a network's file
    is absent or is not the expected one.
    """

    points_convention = "mtcnn-5.v1"

    def __init__(
        self,
        *,
        min_face_size: int = 40,
        mode: Mode = "fast",
        device: str = "cpu",
        model_files: Path | None = None,
        networks: Networks | None = None,
    ) -> None:
        if mode not in get_args(Mode):
            message = f"mode must be one of {', '.join(get_args(Mode))}; got {mode!r}"
            raise ArgumentError(message)
        if min_face_size < CELL:
            message = f"min_face_size must be at least {CELL} pixels, the least the network sees; got {min_face_size}"
            raise ArgumentError(message)
        self.min_face_size = min_face_size
        self.mode = mode
        remade = partial(Mtcnn, min_face_size=min_face_size, mode=mode, device=device, model_files=model_files)
        self._remade = remade if networks is None else partial(remade, networks=networks)
        self._proposals_overlap, self._refined_overlap = _OVERLAPS[mode]
        if networks is None:
            from facerec.detect.torch_sight import TorchNetworks

            networks = TorchNetworks(mode=mode, device=device, model_files=model_files)
        self._networks = networks

    @property
    def name(self) -> str:
        """For example ``mtcnn.v1(min_face_size=40, mode=fast)``; the version changes with the recipe's constants."""
        return f"mtcnn.v1(min_face_size={self.min_face_size}, mode={self.mode})"

    @property
    def runtime(self) -> str | None:
        """What runs the networks, as evidence names it; ``None`` for torch."""
        return getattr(self._networks, "runtime", None)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._remade, ()

    def __call__(self, image: Image) -> Detections:
        """Find the faces of one photo, RGB, uint8 (height, width, 3), of any size, else `ArgumentError`.

        Best score first; none where there is no face or the photo is smaller than `min_face_size`.
        """
        check_photo(image)
        height, width = image.shape[:2]
        nothing = Detections.empty((width, height))
        if min(height, width) < self.min_face_size:
            return nothing

        sight = self._networks(image)
        boxes = self._propose(sight, width, height)
        if len(boxes):
            boxes = self._refine(sight, boxes, width, height)
        if not len(boxes):
            return nothing
        boxes, scores, points = self._finish(sight, boxes, width, height)
        return Detections(boxes, scores, points, (width, height))

    def _scales(self, shorter_side: int) -> Iterator[float]:
        scale = CELL / self.min_face_size
        while shorter_side * scale >= CELL:
            yield scale
            scale *= _PYRAMID_FACTOR

    def _propose(self, sight: Sight, width: int, height: int) -> Boxes:
        levels = []
        for number, scale in enumerate(self._scales(min(width, height))):
            found = sight.propose(scale, _THRESHOLDS[0])
            numbers = np.full(len(found.scores), number, np.int64)
            levels.append((cell_boxes(found.cells, scale), found.scores, found.moves, numbers))
        boxes, scores, moves, level = map(np.concatenate, zip(*levels, strict=True))
        if len(scores) > _MOST_CANDIDATES:
            best = best_first(scores)[:_MOST_CANDIDATES]
            boxes, scores, moves, level = boxes[best], scores[best], moves[best], level[best]
        kept = nms_by_level(boxes, scores, level, 0.5)
        boxes, scores, moves = boxes[kept], scores[kept], moves[kept]
        kept = nms_by_union(boxes, scores, self._proposals_overlap)[:_MOST_PROPOSALS]
        return squared(shift_by(boxes[kept], moves[kept], plus_one=False))

    def _refine(self, sight: Sight, boxes: Boxes, width: int, height: int) -> Boxes:
        boxes, pixels = _inside(boxes, width, height)
        if not len(boxes):
            return boxes
        moves, scores = sight.refine(pixels)
        passed = scores > np.float32(_THRESHOLDS[1])
        boxes, scores, moves = boxes[passed], scores[passed], moves[passed]
        kept = nms_by_union(boxes, scores, self._refined_overlap)[:_MOST_REFINED]
        return squared(shift_by(boxes[kept], moves[kept], plus_one=True))

    def _finish(
        self, sight: Sight, boxes: Boxes, width: int, height: int
    ) -> tuple[Boxes, NDArray[np.float32], NDArray[np.float32]]:
        boxes, pixels = _inside(boxes, width, height)
        if not len(boxes):
            return boxes, np.empty(0, np.float32), np.empty((0, 5, 2), np.float32)
        moves, places, scores = sight.finish(pixels)
        passed = scores > np.float32(_THRESHOLDS[2])
        boxes, scores, moves, places = boxes[passed], scores[passed], moves[passed], places[passed]
        spans = boxes[:, 2:] - boxes[:, :2] + np.float32(1)
        # Fractions of the box, five x and then five y; the points count pixels from 0, the boxes from 1.
        points = places.reshape(-1, 2, 5).transpose(0, 2, 1) * spans[:, None] + boxes[:, None, :2] - np.float32(1)
        boxes = shift_by(boxes, moves, plus_one=True)
        kept = nms_by_smaller(boxes, scores, 0.7)
        return boxes[kept], scores[kept], points[kept]


def _inside(boxes: Boxes, width: int, height: int) -> tuple[Boxes, Pixels]:
    """The boxes that cover a pixel of the photo, and the whole pixels they cover."""
    pixels = clipped(boxes, width, height)
    covers = (pixels[:, 2:] > pixels[:, :2]).all(axis=1)
    return boxes[covers], pixels[covers]
