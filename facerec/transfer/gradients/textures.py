"""Images made on the spot for the gradient-flow lab: gratings whose direction and fineness are the class.

The lab needs images that no network knows, that need no download, and of which there are as many as one wants. A
grating can be told from its colours and phase only by filters that answer to directions, which is what the first layer
of an image network learns (see ``facerec transfer look``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.photos.left_out import LeftOut


@dataclass(frozen=True, eq=False)
class LabImages:
    """What the networks of the lab are trained on.

    Attributes
    ----------
    name : str
        For the report.
    images : ndarray, float32, shape (n, 3, S, S)
        Each channel with mean 0 and variance 1 over all images.
    labels : ndarray, int64, shape (n,)
        0 … number of classes - 1.
    classes : tuple of str
    left_out : tuple of LeftOut
        Of photos on the disk.
    """

    name: str
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        n, size = len(self.labels), self.images.shape[-1]
        if self.images.shape != (n, 3, size, size) or size < 8 or size % 4:
            message = f"the lab needs n × 3 × S × S images, S a multiple of 4 from 8 up; got {self.images.shape}"
            raise ArgumentError(message)
        if len(self.classes) < 2 or set(np.unique(self.labels)) != set(range(len(self.classes))):
            message = (
                f"the lab needs two classes or more, each with an image; got labels of {len(self.classes)} classes"
            )
            raise ArgumentError(message)

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return int(self.images.shape[-1])


def textures(number: int = 2048, *, size: int = 16, seed: int = 0) -> LabImages:
    """Make images of ten classes: five directions of a grating, each fine or coarse, in random colours with noise.

    Parameters
    ----------
    number : int
        Images, 20 or more; the classes take turns.
    size : int
        Height and width in pixels, a multiple of 4 from 8 up.
    seed : int
        The same seed gives the same images.

    Raises
    ------
    ArgumentError
        If there are fewer than 20 images, or `size` is no such number.

    Examples
    --------
    >>> made = textures(40, seed=1)
    >>> made.images.shape, len(made.classes)
    ((40, 3, 16, 16), 10)
    """
    if number < 20 or size < 8 or size % 4:
        message = f"textures need 20 images or more and a size that is a multiple of 4 from 8 up; got {number}, {size}"
        raise ArgumentError(message)
    rng = np.random.default_rng(seed)
    labels = np.arange(number, dtype=np.int64) % 10
    angle = (labels % 5) * np.pi / 5 + rng.normal(0, 0.08, number)
    waves = np.where(labels < 5, 0.13, 0.27) * rng.uniform(0.9, 1.1, number)
    phase = rng.uniform(0, 2 * np.pi, number)
    y, x = np.mgrid[:size, :size].astype(np.float64)
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y
    grating = np.sin(2 * np.pi * waves[:, None, None] * along + phase[:, None, None])
    colours = rng.normal(size=(number, 3))
    colours /= np.linalg.norm(colours, axis=1, keepdims=True)
    ground = rng.normal(0, 0.5, (number, 3))
    images = grating[:, None] * colours[:, :, None, None] + ground[:, :, None, None]
    images += rng.normal(0, 0.7, images.shape)
    names = tuple(f"{kind} {36 * turn}°" for kind in ("coarse", "fine") for turn in range(5))
    return LabImages("gratings made on the spot", _standardised(images), labels, names)


def _standardised(images: NDArray[np.float64]) -> NDArray[np.float32]:
    centred = images - images.mean(axis=(0, 2, 3), keepdims=True)
    spread = np.maximum(centred.std(axis=(0, 2, 3), keepdims=True), 1e-6)
    return (centred / spread).astype(np.float32)
