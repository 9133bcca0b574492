"""What choosing a threshold adds to an interval.

The threshold with an FMR of one in a thousand among everybody is known only as well as the false matches that were
counted show it: six in six thousand may be three or eleven. Whoever compares two matchers at *that* threshold, and not
at the two numbers that happened to come out, has to carry this; it is often the larger part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.paired import PairedChange
from facerec.errors import ArgumentError
from facerec.types import Interval


@dataclass(frozen=True)
class Reach:
    """How far a rate moves where its threshold does, as far as the threshold may lie off; 0 and 0 where it is given.

    Attributes
    ----------
    down, up : float
        By how much the rate is smaller at one end of the threshold's range and larger at the other, 0 … 1.
    """

    down: float = 0.0
    up: float = 0.0

    @classmethod
    def of(cls, at: float, low: float, high: float) -> Reach:
        """From the rate at the threshold and at the two ends of its range, in either order."""
        least, most = min(low, high, at), max(low, high, at)
        return cls(at - least, most - at)


HELD = Reach()
"""Of a threshold that was given."""


def threshold_range(
    impostor: ArrayLike, target_fmr: float, effective_trials: float, *, confidence: float
) -> tuple[float, float]:
    """Between which two scores the threshold lies that has an FMR among everybody.

    Parameters
    ----------
    impostor : array_like, float, shape (n,)
        Non-mated scores, larger = more alike; NaN where there is none.
    target_fmr : float
        Between 0 and 1, exclusive.
    effective_trials : float
        How many independent scores carry as much information about a rate near the target; above 0, at most n.
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    low, high : float
        −inf where every score of the table may be accepted at the target, inf where none may be: with fewer than 3.7
        false matches to expect in the effective trials (at 95 %), the highest score does not bound the threshold.

    Raises
    ------
    ArgumentError
        If there is no score, or a number is out of range.

    Notes
    -----
    At the threshold of the target f, n' effective trials show x ~ Binomial(n', f) false matches. With
    P(x ≤ k₁) = α/2 and P(x ≤ k₂) = 1 − α/2, both for real k by the incomplete beta function, the threshold is at most
    the score that accepts ⌊k₁ n / n'⌋ + 1 of the n, and lies above the one that accepts more than
    ⌈max(1, k₂) n / n'⌉: the exact interval of a quantile between order statistics. Equal scores stay together.

    References
    ----------
    Thompson (1936), Annals of Mathematical Statistics 7:122 (intervals between order statistics).

    Examples
    --------
    >>> [round(end) for end in threshold_range(np.arange(1000.0), 0.01, 1000, confidence=0.95)]
    [982, 996]
    """
    scores = np.asarray(impostor, np.float64)
    return ranked_range(RankedScores.of(scores), len(scores), target_fmr, effective_trials, confidence=confidence)


@dataclass(frozen=True, eq=False)
class RankedScores:
    """Scores in order: `values` (k,), ascending, each once, and how many have each, `counts` (k,)."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> RankedScores:
        """Of scores of which NaN are none."""
        return cls(*np.unique(scores[~np.isnan(scores)], return_counts=True))

    def __len__(self) -> int:
        return int(self._up_to[-1]) if len(self.counts) else 0

    def below(self, thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
        """How many scores are below each threshold."""
        return np.concatenate([[0], self._up_to])[np.searchsorted(self.values, thresholds, "left")]

    def ascending(self, ranks: NDArray[np.integer]) -> NDArray[np.float64]:
        """The scores at these places, from 0 for the lowest on, equal ones counted one by one; below `len`."""
        return self.values[np.searchsorted(self._up_to, ranks, "right")]

    def place(self, rank: int) -> int:
        """Where in `values` the score stands that so many are above, equal ones counted one by one; below `len`."""
        return int(np.searchsorted(self._up_to, len(self) - rank, "left"))

    @cached_property
    def _up_to(self) -> NDArray[np.int64]:
        return np.cumsum(self.counts)


def ranked_range(
    seen: RankedScores, n: int, target_fmr: float, effective_trials: float, *, confidence: float
) -> tuple[float, float]:
    """As `threshold_range`, of n comparisons of which those that have a score are `seen`."""
    if not (len(seen) and 0 < target_fmr < 1 and 0 < effective_trials <= n and 0 < confidence < 1):
        message = (
            "the range of a threshold needs scores, effective trials above 0 and at most as many, a target and a "
            f"confidence between 0 and 1; got {len(seen)}, {effective_trials}, {target_fmr} and {confidence}"
        )
        raise ArgumentError(message)
    tail = (1 - confidence) / 2
    few, many = (float(scipy.special.bdtrik(share, effective_trials, target_fmr)) for share in (tail, 1 - tail))
    none = effective_trials * math.log1p(-target_fmr) > math.log(tail)  # that there is no false match is no surprise
    fewest = 0 if none else math.floor(few * n / effective_trials) + 1
    most = math.ceil(max(many, 1.0) * n / effective_trials)
    low = -math.inf if most >= len(seen) else math.nextafter(float(seen.values[seen.place(most)]), math.inf)
    return low, _accepting(seen, fewest)


def _accepting(seen: RankedScores, count: int) -> float:
    """The lowest of the scores that accepts so many at most; inf where that is none."""
    if count >= len(seen):
        return float(seen.values[0])
    place = seen.place(count) + 1
    return float(seen.values[place]) if place < len(seen.values) else math.inf


def choices_together(before: Estimate, after: Estimate, change: PairedChange) -> float:
    """How alike two thresholds would have come out on other people, 0 … 1, from FMR at either and its paired change.

    ρ = (V₁ + V₂ − V₁₂) / (2 √(V₁ V₂)), V the variances behind the intervals; 0 where a rate shows no error, or nothing
    but errors.
    """
    if any(each.errors in (0, each.trials) for each in (before, after)):
        return 0.0
    first, second = (each.value * (1 - each.value) / each.effective_trials for each in (before, after))
    of_change = ((change.interval.high - change.interval.low) / (2 * _normal(change.interval.confidence))) ** 2
    return min(1.0, max(0.0, (first + second - of_change) / (2 * math.sqrt(first * second))))


def carry_choice(
    value: float,
    interval: Interval,
    reach: Reach,
    before: Reach = HELD,
    *,
    together: float = 0.0,
    least: float = 0.0,
) -> Interval:
    """The interval of a rate, or of a rate's change, that holds although thresholds were chosen.

    Parameters
    ----------
    value, interval : float, Interval
        At the chosen thresholds, as if they had been given; NaN stays NaN.
    reach, before : Reach
        Of the rate, or of the one afterwards; and of the one before, where the value is a change.
    together : float
        How alike the two thresholds would have come out on other people, 0 … 1.
    least : float
        The smallest possible value: 0, or −1 of a change.

    Returns
    -------
    Interval
        Never narrower than the one given, and the same where both thresholds are held.

    Notes
    -----
    With L and U the distances to the given ends, a and b the reaches after and before (down −, up +), and d₊ = a₊ − b₊,
    d₋ = b₋ − a₋ what both together do to a change: v − √(L² + (1 − ρ)(a₋² + b₊²) + ρ min(0, d₊, d₋)²) and
    v + √(U² + (1 − ρ)(a₊² + b₋²) + ρ max(0, d₊, d₋)²). Where reaches are the same on both sides this is MOVER with the
    correlation ρ; what is common to both thresholds cancels, also where a reach is longer upwards than downwards.

    References
    ----------
    Zou (2008), American Journal of Epidemiology 168:212, and Zou & Donner (2008), Statistics in Medicine 27:1693
    (method of variance estimates recovery, MOVER; with correlation).

    Examples
    --------
    >>> print(carry_choice(0.05, Interval(0.046, 0.054), Reach(0.01, 0.02)))
    [0.03923, 0.0704]
    """
    if math.isnan(value) or math.isnan(interval.low):
        return interval

    def arm(own: float, alone: tuple[float, float], common: float) -> float:
        apart = (1 - together) * (alone[0] ** 2 + alone[1] ** 2)
        return math.sqrt(max(0.0, own) ** 2 + apart + together * max(0.0, common) ** 2)

    both_up, both_down = reach.up - before.up, before.down - reach.down
    low = value - arm(value - interval.low, (reach.down, before.up), -min(both_up, both_down))
    high = value + arm(interval.high - value, (reach.up, before.down), max(both_up, both_down))
    return Interval(max(least, min(low, interval.low)), min(1.0, max(high, interval.high)), interval.confidence)


def draw_choices(
    reaches: Sequence[Sequence[Reach]], *, together: float, replicates: int, seed: int, confidence: float
) -> tuple[NDArray[np.float64], ...]:
    """By how much rates would have moved, had two thresholds come out otherwise: two arrays (replicates, groups).

    `reaches` are those of every group before and afterwards, of that `confidence`; a threshold moves all groups alike.
    """
    rng = np.random.default_rng([seed, 1])
    first, other = rng.standard_normal((2, replicates)) / _normal(confidence)
    second = together * first + math.sqrt(1 - together**2) * other
    return tuple(
        np.where(z[:, None] > 0, np.outer(z, [each.up for each in side]), np.outer(z, [each.down for each in side]))
        for z, side in zip((first, second), reaches, strict=True)
    )


def _normal(confidence: float) -> float:
    return float(scipy.special.ndtri(0.5 + confidence / 2))
