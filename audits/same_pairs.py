"""Two score tables of the same pairs, row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facerec import scores
from facerec.errors import ScoreTableError

_KEY = ["probe_image", "reference_image", "probe_subject", "reference_subject"]


def same_pairs(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The rows of one table in the order of another.

    Parameters
    ----------
    before, after : DataFrame
        Checked score tables. Pairs are found by their photos and people; one that occurs several times is taken in
        the order in which it does.

    Returns
    -------
    DataFrame
        The rows of `after`, row by row the pairs of `before`.

    Raises
    ------
    ScoreTableError
        If a pair is in one of the tables only.
        If an attribute of a pair differs between the tables.
    """
    places = [
        pd.MultiIndex.from_frame(table[_KEY].assign(again=table.groupby(_KEY, sort=False).cumcount()))
        for table in (before, after)
    ]
    order = places[1].get_indexer(places[0])
    for here, there, where, other in (
        (places[0], places[1], "first", "second"),
        (places[1], places[0], "second", "first"),
    ):
        missing = np.flatnonzero(there.get_indexer(here) < 0)
        if missing.size:
            probe, reference = here[missing[0]][:2]
            message = (
                f"{missing.size} pairs of the {where} table are not in the {other} one, such as {probe!r} with "
                f"{reference!r}; drift needs the same pairs in both. A photo without a face stays, with an empty score"
            )
            raise ScoreTableError(message)
    found = after.iloc[order].reset_index(drop=True)
    for name in (f"{side}_{a}" for a in scores.attributes(before) for side in ("probe", "reference")):
        if name in found and (differs := (before[name] != found[name]).to_numpy(bool)).any():
            row = int(differs.argmax())
            message = (
                f"{name} of the pair in row {row + 1} of the first table is {before[name].iloc[row]!r} there and "
                f"{found[name].iloc[row]!r} in the second"
            )
            raise ScoreTableError(message)
    return found
