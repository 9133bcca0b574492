"""The change of an error rate between two decisions on the same comparisons.

Two rates that were measured on the same comparisons rise and fall together; only the comparisons that are decided
differently say anything about the change. Subtracting two intervals would throw that away, and see no change where
there is one. Drift between two models and the effect of a mitigation are both read off this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.metrics.dependence import student
from facerec.measure.metrics.rates import flag_array
from facerec.types import Interval, Rate

Verdict: TypeAlias = Literal["pass", "fail", "insufficient evidence"]
"""Decided on the bounds of an interval: ``insufficient evidence`` where the limit lies between them."""


@dataclass(frozen=True)
class PairedChange:
    """How much an error rate changed, and how sure that is.

    Attributes
    ----------
    trials : int
        Comparisons that were decided both times.
    worse, better : int
        Comparisons that are wrong only afterwards, and wrong only before.
    effective_trials : float
        How many independent comparisons carry the same information about the change.
    interval : Interval
        Of the change; NaN on both ends without trials.
    """

    trials: int
    worse: int
    better: int
    effective_trials: float
    interval: Interval

    @property
    def value(self) -> float:
        """The rate afterwards minus the rate before, -1 … 1; NaN without trials, never 0."""
        return (self.worse - self.better) / self.trials if self.trials else math.nan

    @property
    def regression(self) -> bool:
        """Whether the rate rose for sure: the whole interval lies above 0."""
        return self.interval.low > 0

    @property
    def gain(self) -> bool:
        """Whether the rate fell for sure: the whole interval lies below 0."""
        return self.interval.high < 0

    def verdict(self, limit: float) -> Verdict:
        """Whether the rate rose by no more than a limit.

        Parameters
        ----------
        limit : float
            The largest tolerable change, -1 … 1: 0.01 tolerates one percentage point; a negative limit asks for an
            improvement.

        Returns
        -------
        {"pass", "fail", "insufficient evidence"}
            ``pass`` where the upper bound is at or below the limit, ``fail`` where the lower bound is above it.
            ``insufficient evidence`` otherwise, and where nothing was measured.

        Raises
        ------
        ArgumentError
            If `limit` is not within -1 … 1.
        """
        if not -1 <= limit <= 1:
            message = f"the limit of a change must lie within -1 … 1; got {limit}"
            raise ArgumentError(message)
        if self.interval.high <= limit:
            return "pass"
        return "fail" if self.interval.low > limit else "insufficient evidence"


def paired_change(
    before: ArrayLike,
    after: ArrayLike,
    first_subject: ArrayLike | None = None,
    second_subject: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
) -> PairedChange:
    """The change of an error rate over comparisons that were decided twice.

    Parameters
    ----------
    before, after : array_like, bool, shape (n,)
        True where the decision was wrong.
    first_subject, second_subject : array_like, int or str, shape (n,), optional
        Who is on either side; without them the comparisons count as independent.
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    PairedChange

    Raises
    ------
    ArgumentError
        If `before` or `after` are not True or False throughout.
        If the arrays differ in length.
        If one subject array is given without the other.
        If `confidence` is out of range.

    Notes
    -----
    d = after − before is -1, 0 or 1, and the change is its mean. Its dyadic-robust variance is a quadratic form Q, and
    d is the difference of the indicators w (worse) and b (better), so the parallelogram law gives it from three
    rates: Q(w − b) = 2 Q(w) + 2 Q(b) − Q(w + b). Over the variance of independent comparisons,
    [mean d² − (mean d)²] / n, that is the design effect (never below 1) by which n, w and b are divided; as in
    ``facerec.measure.metrics.clustered_rate``, its excess over 1 grows with the few people it was estimated from.
    Where people bring along that both rates rise and fall in proportion, the excess variance of the change is (mean d)²
    / p² of that of the larger of the two rates w and b, p; nothing less is believed. Where nothing changed, n is worth
    what it is worth without an error. With the results n', w' and b',
    MOVER makes the interval: from the intervals [l₁, u₁] of p₁ = w'/n' and [l₂, u₂] of p₂ = b'/n', and
    r = −√{p₁ p₂ / [(1 − p₁)(1 − p₂)]}, p₁ − p₂ − √[(p₁ − l₁)² − 2r (p₁ − l₁)(u₂ − p₂) + (u₂ − p₂)²], and likewise
    above. It stays honest where few or no decisions changed, and is the longer on the side of more errors.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:2635; Zou & Donner (2008), ibid. 27:1693 (MOVER of correlated rates).
    Aronow, Samii & Assenova (2015), Political Analysis 23:564 (dyadic-robust variance).

    Examples
    --------
    >>> change = paired_change([0] * 90 + [1] * 10, [0] * 80 + [1] * 10 + [0] * 4 + [1] * 6)
    >>> change.worse, change.better, round(change.value, 2), str(change.interval), change.regression
    (10, 4, 0.06, '[-0.01594, 0.1398]', False)
    """
    if not 0 < confidence < 1:
        message = f"confidence must lie between 0 and 1; got {confidence}"
        raise ArgumentError(message)
    wrong_before, wrong_after = flag_array("before", before), flag_array("after", after)
    if wrong_before.shape != wrong_after.shape:
        message = f"before and after must have one length; got {wrong_before.shape} and {wrong_after.shape}"
        raise ArgumentError(message)
    if (first_subject is None) != (second_subject is None):
        message = "the subjects of both sides are needed, or of neither"
        raise ArgumentError(message)
    n = len(wrong_before)
    worse, better = wrong_after & ~wrong_before, wrong_before & ~wrong_after
    w, b = int(worse.sum()), int(better.sum())
    if n == 0:
        return PairedChange(0, 0, 0, 0.0, Interval(math.nan, math.nan, confidence))
    effect = 1.0
    if first_subject is not None and second_subject is not None:
        effect = _design_effect(worse, better, PairsOfPeople.of(first_subject, second_subject), confidence)
    interval = _mover(Rate(w, n, n / effect), Rate(b, n, n / effect), confidence)
    return PairedChange(n, w, b, n / effect, interval)


def _design_effect(
    worse: NDArray[np.bool_], better: NDArray[np.bool_], pairs: PairsOfPeople, confidence: float
) -> float:
    n, changed = len(worse), worse | better
    if not changed.any():
        return n / _worth(pairs.rate(changed, confidence=confidence))
    mean = (int(worse.sum()) - int(better.sum())) / n
    independent = (changed.mean() - mean**2) / n
    of_worse, of_better, of_changed = (pairs.variance(side, leverage=True) for side in (worse, better, changed))
    clustered = 2 * of_worse + 2 * of_better - of_changed
    if not independent > 0:
        return 1.0
    ratio = 1.0 if changed.all() else student(pairs.people_behind(changed), confidence)
    seen = max(0.0, clustered - independent) * ratio**2
    larger = worse if worse.sum() >= better.sum() else better
    rate = pairs.rate(larger, confidence=confidence)
    in_proportion = mean**2 * (1 - rate.value) / rate.value * (1 / _worth(rate) - 1 / n)
    return float(1 + max(seen, in_proportion) / independent)


def _worth(rate: Rate) -> float:
    return float(rate.trials) if rate.effective_trials is None else rate.effective_trials


def _mover(worse: Rate, better: Rate, confidence: float) -> Interval:
    up, down = worse.value, better.value
    of_up, of_down = worse.interval(confidence), better.interval(confidence)
    r = -math.sqrt(up * down / ((1 - up) * (1 - down))) if up and down else 0.0

    def arm(one: float, other: float) -> float:
        return math.sqrt(one**2 - 2 * r * one * other + other**2)

    low = up - down - arm(up - of_up.low, of_down.high - down)
    high = up - down + arm(of_up.high - up, down - of_down.low)
    return Interval(max(-1.0, low), min(1.0, high), confidence)
