"""The vectors behind a score table: one row per photo, and which rows each comparison is made of.

Mitigation needs more of a face than its scores. The vectors come as ``facerec.measure.tables.score_vectors`` takes
them, so whoever made a score table can have it mitigated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.mitigation.methods import Embeddings
from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.tables.pair_scores import stacked


@dataclass(frozen=True, eq=False)
class PhotoVectors:
    """The photos of a score table, embedded.

    Attributes
    ----------
    matrix : ndarray, float64, shape (p, d)
        One vector of unit length per photo; NaN where no face was found.
    subjects : ndarray, str, shape (p,)
        Who is on each photo.
    probes, references : ndarray, intp, shape (n,)
        Which row of `matrix` stands on either side of each comparison.
    """

    matrix: NDArray[np.float64]
    subjects: NDArray[np.object_]
    probes: NDArray[np.intp]
    references: NDArray[np.intp]

    def __post_init__(self) -> None:
        for array in (self.matrix, self.subjects, self.probes, self.references):
            array.flags.writeable = False

    @property
    def embedded(self) -> NDArray[np.bool_]:
        """Which photos have a vector, shape (p,)."""
        return np.asarray(~np.isnan(self.matrix).any(axis=1))


def photo_vectors(table: pd.DataFrame, embeddings: Embeddings) -> PhotoVectors:
    """Look up the vectors of every photo of a checked score table.

    Photos are in the order of their names, so that it does not depend on the order of the rows. `ScoreTableError` if a
    photo is not in `embeddings` at all, or stands for two people; `ArgumentError` if no photo has a vector, if vectors
    differ in shape, or one is not of unit length.
    """
    images = np.concatenate([table["probe_image"].to_numpy(object), table["reference_image"].to_numpy(object)])
    people = np.concatenate([table["probe_subject"].to_numpy(object), table["reference_subject"].to_numpy(object)])
    codes, names = pd.factorize(images, sort=True)
    subjects = np.empty(len(names), object)
    subjects[codes] = people
    if (odd := np.flatnonzero(subjects[codes] != people)).size:
        message = f"photo {images[odd[0]]!r} stands for {people[odd[0]]!r} and for {subjects[codes[odd[0]]]!r}"
        raise ScoreTableError(message)
    matrix = stacked(names.tolist(), embeddings).astype(np.float64)
    if np.isnan(matrix).all():
        message = f"none of the {len(names)} photos of the score table has a vector"
        raise ArgumentError(message)
    return PhotoVectors(matrix, subjects, codes[: len(table)], codes[len(table) :])
