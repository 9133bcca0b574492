"""How large a face is in its photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.types import Chips, Detections

NAME = "size.v1"


def size(detections: Detections, chips: Chips) -> NDArray[np.float32]:  # noqa: ARG001 - measures have one signature
    """The shorter side of each box, in pixels of the photo."""
    return detections.sizes


def complaint(value: float, limit: float) -> str:
    """What to say of a face below `limit`."""
    return f"too small to decide: {value:.0f} pixels, at least {limit:.0f} are needed"
