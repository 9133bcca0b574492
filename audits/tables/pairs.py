"""Two score tables of the same pairs, row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facerec.errors import ScoreTableError
from facerec.measure import tables
from facerec.measure.tables.cells import respelt
from facerec.measure.tables.completed import Completed

_IMAGES = ["probe_image", "reference_image"]
_SUBJECTS = ["probe_subject", "reference_subject"]


def same_pairs(before: Completed, after: Completed) -> pd.DataFrame:
    """The rows of `after`, row by row the pairs of `before`.

    Pairs are found by their photos, people and whether they are genuine; one that occurs several times is taken in the
    order in which it does. Tables without photos are taken row by row. `ScoreTableError` if one table names people or
    photos and the other does not, if a pair is in one of them only, or if an attribute of a pair differs between them.
    """
    for what, known in (
        ("people", [not side.pairs_independent for side in (before, after)]),
        ("photos", [side.images_known for side in (before, after)]),
    ):
        if known[0] != known[1]:
            named, unnamed = ("first", "second") if known[0] else ("second", "first")
            message = (
                f"the {named} table names the {what} of its pairs and the {unnamed} does not; both must, or neither"
            )
            raise ScoreTableError(message)
    here, there = _keys(before), _keys(after)
    _refuse_missing(here, there, "first", "second")
    _refuse_missing(there, here, "second", "first")
    found = after.table.iloc[there.get_indexer(here)].reset_index(drop=True)
    _refuse_other_labels(before.table, found)
    return found


def _keys(completed: Completed) -> pd.MultiIndex:
    """What tells the pairs of a table apart, row by row."""
    columns = [*(_IMAGES if completed.images_known else []), *([] if completed.pairs_independent else _SUBJECTS)]
    frame = completed.table[[*columns, "genuine"]]
    # Without photos a row is found by its number; with them, the same pair again by how often it was there before.
    again = frame.groupby([*columns, "genuine"], sort=False).cumcount() if completed.images_known else frame.index
    return pd.MultiIndex.from_frame(frame.assign(again=again))


def _refuse_missing(here: pd.MultiIndex, there: pd.MultiIndex, where: str, other: str) -> None:
    missing = np.flatnonzero(there.get_indexer(here) < 0)
    if missing.size:
        message = (
            f"{missing.size} pairs of the {where} table are not in the {other} one, such as that in row "
            f"{missing[0] + 1}; drift needs the same pairs in both. A photo without a face stays, with an empty score"
        )
        raise ScoreTableError(message)


def _refuse_other_labels(before: pd.DataFrame, after: pd.DataFrame) -> None:
    for name in (f"{side}_{attribute}" for attribute in tables.attributes(before) for side in ("probe", "reference")):
        if name not in after:
            continue
        here, there = respelt([before[name], after[name]])
        if (differs := (here != there).to_numpy(bool)).any():
            row = int(differs.argmax())
            message = (
                f"{name} of the pair in row {row + 1} of the first table is {before[name].iloc[row]!r} there and "
                f"{after[name].iloc[row]!r} in the second"
            )
            raise ScoreTableError(message)
