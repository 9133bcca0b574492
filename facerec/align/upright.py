"""Chips of faces that were found with the photo turned: cut from the photo turned just so, by whatever recipe."""

from __future__ import annotations

import numpy as np

from facerec.types import Chips, Crop, Cut, Detections, Image, cut
from facerec.types.looks import turned_image


def upright_cut(crop: Crop, image: Image, detections: Detections) -> Cut:
    """What `crop` makes of each detection, in their order, on the photo in which that face stands upright.

    A crop recipe itself looks at the photo as it is: the default one's landmark trees know upright faces only.
    """
    turns = np.array([look.turned for look in detections.looks])
    if not turns.any():
        return cut(crop, image, detections)
    chips = np.empty((len(detections), crop.size, crop.size, 3), np.uint8)
    shifts = np.empty(len(detections), np.float32)
    known = True
    for degrees in np.unique(turns).tolist():
        chosen = np.flatnonzero(turns == degrees)
        chips[chosen], shift = cut(crop, turned_image(image, degrees), detections[chosen].turned(degrees))
        known = shift is not None
        shifts[chosen] = np.nan if shift is None else shift
    return Cut(chips, shifts if known else None)


def upright_chips(crop: Crop, image: Image, detections: Detections) -> Chips:
    """The chips of `upright_cut`, one per detection."""
    return upright_cut(crop, image, detections).chips
