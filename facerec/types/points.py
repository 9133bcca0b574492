"""The operating point: a threshold, and all that it rests on: rates that keep their counts, and the impostor tail.

A cosine of 0.95 says nothing to people; "1 in 12,000 strangers of this data set scores this high or higher" does.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any, ClassVar

from facerec.errors import ArgumentError
from facerec.types.matcher import Matcher
from facerec.types.plain import Value, checked, plain
from facerec.visible_text import hidden_character, quoted, shortened


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
        if self.effective_trials is not None and not 0 < self.effective_trials <= self.trials * (1 + 1e-9):
            message = f"effective trials lie above 0 and at or below the trials; got {self.effective_trials}"
            raise ArgumentError(message)

    @property
    def value(self) -> float:
        """Errors over trials; NaN without trials, never 0."""
        return self.errors / self.trials if self.trials else math.nan

    def interval(self, confidence: float = 0.95) -> Interval:
        """Where the rate lies, on the effective trials where trials share people; NaN without trials.

        Wilson's score interval; Clopper and Pearson's where no trial or every trial was an error.

        Raises
        ------
        ArgumentError
            If `confidence` does not lie between 0 and 1, exclusive.

        Notes
        -----
        (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), with n the effective number of trials; without errors
        [0, 1 − (α/2)^(1/n)], and mirrored with nothing else.

        References
        ----------
        Wilson (1927), JASA 22:209. Clopper & Pearson (1934), Biometrika 26:404. Effective n: Fogliato, Patil & Perona
        (2024), IJCV, arXiv:2306.01198.
        """
        if not 0 < confidence < 1:
            message = f"confidence must lie between 0 and 1; got {confidence}"
            raise ArgumentError(message)
        if not self.trials:
            return Interval(math.nan, math.nan, confidence)
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        n = self.trials if self.effective_trials is None else self.effective_trials
        if self.errors in (0, self.trials):
            rest = ((1 - confidence) / 2) ** (1 / n)
            return Interval(0.0, 1 - rest, confidence) if self.errors == 0 else Interval(rest, 1.0, confidence)
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

    def score_of(self, share: float) -> float:
        """The lowest known score that no larger `share` of strangers, 0 … 1, reaches; above all of them if need be.

        Examples
        --------
        >>> tail = ImpostorTail((0.9, 0.5), (1, 10), (100.0, 80.0), 100)
        >>> [tail.score_of(share) for share in (0.1, 0.09, 0.001)]
        [0.5, 0.9, 0.9000000000000001]
        """
        few = bisect_right(self.errors, share * self.trials * (1 + 1e-12))
        return self.scores[few - 1] if few else math.nextafter(self.scores[0], math.inf)


@dataclass(frozen=True)
class ExpectedRate(Value):
    """A rate that follows from measured ones: its value, and where the 95 % interval of those puts it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class OperatingPoint(Value):
    """A threshold, bound to what it was measured with and on.

    Attributes
    ----------
    threshold : float
        Accept iff similarity ≥ threshold; -1 … 1.
    target_fmr : float
        The false match rate that was asked for, between 0 and 1.
    fmr, fnmr : Rate
        What the threshold reached on the calibration data, with counts.
    data_set : str
        Name of the calibration data and, in words, its mix of impostors.
    matcher : Matcher
        What made the scores.
    asserted_by : str
        Who says that this matcher made them, where the scores themselves did not; else empty.
    refused : Rate, optional
        How many faces of the calibration data the matcher's gate refused, out of how many.
    tail : ImpostorTail, optional
        How many strangers reach which score.

    Raises
    ------
    ArgumentError
        If the threshold or the target is out of range.
        If `data_set` or `asserted_by` holds a line break or another character that nobody sees.
        If the measured FMR contradicts its target (lies above it, or far below what so many trials would show).
    """

    threshold: float
    target_fmr: float
    fmr: Rate
    fnmr: Rate
    data_set: str
    matcher: Matcher
    asserted_by: str = ""
    refused: Rate | None = None
    tail: ImpostorTail | None = None

    hidden: ClassVar[frozenset[str]] = frozenset({"tail"})
    derived: ClassVar[tuple[str, ...]] = ("is_indicative",)

    def __post_init__(self) -> None:
        if not -1 <= self.threshold <= 1 or not 0 < self.target_fmr < 1:
            message = (
                f"an operating point needs a threshold from -1 to 1 and a target FMR between 0 and 1; got "
                f"{self.threshold} and {self.target_fmr}"
            )
            raise ArgumentError(message)
        object.__setattr__(self, "threshold", float(self.threshold))  # of a float32 the exact value decides
        for name in ("data_set", "asserted_by"):
            if (hidden := hidden_character(text := checked(str, name, getattr(self, name)))) is not None:
                message = f"{name} must be one line of visible text; {quoted(text)} holds {hidden!a}"
                raise ArgumentError(message)
        expected = self.target_fmr * self.fmr.trials
        if self.fmr.errors > expected * (1 + 1e-9) or (expected >= 30 and self.fmr.errors < expected / 10):
            message = (
                f"the counts contradict the target: at FMR {self.target_fmr:g}, {self.fmr.trials:,} non-mated "
                f"comparisons have at most {math.floor(expected):,} false matches and not many fewer; there are "
                f"{self.fmr.errors:,}"
            )
            raise ArgumentError(message)

    def __repr__(self) -> str:
        return f"<operating point: {shortened(self.name)}, threshold {self.threshold:.4f}, {self.matcher.embedder}>"

    def accepts(self, score: float) -> bool:
        """True iff `score` ≥ threshold; a NaN score (none) is never accepted."""
        return float(score) >= self.threshold  # NumPy would round the threshold to a float32 score's precision

    @property
    def name(self) -> str:
        """For example ``FMR 0.001 on LFW``."""
        return f"FMR {self.target_fmr:g} on {self.data_set}"

    @property
    def is_indicative(self) -> bool:
        """True where it rests on fewer than 30 expected false matches, too few to rely on its FMR.

        Thirty errors put the true rate within ±30 % of the observed one at 90 % confidence, if trials are independent.
        Rule of 30: Doddington et al. (2000), Speech Communication 31:225.
        """
        return self.target_fmr * self.fmr.trials < 30 - 1e-9

    def strangers(self, score: float) -> Rate | None:
        """How many strangers of the calibration data score this high or higher; ``None`` without a tail."""
        return None if self.tail is None or math.isnan(score) else self.tail.at(score)

    def strangers_in_words(self, score: float) -> str:
        """For example ``1 in 12,000 strangers of LFW scores this high or higher (95 %: 1 in 9,000 … 1 in 16,000)``."""
        rate = self.strangers(score)
        if rate is None:
            return "how many strangers score this high was not measured with this operating point"
        interval = rate.interval()
        if rate.errors == 0:
            return (
                f"none of {rate.trials:,} comparisons of strangers of {self.data_set} scores this high (95 %: fewer "
                f"than {_one_in(interval.high)})"
            )
        if rate.value > 0.5:
            return f"more than half of the strangers of {self.data_set} score this high or higher"
        return (
            f"{_one_in(rate.value)} strangers of {self.data_set} scores this high or higher (95 %: "
            f"{_one_in(interval.high)} … {_one_in(interval.low)})"
        )

    def score_of_fpir(self, fpir: float, comparisons: int) -> float | None:
        """The score, no lower than the threshold, with which a search among `comparisons` ≥ 1 samples has this FPIR.

        Strangers find somebody enrolled by it in a share `fpir` of searches at most, by the measured `tail`; ``None``
        without one. As `expected_fpir`, solved for the score.
        """
        if self.tail is None:
            return None
        return max(self.threshold, self.tail.score_of(-math.expm1(math.log1p(-fpir) / comparisons)))

    def expected_fpir(self, comparisons: int) -> ExpectedRate:
        """The share of strangers that are accepted by one of so many `comparisons` at most: in a search, or a claim.

        1 − (1 − FMR)^n with the measured FMR, where n are the samples that a face is compared with. That is exact for n
        independent comparisons, and the larger value for those of one face with several photos, which tend to err
        together (``tests/gallery/test_comparisons.py``). It is of people as a whole: some are taken for others more
        often.
        """
        measured = self.fmr.interval() if self.fmr.trials else Interval(math.nan, math.nan)
        rates = (self.fmr.value, measured.low, measured.high)
        return ExpectedRate(*(-math.expm1(comparisons * math.log1p(-rate)) if rate < 1 else rate for rate in rates))


def _one_in(rate: float) -> str:
    return f"1 in {float(f'{1 / rate:.2g}'):,.0f}"
