"""Score tables on disk: CSV for people and spreadsheets, Parquet for size and speed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import pandas as pd

from facerec.files import replacing
from facerec.measure.tables.score_table import check
from facerec.measure.tables.stamp import METADATA, check_metadata, stamp_of
from facerec.measure.tables.table_files import read_raw, table_suffix, telling


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
