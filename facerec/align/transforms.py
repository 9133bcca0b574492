"""Similarity transforms from points to points, and the chips that are cut with them.

Pixel coordinates have integers at pixel centres, as the detector's and dlib's do.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.types import Image

_Number = TypeVar("_Number", bound=np.floating)


def similarity_transforms(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit rotation, uniform scale and shift from each of n point sets to one target, by least squares.

    From points (n, k, 2) and their targets (k, 2), k >= 2, to float32 (n, 2, 3): matrices M with M @ (x, y, 1) nearest
    to the target. No reflection. Where all points of a set coincide the scale is undefined and the matrix is NaN.
    Shapes that do not fit each other are an `ArgumentError`.

    Reference: Umeyama (1991), Least-squares estimation of transformation parameters between two point patterns, PAMI
    13(4), restricted to the plane and to rotations, where it has the closed form of `linear_parts`.
    """
    if source.ndim != 3 or target.ndim != 2 or source.shape[1:] != target.shape or target.shape[1] != 2:
        message = f"points must have shapes (n, k, 2) and (k, 2); got {source.shape} and {target.shape}"
        raise ArgumentError(message)
    source_mean = source.mean(axis=1, dtype=np.float64)
    target_mean = target.mean(axis=0, dtype=np.float64)
    z, w = source - source_mean[:, None], target - target_mean
    with np.errstate(invalid="ignore", divide="ignore"):
        linear = linear_parts(z, w)
    shift = target_mean - np.einsum("nij,nj->ni", linear, source_mean)
    return np.concatenate([linear, shift[:, :, None]], axis=2).astype(np.float32)


def linear_parts(z: NDArray[_Number], w: NDArray[_Number]) -> NDArray[_Number]:
    """Rotation and scale, shape (n, 2, 2), of the similarity from centred points `z` to centred points `w`.

    Each of shape (n, k, 2), or (k, 2) where it is the same for all. Written as complex numbers, the similarity is the
    one factor Σ conj(z) w / Σ |z|².
    """
    energy = (z**2).sum(axis=(-2, -1))
    real = (z * w).sum(axis=(1, 2)) / energy
    imaginary = (z[..., 0] * w[..., 1] - z[..., 1] * w[..., 0]).sum(axis=1) / energy
    return np.stack([np.stack([real, -imaginary], axis=1), np.stack([imaginary, real], axis=1)], axis=1)


def cut_chips(image: Image, points: NDArray[np.float32], target: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """One chip, uint8 (n, size, size, 3), for each set of points (n, k, 2), which come to lie at `target` (k, 2)."""
    chips = np.empty((len(points), size, size, 3), np.uint8)
    for chip, transform in zip(chips, similarity_transforms(points, target), strict=True):
        chip[:] = cut_chip(image, transform, size)
    return chips


def cut_chip(image: Image, transform: NDArray[np.float32], size: int) -> Image:
    """Cut the square chip of `size` pixels that `transform`, float32 (2, 3) from photo to chip, maps the photo to.

    Bilinear; outside the photo is black, and all is if the transform is not finite. A face much larger than the chip is
    first reduced by whole powers of two (box average), so that bilinear sampling does not skip pixels. Only the part of
    the photo under the chip is touched.
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
