"""What a score table must hold, checked once so that nobody has to check again; read from files and written to them."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ScoreTableError
from facerec.files import replacing
from facerec.measure.tables.stamp import (
    METADATA,
    NO_FACE,
    REFUSED,
    SEVERAL_FACES,
    UNREADABLE,
    check_metadata,
    stamp_of,
)
from facerec.measure.tables.table_files import read_raw, table_suffix, telling

REQUIRED = ("probe_image", "reference_image", "probe_subject", "reference_subject", "genuine", "score")
"""The columns of every score table, in the order in which they are written."""

FAILURES = ("probe_failure", "reference_failure")
"""Optional columns: why a side gave no score, in the words of ``stamp.py``; empty where it did."""

_IDS = REQUIRED[:4]
_NO_ATTRIBUTES = ("image", "subject", "failure")
_TRUTH = dict.fromkeys(("true", "1", "1.0", "yes", "genuine", "mated"), True) | dict.fromkeys(
    ("false", "0", "0.0", "no", "impostor", "non-mated"), False
)


def check(table: pd.DataFrame) -> pd.DataFrame:
    """Check a score table and bring its columns to their types.

    Parameters
    ----------
    table : DataFrame
        With the columns `REQUIRED`. `genuine` may be bool, 1 and 0, or the words true and false, yes and no, genuine
        and impostor, mated and non-mated, in any case of letters; `score` numbers or their text, empty or NaN for a
        failure to acquire. A pair may occur several times.

    Returns
    -------
    DataFrame
        A new table: the required columns first (ids as text, `genuine` bool, `score` float64), then all others as
        text, where missing values become the empty text. Rows keep their order and are numbered from 0.

    Raises
    ------
    ScoreTableError
        If a column is missing or occurs twice.
        If an id is empty or is a float, or a text cannot be written as UTF-8.
        If `genuine` is neither true nor false, or contradicts the two subjects.
        If a score is infinite or not a number, or there is one beside a failure.
    MixedStampsError
        If rows were made by different matchers (``stamp.py``).

    Examples
    --------
    >>> rows = [["a/1.jpg", "a/2.jpg", "007", "007", "yes", "0.93"], ["a/1.jpg", "b/1.jpg", "007", "NA", "no", ""]]
    >>> checked = check(pd.DataFrame(rows, columns=REQUIRED))
    >>> checked["score"].tolist(), checked["genuine"].tolist(), checked["reference_subject"].tolist()
    ([0.93, nan], [True, False], ['007', 'NA'])
    """
    if not isinstance(table, pd.DataFrame):
        message = f"a score table is a DataFrame, as facerec.measure.tables.read gives it; got {type(table).__name__}"
        raise ScoreTableError(message)
    _check_names([str(name) for name in table.columns])
    columns = {name: ids(table[name]) for name in _IDS}
    columns["genuine"] = truth(table["genuine"])
    columns["score"] = numbers(table["score"])
    columns |= {str(name): as_text(table[name]) for name in table.columns if name not in REQUIRED}
    checked = pd.DataFrame({name: column.array for name, column in columns.items()})
    same = (checked["probe_subject"] == checked["reference_subject"]).to_numpy(bool)
    _refuse_contradiction(checked, checked["genuine"].to_numpy(bool) & ~same, "genuine, but its subjects differ")
    _refuse_contradiction(checked, ~checked["genuine"].to_numpy(bool) & same, "not genuine, but its subjects are equal")
    for name in (name for name in FAILURES if name in checked.columns):
        failed = checked[name].isin([NO_FACE, SEVERAL_FACES, REFUSED, UNREADABLE]) & checked["score"].notna()
        _refuse_row(failed, checked[name], "is a failure, and the row has a score")
    stamp_of(checked)
    return checked


def read(path: str | Path) -> pd.DataFrame:
    """Read a score table, ``.csv`` (UTF-8, commas, a header) or ``.parquet``, and `check` it; either gives the same.

    Raises
    ------
    ScoreTableError
        If the file's name ends in neither, or the file is missing, empty, or not of the kind that its name says.
        If a CSV file is not UTF-8, or its cells are not separated by commas.
        If it would not fit into memory, or a Parquet column holds lists.
        If `check` refuses what it holds.
    MixedStampsError
        If rows were made by different matchers, or the metadata of a Parquet file names another than they do.
    """
    raw = read_raw(path)
    with telling(path):
        check_metadata(raw, Path(path))
        return check(raw)


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Check a score table and write it as ``.csv`` or ``.parquet``, in the place of a file that is there.

    Whoever reads the path meanwhile finds the old file or the new one. The same table gives the same CSV file byte for
    byte: lines end in a line feed, `genuine` is true or false, and a score is the shortest text that reads back as the
    same number.

    Raises
    ------
    ScoreTableError
        If the file's name ends in neither ``.csv`` nor ``.parquet``, or `check` refuses the table.
    OutputError
        If the folder does not exist or cannot be written to.
    """
    save = _write_csv if table_suffix(path, "a score table") == ".csv" else _write_parquet
    checked = check(table)
    with replacing(Path(path)) as partial:
        save(checked, partial)


def attributes(table: pd.DataFrame) -> tuple[str, ...]:
    """The attributes of people that a score table holds for both sides, in the order of their columns.

    Images, subjects and failures are no attributes.

    Examples
    --------
    >>> attributes(pd.DataFrame(columns=[*REQUIRED, "probe_gender", "reference_gender", "fold"]))
    ('gender',)
    """
    names = [str(name).removeprefix("probe_") for name in table.columns if str(name).startswith("probe_")]
    return tuple(n for n in names if n not in _NO_ATTRIBUTES and f"reference_{n}" in table.columns)


def both_sides(table: pd.DataFrame, what: str) -> pd.Series:
    """The probes' column of that name, and below it the references'."""
    return pd.concat([table[f"probe_{what}"], table[f"reference_{what}"]], ignore_index=True)


def as_text(column: pd.Series) -> pd.Series:
    """A column as text: whole numbers without a decimal point, missing values as the empty text.

    `ScoreTableError` if a text cannot be written as UTF-8, such as a file name in another encoding.

    Examples
    --------
    >>> as_text(pd.Series([30, None, 31.5])).tolist()
    ['30', '', '31.5']
    """
    codes, values = pd.factorize(column)  # a column of a million rows has few different values to convert
    words = [_word(value) for value in values]
    try:
        "".join(words).encode("utf-8")
    except UnicodeEncodeError as problem:
        odd = problem.object[max(0, problem.start - 20) : problem.end + 20]
        message = f"{column.name} holds what UTF-8 text cannot express, at {odd!r}; rename the file or the person"
        raise ScoreTableError(message) from problem
    # Code -1, a missing value, takes the last word.
    return pd.Series([*words, ""], dtype="str").take(codes).reset_index(drop=True)


def truth(column: pd.Series) -> pd.Series:
    """A column of the words that `check` knows as bool; `ScoreTableError` with the row of any other value."""
    codes, values = pd.factorize(column)
    known = [_TRUTH.get(_word(value).strip().lower()) for value in values]
    wrong = np.array([*(value is None for value in known), True])
    why = "is neither true nor false (1/0, yes/no, genuine/impostor and mated/non-mated serve as well)"
    _refuse_row(wrong[codes], column, why)
    return pd.Series(np.array([*(bool(value) for value in known), False])[codes])


def _word(value: object) -> str:
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    return str(value)


def refuse_twice(names: Sequence[str]) -> None:
    """`ScoreTableError` if a table's columns are not told apart by their names."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"the table has a column twice: {', '.join(twice)}"
        raise ScoreTableError(message)


def _check_names(names: Sequence[str]) -> None:
    refuse_twice(names)
    missing = [name for name in REQUIRED if name not in names]
    if not missing:
        return
    message = f"the score table lacks {', '.join(missing)}; it has {', '.join(names) or 'no columns'}"
    others = {name.strip().lower().replace(" ", "_"): name for name in names if name not in REQUIRED}
    for name in missing:
        if near := difflib.get_close_matches(name, others, n=1, cutoff=0.75):
            message += f"; is {others[near[0]]!r} meant to be {name!r}?"
    raise ScoreTableError(message)


def ids(column: pd.Series, told: str = "every comparison names its two photos and their people") -> pd.Series:
    """A column of ids as text; `ScoreTableError` with the row of one that is a float, or empty (`told`: why not)."""
    if column.dtype.kind == "f" and column.notna().any():
        first = column.dropna().iloc[0]
        message = f"{column.name} holds floats ({first}); ids must be read as text, or 007 becomes 7.0"
        raise ScoreTableError(message)
    text = as_text(column)
    _refuse_row(text == "", column, f"is empty; {told}")
    return text


def numbers(column: pd.Series) -> pd.Series:
    """A column of scores as float64, NaN where it is empty; `ScoreTableError` with the row of what is no score."""
    if column.dtype.kind in "iuf":
        found = column.to_numpy(np.float64, na_value=np.nan)
    else:
        text = as_text(column).str.strip()
        absent = text.str.lower().isin(["", "nan"]).to_numpy(bool)
        # Python's float, not pandas' faster parser: it gives back exactly the number that was written.
        words = text.to_numpy(object)
        found = np.full(len(words), np.nan)
        no_number = "is not a number; write it with a decimal point, and leave it empty for no face"
        _refuse_row(text.str.contains("_", regex=False), column, no_number)  # Python takes 1_000 for a number
        try:
            found[~absent] = words[~absent].astype(np.float64)
        except ValueError:
            bad = pd.to_numeric(text, errors="coerce").isna().to_numpy(bool) & ~absent
            _refuse_row(bad, column, no_number)
            raise
    _refuse_row(np.isinf(found), column, "is infinite; leave it empty where no face was found")
    return pd.Series(found)


def _refuse_row(wrong: NDArray[np.bool_] | pd.Series, column: pd.Series, why: str) -> None:
    if found := _first(wrong):
        row, more = found
        message = f"{column.name} in row {row + 1} is {str(column.iloc[row])!r}{more}: it {why}"
        raise ScoreTableError(message)


def _refuse_contradiction(table: pd.DataFrame, wrong: NDArray[np.bool_], what: str) -> None:
    if found := _first(wrong):
        row, more = found
        probe, reference = table["probe_subject"].iloc[row], table["reference_subject"].iloc[row]
        message = f"row {row + 1}{more} is marked as {what}: {probe!r} and {reference!r}"
        raise ScoreTableError(message)


def _first(wrong: NDArray[np.bool_] | pd.Series) -> tuple[int, str] | None:
    """The first row that is wrong, and how many more are, in words."""
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return None
    return int(rows[0]), f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""


def _write_parquet(checked: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table, matcher = pa.Table.from_pandas(checked, preserve_index=False), stamp_of(checked)
    if matcher is not None:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), METADATA: matcher.text})
    parquet.write_table(table, path)


def _write_csv(checked: pd.DataFrame, path: Path) -> None:
    words = checked.assign(genuine=checked["genuine"].map({True: "true", False: "false"}))
    # Python's csv module quotes line feeds but not a lone carriage return, at which readers would end the row.
    texts = (words[name] for name in words.columns if name != "score")
    returns = any(text.str.contains("\r", regex=False).any() for text in texts)
    with path.open("w", encoding="utf-8", newline="") as file:  # newline="": what is inside an id stays what it is
        quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
        words.to_csv(file, index=False, lineterminator="\n", quoting=quoting)
