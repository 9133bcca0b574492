"""What a claim is about, looked up in an audit.

A claim about every group becomes one observation per group, one about an index a single observation that rests on all
groups. Groups without trials are among them; whoever decides must see them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Literal, TypeAlias, cast

from audits.classification.results import ClassificationAudit, ClassRateName, GroupPredictions
from audits.drift.results import DriftAudit
from audits.gate.claims import Claim
from audits.gate.observations import Footing, Observation, missing
from audits.identification.results import GroupSearches, IdentificationAudit, SearchRateName, people_of
from audits.statistics.contrasts import Contrast, contrast_among, furthest_apart
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside, left_out, whole_groups
from audits.statistics.index_kinds import COMBINED, KINDS
from audits.verification.results import GroupComparisons, GroupingAudit, VerificationAudit
from facerec.errors import ArgumentError
from facerec.meant import did_you_mean
from facerec.types import Interval

_OneRate = Literal["fmr", "fnmr"]
_Measured: TypeAlias = tuple[str, Estimate, int | None]
_Rated: TypeAlias = VerificationAudit | GroupComparisons | GroupPredictions | IdentificationAudit | GroupSearches
Audit: TypeAlias = VerificationAudit | DriftAudit | ClassificationAudit | IdentificationAudit


def observe(claim: Claim, audit: Audit) -> tuple[Observation, ...]:
    """The observations of a claim.

    Parameters
    ----------
    claim : Claim
    audit : VerificationAudit, DriftAudit, ClassificationAudit or IdentificationAudit
        Of the kind that the claim is about.

    Returns
    -------
    tuple of Observation
        Of a difference or a ratio for each measured group but the best one, and for each that was not measured.

    Raises
    ------
    ArgumentError
        If the audit was not made by the claim's grouping.
        If it has no rate of the claim's class, or a group whose name the claim seems to misspell.
    """
    if isinstance(audit, DriftAudit):
        return _of_drift(claim, audit)
    if not claim.by:
        return (_rate(claim, "", *_rated(claim, audit.overall if isinstance(audit, ClassificationAudit) else audit)),)
    grouping = audit.grouping(claim.by)
    if isinstance(grouping, GroupingAudit) and claim.kind != "rate":
        if claim.kind == "cross_rate":
            return _cells(claim, grouping, audit)
        return (_index(claim, grouping) if claim.index else _rate(claim, "", grouping.matched_fmr, None),)
    rates = [(group.group, *_rated(claim, group)) for group in grouping.groups]
    if isinstance(grouping, GroupingAudit) or claim.kind.endswith("_rate"):
        return _of_groups(claim, rates, grouping.set_aside, audit)
    contrasts = [
        (one.group, one.reference, one.contrast)
        for one in grouping.contrasts
        if (one.rate, getattr(one, "of", "")) == (claim.rate, claim.of)
    ]
    return _against_best(claim, rates, contrasts, grouping.set_aside, audit)


def _rated(claim: Claim, of: _Rated) -> tuple[Estimate, int | None]:
    """The rate that a claim is about, of everybody or of a group, and how many people those are."""
    if isinstance(of, GroupPredictions):
        return of.rate(cast("ClassRateName", claim.rate), of=claim.of), of.subjects
    found: Estimate = getattr(of, claim.rate)
    if isinstance(of, IdentificationAudit | GroupSearches):
        return found, people_of(cast("SearchRateName", claim.rate), of.subjects, of.mated_subjects)
    return found, of.subjects


def _of_drift(claim: Claim, audit: DriftAudit) -> tuple[Observation, ...]:
    groupings = tuple(dict.fromkeys(change.by for change in audit.changes))
    if claim.by not in groupings:
        message = f"there is no grouping by {claim.by!r}; there are {', '.join(filter(None, groupings)) or 'none'}"
        message += did_you_mean(claim.by, filter(None, groupings))
        raise ArgumentError(message)
    changes = [change for change in audit.changes if (change.by, change.rate) == (claim.by, claim.rate)]
    if claim.kind == "change":
        away = () if claim.group else whole_groups(audit.set_aside_by(claim.by))
        if not (chosen := [one for one in changes if claim.group in ("", one.group) and one.group not in away]):
            return (_absent(claim, claim.group, [one.group for one in changes], audit),)
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
        _compared(
            [(found.group, estimate, None) for found, estimate in zip(changes, estimates, strict=True)],
            audit.set_aside_by(claim.by),
            claim.rate,
        )
        for estimates in ([found.before for found in changes], [found.after for found in changes])
    ]
    fewest = [min(both, key=lambda footing: footing.expected_errors or 0.0) for both in zip(*sides, strict=True)]
    found = next(
        index for index in audit.indices if (index.by, index.rate, index.index) == (claim.by, claim.rate, claim.index)
    )
    return (Observation("", found.value, found.interval, tuple(fewest), note=audit.thresholds),)


def groups_aside(claim: Claim, audit: Audit) -> tuple[str, ...]:
    """The groups that a claim about all of them leaves out, because they are too small to be compared."""
    if not claim.by or claim.group or claim.kind == "matched_rate":
        return ()
    aside = audit.set_aside_by(claim.by) if isinstance(audit, DriftAudit) else audit.grouping(claim.by).set_aside
    return tuple(sorted(whole_groups(aside) - {claim.probe_group, claim.reference_group}))


def _index(claim: Claim, grouping: GroupingAudit) -> Observation:
    """An index over all groups, and the two of them that show best what it may not be."""
    rates = ("fmr", "fnmr") if claim.index in COMBINED else (claim.rate,)
    side = "combined" if claim.index in COMBINED else cast("_OneRate", claim.rate)
    index = grouping.disparity.index(side, claim.index)
    footings = [
        footing
        for rate in rates
        for footing in _compared(
            [(group.group, getattr(group, rate), group.subjects) for group in grouping.groups],
            grouping.set_aside,
            rate,
            label=f" ({rate.upper()})",
        )
    ]
    ratio = KINDS[claim.index].log
    found = Observation("", index.value, index.interval, tuple(footings), ratio=ratio, note=index.note)
    if claim.index not in ("difference", "max_min_ratio"):
        return found
    # No other group can make the largest difference smaller than that of two: these alone may show a failure.
    known = {footing.group for footing in footings if footing.known and not missing(claim, footing)}
    able = [
        (group.group, _rated(claim, group)[0])
        for group in grouping.groups
        if f"{group.group} ({claim.rate.upper()})" in known
    ]
    pair = furthest_apart(able, ratio=ratio, groups=sum(footing.known for footing in footings))
    if pair is None:
        return found
    strict = pair.strict.ratio_interval if ratio else pair.strict.difference_interval
    return replace(found, strict=strict, strict_pair=f"{pair.group} against {pair.reference}")


def _of_groups(
    claim: Claim, rates: Sequence[_Measured], aside: Sequence[SetAside], audit: Audit
) -> tuple[Observation, ...]:
    """The rate of one group, or of every group that is large enough."""
    if claim.group:
        if not (named := [one for one in rates if one[0] == claim.group]):
            return (_absent(claim, claim.group, [one[0] for one in rates], audit),)
        return tuple(_rate(claim, *one) for one in named)
    away = whole_groups(aside)
    shown = [one for one in rates if one[0] not in away]
    if not shown:
        return (_unmeasured("", audit, f"no group has {audit.least}"),)
    small = {each.group: each for each in aside if each.rate == _rate_name(claim)}
    return tuple(_rate(claim, *one, aside=small.get(one[0]), least=audit.least) for one in shown)


def _rate_name(claim: Claim) -> str:
    return f"{claim.rate} of {claim.of}" if claim.of else claim.rate


def _cells(claim: Claim, grouping: GroupingAudit, audit: Audit) -> tuple[Observation, ...]:
    """The cells of the matrix of groups that a claim is about, folded unless the sides play different roles."""
    names = [group.group for group in grouping.groups]
    sides = (claim.probe_group, claim.reference_group)
    for asked in sides:
        if asked and asked not in names:
            return (_absent(claim, asked, names, audit),)
    away = whole_groups(grouping.set_aside) - set(sides)
    cells = grouping.cross if claim.ordered or not grouping.folded else grouping.folded
    wanted = [sides] if claim.ordered else [sides, sides[::-1]]
    kept = [
        cell
        for cell in cells
        if not {cell.probe_group, cell.reference_group} & away
        and any(p in ("", cell.probe_group) and r in ("", cell.reference_group) for p, r in wanted)
    ]
    return tuple(
        _rate(claim, f"{cell.probe_group} against {cell.reference_group}", cell.fmr, None) for cell in kept
    ) or _of_groups(claim, [], (), audit)


def _against_best(
    claim: Claim,
    rates: Sequence[_Measured],
    contrasts: Sequence[tuple[str, str, Contrast]],
    aside: Sequence[SetAside],
    audit: Audit,
) -> tuple[Observation, ...]:
    """Each compared group against the best one, with its contrast, and each that is not known."""
    ratio = claim.kind.endswith("ratio")
    footings = {
        found.group: found for found in _compared(rates, aside, _rate_name(claim), good=claim.rate == "accuracy")
    }
    observations = [_unmeasured(group, audit, "", footing) for group, footing in footings.items() if not footing.known]
    family = {group: found for group, found, _ in rates if group in footings and footings[group].known}
    able = [group for group in family if not missing(claim, footings[group])]

    def strict(group: str, reference: str) -> Interval:
        found = contrast_among(family[group], family[reference], groups=len(family))
        return found.ratio_interval if ratio else found.difference_interval

    for group, reference, found in contrasts:
        # Whoever lies further from one group than the limit allows lies further from the best one.
        pairs = [(strict(group, other), other) for other in able if other != group] if group in able else []
        breaking = [pair for pair in pairs if claim.limit.decide(pair[0]) == "fail"]
        shown, other = max(breaking, key=lambda pair: pair[0].low, default=(strict(group, reference), reference))
        observations.append(
            Observation(
                group,
                found.ratio if ratio else found.difference,
                found.ratio_interval if ratio else found.difference_interval,
                (footings[group], footings[reference]),
                strict=shown,
                strict_pair=f"{group} against {other}" if breaking else "",
                picked=True,
                ratio=ratio,
                note=f"against {reference}, the group that fares best",
            )
        )
    if observations:
        return tuple(sorted(observations, key=lambda found: found.group))
    lone = "fewer than two groups have this rate, so there is nothing to compare"
    return (_unmeasured("", audit, lone, *footings.values()),)


def _unmeasured(group: str, audit: Audit, note: str, *footings: Footing) -> Observation:
    """What is known of a number that was not measured: nothing, and why."""
    nothing = Interval(math.nan, math.nan, audit.confidence)
    return Observation(group, math.nan, nothing, footings or (Footing(group, 0, 0, 0.0),), note=note)


def _absent(claim: Claim, asked: str, known: Sequence[str], audit: Audit) -> Observation:
    """A group that the policy names and the table does not hold: no evidence of it, unless its name is misspelt."""
    told = f"there is no such group by {claim.by}; there are {', '.join(known) or 'none'}"
    if near := get_close_matches(asked, known, n=1):
        message = f"{asked}: {told}; did you mean {near[0]}?"
        raise ArgumentError(message)
    return _unmeasured(asked, audit, told)


def _rate(
    claim: Claim,
    group: str,
    found: Estimate,
    subjects: int | None,
    *,
    aside: SetAside | None = None,
    least: Least = LEAST,
) -> Observation:
    """A rate; of a group that is too small by it (`aside`) and not by another, it is not judged."""
    share = claim.limit.value if claim.limit.direction == "at_most" else 1 - claim.limit.value
    footing = _footing(group, found, subjects, share, judged=aside is None)
    note = "" if aside is None else f"{aside}, and a claim about every group takes {least}"
    return Observation(group, found.value, found.interval, (footing,), estimate=found, note=note)


def _footing(group: str, found: Estimate, subjects: int | None, rate: float, *, judged: bool) -> Footing:
    """A group that a rate is of, and the errors that it would show at another; `subjects` are of the whole group."""
    people = subjects if found.people is None else found.people
    return Footing(group, found.trials, people, found.effective_trials * rate, judged)


def _compared(
    rates: Sequence[_Measured], aside: Sequence[SetAside], name: str, *, label: str = "", good: bool = False
) -> list[Footing]:
    """The footing of each group where groups are compared: the errors that it would show at the rate of all together.

    Where the counted event is a good one (`good`), its absence is the error. Groups that are too small by every rate
    are not among them.
    """
    away, small = whole_groups(aside), left_out(aside, name)
    family = [found for group, found, _ in rates if group not in small]
    trials = sum(found.trials for found in family)
    events = sum(found.errors for found in family)
    pooled = (trials - events if good else events) / trials if trials else 0.0
    return [
        _footing(f"{group}{label}", found, subjects, pooled, judged=group not in small)
        for group, found, subjects in rates
        if group not in away
    ]
