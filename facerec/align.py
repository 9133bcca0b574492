"""From detections to chips: every embedder gets the crop that it was trained on.

A wrong crop is the most common silent error in face recognition: the vectors look plausible and are worth points of
accuracy less. A crop recipe therefore belongs to an embedder, has a name, and counts in the embedder's digest.

Pixel coordinates have integers at pixel centres, as the detector's and dlib's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from facerec.errors import ArgumentError
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

# InsightFace's template: where eye centres, nose and mouth corners lie in a chip of 112 pixels, image-left first.
_TEMPLATE_SIDE = 112
_TEMPLATE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
_WIDER_SIDE, _WIDER_SHIFT = 128, 8.0


def similarity_transforms(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit rotation, uniform scale and shift from each of n point sets to one target, by least squares.

    Parameters
    ----------
    source : ndarray, float32, shape (n, k, 2)
        x, y of k >= 2 points per set.
    target : ndarray, float32, shape (k, 2)
        Where they should come to lie.

    Returns
    -------
    ndarray, float32, shape (n, 2, 3)
        Matrices M with M @ (x, y, 1) nearest to the target. No reflection. Where all points of a set coincide the
        scale is undefined and the matrix is NaN.

    Raises
    ------
    ArgumentError
        If the shapes do not fit each other.

    Notes
    -----
    With centred points z and w as complex numbers the factor is Σ conj(z) w / Σ |z|².

    References
    ----------
    Umeyama (1991), Least-squares estimation of transformation parameters between two point patterns, PAMI 13(4),
    restricted to the plane and to rotations, where it has this closed form.
    """
    if source.ndim != 3 or target.ndim != 2 or source.shape[1:] != target.shape or target.shape[1] != 2:
        message = f"points must have shapes (n, k, 2) and (k, 2); got {source.shape} and {target.shape}"
        raise ArgumentError(message)
    source_mean = source.mean(axis=1, dtype=np.float64)
    target_mean = target.mean(axis=0, dtype=np.float64)
    z, w = source - source_mean[:, None], target - target_mean
    energy = (z**2).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        real = (z * w).sum(axis=(1, 2)) / energy
        imaginary = (z[..., 0] * w[:, 1] - z[..., 1] * w[:, 0]).sum(axis=1) / energy
    linear = np.stack([np.stack([real, -imaginary], axis=1), np.stack([imaginary, real], axis=1)], axis=1)
    shift = target_mean - np.einsum("nij,nj->ni", linear, source_mean)
    return np.concatenate([linear, shift[:, :, None]], axis=2).astype(np.float32)


def cut_chip(image: Image, transform: NDArray[np.float32], size: int) -> Image:
    """Cut the square chip that `transform` maps the photo to.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)
        RGB photo.
    transform : ndarray, float32, shape (2, 3)
        Similarity from photo to chip, as `similarity_transforms` gives it.
    size : int
        Side of the chip in pixels.

    Returns
    -------
    ndarray, uint8, shape (size, size, 3)
        Bilinear; outside the photo is black. All black if the transform is not finite.

    Notes
    -----
    A face much larger than the chip is first reduced by whole powers of two (box average), so that bilinear
    sampling does not skip pixels. Only the part of the photo under the chip is touched.
    """
    black = np.zeros((size, size, 3), np.uint8)
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    if not np.isfinite(transform).all() or scale == 0:
        return black
    to_photo = np.linalg.inv(np.vstack([transform.astype(np.float64), [0, 0, 1]]))[:2]
    corners = to_photo @ np.array([[0, size, 0, size], [0, 0, size, size], [1, 1, 1, 1]], np.float64)
    margin = 2 + 2 / scale
    left, top = np.maximum(np.floor(corners.min(axis=1) - margin), 0).astype(int)
    right, bottom = np.minimum(np.ceil(corners.max(axis=1) + margin), image.shape[1::-1]).astype(int)
    if left >= right or top >= bottom:
        return black

    part = PIL.Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    factor = 2 ** max(0, int(np.floor(np.log2(1 / scale))))
    factor = max(1, min(factor, *part.size))
    if factor > 1:
        part = part.reduce(factor)
    # Pillow counts from pixel edges, half a pixel before the centres that the transforms count from.
    linear = to_photo[:, :2]
    shift = to_photo[:, 2] - linear.sum(axis=1) / 2 + 0.5 - (left, top)
    (a, b), (d, e) = linear / factor
    c, f = shift / factor
    return np.asarray(
        part.transform((size, size), PIL.Image.Transform.AFFINE, (a, b, c, d, e, f), PIL.Image.Resampling.BILINEAR)
    )


class LandmarkFinder(Protocol):
    """Finds five landmarks in each face box; ``facerec.landmarks.LandmarkTrees`` is one."""

    def __call__(self, image: Image, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Landmarks (n, 5, 2) in pixels for boxes (n, 4)."""
        ...


@dataclass(frozen=True)
class DlibChip:
    """dlib's face chip: 150 pixels, a margin of a quarter, aligned by the corners of the eyes and the nose.

    Attributes
    ----------
    trees : callable
        Finds dlib's five landmarks in a face box.
    """

    trees: LandmarkFinder
    size: int = _DLIB_CHIP
    name: str = "dlib-5pt-chip-150.v1"

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection; shape (n, 150, 150, 3).

        The detector's points only place the square in which the trees then look for landmarks of their own.
        """
        landmarks = self.trees(image, tree_squares(detections.points))
        transforms = similarity_transforms(landmarks, _DLIB_POINTS_IN_CHIP)
        chips = [cut_chip(image, transform, self.size) for transform in transforms]
        return np.stack(chips) if chips else np.empty((0, self.size, self.size, 3), np.uint8)


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


def tree_squares(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Face boxes as dlib's detector would place them, from the detector's five points.

    Parameters
    ----------
    points : ndarray, float32, shape (n, 5, 2)
        As in ``Detections.points``.

    Returns
    -------
    ndarray, float32, shape (n, 4)
        Left, top, right, bottom in pixels. Upright squares; the trees cope with turned faces themselves.
    """
    if len(points) == 0:
        return np.empty((0, 4), np.float32)
    # Fitted from the template to the face, so that a face whose points collapsed still gets a finite square.
    to_chip = similarity_transforms(points, _MTCNN_POINTS_IN_CHIP).astype(np.float64)
    scale = np.hypot(to_chip[:, 0, 0], to_chip[:, 1, 0])
    centre = np.linalg.solve(to_chip[:, :, :2], (_TREE_SQUARE_CENTRE - to_chip[:, :, 2])[..., None])[..., 0]
    half = (_TREE_SQUARE_HALF / scale)[:, None]
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
