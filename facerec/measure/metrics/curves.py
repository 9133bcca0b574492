"""Error rates over all thresholds: the DET curve, and the two numbers that sum it up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics.arrays import score_array


@dataclass(frozen=True, eq=False)
class DetCurve:
    """Both error rates at every threshold where either changes.

    Attributes
    ----------
    thresholds : ndarray, float64, shape (k,)
        Every distinct score, ascending, then the next float64 above the highest, which accepts nothing.
    fmr, fnmr : ndarray, float64, shape (k,)
        The rates at those thresholds: FMR never rises, FNMR never falls.
    genuine_trials, impostor_trials : int
        How many comparisons the rates rest on, failures to acquire included.
    """

    thresholds: NDArray[np.float64]
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]
    genuine_trials: int
    impostor_trials: int

    def __post_init__(self) -> None:
        shapes = {self.thresholds.shape, self.fmr.shape, self.fnmr.shape}
        if len(shapes) > 1 or self.thresholds.ndim != 1:
            message = f"thresholds, fmr and fnmr must have one length; got shapes {sorted(shapes)}"
            raise ArgumentError(message)
        for array in (self.thresholds, self.fmr, self.fnmr):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.thresholds)


def det_curve(genuine: ArrayLike, impostor: ArrayLike) -> DetCurve:
    """Detection error trade-off: FMR and FNMR at every step, nothing interpolated or dropped.

    Parameters
    ----------
    genuine, impostor : array_like, float, shape (n,), (m,)
        Scores, larger = more alike; NaN (failure to acquire) is a rejection at every threshold, so FNMR starts at the
        share of NaN and FMR never reaches 1 where an impostor comparison failed.

    Returns
    -------
    DetCurve

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension.
        If there are no genuine or no impostor comparisons.
        If no comparison has a score.

    Examples
    --------
    >>> curve = det_curve([0.5, 0.9], [0.1, 0.5])
    >>> curve.fmr.tolist(), curve.fnmr.tolist()
    ([1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 1.0])
    """
    genuine_scores, impostor_scores = _both(genuine, impostor)
    thresholds, false_matches, false_non_matches = step_counts(genuine_scores, impostor_scores)
    return DetCurve(
        thresholds=thresholds,
        fmr=false_matches / len(impostor_scores),
        fnmr=false_non_matches / len(genuine_scores),
        genuine_trials=len(genuine_scores),
        impostor_trials=len(impostor_scores),
    )


def eer(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Equal error rate: where the two error rates meet.

    Parameters
    ----------
    genuine, impostor : array_like, float, shape (n,), (m,)
        Scores, larger = more alike; NaN (failure to acquire) is a rejection.

    Returns
    -------
    float
        0 … 1.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension.
        If there are no genuine or no impostor comparisons.
        If no comparison has a score.

    Notes
    -----
    Rates move in steps, so they seldom meet: (FMR(t) + FNMR(t)) / 2 at the t with the smallest |FMR(t) − FNMR(t)|,
    and at the lowest such t if there are several. Differences are compared as integers.

    Examples
    --------
    >>> eer([0.4, 0.7, 0.8, 0.9], [0.1, 0.2, 0.3, 0.5])
    0.25
    """
    genuine_scores, impostor_scores = _both(genuine, impostor)
    n, m = len(genuine_scores), len(impostor_scores)
    _, false_matches, false_non_matches = step_counts(genuine_scores, impostor_scores)
    step = int(np.argmin(np.abs(false_matches * n - false_non_matches * m)))
    return float((false_matches[step] / m + false_non_matches[step] / n) / 2)


def auc(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Area under the ROC curve: how often a genuine score beats an impostor score.

    Parameters
    ----------
    genuine, impostor : array_like, float, shape (n,), (m,)
        Scores, larger = more alike; NaN (failure to acquire) ranks below every score.

    Returns
    -------
    float
        0 … 1; 0.5 is chance.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension.
        If there are no genuine or no impostor comparisons.
        If no comparison has a score.

    Notes
    -----
    [#{g > i} + #{g = i} / 2] / (n m) over all genuine g and impostor i: the Mann-Whitney statistic.

    References
    ----------
    Hanley & McNeil (1982), Radiology 143:29.

    Examples
    --------
    >>> auc([0.5, 0.9], [0.1, 0.5])
    0.875
    """
    genuine_scores, impostor_scores = _both(genuine, impostor)
    ranked = np.sort(np.where(np.isnan(impostor_scores), -np.inf, impostor_scores))
    probes = np.where(np.isnan(genuine_scores), -np.inf, genuine_scores)
    beaten_twice = np.searchsorted(ranked, probes, "left").sum() + np.searchsorted(ranked, probes, "right").sum()
    return int(beaten_twice) / (2 * len(probes) * len(ranked))


def step_counts(
    genuine: NDArray[np.floating[Any]], impostor: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Thresholds, false matches and false non-matches at each step; one side may be empty, but not every score NaN."""
    genuine_seen = np.sort(genuine[~np.isnan(genuine)])
    impostor_seen = np.sort(impostor[~np.isnan(impostor)])
    steps = np.unique(np.concatenate([genuine_seen, impostor_seen])).astype(np.float64)
    if len(steps) == 0:
        message = "no comparison has a score, so there is no threshold to speak of"
        raise ArgumentError(message)
    thresholds = np.append(steps, math.nextafter(steps[-1], math.inf))
    false_matches = len(impostor_seen) - np.searchsorted(impostor_seen, thresholds, "left")
    rejected = np.searchsorted(genuine_seen, thresholds, "left")
    return thresholds, false_matches, rejected + (len(genuine) - len(genuine_seen))


def _both(genuine: ArrayLike, impostor: ArrayLike) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    genuine_scores = score_array("genuine scores", genuine)
    impostor_scores = score_array("impostor scores", impostor)
    if len(genuine_scores) == 0 or len(impostor_scores) == 0:
        message = (
            "both genuine and impostor comparisons are needed; "
            f"got {len(genuine_scores)} genuine and {len(impostor_scores)} impostor"
        )
        raise ArgumentError(message)
    return genuine_scores, impostor_scores
