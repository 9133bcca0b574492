"""What one number says of a claim: which way its interval decides, and whether there was enough to decide by."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from audits import reasons
from audits.claims import Claim
from audits.observations import Observation
from audits.statistics.limit_tests import limit_p_value
from audits.statistics.paired import Verdict
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
    decidable = any(footing.trials for footing in found.footings) and not reasons.too_little(claim, found)
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
        return "insufficient evidence", reasons.not_measured(claim, found)
    if told := reasons.too_little(claim, found):
        return "insufficient evidence", told
    if math.isnan(found.interval.low) or math.isnan(found.interval.high):
        return "insufficient evidence", reasons.no_interval(claim, found)
    verdict = claim.limit.decide(found.interval)
    reason = reasons.decided(claim, found, verdict)
    if verdict == "fail" and found.strict is not None and claim.limit.decide(found.strict) != "fail":
        return "insufficient evidence", reasons.picked(reason, found.strict)
    if verdict == "pass" and unmeasured:
        return "insufficient evidence", reasons.left_out(reason, unmeasured)
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
    reason = reasons.corrected(finding.reason, finding.holm, tests)
    return replace(finding, verdict="insufficient evidence", reason=reason)
