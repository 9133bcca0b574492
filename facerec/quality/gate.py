"""The gate: limits to measures, what it says of a face or of two, and which gate judges where nothing else is said."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from facerec.errors import ArgumentError
from facerec.quality.measures import MEASURES
from facerec.types import Face, Matcher
from facerec.types.plain import Value
from facerec.visible_text import quoted, shortened

Limit: TypeAlias = float | tuple[float, float]
"""The least that passes; or the least and the most, either of them infinite where there is none."""

LIMITS: Mapping[str, Limit] = MappingProxyType({"size": 40.0, "detection": 0.85, "sharpness": 8.5})
"""Of a matcher about whose detector, crop and embedder nothing is known."""


def _checked(given: object, of: str) -> Mapping[str, Limit]:
    """`given` as a mapping that nobody can change; `ArgumentError` if it is none of limits by names of measures."""
    if not isinstance(given, Mapping):
        message = f"a gate is given {of} by name, {{'size': 40}} for instance; got {quoted(given)}"
        raise ArgumentError(message)
    limits: dict[str, Limit] = {}
    for name, limit in given.items():
        numbers = limit if isinstance(limit, tuple) else (limit,)
        wrong = [
            each for each in numbers if not isinstance(each, Real) or isinstance(each, bool) or math.isnan(float(each))
        ]
        if name not in MEASURES or wrong or (isinstance(limit, tuple) and (len(limit) != 2 or limit[0] > limit[1])):
            message = (
                f"a gate has {of} for {', '.join(MEASURES)}: the least, or a pair of the least and the most; "
                f"got {quoted(name)}: {quoted(limit)}"
            )
            raise ArgumentError(message)
        least, most = (*map(float, numbers), math.inf)[:2]
        limits[name] = least if most == math.inf else (least, most)
    return MappingProxyType(limits)


def _least_and_most(limit: Limit) -> tuple[float, float]:
    return limit if isinstance(limit, tuple) else (limit, math.inf)


def _named(name: str, limit: Limit) -> str:
    """For example ``size.v1>=40`` or ``-45<=yaw.v1<=45``."""
    recipe, (least, most) = MEASURES[name].recipe, _least_and_most(limit)
    if most == math.inf:
        return f"{recipe}>={least:.12g}"
    return f"{recipe}<={most:.12g}" if least == -math.inf else f"{least:.12g}<={recipe}<={most:.12g}"


@dataclass(frozen=True)
class QualityGate(Value):
    """What a face must have for a decision.

    Attributes
    ----------
    limits : mapping of str to float, or pair of float
        By name of a measure (``facerec.quality.MEASURES``), the least that passes, or the least and the most.
    one_of_two : mapping of str to float, or pair of float
        What at least one of two faces that are compared must have, and each face that is enrolled. Two strangers in
        masks are alike by their masks; a mask and a bare face are not.

    Raises
    ------
    ArgumentError
        If no measure has that name, or a limit is no number.

    Examples
    --------
    >>> QualityGate({"size": 40, "yaw": (-45, 45)}).name
    '-45<=yaw.v1<=45, size.v1>=40'
    """

    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    one_of_two: Mapping[str, Limit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", _checked(self.limits, "limits"))
        object.__setattr__(self, "one_of_two", _checked(self.one_of_two, "limits for one of two faces"))

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def name(self) -> str:
        """For example ``detection.v1>=0.85, sharpness.v2>=8.5, size.v1>=40``; ``none`` where nothing is asked for."""
        parts = sorted(_named(name, limit) for name, limit in self.limits.items())
        parts += sorted(f"one of two {_named(name, limit)}" for name, limit in self.one_of_two.items())
        return ", ".join(parts) or "none"

    def problems(self, face: Face) -> tuple[str, ...]:
        """What is wrong with `face`, in words; empty if it passes. What was not measured does not pass.

        Examples
        --------
        >>> from facerec.testing import made_face
        >>> QualityGate({"size": 40}).problems(made_face("ada", measures={"size": 20}))
        ('the face in ada.jpg is too small to decide: 20 pixels, at least 40 are needed',)
        """
        return tuple(_problems(face, self.limits).values())

    def enrollment_problems(self, face: Face) -> tuple[str, ...]:
        """As `problems`, of a face that is to be enrolled: `one_of_two` holds for it, too."""
        return tuple((_problems(face, self.limits) | _problems(face, self.one_of_two)).values())

    def pair_problems(self, probe: Face, reference: Face) -> tuple[str, ...]:
        """What is wrong with two faces that are compared, in words; empty if nothing is.

        Examples
        --------
        >>> from facerec.testing import made_face
        >>> masked = [made_face(name, measures={"mouth": -3}) for name in ("ada", "bob")]
        >>> gate = QualityGate({}, one_of_two={"mouth": 0})
        >>> gate.pair_problems(masked[0], made_face("bob", measures={"mouth": 3}))
        ()
        >>> gate.pair_problems(*masked)[0]
        'the face in ada.jpg is without a mouth that can be seen: -3.0, at least 0.0; so is the other, and one must do'
        """
        first, second = (_problems(face, self.one_of_two) for face in (probe, reference))
        both = tuple(f"{words}; so is the other, and one must do" for name, words in first.items() if name in second)
        return (*self.problems(probe), *self.problems(reference), *both)


def _problems(face: Face, limits: Mapping[str, Limit]) -> dict[str, str]:
    """What of `limits` a face does not keep, by the name of the measure."""
    found, source = {}, shortened(face.source)
    for name, limit in limits.items():
        value, (least, most) = face.measures.get(name), _least_and_most(limit)
        measure = MEASURES[name]
        if value is None:
            found[name] = f"the {name} of the face in {source} was not measured, and the gate asks for it"
        # In the precision of what is measured, where 0.7 is a little less than in double.
        elif not np.float32(value) >= np.float32(least):
            found[name] = f"the face in {source} is {measure.below.format(value=value, limit=least)}"
        elif not np.float32(value) <= np.float32(most):
            found[name] = f"the face in {source} is {measure.above.format(value=value, limit=most)}"
    return found


DEFAULT_GATE = QualityGate()
"""What judges where nothing else is said, and nothing is known of the matcher's scales: see `default_gate`."""

NO_GATE = QualityGate({})
"""Leaves the gate out, on purpose; evidence and log say so."""


def default_gate(matcher: Matcher) -> QualityGate:  # noqa: ARG001 - one gate for all, until there are measured ones
    """What judges faces of `matcher` where nothing else is said; the gate that `matcher` names has no part in it."""
    return DEFAULT_GATE
