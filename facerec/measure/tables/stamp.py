"""The stamp of a table: which matcher made its scores or vectors.

It stands in every row, as `Matcher.text` in the column ``matcher``, so that it survives spreadsheets, sorting, and
whatever reads CSV; a table that was put together from two matchers shows it. A Parquet file says it once more in its
metadata. A stamp tells honest mistakes: whoever types one in has forged it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from facerec.errors import ArgumentError, MixedStampsError, ScoreTableError
from facerec.types import Matcher

COLUMN = "matcher"
"""The column of the stamp. A vendor's column of that name, which holds something else, is a column like any other."""

METADATA = b"facerec.matcher"
"""The key of the stamp in a Parquet file's metadata."""

NO_FACE, SEVERAL_FACES, REFUSED, UNREADABLE = "no face", "several faces", "refused", "unreadable"
"""Why a photo has no vector, as it stands in a column ``failure``, ``probe_failure`` or ``reference_failure``."""

_BEGINNING = "detector="
_HOW = "keep the rows of different matchers in tables of their own"


def stamp_of(table: pd.DataFrame) -> Matcher | None:
    """The matcher that made a table; ``None`` where it carries no stamp.

    Raises
    ------
    MixedStampsError
        If rows were made by different matchers, or some carry no stamp.
    ScoreTableError
        If the stamp cannot be read.

    Examples
    --------
    >>> ours = Matcher("mtcnn", "box.v1", "ours", "ab12", "cosine.v1", "none")
    >>> made = stamped(pd.DataFrame({"score": [0.9, 0.1]}), ours)
    >>> stamp_of(made).embedder, stamp_of(made.drop(columns="matcher"))
    ('ours', None)
    """
    if COLUMN not in table.columns:
        return None
    codes, values = pd.factorize(table[COLUMN])
    texts = [str(value).strip() for value in values] + [""]  # the last for code -1, a missing value
    stamps = [number for number, text in enumerate(texts) if text.startswith(_BEGINNING)]
    if not stamps:
        return None
    places = codes % len(texts)
    first = places[int(np.isin(places, stamps).argmax())]
    matcher = _parsed(texts[first], int((places == first).argmax()))
    unstamped = ~np.isin(places, stamps)
    if unstamped.any():
        message = (
            f"{unstamped.sum()} of {len(table)} rows carry no stamp of a matcher, the first is row "
            f"{int(unstamped.argmax()) + 1}; the others were made by {matcher}. A table is of one matcher: {_HOW}"
        )
        raise MixedStampsError(message)
    others = np.array([texts[number] != texts[first] for number in range(len(texts))])[places]
    if others.any():
        row = int(others.argmax())
        message = (
            f"row {row + 1} was made by another matcher than row 1 ({others.sum()} of {len(table)} rows were): "
            f"{differing(_parsed(texts[places[row]], row), matcher)}. A table is of one matcher: {_HOW}"
        )
        raise MixedStampsError(message)
    return matcher


def stamped(table: pd.DataFrame, matcher: Matcher) -> pd.DataFrame:
    """A copy of `table` whose every row says that `matcher` made it."""
    return table.assign(**{COLUMN: matcher.text})


def differing(one: Matcher, other: Matcher) -> str:
    """In what two matchers differ, in words; the name of the embedder where in nothing else."""
    found = one.differences(other)
    return "; ".join((*found.refused, *found.noted)) or f"embedder {other.embedder} there, {one.embedder} here"


def check_metadata(table: pd.DataFrame, path: Path) -> None:
    """`MixedStampsError` if a table's Parquet file names a matcher, and its rows name none or another."""
    if path.suffix.lower() != ".parquet":
        return
    from pyarrow import parquet

    text = (parquet.read_schema(path).metadata or {}).get(METADATA)
    if text is None:
        return
    rows = stamp_of(table)
    stated = _parsed(text.decode("utf-8", "replace"))
    if rows is None or rows != stated:
        said = "its rows carry no stamp" if rows is None else f"its rows differ: {differing(rows, stated)}"
        message = (
            f"the file's metadata says that {stated} made the table, and {said}; the column {COLUMN} was changed or "
            "left out: take the table as it was written"
        )
        raise MixedStampsError(message)


def _parsed(text: str, row: int | None = None) -> Matcher:
    try:
        return Matcher.parse(text)
    except ArgumentError as problem:
        where = "in the file's metadata" if row is None else f"in row {row + 1}"
        message = f"the stamp of the matcher {where} cannot be read, it was changed or cut off: {problem}"
        raise ScoreTableError(message) from problem
