"""The formulas of the disparity indices, for rates of measured groups on the last axis.

Each takes one set of rates or many at once (`rates`, or `fmr` and `fnmr`, which may be of different groups), array_like
of float, shape (…, groups), 0 … 1, of two groups or more, and returns one number per set: float64, shape (…,), of the
range that its text gives. `weight`, 0 … 1, is FMR's. `ArgumentError` if there are fewer than two groups, a rate is NaN
or not within 0 … 1, or `weight` is out of range; groups without trials are left out beforehand
(``audits.statistics.disparity``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError

_Values = NDArray[np.float64]


def difference(rates: ArrayLike) -> _Values:
    """The largest rate minus the smallest: 0 (fair) … 1.

    Examples
    --------
    >>> float(difference([0.25, 0.5]))
    0.25
    """
    p = _checked(rates)
    return p.max(axis=-1) - p.min(axis=-1)


def max_min_ratio(rates: ArrayLike) -> _Values:
    """The largest rate over the smallest, also called skewed error ratio.

    1 (fair) … inf; inf where only the smallest rate is 0, NaN where all are.

    Examples
    --------
    >>> float(max_min_ratio([0.25, 0.5])), float(max_min_ratio([0, 0.5]))
    (2.0, inf)
    """
    p = _checked(rates)
    return _over(p.max(axis=-1), p.min(axis=-1))


def max_geomean(rates: ArrayLike, *, zero_bounds: ArrayLike) -> _Values:
    """The largest rate over the geometric mean of all.

    1 (fair) … inf; below 1 only where the bounds that stand in exceed the largest rate. NaN where all are 0.
    `zero_bounds`, shape (groups,), stand in for a rate of 0 in the geometric mean, and there only: the one-sided 95 %
    upper bound of a group without errors, 1 − 0.05^(1/n). `ArgumentError` if one that is needed is not above 0.

    Notes
    -----
    max p / exp(mean log p).

    References
    ----------
    NISTIR 8429 (2022), equations 6 to 9 and section 4.2 (zero errors).

    Examples
    --------
    >>> float(max_geomean([0.1, 0.4], zero_bounds=[0, 0])).__round__(9)
    2.0
    """
    p = _checked(rates)
    bounds = np.broadcast_to(np.asarray(zero_bounds, np.float64), p.shape)
    if (bounds[p == 0] <= 0).any() or np.isnan(bounds[p == 0]).any():
        message = f"a rate of 0 needs an upper bound above 0 to stand in for it; got {bounds[p == 0].min()}"
        raise ArgumentError(message)
    worst = p.max(axis=-1)
    filled = np.where(p == 0, bounds, p)
    return np.where(worst > 0, worst / np.exp(np.log(filled).mean(axis=-1)), np.nan)


def gini(rates: ArrayLike) -> _Values:
    """The Gini coefficient, corrected for the number of groups.

    0 (fair) … 1 (one group makes all errors); NaN where all are 0.

    Notes
    -----
    n/(n−1) · Σ_i Σ_j |p_i − p_j| / (2 n² mean p); the double sum is computed from the sorted rates.

    References
    ----------
    Howard, Laird, Rubin, Sirotin, Tipton & Vemury (2022), arXiv:2203.05051; NISTIR 8429 (2022), equations 13 and 14.

    Examples
    --------
    >>> float(gini([0, 0, 0.3])), float(gini([0.2, 0.2]))
    (1.0, 0.0)
    """
    p = np.sort(_checked(rates), axis=-1)
    n = p.shape[-1]
    # Σ_ij |p_i − p_j| = 2 Σ_k (2k − n − 1) p_(k), k from 1.
    spread = 2 * (p * (2 * np.arange(1, n + 1) - n - 1)).sum(axis=-1)
    return np.maximum(_over(spread, 2 * n * (n - 1) * p.mean(axis=-1)), 0.0)


def worst_to_overall(rates: ArrayLike, trials: ArrayLike) -> _Values:
    """The largest rate over the rate of all groups' trials taken together.

    1 (fair) … inf; NaN where all are 0. `trials`, shape (groups,), says how many each group has; `ArgumentError` if
    there is not one number above 0 for each.

    Examples
    --------
    >>> float(worst_to_overall([0.4, 0.1], [100, 200]))
    2.0
    """
    p = _checked(rates)
    n = np.asarray(trials, np.float64)
    if n.shape != p.shape[-1:] or not (n > 0).all():
        message = (
            f"each of the {p.shape[-1]} groups needs a number of trials above 0; got {np.asarray(trials).tolist()}"
        )
        raise ArgumentError(message)
    return _over(p.max(axis=-1), (p * n).sum(axis=-1) / n.sum())


def garbe(fmr: ArrayLike, fnmr: ArrayLike, *, weight: float = 0.5) -> _Values:
    """Gini aggregation rate for biometric equitability.

    0 (fair) … 1; NaN where no group shows an error of one kind.

    Notes
    -----
    α G(FMR) + (1 − α) G(FNMR).

    References
    ----------
    Howard et al. (2022), arXiv:2203.05051.

    Examples
    --------
    >>> float(garbe([0, 0.3], [0.2, 0.2]))
    0.5
    """
    alpha = _weight(weight)
    return alpha * gini(fmr) + (1 - alpha) * gini(fnmr)


def fdr(fmr: ArrayLike, fnmr: ArrayLike, *, weight: float = 0.5) -> _Values:
    """Fairness discrepancy rate.

    0 … 1 (fair).

    Notes
    -----
    1 − [α max |FMR_i − FMR_j| + (1 − α) max |FNMR_i − FNMR_j|]. At a low FMR the first term is next to nothing,
    however unequal the groups are.

    References
    ----------
    de Freitas Pereira & Marcel (2021), IEEE T-BIOM, arXiv:2011.02395.

    Examples
    --------
    >>> float(fdr([0.25, 0.5], [0.5, 0.25]))
    0.75
    """
    alpha = _weight(weight)
    return 1 - (alpha * difference(fmr) + (1 - alpha) * difference(fnmr))


def inequity_rate(fmr: ArrayLike, fnmr: ArrayLike, *, weight: float = 0.5) -> _Values:
    """Inequity rate: the max/min ratios of both rates, multiplied.

    1 (fair) … inf; NaN where all rates of one kind are 0. `weight` is the exponent of FMR's ratio; that of
    FNMR's is 1 − weight.

    Notes
    -----
    (max FMR / min FMR)^α · (max FNMR / min FNMR)^(1−α).

    References
    ----------
    Howard et al. (2022), arXiv:2203.05051, on a proposal by NIST.

    Examples
    --------
    >>> float(inequity_rate([0.1, 0.4], [0.2, 0.2]))
    2.0
    """
    alpha = _weight(weight)
    return max_min_ratio(fmr) ** alpha * max_min_ratio(fnmr) ** (1 - alpha)


def _checked(rates: ArrayLike) -> _Values:
    p = np.asarray(rates, np.float64)
    if p.ndim == 0 or p.shape[-1] < 2:
        message = f"an index compares two groups or more; got rates of shape {p.shape}"
        raise ArgumentError(message)
    if not ((p >= 0) & (p <= 1)).all():
        message = "every rate must lie within 0 … 1, and a group that was not measured has none: leave it out"
        raise ArgumentError(message)
    return p


def _weight(weight: float) -> float:
    if not 0 <= weight <= 1:
        message = f"the weight of FMR must lie within 0 … 1; got {weight}"
        raise ArgumentError(message)
    return weight


def _over(above: _Values, below: _Values) -> _Values:
    """Element by element: inf where only the number below is 0, NaN where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(above, below)
