"""Error rates at a threshold and over all of them, the threshold for a rate, and what may be given for scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.types import Rate


def fmr(impostor: ArrayLike, threshold: float) -> Rate:
    """False match rate: how many comparisons of two people are accepted, i.e. score ≥ threshold.

    `impostor` are scores (n,) of different people, larger = more alike; NaN (no score) is a rejection, so no
    error. The threshold may be ±inf; -inf still rejects NaN. The value is NaN without comparisons. `ArgumentError` if
    the scores are not finite numbers or NaN in one dimension, or the threshold is NaN.

    FMR(t) = #{s ≥ t} / n (ISO/IEC 19795-1). The trials count as independent; see `clustered_rate` where pairs share
    people.

    >>> fmr([0.1, 0.4, 0.4, 0.9, float("nan")], 0.4).value
    0.6
    """
    scores = score_array("impostor scores", impostor)
    return Rate(int(np.count_nonzero(accepted(scores, threshold))), len(scores))


def fnmr(genuine: ArrayLike, threshold: float) -> Rate:
    """False non-match rate: how many comparisons of one person with themself are rejected.

    As `fmr`, with the scores of the same person: there NaN (no score), a rejection, is an error.
    FNMR(t) = #{s < t or s is NaN} / n (ISO/IEC 19795-1).

    >>> fnmr([0.3, 0.5, 0.8, 0.9, float("nan")], 0.5).value
    0.4
    """
    scores = score_array("genuine scores", genuine)
    return Rate(len(scores) - int(np.count_nonzero(accepted(scores, threshold))), len(scores))


ThresholdRule: TypeAlias = Literal["observed", "lowest"]
"""Which of the thresholds that have one FMR: the impostor score itself, as operating points have it, or the lowest."""


def threshold_at_fmr(impostor: ArrayLike, target_fmr: float, *, rule: ThresholdRule = "observed") -> float:
    """The threshold that keeps the false match rate at or below a target, 0 … 1.

    The smallest impostor score t with FMR(t) ≤ target: t = min {s_i : #{s ≥ s_i} / n ≤ f}. Scores are those of `fmr`;
    NaN counts among the n. Equal scores stay together: all of them are accepted, or none, and the rate reached can be
    well below f where n is small or scores tie. If no observed score is high enough: the next float64 above the highest
    one.

    FMR is the same in the whole gap below t. By the rule "lowest" it is the next float64 above the highest impostor
    score that is refused (-inf where none has to be): FNMR is as low as that FMR allows, as in scikit-learn's ROC.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension, or none is a number.
        If `target_fmr` is not within 0 … 1.

    Examples
    --------
    >>> threshold_at_fmr([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9], 0.3)
    0.8
    >>> threshold_at_fmr([0.1, 0.9, 0.9], 0.4) > 0.9
    True
    >>> 0.7 < threshold_at_fmr([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9], 0.3, rule="lowest") < 0.700001
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
    allowed = allowed_matches(n, target_fmr)
    if allowed >= len(seen):
        return float(seen.min()) if rule == "observed" else -math.inf
    highest_refused = np.partition(seen, len(seen) - 1 - allowed)[len(seen) - 1 - allowed]
    above = seen[seen > highest_refused]
    if len(above) and rule == "observed":
        return float(above.min())
    return math.nextafter(float(highest_refused), math.inf)


def allowed_matches(trials: int, target_fmr: float) -> int:
    """The most false matches of so many trials, at least one, that keep FMR at or below a target.

    >>> allowed_matches(100, 0.29), allowed_matches(100, 0.2999)
    (29, 29)
    """
    allowed = math.floor(target_fmr * trials) + 1
    while allowed / trials > target_fmr:  # by division, as FMR itself is: 0.29 * 100 is less than 29
        allowed -= 1
    return allowed


def threshold_at_counts(
    values: NDArray[np.float64],
    counts: NDArray[np.int64],
    n: int,
    target_fmr: float,
    *,
    rule: ThresholdRule = "observed",
    within: Callable[[Sequence[int]], tuple[NDArray[np.float64], NDArray[np.int64]]] | None = None,
) -> float:
    """As `threshold_at_fmr`, of n impostor comparisons whose scores are counted.

    `values` (k,) are ascending, each once, `counts` (k,) say how many have each. They may be bins, by their lowest:
    then ``within(places)`` gives the scores in some of them, and how many have each, which is asked once.

    >>> threshold_at_counts(np.array([0.1, 0.5, 0.9]), np.array([7, 1, 2]), 10, 0.3)
    0.5
    """
    if not len(values):
        message = f"no impostor comparison has a score ({n} comparisons), so no threshold can be measured"
        raise ArgumentError(message)
    allowed = allowed_matches(n, target_fmr)
    from_above = np.cumsum(counts[::-1])[::-1]
    if allowed >= from_above[0]:
        return -math.inf if rule == "lowest" else float((within([0])[0] if within else values)[0])
    place = int(np.flatnonzero(from_above > allowed)[-1])
    beyond = int(from_above[place + 2]) if place + 2 < len(values) else 0  # in neither of the two that are looked into
    there = [place, place + 1] if place + 1 < len(values) else [place]
    scores, how_many = within(there) if within else (values[there], counts[there])
    refused = int(np.flatnonzero(np.cumsum(how_many[::-1])[::-1] + beyond > allowed)[-1])
    if rule == "observed" and refused + 1 < len(scores):
        return float(scores[refused + 1])
    return math.nextafter(float(scores[refused]), math.inf)


@dataclass(frozen=True, eq=False)
class DetCurve:
    """Both error rates at every threshold where either changes; all three arrays are float64 (k,).

    `thresholds` are every distinct score, ascending, then the next float64 above the highest, which accepts nothing;
    `fmr` never rises, `fnmr` never falls. The rates rest on `genuine_trials` and `impostor_trials` comparisons,
    those without a score included.
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

    Scores, (n,) and (m,), are larger where more alike; NaN (no score) is a rejection at every threshold, so
    FNMR starts at the share of NaN and FMR never reaches 1 where an impostor comparison failed.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN in one dimension.
        If there are no genuine or no impostor comparisons, or none has a score.

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
    """Equal error rate, 0 … 1: where the two error rates meet. Parameters and errors are those of `det_curve`.

    Rates move in steps, so they seldom meet: (FMR(t) + FNMR(t)) / 2 at the t where they differ
    least, and at the lowest such t if there are several. Differences are compared as integers.

    >>> eer([0.4, 0.7, 0.8, 0.9], [0.1, 0.2, 0.3, 0.5])
    0.25
    """
    genuine_scores, impostor_scores = _both(genuine, impostor)
    n, m = len(genuine_scores), len(impostor_scores)
    _, false_matches, false_non_matches = step_counts(genuine_scores, impostor_scores)
    step = int(np.argmin(np.abs(false_matches * n - false_non_matches * m)))
    return float((false_matches[step] / m + false_non_matches[step] / n) / 2)


def auc(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Area under the ROC curve, 0 … 1: how often a genuine score beats an impostor score; 0.5 is chance.

    Parameters and errors are those of `det_curve`; NaN ranks below every score, so that no score at all is chance.
    [#{g > i} + #{g = i} / 2] / (n m) over all genuine g and impostor i: the Mann-Whitney statistic (Hanley & McNeil
    (1982), Radiology 143:29).

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


def score_array(name: str, scores: ArrayLike) -> NDArray[np.floating[Any]]:
    """Scores as float32 or float64 of shape (n,), n ≥ 0, finite or NaN, else `ArgumentError`; `name` is for messages.

    Not copied where they are such an array already.
    """
    array = _line(name, scores)
    if array.size == 0 or array.dtype.kind in "iu" or array.dtype == np.float16:
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        message = f"{name} must be numbers; got dtype {array.dtype}"
        raise ArgumentError(message)
    if np.isinf(array).any():
        message = f"{name} must be finite, or NaN where there is none; got {array[np.isinf(array)][0]}"
        raise ArgumentError(message)
    return array


def flag_array(name: str, flags: ArrayLike) -> NDArray[np.bool_]:
    """Yes-or-no values as bool of shape (n,), else `ArgumentError`; 0 and 1 serve as well."""
    array = _line(name, flags)
    if array.size and array.dtype != np.bool_ and (array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all()):
        message = f"{name} must be True or False (or 1 and 0) throughout; got dtype {array.dtype}"
        raise ArgumentError(message)
    return array.astype(np.bool_, copy=False)


def accepted(scores: NDArray[np.floating[Any]], threshold: float) -> NDArray[np.bool_]:
    """Which scores are at or above the threshold; NaN is not. `ArgumentError` if the threshold is NaN."""
    if math.isnan(threshold):
        message = "the threshold is NaN; it must be a number"
        raise ArgumentError(message)
    # An array, as NumPy would round a mere number to float32 where the scores are float32, and move it.
    return scores >= np.array([threshold], np.float64)


def _line(name: str, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        message = f"{name} must have one dimension; got shape {array.shape}"
        raise ArgumentError(message)
    return array
