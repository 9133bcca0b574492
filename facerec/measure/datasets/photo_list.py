"""Photos of known people, from a CSV file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from facerec.errors import DataSetError, ScoreTableError
from facerec.measure.tables.text_csv import read_text_csv
from facerec.photos.folders import refuse_missing

_NEEDED = ("image", "subject")
_TAKEN = ("photo", "vector", "matcher", "failure")


def photos_csv(path: str | Path, *, root: str | Path | None = None, nameless: bool = False) -> pd.DataFrame:
    """Read a manifest of photos: who is on each, and what else is known of that person.

    Parameters
    ----------
    path : str or Path
        CSV (UTF-8, commas, a header) with the columns `image` and `subject`; further columns, such as ``gender``, are
        kept.
    root : str or Path, optional
        The folder that the photos' paths start from; by default the one that the manifest is in.
    nameless : bool
        Whether nobody needs to know who is on a photo: `subject` may be empty, or absent as a whole, which is the same.

    Returns
    -------
    DataFrame
        `image` and `subject` first, everything as text.

    Raises
    ------
    DataSetError
        If the file cannot be read as CSV, or holds no photo.
        If a column that is needed is missing, stands twice, or has a name that a table of vectors needs itself.
        If an image or a subject that is needed is empty, or an image stands twice.
        If photos are missing.
    """
    path = Path(path)
    try:
        raw = read_text_csv(path)
    except ScoreTableError as problem:
        raise DataSetError(str(problem)) from problem
    if nameless and "subject" not in raw.columns:
        raw["subject"] = ""
    names = list(raw.columns)
    if absent := [name for name in _NEEDED if name not in names]:
        message = (
            f"{path}: lacks {' and '.join(absent)}; a manifest of photos has the columns image and subject, and any "
            f"others are kept; it has {', '.join(names)}"
        )
        raise DataSetError(message)
    if odd := [name for name in names if name in _TAKEN or (name[:1] == "v" and name[1:].isdecimal())]:
        message = f"{path}: the column {odd[0]} has a name that the table of vectors needs itself; rename it"
        raise DataSetError(message)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"{path}: a column stands twice: {', '.join(twice)}"
        raise DataSetError(message)
    if raw.empty:
        message = f"{path}: holds no photos, only the names of the columns"
        raise DataSetError(message)
    for name in _NEEDED[:1] if nameless else _NEEDED:
        if (empty := (raw[name] == "").to_numpy(bool)).any():
            message = f"{path}: {name} in row {int(empty.argmax()) + 1} is empty"
            raise DataSetError(message)
    if (again := raw["image"].duplicated().to_numpy(bool)).any():
        row = int(again.argmax())
        message = f"{path}: the photo {raw['image'].iloc[row]!r} stands again in row {row + 1}; each photo has one row"
        raise DataSetError(message)
    refuse_missing(path.parent if root is None else Path(root), raw["image"])
    return raw[[*_NEEDED, *(name for name in names if name not in _NEEDED)]]
