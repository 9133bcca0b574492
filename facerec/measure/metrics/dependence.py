"""What comparisons are worth that share people, by sums alone: the formulas behind every interval.

Who is in how many comparisons and errors, and how often two people meet, is all that they ask for; whether that was
counted from pairs in memory (``clusters.py``) or added up from parts of a table (``facerec.measure.sums``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.types import Rate

PERSON = 0.2
"""The share of a mated score's variance that a person brings along, where the data cannot show it; half of it where two
people meet."""

_FEW_PEOPLE, _FEW_ERRORS = 12, 5
_UNSTEADY = 0.8  # people needed for each unit of kurtosis of what they bring along
_TO_THE_BOUND = 0.75  # how far, in ratios, from a rate to its bound the errors are taken to be as alike as they may be


@dataclass(frozen=True, eq=False)
class Meetings:
    """Who takes part in n comparisons, and how often two people meet in them; whatever went wrong.

    Attributes
    ----------
    trials : int
        n.
    comparisons : ndarray, int64, shape (p,)
        How many each person takes part in; one with oneself counts once.
    apart : int
        How many are of two different people.
    squares : float
        Σ M² over couples of two people who meet M times.
    alone : bool
        Whether every comparison is of one person with themself.
    """

    trials: int
    comparisons: NDArray[np.int64]
    apart: int
    squares: float
    alone: bool

    @cached_property
    def people(self) -> int:
        """How many different people take part."""
        return int(np.count_nonzero(self.comparisons))

    @cached_property
    def equal_people(self) -> float:
        """How many people with equally many comparisons would weigh as these do: (Σ m)² / Σ m²; NaN without any."""
        m = self.comparisons.astype(np.float64)
        return float(m.sum() ** 2 / (m @ m)) if self.trials else math.nan

    @cached_property
    def shared(self) -> float:
        """How many other comparisons one shares a person with, on average; NaN without any."""
        if not self.trials:
            return math.nan
        m = self.comparisons
        return float(m @ (m - 1) - (self.squares - self.apart)) / self.trials

    @cached_property
    def share(self) -> float:
        """What people are known to bring along."""
        return PERSON if self.alone else PERSON / 2

    @cached_property
    def leverage(self) -> NDArray[np.float64]:
        """By how much more each person moves a rate than people who take part equally often, ≥ 1, shape (p,)."""
        pull = self.comparisons / self.trials
        return np.maximum(1.0, (1 - pull[pull > 0].mean()) / np.maximum(1 - pull, 1e-3))


@dataclass(frozen=True, eq=False)
class PeopleSums:
    """Errors among comparisons of people.

    Attributes
    ----------
    meetings : Meetings
    wrong : int
        How many comparisons were errors.
    errors : ndarray, int64, shape (p,)
        How many of them each person takes part in.
    error_squares, error_products : float
        Σ E² and Σ E M over couples of two people, E errors among M comparisons.
    """

    meetings: Meetings
    wrong: int
    errors: NDArray[np.int64]
    error_squares: float
    error_products: float

    def rate(self, *, correlation: float | None = None, confidence: float = 0.95) -> Rate:
        """As ``clusters.clustered_rate``."""
        if not 0 < confidence < 1:
            message = f"confidence must lie between 0 and 1; got {confidence}"
            raise ArgumentError(message)
        if correlation is not None and not 0 <= correlation <= 1:
            message = f"correlation must lie within 0 … 1; got {correlation}"
            raise ArgumentError(message)
        n, k = self.meetings.trials, self.wrong
        if not n:
            return Rate(0, 0)
        alike = self.correlation(confidence=confidence) if correlation is None else correlation
        effective = min(float(n), n / (1 + alike * self.meetings.shared))
        return Rate(k, n, effective if k in (0, n) else min(effective, self._own_trials(confidence)))

    def correlation(self, *, confidence: float = 0.95) -> float:
        """How alike two errors have to be taken to be that share a person, 0 … 1; 0 where no two comparisons do.

        Notes
        -----
        The design effect is 1 + ρ s, so the errors show ρ = (V / V₀ − 1) / s, cut off at 0 and 1. That says nothing
        where they cannot show it; it is then at least w φ(√(p u)), where φ(x) is the correlation of errors at the rate
        x in scores of which the person brings along the share `PERSON`, u the upper bound with that ρ, found by
        iteration, and w = min(1, max[(12 / people)⁴, (0.8 (κ − 1) / people)⁴, (5 / errors)², 2 / (n s φ(p)²)]): 1
        with a dozen people or five errors, next to nothing with forty people and fifty errors. κ is the kurtosis of
        the rates of people who bring along so much: (κ − 1) / people is the relative variance of what so many show of
        their variance, and the rarer the errors the fewer people make them. The last is the variance of ρ among
        independent trials over φ². Without errors u stands for √(p u).

        References
        ----------
        Kish (1965), Survey Sampling, section 5.4 (design effect and intraclass correlation).
        """
        n, k = self.meetings.trials, self.wrong
        if not n or not self.meetings.shared > 0:
            return 0.0
        fewer = min(k, n - k)  # errors or successes
        if not fewer:
            return self._brought(0, 1.0, confidence)
        p = fewer / n
        seen = (self.variance() * n / (p * (1 - p)) - 1) / self.meetings.shared
        people = max(_FEW_PEOPLE, _UNSTEADY * (latent_kurtosis(p, self.meetings.share) - 1))
        chance = 2 / (n * self.meetings.shared * latent_correlation(p, self.meetings.share) ** 2)
        unclear = min(1.0, max((people / self.meetings.equal_people) ** 4, (_FEW_ERRORS / fewer) ** 2, chance))
        return min(1.0, max(0.0, seen, self._brought(fewer, unclear, confidence)))

    def variance(self, *, leverage: bool = False) -> float:
        """As ``clusters.dyadic_variance``; there is one comparison at least.

        With `leverage` each T_i is divided by 1 − m_i / n, m_i the comparisons that person i takes part in, relative
        to a design in which everybody takes part equally often: what deleting the person would change.
        """
        sums = self._sums()
        if leverage:
            sums = sums * self.meetings.leverage
        return float((sums @ sums - self._per_couple()) / self.meetings.trials**2)

    def _own_trials(self, confidence: float) -> float:
        """What comparisons are worth by what they show themselves; some but not all of them are errors."""
        n, k = self.meetings.trials, self.wrong
        variance = k * (n - k) / n**2
        independent = variance / n
        excess = self.variance(leverage=True) - independent
        if excess <= 1e-9 * independent:  # rounding of independent trials
            return float(n)
        seen = excess / (independent * self.meetings.shared) if self.meetings.shared > 0 else 1.0
        excess *= student(self.people_behind(), confidence) ** 2
        fewer = min(k, n - k)  # errors or successes
        bound = Rate(fewer, n, variance / (independent + excess)).interval(confidence).high
        growth = min(self._growth(fewer / n, bound, seen), 1 / seen)
        excess *= 1 + max(0.0, growth - 1) * (1 - min(1.0, (_FEW_ERRORS / fewer) ** 2))
        return float(variance / (independent + excess))

    def _growth(self, rate: float, bound: float, seen: float) -> float:
        """How much more alike errors are on the way to a bound of their rate, if people bring along what was seen."""
        share = min(0.9, max(1e-3, self.meetings.share * seen / latent_correlation(rate, self.meetings.share)))
        towards = min(0.5, rate ** (1 - _TO_THE_BOUND) * bound**_TO_THE_BOUND)
        return latent_correlation(towards, share) / latent_correlation(rate, share)

    def people_behind(self) -> float:
        """How many people the variance of an error rate rests on, ≥ 1: ν of ``clusters.clustered_rate``."""
        squares = (self._sums() * self.meetings.leverage) ** 2
        return max(1.0, float(squares.sum() ** 2 / (squares @ squares)))

    def _brought(self, fewer: int, unclear: float, confidence: float) -> float:
        """What people are known to bring along, as far as the data are unclear, half-way to the bound that follows."""
        n, rate, alike = self.meetings.trials, 0.5, 0.5
        for _ in range(40):  # a contraction: the bound falls as the correlation does, which falls with the bound
            alike = unclear * latent_correlation(rate, self.meetings.share)
            bound = Rate(fewer, n, n / (1 + alike * self.meetings.shared)).interval(confidence).high
            nearer = math.sqrt(fewer / n * bound) if fewer else bound
            rate, before = 0.5 * rate + 0.5 * min(0.5, nearer), rate
            if abs(rate - before) < 1e-6 * rate:
                break
        return alike

    def _sums(self) -> NDArray[np.float64]:
        """T_i of everybody. y = error − p, so each sum of y is (errors) − p·(comparisons), and both are counts."""
        return self.errors - self.wrong / self.meetings.trials * self.meetings.comparisons

    def _per_couple(self) -> float:
        """Σ over couples of two people of (Σ y)² = Σ E² − 2p Σ E·M + p² Σ M², E errors among M comparisons."""
        p = self.wrong / self.meetings.trials
        return float(self.error_squares - 2 * p * self.error_products + p * p * self.meetings.squares)


def student(people: float, confidence: float) -> float:
    """By how much an interval grows whose variance rests on so many people: t / z, ≥ 1."""
    from scipy.special import stdtrit

    tail = 0.5 + confidence / 2
    return float(stdtrit(people, tail)) / NormalDist().inv_cdf(tail)


def latent_correlation(rate: float, share: float) -> float:
    """The correlation of two errors at a rate, where a share of their scores' variance is common to both.

    Parameters
    ----------
    rate : float
        Between 0 and 1, exclusive.
    share : float
        0 to below 1: the scores are standard normal with this correlation.

    Returns
    -------
    float
        [P(both) − p²] / [p (1 − p)], from Gauss-Hermite quadrature over what is common.

    Examples
    --------
    >>> [round(latent_correlation(rate, 0.2), 3) for rate in (0.5, 0.01, 0.0001)]
    [0.128, 0.024, 0.001]
    """
    given, weights = _given_what_is_common(rate, share)
    p = float(weights @ given)
    return float((weights @ given**2 - p * p) / (p * (1 - p)))


def latent_kurtosis(rate: float, share: float) -> float:
    """How unlike people's own error rates are who bring along a share of their scores' variance, ≥ 1.

    Parameters are those of `latent_correlation`. The fourth central moment over the square of the second, of
    P(error | what is common).

    Examples
    --------
    >>> [round(latent_kurtosis(rate, 0.1), 1) for rate in (0.5, 0.1, 0.01, 0.001)]
    [2.7, 5.0, 15.6, 45.5]
    """
    given, weights = _given_what_is_common(rate, share)
    apart = given - weights @ given
    return float(weights @ apart**4 / (weights @ apart**2) ** 2)


def _given_what_is_common(rate: float, share: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(error) given what is common, at each node of the quadrature, and the nodes' weights."""
    nodes, weights = _QUADRATURE
    threshold = NormalDist().inv_cdf(1 - min(rate, 1 - rate))
    beyond = (threshold - math.sqrt(share) * nodes) / math.sqrt(2 * (1 - share))
    return np.array([0.5 * math.erfc(each) for each in beyond]), weights


def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return nodes, weights / weights.sum()


_QUADRATURE = _quadrature()
