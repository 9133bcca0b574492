"""Multinomial logistic regression with an L2 penalty, for many penalties at once.

For one C it minimises, as scikit-learn does, C · Σ loss + ½ ‖W‖² over weights W and an intercept b that is not
penalised; here divided by C·n, so that a gradient means the same for every C:

    f(W, b) = (1/n) Σᵢ -log softmax(W xᵢ + b)[yᵢ] + ‖W‖² / (2 C n)

Three things make the path along C quick, and none changes the minimum. The intercept takes up the mean, so the features
are centred; the penalty does not see rotations, so they are turned onto their principal axes (as many as there are
photos, where those are fewer than features). There Böhning's bound of the Hessian, ½ (I - 11ᵀ/k) ⊗ XᵀX/n (Böhning 1992,
"Multinomial logistic regression algorithm"), is diagonal, and the variables are scaled by its root, with the penalty:
L-BFGS starts from nearly a sphere. And each C starts where the one before it ended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize  # here, so that whoever limits its threads finds them loaded
from scipy.special import softmax

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]

TOLERANCE = 1e-4
"""The largest entry of the gradient of f in the scaled variables, over f or 0.1, the smaller of them, at which a fit is
done. On features of flowers f is then within 2e-5 of its minimum, relatively. Where few photos are told apart without
an error and the penalty is weak, the minimum is tiny, and a limit that knows nothing of it means nothing."""

MOST_STEPS = 1000
"""Steps after which a fit is given up as not converged."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The minimum for one C.

    Attributes
    ----------
    weights : ndarray, float32, shape (classes, dimension)
    intercept : ndarray, float32, shape (classes,)
    converged : bool
        Whether the tolerance was reached.
    steps : int
        Of L-BFGS.
    start : ndarray, float64
        The same in the problem's own variables, to start the next C from.
    """

    weights: Vectors
    intercept: Vectors
    converged: bool
    steps: int
    start: Floats


class Problem:
    """Features and labels, made ready to be fitted for several C.

    Parameters
    ----------
    vectors : ndarray, float32, shape (n, dimension)
    labels : ndarray, int64, shape (n,)
        0 … classes - 1.
    classes : int
        >= 2.
    """

    def __init__(self, vectors: Vectors, labels: NDArray[np.int64], *, classes: int) -> None:
        self._labels, self._classes, self._count = labels, classes, len(labels)
        self._mean = vectors.mean(axis=0, dtype=np.float64)
        centred = vectors - self._mean.astype(np.float32)
        spread, self._axes = _principal_axes(centred)
        self._spread = spread / self._count
        self._turned = np.ascontiguousarray(centred @ self._axes.astype(np.float32))

    def fit(self, c: float, *, start: Floats | None = None) -> Fitted:
        """Minimise for one C.

        Parameters
        ----------
        c : float
            > 0.
        start : ndarray, optional
            ``Fitted.start`` of another C of this problem; by default zeros.
        """
        penalty = 1 / (c * self._count)
        scale = 1 / np.sqrt(np.append(0.5 * self._spread + penalty, 0.5))[:, None]
        shape = (len(scale), self._classes)
        begin = np.zeros(shape) if start is None else start / scale

        found, converged, steps = begin.ravel(), False, 0
        # In float32 the products take half the time, and nearly always suffice where photos are many. Where a line
        # search is lost in their rounding, float64 goes on; of few photos the minimum itself is below that rounding.
        many = self._count > self._axes.shape[0]
        for number_type in (np.float32, np.float64) if many else (np.float64,):
            turned: NDArray[np.floating] = self._turned.astype(number_type, copy=False)
            found, converged, more = self._minimise(turned, found, penalty, scale)
            steps += more
            if converged:
                break
        end = found.reshape(shape) * scale
        weights = (self._axes @ end[:-1]).T
        intercept = end[-1] - weights @ self._mean
        return Fitted(weights.astype(np.float32), intercept.astype(np.float32), converged, steps, end)

    def _minimise(
        self, turned: NDArray[np.floating], begin: Floats, penalty: float, scale: Floats
    ) -> tuple[Floats, bool, int]:
        """Where L-BFGS ends, whether the tolerance is met there, and its steps."""
        slope = np.inf  # the largest entry of the gradient, where it was asked for last

        def value_and_gradient(scaled: Floats) -> tuple[float, Floats]:
            nonlocal slope
            value, gradient = self._value_and_gradient(turned, scaled.reshape(len(scale), -1) * scale, penalty)
            gradient *= scale
            slope = float(np.abs(gradient).max())
            return value, gradient.ravel()

        def stop_if_done(intermediate_result: OptimizeResult) -> None:
            if slope <= TOLERANCE * min(0.1, intermediate_result.fun):
                raise StopIteration

        found = minimize(
            value_and_gradient,
            begin,
            jac=True,
            method="L-BFGS-B",
            callback=stop_if_done,
            options={"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "gtol": 0, "ftol": 0},
        )
        return found.x, bool(np.abs(found.jac).max() <= TOLERANCE * min(0.1, found.fun)), int(found.nit)

    def _value_and_gradient(
        self, turned: NDArray[np.floating], variables: Floats, penalty: float
    ) -> tuple[float, Floats]:
        weights, intercept = variables[:-1], variables[-1]
        logits = turned @ weights.astype(turned.dtype) + intercept.astype(turned.dtype)
        logits -= logits.max(axis=1, keepdims=True)
        of_truth = logits[np.arange(self._count), self._labels].astype(np.float64)
        odds = np.exp(logits)
        total = odds.sum(axis=1, keepdims=True)
        loss = float((np.log(total[:, 0], dtype=np.float64) - of_truth).mean())
        error = odds / total
        error[np.arange(self._count), self._labels] -= 1
        gradient = np.empty_like(variables)
        gradient[:-1] = turned.T @ error / self._count + penalty * weights
        gradient[-1] = error.mean(axis=0, dtype=np.float64)
        return loss + 0.5 * penalty * float((weights**2).sum()), gradient


def probabilities(vectors: Vectors, weights: Vectors, intercept: Vectors) -> Floats:
    """softmax(x Wᵀ + b), float64, shape (n, classes)."""
    return softmax((vectors @ weights.T + intercept).astype(np.float64), axis=1)


def _principal_axes(centred: Vectors) -> tuple[Floats, Floats]:
    """Eigenvalues and vectors (dimension, axes) of the scatter matrix, without those that hold nothing."""
    rows, dimension = centred.shape
    if rows < dimension:
        # The small matrix of products has the same eigenvalues; its vectors span the photos.
        values, along = np.linalg.eigh(centred.astype(np.float64) @ centred.T.astype(np.float64))
    else:
        values, along = np.linalg.eigh(centred.T.astype(np.float64) @ centred.astype(np.float64))
    kept = values > values.max(initial=0) * 1e-12
    values, along = values[kept], along[:, kept]
    if rows < dimension:
        along = centred.T.astype(np.float64) @ along / np.sqrt(values)
    return values, along
