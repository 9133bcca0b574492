"""Photos of nothing: six textures, made on the spot, for a first run without data.

No photo of ImageNet shows them, no class of it is one of them, and how they are made is known: scale, angle, colours,
light and noise of each are drawn, so that neither colour nor place says what it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facerec.transfer.image_set import ImageSet
from facerec.types import Image

MADE, TEXTURES = "made:", "textures"
"""What a source of made photos begins with, and the set of that name: ``made:textures``."""

PER_CLASS, SIDE = 100, 160

_Plane = NDArray[np.float64]


def textures(*, per_class: int = PER_CLASS, seed: int = 0) -> tuple[ImageSet, list[str]]:
    """The photos, with the name of each one's class; the same for the same numbers.

    Parameters
    ----------
    per_class : int
        1 or more.
    seed : int
    """
    names = sorted(_PATTERNS)
    pixels = [_photo(_PATTERNS[name], [seed, place, n]) for place, name in enumerate(names) for n in range(per_class)]
    labels = [name for name in names for _ in range(per_class)]
    image_set = ImageSet(
        name=TEXTURES,
        root=Path(),
        files=tuple(f"{name}/{number:03d}" for name in names for number in range(per_class)),
        labels=np.zeros(len(pixels), np.int64),
        classes=tuple(names),
        parts=("",) * len(pixels),
        digests=tuple(hashlib.sha256(each.tobytes()).hexdigest() for each in pixels),
        pixels=pixels,
    )
    return image_set, labels


def _photo(pattern: Callable[[_Plane, _Plane, np.random.Generator], _Plane], seed: list[int]) -> Image:
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    angle, periods = draw.uniform(0, np.pi), draw.uniform(3, 8)
    u, v = (
        periods * (a * x + b * y) + draw.uniform(0, 1)
        for a, b in ((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle)))
    )
    share = np.clip(pattern(u, v, draw), 0, 1)[..., None]
    first = draw.uniform(40, 215, 3)
    second = first + draw.uniform(-70, 70, 3)
    light = 1 + draw.uniform(-0.4, 0.4) * x + draw.uniform(-0.4, 0.4) * y
    noise = draw.normal(0, draw.uniform(15, 50), (SIDE, SIDE, 1))
    return np.clip((first * share + second * (1 - share)) * light[..., None] + noise, 0, 255).astype(np.uint8)


def _soft(wave: _Plane) -> _Plane:
    """A wave with steep sides, 0 … 1."""
    return 0.5 + 2.5 * wave


def _bricks(u: _Plane, v: _Plane, _draw: np.random.Generator) -> _Plane:
    row = np.floor(v)
    return np.minimum(_soft(np.abs((u / 2 + row / 2) % 1 - 0.5) - 0.06), _soft(np.abs(v % 1 - 0.5) - 0.1))


def _checks(u: _Plane, v: _Plane, _draw: np.random.Generator) -> _Plane:
    return _soft(np.sin(2 * np.pi * u) * np.sin(2 * np.pi * v))


def _dots(u: _Plane, v: _Plane, draw: np.random.Generator) -> _Plane:
    return _soft(draw.uniform(0.2, 0.38) - np.hypot(u % 1 - 0.5, v % 1 - 0.5))


def _rings(u: _Plane, v: _Plane, draw: np.random.Generator) -> _Plane:
    a, b = draw.uniform(-1, 1, 2)
    return _soft(np.sin(2 * np.pi * np.hypot(u - u.mean() + a, v - v.mean() + b)))


def _stripes(u: _Plane, _v: _Plane, _draw: np.random.Generator) -> _Plane:
    return _soft(np.sin(2 * np.pi * u))


def _waves(u: _Plane, v: _Plane, draw: np.random.Generator) -> _Plane:
    return _soft(np.sin(2 * np.pi * (u + draw.uniform(0.15, 0.3) * np.sin(np.pi * v))))


_PATTERNS = {
    "bricks": _bricks,
    "checks": _checks,
    "dots": _dots,
    "rings": _rings,
    "stripes": _stripes,
    "waves": _waves,
}
