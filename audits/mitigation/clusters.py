"""Regions of the embedding space, found without labels: what FairCal and FSN take the place of groups with."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.mitigation.methods import Embeddings
from audits.mitigation.vectors import PhotoVectors, photo_vectors
from facerec.errors import ArgumentError, ScoreTableError
from facerec.extras import extra

with extra("audit"):
    from sklearn.cluster import KMeans

PUBLISHED = 100
"""Regions in the published comparisons of FairCal and FSN."""

EVIDENCE = 10
"""False matches to expect in each region, and genuine comparisons, before its curve or threshold is measured."""

_TRIED = (PUBLISHED, 50, 20, 10, 5, 2)


def supported_clusters(table: pd.DataFrame, embeddings: Embeddings, *, target_fmr: float, seed: int = 0) -> int:
    """How many regions the people that are learned from support: chosen without anybody who is judged.

    Parameters
    ----------
    table : DataFrame
        The checked score table that is learned from.
    embeddings : mapping of str to ndarray, float32, shape (d,), or None
        A unit vector for each photo of the table, None where no face was found.
    target_fmr : float
        The false match rate that regions are to be aligned at, between 0 and 1.
    seed : int
        Where k-means starts from.

    Returns
    -------
    int
        The published 100, or the largest of 50, 20, 10, 5 and 2, for which every region is touched by `EVIDENCE`
        genuine comparisons and by enough impostor comparisons to expect `EVIDENCE` false matches.

    Raises
    ------
    ScoreTableError
        If not even two regions have that, or a photo has no embedding or stands for two people.
    ArgumentError
        If `target_fmr` is not between 0 and 1, or no photo has a vector.
    """
    if not 0 < target_fmr < 1:
        message = f"target_fmr must lie between 0 and 1; got {target_fmr:g}"
        raise ArgumentError(message)
    photos = photo_vectors(table, embeddings)
    genuine, seen = table["genuine"].to_numpy(bool), ~table["score"].isna().to_numpy(bool)
    different = len(np.unique(photos.matrix[photos.embedded], axis=0))
    for clusters in (number for number in _TRIED if number <= different):
        pairs = pair_clusters(fit_clusters(photos, clusters=clusters, seed=seed), photos)
        touched = [touching(pairs, cluster) & seen for cluster in range(clusters)]
        if all(
            (inside & genuine).sum() >= EVIDENCE and target_fmr * (inside & ~genuine).sum() >= EVIDENCE
            for inside in touched
        ):
            return clusters
    message = (
        f"the {int(genuine.sum())} genuine and {int((~genuine).sum())} impostor comparisons that are learned from are "
        f"too few: each of two regions needs {EVIDENCE} genuine ones and {EVIDENCE / target_fmr:,.0f} impostor ones at "
        f"FMR {target_fmr:g}; add people, compare more pairs, or choose a higher rate"
    )
    raise ScoreTableError(message)


def fit_clusters(photos: PhotoVectors, *, clusters: int, seed: int) -> KMeans:
    """Cluster the photos of a score table by k-means, the best of four starts; photos without a vector are left out.

    `ArgumentError` if there are fewer different vectors than `clusters`, or `clusters` is less than 1.
    """
    vectors = photos.matrix[photos.embedded]
    different = len(np.unique(vectors, axis=0))
    if not 1 <= clusters <= different:
        message = f"clusters must lie within 1 … {different}, the number of different vectors; got {clusters}"
        raise ArgumentError(message)
    return KMeans(n_clusters=clusters, n_init=4, random_state=seed).fit(vectors)


def pair_clusters(clustering: KMeans, photos: PhotoVectors) -> NDArray[np.intp]:
    """The clusters that the two photos of each comparison lie in, shape (n, 2); -1 for a photo without a vector.

    The photos may be of any score table of the same embedder. `ArgumentError` if the vectors are of another length than
    those that were clustered.
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
    return np.asarray((pairs == cluster).any(axis=1))
