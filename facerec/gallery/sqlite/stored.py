"""Values as a gallery file holds them: ISO 8601 text for days and times, bytes for ids and digests, JSON for details.

A damaged or forged file may hold anything anywhere, so nothing that was read is trusted to be of its kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facerec.errors import DamagedGalleryError


def day(value: object) -> date | None:
    """A day, or ``None`` where none is stored.

    Raises
    ------
    DamagedGalleryError
        If it cannot be read.
    """
    if value is None:
        return None
    try:
        return date.fromisoformat(text(value))
    except ValueError as error:
        raise damaged(value, "a date") from error


def time(value: object) -> datetime:
    """A time.

    Raises
    ------
    DamagedGalleryError
        If it cannot be read.
    """
    try:
        return datetime.fromisoformat(text(value))
    except ValueError as error:
        raise damaged(value, "a time") from error


def text(value: object) -> str:
    """Text.

    Raises
    ------
    DamagedGalleryError
        If it is something else.
    """
    if not isinstance(value, str):
        raise damaged(value, "text")
    return value


def real(value: object) -> float:
    """A number.

    Raises
    ------
    DamagedGalleryError
        If it is something else.
    """
    if not isinstance(value, int | float):
        raise damaged(value, "a number")
    return float(value)


def hexadecimal(value: object) -> str:
    """Bytes as hexadecimal text.

    Raises
    ------
    DamagedGalleryError
        If it is something else.
    """
    if not isinstance(value, bytes):
        raise damaged(value, "bytes")
    return value.hex()


def details(value: object) -> Mapping[str, object]:
    """A JSON object, read-only.

    Raises
    ------
    DamagedGalleryError
        If it cannot be read.
    """
    try:
        content = json.loads(text(value))
    except (ValueError, RecursionError) as error:
        raise damaged(value, "a JSON object") from error
    if not isinstance(content, dict):
        raise damaged(value, "a JSON object")
    return MappingProxyType(content)


def vectors(blobs: Sequence[object], dimension: int) -> NDArray[np.float32]:
    """Vectors as an array, float32 (n, d); may be read-only.

    Raises
    ------
    DamagedGalleryError
        If one has not `dimension` finite numbers.
    """
    parts = [blob for blob in blobs if isinstance(blob, bytes) and len(blob) == 4 * dimension]
    # Little-endian in the file, whatever the machine; astype copies only where the machine differs.
    found = np.frombuffer(b"".join(parts), "<f4").reshape(len(parts), dimension).astype(np.float32, copy=False)
    if len(parts) < len(blobs) or not np.isfinite(found).all():
        message = (
            f"the gallery is damaged: a stored vector has not {dimension} finite numbers; restore a backup or an export"
        )
        raise DamagedGalleryError(message)
    return found


def damaged(value: object, wanted: str) -> DamagedGalleryError:
    """The error for a value that is not of the kind that belongs there."""
    shown = repr(value)[:80]
    return DamagedGalleryError(
        f"the gallery is damaged: {shown} stands where {wanted} should; restore a backup or an export"
    )
