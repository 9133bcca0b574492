"""What is measured of a face, each number by its name.

What is read off pixels is read off one fixed chip, cut by the detector's five points alone, so that a limit means the
same for every embedder. Two measures come from the stages themselves, for nothing: crops that find landmarks of their
own tell how far these lie from the detector's, and embedders that look at mirror images how alike the two vectors are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facerec.align.crops import TemplateCrop
from facerec.align.upright import upright_chips
from facerec.quality.covers import gradients, seen
from facerec.types import Chips, Detections, Image

CHIP = TemplateCrop(112)
"""What sharpness and its kin are measured on."""

_MEDIAN_OF_NORMAL = 0.6745  # of the absolute value of a standard normal variable
_YAW = 88.0  # degrees for a nose that stands one eye distance beside the middle between the eyes


@dataclass(frozen=True)
class Measured:
    """What is measured: n detections of a photo, and the chips of these, upright."""

    detections: Detections
    chips: Chips

    @cached_property
    def grey(self) -> NDArray[np.float32]:
        """The chips in grey levels, (n, 112, 112)."""
        return np.asarray(self.chips.mean(axis=3, dtype=np.float32))

    @cached_property
    def gradients(self) -> NDArray[np.float32]:
        """As ``covers.gradients``."""
        return gradients(self.chips)


@dataclass(frozen=True)
class Measure:
    """One measure of quality.

    Attributes
    ----------
    recipe : str
        Its name and version, as it stands in a gate's name.
    below, above : str
        What is said of a face whose ``{value}`` is below or above a ``{limit}``.
    of : callable, optional
        Makes one number per face; None where a stage hands the numbers over.
    """

    recipe: str
    below: str
    above: str
    of: Callable[[Measured], NDArray[np.float32]] | None = None


def sharpness(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Variance of the Laplacian of each chip, from its grey levels (n, height, width); larger is sharper.

    Faces of all sizes are compared at one scale: a small face, enlarged to the chip, is rightly found less sharp.

    References
    ----------
    Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy, ICPR, measure LAP4.
    """
    inner = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
    return laplacian.var(axis=(1, 2))


def noise(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Noise of each chip, from its grey levels (n, height, width): its standard deviation as a part of the chip's own.

    Of the diagonal details of the finest scale, where faces have few, the median size, which edges do not move. What is
    lost in one's noise is lost the sooner the fainter the picture. An even chip has none.

    References
    ----------
    Donoho & Johnstone (1994), Ideal spatial adaptation by wavelet shrinkage, Biometrika 81, section 4.2.
    """
    diagonal = (grey[:, :-1, :-1] - grey[:, 1:, :-1] - grey[:, :-1, 1:] + grey[:, 1:, 1:]) / 2
    details = np.abs(diagonal).reshape(len(grey), (grey.shape[1] - 1) * (grey.shape[2] - 1))
    deviation = np.median(details, axis=1) / np.float32(_MEDIAN_OF_NORMAL)
    contrast = grey.std(axis=(1, 2))
    return np.divide(deviation, contrast, out=np.zeros_like(contrast), where=contrast > 0)


def light(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """The grey level, 0 … 255, that 95 of 100 pixels of each chip do not exceed.

    Of the brightest places, because the mean would say how dark somebody's skin is.
    """
    levels = grey.reshape(len(grey), grey.shape[1] * grey.shape[2])
    return np.asarray(np.percentile(levels, 95, axis=1), np.float32)


def roll(detections: Detections) -> NDArray[np.float32]:
    """By how many degrees the line through the eyes is turned, clockwise, -180 … 180, (n,).

    On the photo turned as the face was seen: what a second look made upright counts as upright.
    """
    across = (detections.points[:, 1] - detections.points[:, 0]).astype(np.float64)
    seen_turned = np.array([look.turned for look in detections.looks], np.float64)
    degrees = np.degrees(np.arctan2(across[:, 1], across[:, 0])) + seen_turned
    return ((degrees + 180) % 360 - 180).astype(np.float32)


def yaw(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """By how many degrees a head is turned to the side, about; positive where the nose points to the photo's right.

    From how far the nose stands beside the middle between the eyes; `points` as of `Detections`. On 250 photos of LFW
    it follows a mesh of 468 points to 3° (standard deviation), up to about 45°. NaN where the eyes fall together.
    """
    across = (points[:, 1] - points[:, 0]).astype(np.float64)
    nose = points[:, 2] - points[:, :2].mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        degrees = _YAW * (nose * across).sum(axis=1) / (across**2).sum(axis=1)
    return np.where(np.isfinite(degrees), degrees, math.nan).astype(np.float32)


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        # The shorter side of the box, in pixels of the photo.
        "size": Measure(
            "size.v1",
            "too small to decide: {value:.0f} pixels, at least {limit:.0f} are needed",
            "too large to decide: {value:.0f} pixels, at most {limit:.0f}",
            lambda measured: measured.detections.sizes,
        ),
        # The detector's own score, 0 … 1; each detector has a scale of its own.
        "detection": Measure(
            "detection.v1",
            "too uncertain a detection to decide: score {value:.3f}, at least {limit:.3f}",
            "too certain a detection to decide: score {value:.3f}, at most {limit:.3f}",
            lambda measured: measured.detections.scores,
        ),
        "sharpness": Measure(
            "sharpness.v2",
            "too blurred to decide: sharpness {value:.1f}, at least {limit:.1f}",
            "too grainy to decide: sharpness {value:.1f}, at most {limit:.1f}",
            lambda measured: sharpness(measured.grey),
        ),
        "noise": Measure(
            "noise.v1",
            "too smooth to decide: noise is {value:.2f} of the contrast, at least {limit:.2f}",
            "too noisy to decide: noise is {value:.2f} of the contrast, at most {limit:.2f}",
            lambda measured: noise(measured.grey),
        ),
        "light": Measure(
            "light.v1",
            "too dark to decide: its brightest places are {value:.0f} of 255, at least {limit:.0f} are needed",
            "too bright to decide: its brightest places are {value:.0f} of 255, at most {limit:.0f}",
            lambda measured: light(measured.grey),
        ),
        "roll": Measure(
            "roll.v1",
            "too far from upright to decide: turned by {value:.0f}°, at least {limit:.0f}°",
            "too far from upright to decide: turned by {value:.0f}°, at most {limit:.0f}°",
            lambda measured: roll(measured.detections),
        ),
        "yaw": Measure(
            "yaw.v1",
            "turned too far to the side to decide: by about {value:.0f}°, at least {limit:.0f}°",
            "turned too far to the side to decide: by about {value:.0f}°, at most {limit:.0f}°",
            lambda measured: yaw(measured.detections.points),
        ),
        "eyes": Measure(
            "eyes.v2",
            "without eyes that can be seen: {value:.1f}, at least {limit:.1f}",
            "with eyes that are seen too well: {value:.1f}, at most {limit:.1f}",
            lambda measured: seen("eyes", measured.gradients),
        ),
        "mouth": Measure(
            "mouth.v2",
            "without a mouth that can be seen: {value:.1f}, at least {limit:.1f}",
            "with a mouth that is seen too well: {value:.1f}, at most {limit:.1f}",
            lambda measured: seen("mouth", measured.gradients),
        ),
        # ``Cut.shift``.
        "shift": Measure(
            "shift.v1",
            "too well aligned to decide: eyes found twice, {value:.2f} eye distances apart, at least {limit:.2f}",
            "not aligned well enough to decide: eyes found twice, {value:.2f} eye distances apart, at most {limit:.2f}",
        ),
        # ``Embedded.flip``.
        "flip": Measure(
            "flip.v1",
            "too unlike its own mirror image to decide: cosine {value:.3f}, at least {limit:.3f}",
            "too like its own mirror image to decide: cosine {value:.3f}, at most {limit:.3f}",
        ),
    }
)


def measure(image: Image, detections: Detections) -> dict[str, NDArray[np.float32]]:
    """Measure the `detections` of a photo: shape (n,) for each name in `MEASURES` that no stage hands over."""
    measured = Measured(detections, upright_chips(CHIP, image, detections))
    return {name: each.of(measured) for name, each in MEASURES.items() if each.of is not None}


def handed_over(
    *, shift: NDArray[np.float32] | None = None, flip: NDArray[np.float32] | None = None
) -> dict[str, NDArray[np.float32]]:
    """What crop and embedder tell of n faces, by name of the measure; without what a stage does not know."""
    return {name: each for name, each in (("shift", shift), ("flip", flip)) if each is not None}
