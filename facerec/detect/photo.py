"""What every detector asks of a photo."""

from __future__ import annotations

import numpy as np

from facerec.errors import ArgumentError
from facerec.types import Image


def check_photo(image: Image) -> None:
    """Raise `ArgumentError` unless `image` is RGB, uint8, of shape (height, width, 3)."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        message = f"a photo must be uint8 of shape (height, width, 3); got {image.dtype} {image.shape}"
        raise ArgumentError(message)
