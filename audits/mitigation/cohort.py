"""Z-, T- and S-norm: a score in units of how alike each photo is to strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.mitigation.methods import Embeddings, Fitted, Mitigation
from audits.mitigation.vectors import PhotoVectors, photo_vectors
from facerec.errors import ArgumentError

Side: TypeAlias = Literal["z", "t", "s"]
"""Which photo is held against the cohort: the reference (Z), the probe (T), or both, averaged (S)."""

_BLOCK = 4096


@dataclass(frozen=True)
class CohortNormalisation(Mitigation):
    """Standardises a score by the cosines of its photos with a cohort of other people; needs no group label.

    Attributes
    ----------
    side : {"z", "t", "s"}
        See `Side`.

    Notes
    -----
    z = (s − μ_r) / σ_r over the cosines of the reference with the cohort, t = (s − μ_p) / σ_p over those of the
    probe, and S-norm is (z + t) / 2. The cohort is one photo of each person that was fitted on. Nobody is held
    against a photo of themself. Published results see no fairer outcome at low FMR; it is here to be measured.

    References
    ----------
    Auckenthaler, Carey & Lloyd-Thomas (2000), Digital Signal Processing 10:42 (Z and T); Kenny (2010), Odyssey (S).
    Linghu, de Freitas Pereira, Ecabert, Marcel & Günther (2024), IJCB (faces, fairness).
    """

    side: Side = "s"

    def __post_init__(self) -> None:
        if self.side not in get_args(Side):
            message = f"side must be one of {', '.join(get_args(Side))}; got {self.side!r}"
            raise ArgumentError(message)

    @property
    def name(self) -> str:
        """For example ``Z-norm``."""
        return f"{self.side.upper()}-norm"

    def fit(self, table: pd.DataFrame, embeddings: Embeddings) -> FittedCohort:
        """Gather the cohort: of each person the first photo, by name, that has a vector.

        `ArgumentError` if fewer than three people have one; else as `Mitigation.fit`.
        """
        photos = photo_vectors(table, embeddings)
        seen = np.flatnonzero(photos.embedded)
        people, first = np.unique(photos.subjects[seen].astype(str), return_index=True)
        if len(people) < 3:
            message = f"a cohort needs three people with a vector at least; got {len(people)}"
            raise ArgumentError(message)
        return FittedCohort(self.side, photos.matrix[seen[first]], people)


@dataclass(frozen=True, eq=False)
class FittedCohort(Fitted):
    """A cohort, ready to be held against photos.

    Attributes
    ----------
    side : {"z", "t", "s"}
        See `Side`.
    vectors : ndarray, float64, shape (m, d)
        Of unit length, one per person.
    people : ndarray, str, shape (m,)
        Who they are.
    """

    side: Side
    vectors: NDArray[np.float64]
    people: NDArray[np.str_]

    def rescore(self, table: pd.DataFrame, embeddings: Embeddings) -> NDArray[np.float64]:
        """The scores in standard deviations above the cohort's mean, as `Fitted.rescore`.

        `ArgumentError`, too, if a photo is equally alike to the whole cohort.
        """
        photos = photo_vectors(table, embeddings)
        if photos.matrix.shape[1] != self.vectors.shape[1]:
            message = f"the cohort has vectors of length {self.vectors.shape[1]}; got {photos.matrix.shape[1]}"
            raise ArgumentError(message)
        mean, spread = self._against(photos)
        scores = table["score"].to_numpy(np.float64)
        z = (scores - mean[photos.references]) / spread[photos.references]
        t = (scores - mean[photos.probes]) / spread[photos.probes]
        missing = np.isnan(z) | np.isnan(t)
        return np.where(missing, np.nan, {"z": z, "t": t, "s": (z + t) / 2}[self.side])

    def _against(self, photos: PhotoVectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each photo's cosines with the cohort's other people."""
        mean, spread = np.full(len(photos.matrix), np.nan), np.full(len(photos.matrix), np.nan)
        rows = np.flatnonzero(photos.embedded)
        for start in range(0, len(rows), _BLOCK):  # in blocks, so that memory does not grow with photos × cohort
            block = rows[start : start + _BLOCK]
            cosines = photos.matrix[block] @ self.vectors.T
            others = photos.subjects[block].astype(str)[:, None] != self.people
            count = others.sum(axis=1)
            mean[block] = (cosines * others).sum(axis=1) / count
            apart = np.where(others, cosines - mean[block][:, None], 0.0)
            spread[block] = np.sqrt((apart**2).sum(axis=1) / (count - 1))
        if (flat := np.flatnonzero(spread < 1e-12)).size:
            message = (
                f"a photo of {photos.subjects[flat[0]]!r} is equally alike to the whole cohort; nothing to scale by"
            )
            raise ArgumentError(message)
        return mean, spread
