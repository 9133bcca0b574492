"""How many people and photos a claim about groups needs, before anybody collects them.

Too few pairs do not prove that groups are alike; they prove nothing. A plan starts from independent trials, and turns
them into people and photos by how alike the errors of one person are, which an audit of earlier data has measured. It
is made for the test that ``audits.verification.audit`` runs: each group against all others together, by Holm. What a
limit of a policy needs to be passed is planned by ``audits.gate.sizes``.
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
from facerec.measure.metrics.dependence import PERSON, latent_correlation

POWER = 0.8
"""The chance to see a difference that is there, where nothing else is asked for."""

_FEW = 30
"""With fewer errors expected in a group its counts are gone through one by one."""


@dataclass(frozen=True)
class GroupPlan:
    """What one group needs for a claim, and what it has.

    Attributes
    ----------
    group : str
        Empty: everybody.
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
        What the group has in the audited table; 0 without one.
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

    def __str__(self) -> str:
        """What to collect, for whoever collects it."""
        each = self.photos // self.people
        photos = "1 photo" if each == 1 else f"{each:,} photos"
        kind = "impostor" if self.rate == "fmr" else "genuine"
        worth = self.pairs / self.design_effect
        return (
            f"collect {self.people:,} people with {photos} each: that makes {self.pairs:,} {kind} pairs, worth "
            f"{worth:,.0f} independent ones"
        )


def trials_needed(
    rate: float,
    alternative: float,
    *,
    power: float = POWER,
    confidence: float = CONFIDENCE,
    comparisons: int = 1,
    others: int = 1,
) -> int:
    """Independent trials in a group to tell its rate from that of others.

    Parameters
    ----------
    rate, alternative : float
        Of the others and of the group; between 0 and 1, exclusive, and different.
    power : float
        The chance to see the difference, between 0 and 1, exclusive.
    confidence : float
        1 minus the chance to see one that is not there, between 0 and 1, exclusive.
    comparisons : int
        How many such tests are made; each is held to (1 − confidence) / comparisons, as the first step of Holm's.
    others : int
        How many groups of as many trials make up the others, at least 1.

    Returns
    -------
    int

    Raises
    ------
    ArgumentError
        If a rate, `power` or `confidence` is out of range, or the rates are equal.
        If there is no comparison, or there are no others.

    Notes
    -----
    Of the score test of two rates, as the audit makes it; where fewer than 30 errors are expected, summed over all
    counts, with Fisher's exact test where the audit makes it.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, chapter 4.

    Examples
    --------
    >>> trials_needed(0.01, 0.02), trials_needed(0.01, 0.02, others=3)  # R's power.prop.test: 2318.2
    (2319, 1416)
    """
    for name, value in (("rate", rate), ("alternative", alternative), ("power", power)):
        if not 0 < value < 1:
            message = f"{name} must lie between 0 and 1; got {value}"
            raise ArgumentError(message)
    if rate == alternative or comparisons < 1 or others < 1:
        message = (
            "a plan needs two different rates, a comparison and others to compare with; "
            f"got {rate}, {alternative}, {comparisons} and {others}"
        )
        raise ArgumentError(message)
    level = (1 - checked_confidence(confidence)) / comparisons
    return first(lambda trials: chance_to_see(rate, alternative, others * trials, trials, level) >= power)


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
        Between the errors of two pairs that share a person, 0 … 1; None: what the audit measured, carried over to the
        planned rate, and what people are known to bring along where the audit could not measure it.
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
    with which the test has the power, the errors of the group that is worse being more alike. A correlation is carried
    from one rate to another as if errors were scores beyond a threshold, of which people bring along a share of the
    variance. Where pairs share people the audit will measure that too and believe the least favourable of what it
    finds, so it counts on 1 − 1.5/√S of what the pairs are worth (simulated for 30 to 1,000 people).
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
    groups = len(grouping.groups)
    if groups < 2:
        message = f"groups can be told apart where there are two or more; by {by} there is {groups}"
        raise ArgumentError(message)
    level = (1 - checked_confidence(confidence)) / groups
    needed = trials_needed(
        usual, usual * ratio, power=power, confidence=confidence, comparisons=groups, others=groups - 1
    )
    alike = [
        planned_correlation(audit, rate, at) if correlation is None else correlation for at in (usual, usual * ratio)
    ]
    rest, one = (Design(rate, photos_per_person, each) for each in alike)

    def suffices(people: int) -> bool:
        worth = one.worth(people), (groups - 1) * rest.worth(people)
        return chance_to_see(usual, usual * ratio, worth[1], worth[0], level, told=one.told(people)) >= power

    people = first(suffices, start=2)
    return tuple(
        one.plan(group.group, people, needed, (group.fmr if rate == "fmr" else group.fnmr).effective_trials)
        for group in grouping.groups
    )


def planned_correlation(audit: VerificationAudit | None, rate: Literal["fmr", "fnmr"], at: float) -> float:
    """How alike two errors that share a person have to be taken to be, 0 … 1, where the rate is `at`.

    Without an audit, or one in which no two comparisons shared a person: what people are known to bring along.
    """
    share = PERSON / 2 if rate == "fmr" else PERSON
    if audit is not None:
        seen = audit.fmr_correlation if rate == "fmr" else audit.fnmr_correlation
        measured = (audit.fmr if rate == "fmr" else audit.fnmr).value
        if seen > 0 and 0 < measured < 1:
            low, high = 0.0, 1 - 1e-6
            for _ in range(30):
                share = (low + high) / 2
                low, high = (share, high) if latent_correlation(measured, share) < seen else (low, share)
    return latent_correlation(at, share)


@dataclass(frozen=True)
class Design:
    """Everyone with so many photos, all impostor or all genuine pairs compared, and how alike their errors are."""

    rate: Literal["fmr", "fnmr"]
    photos: int
    correlation: float

    def pairs(self, people: int) -> tuple[int, float]:
        """How many pairs so many people make, and their design effect."""
        photos = self.photos
        if self.rate == "fnmr":
            each = photos * (photos - 1) // 2
            return people * each, 1 + self.correlation * (each - 1)
        pairs = photos**2 * people * (people - 1) // 2
        return pairs, 1 + self.correlation * (2 * (people - 2) * photos**2 + photos**2 - 1)

    def worth(self, people: int) -> float:
        """How many independent pairs carry the same information."""
        pairs, effect = self.pairs(people)
        return pairs / effect

    def told(self, people: int) -> float:
        """How much of its worth an audit will count on, 0 … 1, as it has to measure the dependence as well."""
        _, effect = self.pairs(people)
        return max(0.1, 1 - 1.5 / math.sqrt(people)) if effect > 1 else 1.0

    def plan(self, group: str, people: int, needed: int, has: float) -> GroupPlan:
        """What to collect for so many people."""
        pairs, effect = self.pairs(people)
        photos = people * self.photos
        return GroupPlan(group, self.rate, needed, effect, people, photos, pairs, has, enough=has >= needed)


def chance_to_see(
    rate: float, alternative: float, rest: float, one: float, level: float, *, told: float = 1.0
) -> float:
    """The power of the audit's test of a group against others (``audits.statistics.multiplicity.two_rates``).

    `rest` and `one` are what the trials of both sides are worth, `told` how much of that the audit counts on, 0 … 1.
    """
    common = (alternative * one + rate * rest) / (one + rest)
    if min(common, 1 - common) * one * told < _FEW:
        return _exact_power((alternative, rate), (max(1, round(one * told)), max(1, round(rest * told))), level)
    equal = math.sqrt(common * (1 - common) * (1 / one + 1 / rest) / told)
    unequal = math.sqrt(alternative * (1 - alternative) / one + rate * (1 - rate) / rest)
    reach = abs(alternative - rate) - float(scipy.special.ndtri(1 - level / 2)) * equal
    return float(scipy.special.ndtr(reach / unequal))


def first(suffices: Callable[[int], bool], *, start: int = 1) -> int:
    """The smallest number from `start` on that suffices, by doubling and halving."""
    low, high = start - 1, start
    while not suffices(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _exact_power(rates: tuple[float, float], trials: tuple[int, int], level: float) -> float:
    """The chance that two binomial counts differ at the level by the score test, or Fisher's where few are expected."""
    ends = [scipy.stats.binom.ppf((1e-9, 1 - 1e-9), n, p) for p, n in zip(rates, trials, strict=True)]
    found = [np.arange(low, high + 1) for low, high in ends]
    (one, rest), n = np.meshgrid(*found, indexing="ij"), np.array(trials)
    total = one + rest
    common = total / n.sum()
    spread = np.sqrt(common * (1 - common) * (1 / n).sum())
    differ = np.abs(one / n[0] - rest / n[1]) >= scipy.special.ndtri(1 - level / 2) * spread
    few = np.minimum(common, 1 - common) * n.min() < 5
    for errors in np.unique(total[few]):
        outcomes = np.arange(max(0, errors - n[1]), min(n[0], errors) + 1)
        chances = scipy.stats.hypergeom.pmf(outcomes, n.sum(), errors, n[0])
        surprising = [chances[chances <= chance * (1 + 1e-7)].sum() <= level for chance in chances]
        rows = few & (total == errors)
        differ[rows] = np.asarray(surprising)[(one[rows] - outcomes[0]).astype(int)]
    both = [scipy.stats.binom.pmf(x, size, p) for x, size, p in zip(found, trials, rates, strict=True)]
    return float(both[0] @ (differ & (total > 0)) @ both[1])
