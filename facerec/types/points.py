"""The operating point: a threshold, and all that it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from facerec.errors import ArgumentError
from facerec.types.matcher import Matcher
from facerec.types.plain import Value
from facerec.types.rates import ImpostorTail, Interval, Rate


@dataclass(frozen=True)
class ExpectedRate(Value):
    """A rate that follows from measured ones: its value, and where the 95 % interval of those puts it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
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
        expected = self.target_fmr * self.fmr.trials
        if self.fmr.errors > expected * (1 + 1e-9) or (expected >= 30 and self.fmr.errors < expected / 10):
            message = (
                f"the counts contradict the target: at FMR {self.target_fmr:g}, {self.fmr.trials:,} non-mated "
                f"comparisons have at most {math.floor(expected):,} false matches and not many fewer; there are "
                f"{self.fmr.errors:,}"
            )
            raise ArgumentError(message)

    def accepts(self, score: float) -> bool:
        """True iff `score` ≥ threshold; a NaN score (failure to acquire) is never accepted."""
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

    def expected_fpir(self, comparisons: int) -> ExpectedRate:
        """How many strangers a search among `comparisons` samples takes for somebody enrolled.

        1 − (1 − FMR)^n with the measured FMR: each sample is one comparison, taken as independent of the others.
        """
        measured = self.fmr.interval() if self.fmr.trials else Interval(math.nan, math.nan)
        rates = (self.fmr.value, measured.low, measured.high)
        return ExpectedRate(*(-math.expm1(comparisons * math.log1p(-rate)) if rate < 1 else rate for rate in rates))


def _one_in(rate: float) -> str:
    return f"1 in {float(f'{1 / rate:.2g}'):,.0f}"
