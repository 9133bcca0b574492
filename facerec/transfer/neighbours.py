"""Classifiers without training on frozen features: nearest neighbours and nearest class centroid, by cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TEMPERATURE = 0.07
"""T above."""

_ROWS = 1024


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row brought to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)


def votes(
    vectors: NDArray[np.float32],
    references: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    ks: tuple[int, ...],
    classes: int,
) -> dict[int, NDArray[np.float64]]:
    """Each class's share of the neighbours' votes, for several numbers of neighbours at once.

    Parameters
    ----------
    vectors : ndarray, float32, shape (n, dimension)
    references : ndarray, float32, shape (m, dimension)
    labels : ndarray, int64, shape (m,)
        Of the references, 0 … classes - 1.
    ks : tuple of int
        Numbers of neighbours, 1 … m.
    classes : int

    Returns
    -------
    dict of int to ndarray, float64, shape (n, classes)
        By k; rows sum to 1. Of references that are equally similar the earlier one counts.
    """
    searched = unit(references)
    shares = {k: np.empty((len(vectors), classes)) for k in ks}
    for at in range(0, len(vectors), _ROWS):
        similarities = unit(vectors[at : at + _ROWS]) @ searched.T
        order = np.argsort(-similarities, axis=1, kind="stable")[:, : max(ks)]
        nearest = np.take_along_axis(similarities, order, axis=1).astype(np.float64)
        weights = np.exp((nearest - nearest[:, :1]) / TEMPERATURE)
        is_class = labels[order][:, :, None] == np.arange(classes)
        for k in ks:
            of_classes = (weights[:, :k, None] * is_class[:, :k]).sum(axis=1)
            shares[k][at : at + _ROWS] = of_classes / of_classes.sum(axis=1, keepdims=True)
    return shares


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
