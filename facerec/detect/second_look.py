"""A second look where a detector found no face, none for sure, or one that has too little room.

Detectors are trained on upright faces with some ground around them. On a photo that lies on its side they find nothing,
or something with points that are imagined; where a face fills the picture its points are off by a quarter of the
distance between the eyes. So such photos are looked at again, with a border around them and, if that does not help,
turned; the look in which the detector is surest counts, and every face says how it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from facerec.types import Detections, Detector, Image
from facerec.types.looks import QUARTER_TURNS, turned_image

_BORDER = 0.2  # of the shorter side of the photo, all around
_UPRIGHT_SCALE = 0.6  # with its border the photo has 0.7 of its pixels at this look,
_TURNED_SCALE = 0.5  # and half of them at these: on the whole all five together cost less than five first looks
_GREY = 128  # of the border: of 150 faces cut close, 149 are found within grey, 136 within black
_ROOM = 0.15  # of a box, around it: with less of the photo there, a face is cramped
_SAME = 0.5  # shared by two boxes, as a part of the smaller: from there on they are one face
_HANDICAP = 2.0  # how many times less doubtful than at first a face has to be, to be believed at a later look


@dataclass(frozen=True)
class SecondLook:
    """A detector that looks again with `detector`, four times at worst.

    Where a face is cramped (with less of the photo around it than a border would give), or none has a score of `sure`
    or more, the photo is looked at with a grey border. Where still no face that has room is sure, it is looked at
    turned by 90°, 180° and 270°, too, and all faces are those of the look that holds the surest one. An upright face,
    and one with room at the first look, is given up only for one that is at most half as doubtful. `sure` is on the
    scale of the detector's scores; 0.999 is for MTCNN's.

    A photo of nobody takes all five, 4.3 times the first on the whole (``tests/benchmarks/second_look_benchmark.py``).
    The look with a border sees the photo at .6 of its size, those that are turned at half of it: they miss faces below
    1.7 and 2 times the detector's least size. A face turned by 30° to 60° lies between two looks and may be found in
    either or in none.
    """

    detector: Detector
    sure: float = 0.999

    @property
    def name(self) -> str:
        """For example ``second-look.v2(sure=0.999, mtcnn.v1(min_face_size=40, mode=fast))``."""
        return f"second-look.v2(sure={self.sure:.12g}, {self.detector.name})"

    @property
    def points_convention(self) -> str:
        """The detector's."""
        return self.detector.points_convention

    @property
    def runtime(self) -> str | None:
        """The detector's; ``None`` where it names none."""
        return getattr(self.detector, "runtime", None)

    def __call__(self, image: Image) -> Detections:
        """Find the faces of one photo, as the detector does; best score first."""
        first = self.detector(image)
        cramped = _cramped(first)
        sure = ~cramped & (first.scores >= self.sure)
        if sure.any() and not cramped.any():
            return first
        again = _Framed(image, _UPRIGHT_SCALE).faces(self.detector, 0)
        best = _merged(first, again, sure=sure, cramped=cramped)
        if sure.any() or _doubt(again) <= 1 - self.sure:
            return best
        doubt = _doubt(best)
        framed = _Framed(image, _TURNED_SCALE)
        for degrees in QUARTER_TURNS[1:]:
            found = framed.faces(self.detector, degrees)
            if _doubt(found) * _HANDICAP < doubt:
                best, doubt = found, _doubt(found) * _HANDICAP
        return best


class _Framed:
    """A photo, made smaller and with a border around it."""

    def __init__(self, image: Image, scale: float) -> None:
        height, width = image.shape[:2]
        self._photo_size = width, height
        size = max(1, round(width * scale)), max(1, round(height * scale))
        self._scale = np.array(size, np.float32) / np.array(self._photo_size, np.float32)
        small = PIL.Image.fromarray(image).resize(size, PIL.Image.Resampling.BILINEAR, reducing_gap=2)
        self._border = round(_BORDER * min(size))
        around = [(self._border,) * 2, (self._border,) * 2, (0, 0)]
        self._image: Image = np.pad(np.asarray(small), around, constant_values=_GREY)

    def faces(self, detector: Detector, degrees: int) -> Detections:
        """Those that are found with all this turned clockwise, where they are in the photo itself."""
        found = detector(turned_image(self._image, degrees)).turned(-degrees)
        corners = (found.boxes.reshape(-1, 2, 2) - self._border) / self._scale
        # Pixels are counted from their centres, half a pixel after the edges that are scaled.
        points = (found.points - self._border + 0.5) / self._scale - 0.5
        looks = tuple(replace(look, border=True) for look in found.looks)
        return Detections(corners.reshape(-1, 4), found.scores, points, self._photo_size, looks)


def _doubt(found: Detections) -> float:
    return float(1 - found.scores.max(initial=0))


def _cramped(found: Detections) -> NDArray[np.bool_]:
    """Whether each face has too little of the photo around it."""
    room = _ROOM * (found.boxes[:, 2:] - found.boxes[:, :2])
    outside = (found.boxes[:, :2] < room) | (found.boxes[:, 2:] + room > found.image_size)
    return np.asarray(outside.any(axis=1))


def _merged(first: Detections, again: Detections, *, sure: NDArray[np.bool_], cramped: NDArray[np.bool_]) -> Detections:
    """Each face of two looks once, best first: at the first look if that was `sure`, not if it was `cramped` there."""
    rank = np.concatenate([np.where(sure, 0, np.where(cramped, 2, 1)), np.ones(len(again), np.int64)])
    doubts = np.concatenate([1 - first.scores, _HANDICAP * (1 - again.scores)])
    boxes, scores, points = (
        np.concatenate([getattr(each, name) for each in (first, again)]) for name in ("boxes", "scores", "points")
    )
    kept: list[int] = []
    for number in np.lexsort((doubts, rank)).tolist():
        if not (_shared(boxes[number], boxes[kept]) >= _SAME).any():
            kept.append(number)
    kept.sort(key=lambda number: -scores[number])
    return Detections(boxes, scores, points, first.image_size, first.looks + again.looks)[kept]


def _shared(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """The area that a box (4,) shares with each of others (n, 4), as a part of the smaller of the two."""
    spans = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    areas = [np.prod(each[..., 2:] - each[..., :2], axis=-1) for each in (box, others)]
    return np.asarray(spans.clip(min=0).prod(axis=1) / np.minimum(*areas))
