"""Reading a table's file as it is: from CSV as text, from Parquet with its types, and never more than memory holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from facerec.errors import ScoreTableError
from facerec.measure.tables.text_csv import read_text_csv

if TYPE_CHECKING:
    import pyarrow as pa

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def read_raw(
    path: str | Path, *, kind: str = "a score table", memory: int | None = None, lists: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a table of which nothing is known yet but its file.

    Parameters
    ----------
    path : str or Path
        ``.csv`` (UTF-8, commas, a header) or ``.parquet``.
    kind : str
        What the file is meant to be, for the messages.
    memory : int, optional
        Bytes that the table may take; None: what the machine has, or what the process may have of it.
    lists : sequence of str
        Columns of a Parquet file that may hold lists.

    Returns
    -------
    DataFrame
        Not checked. From CSV every column is text; from Parquet an index that pandas stored is a column.

    Raises
    ------
    ScoreTableError
        If the file's name ends in neither ``.csv`` nor ``.parquet``.
        If the file is missing, empty, or not of the kind that its name says.
        If a CSV file is not UTF-8, or its cells are not separated by commas.
        If another column of a Parquet file holds lists, or one holds records, or bytes that are no UTF-8 text.
        If the table would not fit into memory; the message says the sizes.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        message = f"{path}: the name of {kind} ends in .csv or .parquet"
        raise ScoreTableError(message)
    if not path.is_file():
        message = f"{path}: is a folder, not a file" if path.is_dir() else f"{path}: there is no such file"
        raise ScoreTableError(message)
    room = available_memory() if memory is None else memory
    if suffix == ".parquet":
        return _read_parquet(path, room, lists)
    _refuse_larger(path, path.stat().st_size, room)
    return read_text_csv(path)


def available_memory(limits: Sequence[Path] = _LIMITS) -> int | None:
    """Bytes of memory of this machine or of this container, whichever is less; None where the system does not tell.

    Parameters
    ----------
    limits : sequence of Path
        Files in which Linux says how much a container may take.
    """
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
    except (pa.ArrowException, OSError) as problem:
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
