"""How many people a claim needs before it can pass: plans for the gate, made before anybody is photographed.

A claim passes where the whole interval keeps the limit, so the truth has to lie below it by a margin, and the people
have to be as many as that margin is thin. With too few of them the best matcher there is lacks evidence.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Literal, cast

import numpy as np
import scipy

from audits.gate.claims import Claim, Limit
from audits.statistics.disparity import index_alone
from audits.statistics.estimates import Estimate
from audits.statistics.index_kinds import COMBINED, INDICES, index_of_rates
from audits.statistics.intervals import CONFIDENCE, estimate
from audits.verification.power import POWER, Design, GroupPlan, first, planned_correlation
from audits.verification.results import VerificationAudit
from facerec.errors import ArgumentError
from facerec.types import Rate

_TABLES = 150
_SHORT = re.compile(r"(?:(\w+) of )?(fmr|fnmr)( ratio)? *(?:<=|≤) *([0-9.eE+-]+) *(%?)", re.IGNORECASE)


def parse_claim(text: str, *, by: str = "") -> Claim:
    """A claim about a rate or an index from a few words.

    Parameters
    ----------
    text : str
        ``fmr <= 0.002``, ``fnmr <= 5 %``, ``fmr ratio <= 1.5`` (largest over smallest), or any index of one rate by its
        name in a policy: ``difference of fnmr <= 0.01``.
    by : str
        The grouping; empty: everybody.

    Raises
    ------
    ArgumentError
        If the text is none of these, or `Claim` refuses what it says.

    Examples
    --------
    >>> parse_claim("fmr <= 0.2 %", by="gender").about, parse_claim("fmr ratio <= 1.5", by="gender").about
    ('FMR by gender', 'max_min_ratio of FMR by gender')
    """
    found = _SHORT.fullmatch(text.strip())
    index, rate, ratio, number, percent = found.groups() if found else ("", "", "", "", "")
    try:
        limit = float(number) / (100 if percent else 1)
    except ValueError:
        found = None
    if found is None or (index and ratio):
        message = f"a claim to plan for reads 'fmr <= 0.002', 'fnmr <= 5 %' or 'fmr ratio <= 1.5'; got {text!r}"
        raise ArgumentError(message)
    index = "max_min_ratio" if ratio else index or ""
    return Claim(text.strip(), "index" if index else "rate", Limit("at_most", limit), rate.lower(), index, by=by)


def plan_claim(
    claim: Claim,
    truth: float,
    *,
    audit: VerificationAudit | None = None,
    groups: int = 1,
    baseline: float | None = None,
    correlation: float | None = None,
    photos_per_person: int = 2,
    power: float = POWER,
    confidence: float = CONFIDENCE,
) -> tuple[GroupPlan, ...]:
    """How many people each group needs, so that a claim passes if the truth is as good as that.

    Parameters
    ----------
    claim : Claim
        Of kind ``rate`` or ``index``, about FMR or FNMR.
    truth : float
        Of a rate: what it truly is in every group, below the limit. Of an index: how many times the others' rate that
        of the worst group truly is; 1: all are alike.
    audit : VerificationAudit, optional
        Of earlier data of the same matcher, by the claim's grouping: it knows the groups, the usual rate and how alike
        the errors of one person are; None: what people are known to bring along.
    groups : int
        How many there are, at least 1, where there is no audit.
    baseline : float, optional
        Of an index: the rate of the others; None: what the audit measured.
    correlation, photos_per_person, power, confidence
        As for ``plan_groups``; the power is that of all groups passing together.

    Returns
    -------
    tuple of GroupPlan
        Group by group; a single one without a name where there is no audit, or the claim is about everybody.

    Raises
    ------
    ArgumentError
        If the claim is of another kind.
        If `truth` does not keep the limit, so that nothing can make the claim pass.
        If the audit was not made by the claim's grouping, or has no rate where `baseline` is needed.
        If a number is out of range.

    Notes
    -----
    A rate passes with at most pairs × (L − z √[L(1−L)/m]) errors, L being the limit and m what the pairs are worth;
    errors of people who share them are negative binomial, with the variance of the design. An index is decided on 150
    drawn tables of the same worth, by ``audits.statistics.disparity.compare``.

    Examples
    --------
    >>> print(plan_claim(parse_claim("fnmr <= 0.02", by="gender"), 0.01, groups=2)[0])
    collect 1,599 people with 2 photos each: that makes 1,599 genuine pairs, worth 1,599 independent ones
    """
    _check(claim, truth, photos_per_person, power, groups)
    rate = cast("Literal['fmr', 'fnmr']", claim.rate)
    limit, chosen = claim.limit.value, [("", 0.0)] * (1 if claim.group or not claim.by else groups)
    if audit is not None:
        everybody = audit.fmr if rate == "fmr" else audit.fnmr
        chosen = [("", everybody.effective_trials)]
        if claim.by:
            chosen = [
                (one.group, (one.fmr if rate == "fmr" else one.fnmr).effective_trials)
                for one in audit.grouping(claim.by).groups
                if claim.group in ("", one.group)
            ]
        if baseline is None and everybody.errors:
            baseline = everybody.value
    if claim.index and (baseline is None or not 0 < baseline < 1 or not 0 < baseline * truth < 1 or len(chosen) < 2):
        message = f"an index is planned for two groups or more and the rate of the others, a baseline; got {baseline}"
        raise ArgumentError(message)
    rates = [truth] if not claim.index else [cast("float", baseline)] * (len(chosen) - 1) + [truth * (baseline or 0)]
    if claim.index:
        index = index_of_rates(claim.index, np.array(rates))
        kept = index < limit if claim.limit.direction == "at_most" else index > limit
        if not kept or math.isclose(index, limit):
            _never(claim, f"{truth} times the others' rate, which makes {claim.about} {index:.4g},")
    alike = [planned_correlation(audit, rate, each) if correlation is None else correlation for each in rates]
    designs = [Design(rate, photos_per_person, each) for each in alike]

    many = len(chosen)

    def suffices(people: int) -> bool:
        pairs, _ = designs[-1].pairs(people)
        worth = [each.worth(people) * _told(each, people, at, many) for each, at in zip(designs, rates, strict=True)]
        expected = min(worth) * (limit if not claim.index else sum(rates) / many)
        if people < claim.minimum.subjects or pairs < claim.minimum.trials or expected < claim.needed_errors:
            return False
        if claim.index:
            return _index_chance(claim, designs, people, rates, confidence) >= power
        return pass_chance(designs[0], people, truth, limit, groups=many, confidence=confidence) ** many >= power

    people = first(suffices, start=2)
    needed = math.ceil(designs[-1].worth(people))
    if not claim.index:
        each = power ** (1 / many)
        needed = first(lambda pairs: _rate_chance(pairs, 1.0, 1.0, (truth, limit), confidence) >= each)
    plans = tuple(designs[-1].plan(name, people, needed, has) for name, has in chosen)
    return plans if audit is not None else plans[:1]


def pass_chance(
    design: Design, people: int, truth: float, limit: float, *, groups: int = 1, confidence: float = CONFIDENCE
) -> float:
    """The chance that a rate's upper bound is at or below a limit, in one of so many groups of so many people."""
    return _rate_chance(*design.pairs(people), _told(design, people, truth, groups), (truth, limit), confidence)


def _told(design: Design, people: int, rate: float, groups: int) -> float:
    """How much of its worth an audit will count on, 0 … 1, given that it has to measure the dependence as well.

    It costs the more, the more unlike people are, whose rates have the coefficient of variation √[ρ(1−p)/p], and the
    more groups have to pass; where genuine pairs share little, little. The factors were found by simulation. Where few
    errors are expected at all, the audit takes people to be as alike as they are known to be
    (``PairsOfPeople.correlation``).
    """
    pairs, effect = design.pairs(people)
    cost = 4.5 * groups**0.2 * math.sqrt(design.correlation * (1 - rate) / rate / people)
    cost *= math.sqrt((effect - 1) / effect) if design.rate == "fnmr" else 1
    unseen = min(1.0, (5 / (groups * pairs * rate)) ** 2) * planned_correlation(
        None, design.rate, min(0.5, max(rate, 2 / pairs))
    )
    assumed = replace(design, correlation=max(design.correlation, unseen)).pairs(people)[1]
    return max(0.2, 1 - cost) * effect / assumed


def _rate_chance(pairs: int, effect: float, told: float, at: tuple[float, float], confidence: float) -> float:
    truth, limit = at
    worth = max(1.0, pairs / effect * told)
    z = float(scipy.special.ndtri(0.5 + confidence / 2))
    spread = effect * (1 - truth)
    most = pairs * (limit - z * math.sqrt(limit * (1 - limit) / worth))
    if spread <= 1:
        most = math.floor(most)
    if most < 0:
        if 1 - ((1 - confidence) / 2) ** (1 / worth) > limit:
            return 0.0
        most = 0.0  # only without a single error
    if spread <= 1:
        return float(scipy.special.betainc(pairs - most, most + 1, 1 - truth))
    return float(scipy.special.betainc(pairs * truth / (spread - 1), most + 1, 1 / spread))


def _index_chance(claim: Claim, designs: list[Design], people: int, rates: list[float], confidence: float) -> float:
    """How often the index of drawn tables passes, of groups that have these rates."""
    rng, names = np.random.default_rng(0), [str(number) for number in range(len(rates))]
    worth = [max(1, round(design.worth(people))) for design in designs]
    told = [_told(design, people, at, len(rates)) for design, at in zip(designs, rates, strict=True)]
    passed = 0
    for errors in rng.binomial(worth, rates, (_TABLES, len(rates))).tolist():
        found = [
            estimate(Rate(k, n, n * part), confidence=confidence)
            for k, n, part in zip(errors, worth, told, strict=True)
        ]
        draws = np.column_stack([_drawn(one, rng) for one in found])
        index = index_alone(claim.index, names, found, draws=draws, confidence=confidence)
        passed += claim.limit.decide(index.interval) == "pass"
    return passed / _TABLES


def _drawn(found: Estimate, rng: np.random.Generator) -> np.ndarray:
    """A rate as it might have come out with other people, as ``audits.statistics.bootstrap`` draws it."""
    n = found.effective_trials
    if not found.errors:
        return np.minimum(rng.exponential(1 / n, _TABLES), 1.0)
    angles = math.asin(math.sqrt(found.value)) + rng.standard_normal(_TABLES) / (2 * math.sqrt(n))
    return np.sin(np.clip(angles, 0, np.pi / 2)) ** 2


def _check(claim: Claim, truth: float, photos: int, power: float, groups: int) -> None:
    if claim.kind not in ("rate", "index") or claim.rate not in ("fmr", "fnmr") or claim.index in COMBINED:
        message = (
            "plans are made for a rate or an index of FMR or of FNMR, of kind rate or index "
            f"({', '.join(INDICES)}); got {claim.about}"
        )
        raise ArgumentError(message)
    if photos < (2 if claim.rate == "fnmr" else 1) or not 0 < power < 1 or groups < 1:
        message = (
            "a plan needs one photo of everyone or more, two for FNMR, a power between 0 and 1 and a group; "
            f"got {photos} photos, {power} and {groups} groups"
        )
        raise ArgumentError(message)
    if claim.index:
        if not truth >= 1:
            message = f"of an index the truth is the worst group's rate over that of the others, 1 or more; got {truth}"
            raise ArgumentError(message)
    elif not 0 < truth < claim.limit.value:
        _never(claim, str(truth))


def _never(claim: Claim, truth: str) -> None:
    message = f"the truth must keep the limit, or nobody can make the claim pass; got {truth} for {claim.limit}"
    raise ArgumentError(message)
