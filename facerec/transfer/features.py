"""What a frozen backbone makes of each photo: one pass over the data, fast, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.transfer.backbone import Backbone
from facerec.transfer.image_set import ImageSet

Precision: TypeAlias = Literal["float32", "bfloat16", "auto"]


@dataclass(frozen=True, eq=False)
class Features:
    """A backbone's vectors of some photos.

    Attributes
    ----------
    vectors : ndarray, float32, shape (n, dimension)
        One row per photo.
    key : str
        SHA-256, 64 hexadecimal digits, of all that the vectors depend on.
    seconds : float
        What computing them took; of vectors from the cache, what it took then.
    cached : bool
        Whether they came from the cache.
    """

    vectors: NDArray[np.float32]
    key: str
    seconds: float
    cached: bool


def extract(
    backbone: Backbone,
    image_set: ImageSet,
    *,
    size: int | None = None,
    indices: NDArray[np.int64] | None = None,
    precision: Precision = "float32",
    batch_size: int = 64,
    workers: int | None = None,
    device: str | None = None,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Compute, or find in the cache, the features of photos; `progress` gets (photos done, photos in all)."""
    raise NotImplementedError
