"""Intervals that respect people: from errors and who made them to a rate, its effective trials and its bounds.

How many independent trials a table is worth is decided in one place for the whole product,
``facerec.measure.metrics.clustered_rate``; here stand the intervals on that number.
"""

from __future__ import annotations

import math
from dataclasses import replace

import scipy
from numpy.typing import ArrayLike

from audits.statistics.estimates import Estimate, Method
from facerec.errors import ArgumentError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.metrics.rates import flag_array
from facerec.types import Interval, Rate

CONFIDENCE = 0.95
"""Of every interval where nothing else is asked for."""


def estimate(rate: Rate, *, confidence: float = CONFIDENCE) -> Estimate:
    """The interval of a rate, by the method that fits its number of errors.

    Parameters
    ----------
    rate : Rate
        With effective trials where trials share people.
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    Estimate
        Wilson's interval; Clopper and Pearson's where no trial or every trial was an error; NaN without trials.

    Raises
    ------
    ArgumentError
        If `confidence` is out of range.

    Notes
    -----
    With no error in n effective trials: [0, 1 − (α/2)^(1/n)], and the one-sided rule of 3, 1 − 0.05^(1/n) ≈ 3/n.

    References
    ----------
    Wilson (1927), JASA 22:209. Clopper & Pearson (1934), Biometrika 26:404. Hanley & Lippman-Hand (1983), JAMA 249:1743
    (rule of 3).

    Examples
    --------
    >>> nobody = estimate(Rate(0, 489))
    >>> nobody.method, round(nobody.rule_of_three, 5), str(nobody.interval)
    ('clopper-pearson', 0.00611, '[0, 0.007515]')
    """
    checked_confidence(confidence)
    if not rate.trials:
        return Estimate(rate, Interval(math.nan, math.nan, confidence), "unmeasured")
    n = float(rate.trials) if rate.effective_trials is None else rate.effective_trials
    method: Method = "clopper-pearson" if rate.errors in (0, rate.trials) else "wilson"
    return Estimate(rate, rate.interval(confidence), method, rule_of_three(n) if rate.errors == 0 else math.nan)


def rule_of_three(effective_trials: float) -> float:
    """What a rate is below, with 95 % confidence, if so many independent trials show no error: 1 − 0.05^(1/n) ≈ 3/n.

    Examples
    --------
    >>> round(rule_of_three(300), 4)
    0.0099
    """
    return float(1 - 0.05 ** (1 / effective_trials))


def clopper_pearson(errors: float, trials: float, *, confidence: float = CONFIDENCE) -> Interval:
    """The exact interval of a binomial proportion; conservative, and right however few the errors.

    Parameters
    ----------
    errors, trials : float
        0 ≤ errors ≤ trials, trials > 0; effective numbers need not be whole.
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    Interval

    Raises
    ------
    ArgumentError
        If `errors` or `trials` are out of range.
        If `confidence` is out of range.

    Notes
    -----
    [BetaInv(α/2; x, n − x + 1), BetaInv(1 − α/2; x + 1, n − x)], 0 below where x = 0 and 1 above where x = n.

    References
    ----------
    Clopper & Pearson (1934), Biometrika 26:404.

    Examples
    --------
    >>> print(clopper_pearson(8, 511))
    [0.006783, 0.03061]
    """
    if not (trials > 0 and 0 <= errors <= trials):
        message = f"an exact interval needs 0 <= errors <= trials and trials > 0; got {errors} of {trials}"
        raise ArgumentError(message)
    checked_confidence(confidence)
    tail = (1 - confidence) / 2
    low = float(scipy.stats.beta.ppf(tail, errors, trials - errors + 1)) if errors > 0 else 0.0
    high = float(scipy.stats.beta.ppf(1 - tail, errors + 1, trials - errors)) if errors < trials else 1.0
    return Interval(low, high, confidence)


def clustered_estimate(
    errors: ArrayLike,
    first_subject: ArrayLike,
    second_subject: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    correlation: float | None = None,
) -> Estimate:
    """An error rate over trials that share people, with its interval.

    Parameters
    ----------
    errors : array_like, bool, shape (n,)
        True where the decision was wrong.
    first_subject, second_subject : array_like, int or str, shape (n,)
        Who is on either side; equal for genuine pairs, and for predictions about one person each. Integer codes from 0
        on are fastest.
    confidence : float
        Between 0 and 1, exclusive.
    correlation : float, optional
        As for ``facerec.measure.metrics.clustered_rate``, of the whole table; None: these trials stand alone.

    Returns
    -------
    Estimate
        Never narrower than for independent trials.

    Raises
    ------
    ArgumentError
        If `errors` are not True or False throughout.
        If the three differ in length or have more than one dimension.
        If a subject is neither an integer nor a string.
        If `confidence` or `correlation` is out of range.

    Notes
    -----
    The effective trials are those of ``facerec.measure.metrics.clustered_rate``, the interval is that of `estimate`.

    Examples
    --------
    >>> people = [person for person in range(40) for _ in range(5)]
    >>> found = clustered_estimate([person < 4 for person in people], people, people)
    >>> found.value, round(found.effective_trials, 1), round(found.design_effect, 1)
    (0.1, 25.2, 7.9)
    """
    checked_confidence(confidence)
    wrong, pairs = flag_array("errors", errors), PairsOfPeople.of(first_subject, second_subject)
    if len(wrong) != len(pairs):
        message = f"errors and subjects must have one length; got {len(wrong)} and {len(pairs)}"
        raise ArgumentError(message)
    rate = pairs.rate(wrong, correlation=correlation, confidence=confidence)
    return replace(estimate(rate, confidence=confidence), people=pairs.people)


def checked_confidence(confidence: float) -> float:
    """The confidence that was given.

    Raises
    ------
    ArgumentError
        If it does not lie between 0 and 1.
    """
    if not 0 < confidence < 1:
        message = f"confidence must lie between 0 and 1; got {confidence}"
        raise ArgumentError(message)
    return confidence
