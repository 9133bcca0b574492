"""Pass, fail or insufficient evidence: what an audit says about the claims of a policy.

A claim is decided on the bounds of an interval, never on the measured value: it passes if the whole interval keeps the
limit, fails if the whole of it breaks the limit, and otherwise the audit was too small to tell. What was not measured
never passes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from audits.classification.results import ClassificationAudit
from audits.drift.results import DriftAudit
from audits.gate.claims import AuditName, Claim, Kind, Policy, audit_of
from audits.gate.findings import Finding, correct, decide
from audits.gate.lookup import Audit, groups_aside, observe
from audits.gate.observations import Observation
from audits.gate.plan import EXPLORATORY, PlanStanding
from audits.identification.results import IdentificationAudit
from audits.statistics.families import Least
from audits.statistics.paired import Verdict
from audits.verification.results import VerificationAudit
from facerec.errors import ArgumentError
from facerec.measure.metrics import holm
from facerec.reporting import Standing

EXIT_STATUS: Mapping[Verdict, int] = {"pass": 0, "fail": 1, "insufficient evidence": 3}
"""What a gate ends with; 2 is an error."""

STANDING: Mapping[Verdict, Standing] = {"pass": "pass", "fail": "fail", "insufficient evidence": "insufficient"}
"""How a report shows a verdict."""


@dataclass(frozen=True)
class ClaimVerdict:
    """What became of one claim.

    Attributes
    ----------
    claim : Claim
    verdict : {"pass", "fail", "insufficient evidence"}
    reason : str
        In plain words: that of the finding which decided, and how many there are.
    findings : tuple of Finding
        One for each group that the claim is about, or a single one.
    """

    claim: Claim
    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]

    @property
    def standing(self) -> Standing:
        """The verdict, as ``facerec.reporting`` names it."""
        return STANDING[self.verdict]


@dataclass(frozen=True)
class PolicyVerdict:
    """What became of a policy.

    Attributes
    ----------
    policy : Policy
    claims : tuple of ClaimVerdict
        In the order of the policy.
    notes : tuple of str
        What a reader must know besides, such as how the numbers were corrected for being many.
    plan : PlanStanding
        Whether the audit followed a plan.
    """

    policy: Policy
    claims: tuple[ClaimVerdict, ...]
    notes: tuple[str, ...]
    plan: PlanStanding = EXPLORATORY

    @property
    def verdict(self) -> Verdict:
        """``fail`` if one claim fails, else ``insufficient evidence`` if one lacks evidence, else ``pass``."""
        return worst(tuple(claim.verdict for claim in self.claims))

    @property
    def exit_status(self) -> int:
        """0 for pass, 1 for fail, 3 for insufficient evidence."""
        return EXIT_STATUS[self.verdict]

    @property
    def standing(self) -> Standing:
        """The verdict, as ``facerec.reporting`` names it."""
        return STANDING[self.verdict]


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """The one of several that decides: a failure, else a lack of evidence, else a pass.

    >>> worst(("pass", "insufficient evidence", "pass"))
    'insufficient evidence'
    """
    order: tuple[Verdict, ...] = ("fail", "insufficient evidence", "pass")
    return next((verdict for verdict in order if verdict in verdicts), "insufficient evidence")


def judge(
    policy: Policy,
    *,
    verification: VerificationAudit | None = None,
    drift: DriftAudit | None = None,
    classification: ClassificationAudit | None = None,
    identification: IdentificationAudit | None = None,
) -> PolicyVerdict:
    """Decide every claim of a policy.

    Parameters
    ----------
    policy : Policy
    verification, drift, classification, identification : optional
        The audits that its claims are about.

    Returns
    -------
    PolicyVerdict

    Raises
    ------
    ArgumentError
        If a claim is about an audit that was not given, or about a grouping or class that it was not made by,
        or a group that seems to be misspelt.
        If an audit has a lower confidence than the policy asks for.

    Notes
    -----
    A pass needs the whole interval of every group within the limit, so it needs no correction for the number of groups
    (an intersection-union test), and as it rests on one bound of a two-sided interval, one of 95 % makes it a statement
    of 97.5 %. One failure among many groups may be chance; with Holm's correction over the groups of a claim, a failure
    that does not outlast it lacks evidence. A group without trials never passes, and an index that leaves such a group
    out does not pass either. With less evidence than the claim's minimum nothing is decided.

    A group that is too small to be compared (``audits.statistics.families``) is not among those that a claim about all
    groups is about: the claim is decided as without its pairs, and says so. That groups differ by more than a limit is
    shown by any two of them, with all pairs of groups allowed for; no third group takes that back.

    References
    ----------
    Berger & Hsu (1996), Statistical Science 11:283 (equivalence and intersection-union tests). Holm (1979),
    Scandinavian Journal of Statistics 6:65.
    """
    audits: dict[AuditName, Audit | None] = {
        "verification": verification,
        "drift": drift,
        "classification": classification,
        "identification": identification,
    }
    claims, tests = [], 0
    for claim in policy.claims:
        audit = _audit_of(claim, audits, policy.confidence)
        found = _observe(claim, audit)
        findings = [decide(claim, each) for each in found]
        adjusted = holm([finding.p_value for finding in findings]).tolist()
        many = sum(not math.isnan(finding.p_value) for finding in findings)
        tests += many
        findings = [replace(finding, holm=each) for finding, each in zip(findings, adjusted, strict=True)]
        if policy.holm and not any(each.picked for each in found):  # those allow for all pairs of groups already
            findings = [correct(finding, many) for finding in findings]
        claims.append(_claim_verdict(claim, findings, groups_aside(claim, audit), audit.least))
    return PolicyVerdict(policy, tuple(claims), tuple(_notes(policy, tests, verification, classification)))


def _audit_of(claim: Claim, audits: Mapping[AuditName, Audit | None], confidence: float) -> Audit:
    audit = audits[wanted := audit_of(claim.kind)]
    if audit is None:
        kinds = [kind for kind in get_args(Kind) if audits[audit_of(kind)] is not None]
        message = (
            f"claim {claim.name!r} is of kind {claim.kind}, for an audit of {wanted}, and none was given; "
            f"expected one of {', '.join(kinds) or 'no kind, as there is no audit'}"
        )
        raise ArgumentError(message)
    if audit.confidence < confidence:
        message = f"the policy asks for intervals of confidence {confidence:g}; the audit has {audit.confidence:g}"
        raise ArgumentError(message)
    return audit


def _observe(claim: Claim, audit: Audit) -> tuple[Observation, ...]:
    try:
        return observe(claim, audit)
    except ArgumentError as problem:
        message = f"claim {claim.name!r}: {problem}"
        raise ArgumentError(message) from problem


def _claim_verdict(claim: Claim, findings: Sequence[Finding], aside: Sequence[str], least: Least) -> ClaimVerdict:
    verdict = worst(tuple(finding.verdict for finding in findings))
    deciding = [finding for finding in findings if finding.verdict == verdict]
    # A pass is told by the number that comes closest to the limit, a failure by the one that is farthest beyond it.
    sign = 1 if claim.limit.direction == "at_most" else -1
    told = max(deciding, key=lambda finding: -math.inf if math.isnan(finding.value) else sign * finding.value)
    away = f" (set aside, because a comparison takes {least}: {', '.join(aside)})" if aside else ""
    reason = told.reason
    if len(findings) > 1 or aside:
        many = "cells" if claim.kind == "cross_rate" else "groups"
        reason = f"{len(deciding)} of {len(findings)} {many}: {verdict}{away}. {reason}"
    return ClaimVerdict(claim, verdict, reason, tuple(findings))


def _notes(
    policy: Policy,
    tests: int,
    verification: VerificationAudit | None,
    classification: ClassificationAudit | None,
) -> list[str]:
    counted = "1 number" if tests == 1 else f"{tests:,} numbers"
    percent, passed = (f"{share:g} %" for share in (100 * policy.confidence, 50 + 50 * policy.confidence))
    if policy.holm:
        failing = (
            "a failure among many groups allows for their number (Holm): a claim that holds fails by chance in at most "
            f"{100 * (1 - policy.confidence):g} % of tables"
        )
    else:
        failing = (
            'failures are not corrected (correction = "none"): a single one among many groups may be chance, up to K '
            "times as often with K groups at the limit"
        )
    notes = [
        f"{counted} decided on the bounds of {percent} intervals; {failing}",
        f"a pass needs every group, and rests on one bound of each interval: it holds with {passed} confidence",
    ]
    if verification is not None and verification.fnmr_at_target is not None:
        told = verification.threshold
        notes.append(
            f"rates are decided at this threshold, which was {told.choice} and is held fixed; FNMR at FMR = "
            f"{told.target_fmr:g} is known less well, and stands beside them in the report"
        )
    narrow = "count as independent, and intervals are too narrow if they are not"
    if verification is not None and verification.pairs_independent:
        notes.append(f"the table does not say who is in a pair: pairs {narrow}")
    if classification is not None and classification.rows_independent:
        notes.append(f"the table does not say who is in a row: rows {narrow}")
    return notes
