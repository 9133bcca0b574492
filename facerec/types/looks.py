"""How a photo was looked at when a face was found in it: turned or not, with a border or without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.types.plain import Value
from facerec.visible_text import quoted

_Number = TypeVar("_Number", bound=np.generic)

QUARTER_TURNS = (0, 90, 180, 270)
"""In degrees, clockwise."""


@dataclass(frozen=True)
class Look(Value):
    """How a face was seen.

    `turned` says by how many degrees, clockwise, the photo had to be turned for the face to stand upright, one of
    `QUARTER_TURNS`; `border` whether it was seen only with a border around the photo.

    >>> str(Look(180, border=True))
    'turned 180°, border added'
    """

    turned: int = 0
    border: bool = False

    def __post_init__(self) -> None:
        if self.turned not in QUARTER_TURNS:
            message = f"a photo is looked at turned by {', '.join(map(str, QUARTER_TURNS))}°; got {quoted(self.turned)}"
            raise ArgumentError(message)

    @classmethod
    def parse(cls, text: str) -> Look:
        """Read what ``str()`` gives; `ArgumentError` if it is something else.

        >>> Look.parse("turned 180°, border added") == Look(180, border=True)
        True
        """
        every = (cls(turned, border) for turned in QUARTER_TURNS for border in (False, True))
        found = next((look for look in every if str(look) == text), None)
        if found is None:
            message = f"a look is said as 'turned 90°, border added', or as nothing; got {quoted(text)}"
            raise ArgumentError(message)
        return found

    def __str__(self) -> str:
        said = [f"turned {self.turned}°"] * (self.turned != 0) + ["border added"] * self.border
        return ", ".join(said)


FIRST_LOOK = Look()
"""At the photo as it is."""


def turned_image(image: NDArray[_Number], degrees: int) -> NDArray[_Number]:
    """The photo turned clockwise by a multiple of 90°."""
    return np.ascontiguousarray(np.rot90(image, -degrees // 90))


def turned_places(places: NDArray[np.float32], degrees: int, width: float, height: float) -> NDArray[np.float32]:
    """Where places, shape (..., 2), x and y within 0 … `width` and 0 … `height`, lie on the photo turned clockwise."""
    x, y = places[..., 0], places[..., 1]
    turns = {0: (x, y), 90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}
    return np.stack(turns[degrees % 360], axis=-1)
