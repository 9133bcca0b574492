"""What a claim is about, looked up in an audit: the numbers with their intervals, and whom each of them rests on.

A claim about every group becomes one observation per group, one about an index a single observation that rests on all
groups. Groups without trials are among them; whoever decides must see them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias, cast

from audits.classification.results import ClassificationAudit, ClassRateName
from audits.drift.results import DriftAudit
from audits.gate.claims import RATIOS, Claim
from audits.identification.results import IdentificationAudit, SearchRateName, people_of
from audits.statistics.contrasts import Contrast, contrast_among
from audits.statistics.disparity import COMBINED
from audits.statistics.estimates import Estimate
from audits.verification.results import GroupingAudit, VerificationAudit
from facerec.errors import ArgumentError
from facerec.types import Interval

_OneRate = Literal["fmr", "fnmr"]
_Measured: TypeAlias = tuple[str, Estimate, int | None]


@dataclass(frozen=True)
class Footing:
    """One group that a number rests on.

    Attributes
    ----------
    group : str
        Empty for everybody.
    trials : int
        0: not measured.
    subjects : int or None
        None where the table does not say.
    expected_errors : float or None
        As in `Minimum`; None for a change.
    """

    group: str
    trials: int
    subjects: int | None = None
    expected_errors: float | None = None


@dataclass(frozen=True)
class Observation:
    """One number that a claim rests on.

    Attributes
    ----------
    group : str
        Whose number it is; empty for everybody and for an index.
    value : float
        NaN where nothing was measured.
    interval : Interval
    footings : tuple of Footing
        The groups that must have been measured.
    estimate : Estimate or None
        For a rate, with its counts.
    strict : Interval or None
        Where the number was picked among several: the wider interval that a failure has to show as well.
    ratio : bool
        Whether it lives on a log scale.
    note : str
        What a reader must know of it; empty if nothing.
    """

    group: str
    value: float
    interval: Interval
    footings: tuple[Footing, ...]
    estimate: Estimate | None = None
    strict: Interval | None = None
    ratio: bool = False
    note: str = ""


def of_verification(claim: Claim, audit: VerificationAudit) -> tuple[Observation, ...]:
    """The observations of a claim about a rate or an index.

    Parameters
    ----------
    claim : Claim
        Of kind ``rate``, ``matched_rate``, ``cross_rate`` or ``index``.
    audit : VerificationAudit

    Returns
    -------
    tuple of Observation

    Raises
    ------
    ArgumentError
        If the audit was not made by the claim's grouping.
    """
    if not claim.by:
        return (_rate(claim, "", getattr(audit, claim.rate), audit.subjects),)
    grouping = audit.grouping(claim.by)
    if claim.kind == "matched_rate":
        return (_rate(claim, "", grouping.matched_fmr, None),)
    if claim.kind == "cross_rate":
        return _cells(claim, grouping, audit.confidence)
    if claim.kind == "rate":
        if not (chosen := [one for one in grouping.groups if claim.group in ("", one.group)]):
            return (_absent(claim, claim.group, [one.group for one in grouping.groups], audit.confidence),)
        return tuple(_rate(claim, one.group, getattr(one, claim.rate), one.subjects) for one in chosen)
    rates = ("fmr", "fnmr") if claim.index in COMBINED else (claim.rate,)
    side = "combined" if claim.index in COMBINED else cast("_OneRate", claim.rate)
    index = grouping.disparity.index(side, claim.index)
    footings = [
        footing
        for rate in rates
        for footing in _compared(
            [(group.group, getattr(group, rate), group.subjects) for group in grouping.groups], rate.upper()
        )
    ]
    ratio = claim.index in RATIOS
    return (Observation("", index.value, index.interval, tuple(footings), ratio=ratio, note=index.note),)


def of_drift(claim: Claim, audit: DriftAudit) -> tuple[Observation, ...]:
    """The observations of a claim about a change.

    Parameters
    ----------
    claim : Claim
        Of kind ``change`` or ``index_change``.
    audit : DriftAudit

    Returns
    -------
    tuple of Observation

    Raises
    ------
    ArgumentError
        If the audit was not made by the claim's grouping.
    """
    groupings = tuple(dict.fromkeys(change.by for change in audit.changes))
    if claim.by not in groupings:
        message = f"there is no grouping by {claim.by!r}; there are {', '.join(filter(None, groupings)) or 'none'}"
        raise ArgumentError(message)
    changes = [change for change in audit.changes if (change.by, change.rate) == (claim.by, claim.rate)]
    if claim.kind == "change":
        if not (chosen := [one for one in changes if claim.group in ("", one.group)]):
            return (_absent(claim, claim.group, [one.group for one in changes], audit.confidence),)
        return tuple(
            Observation(
                found.group,
                found.change.value,
                found.change.interval,
                (Footing(found.group, found.change.trials),),
                note=found.thresholds,
            )
            for found in chosen
        )
    # Of the two tables the one with fewer errors says how well the groups can be compared.
    sides = [
        _compared([(found.group, estimate, None) for found, estimate in zip(changes, estimates, strict=True)])
        for estimates in ([found.before for found in changes], [found.after for found in changes])
    ]
    fewest = [min(both, key=lambda footing: footing.expected_errors or 0.0) for both in zip(*sides, strict=True)]
    found = next(
        index for index in audit.indices if (index.by, index.rate, index.index) == (claim.by, claim.rate, claim.index)
    )
    return (Observation("", found.value, found.interval, tuple(fewest), note=audit.thresholds),)


def of_classification(claim: Claim, audit: ClassificationAudit) -> tuple[Observation, ...]:
    """The observations of a claim about a classifier.

    Parameters
    ----------
    claim : Claim
        Of kind ``class_rate``, ``class_difference`` or ``class_ratio``.
    audit : ClassificationAudit

    Returns
    -------
    tuple of Observation
        Of a difference or a ratio for each measured group but the best one, and for each that was not measured.

    Raises
    ------
    ArgumentError
        If the audit was not made by the claim's grouping.
        If it has no rate of the claim's class.
    """
    rate = cast("ClassRateName", claim.rate)
    if not claim.by:
        everybody = audit.overall
        return (_rate(claim, "", everybody.rate(rate, of=claim.of), everybody.subjects),)
    grouping = audit.grouping(claim.by)
    if claim.kind == "class_rate":
        if not (chosen := [one for one in grouping.groups if claim.group in ("", one.group)]):
            return (_absent(claim, claim.group, [one.group for one in grouping.groups], audit.confidence),)
        return tuple(_rate(claim, one.group, one.rate(rate, of=claim.of), one.subjects) for one in chosen)
    measured: list[_Measured] = [(one.group, one.rate(rate, of=claim.of), one.subjects) for one in grouping.groups]
    contrasts = [
        (one.group, one.reference, one.contrast) for one in grouping.contrasts if (one.rate, one.of) == (rate, claim.of)
    ]
    ratio, good = claim.kind == "class_ratio", rate == "accuracy"
    return _against_best(measured, contrasts, ratio=ratio, good=good, confidence=audit.confidence)


def of_identification(claim: Claim, audit: IdentificationAudit) -> tuple[Observation, ...]:
    """The observations of a claim about a gallery.

    Parameters
    ----------
    claim : Claim
        Of kind ``search_rate``, ``search_difference`` or ``search_ratio``.
    audit : IdentificationAudit

    Returns
    -------
    tuple of Observation
        Of a difference or a ratio for each measured group but the best one, and for each that was not measured.

    Raises
    ------
    ArgumentError
        If the audit was not made by the claim's grouping.
    """
    name = cast("SearchRateName", claim.rate)
    if not claim.by:
        return (_rate(claim, "", getattr(audit, name), people_of(name, audit.subjects, audit.mated_subjects)),)
    grouping = audit.grouping(claim.by)
    rates: list[_Measured] = [(group.group, getattr(group, name), group.people(name)) for group in grouping.groups]
    if claim.kind == "search_rate":
        if not (chosen := [one for one in rates if claim.group in ("", one[0])]):
            return (_absent(claim, claim.group, [one[0] for one in rates], audit.confidence),)
        return tuple(_rate(claim, *one) for one in chosen)
    contrasts = [(one.group, one.reference, one.contrast) for one in grouping.contrasts if one.rate == name]
    return _against_best(rates, contrasts, ratio=claim.kind == "search_ratio", good=False, confidence=audit.confidence)


def _cells(claim: Claim, grouping: GroupingAudit, confidence: float) -> tuple[Observation, ...]:
    """The cells of the matrix of groups that a claim is about."""
    names = [group.group for group in grouping.groups]
    for asked in (claim.probe_group, claim.reference_group):
        if asked and asked not in names:
            return (_absent(claim, asked, names, confidence),)
    return tuple(
        _rate(claim, f"{cell.probe_group} against {cell.reference_group}", cell.fmr, None)
        for cell in grouping.cross
        if claim.probe_group in ("", cell.probe_group) and claim.reference_group in ("", cell.reference_group)
    )


def _against_best(
    rates: Sequence[_Measured],
    contrasts: Sequence[tuple[str, str, Contrast]],
    *,
    ratio: bool,
    good: bool,
    confidence: float,
) -> tuple[Observation, ...]:
    """Each measured group against the best one, with its contrast, and each that was not measured."""
    footings = {found.group: found for found in _compared(rates, good=good)}
    nothing = Interval(math.nan, math.nan, confidence)
    observations = [
        Observation(group, math.nan, nothing, (footing,)) for group, footing in footings.items() if not footing.trials
    ]
    estimates = {group: found for group, found, _ in rates}
    measured = sum(found.measured for found in estimates.values())
    for group, reference, found in contrasts:
        strict = contrast_among(estimates[group], estimates[reference], groups=measured)
        observations.append(
            Observation(
                group,
                found.ratio if ratio else found.difference,
                found.ratio_interval if ratio else found.difference_interval,
                (footings[group], footings[reference]),
                strict=strict.ratio_interval if ratio else strict.difference_interval,
                ratio=ratio,
                note=f"against {reference}, the group that fares best",
            )
        )
    if observations:
        return tuple(sorted(observations, key=lambda found: found.group))
    lone = "fewer than two groups have this rate, so there is nothing to compare"
    return (Observation("", math.nan, nothing, tuple(footings.values()), note=lone),)


def _absent(claim: Claim, asked: str, known: Sequence[str], confidence: float) -> Observation:
    """A group that the policy names and the table does not hold; perhaps it is misspelt."""
    told = f"there is no such group by {claim.by}; there are {', '.join(known) or 'none'}"
    near = get_close_matches(asked, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    nothing = Interval(math.nan, math.nan, confidence)
    return Observation(asked, math.nan, nothing, (Footing(asked, 0, 0, 0.0),), note=told + hint)


def _rate(claim: Claim, group: str, found: Estimate, subjects: int | None) -> Observation:
    share = claim.limit.value if claim.limit.direction == "at_most" else 1 - claim.limit.value
    footing = Footing(group, found.trials, subjects, found.effective_trials * share)
    return Observation(group, found.value, found.interval, (footing,), estimate=found)


def _compared(rates: Sequence[_Measured], what: str = "", *, good: bool = False) -> list[Footing]:
    """The footing of each group where groups are compared: the errors that it would show at the rate of all together.

    Where the counted event is a good one (`good`), its absence is the error.
    """
    trials = sum(found.trials for _, found, _ in rates)
    events = sum(found.errors for _, found, _ in rates)
    pooled = (trials - events if good else events) / trials if trials else 0.0
    return [
        Footing(f"{group} ({what})" if what else group, found.trials, subjects, found.effective_trials * pooled)
        for group, found, subjects in rates
    ]
