"""What commands read and write: mistakes told before anything heavy is imported, and marked copies of photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facerec.errors import DataSetError, OutputError, ScoreTableError

if TYPE_CHECKING:
    from facerec.types import Image


def must_exist(data: Path, expected: str) -> None:
    """Raise `DataSetError` if there is nothing at `data`; `expected` says what it should be."""
    if not data.exists():
        message = f"{data}: expected {expected}; there is neither"
        raise DataSetError(message)


def must_be_new(folder: Path) -> None:
    """Raise `OutputError` if there is something at `folder` already."""
    if folder.exists():
        message = f"{folder} exists already; remove it or choose another name"
        raise OutputError(message)


def must_be_table(out: Path) -> None:
    """Raise `ScoreTableError` now if a table cannot be written to `out`, and not after an hour of work."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        message = f"{out}: the name of a table ends in .csv or .parquet"
        raise ScoreTableError(message)
    if not out.absolute().parent.is_dir():
        message = f"{out}: cannot be written, there is no folder {out.parent}"
        raise ScoreTableError(message)


class Marker:
    """Writes marked photos to `folder`, which is made if it does not exist; the photos themselves stay untouched."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._taken: set[str] = set()

    def write(self, photo: Path, marked: Image) -> Path:
        """Write the marked copy of `photo`; returns where."""
        from facerec.types.marks import encode_jpeg

        # Photos of several folders may be called alike.
        name, number = f"{photo.stem}-faces.jpg", 1
        while name in self._taken:
            number += 1
            name = f"{photo.stem}-faces-{number}.jpg"
        self._taken.add(name)
        path = self._folder / name
        path.write_bytes(encode_jpeg(marked))
        return path
