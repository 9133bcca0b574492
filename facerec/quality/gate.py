"""Which faces can carry a decision: large, certain and sharp enough.

A face below the gate still gets a score, but the score does not have the error rates of the operating point. So the
decision is "undecided", with the reason, and never a guess. The limits stand where the rates turn for the worse
(``tests/benchmarks/quality_benchmark.py``); no photo of LFW falls below them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.types import Chips, Face


def sharpness(chips: Chips) -> NDArray[np.float32]:
    """Variance of the Laplacian of each chip, in grey levels squared; larger is sharper.

    Parameters
    ----------
    chips : ndarray, uint8, shape (n, size, size, 3)
        Aligned crops, so that faces of all sizes are compared at one scale: a small face, enlarged to the chip, is
        rightly found to be less sharp.

    Returns
    -------
    ndarray, float32, shape (n,)

    References
    ----------
    Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy, ICPR, measure LAP4.
    """
    grey = chips.astype(np.float32).mean(axis=3)
    inner = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
    return laplacian.var(axis=(1, 2)) if len(chips) else np.empty(0, np.float32)


@dataclass(frozen=True)
class QualityGate:
    """The least that a face must have for a decision.

    Attributes
    ----------
    min_size : float
        Shorter side of the detector's box in pixels of the photo.
    min_score : float
        Detector's confidence, 0 … 1.
    min_sharpness : float
        See `sharpness`.
    """

    min_size: float = 40
    min_score: float = 0.85
    min_sharpness: float = 2.5

    def problems(self, face: Face) -> tuple[str, ...]:
        """What is wrong with `face`, in words; empty if it passes.

        Examples
        --------
        >>> import numpy as np
        >>> face = Face(np.array([0, 0, 20, 30]), 0.99, np.zeros((5, 2)), 200.0, np.ones(1), "digest", "a.jpg")
        >>> QualityGate().problems(face)
        ('the face in a.jpg is too small to decide: 20 pixels, at least 40 are needed',)
        """
        found = []
        if not face.size >= self.min_size:
            found.append(f"too small to decide: {face.size:.0f} pixels, at least {self.min_size:.0f} are needed")
        if not face.score >= self.min_score:
            found.append(f"too uncertain a detection to decide: score {face.score:.2f}, at least {self.min_score:.2f}")
        if not face.sharpness >= self.min_sharpness:
            found.append(f"too blurred to decide: sharpness {face.sharpness:.1f}, at least {self.min_sharpness:.1f}")
        return tuple(f"the face in {face.source} is {problem}" for problem in found)
