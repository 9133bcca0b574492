"""A rate with its interval, and how much the errors that were seen can carry: what every audit is made of.

It is frozen and never without its counts. It stands in a module of its own because everything meets in it: the audits
make it, the policy judges it, the report prints it, and none of those needs to know how the other works.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from facerec.types import Interval, Rate

Method: TypeAlias = Literal["wilson", "clopper-pearson", "mover", "unmeasured", "withheld"]
"""How an interval of a rate was made, ``mover`` where it carries that the threshold was chosen; both bounds are NaN
where it is ``unmeasured``, because there were no trials, or ``withheld`` from a report that is passed on."""

Evidence: TypeAlias = Literal["unmeasured", "withheld", "none", "indicative", "reportable"]
"""How much the errors that were seen can carry: fewer than 3, fewer than 30 (Doddington's rule of 30), or more."""

_ABBREVIATED = ("fmr", "fnmr", "fpir", "fnir", "fta")
_WORDS = {
    "without_score": "comparisons without a score",
    "without_candidate": "searches without a candidate",
    "rank_one_errors": "rank-one errors",
}


def rate_words(rate: str) -> str:
    """What prose and tables call a rate.

    >>> [rate_words(name) for name in ("fmr", "without_score", "false_positive", "")]
    ['FMR', 'comparisons without a score', 'false positive', '']
    """
    return rate.upper() if rate in _ABBREVIATED else _WORDS.get(rate, rate.replace("_", " "))


@dataclass(frozen=True)
class Estimate:
    """A rate, the interval that respects who is in its trials, and how much evidence there is.

    Attributes
    ----------
    rate : Rate
        With errors, trials and effective trials.
    interval : Interval
        The primary interval; NaN on both ends without trials.
    method : {"wilson", "clopper-pearson", "mover", "unmeasured", "withheld"}
        How the interval was made; Clopper and Pearson's where every trial or none was an error. Of a rate that is
        withheld the counts are gone too, and stand as 0.
    rule_of_three : float
        With no error in n effective trials the rate is below this with 95 % confidence, 1 − 0.05^(1/n) ≈ 3/n; NaN
        where errors were seen or nothing was measured.
    people : int or None
        How many different people are behind the trials, on either side; None where nobody knows.
    """

    rate: Rate
    interval: Interval
    method: Method
    rule_of_three: float = math.nan
    people: int | None = None

    @property
    def value(self) -> float:
        """Errors over trials; NaN without trials, never 0."""
        return self.rate.value

    @property
    def errors(self) -> int:
        """How often the error was seen."""
        return self.rate.errors

    @property
    def trials(self) -> int:
        """Out of how many comparisons or predictions."""
        return self.rate.trials

    @property
    def effective_trials(self) -> float:
        """How many independent trials carry the same information, given how few people their variance rests on."""
        return float(self.rate.trials) if self.rate.effective_trials is None else self.rate.effective_trials

    @property
    def design_effect(self) -> float:
        """Trials over effective trials; NaN without trials."""
        return self.trials / self.effective_trials if self.trials else math.nan

    @property
    def measured(self) -> bool:
        """Whether there was a single trial."""
        return self.trials > 0

    @property
    def withheld(self) -> bool:
        """Whether it was measured, but is not told."""
        return self.method == "withheld"

    @property
    def evidence(self) -> Evidence:
        """What the number of errors can carry, by Doddington's rule of 30."""
        if self.withheld:
            return "withheld"
        if not self.measured:
            return "unmeasured"
        if self.errors < 3:
            return "none"
        return "indicative" if self.errors < 30 else "reportable"
