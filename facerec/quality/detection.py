"""How certain the detector was that there is a face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.types import Chips, Detections

NAME = "detection.v1"


def detection(detections: Detections, chips: Chips) -> NDArray[np.float32]:  # noqa: ARG001 - measures have one signature
    """The detector's own score, 0 … 1; each detector has a scale of its own."""
    return detections.scores


def complaint(value: float, limit: float) -> str:
    """What to say of a face below `limit`."""
    return f"too uncertain a detection to decide: score {value:.2f}, at least {limit:.2f}"
