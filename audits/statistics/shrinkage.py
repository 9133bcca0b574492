"""Rates of small intersections, drawn towards what all groups suggest.

The group with the worst rate of all is usually a small one, by chance. An empirical Bayes estimate trusts a group's own
rate as far as its evidence goes, and no further; beside the raw rate, never instead of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from facerec.errors import ArgumentError
from facerec.types import Interval


@dataclass(frozen=True)
class ShrunkEstimate:
    """A rate of a small group, drawn towards what the other groups suggest.

    Attributes
    ----------
    group : str
    raw : Estimate
        What was measured.
    value : float
        The posterior mean; for a group without trials the mean of the prior.
    interval : Interval
        Equal-tailed credible interval.
    weight : float
        How much of `value` is the group's own, 0 (nothing was measured) … 1.
    """

    group: str
    raw: Estimate
    value: float
    interval: Interval
    weight: float


@dataclass(frozen=True)
class Prior:
    """How rates of groups are spread: a beta distribution.

    Attributes
    ----------
    mean : float
        0 … 1, exclusive.
    worth : float
        How many trials the prior is worth, a + b > 0.
    """

    mean: float
    worth: float

    @property
    def a(self) -> float:
        """First parameter of the beta distribution."""
        return self.mean * self.worth

    @property
    def b(self) -> float:
        """Second parameter of the beta distribution."""
        return (1 - self.mean) * self.worth


def fit_prior(estimates: Sequence[Estimate]) -> Prior:
    """The beta distribution that the groups' rates seem to come from.

    Parameters
    ----------
    estimates : sequence of Estimate
        One for each group; those without trials say nothing.

    Returns
    -------
    Prior

    Raises
    ------
    ArgumentError
        If no group has trials.

    Notes
    -----
    The mean is that of all effective trials together, with half an error and half a success more (Jeffreys), so that it
    is neither 0 nor 1. The worth M maximises the beta-binomial likelihood Σ log B(Mμ + x, M(1−μ) + n − x) − log B(Mμ,
    M(1−μ)) of the effective counts, between 1 and the effective trials of all groups: the prior never knows more
    than all groups together. With one group only, M is 1.

    References
    ----------
    Efron & Morris (1975), JASA 70:311. Robert (2007), The Bayesian Choice, section 10.4.
    """
    measured = [found for found in estimates if found.measured]
    if not measured:
        message = f"a prior needs a group with trials; none of {len(estimates)} has any"
        raise ArgumentError(message)
    n = np.array([found.effective_trials for found in measured])
    x = np.array([found.value for found in measured]) * n
    mean = float((x.sum() + 0.5) / (n.sum() + 1))
    if len(measured) == 1 or n.sum() <= 1:
        return Prior(mean, 1.0)
    highest = math.log(n.sum())
    best = scipy.optimize.minimize_scalar(_misfit, bounds=(0.0, highest), args=(mean, x, n), method="bounded")
    ends = [(_misfit(worth, mean, x, n), worth) for worth in (0.0, float(best.x), highest)]
    return Prior(mean, math.exp(min(ends)[1]))


def shrink(
    names: Sequence[str], estimates: Sequence[Estimate], *, confidence: float = CONFIDENCE
) -> tuple[ShrunkEstimate, ...]:
    """Draw each group's rate towards the others' by as much as its own evidence is weak.

    Parameters
    ----------
    names : sequence of str
    estimates : sequence of Estimate
        One for each group.
    confidence : float
        Of the credible intervals, between 0 and 1, exclusive.

    Returns
    -------
    tuple of ShrunkEstimate
        One for each group; NaN throughout if no group has trials, if none shows an error, or if none shows anything
        else: how rates differ between groups cannot be learned then, and a prior would be made up.

    Raises
    ------
    ArgumentError
        If there is not one estimate for each name.
        If `confidence` is out of range.

    Notes
    -----
    With the prior of `fit_prior`, the posterior of a group is Beta(a + x_eff, b + n_eff − x_eff). The interval
    takes the prior as known, so for many trials worth of prior it is a little narrow.

    Examples
    --------
    >>> from audits.statistics.intervals import estimate
    >>> from facerec.types import Rate
    >>> rates = [estimate(Rate(50, 1000)), estimate(Rate(52, 1000)), estimate(Rate(2, 10))]
    >>> [round(found.value, 3) for found in shrink(["large", "another", "small"], rates)]
    [0.051, 0.052, 0.053]
    """
    checked_confidence(confidence)
    if len(names) != len(estimates):
        message = f"every group needs its rate; got {len(names)} groups and {len(estimates)} rates"
        raise ArgumentError(message)
    measured = [found for found in estimates if found.measured]
    if all(found.value == 0 for found in measured) or all(found.value == 1 for found in measured):
        nothing = Interval(math.nan, math.nan, confidence)
        return tuple(ShrunkEstimate(n, e, math.nan, nothing, 0.0) for n, e in zip(names, estimates, strict=True))
    prior = fit_prior(estimates)
    return tuple(_posterior(name, found, prior, confidence) for name, found in zip(names, estimates, strict=True))


def _posterior(name: str, found: Estimate, prior: Prior, confidence: float) -> ShrunkEstimate:
    n = found.effective_trials
    x = found.value * n if found.measured else 0.0
    a, b = prior.a + x, prior.b + n - x
    low, high = scipy.stats.beta.ppf([(1 - confidence) / 2, (1 + confidence) / 2], a, b)
    return ShrunkEstimate(
        name, found, a / (a + b), Interval(float(low), float(high), confidence), n / (n + prior.worth)
    )


def _misfit(log_worth: float, mean: float, x: NDArray[np.float64], n: NDArray[np.float64]) -> float:
    a, b = mean * math.exp(log_worth), (1 - mean) * math.exp(log_worth)
    return -float((scipy.special.betaln(a + x, b + n - x) - scipy.special.betaln(a, b)).sum())
