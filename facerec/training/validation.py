"""How well vectors tell strangers apart: the true match rate at a false match rate, over all pairs of photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec import similarity
from facerec.errors import ArgumentError
from facerec.measure.metrics import eer, threshold_at_fmr

MOST_PHOTOS = 3_000
"""Of more photos some people's are drawn before their pairs are counted in every epoch; 4.5 million pairs remain."""


@dataclass(frozen=True)
class Separation:
    """What all pairs of some photos say of an embedder.

    Attributes
    ----------
    tmr : float
        True match rate, 1 - FNMR, at `threshold`; 0 … 1.
    fmr : float
        The false match rate that was asked for.
    threshold : float
        The lowest cosine that keeps to it.
    eer : float
        Equal error rate, 0 … 1.
    genuine, impostor : int
        Pairs.
    """

    tmr: float
    fmr: float
    threshold: float
    eer: float
    genuine: int
    impostor: int


def separation(vectors: NDArray[np.float32], labels: NDArray[np.int64], *, fmr: float) -> Separation:
    """Compare every photo with every other.

    Parameters
    ----------
    vectors : ndarray, float32, shape (n, d)
        Unit length.
    labels : ndarray, int64, shape (n,)
        Who is on each photo.
    fmr : float
        0 < rate < 1.

    Raises
    ------
    ArgumentError
        If there is no pair of one person, or none of two.

    Examples
    --------
    >>> turned = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], np.float32)
    >>> separation(turned, np.array([0, 0, 1, 1]), fmr=0.3).tmr
    1.0
    """
    first, second = np.triu_indices(len(labels), 1)
    scores = similarity.cosines_of_all(vectors, vectors)[first, second]
    same = labels[first] == labels[second]
    genuine, impostor = scores[same], scores[~same]
    if not len(genuine) or not len(impostor):
        message = f"{len(genuine)} pairs of one person and {len(impostor)} of two; both are needed to measure"
        raise ArgumentError(message)
    threshold = threshold_at_fmr(impostor, fmr)
    return Separation(
        tmr=float((genuine >= threshold).mean()),
        fmr=fmr,
        threshold=float(threshold),
        eer=eer(genuine, impostor),
        genuine=len(genuine),
        impostor=len(impostor),
    )


def cosine_gap(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """How much higher the mean cosine of two photos of one person is than that of photos of two.

    Parameters
    ----------
    vectors : ndarray, float32, shape (n, d)
        Of any length.
    labels : ndarray, int64, shape (n,)

    Returns
    -------
    float
        NaN where no person has two photos, or there is one person.

    Examples
    --------
    >>> cosine_gap(np.array([[1, 0], [1, 0], [0, 2], [0, 2]], np.float32), np.array([0, 0, 1, 1]))
    1.0
    """
    unit = vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    _, people, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), unit.shape[1]))
    np.add.at(sums, people, unit)
    # A sum's squared length is the sum of all cosines in it, those of each photo with itself included.
    within = float((sums**2).sum()) - len(unit)
    whole = float((sums.sum(axis=0) ** 2).sum()) - len(unit)
    same = int((counts**2).sum()) - len(unit)
    other = len(unit) ** 2 - len(unit) - same
    if not same or not other:
        return float("nan")
    return within / same - (whole - within) / other
