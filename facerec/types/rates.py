"""Rates that keep their counts, and their intervals."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

from facerec.errors import ArgumentError
from facerec.types.plain import Value, plain


@dataclass(frozen=True)
class Interval(Value):
    """A two-sided interval: `low` ≤ the true value ≤ `high` with the stated `confidence`."""

    low: float
    high: float
    confidence: float = 0.95

    def __str__(self) -> str:
        return f"[{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class Rate(Value):
    """An error rate with its counts.

    Attributes
    ----------
    errors, trials : int
        How often the counted event happened, and out of how many; 0 ≤ errors ≤ trials.
    effective_trials : float, optional
        How many independent trials carry the same information, where trials share people
        (``facerec.measure.metrics.clustered_rate``); ``None``: the trials count as independent.
    """

    errors: int
    trials: int
    effective_trials: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.errors <= self.trials:
            message = f"a rate needs 0 <= errors <= trials; got {self.errors} of {self.trials}"
            raise ArgumentError(message)

    @property
    def value(self) -> float:
        """Errors over trials; NaN without trials, never 0."""
        return self.errors / self.trials if self.trials else math.nan

    def interval(self, confidence: float = 0.95) -> Interval:
        """Wilson's score interval, on the effective trials where trials share people.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, exclusive.

        Raises
        ------
        ArgumentError
            If `confidence` is out of range.

        Notes
        -----
        (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), with n the effective number of trials. Without trials both
        bounds are NaN.

        References
        ----------
        Wilson (1927), JASA 22:209. Effective n: Fogliato, Patil & Perona (2024), IJCV, arXiv:2306.01198.
        """
        if not 0 < confidence < 1:
            message = f"confidence must lie between 0 and 1; got {confidence}"
            raise ArgumentError(message)
        if not self.trials:
            return Interval(math.nan, math.nan, confidence)
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        n = self.trials if self.effective_trials is None else self.effective_trials
        p = self.value
        middle = p + z * z / (2 * n)
        spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale), confidence)

    def to_dict(self) -> dict[str, Any]:
        """Value, counts and the 95 % interval; null where there were no trials."""
        return plain({"value": self.value, **asdict(self), **asdict(self.interval())})

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.errors}/{self.trials}, 95 % {self.interval()})"
