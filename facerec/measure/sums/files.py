"""Sums as a file: arrays in NumPy's own format (``.npz``, no pickle), what they were made with as JSON beside them.

A file holds the names of people, as the table had them, and how each fared: it is as personal as the table.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ScoreTableError
from facerec.files import open_regular, replacing
from facerec.measure.sums.counts import Counts
from facerec.measure.sums.value import VERSION, CellSums, ComparisonSums, Couples, Limits, Made, Repeats, Scores, Source

FORMAT = "facerec sums of comparisons"
_BROKEN = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error),
)
_COUNTS = {"cells": (1, 3), "takes": (3, 3), "couples": (3, 3), "erred": (3, 1), "scores": (2, 1)}


def write_sums(sums: ComparisonSums, path: Path) -> None:
    """Write sums in the place of a file that is there; `OutputError` if the folder does not exist or cannot be written.

    The same sums give the same bytes.
    """
    arrays = _arrays(sums)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "made": asdict(sums.made),
        "limits": asdict(sums.limits),
        "ends": [repr(sums.lowest), repr(sums.highest)],
        "sources": [[each.digest, each.first, each.last] for each in sums.sources],
        "groupings": [
            {"by": each.by, "sides": each.sides, "levels": [each.couples.level, each.erred.level, each.scores.level]}
            for each in sums.groupings
        ],
        "photos": sums.photos is not None,
        "repeats": sums.repeats.level,
    }
    header["sha256"] = _digest(arrays, header)
    told = np.frombuffer(json.dumps(header, allow_nan=True).encode(), np.uint8)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, header=told, **arrays)


def read_sums(path: Path) -> ComparisonSums:
    """Read what `write_sums` wrote; `ScoreTableError` if the file is missing, of another kind or version, damaged."""
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as found:
            header = json.loads(bytes(found["header"]))
            arrays = {name: found[name] for name in found.files if name != "header"}
        wrong = _wrong(header, arrays)
        sums = None if wrong else _sums(header, arrays)
    except OSError as problem:
        message = f"{path}: cannot be read: {problem.strerror or problem}"
        raise ScoreTableError(message) from problem
    except _BROKEN as problem:
        message = f"{path}: holds no sums of comparisons, or is damaged; facerec audit part writes them"
        raise ScoreTableError(message) from problem
    if sums is None:
        message = f"{path}: {wrong}"
        raise ScoreTableError(message)
    return sums


def _wrong(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> str:
    """What keeps a file from being read; empty: nothing."""
    if header.get("format") != FORMAT:
        return "holds no sums of comparisons; facerec audit part writes them"
    if header["version"] != VERSION:
        return f"was made by another version ({header['version']}, and this reads {VERSION}); make it anew"
    if header.pop("sha256") != _digest(arrays, header):
        return "is damaged: its counts are not those that were written; make it anew"
    return ""


def content_digest(sums: ComparisonSums) -> str:
    """SHA-256 of what was counted; the same of equal sums, whatever they were counted from."""
    return _digest(_arrays(sums), {})


def _arrays(sums: ComparisonSums) -> dict[str, NDArray[Any]]:
    names = [str(name).encode() for name in sums.people]
    arrays: dict[str, NDArray[Any]] = {
        "names": np.frombuffer(b"".join(names), np.uint8),
        "lengths": np.array(list(map(len, names)), np.int64),
    }
    if sums.photos is not None:
        arrays["photos"] = sums.photos
    arrays["repeats_keys"], arrays["repeats"] = sums.repeats.counts.keys, sums.repeats.counts.counts
    for place, each in enumerate(sums.groupings):
        tables = (each.cells, each.takes, each.couples.counts, each.erred.counts, each.scores.counts)
        for name, counts in zip(_COUNTS, tables, strict=True):
            arrays[f"{name}_keys_{place}"], arrays[f"{name}_{place}"] = counts.keys, counts.counts
    return arrays


def _sums(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> ComparisonSums:
    told = dict(header["made"])
    for name in ("columns", "notes", "tied"):
        told[name] = tuple(told[name])
    calibration = told["calibration"]
    told["calibration"] = None if calibration is None else tuple(calibration)
    ends = np.cumsum(arrays["lengths"])
    joined = bytes(arrays["names"])
    names = [joined[end - length : end].decode() for end, length in zip(ends, arrays["lengths"], strict=True)]
    groupings = []
    for place, each in enumerate(header["groupings"]):
        found = []
        for name, (keys, counts) in _COUNTS.items():
            table = Counts(arrays[f"{name}_keys_{place}"], arrays[f"{name}_{place}"])
            if table.keys.shape != (keys, len(table)) or table.counts.shape != (counts, len(table)):
                raise ValueError(name)
            found.append(table)
        cells, takes, couples, erred, scores = found
        levels = each["levels"]
        groupings.append(
            CellSums(
                each["by"],
                tuple(map(tuple, each["sides"])),
                cells,
                takes,
                Couples(levels[0], couples),
                Couples(levels[1], erred),
                Scores(levels[2], scores),
            )
        )
    return ComparisonSums(
        Made(**told),
        np.array([*names, None], object)[:-1],
        tuple(groupings),
        float(header["ends"][0]),
        float(header["ends"][1]),
        tuple(Source(*source) for source in header["sources"]),
        Limits(**header["limits"]),
        cast("NDArray[np.int64]", arrays["photos"]) if header["photos"] else None,
        Repeats(header["repeats"], Counts(arrays["repeats_keys"], arrays["repeats"])),
    )


def _digest(arrays: dict[str, NDArray[Any]], header: dict[str, Any]) -> str:
    found = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()
