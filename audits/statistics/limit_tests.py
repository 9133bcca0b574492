"""How surprising a measured number would be if its limit were the true value: intervals turned round into p-values.

Holm's correction needs p-values, and a gate decides on intervals. So each p-value is read off the very interval that
decides: it is at or below 1 − confidence exactly where the limit lies outside of it.
"""

from __future__ import annotations

import math

import scipy

from audits.statistics.estimates import Estimate
from facerec.types import Interval


def limit_p_value(
    value: float, interval: Interval, limit: float, *, estimate: Estimate | None = None, ratio: bool = False
) -> float:
    """The two-sided p-value of a limit being the true value.

    Parameters
    ----------
    value : float
        As measured.
    interval : Interval
    limit : float
    estimate : Estimate, optional
        For a rate: its counts, from which the interval was made.
    ratio : bool
        Whether the interval is that of a ratio, which is symmetric on a log scale rather than its own.

    Returns
    -------
    float
        0 … 1; NaN where the value or a bound is.

    Notes
    -----
    For a rate p of n effective trials and the limit L it inverts Wilson's interval, z = |p − L| / √[L(1−L)/n], and
    Clopper and Pearson's where none or all were errors: 2(1−L)^n and 2L^n, at most 1. Everything else has bounds u of
    one confidence only; there the bound on the limit's side is taken to lie z_c = Φ⁻¹(½ + confidence/2) standard
    errors from the value v, so that z = z_c |L − v| / |u − v|. An arm of no length, or of an infinite one, cannot be
    scaled: then the p-value is 1 − confidence for a limit outside, and 1 for one inside.

    References
    ----------
    Altman & Bland (2011), BMJ 343:d2304 (p-values from confidence intervals).

    Examples
    --------
    >>> round(limit_p_value(1.0, Interval(0.5, 1.5), 1.5), 4), round(limit_p_value(1.0, Interval(0.5, 1.5), 2.0), 6)
    (0.05, 8.9e-05)
    """
    if math.isnan(value) or math.isnan(interval.low) or math.isnan(interval.high):
        return math.nan
    if estimate is not None:
        return _of_rate(estimate, limit)
    outside = not interval.low <= limit <= interval.high
    bound = interval.high if limit > value else interval.low
    if ratio:
        value, bound, limit = _log(value), _log(bound), _log(limit)
    arm = abs(bound - value)
    if not (0 < arm < math.inf and math.isfinite(limit)):
        return 1 - interval.confidence if outside else 1.0
    z = float(scipy.stats.norm.ppf(0.5 + interval.confidence / 2)) * abs(limit - value) / arm
    return float(2 * scipy.stats.norm.sf(z))


def _of_rate(found: Estimate, limit: float) -> float:
    n = found.effective_trials
    if found.errors in (0, found.trials):
        return min(1.0, 2 * (1 - limit if found.errors == 0 else limit) ** n)
    return float(2 * scipy.stats.norm.sf(abs(found.value - limit) / math.sqrt(limit * (1 - limit) / n)))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
