"""The verdict of a policy as JSON, and without what a report that is passed on must not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audits.gate.verdict import ClaimVerdict, PolicyVerdict
from audits.report.common.numbers import number
from audits.report.common.sharing import Suppressed

LEFT_OUT = "numbers left out, because small groups are not shown in this report"


def redact(verdict: PolicyVerdict, suppressed: Sequence[Suppressed]) -> PolicyVerdict:
    """The same verdicts, without the numbers of claims about a grouping that lost a group, a rate or a needed cell.

    Parameters
    ----------
    verdict : PolicyVerdict
    suppressed : sequence of Suppressed
        What was left out of the report.
    """
    groups, cells = {each.by for each in suppressed if each.groups or each.rates}, {each.by for each in suppressed}
    claims = tuple(
        replace(claim, reason=LEFT_OUT, findings=())
        if claim.claim.by in (cells if claim.claim.kind == "cross_rate" else groups)
        else claim
        for claim in verdict.claims
    )
    return replace(verdict, claims=claims)


def verdict_document(verdict: PolicyVerdict | None) -> dict[str, object]:
    """The verdict as JSON; without a policy the outcome is null, because nothing was to be decided."""
    if verdict is None:
        return {"outcome": None, "policy": None, "claims": [], "notes": []}
    return {
        "outcome": verdict.verdict,
        "policy": verdict.policy.title,
        "claims": [_claim(claim) for claim in verdict.claims],
        "notes": list(verdict.notes),
    }


def _claim(claim: ClaimVerdict) -> dict[str, object]:
    return {
        "name": claim.claim.name,
        "about": claim.claim.about,
        "limit": str(claim.claim.limit),
        "verdict": claim.verdict,
        "reason": claim.reason,
        "findings": [
            {
                "group": found.group,
                "value": number(found.value),
                "low": number(found.interval.low),
                "high": number(found.interval.high),
                "errors": found.errors,
                "trials": found.trials,
                "subjects": found.subjects,
                "verdict": found.verdict,
                "reason": found.reason,
            }
            for found in claim.findings
        ],
    }
