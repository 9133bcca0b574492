"""BlazeFace, short range: one small network looks once at the whole photo, shrunk to 128 × 128 pixels.

It is made for faces near the camera: of a large photo with small faces it sees too little (README: from which part of
the photo on it finds a face). What is found is told in the terms of the default detector, so that crops, limits of
the gate and choices of a face mean the same: MTCNN's box, and its five points, of which the two corners of the mouth
are estimated, because the network finds the middle of the mouth only.

LiteRT runs the network; what happens before and after follows the paper and the graphs that MediaPipe publishes.

Reference: Bazarevsky, Kartynnik, Vakunov, Raveendran & Grundmann (2019), BlazeFace: Sub-millisecond Neural Face
Detection on Mobile GPUs, CVPR Workshop on Computer Vision for Augmented and Virtual Reality, arXiv:1907.05047.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.detect.photo import check_photo
from facerec.errors import ArgumentError
from facerec.extras import extra
from facerec.models import catalogue, weights
from facerec.types import Detections, Image

SIDE = 128
"""Of what the network sees, in pixels."""
LEAST_SCORE = 0.65  # MediaPipe's is 0.5; what scores less is mostly no face, and takes a second look for nothing
OVERLAP = 0.3
"""From which intersection over union on two boxes count as one face."""

_Numbers: TypeAlias = NDArray[np.floating]
_Found: TypeAlias = tuple[_Numbers, _Numbers, _Numbers]

_GRIDS = ((8, 2), (16, 6))  # pixels from anchor to anchor, and anchors at one place
# MTCNN's box in parts of this network's square, from its middle; medians over 1,183 faces of FairFace and LFW.
_BOX = np.array([[-0.45, -0.67], [0.45, 0.485]])
# The corners of the mouth from its middle, in eye distances along the eyes, on a face that looks ahead; and how much
# both move against the nose's way from the middle of the eyes where it does not. From the same faces.
_MOUTH_HALF, _MOUTH_TURN = 0.43, 0.4


class BlazeFace:
    """Detector of upright faces near the camera. Several threads may share one, and it pickles.

    However large a crowd the photo shows, it is seen in 896 places and costs the same: a face far away is not found.
    Faces smaller than `min_face_size` pixels, at least 1, are left out; `model_files` is looked into first.

    `ArgumentError` if `min_face_size` is not as above; `MissingExtraError` if LiteRT is not installed;
    `MissingWeightsError` or `CorruptWeightsError` if the network's file is absent or is not the expected one.
    """

    points_convention = "mtcnn-5.v1"

    def __init__(self, *, min_face_size: int = 40, model_files: Path | None = None) -> None:
        if min_face_size < 1:
            message = f"min_face_size must be at least 1 pixel; got {min_face_size}"
            raise ArgumentError(message)
        self.min_face_size = min_face_size
        self._remade = partial(BlazeFace, min_face_size=min_face_size, model_files=model_files)
        self._network = _Network(weights.load(catalogue.BLAZEFACE_SHORT, model_files=model_files))

    @property
    def name(self) -> str:
        """For example ``blazeface.v2(min_face_size=40)``; the version changes with the recipe's constants."""
        return f"blazeface.v2(min_face_size={self.min_face_size})"

    def __reduce__(self) -> tuple[Any, ...]:
        return self._remade, ()

    def __call__(self, image: Image) -> Detections:
        """Find the faces of one photo, RGB, uint8 (height, width, 3), of any size, else `ArgumentError`.

        Best score first; none where there is no face.
        """
        check_photo(image)
        height, width = image.shape[:2]
        if min(height, width) < self.min_face_size:
            return Detections.empty((width, height))
        seen, corner, size = letterboxed(image)
        boxes, scores, points = one_per_face(*decoded(*self._network(seen)))
        scale = np.array([width, height]) / size
        boxes, points = (boxes - corner) * scale, (points - corner) * scale
        # Boxes count from the edge of the first pixel, points from its centre.
        found = Detections(mtcnn_boxes(boxes), scores.astype(np.float32), mtcnn_points(points - 0.5), (width, height))
        return found[found.sizes >= self.min_face_size]


class _Network:
    """The network, once for each thread that runs it at the same time: a LiteRT interpreter holds its last result."""

    def __init__(self, model: bytes) -> None:
        with extra("blazeface"):
            from ai_edge_litert.interpreter import Interpreter
        self._make = partial(Interpreter, model_content=model, num_threads=1)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        self._idle.put(self._made())

    def __call__(self, seen: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Evidence (896,) and regressions (896, 16) for each anchor."""
        try:
            interpreter = self._idle.get_nowait()
        except Empty:
            interpreter = self._made()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], seen[None])
        interpreter.invoke()
        out = {each["name"]: interpreter.get_tensor(each["index"])[0] for each in interpreter.get_output_details()}
        self._idle.put(interpreter)
        return out["classificators"][:, 0], out["regressors"]

    def _made(self) -> Any:  # noqa: ANN401 - LiteRT has no types
        interpreter = self._make()
        interpreter.allocate_tensors()
        return interpreter


def letterboxed(image: Image) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
    """The whole photo in the middle of a black square, float32 (128, 128, 3), −1 … 1.

    And where it lies in there: x, y of its corner, width and height.
    """
    import torch
    from torch.nn.functional import interpolate

    height, width = image.shape[:2]
    longer = max(height, width)
    size = np.maximum(np.rint(np.array([width, height]) * (SIDE / longer)).astype(np.intp), 1)
    corner = (SIDE - size) // 2
    # A copy, because torch warns about sharing memory with an array that is read-only.
    photo = torch.from_numpy(image.copy()).permute(2, 0, 1)[None]
    small = interpolate(photo, size=(int(size[1]), int(size[0])), mode="bilinear", antialias=True)
    seen = np.full((SIDE, SIDE, 3), -1, np.float32)
    rows, columns = (slice(start, start + span) for start, span in zip(corner[::-1], size[::-1], strict=True))
    seen[rows, columns] = small[0].permute(1, 2, 0).numpy() / np.float32(127.5) - 1
    return seen, corner, size


def anchors() -> NDArray[np.float32]:
    """The places (896, 2), x and y in pixels of what the network sees, from which it tells faces."""
    grids = []
    for stride, times in _GRIDS:
        steps = np.arange(stride / 2, SIDE, stride, dtype=np.float32)
        grids.append(np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2).repeat(times, axis=0))
    return np.concatenate(grids)


_ANCHORS = anchors()


def decoded(evidence: NDArray[np.float32], regressions: NDArray[np.float32]) -> _Found:
    """What the network says at the anchors where it sees a face, best first.

    From log odds (896,) and regressions (896, 16): boxes (n, 2, 2), corner by corner; scores (n,), at least
    `LEAST_SCORE`; points (n, 6, 2): the eyes, image-left first, tip of the nose, middle of the mouth, and the ears. All
    in pixels of what the network sees.
    """
    order = np.argsort(-evidence, kind="stable")
    order = order[evidence[order] >= math.log(LEAST_SCORE / (1 - LEAST_SCORE))]
    pairs = regressions[order].reshape(-1, 8, 2)
    places = _ANCHORS[order][:, None]
    middle, half = pairs[:, :1] + places, pairs[:, 1:2] / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    return boxes, 1 / (1 + np.exp(-evidence[order].astype(np.float64))), pairs[:, 2:] + places


def one_per_face(boxes: _Numbers, scores: _Numbers, points: _Numbers) -> _Found:
    """The mean, weighted by scores, of each best box and those that overlap it by more than `OVERLAP`; its score.

    Boxes (n, 2, 2), scores (n,), best first, and points (n, k, 2).
    """
    faces = []
    rest = np.arange(len(scores))
    areas = np.maximum(boxes[:, 1] - boxes[:, 0], 0).prod(axis=1)
    while len(rest):
        best = rest[0]
        spans = np.minimum(boxes[rest, 1], boxes[best, 1]) - np.maximum(boxes[rest, 0], boxes[best, 0])
        shared = np.maximum(spans, 0).prod(axis=1)
        same = shared > OVERLAP * (areas[rest] + areas[best] - shared)
        same[0] = True  # also a box without an area
        these, rest = rest[same], rest[~same]
        weight = scores[these] / scores[these].sum()
        faces.append((np.tensordot(weight, boxes[these], 1), scores[best], np.tensordot(weight, points[these], 1)))
    if not faces:
        return boxes, scores, points
    boxes, scores, points = (np.stack(parts) for parts in zip(*faces, strict=True))
    return boxes, scores, points


def mtcnn_boxes(boxes: _Numbers) -> NDArray[np.float32]:
    """From this network's squares (n, 2, 2) to boxes (n, 4) as MTCNN draws them."""
    middle, spans = boxes.mean(axis=1, keepdims=True), boxes[:, 1:] - boxes[:, :1]
    return (middle + spans * _BOX).reshape(-1, 4).astype(np.float32)


def mtcnn_points(points: _Numbers) -> NDArray[np.float32]:
    """From this network's points (n, 6, 2) to eyes, nose and corners of the mouth, (n, 5, 2), where MTCNN finds them.

    The corners lie on a line through the middle of the mouth along the eyes. On a face that looks aside both lie
    further back than the middle that the network finds.
    """
    left, right, nose, mouth = points[:, :4].swapaxes(0, 1)
    eyes = right - left
    apart = np.maximum((eyes**2).sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    turned = ((nose - (left + right) / 2) * eyes).sum(axis=1, keepdims=True) / apart
    corners = [mouth + eyes * (side * _MOUTH_HALF - _MOUTH_TURN * turned) for side in (-1, 1)]
    return np.stack([left, right, nose, *corners], axis=1).astype(np.float32)
