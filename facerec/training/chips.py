"""Aligned faces on disk, in parts: what was aligned before a training was cut off is not aligned again.

A part is a ``.npy`` with the chips of up to 256 photos and a ``.json`` that says which photo gave none, and why. Its
name is a digest over the photos' contents, the detector and the crop recipe, so a part is used only where nothing
changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.arrays import map_array
from facerec.errors import DataSetError, OutputError
from facerec.files import read_json, replacing
from facerec.photos.prefetch import ahead
from facerec.types import Chips

PART = 256
"""Photos per part; 17 MB at 150 pixels."""

Aligned: TypeAlias = NDArray[np.uint8] | str
"""A chip, uint8 (size, size, 3); or why there is none."""


@dataclass(frozen=True, eq=False)
class StoredChips:
    """Chips that lie on disk, read where they are used.

    Attributes
    ----------
    parts : tuple of ndarray
        uint8 (m, size, size, 3) each, mapped into memory.
    places : ndarray, int64, shape (n, 2)
        Part and row of each chip.
    size : int
        Their side in pixels.
    """

    parts: tuple[Chips, ...]
    places: NDArray[np.int64]
    size: int

    def __len__(self) -> int:
        return len(self.places)

    def take(self, indices: NDArray[np.int64]) -> Chips:
        """The chips at `indices`, uint8 (n, size, size, 3)."""
        if not len(indices):
            return np.empty((0, self.size, self.size, 3), np.uint8)
        return np.stack([self.parts[part][row] for part, row in self.places[indices]])


def stored(
    folder: Path,
    digests: Sequence[str],
    align: Callable[[int], Aligned],
    *,
    recipe: str,
    size: int,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[StoredChips, dict[int, str]]:
    """Align photos, or find them aligned.

    Parameters
    ----------
    folder : Path
        Where the parts are kept; made where it is absent.
    digests : sequence of str
        SHA-256 of each photo's contents.
    align : callable
        From a photo's number to its chip, or to why there is none; called in `workers` threads.
    recipe : str
        What, besides the photo, decides the chip: detector, choice of face, crop.
    size : int
        Side of the chips in pixels.
    workers : int
        >= 1.
    progress : callable, optional
        Called with the photos done and the photos in all.

    Returns
    -------
    StoredChips
        Of the photos that have one, in order.
    dict of int to str
        Why the others have none, by number.

    Raises
    ------
    OutputError
        If the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: the folder for aligned faces cannot be made: {error.strerror or error}"
        raise OutputError(message) from error
    parts: list[Chips] = []
    places: list[tuple[int, int]] = []
    failed: dict[int, str] = {}
    for first in range(0, len(digests), PART):
        numbers = range(first, min(first + PART, len(digests)))
        key = hashlib.sha256(json.dumps([recipe, [digests[n] for n in numbers]]).encode()).hexdigest()
        found = _read(folder, key, size)
        if found is None:
            outcomes = ahead(align, numbers, workers=workers, depth=2 * workers)
            _write(folder, key, _told(outcomes, numbers, progress, len(digests)), size)
            found = _read(folder, key, size)
        assert found is not None  # noqa: S101 - for the type checker: it was just written
        chips, reasons = found
        failed |= {first + place: reason for place, reason in reasons.items()}
        rows = (place for place in range(len(numbers)) if place not in reasons)
        places += [(len(parts), row) for row, _ in enumerate(rows)]
        parts.append(chips)
        if progress is not None:
            progress(numbers.stop, len(digests))
    return StoredChips(tuple(parts), np.array(places, np.int64).reshape(-1, 2), size), failed


def _told(
    outcomes: Iterator[Aligned], numbers: range, progress: Callable[[int, int], None] | None, total: int
) -> list[Aligned]:
    taken = []
    for number, outcome in zip(numbers, outcomes, strict=True):
        taken.append(outcome)
        if progress is not None:
            progress(number + 1, total)
    return taken


def _read(folder: Path, key: str, size: int) -> tuple[Chips, dict[int, str]] | None:
    """A part; ``None`` where there is none, or it fails its check."""
    try:
        about = read_json(folder / f"{key}.json", error=DataSetError)
        chips = map_array(folder / f"{key}.npy", error=DataSetError)
        if about["sha256"] != hashlib.sha256(chips.tobytes()).hexdigest() or chips.shape[1:] != (size, size, 3):
            return None
        return chips, {int(place): reason for place, reason in about["without"].items()}
    except (DataSetError, ValueError, KeyError, TypeError, AttributeError):
        return None  # absent, cut off or no such file


def _write(folder: Path, key: str, outcomes: Sequence[Aligned], size: int) -> None:
    found = [each for each in outcomes if not isinstance(each, str)]
    chips = np.stack(found) if found else np.empty((0, size, size, 3), np.uint8)
    with replacing(folder / f"{key}.npy") as partial:
        np.save(partial, chips, allow_pickle=False)
    without = {str(place): each for place, each in enumerate(outcomes) if isinstance(each, str)}
    about = {"sha256": hashlib.sha256(chips.tobytes()).hexdigest(), "without": without}
    with replacing(folder / f"{key}.json") as partial:  # last: it vouches for the other
        partial.write_text(json.dumps(about) + "\n", encoding="utf-8")
