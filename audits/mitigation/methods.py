"""What a mitigation must be for the laboratory to judge it: fitted on some people, applied to the scores of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Embeddings: TypeAlias = Mapping[str, NDArray[np.float32] | None]
"""A unit vector for each photo, or None where it has none; as for ``facerec.measure.tables.score_vectors``."""


class Fitted(Protocol):
    """A mitigation that has seen its people."""

    def rescore(self, table: pd.DataFrame, embeddings: Embeddings) -> NDArray[np.float64]:
        """New scores of a table, shape (n,), larger = more alike; NaN where the table has no score."""
        ...


class Mitigation(Protocol):
    """A mitigation before it has seen anybody: its name and settings."""

    @property
    def name(self) -> str:
        """As it stands in reports."""
        ...

    @property
    def caveat(self) -> str:
        """What must be said wherever its results are shown; empty if nothing must."""
        ...

    def fit(self, table: pd.DataFrame, embeddings: Embeddings) -> Fitted:
        """Learn what it needs from a checked score table and the vectors of its photos."""
        ...
