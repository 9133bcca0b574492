"""Which photos are learned from, chosen on and judged on; and which few of the first make a small training set.

Splits follow from the data and one seed. A part that the data give is kept; classes are cut in the same proportion;
a person is on one side only, because a model that has seen a person recognises the person and not the class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.transfer.image_set import ImageSet


@dataclass(frozen=True, eq=False)
class Splits:
    """Three sets of photos that share none.

    Attributes
    ----------
    train, validation, test : ndarray, int64
        Ascending positions in the image set.
    note : str
        For people: how the parts came about.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    note: str = ""


def split(image_set: ImageSet, *, seed: int, validation: float = 0.2, test: float = 0.25) -> Splits:
    """Cut an image set into train, validation and test."""
    raise NotImplementedError


def nested_shots(labels: NDArray[np.int64], indices: NDArray[np.int64], shots: int, *, draw: int) -> NDArray[np.int64]:
    """Choose `shots` photos per class; more shots of the same draw contain fewer."""
    raise NotImplementedError
