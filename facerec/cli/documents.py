"""Values as JSON: how a rate, an operating point, a face or a receipt stands in every document of this program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from facerec.gallery import Enrollment
    from facerec.types import Detections, Identification, OperatingPoint, Rate


def rate(value: Rate) -> dict[str, object]:
    """A rate with its counts and its 95 % interval; null where there were no trials."""
    interval = value.interval()
    return {
        "value": value.value,
        "errors": value.errors,
        "trials": value.trials,
        "effective_trials": value.effective_trials,
        "low": interval.low,
        "high": interval.high,
        "confidence": interval.confidence,
    }


def true_match_rate(value: Rate) -> dict[str, object]:
    """A rate whose count is of true matches, not of errors."""
    return {("matches" if name == "errors" else name): part for name, part in rate(value).items()}


def operating_point(point: OperatingPoint) -> dict[str, object]:
    """A threshold with all that it rests on."""
    return {
        "threshold": point.threshold,
        "target_fmr": point.target_fmr,
        "fmr": rate(point.fmr),
        "fnmr": rate(point.fnmr),
        "data_set": point.data_set,
        "detector": point.detector,
        "alignment": point.alignment,
        "embedder": point.embedder,
        "embedder_digest": point.embedder_digest,
    }


def faces(detections: Detections) -> list[dict[str, object]]:
    """Where the faces of a photo are, best score first."""
    return [
        {"box": _pixels(box), "score": round(float(score), 4), "points": [_pixels(point) for point in points]}
        for box, score, points in zip(detections.boxes, detections.scores, detections.points, strict=True)
    ]


def identification(found: Identification) -> dict[str, object]:
    """Who a face is, or nobody."""
    return {
        "box": _pixels(found.box),
        "name": found.name,
        "score": found.score,
        "decision": found.decision,
        "candidates": [{"name": each.name, "score": each.score} for each in found.candidates],
        "problems": list(found.problems),
    }


def enrollment(done: Enrollment) -> dict[str, object]:
    """What enrolling one person did."""
    return {**record(done), "person": record(done.person)}


def record(value: Any) -> dict[str, object]:  # noqa: ANN401 - any of the gallery's frozen dataclasses
    """A gallery's record (person, sample, receipt, log entry …), field by field."""
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _pixels(values: NDArray[np.float32]) -> list[float]:
    return [round(float(value), 2) for value in values]
