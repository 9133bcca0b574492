"""Regions of the embedding space, found without labels: what FairCal and FSN take the place of groups with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from audits.mitigation.vectors import PhotoVectors
from facerec.errors import ArgumentError


def fit_clusters(photos: PhotoVectors, *, clusters: int, seed: int) -> KMeans:
    """Cluster the photos of a score table by k-means.

    Parameters
    ----------
    photos : PhotoVectors
        Photos without a vector are left out.
    clusters : int
        At least 1 and at most as many as there are photos with a vector.
    seed : int
        Where k-means starts from.

    Returns
    -------
    KMeans
        Fitted; the best of four starts.

    Raises
    ------
    ArgumentError
        If there are fewer different vectors than `clusters`, or `clusters` is less than 1.
    """
    vectors = photos.matrix[photos.embedded]
    different = len(np.unique(vectors, axis=0))
    if not 1 <= clusters <= different:
        message = f"clusters must lie within 1 … {different}, the number of different vectors; got {clusters}"
        raise ArgumentError(message)
    return KMeans(n_clusters=clusters, n_init=4, random_state=seed).fit(vectors)


def pair_clusters(clustering: KMeans, photos: PhotoVectors) -> NDArray[np.intp]:
    """The clusters that the two photos of each comparison lie in.

    Parameters
    ----------
    clustering : KMeans
        From `fit_clusters`.
    photos : PhotoVectors
        Of any score table of the same embedder.

    Returns
    -------
    ndarray, intp, shape (n, 2)
        Probe and reference; -1 for a photo without a vector.

    Raises
    ------
    ArgumentError
        If the vectors are of another length than those that were clustered.
    """
    expected = int(clustering.n_features_in_)
    if photos.matrix.shape[1] != expected:
        message = f"the clusters were made of vectors of length {expected}; got {photos.matrix.shape[1]}"
        raise ArgumentError(message)
    labels = np.full(len(photos.matrix), -1, np.intp)
    if photos.embedded.any():
        labels[photos.embedded] = clustering.predict(photos.matrix[photos.embedded])
    return np.column_stack([labels[photos.probes], labels[photos.references]])


def touching(pairs: NDArray[np.intp], cluster: int) -> NDArray[np.bool_]:
    """Which comparisons have at least one photo in a cluster, shape (n,)."""
    touched: NDArray[Any] = (pairs == cluster).any(axis=1)
    return touched
