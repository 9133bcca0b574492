"""What a score table must hold, checked once so that nobody has to check again; read from files and written to them."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ScoreTableError
from facerec.files import replacing
from facerec.measure.tables.cells import Problems, as_text, first_row, ids, numbers, refuse_row, refuse_twice, truth
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

IMAGES = ("probe_image", "reference_image")
SUBJECTS = ("probe_subject", "reference_subject")
REQUIRED = (*IMAGES, *SUBJECTS, "genuine", "score")
"""The columns of every score table, in the order in which they are written."""

FAILURES = ("probe_failure", "reference_failure")
"""Optional columns: why a side gave no score, in the words of ``stamp.py``; empty where it did."""

_IDS = (*IMAGES, *SUBJECTS)
_NO_ATTRIBUTES = ("image", "subject", "failure")


def check(table: pd.DataFrame) -> pd.DataFrame:
    """Check a score table and bring its columns to their types.

    Parameters
    ----------
    table : DataFrame
        With the columns `REQUIRED`. `genuine` may be bool, 1 and 0 or -1, or the words true and false, yes and no,
        genuine and impostor, mated and non-mated, same and different, match and non-match, in any case of letters;
        `score` numbers or their text, empty or NaN where there is none. A pair may occur several times.

    Returns
    -------
    DataFrame
        A new table: the required columns first (ids as text, `genuine` bool, `score` float64), then all others as
        text, where missing values become the empty text. Rows keep their order and are numbered from 0.

    Raises
    ------
    ScoreTableError
        One for everything that is wrong, as a list where it is more than one thing.
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
    problems = Problems()
    with problems.collected():
        _refuse_missing([str(name) for name in table.columns])
    return check_columns(table, problems)


def check_columns(table: pd.DataFrame, problems: Problems) -> pd.DataFrame:
    """What `check` does with the columns that are there; raises all `problems`, those found before too."""
    names = [str(name) for name in table.columns]
    with problems.collected():
        refuse_twice(names)
    if len(set(names)) < len(names):
        problems.refuse()
    readers = dict.fromkeys(_IDS, ids) | {"genuine": truth, "score": numbers}
    columns: dict[str, pd.Series] = {}
    for name in (*(name for name in REQUIRED if name in names), *(name for name in names if name not in REQUIRED)):
        with problems.collected():
            columns[name] = readers.get(name, as_text)(table[name])
    if {"probe_subject", "reference_subject", "genuine"} <= set(columns):
        genuine = columns["genuine"].to_numpy(bool)
        same = (columns["probe_subject"] == columns["reference_subject"]).to_numpy(bool)
        for wrong, what in (
            (genuine & ~same, "genuine, but its subjects differ"),
            (~genuine & same, "not genuine, but its subjects are equal"),
        ):
            with problems.collected():
                _refuse_contradiction(columns, wrong, what)
    for name in (name for name in FAILURES if name in columns and "score" in columns):
        failed = columns[name].isin([NO_FACE, SEVERAL_FACES, REFUSED, UNREADABLE]) & columns["score"].notna()
        with problems.collected():
            refuse_row(failed, columns[name].rename(name), "is a failure, and the row has a score")
    with problems.collected():
        stamp_of(table)
    problems.refuse()
    checked = pd.DataFrame({name: column.array for name, column in columns.items()})
    checked.attrs = dict(table.attrs)
    return checked


def read(path: str | Path) -> pd.DataFrame:
    """Read a score table under our names from a file of any kind (``vendor.read_vendor``), and `check` it.

    Raises
    ------
    ScoreTableError
        If the file is missing, empty, of an unknown kind, or not of that which its name says.
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


def failed_photos(
    table: pd.DataFrame, images: NDArray[np.integer]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Which photos gave no face, and which faces the gate refused; None where a checked table does not say why.

    `images` (2, n) are the photos of either side, 0 … p - 1, and both answers are of shape (p,). Where no failure has
    a word, a photo has failed that is in no comparison with a score.
    """
    size = int(images.max()) + 1
    if set(FAILURES) <= set(table.columns):
        words = np.concatenate([table[name].to_numpy(object) for name in FAILURES])
        marked = [np.isin(words, [*these]) for these in ((NO_FACE, SEVERAL_FACES, UNREADABLE), (REFUSED,))]
        if any(side.any() for side in marked):
            failed, refused = (np.bincount(images.ravel()[each], minlength=size) > 0 for each in marked)
            return failed, refused
    scored = table["score"].notna().to_numpy(bool)
    return np.bincount(images[:, scored].ravel(), minlength=size) == 0, None


def both_sides(table: pd.DataFrame, what: str) -> pd.Series:
    """The probes' column of that name, and below it the references'."""
    return pd.concat([table[f"probe_{what}"], table[f"reference_{what}"]], ignore_index=True)


def _refuse_missing(names: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if not missing:
        return
    message = f"the score table lacks {', '.join(missing)}; it has {', '.join(names) or 'no columns'}"
    others = {name.strip().lower().replace(" ", "_"): name for name in names if name not in REQUIRED}
    for name in missing:
        if near := difflib.get_close_matches(name, others, n=1, cutoff=0.75):
            message += f"; is {others[near[0]]!r} meant to be {name!r}?"
    raise ScoreTableError(message)


def _refuse_contradiction(table: Mapping[str, pd.Series], wrong: NDArray[np.bool_], what: str) -> None:
    if found := first_row(wrong):
        row, more = found
        probe, reference = table["probe_subject"].iloc[row], table["reference_subject"].iloc[row]
        message = f"row {row + 1}{more} is marked as {what}: {probe!r} and {reference!r}"
        raise ScoreTableError(message)


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
