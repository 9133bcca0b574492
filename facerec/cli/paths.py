"""Mistakes in paths, told before anything heavy is imported."""

from __future__ import annotations

from pathlib import Path

from facerec.errors import DataSetError, OutputError


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
