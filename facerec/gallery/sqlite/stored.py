"""Values as a gallery file holds them: ISO 8601 text for days and times, bytes for ids and digests, JSON for details.

A damaged or forged file may hold anything anywhere, so nothing that was read is trusted to be of its kind: every
function raises `DamagedGalleryError` where it is another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facerec.errors import DamagedGalleryError

_Kind = TypeVar("_Kind")


def optional(read: Callable[[object], _Kind], value: object) -> _Kind | None:
    """``read(value)``, or ``None`` where none is stored."""
    return None if value is None else read(value)


def text(value: object) -> str:
    """Text."""
    return _checked(value, str, "text")


def real(value: object) -> float:
    """A number."""
    return float(value) if isinstance(value, int) else _checked(value, float, "a number")


def hexadecimal(value: object) -> str:
    """Bytes as hexadecimal text."""
    return _checked(value, bytes, "bytes").hex()


def day(value: object) -> date:
    """A day."""
    try:
        return date.fromisoformat(text(value))
    except ValueError as error:
        raise damaged(value, "a date") from error


def time(value: object) -> datetime:
    """A time."""
    try:
        return datetime.fromisoformat(text(value))
    except ValueError as error:
        raise damaged(value, "a time") from error


def details(value: object) -> Mapping[str, object]:
    """A JSON object, read-only."""
    try:
        return MappingProxyType(_checked(json.loads(text(value)), dict, "a JSON object"))
    except (ValueError, RecursionError) as error:
        raise damaged(value, "a JSON object") from error


def vectors(blobs: Sequence[object], dimension: int) -> NDArray[np.float32]:
    """Vectors of `dimension` finite numbers as an array, float32 (n, d); may be read-only."""
    parts = [blob for blob in blobs if isinstance(blob, bytes) and len(blob) == 4 * dimension]
    # Little-endian in the file, whatever the machine; astype copies only where the machine differs.
    found = np.frombuffer(b"".join(parts), "<f4").reshape(len(parts), dimension).astype(np.float32, copy=False)
    if len(parts) < len(blobs) or not np.isfinite(found).all():
        message = (
            f"the gallery is damaged: a stored vector has not {dimension} finite numbers; restore a backup or an export"
        )
        raise DamagedGalleryError(message)
    return found


def blob(vector: NDArray[np.float32]) -> bytes:
    """A vector as it is stored."""
    return np.ascontiguousarray(vector, "<f4").tobytes()


def damaged(value: object, wanted: str) -> DamagedGalleryError:
    """The error for a value that is not of the kind that belongs there."""
    shown = repr(value)[:80]
    return DamagedGalleryError(
        f"the gallery is damaged: {shown} stands where {wanted} should; restore a backup or an export"
    )


def _checked(value: object, kind: type[_Kind], wanted: str) -> _Kind:
    if not isinstance(value, kind):
        raise damaged(value, wanted)
    return value
