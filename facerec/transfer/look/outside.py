"""Does a photo belong to what the network knows? Two scores that need no further training, and how well they tell.

Larger means more inside for both, so that one figure, the area under the ROC curve, compares them.

References
----------
Hendrycks, Gimpel (2017), "A Baseline for Detecting Misclassified and Out-of-Distribution Examples", ICLR.
Liu, Wang, Owens, Li (2020), "Energy-based Out-of-distribution Detection", NeurIPS.
Newcombe (2006), "Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2",
Statistics in Medicine 25, method 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp, softmax

from facerec.errors import ArgumentError
from facerec.measure.metrics import auc

_Z = 1.959963984540054


@dataclass(frozen=True)
class Separation:
    """How well a score tells inside from outside.

    Attributes
    ----------
    auroc : float
        Chance that a photo inside scores higher than one outside, ties counted half; 0.5 is guessing.
    low, high : float
        95 % interval.
    inside, outside : int
        Photos.
    """

    auroc: float
    low: float
    high: float
    inside: int
    outside: int


def max_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest probability of each row of logits (n, classes); 1 / classes … 1.

    >>> max_softmax(np.log([[1.0, 1.0, 2.0]])).round(6).tolist()
    [0.5]
    """
    return np.asarray(softmax(logits, axis=1).max(axis=1))


def energy(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Negative energy of each row of logits (n, classes) at temperature 1: log of the sum of exponentials.

    >>> energy(np.log([[1.0, 1.0, 2.0]])).round(6).tolist()
    [1.386294]
    """
    return np.asarray(logsumexp(logits, axis=1))


def separation(inside: ArrayLike, outside: ArrayLike) -> Separation:
    """Measure how well scores tell inside from outside.

    Parameters
    ----------
    inside, outside : array_like, shape (m,) and (n,)
        Finite scores; larger means more inside.

    Raises
    ------
    ArgumentError
        If there is none of either, or one is not finite.

    Examples
    --------
    >>> separation([3, 2], [1, 2]).auroc
    0.875
    """
    a, b = (np.asarray(each, np.float64).ravel() for each in (inside, outside))
    if not (a.size and b.size and np.isfinite(a).all() and np.isfinite(b).all()):
        message = f"an AUROC needs finite scores inside and outside; got {a.size} and {b.size}"
        raise ArgumentError(message)
    area = auc(a, b)
    low, high = _newcombe(area, a.size, b.size)
    return Separation(area, low, high, a.size, b.size)


def _newcombe(auroc: float, m: int, n: int) -> tuple[float, float]:
    """Where the observed area is just 1.96 standard errors from the true one (Hanley-McNeil, exponential model)."""
    typical = (m + n) / 2 - 1

    def error(theta: float) -> float:
        spread = 1 + typical * (1 - theta) / (2 - theta) + typical * theta / (1 + theta)
        return float(np.sqrt(max(0.0, theta * (1 - theta) * spread / (m * n))))

    # At 0 and 1 the error is 0, so that an area of 1 would find itself there, and not its lower end.
    low = 0.0 if auroc <= 0 else brentq(lambda theta: theta + _Z * error(theta) - auroc, 0.0, min(auroc, 1 - 1e-9))
    high = 1.0 if auroc >= 1 else brentq(lambda theta: theta - _Z * error(theta) - auroc, max(auroc, 1e-9), 1.0)
    return float(low), float(high)
