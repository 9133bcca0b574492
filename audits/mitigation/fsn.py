"""FSN, fair score normalisation: each region of the embedding space gets the threshold that suits it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from audits.mitigation.clusters import fit_clusters, pair_clusters, touching
from audits.mitigation.methods import Embeddings, Fitted, Mitigation
from audits.mitigation.vectors import photo_vectors
from facerec.errors import ArgumentError
from facerec.measure.metrics import threshold_at_fmr


@dataclass(frozen=True)
class FairScoreNormalisation(Mitigation):
    """Shifts the score of a comparison by where its two photos lie; needs no group label.

    Attributes
    ----------
    target_fmr : float
        The false match rate that the regions are aligned at, between 0 and 1; another one needs another fit.
    clusters : int
        Regions of the embedding space; 100 in the comparison published with FairCal. Each must be touched by enough
        impostor comparisons to expect a false match at `target_fmr`.
    seed : int
        Where k-means starts from.

    Notes
    -----
    s' = s − (D_c(i) + D_c(j)) / 2, with D_c = t_c − t: t_c is the threshold at the target FMR of the comparisons that
    have at least one photo in cluster c, t that of all comparisons.

    References
    ----------
    Terhörst, Kolf, Damer, Kirchbuchner & Kuijper (2020), Pattern Recognition Letters 140:332, arXiv:2002.03592.
    Comparisons with one photo in a cluster count for it, as in the code published with FairCal.
    """

    target_fmr: float
    clusters: int = 100
    seed: int = 0

    @property
    def name(self) -> str:
        """For example ``FSN, 100 clusters``."""
        return f"FSN, {self.clusters} clusters"

    def fit(self, table: pd.DataFrame, embeddings: Embeddings) -> FittedShifts:
        """Cluster the photos and measure the threshold of each cluster, as `Mitigation.fit`.

        `ArgumentError` if `target_fmr` is not between 0 and 1, if there are fewer different vectors than clusters, or
        if fewer than one false match is expected at `target_fmr` in a cluster.
        """
        if not 0 < self.target_fmr < 1:
            message = f"target_fmr must lie between 0 and 1; got {self.target_fmr}"
            raise ArgumentError(message)
        photos = photo_vectors(table, embeddings)
        clustering = fit_clusters(photos, clusters=self.clusters, seed=self.seed)
        pairs = pair_clusters(clustering, photos)
        scores, impostor = table["score"].to_numpy(np.float64), ~table["genuine"].to_numpy(bool)
        overall = threshold_at_fmr(scores[impostor], self.target_fmr)
        shifts = np.zeros(self.clusters)
        for cluster in range(self.clusters):
            inside = scores[touching(pairs, cluster) & impostor]
            if self.target_fmr * len(inside) < 1:
                message = (
                    f"cluster {cluster} of {self.clusters} is touched by {len(inside)} impostor comparisons, too few "
                    f"for a threshold at FMR {self.target_fmr:g}: use fewer clusters, more pairs or a higher rate"
                )
                raise ArgumentError(message)
            shifts[cluster] = threshold_at_fmr(inside, self.target_fmr) - overall
        return FittedShifts(clustering, shifts)


@dataclass(frozen=True, eq=False)
class FittedShifts(Fitted):
    """FSN after it has seen its people.

    Attributes
    ----------
    clustering : KMeans
        The regions.
    shifts : ndarray, float64, shape (k,)
        By how much the threshold of each cluster is above that of all.
    """

    clustering: KMeans
    shifts: NDArray[np.float64]

    def rescore(self, table: pd.DataFrame, embeddings: Embeddings) -> NDArray[np.float64]:
        """The scores, shifted, as `Fitted.rescore`: on their own scale, but a cosine may leave -1 … 1."""
        pairs = pair_clusters(self.clustering, photo_vectors(table, embeddings))
        shifted = table["score"].to_numpy(np.float64) - self.shifts[pairs].mean(axis=1)
        return np.where((pairs >= 0).all(axis=1), shifted, np.nan)
