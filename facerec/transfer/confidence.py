"""Whether a classifier's probabilities can be believed: calibration error and log-likelihood of its answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError

_SMALLEST = 1e-12


def expected_calibration_error(scores: NDArray[np.float32], labels: NDArray[np.int64], *, bins: int = 15) -> float:
    """How far stated confidence and accuracy lie apart, on average.

    Parameters
    ----------
    scores : ndarray, float32, shape (n, classes)
        Probabilities; rows sum to 1.
    labels : ndarray, int64, shape (n,)
        The right classes.
    bins : int
        Of equal width over the confidence, 1 or more.

    Returns
    -------
    float
        0 … 1; 0 is perfect. It grows with few photos, because accuracy in a bin is then a matter of chance.

    Raises
    ------
    ArgumentError
        If the lengths differ, there is no photo, or `bins` is less than 1.

    Notes
    -----
    Σ over bins of (share of photos) · |accuracy − mean confidence|, with the confidence of the likeliest class.

    References
    ----------
    Guo et al. (2017), "On calibration of modern neural networks", ICML, equation 3.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    >>> round(expected_calibration_error(scores, np.array([0, 1])), 4)
    0.4
    """
    _check(scores, labels)
    if bins < 1:
        message = f"bins must be 1 or more; got {bins}"
        raise ArgumentError(message)
    confidence = scores.max(axis=1).astype(np.float64)
    correct = scores.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def negative_log_likelihood(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Mean negative log-probability of the right class.

    Parameters
    ----------
    scores : ndarray, float32, shape (n, classes)
        Probabilities; rows sum to 1. Below 1e-12 they count as 1e-12.
    labels : ndarray, int64, shape (n,)
        The right classes.

    Returns
    -------
    float
        Nats, 0 or more; log(classes) is what guessing gives.

    Raises
    ------
    ArgumentError
        If the lengths differ, or there is no photo.

    Examples
    --------
    >>> round(negative_log_likelihood(np.full((3, 2), 0.5, np.float32), np.array([0, 1, 1])), 4)
    0.6931
    """
    _check(scores, labels)
    right = scores[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(right, _SMALLEST)).mean())


def _check(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    if scores.ndim != 2 or len(scores) != len(labels) or not len(labels):
        message = f"one row of probabilities per photo is needed; got {scores.shape} for {len(labels)} labels"
        raise ArgumentError(message)
