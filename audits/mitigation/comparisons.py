"""Which photos of a group of people are compared: every two people alike often, and nobody a hundred times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.measure import tables
from facerec.measure.tables.vector_table import FaceVectors

PAIRS = 500_000
"""Impostor comparisons that are drawn where nothing else is asked for."""

GENUINE_PER_PERSON = 45
"""Genuine comparisons of one person at most: those of ten photos. Or a few famous people would be the rate."""


def compare_people(
    vectors: FaceVectors, rows: NDArray[np.intp], *, pairs: int = PAIRS, seed: int | Sequence[int] = 0
) -> pd.DataFrame:
    """Compare the people on some of the photos with one another.

    Parameters
    ----------
    vectors : FaceVectors
    rows : ndarray, intp, shape (m,)
        Which photos.
    pairs : int
        At most so many impostor comparisons, at least 1. Pairs of people are drawn, every two people alike often, and
        of each person a photo; so people with many photos count no more than others.
    seed : int or sequence of int
        Of the draws.

    Returns
    -------
    DataFrame
        A checked score table of cosines: every two photos of one person, of each person `GENUINE_PER_PERSON` at most
        (drawn), then the impostor comparisons. No two photos are compared twice.

    Raises
    ------
    ArgumentError
        If `pairs` is less than 1.
    """
    if pairs < 1:
        message = f"the number of impostor comparisons must be 1 or more; got {pairs}"
        raise ArgumentError(message)
    photos = vectors.photos.iloc[rows].sort_values(["subject", "photo"], kind="stable").reset_index(drop=True)
    draw = np.random.default_rng(seed)
    _, starts, counts = np.unique(photos["subject"].to_numpy(str), return_index=True, return_counts=True)
    genuine = [_within(start, count, draw) for start, count in zip(starts, counts, strict=True) if count > 1]
    left, right = np.concatenate([*genuine, _between(starts, counts, pairs, draw)], axis=1)
    sides = {
        f"{side}_{'image' if name == 'photo' else name}": photos[name].to_numpy(object)[chosen]
        for side, chosen in (("probe", left), ("reference", right))
        for name in photos.columns
    }
    sides["genuine"] = sides["probe_subject"] == sides["reference_subject"]
    return tables.score_vectors(pd.DataFrame(sides), vectors.by_photo(), matcher=vectors.matcher)


def _within(start: int, count: int, draw: np.random.Generator) -> NDArray[np.intp]:
    """Pairs of the photos of one person, shape (2, k)."""
    pairs = np.stack(np.triu_indices(count, 1)) + start
    if pairs.shape[1] > GENUINE_PER_PERSON:
        pairs = pairs[:, np.sort(draw.choice(pairs.shape[1], GENUINE_PER_PERSON, replace=False))]
    return pairs


def _between(
    starts: NDArray[np.intp], counts: NDArray[np.intp], limit: int, draw: np.random.Generator
) -> NDArray[np.intp]:
    """Pairs of photos of different people, shape (2, k)."""
    people = len(starts)
    possible = people * (people - 1) // 2
    if possible == 0:
        return np.empty((2, 0), np.intp)
    if limit < possible:
        chosen = np.sort(draw.choice(possible, limit, replace=False))
    else:
        chosen = np.tile(np.arange(possible), limit // possible)  # every two people alike often
    first, second = _pair_of(chosen, people)
    drawn = [starts[who] + (draw.random(len(who)) * counts[who]).astype(np.intp) for who in (first, second)]
    return np.unique(np.stack(drawn), axis=1)


def _pair_of(number: NDArray[np.intp], n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pair (i, j), i < j < n, of a number 0 … n (n − 1) / 2 − 1, in the order of `numpy.triu_indices`."""
    before = np.arange(n) * (2 * n - np.arange(n) - 1) // 2  # pairs whose first is smaller
    first = np.searchsorted(before, number, side="right") - 1
    first = np.minimum(first, n - 2)
    return first, number - before[first] + first + 1
