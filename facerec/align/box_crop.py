"""The crop recipe of facenet-pytorch: the detector's box with a margin, resized to a square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import PIL.Image

from facerec.errors import ArgumentError
from facerec.types import Chips, Detections, Image


@dataclass(frozen=True)
class BoxCrop:
    """Crop recipe of facenet-pytorch: the box and a margin, cut at the photo's edges, resized to a square.

    Unlike other recipes it neither turns the face upright nor keeps its aspect, and where the box reaches beyond the
    photo it is cut and not padded: the network was trained on such crops.

    Attributes
    ----------
    size : int
        Side of the square in pixels.
    margin : int
        Width added to the box, both sides together, in pixels of the square.
    """

    points_convention: ClassVar[str | None] = None
    size: int = 160
    margin: int = 14

    def __post_init__(self) -> None:
        if not 0 <= self.margin < self.size:
            message = f"margin must be from 0 to less than the size of {self.size}; got {self.margin}"
            raise ArgumentError(message)

    @property
    def name(self) -> str:
        """Name and version."""
        return f"box-{self.size}-margin-{self.margin} v1"

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection, of which only the boxes count; black where one lies wholly outside the photo."""
        height, width = image.shape[:2]
        chips = np.zeros((len(detections), self.size, self.size, 3), np.uint8)
        for chip, box in zip(chips, detections.boxes.astype(np.float64), strict=True):
            half = self.margin * (box[2:] - box[:2]) / (self.size - self.margin) / 2
            left, top = np.maximum(box[:2] - half, 0).astype(int)
            right, bottom = np.minimum(box[2:] + half, (width, height)).astype(int)
            if left < right and top < bottom:
                cut = PIL.Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
                chip[:] = np.asarray(cut.resize((self.size, self.size), PIL.Image.Resampling.BILINEAR))
        return chips
