"""The table of predictions: one row per photo, with the class it is of and the class that a classifier said.

Published results seldom come row by row; a column ``count`` says how many rows a row stands for, and is expanded when
the table is read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from facerec.errors import ScoreTableError
from facerec.measure.tables.cells import as_text
from facerec.measure.tables.table_files import read_raw

_LARGEST = 50_000_000  # rows; more would not fit into the memory of most machines


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read a table of predictions.

    Parameters
    ----------
    path : str or Path
        ``.csv`` (UTF-8, commas, a header) or ``.parquet``. A column ``count`` is expanded.

    Returns
    -------
    DataFrame
        One row per prediction; not checked.

    Raises
    ------
    ScoreTableError
        If the file's name ends in neither ``.csv`` nor ``.parquet``.
        If the file is missing, empty, or not of the kind that its name says, or would not fit into memory.
        If a count is not a whole number of at least 0, or the counts add up to nothing or to more than 50 million.
    """
    table = read_raw(path, kind="a table of predictions")
    try:
        return expand_counts(table) if "count" in table.columns else table
    except ScoreTableError as problem:
        message = f"{path}: {problem}"
        raise ScoreTableError(message) from problem


def expand_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Repeat each row as often as its column ``count`` says, and drop that column.

    Parameters
    ----------
    table : DataFrame
        With a column ``count`` of whole numbers or their text.

    Returns
    -------
    DataFrame
        One row per prediction, in order.

    Raises
    ------
    ScoreTableError
        If there is no column ``count``.
        If a count is not a whole number of at least 0.
        If the counts add up to nothing, or to more than 50 million.

    Examples
    --------
    >>> counts = pd.DataFrame({"label": ["f", "f"], "prediction": ["f", "m"], "count": [2, 1]})
    >>> expand_counts(counts)["prediction"].tolist()
    ['f', 'f', 'm']
    """
    if "count" not in table.columns:
        message = f"there is no column count; the table has {', '.join(map(str, table.columns)) or 'no columns'}"
        raise ScoreTableError(message)
    numbers = pd.to_numeric(table["count"], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~((numbers >= 0) & (numbers == np.floor(numbers)))
    if wrong.any():
        row = int(wrong.argmax())
        message = (
            f"count in row {row + 1} is {str(table['count'].iloc[row])!r}; it must be a whole number of at least 0"
        )
        raise ScoreTableError(message)
    total = numbers.sum()
    if not 0 < total <= _LARGEST:
        message = f"the counts add up to {total:.0f} rows; there must be at least one, and at most {_LARGEST:,}"
        raise ScoreTableError(message)
    repeated = table.drop(columns="count").loc[table.index.repeat(numbers.astype(np.int64))]
    return repeated.reset_index(drop=True)


def check_predictions(table: pd.DataFrame, *, label: str, prediction: str) -> pd.DataFrame:
    """Check a table of predictions; every column comes back as text.

    Parameters
    ----------
    table : DataFrame
    label, prediction : str
        The columns of the true class and of the class that was predicted; an empty prediction is no answer.

    Returns
    -------
    DataFrame

    Raises
    ------
    ScoreTableError
        If a column is missing or occurs twice.
        If there are no rows.
        If a label is empty.
    """
    names = [str(name) for name in table.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"the table of predictions has a column twice: {', '.join(twice)}"
        raise ScoreTableError(message)
    if absent := [name for name in (label, prediction) if name not in names]:
        message = f"the table of predictions lacks {', '.join(absent)}; it has {', '.join(names) or 'no columns'}"
        raise ScoreTableError(message)
    if table.empty:
        message = "the table of predictions has no rows"
        raise ScoreTableError(message)
    checked = pd.DataFrame({str(name): as_text(table[name]) for name in table.columns})
    if (empty := (checked[label] == "").to_numpy(bool)).any():
        message = f"{label} in row {int(empty.argmax()) + 1} is empty; without the true class nothing can be judged"
        raise ScoreTableError(message)
    return checked
