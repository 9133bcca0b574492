"""How many people and photos a claim about groups needs, before anybody collects them.

Too few pairs do not prove that groups are alike; they prove nothing. A plan starts from independent trials, and turns
them into people and photos by how alike the errors of one person are, which an audit of earlier data has measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.verification.results import VerificationAudit
from facerec.errors import ArgumentError

POWER = 0.8
"""The chance to see a difference that is there, where nothing else is asked for."""

LEAST_CORRELATION = 0.01
"""What is assumed of pairs that share a person where nothing else is given: a list in which everybody occurs in a few
pairs hardly shows dependence, and a plan that trusted it would ask for a handful of people and all their pairs."""

_FEW = 10
"""With fewer errors expected in the better group, the normal approximation is poor."""


@dataclass(frozen=True)
class GroupPlan:
    """What one group needs for a claim, and what it has.

    Attributes
    ----------
    group : str
    rate : {"fmr", "fnmr"}
    independent_trials : int
        Trials that would be needed if no two shared a person.
    design_effect : float
        By how much more are needed because they do, in the planned design.
    people, photos : int
        To collect: everyone with the same number of photos, and all pairs of them compared.
    pairs : int
        How many pairs that makes.
    effective_trials : float
        What the group has in the audited table.
    enough : bool
        Whether that suffices already.
    """

    group: str
    rate: Literal["fmr", "fnmr"]
    independent_trials: int
    design_effect: float
    people: int
    photos: int
    pairs: int
    effective_trials: float
    enough: bool


def trials_needed(
    rate: float, alternative: float, *, power: float = POWER, confidence: float = CONFIDENCE, comparisons: int = 1
) -> int:
    """Independent trials in each of two groups to tell their rates apart.

    Parameters
    ----------
    rate, alternative : float
        Between 0 and 1, exclusive, and different.
    power : float
        The chance to see the difference, between 0 and 1, exclusive.
    confidence : float
        1 minus the chance to see one that is not there, between 0 and 1, exclusive.
    comparisons : int
        How many such tests are made; each is held to (1 − confidence) / comparisons, as the first step of Holm's.

    Returns
    -------
    int

    Raises
    ------
    ArgumentError
        If a rate, `power` or `confidence` is out of range, or the rates are equal.
        If there is no comparison.

    Notes
    -----
    n = (z_{1−α/2} + z_{power})² [p₁(1−p₁) + p₂(1−p₂)] / (p₁ − p₂)². Where that expects fewer than ten errors in the
    better group, the smallest n at which the exact test of two Poisson counts (given their sum, binomial with ½)
    has the power.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, chapter 4. Przyborowski & Wilenski
    (1940), Biometrika 31:313 (exact test).

    Examples
    --------
    >>> trials_needed(0.01, 0.02)
    2316
    >>> trials_needed(1e-4, 1e-3)  # the formula alone says 10,650
    10896
    """
    for name, value in (("rate", rate), ("alternative", alternative), ("power", power)):
        if not 0 < value < 1:
            message = f"{name} must lie between 0 and 1; got {value}"
            raise ArgumentError(message)
    if rate == alternative or comparisons < 1:
        message = f"a plan needs two different rates and a comparison; got {rate}, {alternative} and {comparisons}"
        raise ArgumentError(message)
    level = (1 - checked_confidence(confidence)) / comparisons
    z = float(scipy.stats.norm.ppf(1 - level / 2) + scipy.stats.norm.ppf(power))
    n = z * z * (rate * (1 - rate) + alternative * (1 - alternative)) / (rate - alternative) ** 2
    low, high = sorted((rate, alternative))
    if n * low >= _FEW:
        return math.ceil(n)
    return _first(lambda trials: _exact_power(trials * low, trials * high, level) >= power, start=max(1, int(n / 4)))


def plan_groups(
    audit: VerificationAudit,
    by: str,
    *,
    rate: Literal["fmr", "fnmr"],
    ratio: float,
    baseline: float | None = None,
    correlation: float | None = None,
    photos_per_person: int = 2,
    power: float = POWER,
    confidence: float = CONFIDENCE,
) -> tuple[GroupPlan, ...]:
    """How many people and photos each group needs, so that a rate that is `ratio` times the others' is seen.

    Parameters
    ----------
    audit : VerificationAudit
        Of earlier data of the same matcher: it knows how alike the errors of one person are.
    by : str
        One of its groupings.
    rate : {"fmr", "fnmr"}
    ratio : float
        Above 1.
    baseline : float, optional
        The rate of the other groups, between 0 and 1, exclusive; None: what the audit measured over all groups.
    correlation : float, optional
        Between the errors of two pairs that share a person, 0 … 1; None: what the audit measured, but at least
        `LEAST_CORRELATION`.
    photos_per_person : int
        At least 1; at least 2 for FNMR, which compares photos of one person.
    power, confidence : float
        As for `trials_needed`; corrected for one test of each group.

    Returns
    -------
    tuple of GroupPlan
        Group by group.

    Raises
    ------
    ArgumentError
        If the audit has no such grouping.
        If `ratio`, `baseline`, `correlation`, `photos_per_person`, `power` or `confidence` is out of range.
        If no `baseline` is given and the audit saw no error to take it from.

    Notes
    -----
    With the correlation ρ and m photos of each of S people: genuine pairs, q = m(m−1)/2 each, have a design effect of
    1 + ρ(q − 1); impostor pairs, m² S(S−1)/2 in all, of 1 + ρ[2(S−2)m² + m² − 1]. S is the smallest number of people
    whose pairs, divided by the design effect, reach the independent trials.
    """
    grouping = audit.grouping(by)
    if ratio <= 1 or photos_per_person < (2 if rate == "fnmr" else 1):
        message = (
            "a plan needs a ratio above 1, one photo of everyone or more, and two for FNMR; "
            f"got a ratio of {ratio} and {photos_per_person} photos"
        )
        raise ArgumentError(message)
    if correlation is not None and not 0 <= correlation <= 1:
        message = f"correlation must lie within 0 … 1; got {correlation}"
        raise ArgumentError(message)
    measured = grouping.matched_fmr if rate == "fmr" else audit.fnmr
    usual = measured.value if baseline is None else baseline
    if baseline is None and not measured.errors:
        message = f"the audit saw no error to take a usual {rate.upper()} from; give a baseline"
        raise ArgumentError(message)
    if not 0 < usual * ratio < 1:
        message = f"the rates to tell apart must lie between 0 and 1; got {usual:g} and {usual * ratio:g}"
        raise ArgumentError(message)
    needed = trials_needed(usual, usual * ratio, power=power, confidence=confidence, comparisons=len(grouping.groups))
    seen = audit.fmr_correlation if rate == "fmr" else audit.fnmr_correlation
    alike = max(seen, LEAST_CORRELATION) if correlation is None else correlation
    design = _impostor_pairs if rate == "fmr" else _genuine_pairs

    def suffices(people: int) -> bool:
        pairs, effect = design(people, photos_per_person, alike)
        return pairs / effect >= needed

    people = _first(suffices, start=2)
    pairs, effect = design(people, photos_per_person, alike)
    return tuple(
        GroupPlan(
            group=group.group,
            rate=rate,
            independent_trials=needed,
            design_effect=effect,
            people=people,
            photos=people * photos_per_person,
            pairs=pairs,
            effective_trials=has,
            enough=has >= needed,
        )
        for group in grouping.groups
        for has in [(group.fmr if rate == "fmr" else group.fnmr).effective_trials]
    )


def _genuine_pairs(people: int, photos: int, correlation: float) -> tuple[int, float]:
    each = photos * (photos - 1) // 2
    return people * each, 1 + correlation * (each - 1)


def _impostor_pairs(people: int, photos: int, correlation: float) -> tuple[int, float]:
    pairs = photos**2 * people * (people - 1) // 2
    return pairs, 1 + correlation * (2 * (people - 2) * photos**2 + photos**2 - 1)


def _first(suffices: Callable[[int], bool], *, start: int) -> int:
    """The smallest number from `start` on that suffices, by doubling and halving."""
    low, high = start - 1, start
    while not suffices(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _exact_power(low: float, high: float, level: float) -> float:
    """The chance that two Poisson counts with these means differ at the level, given their sum, two-sided."""
    total = low + high
    sums = np.arange(int(scipy.stats.poisson.ppf(1 - 1e-9, total)) + 2)
    # isf gives the largest count that is exceeded with more than level/2; the next one is the first that rejects.
    critical = scipy.stats.binom.isf(level / 2, sums, 0.5) + 1
    reject = scipy.stats.binom.sf(critical - 1, sums, high / total) + scipy.stats.binom.cdf(
        sums - critical, sums, high / total
    )
    return float(scipy.stats.poisson.pmf(sums, total) @ reject)
