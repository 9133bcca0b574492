"""The numbers that a claim rests on, with their intervals, and whom each of them rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audits.gate.claims import Claim
from audits.statistics.estimates import Estimate
from facerec.reporting import write_number
from facerec.types import Interval


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
    judged : bool
        False where a group is too small for the audit to compare it (``audits.statistics.families``), but large enough
        by another rate to be one that the claim is about.
    """

    group: str
    trials: int
    subjects: int | None = None
    expected_errors: float | None = None
    judged: bool = True

    @property
    def known(self) -> bool:
        """Whether there is anything to decide by."""
        return self.trials > 0 and self.judged


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
        Of the two groups that break the limit most surely, with all pairs of groups allowed for; None where no number
        was picked among several.
    strict_pair : str
        Which two these are.
    picked : bool
        Whether a failure has to show in `strict`; otherwise it is shown by either interval.
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
    strict_pair: str = ""
    picked: bool = False
    ratio: bool = False
    note: str = ""


def missing(claim: Claim, footing: Footing) -> list[str]:
    """What a group lacks of the minimum that a claim asks for."""
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
