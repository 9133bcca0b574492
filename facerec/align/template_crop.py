"""The crop of ArcFace and its kin: five points brought onto a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facerec.align.transforms import cut_chip, similarity_transforms
from facerec.errors import ArgumentError
from facerec.types import Chips, Detections, Image

# InsightFace's template: where eye centres, nose and mouth corners lie in a chip of 112 pixels, image-left first.
_TEMPLATE_SIDE = 112
_TEMPLATE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
_WIDER_SIDE, _WIDER_SHIFT = 128, 8.0


@dataclass(frozen=True)
class TemplateCrop:
    """The crop of ArcFace and its kin: the detector's five points brought onto a template by a similarity.

    Attributes
    ----------
    size : int
        Side of the chip in pixels: a multiple of 112, the template's own side, or of 128, where it is 8 of 128 pixels
        further to the right.

    References
    ----------
    Deng et al. (2019), ArcFace, CVPR; the template as the InsightFace project publishes it.

    Examples
    --------
    >>> TemplateCrop(112).name
    'five-point-112.v1'
    """

    points_convention: ClassVar[str | None] = None
    size: int = _TEMPLATE_SIDE

    def __post_init__(self) -> None:
        if self.size < 1 or (self.size % _TEMPLATE_SIDE and self.size % _WIDER_SIDE):
            message = f"the five-point template is for chips of a multiple of 112 or 128 pixels; got {self.size}"
            raise ArgumentError(message)

    @property
    def name(self) -> str:
        """Name and version."""
        return f"five-point-{self.size}.v1"

    @property
    def points(self) -> NDArray[np.float32]:
        """Where the five points come to lie, float32, shape (5, 2)."""
        if self.size % _TEMPLATE_SIDE == 0:
            return _TEMPLATE_POINTS * np.float32(self.size / _TEMPLATE_SIDE)
        shifted = _TEMPLATE_POINTS + np.array([_WIDER_SHIFT, 0], np.float32)
        return shifted * np.float32(self.size / _WIDER_SIDE)

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection; shape (n, size, size, 3)."""
        transforms = similarity_transforms(detections.points, self.points)
        chips = [cut_chip(image, transform, self.size) for transform in transforms]
        return np.stack(chips) if chips else np.empty((0, self.size, self.size, 3), np.uint8)
