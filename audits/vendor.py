"""Score tables of other makers: their own names for columns, no photo names, no people, no end of rows.

An audit needs to know which column is which, and nothing more. What a table does not say is not made up: without
people, pairs are told to be independent, and the result says so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from facerec import scores
from facerec.errors import ScoreTableError
from facerec.scores.text_csv import read_text_csv

_SUBJECTS = ("probe_subject", "reference_subject")
_IMAGES = ("probe_image", "reference_image")


@dataclass(frozen=True)
class VendorColumns:
    """What a table calls the columns of a score table; None where it uses our name or has no such column.

    Attributes
    ----------
    score, genuine, probe_subject, reference_subject, probe_image, reference_image : str or None
    """

    score: str | None = None
    genuine: str | None = None
    probe_subject: str | None = None
    reference_subject: str | None = None
    probe_image: str | None = None
    reference_image: str | None = None


@dataclass(frozen=True, eq=False)
class Completed:
    """A checked score table, and what it did not say itself.

    Attributes
    ----------
    table : DataFrame
        As from ``facerec.scores.check``.
    pairs_independent : bool
        True where the table names no people; the people in `table` are then placeholders, two of their own per pair.
    images_known : bool
        False where the table names no photos; they are placeholders then.
    """

    table: pd.DataFrame
    pairs_independent: bool
    images_known: bool

    def people(self) -> NDArray[np.int32] | None:
        """Who is on either side, as codes from 0 on, shape (2, n); None where the table names no people."""
        return None if self.pairs_independent else self._codes(_SUBJECTS)

    def images(self) -> NDArray[np.int32] | None:
        """Which photo is on either side, as codes from 0 on, shape (2, n); None where the table names none."""
        return self._codes(_IMAGES) if self.images_known else None

    def _codes(self, sides: tuple[str, str]) -> NDArray[np.int32]:
        both = pd.concat([self.table[name] for name in sides], ignore_index=True)
        return pd.factorize(both)[0].astype(np.int32).reshape(2, -1)


def read_vendor(path: str | Path, columns: VendorColumns, *, memory: int | None = None) -> pd.DataFrame:
    """Read a score table of any maker and give its columns our names.

    Parameters
    ----------
    path : str or Path
        ``.csv`` (UTF-8, commas, a header) or ``.parquet``.
    columns : VendorColumns
    memory : int, optional
        Bytes that the table may take; None: what the machine has.

    Returns
    -------
    DataFrame
        Not yet checked; for ``audit_verification``, which does.

    Raises
    ------
    ScoreTableError
        If the file's name ends in neither ``.csv`` nor ``.parquet``.
        If the file is missing, empty, or not of the kind that its name says.
        If a CSV file is not UTF-8, or its cells are not separated by commas.
        If the table would not fit into memory; the message says the sizes.
        If it lacks a column that `columns` names.
    """
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".parquet"):
        message = f"{path}: a score table's name ends in .csv or .parquet"
        raise ScoreTableError(message)
    if not path.is_file():
        message = f"{path}: there is no such file"
        raise ScoreTableError(message)
    raw = _read(path, _machine_memory() if memory is None else memory)
    try:
        return rename_columns(raw, columns)
    except ScoreTableError as problem:
        message = f"{path}: {problem}"
        raise ScoreTableError(message) from problem


def rename_columns(table: pd.DataFrame, columns: VendorColumns) -> pd.DataFrame:
    """Give the columns of a table our names.

    Parameters
    ----------
    table : DataFrame
    columns : VendorColumns

    Returns
    -------
    DataFrame
        With the named columns renamed. A column that had one of our names and is not meant stays, as ``other_<name>``.

    Raises
    ------
    ScoreTableError
        If the table lacks a column that `columns` names.
        If one column is named for two purposes.

    Examples
    --------
    >>> table = pd.DataFrame({"matching_score": [0.9], "label": [1]})
    >>> rename_columns(table, VendorColumns(score="matching_score", genuine="label")).columns.tolist()
    ['score', 'genuine']
    """
    wanted = {field.name: getattr(columns, field.name) for field in fields(columns)}
    meant = {ours: theirs for ours, theirs in wanted.items() if theirs is not None}
    there = [str(name) for name in table.columns]
    for ours, theirs in meant.items():
        if theirs not in there:
            message = f"there is no column {theirs!r} for {ours}; the table has {', '.join(there) or 'no columns'}"
            raise ScoreTableError(message)
    if len(set(meant.values())) < len(meant):
        message = f"one column cannot serve two purposes; got {meant}"
        raise ScoreTableError(message)
    names = {ours: f"other_{ours}" for ours, theirs in meant.items() if ours in there and theirs != ours}
    names |= {theirs: ours for ours, theirs in meant.items()}
    return table.rename(columns=names)


def complete(table: pd.DataFrame) -> Completed:
    """Check a score table that may lack the columns of people, of photos, or both.

    Parameters
    ----------
    table : DataFrame
        As for ``facerec.scores.check``, but the two columns of people may be missing, and the two of photos.

    Returns
    -------
    Completed

    Raises
    ------
    ScoreTableError
        If the table has no rows.
        If it lacks `genuine` or `score`.
        If it names the people of one side only, or the photos of one side only.
        If ``facerec.scores.check`` refuses the rest.

    Examples
    --------
    >>> found = complete(pd.DataFrame({"genuine": [1, 0], "score": [0.9, 0.2]}))
    >>> found.pairs_independent, found.table["genuine"].tolist()
    (True, [True, False])
    """
    if not len(table):
        message = "the score table has no rows"
        raise ScoreTableError(message)
    if _is_checked(table):
        return Completed(table, pairs_independent=False, images_known=True)
    there = {str(name) for name in table.columns}
    if needed := [name for name in ("genuine", "score") if name not in there]:
        has = ", ".join(str(name) for name in table.columns) or "no columns"
        message = f"the score table lacks {' and '.join(needed)}; it has {has}; if one of these is meant, name it"
        raise ScoreTableError(message)
    missing = {names: [name for name in names if name not in there] for names in (_SUBJECTS, _IMAGES)}
    for absent in missing.values():
        if len(absent) == 1:
            message = f"the score table lacks {absent[0]}, but names the other side: give both or neither"
            raise ScoreTableError(message)
    filled = table.reset_index(drop=True)
    rows = pd.Series(np.arange(1, len(table) + 1)).astype(str)
    if missing[_IMAGES]:
        filled = filled.assign(probe_image="probe " + rows, reference_image="reference " + rows)
    if missing[_SUBJECTS]:
        mated = scores.table.truth(filled["genuine"]).to_numpy(bool)
        other = rows.where(mated, "other " + rows)
        filled = filled.assign(probe_subject=rows, reference_subject=other)
    return Completed(scores.check(filled), bool(missing[_SUBJECTS]), not missing[_IMAGES])


def _is_checked(table: pd.DataFrame) -> bool:
    """Whether a table is as ``facerec.scores.check`` leaves it, seen in a tenth of the time that the check takes."""
    if len(set(table.columns)) < len(table.columns) or not set(scores.REQUIRED) <= set(table.columns):
        return False
    if not isinstance(table.index, pd.RangeIndex) or table.index.start != 0 or table.index.step != 1:
        return False
    types = table.dtypes
    if types["genuine"] != np.bool_ or types["score"] != np.float64 or np.isinf(table["score"].to_numpy()).any():
        return False
    ids = (*_IMAGES, *_SUBJECTS)
    # Text that Arrow holds can be written as UTF-8.
    if not all(isinstance(types[name], pd.StringDtype) and types[name].storage == "pyarrow" for name in ids):
        return False
    if any(table[name].isna().any() or (table[name] == "").any() for name in ids):
        return False
    return bool(((table["probe_subject"] == table["reference_subject"]).to_numpy(bool) == table["genuine"]).all())


def _read(path: Path, memory: int | None) -> pd.DataFrame:
    if path.suffix.lower() == ".csv":
        _refuse_larger(path, 5 * path.stat().st_size, memory)
        return read_text_csv(path)
    try:
        file = parquet.ParquetFile(path)
        metadata = file.metadata
        groups = (metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        _refuse_larger(path, 5 * sum(groups), memory)
        return file.read().to_pandas()
    except (pa.ArrowException, OSError) as problem:
        message = f"{path}: cannot be read as Parquet: {problem}"
        raise ScoreTableError(message) from problem


def _refuse_larger(path: Path, needed: int, memory: int | None) -> None:
    """Read, checked and coded, a table takes about five times the space of its text."""
    if memory is not None and needed > memory:
        message = (
            f"{path}: the table needs about {needed / 2**30:.1f} GiB of memory and there are {memory / 2**30:.1f} GiB; "
            "leave out columns that the audit does not use, or audit a random part of the people"
        )
        raise ScoreTableError(message)


def _machine_memory() -> int | None:
    """Bytes of memory of this machine; None where the system does not tell."""
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
