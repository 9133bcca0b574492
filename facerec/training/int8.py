"""An export with 8-bit numbers, and what it costs: half of the people set the ranges, the others measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.embed.onnx_graph import onnx_forward, open_graph
from facerec.training.export import Exportable, Exported, export_int8, pattern_chips
from facerec.training.people import People
from facerec.training.validation_scores import points_of, validation_vectors
from facerec.types import Chips, OperatingPoint

FMRS = (1e-2, 1e-3)
"""The false match rates at which the price is measured."""
_MOST = 256


@dataclass(frozen=True)
class Int8:
    """An 8-bit model and its price.

    Attributes
    ----------
    exported : Exported
    points : tuple of OperatingPoint
        Of the 8-bit model, on the people who measure.
    before : tuple of OperatingPoint
        Of the 32-bit model, on the same people.
    missing : tuple of str
        Why there is no point, for the other rates of `FMRS`.
    """

    exported: Exported
    points: tuple[OperatingPoint, ...]
    before: tuple[OperatingPoint, ...]
    missing: tuple[str, ...]


def trial_chips(people: People | None, source: Exportable) -> Chips:
    """Chips to compare an export with its source on: real ones, evenly taken, where there are any, else patterns."""
    if people is None:
        return pattern_chips(source.crop)
    return people.chips.take(np.linspace(0, len(people.chips) - 1, min(64, len(people.chips))).astype(np.int64))


def measured_int8(source: Exportable, exported: Exported, people: People, *, name: str) -> Int8:
    """Export with 8-bit numbers and measure operating points on people who did not set the ranges.

    Parameters
    ----------
    source : Exportable
    exported : Exported
        From ``export_float``.
    people : People
        Every other one sets ranges.
    name : str
        Of the 8-bit model.

    Raises
    ------
    ArgumentError, WeightsError
        As ``export_int8``.
    """
    odd = people.labels % 2 == 1
    ranges, measured = np.flatnonzero(~odd), np.flatnonzero(odd)
    calibration, trial = (people.chips.take(_some(half)) for half in (ranges, measured))
    small = export_int8(source, exported, name=name, calibration=calibration, trial=trial)
    points, missing = _points(small, people, measured)
    before, _ = _points(exported, people, measured)
    return Int8(small, points, before, missing)


def _some(photos: NDArray[np.int64]) -> NDArray[np.int64]:
    """So many at most, evenly taken: the first ones would be of few people."""
    return photos[np.linspace(0, len(photos) - 1, min(_MOST, len(photos))).astype(np.int64)]


def _points(
    exported: Exported, people: People, photos: NDArray[np.int64]
) -> tuple[tuple[OperatingPoint, ...], tuple[str, ...]]:
    about = exported.description
    graph = open_graph(exported.contents, name=about.name, size=about.pixels.size or people.chips.size)
    vectors = validation_vectors(onnx_forward(graph, about.pixels, flip=about.flip), people, photos)
    whose = "other than those who set the ranges of the 8-bit numbers"
    return points_of(vectors, people, photos, about, FMRS, whose=whose)
