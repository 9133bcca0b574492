"""Score tables from pairs of photos and the vectors of their faces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.tables.score_table import check

_DIGITS = 7  # what float32 vectors carry; so the table does not depend on the order in which products were summed
_BLOCK = 1 << 16


def make(pairs: pd.DataFrame, embeddings: Mapping[str, NDArray[np.float32] | None]) -> pd.DataFrame:
    """Score pairs of photos: the cosine of the angle between their faces' vectors.

    Parameters
    ----------
    pairs : DataFrame
        The columns of a score table without `score`; further columns are kept.
    embeddings : mapping of str to ndarray, float32, shape (d,), or None
        A unit vector for each photo in `pairs`, or None where no face was found in it or it cannot be read. Of
        one embedder only: nothing in a vector tells where it comes from.

    Returns
    -------
    DataFrame
        A checked score table, row by row as `pairs`; a score is NaN where either photo has no vector.

    Raises
    ------
    ScoreTableError
        If a photo of a pair is not in `embeddings` at all.
        If `check` refuses the pairs.
    ArgumentError
        If vectors differ in shape, or one is not of unit length.

    Notes
    -----
    score = Σ_k a_k b_k, summed in float64 and rounded to seven decimals.

    Examples
    --------
    >>> pairs = pd.DataFrame(
    ...     [["1.jpg", "2.jpg", "ann", "ann", True], ["1.jpg", "3.jpg", "ann", "bob", False]],
    ...     columns=["probe_image", "reference_image", "probe_subject", "reference_subject", "genuine"],
    ... )
    >>> vectors = {"1.jpg": np.array([1, 0]), "2.jpg": np.array([0.6, 0.8]), "3.jpg": None}
    >>> make(pairs, vectors)["score"].tolist()
    [0.6, nan]
    """
    table = check(pairs.assign(score=np.nan))
    images, names = pd.factorize(pd.concat([table["probe_image"], table["reference_image"]]))
    matrix = _stacked(names.tolist(), embeddings)
    probes, references = images[: len(table)], images[len(table) :]
    scores = np.empty(len(table))
    for start in range(0, len(table), _BLOCK):
        block = slice(start, start + _BLOCK)
        left, right = matrix[probes[block]].astype(np.float64), matrix[references[block]].astype(np.float64)
        scores[block] = np.einsum("nd,nd->n", left, right)
    return table.assign(score=np.clip(scores, -1, 1).round(_DIGITS))


def _stacked(names: list[str], embeddings: Mapping[str, NDArray[np.float32] | None]) -> NDArray[np.float32]:
    """One row per photo; NaN where it has no vector, so that its scores are NaN."""
    if absent := [name for name in names if name not in embeddings]:
        message = (
            f"{len(absent)} photos of the pairs were not embedded, the first is {absent[0]!r}; "
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
