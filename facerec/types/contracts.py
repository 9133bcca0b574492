"""What a detector, a crop recipe and an embedder must be for the recognizer to use them.

A detector and a crop are anything that fits the protocol. An embedder is a value, not a subclass: a PyTorch port,
an ONNX file and a model trained here differ only in the function they hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ModelMismatchError, WeightsError
from facerec.types.photos import Detections, Image

Chips: TypeAlias = NDArray[np.uint8]
"""Aligned face crops: RGB, uint8, shape (n, size, size, 3)."""


class Detector(Protocol):
    """Finds faces."""

    @property
    def name(self) -> str:
        """Name and settings, as they stand in operating points and reports."""

    @property
    def points_convention(self) -> str:
        """Which places of a face its five points mean, with a version; see `Crop.points_convention`."""

    def __call__(self, image: Image) -> Detections:
        """The faces of one photo; an empty value where there is none, for any image size."""


class Crop(Protocol):
    """A crop recipe: cuts the chips that one embedder was trained on."""

    @property
    def name(self) -> str:
        """Name and version, as it stands in operating points and in the embedder's digest."""

    @property
    def size(self) -> int:
        """Side of the square chips in pixels."""

    @property
    def points_convention(self) -> str | None:
        """The convention of points that it was fitted to, to the pixel; ``None`` where any eyes, nose and mouth do."""

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection; outside the photo is black."""


class Embedded(NamedTuple):
    """What `Embedder.embed` makes of n chips.

    `vectors` are of unit length, float32 (n, d). `flip`, float32 (n,), is flip consistency: the cosine of the vectors
    of a chip and of its mirror image, -1 … 1; ``None`` of an embedder that does not look at mirror images.
    """

    vectors: NDArray[np.float32]
    flip: NDArray[np.float32] | None


class Cut(NamedTuple):
    """What a crop recipe makes of n detections.

    `chips` are uint8, (n, size, size, 3). `shift`, float32 (n,), says how far eyes that the recipe finds itself lie
    from the detector's, in distances between the eyes; ``None`` of a recipe that finds none. Where a face is turned,
    cut off or imagined, the two disagree.
    """

    chips: Chips
    shift: NDArray[np.float32] | None = None


@runtime_checkable
class LandmarkCrop(Crop, Protocol):
    """A crop recipe that finds landmarks of its own."""

    def cut(self, image: Image, detections: Detections) -> Cut:
        """Its chips, and how far its landmarks lie from the detector's."""


def cut(crop: Crop, image: Image, detections: Detections) -> Cut:
    """What `crop` makes of the `detections` of a photo, with all that it tells."""
    return crop.cut(image, detections) if isinstance(crop, LandmarkCrop) else Cut(crop(image, detections))


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
    loader : callable, optional
        Makes it anew. With one it pickles, also where `forward` does not: another process loads the files again.
    mirrored : bool
        `forward` gives the sum of two unit vectors, of the chip and of its mirror image: its length tells how alike
        the two are, `Embedded.flip`.
    runtime : str, optional
        What computes it where that is not what its name says by itself: evidence names it. It changes no vector beyond
        rounding, and so is no part of the digest.
    """

    name: str
    digest: str
    dimension: int
    crop: Crop
    forward: Callable[[Chips], NDArray[np.float32]]
    loader: Callable[[], Embedder] | None = field(default=None, repr=False, compare=False)
    mirrored: bool = False
    runtime: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self.loader is None:
            made = (self.name, self.digest, self.dimension, self.crop, self.forward, None, self.mirrored, self.runtime)
            return Embedder, made
        return _loaded_again, (self.loader, self.digest)

    def __call__(self, chips: Chips) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d), of `chips` that ``self.crop`` made: RGB, uint8, (n, size, size, 3), n may be 0.

        Errors as of `embed`.
        """
        return self.embed(chips).vectors

    def embed(self, chips: Chips) -> Embedded:
        """As a call, with what the pass itself tells of each chip.

        `ArgumentError` if their shape or dtype differs; `WeightsError` if the function does not give a finite vector of
        the stated dimension for each, which no decision may rest on.
        """
        size = self.crop.size
        if chips.dtype != np.uint8 or chips.ndim != 4 or chips.shape[1:] != (size, size, 3):
            message = f"{self.name} needs uint8 chips of shape (n, {size}, {size}, 3); got {chips.dtype} {chips.shape}"
            raise ArgumentError(message)
        if len(chips) == 0:
            nothing = np.empty(0, np.float32)
            return Embedded(nothing.reshape(0, self.dimension), nothing if self.mirrored else None)
        vectors = np.asarray(self.forward(chips))
        if vectors.shape != (len(chips), self.dimension):
            message = f"{self.name} must give vectors of shape ({len(chips)}, {self.dimension}); got {vectors.shape}"
            raise WeightsError(message)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            message = f"{self.name} gives a vector without a direction (zeros, or no numbers); nothing compares with it"
            raise WeightsError(message)
        # |a + b|² = 2 + 2 cos for two vectors of unit length.
        flip = lengths[:, 0] ** 2 / 2 - 1 if self.mirrored else None
        return Embedded(vectors / lengths, flip)


def _loaded_again(loader: Callable[[], Embedder], digest: str) -> Embedder:
    """The embedder of a pickle: the files may have become others since."""
    embedder = loader()
    if embedder.digest != digest:
        message = (
            f"{embedder.name} was pickled with the digest {digest[:12]}…, but its files here make another embedder, "
            f"{embedder.digest[:12]}…; use the same files in both processes"
        )
        raise ModelMismatchError(message)
    return embedder


def runtime_of(detector: Detector, embedder: Embedder) -> str | None:
    """What runs the two, as evidence names it; ``None`` for the default, torch."""
    names = dict.fromkeys((getattr(detector, "runtime", None), embedder.runtime))
    return " and ".join(name for name in names if name is not None) or None


def check_points(detector: Detector, crop: Crop) -> None:
    """Raise `ArgumentError` if `crop` was fitted to other points of a face than `detector` finds."""
    fitted = getattr(crop, "points_convention", None)  # a crop that says nothing was fitted to none
    if fitted is None:
        return
    found = getattr(detector, "points_convention", "points that it does not name")
    if fitted != found:
        message = (
            f"the crop {crop.name} was fitted to the points {fitted}; {detector.name} finds {found}, with which every "
            "chip would be shifted. Use a detector of those points, or an embedder with another crop"
        )
        raise ArgumentError(message)
