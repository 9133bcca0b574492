"""Scenes whose objects are known: photos of one size, the class of every pixel, a box around every object."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError

BACKGROUND = 0
"""Class of a pixel that belongs to no object; objects are of the classes 1, 2, …"""

IGNORED = 255
"""Class of a pixel that is neither learned from nor judged: borders, crowds, objects without an outline."""

MOST_CLASSES = 254


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of one scene; n may be 0.

    Attributes
    ----------
    boxes : ndarray, float32, shape (n, 4)
        Left, top, right, bottom in pixels of the scene.
    labels : ndarray, int64, shape (n,)
        1 … number of classes.
    crowd : ndarray, bool, shape (n,)
        Regions of many objects that nobody told apart: not learned from, and what is found there is not counted.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]

    def __post_init__(self) -> None:
        n = len(self.labels)
        if self.boxes.shape != (n, 4) or self.crowd.shape != (n,) or (self.boxes[:, 2:] <= self.boxes[:, :2]).any():
            message = f"objects need a label, a box that is not empty and a mark for crowds each; got {n} labels"
            raise ArgumentError(message)

    @property
    def single(self) -> Objects:
        """Without the crowds."""
        return Objects(self.boxes[~self.crowd], self.labels[~self.crowd], self.crowd[~self.crowd])


@dataclass(frozen=True, eq=False)
class Scenes:
    """Labelled scenes of one size.

    Attributes
    ----------
    name : str
        For the report.
    classes : tuple of str
        Of objects; the first one is class 1.
    pixels : ndarray, uint8, shape (n, S, S, 3)
        RGB.
    masks : ndarray, uint8, shape (n, S, S)
        `BACKGROUND`, a class, or `IGNORED`.
    objects : tuple of Objects
        Of each scene.
    train, validation, test : ndarray, int64
        Which scenes are learned from, chosen on, judged on; together all of them, each with one or more.
    outlined : bool
        Whether the masks can be judged; data of boxes alone cannot be segmented.
    made : bool
        Whether they were made on the spot and may be shown to anybody.
    problems : tuple of (str, int)
        What was wrong with the data and skipped, and how often.
    note : str
        How the parts came about.
    """

    name: str
    classes: tuple[str, ...]
    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    objects: tuple[Objects, ...]
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    outlined: bool = True
    made: bool = False
    problems: tuple[tuple[str, int], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        n, size = self.pixels.shape[:2]
        if self.pixels.shape != (n, size, size, 3) or self.masks.shape != (n, size, size) or len(self.objects) != n:
            message = f"scenes are n × S × S × 3 pixels with a mask and objects each; got {self.pixels.shape}"
            raise ArgumentError(message)
        parts = np.concatenate([self.train, self.validation, self.test])
        if not np.array_equal(np.sort(parts), np.arange(n)) or not all(map(len, (self.train, self.validation))):
            message = f"{self.name}: every scene belongs to one part, and no part is empty; got {len(parts)} of {n}"
            raise ArgumentError(message)
        if not 1 <= len(self.classes) <= MOST_CLASSES:
            message = f"{self.name}: scenes have 1 to {MOST_CLASSES} classes of objects; got {len(self.classes)}"
            raise ArgumentError(message)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return int(self.pixels.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that a result depends on."""
        found = hashlib.sha256(repr((self.classes, self.pixels.shape, self.outlined)).encode())
        arrays: Sequence[NDArray[np.generic]] = (self.pixels, self.masks, self.train, self.validation, self.test)
        for array in arrays:
            found.update(np.ascontiguousarray(array).tobytes())
        for each in self.objects:
            found.update(each.boxes.tobytes() + each.labels.tobytes() + each.crowd.tobytes())
        return found.hexdigest()


def parts_of(number: int) -> tuple[int, int]:
    """How many of `number` scenes are chosen on, and how many are judged on: an eighth and a quarter.

    >>> parts_of(256)
    (32, 64)
    """
    return max(1, number // 8), max(1, number // 4)
