"""Which face of a kept photo is the one that was enrolled from it."""

from __future__ import annotations

import numpy as np

from facerec.errors import NoFaceError
from facerec.gallery.records import Sample
from facerec.types import Face, Faces

_SHARED = 0.3


def same_face(faces: Faces, sample: Sample) -> Face:
    """The face whose box has most in common with that of the sample, for `Gallery.reembed`.

    Parameters
    ----------
    faces : Faces
        Found now in the photo that was kept.
    sample : Sample
        What was enrolled from it.

    Raises
    ------
    NoFaceError
        If no box has an intersection over union of 0.3 or more with the sample's.
    """
    boxes, box = faces.detections.boxes.astype(float), np.array(sample.box)
    spans = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = spans.clip(min=0).prod(axis=1)
    overlaps = shared / ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - shared)
    if len(overlaps) == 0 or overlaps.max() < _SHARED:
        message = (
            f"the face that was enrolled from {sample.source} on {sample.enrolled:%Y-%m-%d} is not found in the photo "
            "that was kept; nothing was changed. Enroll that person again, or try a smaller least face size"
        )
        raise NoFaceError(message)
    return faces[int(overlaps.argmax())]
