"""Reading a table's file as it is: from CSV as text, from Parquet with its types, and never more than memory holds.

Spreadsheets save CSV files in several ways, and parsers that guess types turn ``007`` into 7 and ``NA`` into nothing;
so every cell is read as the text that it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from facerec.errors import FacerecError, ScoreTableError
from facerec.files import is_folder, is_there

if TYPE_CHECKING:
    import pyarrow as pa

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_NOT_UTF8 = re.compile(r"column #(\d+): Row #(\d+): .*invalid UTF8")  # columns from 0, rows from 1 for the header
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_raw(
    path: str | Path, *, kind: str = "a score table", memory: int | None = None, lists: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a table (`kind`, in messages) of which nothing is known yet but its file; unchecked.

    From CSV every column is text; from Parquet, of whose columns only `lists` may hold lists, an index that pandas
    stored is a column. The table may take `memory` bytes; None: what the machine has, or the process may have of it.
    `ScoreTableError` if that is too little, or the file is not of the kind that its name says.
    """
    path, suffix = Path(path), table_suffix(path, kind)
    if is_folder(path) or not is_there(path):
        message = f"{path}: is a folder, not a file" if is_folder(path) else f"{path}: there is no such file"
        raise ScoreTableError(message)
    room = available_memory() if memory is None else memory
    if suffix == ".parquet":
        return _read_parquet(path, room, lists)
    _refuse_larger(path, path.stat().st_size, room)
    return read_text_csv(path)


def table_suffix(path: str | Path, kind: str) -> str:
    """``.csv`` or ``.parquet``; `ScoreTableError` if the name of `kind` ends in neither."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".csv", ".parquet"):
        message = f"{path}: the name of {kind} ends in .csv or .parquet"
        raise ScoreTableError(message)
    return suffix


@contextmanager
def telling(path: str | Path, after: str = "", *, kind: type[FacerecError] | None = None) -> Iterator[None]:
    """Put the file before what is wrong with the table in it, and raise it as a `kind` of error where one is given."""
    try:
        yield
    except ScoreTableError as problem:
        message = f"{path}: {problem}{after}"
        raise (kind or type(problem))(message) from problem


def read_text_csv(path: Path) -> pd.DataFrame:
    """Read a comma-separated file with a header; each column is text and an empty cell the empty text.

    It is UTF-8, with or without a byte order mark, with any line ends; `ScoreTableError` says what is otherwise, and
    where.
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


def available_memory(limits: Sequence[Path] = _LIMITS) -> int | None:
    """Bytes of memory of this machine or, by the files `limits`, of this container; None where neither is told."""
    found = []
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    told = [limit.read_text(encoding="ascii").strip() for limit in limits if limit.is_file()]
    found += [int(text) for text in told if text.isdigit()]  # "max": no limit
    return min(found, default=None)


def _read_parquet(path: Path, memory: int | None, lists: Sequence[str]) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        metadata = file.metadata
        encoded = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        # A text that occurs often is stored once, but takes a place of its own in every row once it is read.
        _refuse_larger(path, max(encoded, 8 * metadata.num_rows * metadata.num_columns), memory)
        _refuse_nested(path, file.schema_arrow, lists)
        table = file.read()
        for place, field in enumerate(table.schema):
            if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
                table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
        # Not by pandas' notes in the file: they would make an index of a column that is meant.
        frame = table.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as problem:  # ValueError: what it says of itself is no JSON
        message = f"{path}: cannot be read as Parquet: {problem}"
        raise ScoreTableError(message) from problem
    return frame.loc[:, [not name.startswith("__index_level_") for name in frame.columns]]


def _refuse_nested(path: Path, schema: pa.Schema, lists: Sequence[str]) -> None:
    from pyarrow import types

    kinds = types.is_list, types.is_large_list, types.is_fixed_size_list
    if nested := [
        field.name
        for field in schema
        if types.is_nested(field.type) and not (field.name in lists and any(kind(field.type) for kind in kinds))
    ]:
        message = (
            f"{path}: {', '.join(nested)} holds lists or records; a table's cells are numbers or texts, so leave such "
            "columns out"
        )
        raise ScoreTableError(message)


def _refuse_larger(path: Path, size: int, memory: int | None) -> None:
    """Read, checked and coded, a table takes about five times the space of its text."""
    needed = 5 * size
    if memory is not None and needed > memory:
        message = (
            f"{path}: the table needs about {needed / 2**30:.1f} GiB of memory and there are {memory / 2**30:.1f} GiB; "
            "leave out columns that the audit does not use, or audit a random part of the people"
        )
        raise ScoreTableError(message)
