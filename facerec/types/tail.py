"""The impostor tail: how many strangers of the calibration data score this high or higher.

A cosine of 0.95 says nothing to people; "1 in 12,000 strangers of this data set scores this high" does.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from facerec.errors import ArgumentError
from facerec.types.plain import Value
from facerec.types.rates import Rate


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
        if (
            not ordered
            or len(lengths) > 1
            or not self.errors
            or not 1 <= self.errors[0] <= self.errors[-1] <= self.trials
        ):
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
