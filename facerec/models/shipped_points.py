"""The operating points that are at hand: those that come with this project, and those of models that were added."""

from __future__ import annotations

import math
from pathlib import Path

from facerec.errors import NoPointError
from facerec.models.weights import added_models, models_folder
from facerec.points import order, read_points
from facerec.types import OperatingPoint

# An installed library has the files beside its code, a checkout in data/, where people look for them.
_FOLDERS = (Path(__file__).parents[1] / "_calibration", Path(__file__).parents[2] / "data" / "calibration")


def shipped_points() -> tuple[OperatingPoint, ...]:
    """The operating points that come with this project and with added models, by embedder, data set and target.

    Raises
    ------
    CalibrationError
        If one of the files is damaged.
    """
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    files = [] if folder is None else list(folder.glob("*.json"))
    added = (models_folder() / name / "operating_points.json" for name in added_models())
    files += [file for file in added if file.is_file()]
    return tuple(sorted((point for file in files for point in read_points(file)), key=order))


def shipped_point(embedder_digest: str, target_fmr: float, *, embedder: str = "this embedder") -> OperatingPoint:
    """The operating point that comes with an embedder at exactly that target; there is nothing in between.

    Raises
    ------
    NoPointError
        If there is none; the message calls it `embedder`, says what there is, and how to measure one.
    """
    points = shipped_points()
    for point in points:
        at_target = math.isclose(point.target_fmr, target_fmr, rel_tol=1e-9)
        if at_target and point.matcher.embedder_digest == embedder_digest:
            return point
    available = ", ".join(
        f"FMR {p.target_fmr:g} for {p.matcher.embedder} ({p.matcher.embedder_digest[:12]}…)" for p in points
    )
    message = (
        f"no operating point at FMR {target_fmr:g} is shipped for {embedder} (digest {embedder_digest[:12]}…); "
        f"shipped: {available or 'none'}. Measure one on your own scores: "
        f"facerec calibrate SCORES.csv --fmr {target_fmr:g} --out point.json, then use --at point.json"
    )
    raise NoPointError(message)
