"""The judgement of a method's predictions as the report takes it; the audits that make it are another package."""

from __future__ import annotations

from dataclasses import dataclass

from facerec.reporting import Standing
from facerec.transfer.comparing import Method
from facerec.types import Interval


@dataclass(frozen=True)
class ErrorRate:
    """Wrong answers of a group, or of everybody.

    Attributes
    ----------
    group : str
        Its labels joined by commas; empty for everybody.
    wrong, answers : int
    value : float
        Wrong answers over answers; NaN without answers.
    interval : Interval
        95 %, knowing that the answers of several seeds to one photo belong together.
    """

    group: str
    wrong: int
    answers: int
    value: float
    interval: Interval


@dataclass(frozen=True)
class Judged:
    """One method as an audit sees it.

    Attributes
    ----------
    method : (str, str)
        Backbone and protocol.
    overall : ErrorRate
    groups : tuple of ErrorRate
        By race and gender, in the order of the names; the same groups for every method.
    standing : Standing
        Of the audit's finding.
    finding : str
        Whether error rates are shown to differ between groups, as prose of a report.
    """

    method: Method
    overall: ErrorRate
    groups: tuple[ErrorRate, ...]
    standing: Standing
    finding: str

    @property
    def measured(self) -> tuple[ErrorRate, ...]:
        """The groups with answers."""
        return tuple(each for each in self.groups if each.answers)
