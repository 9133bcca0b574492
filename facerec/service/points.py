"""Operating points by name: what a request may ask for, in place of a bare threshold."""

from __future__ import annotations

import math
from collections.abc import Iterable

from facerec.errors import NoPointError
from facerec.models.shipped_points import shipped_points
from facerec.points import digest_of
from facerec.recognizer import Recognizer
from facerec.types import OperatingPoint
from facerec.visible_text import quoted


class Points:
    """Those that come with the embedder, and those that whoever runs the service gives."""

    def __init__(self, recognizer: Recognizer, given: Iterable[OperatingPoint] = ()) -> None:
        self._recognizer = recognizer
        digest = recognizer.embedder.digest
        shipped = [each for each in shipped_points(digest) if each.matcher.embedder_digest == digest]
        self._given = tuple(given)
        self._by_id = {id_of(point): point for point in (*shipped, *self._given)}

    def all(self) -> tuple[OperatingPoint, ...]:
        """Each once."""
        return tuple(self._by_id.values())

    def named(self, name: str | None, target_fmr: float | None) -> OperatingPoint | None:
        """The point of that id or name, or at that target; ``None`` where the recognizer's own is to decide.

        `NoPointError` if there is none, or several.
        """
        if name is not None and target_fmr is not None:
            message = "an operating point has a target of its own; give operating_point or target_fmr"
            raise NoPointError(message)
        if name is not None:
            return self._called(name)
        given = [each for each in self._given if target_fmr is None or math.isclose(each.target_fmr, target_fmr)]
        if given:  # the first: whoever runs the service measured it for this place
            return given[0]
        return None if target_fmr is None else self._recognizer.operating_point(target_fmr)

    def _called(self, name: str) -> OperatingPoint:
        found = [point for key, point in self._by_id.items() if name in {key, point.name}]
        if len(found) != 1:
            said = f"{len(found)} are called" if found else "none is called"
            message = f"{said} {quoted(name)}; /v1/operating-points lists them with an id of each"
            raise NoPointError(message)
        return found[0]


def id_of(point: OperatingPoint) -> str:
    """What a point is called in addresses: the beginning of its digest."""
    return digest_of(point)[:12]
