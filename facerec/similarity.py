"""The only product of vectors: cosine similarity, in double precision, the same bits through every door.

Verification, galleries, tables, calibration, training and validation all score with these functions, so that a
threshold that was measured on a table decides the very same way about a photo. Scores are rounded to seven decimals,
which is what vectors of single precision carry: past that they depend on the order in which a product was summed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError

NAME = "cosine.v1"
"""Name and version of this recipe, as it stands in a `Matcher`."""

_DIGITS = 7
_BLOCK = 1 << 9  # rows that are held in double precision at once: they stay in the cache
_DOUBT = 1e-5  # in units of the last digit; two orders of summing differ by less than a hundredth of this


def cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Similarity of two unit vectors of shape (d,); -1 … 1, larger = more alike.

    Examples
    --------
    >>> cosine(np.array([1, 0], np.float32), np.array([0.6, 0.8], np.float32))
    0.6
    """
    return float(cosine_of_pairs(a[None], b[None])[0])


def cosines(vectors: NDArray[np.float32], probe: NDArray[np.float32]) -> NDArray[np.float64]:
    """Similarity of each of n unit vectors (n, d) to one unit probe (d,); shape (n,), whatever the order of rows."""
    return cosine_of_pairs(vectors, np.broadcast_to(probe, vectors.shape))


def cosine_of_pairs(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """Similarity of two lists of unit vectors, row by row.

    Parameters
    ----------
    left, right : ndarray, float32, shape (n, d)
        Unit length; a row with NaN stands for a face that was not found, and its score is NaN.

    Returns
    -------
    ndarray, float64, shape (n,)
        -1 … 1: vectors of length 1 + 1e-7 may not score above 1.

    Raises
    ------
    ArgumentError
        If the shapes differ or are not (n, d).

    Notes
    -----
    Σ_k a_k b_k, summed in double precision along each row in one fixed order (a matrix product would not), rounded
    to seven decimals and clipped.
    """
    if left.ndim != 2 or left.shape != right.shape:
        message = f"vectors must have one shape (n, d) on both sides; got {left.shape} and {right.shape}"
        raise ArgumentError(message)
    scores = np.empty(len(left))
    for start in range(0, len(left), _BLOCK):
        rows = slice(start, start + _BLOCK)
        a, b = (np.ascontiguousarray(side[rows], np.float64) for side in (left, right))
        scores[rows] = np.einsum("nd,nd->n", a, b)
    return _rounded(scores)


def cosines_of_all(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """Similarity of every row of `left` (n, d) to every row of `right` (m, d); shape (n, m).

    At the speed of a matrix product, with the bits of `cosine_of_pairs`: a matrix product sums in an order of its
    own, so where that could tip the rounding, and only there, the pair is summed again by itself. `ArgumentError` if
    the vectors are not of one length d.
    """
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[1]:
        message = f"vectors must have shapes (n, d) and (m, d); got {left.shape} and {right.shape}"
        raise ArgumentError(message)
    product = left.astype(np.float64) @ right.astype(np.float64).T
    scores = _rounded(product)
    product *= 10.0**_DIGITS
    product -= np.floor(product)
    first, second = np.nonzero(np.abs(product - 0.5) < _DOUBT)
    scores[first, second] = cosine_of_pairs(left[first], right[second])
    return scores


def _rounded(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums.round(_DIGITS).clip(-1.0, 1.0) + 0.0  # no negative zeros
