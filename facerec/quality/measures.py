"""The measures of a face's quality, by name; a further one is one file beside this and one line here.

All look at one fixed chip, cut by the detector's five points alone, so that a limit means the same for every embedder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facerec.align.template_crop import TemplateCrop
from facerec.quality import detection, sharpness, size
from facerec.types import Chips, Detections, Image

CHIP = TemplateCrop(112)
"""What sharpness and its kin are measured on."""


@dataclass(frozen=True)
class Measure:
    """One measure of quality.

    Attributes
    ----------
    recipe : str
        Name and version, as it stands in a gate's name.
    of : callable
        Detections and their chips (`CHIP`) → one number per face, larger = better.
    complaint : callable
        Value and limit → what to say of a face below it.
    """

    recipe: str
    of: Callable[[Detections, Chips], NDArray[np.float32]]
    complaint: Callable[[float, float], str]


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "size": Measure(size.NAME, size.size, size.complaint),
        "detection": Measure(detection.NAME, detection.detection, detection.complaint),
        "sharpness": Measure(sharpness.NAME, sharpness.sharpness, sharpness.complaint),
    }
)


def measure(image: Image, detections: Detections) -> dict[str, NDArray[np.float32]]:
    """Measure the faces of a photo.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)
    detections : Detections
        Of that photo.

    Returns
    -------
    dict of str to ndarray, float32, shape (n,)
        One entry per name in `MEASURES`.
    """
    chips = CHIP(image, detections)
    return {name: each.of(detections, chips) for name, each in MEASURES.items()}
