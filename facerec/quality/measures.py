"""The measures of a face's quality, by name; a further one is one entry of `MEASURES`.

All look at one fixed chip, cut by the detector's five points alone, so that a limit means the same for every embedder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facerec.align.crops import TemplateCrop
from facerec.types import Chips, Detections, Image

CHIP = TemplateCrop(112)
"""What sharpness and its kin are measured on."""


@dataclass(frozen=True)
class Measure:
    """One measure of quality.

    `recipe` is its name and version, as it stands in a gate's name; `of` makes one number per face, larger = better, from
    detections and their chips (`CHIP`); `complaint` says of a face that its ``{value}`` is below the ``{limit}``.
    """

    recipe: str
    of: Callable[[Detections, Chips], NDArray[np.float32]]
    complaint: str


def sharpness(chips: Chips) -> NDArray[np.float32]:
    """Variance of the Laplacian of each chip, in grey levels squared; larger is sharper.

    Faces of all sizes are compared at one scale: a small face, enlarged to the chip, is rightly found less sharp.

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


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        # The shorter side of the box, in pixels of the photo.
        "size": Measure(
            "size.v1",
            lambda detections, _: detections.sizes,
            "too small to decide: {value:.0f} pixels, at least {limit:.0f} are needed",
        ),
        # The detector's own score, 0 … 1; each detector has a scale of its own.
        "detection": Measure(
            "detection.v1",
            lambda detections, _: detections.scores,
            "too uncertain a detection to decide: score {value:.2f}, at least {limit:.2f}",
        ),
        "sharpness": Measure(
            "sharpness.v2",
            lambda _, chips: sharpness(chips),
            "too blurred to decide: sharpness {value:.1f}, at least {limit:.1f}",
        ),
    }
)


def measure(image: Image, detections: Detections) -> dict[str, NDArray[np.float32]]:
    """Measure the `detections` of a photo: shape (n,) for each name in `MEASURES`."""
    chips = CHIP(image, detections)
    return {name: each.of(detections, chips) for name, each in MEASURES.items()}
