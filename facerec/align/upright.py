"""Chips of faces that were found with the photo turned: cut from the photo turned just so, by whatever recipe."""

from __future__ import annotations

import numpy as np

from facerec.types import Chips, Crop, Detections, Image
from facerec.types.looks import turned_image


def upright_chips(crop: Crop, image: Image, detections: Detections) -> Chips:
    """One chip per detection, in their order, each cut by `crop` from the photo in which that face stands upright.

    A crop recipe itself looks at the photo as it is: the default one's landmark trees know upright faces only.
    """
    turns = np.array([look.turned for look in detections.looks])
    if not turns.any():
        return crop(image, detections)
    chips = np.empty((len(detections), crop.size, crop.size, 3), np.uint8)
    for degrees in np.unique(turns).tolist():
        chosen = np.flatnonzero(turns == degrees)
        chips[chosen] = crop(turned_image(image, degrees), detections[chosen].turned(degrees))
    return chips
