"""How sharp a face is, on a chip that is the same for every embedder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.types import Chips, Detections

NAME = "sharpness.v2"


def sharpness(detections: Detections, chips: Chips) -> NDArray[np.float32]:  # noqa: ARG001 - measures have one signature
    """Variance of the Laplacian of each chip, in grey levels squared; larger is sharper.

    Faces of all sizes are compared at one scale: a small face, enlarged to the chip, is rightly found to be less
    sharp.

    References
    ----------
    Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy, ICPR, measure LAP4.
    """
    if not len(chips):
        return np.empty(0, np.float32)
    grey = chips.astype(np.float32).mean(axis=3)
    inner = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
    return laplacian.var(axis=(1, 2))


def complaint(value: float, limit: float) -> str:
    """What to say of a face below `limit`."""
    return f"too blurred to decide: sharpness {value:.1f}, at least {limit:.1f}"
