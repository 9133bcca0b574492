"""Error rates at a threshold, and the threshold for an error rate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from facerec.errors import ArgumentError
from facerec.measure.metrics.arrays import accepted, score_array
from facerec.types import Rate


def fmr(impostor: ArrayLike, threshold: float) -> Rate:
    """False match rate: how many comparisons of two people are accepted.

    Parameters
    ----------
    impostor : array_like, float, shape (n,)
        Scores of different people, larger = more alike; NaN (failure to acquire) is a rejection, so no error.
    threshold : float
        Accept iff score ≥ threshold; ±inf is allowed, and -inf still rejects NaN.

    Returns
    -------
    Rate
        With its counts; its value is NaN without impostor comparisons.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension.
        If `threshold` is NaN.

    Notes
    -----
    FMR(t) = #{s ≥ t} / n. The trials count as independent; see `clustered_rate` where pairs share people.

    References
    ----------
    ISO/IEC 19795-1, false match rate.

    Examples
    --------
    >>> fmr([0.1, 0.4, 0.4, 0.9, float("nan")], 0.4).value
    0.6
    """
    scores = score_array("impostor scores", impostor)
    return Rate(int(np.count_nonzero(accepted(scores, threshold))), len(scores))


def fnmr(genuine: ArrayLike, threshold: float) -> Rate:
    """False non-match rate: how many comparisons of one person with themself are rejected.

    Parameters
    ----------
    genuine : array_like, float, shape (n,)
        Scores of the same person, larger = more alike; NaN (failure to acquire) is a rejection, so an error.
    threshold : float
        Accept iff score ≥ threshold; ±inf is allowed.

    Returns
    -------
    Rate
        With its counts; its value is NaN without genuine comparisons.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension.
        If `threshold` is NaN.

    Notes
    -----
    FNMR(t) = #{s < t or s is NaN} / n.

    References
    ----------
    ISO/IEC 19795-1, false non-match rate.

    Examples
    --------
    >>> fnmr([0.3, 0.5, 0.8, 0.9, float("nan")], 0.5).value
    0.4
    """
    scores = score_array("genuine scores", genuine)
    return Rate(len(scores) - int(np.count_nonzero(accepted(scores, threshold))), len(scores))


def threshold_at_fmr(impostor: ArrayLike, target_fmr: float) -> float:
    """The lowest observed score that keeps the false match rate at or below a target.

    Parameters
    ----------
    impostor : array_like, float, shape (n,)
        Scores of different people, larger = more alike; NaN (failure to acquire) counts among the n.
    target_fmr : float
        0 … 1.

    Returns
    -------
    float
        The smallest impostor score t with FMR(t) ≤ target. Equal scores stay together: all of them are accepted, or
        none. If no observed score is high enough, the next float64 above the highest one.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension.
        If `target_fmr` is not within 0 … 1.
        If no impostor comparison has a score.

    Notes
    -----
    t = min {s_i : #{s ≥ s_i} / n ≤ f}. The rate reached can be well below f where n is small or scores tie.

    Examples
    --------
    >>> threshold_at_fmr([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9], 0.3)
    0.8
    >>> threshold_at_fmr([0.1, 0.9, 0.9], 0.4) > 0.9
    True
    """
    scores = score_array("impostor scores", impostor)
    if not 0 <= target_fmr <= 1:
        message = f"target_fmr must lie within 0 … 1; got {target_fmr}"
        raise ArgumentError(message)
    n = len(scores)
    seen = scores[~np.isnan(scores)]
    if len(seen) == 0:
        message = f"no impostor comparison has a score ({n} comparisons), so no threshold can be measured"
        raise ArgumentError(message)
    allowed = math.floor(target_fmr * n) + 1
    while allowed / n > target_fmr:  # by division, as FMR itself is: 0.29 * 100 is less than 29
        allowed -= 1
    if allowed >= len(seen):
        return float(seen.min())
    highest_refused = np.partition(seen, len(seen) - 1 - allowed)[len(seen) - 1 - allowed]
    above = seen[seen > highest_refused]
    return float(above.min()) if len(above) else math.nextafter(float(highest_refused), math.inf)
