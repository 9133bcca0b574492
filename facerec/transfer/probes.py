"""Classifiers on frozen features: logistic regression, nearest neighbours, nearest centroid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Probe:
    """A classifier that was fitted on features, with what was chosen on validation and how.

    Attributes
    ----------
    name : str
        "logistic", "knn" or "centroid".
    chosen : mapping of str to float
        The settings that validation chose.
    tried : tuple of (setting, validation accuracy)
        Everything that was compared, in order.
    validation_accuracy : float
        Of the chosen setting, before the refit on train and validation.
    converged : bool
        False where an optimiser stopped before its tolerance.
    score_function : callable
        Vectors, shape (n, dimension), to scores, shape (n, classes).
    weights : (W, b) or None
        Of a logistic probe: float32, shapes (classes, dimension) and (classes,); scores are softmax(x Wᵀ + b).
    """

    name: str
    chosen: Mapping[str, float]
    tried: tuple[tuple[float, float], ...]
    validation_accuracy: float
    converged: bool
    score_function: Callable[[Vectors], NDArray[np.float64]]
    weights: tuple[Vectors, Vectors] | None = None

    def scores(self, vectors: Vectors) -> NDArray[np.float64]:
        """Probabilities, float64, shape (n, classes); rows sum to 1."""
        return self.score_function(vectors)
