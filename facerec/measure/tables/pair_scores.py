"""Score tables from pairs of photos and the vectors of their faces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.tables.score_table import FAILURES, both_sides, check
from facerec.measure.tables.stamp import COLUMN, stamped
from facerec.similarity import cosine_of_pairs
from facerec.types import Matcher

_BLOCK = 1 << 16


def score_vectors(
    pairs: pd.DataFrame,
    embeddings: Mapping[str, NDArray[np.float32] | None],
    *,
    matcher: Matcher | None = None,
    failures: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Score pairs of photos by the vectors of their faces.

    Parameters
    ----------
    pairs : DataFrame
        The columns of a score table without `score`; others are kept, but a stamp, which is no longer true, goes.
    embeddings : mapping of str to ndarray, float32, shape (d,), or None
        A unit vector for each photo in `pairs`, or None where there is none.
    matcher : Matcher, optional
        What made the vectors: the table is stamped with it.
    failures : mapping of str to str, optional
        Why a photo has no vector, in the words of ``stamp.py``; fills ``probe_failure`` and ``reference_failure``.

    Returns
    -------
    DataFrame
        A checked score table, row by row as `pairs`; a score is NaN where either photo has no vector.

    Raises
    ------
    ScoreTableError
        If a photo of a pair is not in `embeddings` at all, or `check` refuses the pairs.
    ArgumentError
        If vectors differ in shape, or one is not of unit length.

    Examples
    --------
    >>> from facerec.measure.tables import REQUIRED
    >>> rows = [["1.jpg", "2.jpg", "ann", "ann", True], ["1.jpg", "3.jpg", "ann", "bob", False]]
    >>> pairs = pd.DataFrame(rows, columns=REQUIRED[:5])
    >>> vectors = {"1.jpg": np.array([1, 0]), "2.jpg": np.array([0.6, 0.8]), "3.jpg": None}
    >>> score_vectors(pairs, vectors)["score"].tolist()
    [0.6, nan]
    """
    table = check(pairs.drop(columns=[COLUMN], errors="ignore").assign(score=np.nan))
    images, names = pd.factorize(both_sides(table, "image"))
    matrix = stacked(names.tolist(), embeddings)
    probes, references = images[: len(table)], images[len(table) :]
    scores = np.empty(len(table))
    for start in range(0, len(table), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores[block] = cosine_of_pairs(matrix[probes[block]], matrix[references[block]])
    table = table.assign(score=scores)
    if failures is not None:
        words = np.array([failures.get(name, "") for name in names], object)
        why = {name: words[side] for name, side in zip(FAILURES, (probes, references), strict=True)}
        table = table.assign(**why).astype(dict.fromkeys(why, "str"))
    return table if matcher is None else stamped(table, matcher)


def stacked(names: list[str], embeddings: Mapping[str, NDArray[np.float32] | None]) -> NDArray[np.float32]:
    """The vectors of photos, one row each; NaN where a photo has none, so that its scores are NaN.

    `ScoreTableError` if a photo is not in `embeddings` at all; `ArgumentError` if vectors differ in shape, or one is
    not of unit length.
    """
    if absent := [name for name in names if name not in embeddings]:
        message = (
            f"{len(absent)} photos of the pairs have no embedding, the first is {absent[0]!r}; "
            "a photo without a face has the embedding None"
        )
        raise ScoreTableError(message)
    shapes = {np.shape(vector): name for name in names if (vector := embeddings[name]) is not None}
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        told = ", ".join(f"{shape} for {name!r}" for shape, name in shapes.items())
        message = f"embeddings must be vectors of one length; got shapes {told}"
        raise ArgumentError(message)
    matrix = np.full((len(names), *next(iter(shapes), (1,))), np.nan, np.float32)
    for row, name in enumerate(names):
        if (vector := embeddings[name]) is not None:
            matrix[row] = vector
            length = float(np.linalg.norm(vector))
            if not abs(length - 1) < 1e-3:
                message = f"the embedding of {name!r} must have unit length; it has {length:.4g}"
                raise ArgumentError(message)
    return matrix
