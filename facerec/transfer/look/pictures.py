"""Small images for a page: a gallery of filters or channels."""

from __future__ import annotations

import math

import numpy as np
import PIL.Image
from numpy.typing import NDArray

_GAP = 2
_GROUND = 255


def gallery(tiles: NDArray[np.uint8], *, tile: int = 48, columns: int = 16) -> NDArray[np.uint8]:
    """Lay images out in rows on white, each enlarged or shrunk to `tile` pixels without smoothing.

    Parameters
    ----------
    tiles : ndarray, uint8, shape (n, height, width, 3)
        n >= 1.
    tile : int
        Side of each in pixels.
    columns : int
        Per row.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)

    Examples
    --------
    >>> gallery(np.zeros((5, 3, 3, 3), np.uint8), tile=10, columns=4).shape
    (22, 46, 3)
    """
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    pitch = tile + _GAP
    sheet = np.full((rows * pitch - _GAP, columns * pitch - _GAP, 3), _GROUND, np.uint8)
    for number, each in enumerate(tiles):
        y, x = number // columns * pitch, number % columns * pitch
        shown = PIL.Image.fromarray(each).resize((tile, tile), PIL.Image.Resampling.NEAREST)
        sheet[y : y + tile, x : x + tile] = np.asarray(shown)
    return sheet


def grey(maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn maps (n, height, width) into images (n, height, width, 3): each from its least (black) to its largest."""
    low = maps.min(axis=(1, 2), keepdims=True)
    span = np.maximum(maps.max(axis=(1, 2), keepdims=True) - low, np.float32(1e-12))
    shades = (255 * (maps - low) / span).round().astype(np.uint8)
    return np.repeat(shades[..., None], 3, axis=3)


def overlay(photo: NDArray[np.uint8], strength: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Show `photo` (S, S, 3) darkened and without colour, brightened in orange by `strength` (S, S), 0 … 1."""
    ground = photo.astype(np.float32).mean(axis=2, keepdims=True) * 0.35
    light = np.array([255.0, 150.0, 20.0], np.float32)
    shown = ground + strength[..., None] * (light - ground)
    return shown.round().clip(0, 255).astype(np.uint8)
