"""What a mitigation must be for the laboratory to judge it: fitted on some people, applied to the scores of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Embeddings: TypeAlias = Mapping[str, NDArray[np.float32] | None]
"""A unit vector for each photo, or None where no face was found in it; as for ``tables.score_vectors``."""


class Fitted(Protocol):
    """A mitigation that has seen its people."""

    def rescore(self, table: pd.DataFrame, embeddings: Embeddings) -> NDArray[np.float64]:
        """New scores of a table.

        Parameters
        ----------
        table : DataFrame
            A checked score table, of cosines.
        embeddings : mapping of str to ndarray, float32, shape (d,), or None
            Of the same embedder as those that were fitted on; not looked at by thresholds by group.

        Returns
        -------
        ndarray, float64, shape (n,)
            Larger = more alike; NaN where the table has no score, or a photo that is looked at no vector.

        Raises
        ------
        ScoreTableError
            If a photo has no embedding or stands for two people, or the table lacks what the mitigation needs.
        ArgumentError
            If the vectors are of another length than those that were fitted on.
        """
        ...


class Mitigation(Protocol):
    """A mitigation before it has seen anybody: its name and settings."""

    @property
    def name(self) -> str:
        """As it stands in reports."""
        ...

    @property
    def caveat(self) -> str:
        """What must be said wherever its results are shown; empty, as here, where no label of a person is used."""
        return ""

    def fit(self, table: pd.DataFrame, embeddings: Embeddings) -> Fitted:
        """Learn what it needs.

        Parameters
        ----------
        table : DataFrame
            A checked score table, of cosines.
        embeddings : mapping of str to ndarray, float32, shape (d,), or None
            A unit vector for each photo of the table, None where no face was found.

        Raises
        ------
        ScoreTableError
            If a photo has no embedding or stands for two people, or the table lacks what the mitigation needs.
        ArgumentError
            If there are too few people, vectors or comparisons to learn from.
        """
        ...
