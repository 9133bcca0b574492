"""Nearest class centroid by cosine: the smallest classifier that features allow, and a strong one with few photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.transfer.neighbours import TEMPERATURE, unit


def centroids(vectors: NDArray[np.float32], labels: NDArray[np.int64], *, classes: int) -> NDArray[np.float32]:
    """The mean direction of each class, of length 1; a class without photos has zeros, which nothing is close to.

    Parameters
    ----------
    vectors : ndarray, float32, shape (n, dimension)
    labels : ndarray, int64, shape (n,)
        0 … classes - 1.
    classes : int
    """
    directions = unit(vectors)
    means = np.zeros((classes, vectors.shape[1]), np.float32)
    for label in np.unique(labels).tolist():
        means[label] = directions[labels == label].mean(axis=0)
    return unit(means)


def closeness(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float64]:
    """softmax(cosine / 0.07) over the centroids, float64, shape (n, classes); not calibrated."""
    from scipy.special import softmax

    return softmax((unit(vectors) @ centres.T).astype(np.float64) / TEMPERATURE, axis=1)
