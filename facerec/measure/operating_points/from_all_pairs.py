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
from facerec.measure.operating_points.from_table import point_of
from facerec.types import OperatingPoint

MAX_PHOTOS = 12_000
"""More photos would need more than 2 GB for their pairs; take a random part of the people instead."""


def calibrate_all_pairs(
    embeddings: NDArray[np.float32],
    subjects: Sequence[str],
    target_fmrs: Sequence[float],
    *,
    data_set: str,
    detector: str,
    alignment: str,
    embedder: str,
    embedder_digest: str,
) -> tuple[OperatingPoint, ...]:
    """Measure operating points on all pairs of photos.

    Parameters
    ----------
    embeddings : ndarray, float32, shape (n, d)
        Unit vectors, one per photo; photos without a face are left out.
    subjects : sequence of str
        Who is on each photo. Pairs of one person are genuine, all others are impostors.
    target_fmrs : sequence of float
        Each between 0 and 1, exclusive.
    data_set, detector, alignment, embedder, embedder_digest : str
        As for `calibrate`.

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
    if embeddings.ndim != 2 or len(embeddings) != len(subjects):
        message = f"one subject per vector is needed; got vectors {embeddings.shape} and {len(subjects)} subjects"
        raise ArgumentError(message)
    if len(embeddings) > MAX_PHOTOS:
        message = f"{len(embeddings)} photos are more than the {MAX_PHOTOS} whose pairs fit into memory; take a part"
        raise CalibrationError(message)
    if not np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-3):
        message = "the vectors must be of unit length, as an Embedder gives them"
        raise ArgumentError(message)
    _, codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    codes = codes.astype(np.int32)
    first, second = np.triu_indices(len(codes), 1)
    # Products of unit vectors exceed 1 by rounding where two photos are the same file.
    scores = np.concatenate([embeddings[i + 1 :] @ row for i, row in enumerate(embeddings)]).clip(-1, 1)
    left, right = codes[first], codes[second]
    del first, second
    return tuple(
        point_of(
            scores,
            left == right,
            (left, right),
            target,
            data_set=data_set,
            detector=detector,
            alignment=alignment,
            embedder=embedder,
            embedder_digest=embedder_digest,
        )
        for target in target_fmrs
    )
