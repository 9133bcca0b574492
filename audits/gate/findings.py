"""What one number says of a claim: which way its interval decides, whether there was enough to decide by, and why.

The reason is one sentence per number, for a reader who is no statistician.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from audits.gate.claims import Claim, Limit
from audits.gate.observations import Footing, Observation
from audits.statistics.limit_tests import limit_p_value
from audits.statistics.paired import Verdict
from facerec.reporting import write_number
from facerec.types import Interval


@dataclass(frozen=True)
class Finding:
    """One number that a claim rests on, and what it says about the limit.

    Attributes
    ----------
    group : str
        Whose number it is; empty for everybody, and for an index, which is of all groups.
    value : float
        NaN where nothing was measured.
    interval : Interval
    errors, trials : int or None
        The counts behind a rate; None for an index. For a change, `errors` is None.
    effective_trials : float or None
    subjects : int or None
        None where the table does not say.
    expected_errors : float or None
        What `Minimum.expected_errors` is held against, of the group with the least; None for a change.
    verdict : {"pass", "fail", "insufficient evidence"}
    reason : str
        In plain words, with the numbers.
    p_value, holm : float
        Of the limit itself being the true value, two-sided, alone and adjusted for all numbers of the policy; NaN where
        nothing was measured. `holm` decides only where the policy asks for it.
    """

    group: str
    value: float
    interval: Interval
    errors: int | None
    trials: int | None
    effective_trials: float | None
    subjects: int | None
    expected_errors: float | None
    verdict: Verdict
    reason: str
    p_value: float
    holm: float


def decide(claim: Claim, found: Observation) -> Finding:
    """What one number says of a claim, on its own: `holm` is NaN yet.

    Parameters
    ----------
    claim : Claim
    found : Observation
        One of those that the claim is about.

    Returns
    -------
    Finding
    """
    verdict, reason = _verdict(claim, found)
    decidable = any(footing.trials for footing in found.footings) and not _too_little(claim, found)
    p_value = math.nan
    if decidable:
        limit = claim.limit.value
        p_value = limit_p_value(found.value, found.interval, limit, estimate=found.estimate, ratio=found.ratio)
    expected = [footing.expected_errors for footing in found.footings if footing.expected_errors is not None]
    estimate = found.estimate
    single = found.footings[0] if len(found.footings) == 1 and not claim.index else None
    return Finding(
        group=found.group,
        value=found.value,
        interval=found.interval,
        errors=estimate.errors if estimate else None,
        trials=single.trials if single else None,
        effective_trials=estimate.effective_trials if estimate else None,
        subjects=single.subjects if single else None,
        expected_errors=min(expected, default=None),
        verdict=verdict,
        reason=reason,
        p_value=p_value,
        holm=math.nan,
    )


def _verdict(claim: Claim, found: Observation) -> tuple[Verdict, str]:
    unmeasured = [footing.group for footing in found.footings if not footing.trials]
    if len(unmeasured) == len(found.footings):
        return "insufficient evidence", _not_measured(claim, found)
    if told := _too_little(claim, found):
        return "insufficient evidence", told
    if math.isnan(found.interval.low) or math.isnan(found.interval.high):
        return "insufficient evidence", _no_interval(claim, found)
    verdict = claim.limit.decide(found.interval)
    reason = _decided(claim, found, verdict)
    if verdict == "fail" and found.strict is not None and claim.limit.decide(found.strict) != "fail":
        return "insufficient evidence", _picked(reason, found.strict)
    if verdict == "pass" and unmeasured:
        return "insufficient evidence", _left_out(reason, unmeasured)
    return verdict, reason


def correct(finding: Finding, tests: int) -> Finding:
    """The finding as it stands after Holm's correction: what it no longer decides lacks evidence.

    Parameters
    ----------
    finding : Finding
        With its adjusted p-value, `holm`.
    tests : int
        How many numbers it was adjusted for.

    Returns
    -------
    Finding
    """
    level = 1 - finding.interval.confidence
    # One number needs no correction, and rounding must not invent one.
    if finding.verdict == "insufficient evidence" or finding.holm <= level * (1 + 1e-9):
        return finding
    reason = _corrected(finding.reason, finding.holm, tests)
    return replace(finding, verdict="insufficient evidence", reason=reason)


def _not_measured(claim: Claim, found: Observation) -> str:
    """Why nothing can be said of a number that rests on no trial."""
    why = found.note or "there was nothing to measure it by"
    return f"{_whom(claim, found)}: not measured: {why}"


def _too_little(claim: Claim, found: Observation) -> str:
    """What is missing from the minimum that a claim asks for; empty if nothing is.

    Groups that were not measured at all are left to `judge`, since an index may leave them out.
    """
    missing = [text for footing in found.footings if footing.trials for text in _missing(claim, footing)]
    if not missing:
        return ""
    return f"{_whom(claim, found)}: too little evidence to decide the claim: {'; '.join(missing)}"


def _no_interval(claim: Claim, found: Observation) -> str:
    """Why a value without an interval decides nothing."""
    why = found.note or "the audit drew no people to make one"
    value = write_number(found.value)
    return f"{_whom(claim, found)}: {value}, without an interval ({why}); a value alone decides nothing"


def _decided(claim: Claim, found: Observation, verdict: Verdict) -> str:
    """The number, its interval, and on which side of the limit that lies."""
    counts = f" ({found.estimate.errors:,} of {found.estimate.trials:,})" if found.estimate else ""
    note = f"; {found.note}" if found.note else ""
    told = f"{write_number(found.value)}{counts}, {_told(found.interval)}"
    return f"{_whom(claim, found)}: {told}, {_where(claim.limit, verdict)}{note}"


def _left_out(reason: str, groups: list[str]) -> str:
    """The reason of a pass that is none, because an index leaves out groups that were not measured."""
    return f"{reason}; but {', '.join(groups)} was not measured, and what was not measured never passes"


def _picked(reason: str, strict: Interval) -> str:
    """The reason of a failure that is none, because the best group was found on the same numbers."""
    bounds = f"{write_number(strict.low)} … {write_number(strict.high)}"
    return (
        f"{reason}; but the best group was found on the same numbers, and with all pairs of groups allowed for the "
        f"interval is {bounds}"
    )


def _corrected(reason: str, adjusted: float, tests: int) -> str:
    """The reason of a decision that does not outlast Holm's correction."""
    return f"{reason}; but not after Holm's correction for {tests} numbers, where p = {adjusted:.3g}"


def _whom(claim: Claim, found: Observation) -> str:
    if claim.index:
        return "all groups together"
    return found.group or ("all groups" if claim.by else "everybody")


def _told(interval: Interval) -> str:
    return f"{100 * interval.confidence:g} % interval {write_number(interval.low)} … {write_number(interval.high)}"


def _where(limit: Limit, verdict: Verdict) -> str:
    value = f"{limit.value:g}"
    if verdict == "insufficient evidence":
        return f"which holds values on both sides of {value}"
    at_most = limit.direction == "at_most"
    if verdict == "pass":
        return f"all of it {'at most' if at_most else 'at least'} {value}"
    return f"all of it {'above' if at_most else 'below'} {value}"


def _missing(claim: Claim, footing: Footing) -> list[str]:
    of = f" of {footing.group}" if footing.group else ""
    found = []
    if claim.minimum.subjects:
        if footing.subjects is None:
            found.append("the table does not say who is in it, so people cannot be counted")
        elif footing.subjects < claim.minimum.subjects:
            found.append(f"{footing.subjects:,} people{of}, where {claim.minimum.subjects:,} are needed")
    if footing.trials < claim.minimum.trials:
        found.append(f"{footing.trials:,} trials{of}, where {claim.minimum.trials:,} are needed")
    expected = footing.expected_errors
    if expected is not None and not math.isnan(expected) and expected < claim.needed_errors:
        told = write_number(expected)
        found.append(f"{told} expected errors{of}, where {claim.needed_errors:g} are needed")
    return found
