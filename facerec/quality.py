"""Which faces can carry a decision: measures by name, and the gate that sets limits to them.

>>> from facerec.quality import QualityGate

A face below the gate still gets a score, but the score does not have the error rates of the operating point. So the
decision is "undecided", with the reason, and never a guess. The limits stand where the rates turn for the worse
(``tests/benchmarks/quality_benchmark.py``); no photo of LFW falls below them.

All measures look at one fixed chip, cut by the detector's five points alone, so that a limit means the same for every
embedder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facerec.align.crops import TemplateCrop
from facerec.align.upright import upright_chips
from facerec.errors import ArgumentError
from facerec.types import Chips, Detections, Face, Image
from facerec.types.plain import Value
from facerec.visible_text import quoted, shortened

LIMITS: Mapping[str, float] = MappingProxyType({"size": 40.0, "detection": 0.85, "sharpness": 8.5})
"""Of the default gate: for MTCNN's scores."""

CHIP = TemplateCrop(112)
"""What sharpness and its kin are measured on."""


@dataclass(frozen=True)
class Measure:
    """One measure of quality.

    `recipe` is its name and version, as it stands in a gate's name; `of` makes one number per face, larger = better,
    from detections and their chips (`CHIP`); `complaint` says of a face that its ``{value}`` is below the ``{limit}``.
    """

    recipe: str
    of: Callable[[Detections, Chips], NDArray[np.float32]]
    complaint: str


def sharpness(chips: Chips) -> NDArray[np.float32]:
    """Variance of the Laplacian of each chip, in grey levels squared; larger is sharper.

    Faces of all sizes are compared at one scale: a small face, enlarged to the chip, is rightly found less sharp.

    References
    ----------
    Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy, ICPR, measure LAP4.
    """
    if not len(chips):
        return np.empty(0, np.float32)
    grey = chips.astype(np.float32).mean(axis=3)
    inner = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
    return laplacian.var(axis=(1, 2))


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        # The shorter side of the box, in pixels of the photo.
        "size": Measure(
            "size.v1",
            lambda detections, _: detections.sizes,
            "too small to decide: {value:.0f} pixels, at least {limit:.0f} are needed",
        ),
        # The detector's own score, 0 … 1; each detector has a scale of its own.
        "detection": Measure(
            "detection.v1",
            lambda detections, _: detections.scores,
            "too uncertain a detection to decide: score {value:.2f}, at least {limit:.2f}",
        ),
        "sharpness": Measure(
            "sharpness.v2",
            lambda _, chips: sharpness(chips),
            "too blurred to decide: sharpness {value:.1f}, at least {limit:.1f}",
        ),
    }
)


def measure(image: Image, detections: Detections) -> dict[str, NDArray[np.float32]]:
    """Measure the `detections` of a photo: shape (n,) for each name in `MEASURES`."""
    chips = upright_chips(CHIP, image, detections)
    return {name: each.of(detections, chips) for name, each in MEASURES.items()}


@dataclass(frozen=True)
class QualityGate(Value):
    """The least that a face must have for a decision: `limits` by name of a measure, ``facerec.quality.MEASURES``.

    Raises
    ------
    ArgumentError
        If no measure has that name, or a limit is no number.
    """

    limits: Mapping[str, float] = field(default_factory=lambda: LIMITS)

    def __post_init__(self) -> None:
        if not isinstance(self.limits, Mapping):
            message = f"a gate is given its limits by name, {{'size': 40}} for instance; got {quoted(self.limits)}"
            raise ArgumentError(message)
        for name, limit in self.limits.items():
            number = isinstance(limit, Real) and not isinstance(limit, bool)
            if name not in MEASURES or not number or math.isnan(limit):
                message = f"a gate has limits for {', '.join(MEASURES)}; got {quoted(name)}: {quoted(limit)}"
                raise ArgumentError(message)
        object.__setattr__(self, "limits", MappingProxyType({name: float(self.limits[name]) for name in self.limits}))

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def name(self) -> str:
        """For example ``detection.v1>=0.85, sharpness.v2>=8.5, size.v1>=40``; ``none`` where nothing is asked for."""
        parts = sorted(f"{MEASURES[name].recipe}>={limit:.12g}" for name, limit in self.limits.items())
        return ", ".join(parts) or "none"

    def problems(self, face: Face) -> tuple[str, ...]:
        """What is wrong with `face`, in words; empty if it passes. What was not measured does not pass.

        Examples
        --------
        >>> from facerec.testing import made_face
        >>> QualityGate({"size": 40}).problems(made_face("ada", measures={"size": 20}))
        ('the face in ada.jpg is too small to decide: 20 pixels, at least 40 are needed',)
        """
        found, source = [], shortened(face.source)
        for name, limit in self.limits.items():
            value = face.measures.get(name)
            if value is None:
                found.append(f"the {name} of the face in {source} was not measured, and the gate asks for it")
            # In the precision of what is measured, where 0.7 is a little less than in double.
            elif not np.float32(value) >= np.float32(limit):
                complaint = MEASURES[name].complaint.format(value=value, limit=limit)
                found.append(f"the face in {source} is {complaint}")
        return tuple(found)


DEFAULT_GATE = QualityGate()
"""What judges where nothing else is said."""

NO_GATE = QualityGate({})
"""Leaves the gate out, on purpose; evidence and log say so."""
