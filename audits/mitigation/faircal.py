"""FairCal: a calibration curve for each region of the embedding space in place of one for each group of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from audits.mitigation.beta import BetaCalibration, fit_beta
from audits.mitigation.clusters import fit_clusters, pair_clusters, touching
from audits.mitigation.methods import Embeddings, Fitted, Mitigation
from audits.mitigation.vectors import photo_vectors
from facerec.errors import ArgumentError


@dataclass(frozen=True)
class FairCal(Mitigation):
    """Calibrates the score of a comparison by where its two photos lie; needs no group label.

    Attributes
    ----------
    clusters : int
        Regions of the embedding space; 100 in the paper. Each must be touched by genuine and by impostor comparisons.
    seed : int
        Where k-means starts from.

    Notes
    -----
    s' = θ μ_c(i)(s) + (1 − θ) μ_c(j)(s), with μ_c the beta calibration of the comparisons that have at least one
    photo in cluster c, n_c of them, and θ = n_c(i) / (n_c(i) + n_c(j)). The result is a probability, 0 … 1.

    References
    ----------
    Salvador, Cairns, Voleti, Marshall & Oberman (2022), ICLR, arXiv:2106.03761.
    """

    clusters: int = 100
    seed: int = 0

    @property
    def name(self) -> str:
        """For example ``FairCal, 100 clusters``."""
        return f"FairCal, {self.clusters} clusters"

    def fit(self, table: pd.DataFrame, embeddings: Embeddings) -> FittedFairCal:
        """Cluster the photos and calibrate each cluster, as `Mitigation.fit`.

        `ArgumentError` if a score is outside -1 … 1, if there are fewer different vectors than clusters, or if a
        cluster is touched by no genuine or no impostor comparison.
        """
        photos = photo_vectors(table, embeddings)
        clustering = fit_clusters(photos, clusters=self.clusters, seed=self.seed)
        pairs = pair_clusters(clustering, photos)
        scores, genuine = table["score"].to_numpy(np.float64), table["genuine"].to_numpy(bool)
        curves, sizes = [], np.zeros(self.clusters)
        for cluster in range(self.clusters):
            inside = touching(pairs, cluster) & ~np.isnan(scores)
            mated = int(genuine[inside].sum())
            if mated in (0, int(inside.sum())):
                message = (
                    f"cluster {cluster} of {self.clusters} is touched by {mated} genuine and "
                    f"{int(inside.sum()) - mated} impostor comparisons, and needs both: "
                    "use fewer clusters or more pairs"
                )
                raise ArgumentError(message)
            curves.append(fit_beta(scores[inside], genuine[inside]))
            sizes[cluster] = inside.sum()
        return FittedFairCal(clustering, tuple(curves), sizes)


@dataclass(frozen=True, eq=False)
class FittedFairCal(Fitted):
    """FairCal after it has seen its people.

    Attributes
    ----------
    clustering : KMeans
        The regions.
    curves : tuple of BetaCalibration
        One per cluster.
    sizes : ndarray, float64, shape (k,)
        How many comparisons each curve rests on.
    """

    clustering: KMeans
    curves: tuple[BetaCalibration, ...]
    sizes: NDArray[np.float64]

    def rescore(self, table: pd.DataFrame, embeddings: Embeddings) -> NDArray[np.float64]:
        """The probability that each comparison is genuine, 0 … 1, as `Fitted.rescore`.

        `ArgumentError`, too, if a score is outside -1 … 1.
        """
        pairs = pair_clusters(self.clustering, photo_vectors(table, embeddings))
        scores = table["score"].to_numpy(np.float64)
        total, weight = np.zeros(len(table)), np.zeros(len(table))
        for cluster, (curve, size) in enumerate(zip(self.curves, self.sizes, strict=True)):
            sides = (pairs == cluster).sum(axis=1)
            inside = sides > 0
            total[inside] += size * sides[inside] * curve(scores[inside])
            weight[inside] += size * sides[inside]
        known = (pairs >= 0).all(axis=1)
        return np.divide(total, weight, out=np.full(len(table), np.nan), where=known)
