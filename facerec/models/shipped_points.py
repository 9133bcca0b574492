"""The operating points that are at hand: those that come with this project, and those of models that were added."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path

from facerec.errors import CalibrationError, NoPointError
from facerec.files import is_there, read_json
from facerec.models.weights import added_models, models_folder
from facerec.points import order, read_points
from facerec.types import OperatingPoint

DEFAULT_TARGET_FMR = 1e-3
"""The false match rate of the shipped operating point that decides where none is given."""

_DEFAULT_DETECTOR = "mtcnn"

# An installed library has the files beside its code, a checkout in data/, where people look for them.
_FOLDERS = (Path(__file__).parents[1] / "_calibration", Path(__file__).parents[2] / "data" / "calibration")


def shipped_points(embedder_digest: str = "", *, worst_group: bool = False) -> tuple[OperatingPoint, ...]:
    """The operating points that come with this project and with added models, by embedder, data set and target.

    With `worst_group` those of this project whose target holds for the group of people with most false matches.

    Raises
    ------
    CalibrationError
        If a file of this project is damaged, or that of an added model of this digest; another model's is passed over,
        and ``facerec.models.state.added_states`` tells of it.
    """
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    files = [] if folder is None else folder.glob("worst_group/*.json" if worst_group else "*.json")
    points = [point for file in files for point in _read(file)]
    if worst_group:
        return tuple(sorted(points, key=order))
    for file in (models_folder() / name / "operating_points.json" for name in added_models()):
        try:
            points += _read(file) if is_there(file) else ()
        except CalibrationError:
            if _stated_digest(file.with_name("model.json")) == embedder_digest:
                raise
    return tuple(sorted(points, key=order))


def _read(file: Path) -> tuple[OperatingPoint, ...]:
    """The points of a file, read once as long as the file is the same: every decision without a point asks for them."""
    try:
        about = file.stat()
    except OSError:
        return read_points(file)  # whose error says what is wrong
    return _read_once(file, about.st_ino, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=256)
def _read_once(file: Path, *_: int) -> tuple[OperatingPoint, ...]:
    return read_points(file)


def _stated_digest(description: Path) -> object:
    """The digest in a model's description, which may be damaged, too: ``None`` where there is none."""
    try:
        return dict(read_json(description, error=CalibrationError)).get("digest")
    except (CalibrationError, TypeError, ValueError):
        return None


def shipped_point(
    embedder_digest: str,
    target_fmr: float,
    *,
    embedder: str = "this embedder",
    detector: str = _DEFAULT_DETECTOR,
    worst_group: bool = False,
) -> OperatingPoint:
    """The operating point that comes with an embedder at exactly that target; there is nothing in between.

    Of several, the one that was measured with the `detector` (its name, with or without settings), or else with the
    default detector; whoever decides says that it was another one. `worst_group` is as for `shipped_points`.

    Raises
    ------
    NoPointError
        If there is none; the message calls it `embedder`, says what there is, and how to measure one.
    CalibrationError
        If there are several, which only a folder of an earlier version can hold; or as `shipped_points`.
    """
    points = shipped_points(embedder_digest, worst_group=worst_group)
    same = [p for p in points if math.isclose(p.target_fmr, target_fmr, rel_tol=1e-9)]
    same = [point for point in same if point.matcher.embedder_digest == embedder_digest]
    nearness = [_nearness(point.matcher.detector, detector) for point in same]
    same = [point for point, near in zip(same, nearness, strict=True) if near == max(nearness)]
    # One model may be added under two names, each with points of its own.
    found = dict.fromkeys([point for point in same if point.matcher.embedder == embedder] or same)
    if len(found) > 1:
        message = (
            f"{embedder} has {len(found)} operating points at FMR {target_fmr:g}: {', '.join(p.name for p in found)}. "
            f"Choose: facerec models attach {embedder} --points POINTS.json, or --at POINTS.json"
        )
        raise CalibrationError(message)
    if found:
        return next(iter(found))
    shipped = [f"FMR {p.target_fmr:g} for {p.matcher.embedder} ({p.matcher.embedder_digest[:12]}…)" for p in points]
    available = ", ".join(dict.fromkeys(shipped))  # those of several detectors read the same
    of_whom = " of the worst group" if worst_group else ""
    message = (
        f"no operating point at FMR {target_fmr:g}{of_whom} is shipped for {embedder} "
        f"(digest {embedder_digest[:12]}…); "
        f"shipped: {available or 'none'}{_nearest(points, embedder_digest, target_fmr) or '.'} "
        "Measure one on your own scores: "
        f"facerec calibrate SCORES.csv --fmr {target_fmr:g} --out point.json, then use --at point.json"
    )
    raise NoPointError(message)


def _nearest(points: tuple[OperatingPoint, ...], digest: str, target_fmr: float) -> str:
    """A question for the rate, of those that are shipped for this embedder, that may have been meant."""
    rates = {point.target_fmr for point in points if point.matcher.embedder_digest == digest}
    near = min(rates, key=lambda rate: abs(math.log(rate / target_fmr)), default=None) if target_fmr > 0 else None
    return "" if near is None else f"; did you mean {near:g}?"


def _nearness(one: str, other: str) -> int:
    """How near the detector `one` that a point was measured with is to `other`, which finds the faces here."""
    kind = _kind(one)
    return 3 if one == other else 2 if kind == _kind(other) else 1 if kind == _DEFAULT_DETECTOR else 0


def _kind(detector: str) -> str:
    """The name of a detector without versions and settings, and without what looks with it.

    >>> _kind("second-look.v2(sure=0.99, mtcnn.v1(min_face_size=40, mode=fast))")
    'mtcnn'
    """
    recipes = re.findall(r"([a-z-]+)\.v\d", detector)
    return recipes[-1] if recipes else detector
