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
from facerec.types.looks import turned_image

_BORDER = 0.2  # of the shorter side of the photo, all around
_SCALE = 0.65  # so that two photos with a border around and between are less than twice as large as the photo
_GREY = 128  # of the border: of 150 faces cut close, 149 are found within grey, 136 within black
_ROOM = 0.15  # of a box, around it: with less of the photo there, a face is cramped
_SAME = 0.5  # shared by two boxes, as a part of the smaller: from there on they are one face
_HANDICAP = 2.0  # how many times less doubtful than at first a face has to be, to be believed at a later look


@dataclass(frozen=True)
class SecondLook:
    """A detector that looks again with `detector`, up to two times; at worst it costs five looks of that one.

    Where a face is cramped (with less of the photo around it than a border would give), or none has a score of `sure`
    or more, the photo is looked at with a grey border, upright and upside down in one picture; where still no face
    that has room is sure, turned to the left and to the right, too. All faces are those of the one way of turning it
    that gives the surest one; but an upright face, and one with room at the first look, is given up only for one that
    is at most half as doubtful. `sure` is on the scale of the detector's scores; 0.999 is for MTCNN's.

    Looks after the first see the photo at 0.65 of its size, and miss faces below 1.5 times the detector's least size.
    A face turned by 30° to 60° lies between two ways of turning, and may be found in either or in none.
    """

    detector: Detector
    sure: float = 0.999

    @property
    def name(self) -> str:
        """For example ``second-look.v1(sure=0.999, mtcnn.v1(min_face_size=40, mode=fast))``."""
        return f"second-look.v1(sure={self.sure:.12g}, {self.detector.name})"

    @property
    def points_convention(self) -> str:
        """The detector's."""
        return self.detector.points_convention

    def __call__(self, image: Image) -> Detections:
        """Find the faces of one photo, as the detector does; best score first."""
        first = self.detector(image)
        cramped = _cramped(first)
        sure = ~cramped & (first.scores >= self.sure)
        if sure.any() and not cramped.any():
            return first
        framed = _Framed(image)
        upright, *turned = framed.faces(self.detector, 0)
        best = _merged(first, upright, sure=sure, cramped=cramped)
        if sure.any():
            return best
        if _doubt(upright) > 1 - self.sure:
            turned += framed.faces(self.detector, 90)
        doubt = _doubt(best)
        for found in turned:
            if _doubt(found) * _HANDICAP < doubt:
                best, doubt = found, _doubt(found) * _HANDICAP
        return best


class _Framed:
    """A photo, made smaller and with a border around it."""

    def __init__(self, image: Image) -> None:
        height, width = image.shape[:2]
        self._photo_size = width, height
        size = max(1, round(width * _SCALE)), max(1, round(height * _SCALE))
        self._scale = np.array(size, np.float32) / np.array(self._photo_size, np.float32)
        small = PIL.Image.fromarray(image).resize(size, PIL.Image.Resampling.BILINEAR, reducing_gap=2)
        self._border = round(_BORDER * min(size))
        around = [(self._border,) * 2, (self._border,) * 2, (0, 0)]
        self._image: Image = np.pad(np.asarray(small), around, constant_values=_GREY)

    def faces(self, detector: Detector, degrees: int) -> list[Detections]:
        """Those found with all this turned clockwise by so much, and half a turn further; both in one picture.

        They are where they are in the photo itself. One picture of two costs less than two pictures.
        """
        one = turned_image(self._image, degrees)
        axis = int(one.shape[0] > one.shape[1])  # side by side or one below the other, whichever is nearer a square
        second = one.shape[axis] - self._border  # where the other begins; they share a border
        both = np.concatenate([one.take(range(second), axis), turned_image(one, 180)], axis)
        found = detector(both)
        centres = (found.boxes[:, 1 - axis] + found.boxes[:, 3 - axis]) / 2
        in_other = centres > second + self._border / 2
        shift = np.zeros(2, np.float32)
        shift[1 - axis] = second
        return [
            self._in_photo(found[~in_other], np.zeros(2, np.float32), degrees),
            self._in_photo(found[in_other], shift, degrees + 180),
        ]

    def _in_photo(self, found: Detections, corner: NDArray[np.float32], degrees: int) -> Detections:
        """Faces of a picture in which all this, turned, begins at `corner`."""
        height, width = self._image.shape[:2]
        size = (width, height) if degrees % 180 == 0 else (height, width)
        here = Detections(found.boxes - np.tile(corner, 2), found.scores, found.points - corner, size).turned(-degrees)
        corners = (here.boxes.reshape(-1, 2, 2) - self._border) / self._scale
        # Pixels are counted from their centres, half a pixel after the edges that are scaled.
        points = (here.points - self._border + 0.5) / self._scale - 0.5
        looks = tuple(replace(look, border=True) for look in here.looks)
        return Detections(corners.reshape(-1, 4), here.scores, points, self._photo_size, looks)


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
