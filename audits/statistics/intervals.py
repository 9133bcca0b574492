"""Intervals that respect people: from errors and who made them to a rate, its effective trials and its bounds.

Pairs that share a person are not independent, so a thousand pairs of fifty people carry less than a thousand pairs of
two thousand. Three steps: the dyadic-robust variance (``facerec.measure.metrics``), the number of independent trials
with the same variance, and Wilson's interval on that number. Two corrections, each of which the coverage simulation
(``audits.checks.coverage``) shows to be needed, and the sizes of which it was not tuned to: a variance that was
estimated from few people is itself uncertain, and where no error was seen, or hardly anybody, the dependence cannot be
seen.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from audits.statistics.dependence import compact_codes, people_behind, people_in, shared_trials
from audits.statistics.estimates import Estimate, Method
from facerec.errors import ArgumentError
from facerec.measure.metrics import clustered_rate, dyadic_variance
from facerec.measure.metrics.arrays import flag_array
from facerec.types import Interval, Rate

CONFIDENCE = 0.95
"""Of every interval where nothing else is asked for."""

FEW_PEOPLE = 10
"""With fewer people than this a variance between people says next to nothing, and with one person nothing at all."""


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
    method: Method = "clopper-pearson"
    rest = ((1 - confidence) / 2) ** (1 / n)
    if rate.errors == 0:
        return Estimate(rate, Interval(0.0, 1 - rest, confidence), method, 1 - 0.05 ** (1 / n))
    if rate.errors == rate.trials:
        return Estimate(rate, Interval(rest, 1.0, confidence), method)
    return Estimate(rate, rate.interval(confidence), "wilson")


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
    correlation: float = 0.0,
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
    correlation : float
        Between two trials that share a person, 0 … 1, as `pair_correlation` measures it on a larger table. Used only
        where these trials cannot show their own dependence: none or all of them are errors, or fewer than
        `FEW_PEOPLE` take part.

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
    With V₀ = p(1−p)/n and V the dyadic-robust variance, n_eff = p(1−p) / [V₀ + (V − V₀)⁺ (t_ν / z)²]. V is a sum of one
    square per person, and ν counts how many people it really rests on (`people_behind`). Only the part that exceeds
    independent trials is uncertain in that way, so only that part grows. Without errors n_eff = n / (1 + ρ s), s being
    how many other trials a trial shares a person with (`shared_trials`); with few people, the smaller of the two.

    References
    ----------
    Fogliato, Patil & Perona (2024), IJCV, arXiv:2306.01198 (effective trials in Wilson's interval).
    Korn & Graubard (1998), Survey Methodology 24:193 (t in place of z through the effective n).

    Examples
    --------
    >>> people = np.repeat(np.arange(40), 5)
    >>> found = clustered_estimate(people < 4, people, people)
    >>> found.value, round(found.effective_trials, 1), round(found.design_effect, 1)
    (0.1, 25.2, 7.9)
    """
    checked_confidence(confidence)
    if not 0 <= correlation <= 1:
        message = f"correlation must lie within 0 … 1; got {correlation}"
        raise ArgumentError(message)
    wrong = flag_array("errors", errors)
    first, second = compact_codes(first_subject, second_subject)
    rate = clustered_rate(wrong, first, second)
    if not rate.trials:
        return estimate(rate, confidence=confidence)
    effective = float(rate.trials)
    unclear = rate.errors in (0, rate.trials)
    if not unclear:
        effective = _own_effective_trials(rate, wrong, first, second, confidence)
        unclear = people_in(first, second) < FEW_PEOPLE
    if unclear and correlation > 0:
        effective = min(effective, rate.trials / (1 + correlation * shared_trials(first, second)))
    return estimate(Rate(rate.errors, rate.trials, effective), confidence=confidence)


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


def _own_effective_trials(
    rate: Rate,
    wrong: NDArray[np.bool_],
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    confidence: float,
) -> float:
    """What trials are worth by what they show themselves; some but not all of them are errors."""
    if rate.effective_trials == rate.trials:
        return float(rate.trials)
    p = rate.value
    independent = p * (1 - p) / rate.trials
    excess = dyadic_variance(wrong, first, second) - independent
    if excess <= 1e-9 * independent:  # rounding of independent trials
        return float(rate.trials)
    freedom = max(1.0, people_behind(wrong, first, second))
    ratio = float(scipy.stats.t.ppf(0.5 + confidence / 2, freedom) / scipy.stats.norm.ppf(0.5 + confidence / 2))
    return p * (1 - p) / (independent + excess * ratio**2)
