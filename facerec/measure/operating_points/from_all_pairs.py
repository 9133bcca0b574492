"""Operating points from every pair of a set of photos.

A list of a few thousand pairs has only a handful of false matches at the low rates that decisions need: LFW's 3,000
impostor pairs have three at FMR 1e-3. The same photos, each compared with each other, have thirty million pairs. They
share people and are worth far fewer independent ones, which the intervals know; they are worth many more than three.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, CalibrationError
from facerec.measure.operating_points.comparisons import Comparisons
from facerec.similarity import cosines_of_all
from facerec.types import Matcher, OperatingPoint, Rate

MAX_PHOTOS = 12_000
"""More photos would need more than 2 GB for their pairs; take a random part of the people instead."""

_ROWS = 256


def calibrate_all_pairs(
    vectors: NDArray[np.float32],
    subjects: Sequence[str],
    target_fmrs: Sequence[float],
    *,
    data_set: str,
    matcher: Matcher,
    refused: Rate | None = None,
) -> tuple[OperatingPoint, ...]:
    """Measure operating points on all pairs of photos; the targets share them.

    Parameters
    ----------
    vectors : ndarray, float32, shape (n, d)
        Unit vectors, one per photo; photos without a face, or whose face the gate refused, are left out.
    subjects : sequence of str
        Who is on each photo. Pairs of one person are genuine, all others are impostors.
    target_fmrs : sequence of float
        Each between 0 and 1, exclusive.
    data_set : str
        As for `calibrate`.
    matcher : Matcher
        What made the vectors.
    refused : Rate, optional
        How many faces the matcher's gate refused, out of how many.

    Returns
    -------
    tuple of OperatingPoint
        One per target, in that order.

    Raises
    ------
    ArgumentError
        If there is not one subject per vector, or a vector is not of unit length.
    CalibrationError
        If there are more than `MAX_PHOTOS` photos, no two photos of one person, or too few pairs for a target.
    """
    pairs = all_pairs(vectors, subjects, refused=refused)
    return tuple(pairs.point(target, data_set=data_set, matcher=matcher) for target in target_fmrs)


def all_pairs(vectors: NDArray[np.float32], subjects: Sequence[str], *, refused: Rate | None = None) -> Comparisons:
    """Compare every photo with every other; as for `calibrate_all_pairs`."""
    n = len(vectors)
    if vectors.ndim != 2 or n != len(subjects):
        message = f"one subject per vector is needed; got vectors {vectors.shape} and {len(subjects)} subjects"
        raise ArgumentError(message)
    if n > MAX_PHOTOS:
        message = f"{n} photos are more than the {MAX_PHOTOS} whose pairs fit into memory; take a part"
        raise CalibrationError(message)
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        message = "the vectors must be of unit length, as an Embedder gives them"
        raise ArgumentError(message)
    names, codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    codes = codes.astype(np.uint16)  # there are fewer people than MAX_PHOTOS
    first = np.repeat(codes, np.arange(n)[::-1])
    second, scores = np.empty(len(first), np.uint16), np.empty(len(first))
    at = 0
    for start in range(0, n, _ROWS):
        block = cosines_of_all(vectors[start : start + _ROWS], vectors[start:])
        for row, similarities in enumerate(block):
            beyond = similarities[row + 1 :]
            scores[at : at + len(beyond)] = beyond
            second[at : at + len(beyond)] = codes[start + row + 1 :]
            at += len(beyond)
    return Comparisons(scores, first == second, first, second, len(names), refused)
