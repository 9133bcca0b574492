"""dlib's face chip: the crop that the default embedder was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from facerec.align.transforms import cut_chip, similarity_transforms
from facerec.types import Chips, Detections, Image

# Where dlib's own chip transform puts MTCNN's five points in a 150-pixel chip: medians over 170 faces.
_MTCNN_POINTS_IN_CHIP = np.array(
    [[47.67, 46.02], [102.29, 46.08], [74.42, 78.45], [49.76, 103.19], [100.81, 103.49]], np.float32
)
# The face box that dlib's detector would have given to the trees, in the same frame: centre, and half a side.
_TREE_SQUARE_CENTRE = np.array([72.6, 73.5], np.float32)
_TREE_SQUARE_HALF = 129.7 / 2

# dlib's mean landmarks in the unit square (get_face_chip_details), and the margin it adds around that square.
_DLIB_MEAN_POINTS = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_DLIB_PADDING = 0.25
_DLIB_CHIP = 150
_DLIB_POINTS_IN_CHIP = (_DLIB_CHIP * (_DLIB_MEAN_POINTS + _DLIB_PADDING) / (1 + 2 * _DLIB_PADDING)).astype(np.float32)


class LandmarkFinder(Protocol):
    """Finds five landmarks in each face box; ``facerec.align.landmarks.LandmarkTrees`` is one."""

    def __call__(self, image: Image, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Landmarks (n, 5, 2) in pixels for boxes (n, 4)."""
        ...


@dataclass(frozen=True)
class DlibChip:
    """dlib's face chip: 150 pixels, a margin of a quarter, aligned by the five landmarks that `trees` find."""

    trees: LandmarkFinder
    size: ClassVar[int] = _DLIB_CHIP
    name: ClassVar[str] = "dlib-5pt-chip-150.v1"
    points_convention: ClassVar[str] = "mtcnn-5.v1"

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection; shape (n, 150, 150, 3).

        The detector's points only place the square in which the trees then look for landmarks of their own.
        """
        landmarks = self.trees(image, tree_squares(detections.points))
        transforms = similarity_transforms(landmarks, _DLIB_POINTS_IN_CHIP)
        chips = [cut_chip(image, transform, self.size) for transform in transforms]
        return np.stack(chips) if chips else np.empty((0, self.size, self.size, 3), np.uint8)


def tree_squares(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Upright face boxes (n, 4) in pixels as dlib's detector would place them, from the detector's points (n, 5, 2).

    The trees cope with turned faces themselves.
    """
    if len(points) == 0:
        return np.empty((0, 4), np.float32)
    # Fitted from the template to the face, so that a face whose points collapsed still gets a finite square.
    to_chip = similarity_transforms(points, _MTCNN_POINTS_IN_CHIP).astype(np.float64)
    scale = np.hypot(to_chip[:, 0, 0], to_chip[:, 1, 0])
    centre = np.linalg.solve(to_chip[:, :, :2], (_TREE_SQUARE_CENTRE - to_chip[:, :, 2])[..., None])[..., 0]
    half = (_TREE_SQUARE_HALF / scale)[:, None]
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
