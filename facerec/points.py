"""Operating points as JSON files that people can read, and the rules by which they decide.

A threshold never travels alone.

Each point carries a digest over its values, so that one that was changed since it was written is refused. It tells
accident, not forgery: whoever changes a value on purpose can compute the digest of what it then says.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from facerec.errors import ArgumentError, CalibrationError, DamagedPointError, ModelMismatchError
from facerec.files import read_json, replacing
from facerec.types import ImpostorTail, Matcher, OperatingPoint, Rate
from facerec.types.plain import checked, plain

_FORMAT = "facerec operating points"
_VERSION = 2
_LARGEST = 1 << 26  # bytes of a file, a thousand times those of the points that are shipped
_MOST_TRIALS = 2**53
_RATE = ("value", "errors", "trials", "effective_trials", "low", "high", "confidence")
_POINT = ("data_set", "target_fmr", "threshold", "fmr", "fnmr", "matcher", "asserted_by", "refused", "tail", "digest")
_NUMBERS = re.compile(r"\[\n\s+([^\[\]{}\"]*?)\n\s+\]")  # a line break stands in no text of JSON
_NOW = "restore the file, or measure again: facerec calibrate"


def notes_on(point: OperatingPoint, matcher: Matcher | None) -> tuple[str, ...]:
    """What has to be said where `point` decides about faces or scores of `matcher` (with the gate that judged them).

    A sentence per difference that ``facerec.types.matcher.RULES`` notes, that nothing is known of the matcher (None:
    of scores without a stamp), and who asserted what.

    Raises
    ------
    ModelMismatchError
        If the matchers differ in a part that RULES refuses: the point's error rates do not hold.
    """
    checked(OperatingPoint, "at", point, " (read_points gives a tuple of them)")
    if matcher is None:
        made = f"the operating point {point.name}, measured with {point.matcher.embedder}"
        notes = [f"nothing ties these scores to {made}: the table carries no stamp of the matcher that made them"]
    elif (differences := matcher.differences(point.matcher)).refused:
        message = (
            f"the operating point {point.name} was measured with {point.matcher.embedder} and does not hold for faces "
            f"of {matcher.embedder}: {'; '.join(differences.refused)}. Measure one: facerec calibrate SCORES.csv --fmr "
            f"{point.target_fmr:g}"
        )
        raise ModelMismatchError(message)
    else:
        notes = [f"the operating point was measured with another {difference}" for difference in differences.noted]
    if point.asserted_by:
        notes.append(
            f"asserted by {point.asserted_by}: the scores behind this operating point carry no stamp of "
            f"{(matcher or point.matcher).embedder}"
        )
    return tuple(notes)


def write_points(points: OperatingPoint | Iterable[OperatingPoint], path: str | Path) -> None:
    """Write operating points to a JSON file that people can read; an existing file is replaced as a whole.

    They are sorted by embedder, data set and target, so their order does not matter; `OutputError` if the folder does
    not exist or cannot be written to.
    """
    if isinstance(points, OperatingPoint):
        points = [points]
    ordered = sorted(points, key=order)
    entries = [{**{name: plain(getattr(p, name)) for name in _POINT[:-1]}, "digest": digest_of(p)} for p in ordered]
    document = {"format": _FORMAT, "version": _VERSION, "points": entries}
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)  # a list of numbers is one line
    with replacing(Path(path)) as partial:
        partial.write_bytes(text.encode("utf-8"))


def read_points(path: str | Path) -> tuple[OperatingPoint, ...]:
    """Read the operating points that `write_points` wrote, now or in version 1, in the order of the file.

    Raises
    ------
    CalibrationError
        If the file cannot be read, is not JSON, or is not a file of operating points of a known version.
    DamagedPointError
        If a field is missing, is of the wrong type, or is out of range; the message names the file and the field.
        If a rate contradicts its counts or its target, or a point is not the one that was written, by its digest.

    Notes
    -----
    ``value``, ``low`` and ``high`` of a rate are for readers of the file; the counts are what is read back.
    """
    document = read_json(path, error=CalibrationError, limit=_LARGEST)
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        message = f'{path}: is not a file of operating points; it lacks "format": "{_FORMAT}"'
        raise CalibrationError(message)
    version = document.get("version")
    if isinstance(version, bool) or version not in (1, _VERSION):
        message = f"{path}: has version {version!r:.20}; this release reads versions 1 and {_VERSION}"
        raise CalibrationError(message)
    point = _from_version_1 if version == 1 else _from_json
    entries = _field(document, "points", list, str(path))
    return tuple(point(entry, f"{path}: points[{number}]") for number, entry in enumerate(entries))


def order(point: OperatingPoint) -> tuple[str, str, str, str, float]:
    """By what operating points are sorted, in files and in lists."""
    matcher = point.matcher
    return matcher.embedder, matcher.embedder_digest, point.data_set, matcher.crop, -point.target_fmr


def digest_of(point: OperatingPoint) -> str:
    """SHA-256 over the values of a point, whatever a file of them looks like."""
    tail = point.tail
    values = {
        **{name: float(getattr(point, name)) for name in ("threshold", "target_fmr")},
        **{name: _counts(getattr(point, name)) for name in ("fmr", "fnmr", "refused")},
        **{name: getattr(point, name) for name in ("data_set", "asserted_by")},
        "matcher": point.matcher.text,
        "tail": tail and [*map(list, (tail.scores, tail.errors, tail.effective_trials)), tail.trials],
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def _counts(rate: Rate | None) -> list[Any] | None:
    if rate is None:
        return None
    effective = rate.effective_trials
    return [int(rate.errors), int(rate.trials), None if effective is None else float(effective)]


def _from_json(entry: Any, where: str) -> OperatingPoint:  # noqa: ANN401 - checked here
    _exactly(entry, _POINT, where)
    matcher = _field(entry, "matcher", dict, where)
    names = [field.name for field in fields(Matcher)]
    _exactly(matcher, names, f"{where}.matcher")
    point = _point(
        entry,
        where,
        matcher={name: _field(matcher, name, str, f"{where}.matcher") for name in names},
        every=True,
        asserted_by=_field(entry, "asserted_by", str, where),
        refused=None if entry["refused"] is None else _rate(entry, "refused", where, every=True),
        tail=None if entry["tail"] is None else _tail(_field(entry, "tail", dict, where), f"{where}.tail"),
    )
    if _field(entry, "digest", str, where) != digest_of(point):
        message = f"{where} ({point.name}) is not as it was written: its values do not give its digest; {_NOW}"
        raise DamagedPointError(message)
    return point


def _from_version_1(entry: object, where: str) -> OperatingPoint:
    """Version 1 named the stages one by one, knew one similarity, and did not record the gate."""
    names = {"detector": "detector", "crop": "alignment", "embedder": "embedder", "embedder_digest": "embedder_digest"}
    stages = {part: _field(entry, name, str, where) for part, name in names.items()}
    return _point(entry, where, {**stages, "similarity": "cosine.v1", "gate": "not recorded"}, every=False)


def _point(entry: object, where: str, matcher: dict[str, str], *, every: bool, **more: Any) -> OperatingPoint:  # noqa: ANN401 - fields of a point
    threshold = _number(entry, "threshold", where, low=-1, high=1)
    target = _number(entry, "target_fmr", where, low=0, high=1)
    fmr, fnmr = (_rate(entry, name, where, every=every) for name in ("fmr", "fnmr"))
    data_set = _field(entry, "data_set", str, where)
    try:
        return OperatingPoint(threshold, target, fmr, fnmr, data_set, Matcher(**matcher), **more)
    except ArgumentError as problem:
        message = f"{where}: {problem}; {_NOW}"
        raise DamagedPointError(message) from problem


def _rate(entry: object, name: str, where: str, *, every: bool) -> Rate:
    """A rate by its counts; `every`: with all that readers of the file are told, and nothing else."""
    told, where = _field(entry, name, dict, where), f"{where}.{name}"
    if every:
        _exactly(told, _RATE, where)
    errors, trials = (_whole(told, each, where) for each in ("errors", "trials"))
    effective = None
    if told.get("effective_trials") is not None:
        # One at least: no design makes comparisons worth less than a single one.
        effective = _number(told, "effective_trials", where, low=min(trials, 0.99), high=trials)
    try:
        rate = Rate(errors, trials, effective)
    except ArgumentError as problem:
        message = f"{where}: {problem}"
        raise DamagedPointError(message) from problem
    extreme = trials > 0 and errors in (0, trials)  # points of facerec 0.1 have Wilson's bounds there
    for each, value in rate.to_dict().items():
        if extreme and each in ("low", "high") and each in told:
            _number(told, each, where, low=0, high=1)
            continue
        if each in told and not _same(told[each], value):
            message = f"{where}.{each} is {told[each]!r:.40}, which contradicts its counts, that give {value}; {_NOW}"
            raise DamagedPointError(message)
    return rate


def _tail(entry: dict[str, Any], where: str) -> ImpostorTail:
    names = [field.name for field in fields(ImpostorTail)]
    _exactly(entry, names, where)
    trials = _whole(entry, "trials", where)
    scores, errors, effective = (dict(enumerate(_field(entry, name, list, where))) for name in names[:3])
    least = min(trials, 0.99)
    found = (
        tuple(_number(scores, place, f"{where}.scores", low=-1, high=1) for place in scores),
        tuple(_whole(errors, place, f"{where}.errors") for place in errors),
        tuple(_number(effective, at, f"{where}.effective_trials", low=least, high=trials) for at in effective),
    )
    try:
        return ImpostorTail(*found, trials)
    except ArgumentError as problem:
        message = f"{where}: {problem}; {_NOW}"
        raise DamagedPointError(message) from problem


def _same(told: object, value: float | None) -> bool:
    if told is None or value is None:
        return told is value
    number = isinstance(told, int | float) and not isinstance(told, bool) and abs(told) <= _MOST_TRIALS
    return number and math.isclose(float(told), value, rel_tol=1e-9, abs_tol=1e-12)  # type: ignore[arg-type]


def _whole(entry: object, name: str | int, where: str) -> int:
    value = _field(entry, name, int, where)
    if not 0 <= value <= _MOST_TRIALS:
        message = f"{where}.{name} must lie within 0 … {_MOST_TRIALS:,}; it is {value if value < 0 else 'larger'}"
        raise DamagedPointError(message)
    return int(value)


def _number(entry: object, name: str | int, where: str, *, low: float, high: float) -> float:
    value = _field(entry, name, (int, float), where)
    if not low <= value <= high * (1 + 1e-12):
        message = f"{where}.{name} must lie within {low:g} … {high:g}; it is {value!r:.40}"
        raise DamagedPointError(message)
    return float(value)


def _exactly(entry: object, names: Collection[str], where: str) -> None:
    """Refuse an object that lacks one of these fields or has another."""
    if not isinstance(entry, dict):
        return  # `_field` says what is wrong
    if absent := [name for name in names if name not in entry]:
        message = f"{where}: the field {absent[0]!r} is missing"
        raise DamagedPointError(message)
    if other := [name for name in entry if name not in names]:
        message = f"{where}: the field {other[0]!r:.40} is none of {', '.join(names)}; {_NOW}"
        raise DamagedPointError(message)


def _field(entry: object, name: str | int, kind: type | tuple[type, ...], where: str) -> Any:  # noqa: ANN401 - `kind` says
    if not isinstance(entry, dict) or name not in entry:
        message = f"{where}: the field {name!r} is missing"
        raise DamagedPointError(message)
    value = entry[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        words = {str: "text", int: "a whole number", dict: "an object", list: "a list"}
        expected = "a number" if isinstance(kind, tuple) else words[kind]
        message = f"{where}.{name} must be {expected}; it is {value!r:.120}"
        raise DamagedPointError(message)
    if isinstance(value, str) and not value.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in value):
        message = f"{where}.{name} holds half a letter, which is no text: {value!r:.120}"
        raise DamagedPointError(message)
    return value
