"""The verdict of a policy as JSON, and without what a report that is passed on must not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audits.gate.claims import Claim
from audits.gate.verdict import ClaimVerdict, PolicyVerdict
from audits.report.common.numbers import bounded
from audits.report.common.sharing import MATCHED, ShareLimits, Suppressed


def redact(verdict: PolicyVerdict, suppressed: Sequence[Suppressed], limits: ShareLimits) -> PolicyVerdict:
    """The same verdicts, without the numbers that the report leaves out, by these limits; every other number stays."""
    lost = {each.by: each for each in suppressed}
    claims = tuple(
        _redacted(claim, lost[claim.claim.by], limits) if claim.claim.by in lost else claim for claim in verdict.claims
    )
    return replace(verdict, claims=claims)


def _redacted(verdict: ClaimVerdict, lost: Suppressed, limits: ShareLimits) -> ClaimVerdict:
    hidden = [found for found in verdict.findings if _is_hidden(verdict.claim, found.group, lost)]
    if not hidden:
        return verdict
    why = f"numbers of {limits.small_groups} are not shown in this report"
    if limits.counts:
        why += f", nor those of {limits.small_counts}"
    reason = verdict.reason
    for found in hidden:
        if reason.endswith(found.reason):  # the number that was told to decide
            reason = f"{reason.removesuffix(found.reason)}numbers left out, because {why}, nor what would tell them"
            break
    else:
        reason += f"; numbers left out for {len(hidden):,} more, because {why}, nor what would tell them"
    return replace(verdict, reason=reason, findings=tuple(each for each in verdict.findings if each not in hidden))


def _is_hidden(claim: Claim, group: str, lost: Suppressed) -> bool:
    """Whether the report leaves out a number that a claim rests on."""
    if claim.kind == "cross_rate":
        return group in lost.cells or " against ".join(reversed(group.split(" against "))) in lost.cells
    if claim.kind == "matched_rate":
        return f"{MATCHED}: FMR" in lost.rates
    if claim.index:
        return claim.rate.upper() in lost.indices if claim.rate else bool(lost.indices)
    if claim.kind in ("class_difference", "class_ratio"):
        return True  # a contrast is against the best of all groups, and goes where one of them does
    return group in lost.groups or f"{group}: {claim.rate.upper()}" in lost.rates


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
                **bounded(found.value, found.interval),
                "errors": found.errors,
                "trials": found.trials,
                "subjects": found.subjects,
                "verdict": found.verdict,
                "reason": found.reason,
            }
            for found in claim.findings
        ],
    }
