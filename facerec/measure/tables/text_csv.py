"""Reading CSV files as text, and saying what is wrong with those that are no such thing.

Spreadsheets save CSV files in several ways, and parsers that guess types turn ``007`` into 7 and ``NA`` into nothing;
so every cell is read as the text that it is.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from facerec.errors import ScoreTableError

_NOT_UTF8 = re.compile(r"column #(\d+): Row #(\d+): .*invalid UTF8")  # columns from 0, rows from 1 for the header
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_text_csv(path: Path) -> pd.DataFrame:
    """Read a comma-separated file with a header; each column is text and an empty cell the empty text.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a byte order mark; any line ends.

    Returns
    -------
    DataFrame

    Raises
    ------
    ScoreTableError
        If the file is missing, is a folder or cannot be opened.
        If it is empty, or its first line is.
        If it is not UTF-8; the message says whether it looks like UTF-16.
        If its cells are separated by something other than commas.
        If a row has more or fewer cells than the header.
    """
    import pyarrow as pa
    from pyarrow import csv

    header = _first_line(path)
    for separator, name in _OTHER_SEPARATORS.items():
        if separator in header and "," not in header:
            message = f"{path}: the cells are separated by {name}; save it as comma-separated CSV (UTF-8)"
            raise ScoreTableError(message)
    one_thread = csv.ReadOptions(use_threads=False)  # only so does a message know the number of the bad row
    any_text = csv.ParseOptions(newlines_in_values=True)
    try:
        with csv.open_csv(path, read_options=one_thread, parse_options=any_text) as file:
            columns = dict.fromkeys(file.schema.names, pa.string())
        table = csv.read_csv(
            path,
            read_options=one_thread,
            parse_options=any_text,
            convert_options=csv.ConvertOptions(column_types=columns, strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as problem:
        message = f"{path}: cannot be read as CSV (UTF-8): {problem}"
        if found := _NOT_UTF8.search(str(problem)):
            row, column = int(found[2]) - 1, int(found[1]) + 1
            message = f"{path}: is not UTF-8 text in row {row}, column {column}; save it as CSV (UTF-8)"
        raise ScoreTableError(message) from problem
    return table.to_pandas()


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.readline(1 << 16)
    except OSError as problem:
        message = f"{path}: cannot be read: {problem.strerror}"
        raise ScoreTableError(message) from problem
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start:
        message = f"{path}: is not UTF-8 text, but looks like UTF-16; save it as CSV (UTF-8)"
        raise ScoreTableError(message)
    if not start.strip():
        state = "its first line is blank" if path.stat().st_size > len(start) else "the file is empty"
        message = f"{path}: {state}; a header with the names of the columns is expected there"
        raise ScoreTableError(message)
    try:
        return start.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        message = f"{path}: is not UTF-8 text; save it as CSV (UTF-8)"
        raise ScoreTableError(message) from problem
