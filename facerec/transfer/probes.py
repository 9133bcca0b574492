"""Classifiers on frozen features: logistic regression, nearest neighbours, nearest centroid.

Each is fitted on train for every setting, the setting is chosen on validation, and the chosen one is fitted again on
both. No test data come near.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from facerec.errors import ArgumentError
from facerec.transfer.logistic import Problem, probabilities
from facerec.transfer.neighbours import centroids, closeness, votes

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]
Scores = NDArray[np.float64]

C_VALUES = tuple(np.logspace(-6, 5, 45).tolist())
"""The 45 values of C of Kornblith et al. 2019 ("Do better ImageNet models transfer better?")."""

K_VALUES = (1, 3, 5, 10, 20, 50)
"""Numbers of neighbours that are compared, as far as there are so many photos."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A classifier that was fitted on features, with what was chosen on validation and how.

    Attributes
    ----------
    name : str
        "logistic", "knn" or "centroid".
    chosen : mapping of str to float
        The settings that validation chose: ``C`` or ``k``; nothing for the centroid.
    tried : tuple of (float, float)
        Every setting that was compared and its validation accuracy, in order.
    validation_accuracy : float
        Of the chosen setting, fitted on train alone.
    converged : bool
        False where an optimiser stopped before its tolerance, for any setting or in the last fit.
    score_function : callable
        What `scores` calls.
    weights : (W, b) or None
        Of a logistic probe: float32, shapes (classes, dimension) and (classes,); scores are softmax(x Wᵀ + b).
    """

    name: str
    chosen: Mapping[str, float]
    tried: tuple[tuple[float, float], ...]
    validation_accuracy: float
    converged: bool
    score_function: Callable[[Vectors], Scores]
    weights: tuple[Vectors, Vectors] | None = None

    def scores(self, vectors: Vectors) -> Scores:
        """How well each class fits.

        Parameters
        ----------
        vectors : ndarray, float32, shape (n, dimension)

        Returns
        -------
        ndarray, float64, shape (n, classes)
            0 … 1, rows sum to 1. Probabilities of a logistic probe; of the others shares that were never calibrated.
        """
        return self.score_function(vectors)


def fit_logistic(
    train_x: Vectors,
    train_y: Labels,
    validation_x: Vectors,
    validation_y: Labels,
    *,
    classes: int,
    values: Sequence[float] = C_VALUES,
    refit: bool = True,
) -> Probe:
    """Multinomial logistic regression with an L2 penalty; see ``logistic``.

    Parameters
    ----------
    train_x, validation_x : ndarray, float32, shape (n, dimension)
        Features.
    train_y, validation_y : ndarray, int64, shape (n,)
        Labels, 0 … classes - 1.
    classes : int
        >= 2.
    values : sequence of float
        The C to compare, > 0. Of those with the highest validation accuracy the one with the lowest validation loss is
        chosen: few photos leave many equal, the strongest penalty among them, whose probabilities mean nothing.
    refit : bool
        Whether the chosen setting is fitted again on train and validation together; otherwise the fit on train stays,
        as a training of the network leaves it.

    Raises
    ------
    ArgumentError
        If the arrays do not fit together, hold no photo or values that are not finite, or a label is no class.
        If `values` is empty or a value is not positive.
    """
    _check(train_x, train_y, validation_x, validation_y, classes)
    if not len(values) or not min(values) > 0:
        message = f"values must be one or more C above 0; got {list(values)}"
        raise ArgumentError(message)
    tried: list[tuple[float, float]] = []
    losses: list[float] = []
    converged, start = True, None
    with threadpool_limits(limits=1, user_api="blas"):  # small products, for which more threads only wait
        problem = Problem(train_x, train_y, classes=classes)
        for c in sorted(values):
            fitted = problem.fit(c, start=start)
            start, converged = fitted.start, converged and fitted.converged
            logits = validation_x @ fitted.weights.T + fitted.intercept
            tried.append((float(c), _accuracy(logits, validation_y)))
            losses.append(_loss(logits, validation_y))
        best, accuracy = max(zip(tried, losses, strict=True), key=lambda each: (each[0][1], -each[1]))[0]
        last = _joined(train_x, train_y, validation_x, validation_y) if refit else (train_x, train_y)
        both = Problem(*last, classes=classes).fit(best)
    weights, intercept = both.weights, both.intercept
    return Probe(
        "logistic",
        MappingProxyType({"C": best}),
        tuple(tried),
        accuracy,
        converged and both.converged,
        lambda vectors: probabilities(vectors, weights, intercept),
        (weights, intercept),
    )


def fit_knn(
    train_x: Vectors,
    train_y: Labels,
    validation_x: Vectors,
    validation_y: Labels,
    *,
    classes: int,
    values: Sequence[int] = K_VALUES,
    refit: bool = True,
) -> Probe:
    """Nearest neighbours by cosine; see ``neighbours``.

    Parameters
    ----------
    train_x, train_y, validation_x, validation_y, classes, refit
        As for ``fit_logistic``.
    values : sequence of int
        The numbers of neighbours to compare, >= 1; those above the number of train photos are left out. Of those that
        do equally well on validation the smallest is chosen.

    Raises
    ------
    ArgumentError
        As ``fit_logistic``; or if no value is left.
    """
    _check(train_x, train_y, validation_x, validation_y, classes)
    ks = tuple(sorted(k for k in values if 1 <= k <= len(train_x)))
    if not ks:
        message = f"values must hold a number of neighbours from 1 to {len(train_x)}; got {list(values)}"
        raise ArgumentError(message)
    shares = votes(validation_x, train_x, train_y, ks=ks, classes=classes)
    tried = [(float(k), _accuracy(shares[k], validation_y)) for k in ks]
    best, accuracy = _best(tried)
    references, labels = _joined(train_x, train_y, validation_x, validation_y) if refit else (train_x, train_y)
    k = int(best)
    return Probe(
        "knn",
        MappingProxyType({"k": best}),
        tuple(tried),
        accuracy,
        converged=True,
        score_function=lambda vectors: votes(vectors, references, labels, ks=(k,), classes=classes)[k],
    )


def fit_centroid(
    train_x: Vectors,
    train_y: Labels,
    validation_x: Vectors,
    validation_y: Labels,
    *,
    classes: int,
    refit: bool = True,
) -> Probe:
    """Nearest class centroid by cosine; see ``centroid``. Nothing is chosen.

    Parameters
    ----------
    train_x, train_y, validation_x, validation_y, classes, refit
        As for ``fit_logistic``.

    Raises
    ------
    ArgumentError
        As ``fit_logistic``.
    """
    _check(train_x, train_y, validation_x, validation_y, classes)
    accuracy = _accuracy(closeness(validation_x, centroids(train_x, train_y, classes=classes)), validation_y)
    last = _joined(train_x, train_y, validation_x, validation_y) if refit else (train_x, train_y)
    centres = centroids(*last, classes=classes)
    return Probe(
        "centroid",
        MappingProxyType({}),
        (),
        accuracy,
        converged=True,
        score_function=lambda vectors: closeness(vectors, centres),
    )


def _check(train_x: Vectors, train_y: Labels, validation_x: Vectors, validation_y: Labels, classes: int) -> None:
    for name, x, y in (("train", train_x, train_y), ("validation", validation_x, validation_y)):
        if x.ndim != 2 or y.shape != (len(x),) or not len(x) or x.shape[1] != train_x.shape[1]:
            message = (
                f"{name}: features must be (n, dimension) with n >= 1, labels (n,), and the dimension that of train; "
                f"got {x.shape} and {y.shape}, train has {train_x.shape}"
            )
            raise ArgumentError(message)
        if not np.isfinite(x).all():
            message = f"{name}: features must be finite numbers; {int((~np.isfinite(x)).sum())} are not"
            raise ArgumentError(message)
        if y.min() < 0 or y.max() >= classes:
            message = f"{name}: labels must be 0 to {classes - 1}; got {y.min()} to {y.max()}"
            raise ArgumentError(message)


def _joined(train_x: Vectors, train_y: Labels, validation_x: Vectors, validation_y: Labels) -> tuple[Vectors, Labels]:
    return np.concatenate([train_x, validation_x]), np.concatenate([train_y, validation_y])


def _accuracy(scores: NDArray[np.floating], labels: Labels) -> float:
    return float((scores.argmax(axis=1) == labels).mean())


def _loss(logits: NDArray[np.floating], labels: Labels) -> float:
    """Mean cross-entropy, nats."""
    right = logits[np.arange(len(labels)), labels]
    return float((logsumexp(logits, axis=1) - right).mean())


def _best(tried: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Setting and accuracy of the best, of equals the first."""
    return max(tried, key=lambda each: each[1])
