"""Writing a table of vectors photo by photo, so that its size is no matter of memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from facerec.files import replacing
from facerec.measure.tables.stamp import COLUMN, METADATA
from facerec.types import Matcher

_BATCH = 1024

Row: TypeAlias = tuple[Mapping[str, str], NDArray[np.float32] | None]
"""The texts of a photo (`photo`, `subject`, groups) and its vector, None where there is none."""


def write_vectors(
    rows: Iterable[Row], path: Path, *, columns: Sequence[str], dimension: int, matcher: Matcher | None = None
) -> None:
    """Write a table of vectors; whoever reads the path meanwhile finds the old file or the whole new one.

    Parameters
    ----------
    rows : iterable of (mapping of str to str, ndarray float32 of shape (d,) or None)
        Taken one after the other; at most 1,024 are held.
    path : Path
        ``.parquet``, with a column `vector` of lists, or ``.csv``, with the columns ``v0``, ``v1`` …
    columns : sequence of str
        The texts of each row.
    dimension : int
        The length of every vector: how many columns a ``.csv`` gets.
    matcher : Matcher, optional
        What makes the vectors; every row is stamped with it.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to.
    """
    stamp = {} if matcher is None else {COLUMN: matcher.text}
    columns = [*columns, *stamp]
    rows = (({**texts, **stamp}, vector) for texts, vector in rows)
    with replacing(path) as partial:
        if path.suffix.lower() == ".csv":
            _write_csv(rows, partial, columns, dimension)
        else:
            _write_parquet(rows, partial, columns, {} if matcher is None else {METADATA: matcher.text})


def _write_parquet(rows: Iterable[Row], path: Path, columns: Sequence[str], metadata: dict[bytes, str]) -> None:
    fields = [*((name, pa.string()) for name in columns), ("vector", pa.list_(pa.float32()))]
    schema = pa.schema(fields, metadata=metadata or None)
    waiting = iter(rows)
    with parquet.ParquetWriter(path, schema) as file:
        while batch := list(islice(waiting, _BATCH)):
            texts = [pa.array([texts[name] for texts, _ in batch], pa.string()) for name in columns]
            vectors = pa.array([vector for _, vector in batch], pa.list_(pa.float32()))
            file.write_batch(pa.record_batch([*texts, vectors], schema=schema))


def _write_csv(rows: Iterable[Row], path: Path, columns: Sequence[str], dimension: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, *(f"v{number}" for number in range(dimension))])
        for texts, vector in rows:
            # str of a float32 is the shortest text that reads back as the same number.
            numbers = [""] * dimension if vector is None else [str(number) for number in vector]
            writer.writerow([*(texts[name] for name in columns), *numbers])
