"""Rates that keep their counts, their intervals, and the impostor tail.

A cosine of 0.95 says nothing to people; "1 in 12,000 strangers of this data set scores this high or higher" does.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import asdict, dataclass
from itertools import pairwise
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
        """Wilson's score interval, on the effective trials where trials share people; NaN without trials.

        Raises
        ------
        ArgumentError
            If `confidence` does not lie between 0 and 1, exclusive.

        Notes
        -----
        (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), with n the effective number of trials.

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


@dataclass(frozen=True)
class ImpostorTail(Value):
    """How often non-mated comparisons reach a score, at some scores.

    Attributes
    ----------
    scores : tuple of float
        Strictly falling.
    errors : tuple of int
        How many non-mated comparisons have this score or a higher one; strictly rising, 1 at least.
    effective_trials : tuple of float
        Per score, how many independent comparisons carry the same information.
    trials : int
        Non-mated comparisons in all.

    Raises
    ------
    ArgumentError
        If the three differ in length, are empty, or are not ordered so.
    """

    scores: tuple[float, ...]
    errors: tuple[int, ...]
    effective_trials: tuple[float, ...]
    trials: int

    def __post_init__(self) -> None:
        ordered = all(a > b for a, b in pairwise(self.scores)) and all(a < b for a, b in pairwise(self.errors))
        lengths = {len(self.scores), len(self.errors), len(self.effective_trials)}
        if not ordered or len(lengths) > 1 or not 1 <= min(self.errors, default=0) <= self.errors[-1] <= self.trials:
            message = "an impostor tail needs falling scores with rising counts, from 1 to the number of its trials"
            raise ArgumentError(message)

    def at(self, score: float) -> Rate:
        """How many strangers score `score` or higher; between two known scores the larger number, and never too few.

        Examples
        --------
        >>> tail = ImpostorTail((0.9, 0.5), (1, 10), (100.0, 80.0), 100)
        >>> [tail.at(score).errors for score in (0.95, 0.9, 0.7, 0.5)]
        [0, 1, 10, 10]
        """
        score = float(score)  # NumPy would round the scores below to a float32's precision
        if score > self.scores[0]:
            return Rate(0, self.trials, self.effective_trials[0])
        place = min(bisect_left([-known for known in self.scores], -score), len(self.scores) - 1)
        return Rate(self.errors[place], self.trials, self.effective_trials[place])
