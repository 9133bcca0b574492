"""Labelled photos listed in a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facerec.errors import DataSetError, ScoreTableError
from facerec.measure.tables.table_files import read_text_csv
from facerec.photos.folders import refuse_missing
from facerec.photos.left_out import LeftOut
from facerec.transfer.listing import PARTS_BY_NAME, Listing

if TYPE_CHECKING:
    import pandas as pd

IMAGE, SPLIT = "image", "split"


def list_manifest(path: Path, *, label: str, image: str = IMAGE) -> Listing:
    """Read a manifest as a listing; photos are not opened.

    Parameters
    ----------
    path : Path
        CSV (UTF-8, commas, a header): `image` (a path from the manifest's folder), `label`, if it likes ``split``
        (train, val, validation, test or empty), and further columns, which are kept.
    label : str
        The column to predict. A row where it is empty is left out, visibly.
    image : str
        The column of the photos' paths.

    Raises
    ------
    DataSetError
        If the file cannot be read as CSV, or holds no row.
        If a column is missing, a split is no part, or an image is empty, listed twice, or no file.
    """
    try:
        table = read_text_csv(path)
    except ScoreTableError as problem:
        raise DataSetError(str(problem)) from problem
    if absent := [name for name in (image, label) if name not in table]:
        message = f"{path}: lacks the column {' and '.join(absent)}; it has {', '.join(table.columns)}"
        raise DataSetError(message)
    if table.empty:
        message = f"{path}: holds no photos, only the names of the columns"
        raise DataSetError(message)
    _refuse_images(path, table[image])
    unlabelled = table[label].str.strip() == ""
    left_out = [LeftOut(file, "no label", f"its {label} is empty") for file in table.loc[unlabelled, image]]
    table = table[~unlabelled]
    return Listing(
        path.stem,
        path.parent,
        table[image].tolist(),
        table[label].str.strip().tolist(),
        _parts(path, table),
        {name: table[name].tolist() for name in table.columns if name not in (image, label, SPLIT)},
        left_out,
    )


def _refuse_images(path: Path, listed: pd.Series) -> None:
    if (empty := listed.str.strip() == "").any():
        message = f"{path}: row {int(empty.to_numpy().argmax()) + 2}: the image is empty"
        raise DataSetError(message)
    if (twice := listed.duplicated()).any():
        message = f"{path}: {int(twice.sum())} images are listed twice, the first is {listed[twice].iloc[0]}"
        raise DataSetError(message)
    refuse_missing(path.parent, listed)


def _parts(path: Path, table: pd.DataFrame) -> list[str]:
    if SPLIT not in table:
        return [""] * len(table)
    values = table[SPLIT].str.strip().str.lower()
    if odd := sorted(set(values) - {*PARTS_BY_NAME, ""}):
        message = f"{path}: split {odd[0]!r} is no part; expected train, val, validation, test or nothing"
        raise DataSetError(message)
    return [PARTS_BY_NAME.get(value, "") for value in values]
