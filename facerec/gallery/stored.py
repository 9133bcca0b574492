"""Values as the rows of a gallery hold them: days and times as text, vectors and digests as bytes, details as JSON.

What is stored may be damaged, or forged: every reader raises `DamagedGalleryError` where a value cannot be what it is.
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
from facerec.gallery import sealing
from facerec.gallery.matching import NEVER
from facerec.gallery.records import Sample
from facerec.gallery.rows import SampleRow
from facerec.visible_text import quoted

_Kind = TypeVar("_Kind")

# Of a vector's length: what is enrolled is held to 1e-3 in double precision, and the sum here is of single precision.
_TOLERANCE = 1.01e-3


def checked_vectors(
    blobs: Sequence[bytes], salts: Sequence[bytes | None], seals: Sequence[bytes | None], dimension: int
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """Vectors as an array, float32 (n, d), may be read-only; and which of them, by row, are damaged, and in what.

    Nobody is ever matched by a damaged one: one flipped bit in an exponent makes a vector so long that half of all
    strangers would score 1.
    """
    size = 4 * dimension
    parts = [blob if len(blob) == size else bytes(size) for blob in blobs]
    # Little-endian in the store, whatever the machine; astype copies only where the machine differs.
    found = np.frombuffer(b"".join(parts), "<f4").reshape(len(parts), dimension).astype(np.float32, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.einsum("nd,nd->n", found, found))
    wrong = set(np.flatnonzero(~(np.abs(lengths - 1) <= _TOLERANCE)).tolist())  # a comparison with NaN is false
    broken = set(sealing.broken_seals(salts, blobs, seals))
    return found, {row: _fault(blobs[row], found[row]) for row in sorted(wrong | broken)}


def _fault(blob: bytes, vector: NDArray[np.float32]) -> str:
    if len(blob) != vector.nbytes:
        return f"is not {len(vector)} numbers"
    if not np.isfinite(vector).all():
        return "holds numbers that are not finite"
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return "was changed" if abs(length - 1) <= _TOLERANCE else f"has length {length:.4g}, not 1"


def iso_day(day: date | None) -> str | None:
    """A day as it is stored."""
    return None if day is None else day.isoformat()


def last_day(expires: object) -> int:
    """The ordinal of the last day on which somebody is matched, as it is stored; `NEVER` for no end."""
    if expires is None:
        return NEVER
    if not isinstance(expires, str):
        raise damaged(expires, "a date")
    return parsed(expires, date.fromisoformat, "a date").toordinal()


def as_bytes(vector: NDArray[np.float32]) -> bytes:
    """A vector as it is stored: float32, little-endian."""
    return np.ascontiguousarray(vector, "<f4").tobytes()


def damaged(value: object, wanted: str) -> DamagedGalleryError:
    """The error for a value that is not of the kind that belongs there."""
    return DamagedGalleryError(
        f"the gallery is damaged: {quoted(value)} stands where {wanted} should; restore a backup or an export"
    )


def sample_of_row(row: SampleRow) -> Sample:
    """A row as the value that is handed out."""
    photo = row.photo_sha256.hex() if row.photo_sha256 is not None else None
    box, when = (row.x1, row.y1, row.x2, row.y2), time_of(row.enrolled)
    return Sample(row.number, row.source, box, row.score, when, photo, bool(row.kept), row.matcher)


def time_of(text: str) -> datetime:
    """A time as it is stored, which says its zone."""
    found = parsed(text, datetime.fromisoformat, "a time")
    if found.tzinfo is None:
        raise damaged(text, "a time in UTC")
    return found


def details_of(text: str) -> Mapping[str, object]:
    """The details of a log entry as they are stored, read-only."""
    found = parsed(text, json.loads, "a JSON object")
    if not isinstance(found, dict):
        raise damaged(text, "a JSON object")
    return MappingProxyType(found)


def parsed(text: str, parse: Callable[[str], _Kind], wanted: str) -> _Kind:
    """What `parse` makes of a stored text; `DamagedGalleryError` if it is not what is `wanted`."""
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        raise damaged(text, wanted) from error


def id_bytes(identifier: str | None) -> bytes | None:
    """An id or a digest (hex) as it is stored."""
    return bytes.fromhex(identifier) if identifier is not None else None
