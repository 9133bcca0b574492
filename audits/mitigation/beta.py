"""Beta calibration: from a cosine to the probability that a comparison is genuine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from facerec.errors import ArgumentError
from facerec.measure.metrics.rates import flag_array, score_array

_EDGE = 1e-7  # a cosine is stored to seven decimals; ln 0 is kept away


@dataclass(frozen=True)
class BetaCalibration:
    """A rising curve from cosine to probability.

    Attributes
    ----------
    a, b : float
        How steep it is towards either end; ≥ 0, so that more alike never means less probable.
    c : float
        Where it lies.
    """

    a: float
    b: float
    c: float

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """The probability that a comparison is genuine.

        Parameters
        ----------
        scores : array_like, float, shape (n,)
            Cosines, -1 … 1; NaN stays NaN.

        Returns
        -------
        ndarray, float64, shape (n,)
            Within 0 … 1.

        Raises
        ------
        ArgumentError
            If a score is outside -1 … 1.
        """
        low, high = _logs(scores)
        probabilities: NDArray[np.float64] = expit(self.a * low + self.b * high + self.c)
        return probabilities


def fit_beta(scores: ArrayLike, genuine: ArrayLike) -> BetaCalibration:
    """Fit a beta calibration curve by maximum likelihood.

    Parameters
    ----------
    scores : array_like, float, shape (n,)
        Cosines, -1 … 1; NaN (no score) is left out.
    genuine : array_like, bool, shape (n,)
        True where both photos show one person.

    Returns
    -------
    BetaCalibration

    Raises
    ------
    ArgumentError
        If a score is outside -1 … 1.
        If the two differ in length.
        If no genuine or no impostor comparison has a score.
        If the fit does not converge.

    Notes
    -----
    With x = (s + 1) / 2: logit p = a ln x − b ln(1 − x) + c, and a, b ≥ 0. The targets are Platt's (n₁ + 1) / (n₁ + 2)
    and 1 / (n₀ + 2) in place of 1 and 0, which keeps the curve finite where the scores separate perfectly.

    References
    ----------
    Kull, Silva Filho & Flach (2017), Electronic Journal of Statistics 11:5052. Platt (1999), section 2.2.

    Examples
    --------
    >>> curve = fit_beta([0.9, 0.8, 0.7, 0.4, 0.6, 0.3, 0.2, 0.1], [1, 1, 1, 1, 0, 0, 0, 0])
    >>> curve([0.1, 0.5, 0.9]).round(2).tolist()
    [0.16, 0.5, 0.85]
    """
    mated = flag_array("genuine", genuine)
    values = score_array("scores", scores)
    if len(values) != len(mated):
        message = f"scores and genuine must have one length; got {len(values)} and {len(mated)}"
        raise ArgumentError(message)
    seen = ~np.isnan(values)
    mated = mated[seen]
    low, high = _logs(values[seen])
    ones, zeros = int(mated.sum()), int((~mated).sum())
    if not ones or not zeros:
        message = f"calibration needs genuine and impostor scores; got {ones} and {zeros}"
        raise ArgumentError(message)
    target = np.where(mated, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    # Centred and scaled, as cosines of faces crowd near 1, where ln x hardly differs from a constant.
    middle, scale = np.array([low.mean(), high.mean()]), np.array([low.std() or 1.0, high.std() or 1.0])
    features = (np.column_stack([low, high]) - middle) / scale

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = features @ weights[:2] + weights[2]
        value = -(target * log_expit(logits) + (1 - target) * log_expit(-logits)).mean()
        wrong = (expit(logits) - target) / len(target)
        return float(value), np.append(wrong @ features, wrong.sum())

    found = minimize(
        loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 2 + [(None,) * 2]
    )
    if not found.success:
        message = f"the calibration curve of {len(target)} scores was not found: {found.message}"
        raise ArgumentError(message)
    slopes = found.x[:2] / scale
    return BetaCalibration(float(slopes[0]), float(slopes[1]), float(found.x[2] - slopes @ middle))


def _logs(scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = score_array("scores", scores)
    if np.any(np.abs(values) > 1 + 1e-6):
        odd = values[np.abs(values) > 1 + 1e-6][0]
        message = f"beta calibration takes cosines, -1 … 1; got {odd:.6g}"
        raise ArgumentError(message)
    x = np.clip((values.astype(np.float64) + 1) / 2, _EDGE, 1 - _EDGE)
    return np.log(x), -np.log1p(-x)
