"""Two rates against each other: difference and ratio, with intervals that come from the rates' own.

Rates of different groups rest on different people, so their intervals can be put together (MOVER, the method of
variance estimates recovery); whatever made them honest, clusters of people or an exact method where no error was
seen, carries over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audits.statistics.estimates import Estimate
from audits.statistics.intervals import estimate
from facerec.types import Interval


@dataclass(frozen=True)
class Contrast:
    """One rate against another of other people.

    Attributes
    ----------
    difference : float
        Rate minus reference, -1 … 1; NaN where either is not measured.
    difference_interval : Interval
    ratio : float
        Rate over reference; inf over a reference of 0, NaN where both are 0 or either is not measured.
    ratio_interval : Interval
        Its upper bound is inf where the reference may be 0.
    """

    difference: float
    difference_interval: Interval
    ratio: float
    ratio_interval: Interval


def contrast(rate: Estimate, reference: Estimate) -> Contrast:
    """Difference and ratio of two rates of different people.

    Parameters
    ----------
    rate, reference : Estimate
        With intervals of one confidence. No person may be in both.

    Returns
    -------
    Contrast

    Notes
    -----
    With rates p, q and intervals [l, u], [m, v]: the difference is within p − q − √((p−l)² + (v−q)²) and
    p − q + √((u−p)² + (q−m)²). The ratio is within l(2p−l) / {pq + √[(pq)² − l(2p−l) v(2q−v)]} and
    {pq + √[(pq)² − u(2p−u) m(2q−m)]} / [m(2q−m)].

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:873, method 10 (difference). Donner & Zou (2012), Statistical Methods in
    Medical Research 21:347, and Newcombe (2016), ibid. 25:1774 (ratio, MOVER-R).

    Examples
    --------
    >>> from audits.statistics.intervals import estimate
    >>> from facerec.types import Rate
    >>> found = contrast(estimate(Rate(56, 70)), estimate(Rate(48, 80)))
    >>> round(found.difference, 4), str(found.difference_interval)
    (0.2, '[0.05243, 0.3339]')
    >>> round(found.ratio, 4), str(found.ratio_interval)
    (1.3333, '[1.078, 1.663]')
    """
    p, q = rate.value, reference.value
    (low, high), (lowest, highest) = _bounds(rate), _bounds(reference)
    confidence = rate.interval.confidence
    if math.isnan(p) or math.isnan(q):
        nothing = Interval(math.nan, math.nan, confidence)
        return Contrast(math.nan, nothing, math.nan, nothing)
    difference = p - q
    below = math.hypot(p - low, highest - q)
    above = math.hypot(high - p, q - lowest)
    return Contrast(
        difference,
        Interval(max(-1.0, difference - below), min(1.0, difference + above), confidence),
        _ratio(p, q),
        Interval(_ratio_low(p, q, low, highest), _ratio_high(p, q, high, lowest), confidence),
    )


def contrast_among(rate: Estimate, reference: Estimate, *, groups: int) -> Contrast:
    """A contrast of two rates that were picked because they lie far apart, with intervals that allow for the choice.

    Parameters
    ----------
    rate, reference : Estimate
        As for `contrast`.
    groups : int
        How many groups they were picked from, at least 2.

    Returns
    -------
    Contrast
        Its intervals have the confidence 1 − α / [groups (groups − 1) / 2]: whatever pair was picked, the chance that
        its interval misses the truth is at most α, one minus the confidence of the rates.

    References
    ----------
    Dunn (1961), JASA 56:52 (Bonferroni's correction for all pairs).

    Examples
    --------
    With eight groups the largest rate lies above the smallest by chance; between two, nobody chose.

    >>> from audits.statistics.intervals import estimate
    >>> from facerec.types import Rate
    >>> worst, best = estimate(Rate(28, 200)), estimate(Rate(14, 200))
    >>> for groups in (2, 8):
    ...     print(contrast_among(worst, best, groups=groups).difference_interval)
    [0.009593, 0.1316]
    [-0.02881, 0.1711]
    """
    return contrast(*(_strict(found, groups) for found in (rate, reference)))


@dataclass(frozen=True)
class FurthestPair:
    """The two groups of a family that are most surely apart, the one of the higher rate and the reference.

    `plain` compares them as if nobody had chosen them, `strict` with all pairs of the family's `groups` allowed for
    (`contrast_among`): that decides. By the strict upper bounds no two lie further apart than `highest_difference`.
    """

    group: str
    reference: str
    rate: Estimate
    reference_rate: Estimate
    plain: Contrast
    strict: Contrast
    groups: int
    highest_difference: float

    @property
    def shown(self) -> bool:
        """Whether the two differ for sure."""
        return self.strict.difference_interval.low > 0


def furthest_apart(
    rates: Sequence[tuple[str, Estimate]], *, ratio: bool = False, groups: int | None = None
) -> FurthestPair | None:
    """Whether any two groups differ, decided for all pairs at once, and which two show it best.

    Parameters
    ----------
    rates : sequence of (group, Estimate)
        The family; groups without trials are passed over.
    ratio : bool
        Whether the pair with the largest ratio is asked for, rather than that with the largest difference.
    groups : int, optional
        How many groups the family has, where not all of them may be named; None: those in `rates`.

    Returns
    -------
    FurthestPair or None
        The pair with the highest strict lower bound; where no pair is shown to differ, the highest rate against the
        lowest. None with fewer than two measured groups.

    Notes
    -----
    Another group of the family costs a pair nothing but the correction, α / [K (K − 1) / 2] in place of
    α / [(K − 1) (K − 2) / 2], whatever its own rate is.

    Examples
    --------
    Between the two extremes chance explains the difference; that of b and a it does not.

    >>> from facerec.types import Rate
    >>> counts = {"a": (20, 9000), "b": (160, 9000), "other": (1, 40)}
    >>> pair = furthest_apart([(name, estimate(Rate(*count))) for name, count in counts.items()])
    >>> pair.group, pair.reference, pair.shown
    ('b', 'a', True)
    """
    measured = [(name, found) for name, found in rates if found.measured]
    size = len(measured)
    groups = size if groups is None else groups
    if size < 2:
        return None
    strict = [_strict(found, groups) for _, found in measured]
    p, low, high = np.array([(found.value, *_bounds(found)) for found in strict]).T
    lower = p[:, None] - p - np.hypot((p - low)[:, None], high - p)
    upper = p[:, None] - p + np.hypot((high - p)[:, None], p - low)
    best = lower
    if ratio:
        best = np.array([[_ratio_low(p[i], p[j], low[i], high[j]) for j in range(size)] for i in range(size)])
    np.fill_diagonal(best, -np.inf)
    one, other = (int(place) for place in np.unravel_index(int(best.argmax()), best.shape))
    if not contrast(strict[one], strict[other]).difference_interval.low > 0:
        names = [name for name, _ in measured]
        one = max(range(size), key=lambda place: (p[place], names[place]))
        other = min((place for place in range(size) if place != one), key=lambda place: (p[place], names[place]))
    return FurthestPair(
        measured[one][0],
        measured[other][0],
        measured[one][1],
        measured[other][1],
        contrast(measured[one][1], measured[other][1]),
        contrast(strict[one], strict[other]),
        groups,
        float(min(1.0, upper[~np.eye(size, dtype=bool)].max())),
    )


def _strict(found: Estimate, groups: int) -> Estimate:
    """The rate with an interval whose confidence allows for all pairs of so many groups."""
    return estimate(found.rate, confidence=1 - (1 - found.interval.confidence) / (groups * (groups - 1) / 2))


def _bounds(rate: Estimate) -> tuple[float, float]:
    return rate.interval.low, rate.interval.high


def _ratio(p: float, q: float) -> float:
    if q == 0:
        return math.nan if p == 0 else math.inf
    return p / q


def _ratio_low(p: float, q: float, low: float, highest: float) -> float:
    above, below = low * (2 * p - low), highest * (2 * q - highest)
    scale = p * q + math.sqrt(max(0.0, (p * q) ** 2 - above * below))
    return above / scale if above > 0 else 0.0


def _ratio_high(p: float, q: float, high: float, lowest: float) -> float:
    above, below = high * (2 * p - high), lowest * (2 * q - lowest)
    if below <= 0:
        return math.inf
    return (p * q + math.sqrt(max(0.0, (p * q) ** 2 - above * below))) / below
