"""What a detector, a crop recipe and an embedder must be for the recognizer to use them.

A detector and a crop are anything that fits the protocol. An embedder is a value, not a subclass: a PyTorch port,
an ONNX file and a model trained here differ only in the function they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.types.photos import Detections, Image

Chips: TypeAlias = NDArray[np.uint8]
"""Aligned face crops: RGB, uint8, shape (n, size, size, 3)."""


class Detector(Protocol):
    """Finds faces."""

    @property
    def name(self) -> str:
        """Name and settings, as they stand in operating points and reports."""
        ...

    def __call__(self, image: Image) -> Detections:
        """The faces of one photo; an empty value where there is none, for any image size."""
        ...

    def batch(self, images: Sequence[Image]) -> list[Detections]:
        """The faces of several photos, sizes may differ; ``batch([x])[0]`` equals ``self(x)``."""
        ...


class Crop(Protocol):
    """A crop recipe: cuts the chips that one embedder was trained on."""

    @property
    def name(self) -> str:
        """Name and version, as it stands in operating points and in the embedder's digest."""
        ...

    @property
    def size(self) -> int:
        """Side of the square chips in pixels."""
        ...

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection; outside the photo is black."""
        ...


@dataclass(frozen=True)
class Embedder:
    """Turns chips into unit vectors whose cosine says how alike two faces are.

    Attributes
    ----------
    name : str
        As on the command line and in reports.
    digest : str
        SHA-256 (hex) over everything that changes the vectors: weights, crop recipe, flip averaging. Galleries and
        operating points are bound to it.
    dimension : int
        Length d of a vector.
    crop : Crop
        The recipe for this embedder's chips.
    forward : callable
        uint8 chips (n, size, size, 3), n ≥ 1 → float32 (n, d), any length; thread-safe.
    """

    name: str
    digest: str
    dimension: int
    crop: Crop
    forward: Callable[[Chips], NDArray[np.float32]]

    def __call__(self, chips: Chips) -> NDArray[np.float32]:
        """Embed `chips`.

        Parameters
        ----------
        chips : ndarray, uint8, shape (n, size, size, 3)
            RGB crops made by ``self.crop``; n may be 0.

        Returns
        -------
        ndarray, float32, shape (n, d)
            Unit length.

        Raises
        ------
        ArgumentError
            If the shape or dtype differs.
        """
        size = self.crop.size
        if chips.dtype != np.uint8 or chips.ndim != 4 or chips.shape[1:] != (size, size, 3):
            message = f"{self.name} needs uint8 chips of shape (n, {size}, {size}, 3); got {chips.dtype} {chips.shape}"
            raise ArgumentError(message)
        if len(chips) == 0:
            return np.empty((0, self.dimension), np.float32)
        vectors = self.forward(chips)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
