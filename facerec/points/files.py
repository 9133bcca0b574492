"""Operating points in JSON files that people can read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from facerec.errors import ArgumentError, CalibrationError
from facerec.files import read_json, replacing
from facerec.types import OperatingPoint, Rate

_FORMAT = "facerec operating points"
_VERSION = 1
_TEXTS = ("data_set", "detector", "alignment", "embedder", "embedder_digest")


def write_points(points: Iterable[OperatingPoint], path: str | Path) -> None:
    """Write operating points to a JSON file that people can read; an existing file is replaced as a whole.

    Parameters
    ----------
    points : iterable of OperatingPoint
        Sorted by embedder, data set and target before they are written, so their order does not matter.
    path : str or Path

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to.
    """
    ordered = sorted(points, key=order)
    document = {"format": _FORMAT, "version": _VERSION, "points": [_as_json(point) for point in ordered]}
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing(Path(path)) as partial:
        partial.write_bytes(text.encode("utf-8"))


def read_points(path: str | Path) -> tuple[OperatingPoint, ...]:
    """Read the operating points that `write_points` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    tuple of OperatingPoint
        In the order of the file.

    Raises
    ------
    CalibrationError
        If the file cannot be read, is not JSON, or is not a file of operating points of a known version.
        If a field is missing, is of the wrong type, or is out of range; the message names the file and the field.

    Notes
    -----
    ``value``, ``low`` and ``high`` of a rate are for readers of the file; the counts are what is read back.
    """
    document = read_json(path, error=CalibrationError)
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        message = f'{path}: is not a file of operating points; it lacks "format": "{_FORMAT}"'
        raise CalibrationError(message)
    if document.get("version") != _VERSION:
        message = f"{path}: has version {document.get('version')!r}; this release reads version {_VERSION}"
        raise CalibrationError(message)
    entries = _field(document, "points", list, str(path))
    return tuple(_from_json(entry, f"{path}: points[{number}]") for number, entry in enumerate(entries))


def order(point: OperatingPoint) -> tuple[str, str, str, str, float]:
    """By what operating points are sorted, in files and in lists."""
    return point.embedder, point.embedder_digest, point.data_set, point.alignment, -point.target_fmr


def _as_json(point: OperatingPoint) -> dict[str, Any]:
    return {
        "target_fmr": point.target_fmr,
        "threshold": point.threshold,
        "fmr": _rate_as_json(point.fmr),
        "fnmr": _rate_as_json(point.fnmr),
        **{name: getattr(point, name) for name in _TEXTS},
    }


def _rate_as_json(rate: Rate) -> dict[str, Any]:
    fields: dict[str, Any] = {"errors": rate.errors, "trials": rate.trials, "effective_trials": rate.effective_trials}
    if rate.trials:  # without trials there is no value, and JSON has no NaN
        interval = rate.interval()
        fields |= {"value": rate.value, "low": interval.low, "high": interval.high, "confidence": interval.confidence}
    return fields


def _from_json(entry: object, where: str) -> OperatingPoint:
    threshold = _number(entry, "threshold", where, low=-1, high=1)
    return OperatingPoint(
        threshold=threshold,
        target_fmr=_number(entry, "target_fmr", where, low=0, high=1),
        fmr=_rate_from_json(_field(entry, "fmr", dict, where), f"{where}.fmr"),
        fnmr=_rate_from_json(_field(entry, "fnmr", dict, where), f"{where}.fnmr"),
        **{name: _field(entry, name, str, where) for name in _TEXTS},
    )


def _rate_from_json(entry: object, where: str) -> Rate:
    effective = None
    if isinstance(entry, dict) and entry.get("effective_trials") is not None:
        effective = _number(entry, "effective_trials", where, low=0, high=math.inf)
    try:
        return Rate(_field(entry, "errors", int, where), _field(entry, "trials", int, where), effective)
    except ArgumentError as problem:
        message = f"{where}: {problem}"
        raise CalibrationError(message) from problem


def _number(entry: object, name: str, where: str, *, low: float, high: float) -> float:
    value = _field(entry, name, (int, float), where)
    if not low <= value <= high or math.isinf(value):
        message = f"{where}.{name} must lie within {low:g} … {high:g}; it is {value}"
        raise CalibrationError(message)
    return float(value)


def _field(entry: object, name: str, kind: type | tuple[type, ...], where: str) -> Any:  # noqa: ANN401 - `kind` says
    if not isinstance(entry, dict) or name not in entry:
        message = f"{where}: the field {name!r} is missing"
        raise CalibrationError(message)
    value = entry[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        words = {str: "text", int: "a whole number", dict: "an object", list: "a list"}
        expected = "a number" if isinstance(kind, tuple) else words[kind]
        message = f"{where}.{name} must be {expected}; it is {value!r}"
        raise CalibrationError(message)
    return value
