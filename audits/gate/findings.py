"""What one number says of a claim: which way its interval decides, whether there was enough to decide by, and why.

The reason is one sentence per number, for a reader who is no statistician.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from audits.gate.claims import Claim, Limit
from audits.gate.observations import Observation, missing
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
        Of the limit itself being the true value, two-sided, alone and adjusted for all groups of the claim; NaN where
        nothing was measured. `holm` withdraws failures, where the policy asks for it.
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
    """What one of the numbers that a claim is about says of it, on its own: `holm` is NaN yet."""
    lacking = _too_little(claim, found)
    verdict, reason = _verdict(claim, found, lacking)
    decidable = any(footing.known for footing in found.footings) and not lacking
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


def _verdict(claim: Claim, found: Observation, lacking: str) -> tuple[Verdict, str]:
    """Which way it decides and why, if nothing is `lacking` of the minimum."""
    whom, value, note = _whom(claim, found), write_number(found.value), found.note and f"; {found.note}"
    unmeasured = [footing.group for footing in found.footings if not footing.known]
    if len(unmeasured) == len(found.footings):
        word = "not measured" if not any(footing.trials for footing in found.footings) else "too few to be judged"
        lacking = f"{whom}: {word}: {found.note or 'there was nothing to measure it by'}"
    elif found.strict is not None and found.strict_pair and claim.limit.decide(found.strict) == "fail":
        told = f"{_told(found.strict)} with all pairs of groups allowed for, {_where(claim.limit, 'fail')}"
        return "fail", f"{whom}: {value}{note}; {found.strict_pair}: {told}"
    elif not lacking and (math.isnan(found.interval.low) or math.isnan(found.interval.high)):
        why = found.note or "the audit drew no people to make one"
        lacking = f"{whom}: {value}, without an interval ({why}); a value alone decides nothing"
    if lacking:
        return "insufficient evidence", lacking
    verdict = claim.limit.decide(found.interval)
    counts = f" ({found.estimate.errors:,} of {found.estimate.trials:,})" if found.estimate else ""
    reason = f"{whom}: {value}{counts}, {_told(found.interval)}, {_where(claim.limit, verdict)}{note}"
    doubt = ""
    if verdict == "fail" and found.picked and found.strict is not None:
        doubt = (
            "the best group was found on the same numbers, and with all pairs of groups allowed for the interval is "
            f"{write_number(found.strict.low)} … {write_number(found.strict.high)}"
        )
    elif verdict == "pass" and unmeasured:  # left out of an index
        doubt = f"{', '.join(unmeasured)} was not measured, and what was not measured never passes"
    return ("insufficient evidence", f"{reason}; but {doubt}") if doubt else (verdict, reason)


def correct(finding: Finding, tests: int) -> Finding:
    """The finding as it stands after Holm's correction for so many `tests`: a failure that does not outlast it is none.

    A pass is left alone: that every group keeps the limit is shown by showing it of each (an intersection-union test).
    """
    level = 1 - finding.interval.confidence
    # One number needs no correction, and rounding must not invent one.
    if finding.verdict != "fail" or tests < 2 or finding.holm <= level * (1 + 1e-9):
        return finding
    reason = f"{finding.reason}; but not after Holm's correction for {tests} groups, where p = {finding.holm:.3g}"
    return replace(finding, verdict="insufficient evidence", reason=reason)


def _too_little(claim: Claim, found: Observation) -> str:
    """What is missing from the minimum that a claim asks for; empty if nothing is.

    Groups that were not measured at all are left to `judge`, since an index may leave them out.
    """
    lacking = [text for footing in found.footings if footing.known for text in missing(claim, footing)]
    if not lacking:
        return ""
    return f"{_whom(claim, found)}: too little evidence to decide the claim: {'; '.join(lacking)}"


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
