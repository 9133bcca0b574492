"""What the cascade asks of three networks, whatever runs them: a photo, and boxes of it, answered in numpy arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.types import Image

Mode: TypeAlias = Literal["fast", "exact"]
"""``exact`` samples a photo as facenet-pytorch does; ``fast`` more cheaply."""

STRIP_PIXELS = 1 << 18
"""The first network looks at a photo strip by strip, so that memory does not grow with the photo."""
STRIDE = 2
"""Of the first network, in pixels."""
CELL = 12
"""Side of what one of its outputs looks at, in pixels."""

_Floats: TypeAlias = NDArray[np.float32]
_Pixels: TypeAlias = NDArray[np.int64]


class Proposed(NamedTuple):
    """Cells of the first network's grid of stride 2 that may hold a face.

    `cells`, int64 (n, 2), are x, y; `scores` (n,) are probabilities and `moves` (n, 4) regressions, float32.
    """

    cells: NDArray[np.int64]
    scores: _Floats
    moves: _Floats


class Refined(NamedTuple):
    """The second network's regressions, float32 (n, 4), and probabilities (n,)."""

    moves: _Floats
    scores: _Floats


class Finished(NamedTuple):
    """The third network's regressions (n, 4), points (n, 10; five x, then five y), probabilities (n,); float32."""

    moves: _Floats
    places: _Floats
    scores: _Floats


class Sight(Protocol):
    """One photo as the networks see it; boxes are of whole pixels, int64 (n, 4), none of them empty, n >= 1."""

    def propose(self, scale: float, threshold: float) -> Proposed:
        """Look all over the photo at `scale`; what has a probability of at least `threshold`."""

    def refine(self, pixels: _Pixels) -> Refined:
        """Look at each box with the second network."""

    def finish(self, pixels: _Pixels) -> Finished:
        """Look at each box with the third network."""


Networks: TypeAlias = Callable[[Image], Sight]
"""The three networks, which see a photo, uint8 (height, width, 3); several threads may call it at once."""


def strips(height: int, width: int) -> Iterator[slice]:
    """Rows of a level of that size that the first network looks at together.

    Strips overlap by what one cell sees; the last takes whatever is left, if that is little.
    """
    rows = max(STRIDE, STRIP_PIXELS // width // STRIDE * STRIDE)
    for top in range(0, max(1, height - CELL + 1), rows):
        last = top + rows + CELL > height
        yield slice(top, None if last else top + rows + CELL - STRIDE)
        if last:
            return
