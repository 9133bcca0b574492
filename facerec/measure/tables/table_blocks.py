"""Tables of any size, block by block: Parquet by its groups of rows, text by its lines; one file, several, or folders.

A block holds some columns as Arrow has them: text that occurs often stays a dictionary and its places, and is never
made into one text per row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from facerec.errors import ScoreTableError
from facerec.files import is_folder, is_there
from facerec.measure.tables.table_files import Layout, refuse_nested, text_blocks, text_columns

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

ROWS = 1 << 17
"""Of a block, at most."""

_KINDS = (".parquet", ".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Share:
    """What one process reads at a time: a file, or some of its groups of rows (None: the whole, as of text).

    Its rows are `first` … `last` - 1 of the file, as far as that is known before it is read (`last` is 0 of text).
    """

    path: Path
    groups: tuple[int, ...] | None
    first: int
    last: int


def block_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files of a table: those named, and of a folder its ``.parquet`` files or else its text files, sorted.

    `ScoreTableError` if one is missing, is of another kind (workbooks and compressed text are read into memory), or a
    folder holds none.
    """
    found: list[Path] = []
    for each in map(Path, paths):
        if is_folder(each):
            inside = sorted(
                path for path in each.iterdir() if path.suffix.lower() in _KINDS and path.name[0] not in "._"
            )
            parquets = [path for path in inside if path.suffix.lower() == ".parquet"]
            if not inside:
                message = f"{each}: the folder holds no part of a table, {', '.join(_KINDS)}"
                raise ScoreTableError(message)
            found += parquets or inside
        elif not is_there(each):
            message = f"{each}: there is no such file"
            raise ScoreTableError(message)
        elif each.suffix.lower() not in _KINDS:
            message = f"{each}: a table that is read in one pass is {', '.join(_KINDS)}, or a folder of such parts"
            raise ScoreTableError(message)
        else:
            found.append(each)
    return found


def block_columns(path: Path, layout: Layout) -> list[str]:
    """The names of a file's columns, as `blocks` takes them; `ScoreTableError` if it cannot be read."""
    if path.suffix.lower() == ".parquet":
        names = list(_parquet(path).schema_arrow.names)
        return [name for name in names if not name.startswith("__index_level_")]
    return [name for name in text_columns(path, layout) if name.strip()]


def row_count(path: Path) -> int | None:
    """How many rows a Parquet file has; None for text, which nobody has counted."""
    return int(_parquet(path).metadata.num_rows) if path.suffix.lower() == ".parquet" else None


def shares(paths: Sequence[Path], *, rows: int = 32 * ROWS) -> list[Share]:
    """The work that there is in files, in their order, cut where a share would hold more than about so many `rows`."""
    found = []
    for path in paths:
        if path.suffix.lower() != ".parquet":
            found.append(Share(path, None, 0, 0))
            continue
        metadata, groups, first, last = _parquet(path).metadata, [], 0, 0
        for number in range(metadata.num_row_groups):
            groups.append(number)
            last += metadata.row_group(number).num_rows
            if last - first >= rows or number == metadata.num_row_groups - 1:
                found.append(Share(path, tuple(groups), first, last))
                groups, first = [], last
    return found


def blocks(share: Share, columns: Sequence[str], layout: Layout, *, threads: bool = True) -> Iterator[pa.RecordBatch]:
    """Some columns of a share, at most about `ROWS` rows at a time; `ScoreTableError` where they cannot be read.

    Columns of Parquet are read by several `threads` where there are cores.
    """
    if share.groups is None:
        yield from text_blocks(share.path, columns, layout)
        return
    import pyarrow as pa

    file = _parquet(share.path, dictionaries=columns)
    try:
        yield from file.iter_batches(ROWS, row_groups=list(share.groups), columns=list(columns), use_threads=threads)
    except (pa.ArrowException, OSError, ValueError) as problem:
        message = f"{share.path}: cannot be read as Parquet: {problem}"
        raise ScoreTableError(message) from problem


def first_rows(path: Path, layout: Layout, *, rows: int = 1000) -> pd.DataFrame:
    """The first rows of a file, every column; none where it has none. `ScoreTableError` if it cannot be read."""
    names = block_columns(path, layout)
    if path.suffix.lower() != ".parquet":
        found = next(text_blocks(path, names, layout), None)
        return pd.DataFrame(columns=names, dtype="str") if found is None else found.slice(0, rows).to_pandas()
    import pyarrow as pa

    file = _parquet(path)
    try:
        refuse_nested(path, file.schema_arrow, ())
        found = next(file.iter_batches(rows, columns=names), None)
        whole = file.schema_arrow.empty_table().select(names) if found is None else pa.Table.from_batches([found])
        for place, each in enumerate(whole.schema):
            if pa.types.is_dictionary(each.type):  # a few texts of many
                whole = whole.set_column(place, each.name, whole.column(place).cast(each.type.value_type))
        return whole.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as problem:
        message = f"{path}: cannot be read as Parquet: {problem}"
        raise ScoreTableError(message) from problem


def _parquet(path: Path, *, dictionaries: Sequence[str] = ()) -> parquet.ParquetFile:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(path)
        texts = [
            name
            for name in dictionaries
            if pa.types.is_string(kind := schema.field(name).type) or pa.types.is_binary(kind)
        ]
        return parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False, buffer_size=1 << 22)
    except (pa.ArrowException, OSError, ValueError, KeyError) as problem:
        message = f"{path}: cannot be read as Parquet: {problem}"
        raise ScoreTableError(message) from problem
