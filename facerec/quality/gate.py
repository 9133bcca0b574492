"""The gate: limits to measures, what it says of a face or of two, and which gate judges where nothing else is said."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from types import MappingProxyType
from typing import Protocol, TypeAlias

import numpy as np

from facerec.align.crops import DlibChip
from facerec.errors import ArgumentError
from facerec.quality.measures import MEASURES
from facerec.types import Face, Matcher
from facerec.types.plain import Value
from facerec.visible_text import quoted, shortened

Limit: TypeAlias = float | tuple[float, float]
"""The least that passes; or the least and the most, either of them infinite where there is none."""

LIMITS: Mapping[str, Limit] = MappingProxyType({"size": 40.0, "detection": 0.85, "sharpness": 8.5})
"""Of a matcher about whose detector, crop and embedder nothing is known."""


class Judged(Protocol):
    """What a gate judges: a `Face`, or what was measured of one that nobody has embedded."""

    @property
    def measures(self) -> Mapping[str, float]:
        """As ``Face.measures``."""

    @property
    def source(self) -> str:
        """As ``Face.source``."""


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


def _checked_margins(given: object) -> Mapping[str, tuple[float, float]]:
    """As `_checked`, of pairs of numbers of which the second is a difference of scores."""
    if not isinstance(given, Mapping) or not all(isinstance(each, tuple) and len(each) == 2 for each in given.values()):
        message = f"a gate is given margins by name, {{'mouth': (3, 0.03)}} for instance; got {quoted(given)}"
        raise ArgumentError(message)
    for place, of in enumerate(("limits of margins", "margins")):
        _checked({name: each[place] for name, each in given.items()}, of)
    if negative := [each for each in given.values() if each[1] < 0]:
        message = f"a margin is a difference of scores, at least 0; got {negative[0][1]:g}"
        raise ArgumentError(message)
    return MappingProxyType({name: (float(least), float(more)) for name, (least, more) in given.items()})


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
    enrolled : mapping of str to float, or pair of float
        What a face that is enrolled must have besides.
    margins : mapping of str to pair of float
        By name of a measure: where two faces have less of it together (the sum) than the first number, they match only
        if their score is by the second number above the threshold; from the threshold up to there, nothing is decided.
        Two strangers in masks are alike by their masks; a mask and a bare face are not.

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
    enrolled: Mapping[str, Limit] = field(default_factory=dict)
    margins: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", _checked(self.limits, "limits"))
        object.__setattr__(self, "enrolled", _checked(self.enrolled, "limits for enrolled faces"))
        object.__setattr__(self, "margins", _checked_margins(self.margins))

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def name(self) -> str:
        """For example ``detection.v1>=0.85, sharpness.v2>=8.5, size.v1>=40``; ``none`` where nothing is asked for."""
        parts = sorted(_named(name, limit) for name, limit in self.limits.items())
        parts += sorted(f"enrolled {_named(name, limit)}" for name, limit in self.enrolled.items())
        both = ((MEASURES[name].recipe, *margin) for name, margin in self.margins.items())
        parts += sorted(f"score+{more:.12g} if both {recipe}<{least:.12g}" for recipe, least, more in both)
        return ", ".join(parts) or "none"

    def problems(self, face: Judged) -> tuple[str, ...]:
        """What is wrong with `face`, in words; empty if it passes. What was not measured does not pass.

        Examples
        --------
        >>> from facerec.testing import made_face
        >>> QualityGate({"size": 40}).problems(made_face("ada", measures={"size": 20}))
        ('the face in ada.jpg is too small to decide: 20 pixels, at least 40 are needed',)
        """
        return tuple(_problems(face, self.limits).values())

    def enrollment_problems(self, face: Judged) -> tuple[str, ...]:
        """As `problems`, of a face that is to be enrolled: what is asked of `enrolled` ones holds for it, too."""
        return tuple((_problems(face, self.limits) | _problems(face, self.enrolled)).values())

    def pair_problems(self, probe: Face, reference: Face, *, above: float) -> tuple[str, ...]:
        """What is wrong with two faces whose score is so far `above` the threshold, in words; empty if nothing is.

        Examples
        --------
        >>> from facerec.testing import made_face
        >>> masked = [made_face(name, measures={"mouth": -3}) for name in ("ada", "bob")]
        >>> gate = QualityGate({}, margins={"mouth": (0, 0.03)})
        >>> gate.pair_problems(masked[0], made_face("bob", measures={"mouth": 4}), above=0.01)
        ()
        >>> gate.pair_problems(*masked, above=0.04), gate.pair_problems(*masked, above=-0.01)
        ((), ())
        >>> gate.pair_problems(*masked, above=0.01)[0].partition(" together")[0]
        'the faces in ada.jpg and bob.jpg have too little mouth'
        """
        found = []
        for name, (least, more) in self.margins.items():
            values = [face.measures.get(name, math.nan) for face in (probe, reference)]
            if not sum(values) >= least and 0 <= above < more:
                both = f"{shortened(probe.source)} and {shortened(reference.source)}"
                found.append(
                    f"the faces in {both} have too little {name} together that can be seen ({sum(values):.1f}; from "
                    f"{least:.1f} on it is enough): covered strangers are alike, so a match needs {more:g} more than "
                    "the threshold"
                )
        return (*self.problems(probe), *self.problems(reference), *found)


def _problems(face: Judged, limits: Mapping[str, Limit]) -> dict[str, str]:
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


_OF_MTCNN: Mapping[str, Limit] = MappingProxyType(
    {**LIMITS, "detection": 0.95, "light": 45.0, "roll": (-45.0, 45.0), "yaw": (-60.0, 60.0)}
)
_ENROLLED: Mapping[str, Limit] = MappingProxyType({"eyes": -1.5, "mouth": 0.0})
_OF_TREES: Mapping[str, Limit] = MappingProxyType({"shift": (-math.inf, 0.18)})
_OF_DLIB_RESNET: Mapping[str, Limit] = MappingProxyType({"flip": 0.965, "noise": (-math.inf, 0.12)})
_MARGINS = MappingProxyType({"eyes": (3.0, 0.02), "mouth": (8.0, 0.03)})
_DLIB_RESNET = "2020ae1a06141a31677ca06dd960785a2ec02f084804fbc17ead92d73e624fbe"


def default_gate(matcher: Matcher) -> QualityGate:
    """What judges faces of `matcher` where nothing else is said; the gate that `matcher` names has no part in it.

    Scores of detectors, the places of their points, how alike a face and its mirror image are, and what a score is
    worth, all have scales of their own: limits to them were chosen for this project's detector, crop and embedder
    (``data/quality``), and hold for those alone. Parts of others are judged by what is left.
    """
    limits = dict(LIMITS)
    enrolled: dict[str, Limit] = {}
    margins: dict[str, tuple[float, float]] = {}
    points_of_mtcnn = "mtcnn.v1(" in matcher.detector
    if points_of_mtcnn:
        limits |= _OF_MTCNN
        enrolled |= _ENROLLED
    if points_of_mtcnn and matcher.crop == DlibChip.name:
        limits |= _OF_TREES
    if matcher.embedder_digest == _DLIB_RESNET:
        limits |= _OF_DLIB_RESNET
        margins |= _MARGINS if points_of_mtcnn else {}
    return QualityGate(limits, enrolled, margins)
