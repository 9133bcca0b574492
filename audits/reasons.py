"""Why a claim was decided as it was: one sentence per number, for a reader who is no statistician."""

from __future__ import annotations

import math

from audits.claims import Claim, Limit
from audits.observations import Footing, Observation
from audits.statistics.paired import Verdict
from facerec.reporting import write_number
from facerec.types import Interval


def not_measured(claim: Claim, found: Observation) -> str:
    """Why nothing can be said of a number that rests on no trial."""
    why = found.note or "there was nothing to measure it by"
    return f"{_whom(claim, found)}: not measured: {why}"


def too_little(claim: Claim, found: Observation) -> str:
    """What is missing from the minimum that a claim asks for; empty if nothing is.

    Groups that were not measured at all are left to `judge`, since an index may leave them out.
    """
    missing = [text for footing in found.footings if footing.trials for text in _missing(claim, footing)]
    if not missing:
        return ""
    return f"{_whom(claim, found)}: too little evidence to decide the claim: {'; '.join(missing)}"


def no_interval(claim: Claim, found: Observation) -> str:
    """Why a value without an interval decides nothing."""
    why = found.note or "the audit drew no people to make one"
    value = write_number(found.value)
    return f"{_whom(claim, found)}: {value}, without an interval ({why}); a value alone decides nothing"


def decided(claim: Claim, found: Observation, verdict: Verdict) -> str:
    """The number, its interval, and on which side of the limit that lies."""
    counts = f" ({found.estimate.errors:,} of {found.estimate.trials:,})" if found.estimate else ""
    note = f"; {found.note}" if found.note else ""
    told = f"{write_number(found.value)}{counts}, {_told(found.interval)}"
    return f"{_whom(claim, found)}: {told}, {_where(claim.limit, verdict)}{note}"


def left_out(reason: str, groups: list[str]) -> str:
    """The reason of a pass that is none, because an index leaves out groups that were not measured."""
    return f"{reason}; but {', '.join(groups)} was not measured, and what was not measured never passes"


def picked(reason: str, strict: Interval) -> str:
    """The reason of a failure that is none, because the best group was found on the same numbers."""
    bounds = f"{write_number(strict.low)} … {write_number(strict.high)}"
    return (
        f"{reason}; but the best group was found on the same numbers, and with all pairs of groups allowed for the "
        f"interval is {bounds}"
    )


def corrected(reason: str, adjusted: float, tests: int) -> str:
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
