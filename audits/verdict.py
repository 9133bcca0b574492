"""Pass, fail or insufficient evidence: what an audit says about the claims of a policy.

A claim is decided on the bounds of an interval, never on the measured value: it passes if the whole interval keeps the
limit, fails if the whole of it breaks the limit, and otherwise the audit was too small to tell. What was not measured
never passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audits.claims import Claim, Policy
from audits.paired import Verdict
from facerec.reporting import Standing
from facerec.types import Interval

EXIT_STATUS: Mapping[Verdict, int] = {"pass": 0, "fail": 1, "insufficient evidence": 3}
"""What a gate ends with; 2 is an error."""

STANDING: Mapping[Verdict, Standing] = {"pass": "pass", "fail": "fail", "insufficient evidence": "insufficient"}
"""How a report shows a verdict."""


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
    """

    policy: Policy
    claims: tuple[ClaimVerdict, ...]
    notes: tuple[str, ...]

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
