"""Tables of faces' vectors: who is on a photo, which groups that person is in, and the vector of the face.

One row per photo, with the column `subject` and, where they are known, `photo` (its name) and any columns of groups.
The vector is one column `vector` of lists (Parquet), or a column for each of its numbers, ``v0``, ``v1`` … (CSV or
Parquet). A photo without a face stays as a row without a vector: a failure to acquire is a result, not a gap. A table
that was made here says why in the column `failure`, and carries the stamp of its matcher (``stamp.py``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ScoreTableError
from facerec.files import replacing
from facerec.measure.tables.cells import as_text, ids, refuse_twice
from facerec.measure.tables.stamp import COLUMN, METADATA, stamp_of
from facerec.measure.tables.table_files import Layout, telling
from facerec.measure.tables.vendor import read_several, renamed_roles
from facerec.types import Matcher

EXPECTED = (
    "a table of vectors has one row per photo, with the column subject, columns of groups, photo if the photos have "
    "names, and the numbers of the vector in v0, v1 … or, in Parquet, as lists in the column vector"
)
"""What every message about a missing column says."""

Row: TypeAlias = tuple[Mapping[str, str], NDArray[np.float32] | None]
"""The texts of a photo (`photo`, `subject`, groups) and its vector, None where there is none."""

_BATCH = 1024
_NUMBERED = re.compile(r"v(0|[1-9]\d*)")


@dataclass(frozen=True, eq=False)
class FaceVectors:
    """Photos, who is on them, and the vectors of the faces.

    Attributes
    ----------
    photos : DataFrame
        One row per photo: `photo` and `subject` first, then all other columns, as text.
    matrix : ndarray, float32, shape (n, d)
        A vector of unit length per photo; NaN throughout where there is none.
    matcher : Matcher or None
        What made the vectors, where the table is stamped.
    """

    photos: pd.DataFrame
    matrix: NDArray[np.float32]
    matcher: Matcher | None = None

    def __post_init__(self) -> None:
        self.matrix.flags.writeable = False

    @property
    def embedded(self) -> NDArray[np.bool_]:
        """Which photos have a vector, shape (n,)."""
        return np.asarray(~np.isnan(self.matrix[:, 0]))

    def by_photo(self) -> dict[str, NDArray[np.float32] | None]:
        """The vector of each photo, None where there is none: as ``tables.score_vectors`` takes them."""
        names = self.photos["photo"].tolist()
        return {
            name: vector if seen else None for name, vector, seen in zip(names, self.matrix, self.embedded, strict=True)
        }


@dataclass(frozen=True)
class VectorColumns:
    """What a table of vectors calls its columns; None where it uses our name.

    `vector` is the column of lists, or how the names of the numbers' columns begin: ``emb_`` for ``emb_0``, ``emb_1``
    and so on, counted from 0 or 1.
    """

    subject: str | None = None
    photo: str | None = None
    vector: str | None = None


def read_vectors(
    path: str | Path | Sequence[str | Path],
    columns: VectorColumns = VectorColumns(),
    *,
    layout: Layout = Layout(),  # noqa: B008 - frozen
    people: str | Path | None = None,
) -> FaceVectors:
    """Read a table of vectors from files of any kind (``vendor.read_vendor``), and check it.

    Several files are one table. `people` is a file for ``vendor.join_people``. Vectors are brought to unit length.
    Where the table names no photos they are called by their row, from 1.

    Raises
    ------
    ScoreTableError
        If a file is missing, empty, of an unknown kind, larger than memory, or not what its name says.
        If it lacks columns that `columns` names, or `people` cannot be joined.
        If there is no column `subject`, no vector, or both kinds of vectors.
        If a number of a vector's columns is missing, or vectors differ in length.
        If a vector holds what is not a finite number, or is empty only in part, or is zero.
        If a subject or a photo's name is empty, a photo occurs twice, or no photo has a vector.
    MixedStampsError
        If rows were made by different matchers, or the metadata of a Parquet file names another than they do.
    """
    table = read_several(
        path,
        kind="a table of vectors",
        rename=lambda raw: _renamed(raw, columns),
        layout=layout,
        people=people,
        sides=(("subject", ""),),
        lists=(columns.vector or "vector",),
    )
    with telling(path if isinstance(path, str | Path) else ", ".join(map(str, path))):
        return check_vectors(table)


def _renamed(table: pd.DataFrame, columns: VectorColumns) -> pd.DataFrame:
    names = [str(name) for name in table.columns]
    roles: dict[str, str | None] = {"subject": columns.subject, "photo": columns.photo}
    begins = columns.vector
    if begins is None or begins in names:
        return renamed_roles(table, roles | {"vector": begins})
    ends = {name.removeprefix(begins): name for name in names if name.startswith(begins)}
    numbered = {int(end): name for end, name in ends.items() if _NUMBERED.fullmatch(f"v{end}")}
    if not numbered:
        message = (
            f"there is no column {begins!r} of vectors, nor {begins}0, {begins}1 and so on; the table has "
            f"{', '.join(names)}"
        )
        raise ScoreTableError(message)
    unmeant = [
        name for name in names if name not in numbered.values() and (_NUMBERED.fullmatch(name) or name == "vector")
    ]
    table = table.rename(columns={name: f"other_{name}" for name in unmeant})
    first = min(*numbered, 1)
    return renamed_roles(table, roles | {f"v{number - first}": name for number, name in numbered.items()})


def check_vectors(table: pd.DataFrame) -> FaceVectors:
    """Check a table of vectors; as `read_vectors`, from a table in memory.

    Examples
    --------
    >>> table = pd.DataFrame({"subject": ["ann", "bob"], "v0": [3.0, None], "v1": [4.0, None]})
    >>> found = check_vectors(table)
    >>> found.matrix.round(2).tolist(), found.photos["photo"].tolist()
    ([[0.6000000238418579, 0.800000011920929], [nan, nan]], ['1', '2'])
    """
    names = [str(name) for name in table.columns]
    refuse_twice(names)
    numbered = sorted((name for name in names if _NUMBERED.fullmatch(name)), key=lambda name: int(name[1:]))
    there = {"subject": "subject" in names, "vector": bool(numbered) or "vector" in names}
    if absent := [name for name, found in there.items() if not found]:
        message = f"lacks {' and '.join(absent)}; it has {', '.join(names) or 'no columns'}. Expected: {EXPECTED}"
        raise ScoreTableError(message)
    if numbered and "vector" in names:
        message = f"has both a column vector and {numbered[0]} … {numbered[-1]}; keep one of the two"
        raise ScoreTableError(message)
    if table.empty:
        message = "holds no photos, only the names of the columns"
        raise ScoreTableError(message)
    matrix = _from_columns(table, numbered) if numbered else _from_lists(table["vector"])
    told = "every photo has a name and says who is on it"
    unnamed = pd.Series(map(str, range(1, len(table) + 1)), dtype="str")
    photo = ids(table["photo"], told) if "photo" in names else unnamed
    matcher = stamp_of(table)
    stamp = (COLUMN,) if matcher is not None else ()
    rest = [name for name in names if name not in ("photo", "subject", "vector", *numbered, *stamp)]
    if (again := photo.duplicated().to_numpy(bool)).any():
        message = f"photo {photo[int(again.argmax())]!r} stands in two rows; each photo has one"
        raise ScoreTableError(message)
    columns = {"photo": photo, "subject": ids(table["subject"], told)} | {name: as_text(table[name]) for name in rest}
    frame = pd.DataFrame({name: column.array for name, column in columns.items()})
    return FaceVectors(frame, _unit_length(matrix), matcher)


def write_vectors(
    rows: Iterable[Row], path: Path, *, columns: Sequence[str], dimension: int, matcher: Matcher | None = None
) -> None:
    """Write a table of vectors; whoever reads the path meanwhile finds the old file or the whole new one.

    Rows are taken one after the other, and at most 1,024 held: the size of the table is no matter of memory.

    Parameters
    ----------
    rows : iterable of Row
    path : Path
        ``.parquet``, with a column `vector` of lists, or ``.csv``, with the columns ``v0``, ``v1`` …
    columns : sequence of str
        The texts of each row.
    dimension : int
        Length of every vector.
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
    import pyarrow as pa
    from pyarrow import parquet

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


def _from_columns(table: pd.DataFrame, numbered: list[str]) -> NDArray[np.float64]:
    """Numbers from the columns v0, v1 …; a row is NaN throughout where all its cells are empty."""
    expected = [f"v{number}" for number in range(len(numbered))]
    if numbered != expected:
        absent = next(name for name in expected if name not in numbered)
        message = (
            f"lacks {absent}: the vector has {len(numbered)} columns up to {numbered[-1]}, and none may be missing"
        )
        raise ScoreTableError(message)
    matrix = np.empty((len(table), len(numbered)), np.float64)
    empty = np.zeros(len(table), np.int64)
    for place, name in enumerate(numbered):
        column = table[name]
        blank = (column.isna() | (column.astype(str).str.strip() == "")).to_numpy(bool)
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        if (odd := np.flatnonzero(~blank & ~np.isfinite(numbers))).size:
            message = f"{name} in row {odd[0] + 1} is {str(column.iloc[odd[0]])!r}, which is no finite number"
            raise ScoreTableError(message)
        matrix[:, place] = numbers
        empty += blank
    if (odd := np.flatnonzero((empty > 0) & (empty < len(numbered)))).size:
        message = (
            f"row {odd[0] + 1} has {len(numbered) - empty[odd[0]]} of the {len(numbered)} numbers of a vector; it "
            "needs all of them or, where a photo shows no face, none"
        )
        raise ScoreTableError(message)
    return matrix


def _from_lists(column: pd.Series) -> NDArray[np.float64]:
    """Numbers from a column of lists; a row is NaN throughout where there is no list."""
    absent = column.isna().to_numpy(bool)
    lists = column.to_numpy(object)[~absent]
    rows = np.flatnonzero(~absent)
    if not len(lists):
        return np.full((len(column), 1), np.nan)
    if not hasattr(lists[0], "__len__") or isinstance(lists[0], str | bytes):
        message = f"vector in row {rows[0] + 1} is no list of numbers; a CSV file has its numbers in v0, v1 …"
        raise ScoreTableError(message)
    lengths = np.array([len(each) for each in lists])
    if (odd := np.flatnonzero(lengths != lengths[0])).size or not lengths[0]:
        place = odd[0] if odd.size else 0
        message = (
            f"vector in row {rows[place] + 1} has {lengths[place]} numbers and that in row {rows[0] + 1} has "
            f"{lengths[0]}; all must have one length, and a photo without a face has none at all"
        )
        raise ScoreTableError(message)
    matrix = np.full((len(column), lengths[0]), np.nan)
    try:
        matrix[rows] = np.stack([np.asarray(each, np.float64) for each in lists])
    except (TypeError, ValueError) as problem:
        message = f"vector holds what is not a number: {problem}"
        raise ScoreTableError(message) from problem
    if (odd := np.flatnonzero(~absent & ~np.isfinite(matrix).all(axis=1))).size:
        message = f"vector in row {odd[0] + 1} holds NaN or infinity; a photo without a face has no vector at all"
        raise ScoreTableError(message)
    return matrix


def _unit_length(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # of numbers near the largest there are
        length = np.linalg.norm(matrix, axis=1)
    if np.isinf(length).any():
        message = (
            f"the vector in row {int(np.isinf(length).argmax()) + 1} is too long to be a vector: its length overflows"
        )
        raise ScoreTableError(message)
    if np.isnan(length).all():
        message = "no photo has a vector"
        raise ScoreTableError(message)
    if (length == 0).any():
        message = f"the vector in row {int((length == 0).argmax()) + 1} is zero and points nowhere"
        raise ScoreTableError(message)
    length = np.where(np.abs(length - 1) < 2e-6, 1.0, length)  # of unit length as they are: the same bits as elsewhere
    return (matrix / length[:, None]).astype(np.float32)
