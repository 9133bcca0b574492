"""What is decided about faces, and the evidence that goes with every decision.

A rate keeps its counts, a threshold keeps where it was measured, a decision keeps the threshold: nothing here can
be quoted without what it rests on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError

Decision: TypeAlias = Literal["match", "no match", "undecided"]
"""``undecided``: a face is below the quality gate, so the score does not carry the operating point's error rates."""


@dataclass(frozen=True)
class Interval:
    """A two-sided interval: `low` ≤ the true value ≤ `high` with the stated `confidence`."""

    low: float
    high: float
    confidence: float = 0.95

    def __str__(self) -> str:
        return f"[{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class Rate:
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
        z = _normal_quantile(confidence)
        n = self.trials if self.effective_trials is None else self.effective_trials
        p = self.value
        middle = p + z * z / (2 * n)
        spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale), confidence)

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.errors}/{self.trials}, 95 % {self.interval()})"


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, bound to what it was measured with and on.

    Attributes
    ----------
    threshold : float
        Accept iff cosine similarity ≥ threshold.
    target_fmr : float
        The false match rate that was asked for.
    fmr, fnmr : Rate
        What the threshold reached on the calibration data, with counts.
    data_set : str
        Name of the calibration data and, in words, its mix of impostors.
    detector, alignment, embedder : str
        Names of the stages that made the scores.
    embedder_digest : str
        SHA-256 digest of the embedder; a point is refused for vectors of another.
    """

    threshold: float
    target_fmr: float
    fmr: Rate
    fnmr: Rate
    data_set: str
    detector: str
    alignment: str
    embedder: str
    embedder_digest: str

    def accepts(self, score: float) -> bool:
        """True iff `score` ≥ threshold; a NaN score (failure to acquire) is never accepted."""
        return score >= self.threshold

    @property
    def name(self) -> str:
        """For example ``FMR 0.001 on LFW``."""
        return f"FMR {self.target_fmr:g} on {self.data_set}"


@dataclass(frozen=True)
class Verification:
    """The outcome of comparing two faces.

    Attributes
    ----------
    decision : {"match", "no match", "undecided"}
        ``undecided`` if a face is below the quality gate, whatever the score.
    score : float
        Cosine similarity, -1 … 1.
    operating_point : OperatingPoint
        The threshold that decided, and what it was measured on.
    problems : tuple of str
        Why the quality gate held a face back; empty if it did not.
    notes : tuple of str
        What a reader must know besides: that the shipped point was used, that one of several faces was chosen.
    """

    decision: Decision
    score: float
    operating_point: OperatingPoint
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def match(self) -> bool | None:
        """True, False, or None if undecided."""
        return None if self.decision == "undecided" else self.decision == "match"

    def __str__(self) -> str:
        point = self.operating_point
        relation = ">=" if point.accepts(self.score) else "<"
        lines = [f"{self.decision}: score {self.score:.4f} {relation} threshold {point.threshold:.4f} ({point.name})"]
        return "\n  ".join([*lines, *self.problems, *self.notes])


@dataclass(frozen=True)
class Candidate:
    """A person of the gallery, and how alike the probe is to the most alike of that person's samples.

    Attributes
    ----------
    name : str
    score : float
        Cosine similarity, -1 … 1.
    """

    name: str
    score: float


@dataclass(frozen=True, eq=False)
class Identification:
    """Who one face of a photo is, or nobody.

    Attributes
    ----------
    decision : {"match", "no match", "undecided"}
        ``no match``: nobody in the gallery reaches the threshold (open set).
    name : str or None
        The most alike person if the decision is ``match``, else ``None``.
    score : float
        Similarity to the most alike person; NaN in an empty gallery.
    box : ndarray, float32, shape (4,)
        Where the face is, in pixels of the photo.
    candidates : tuple of Candidate
        The most alike people, best first, whether or not they reach the threshold.
    operating_point : OperatingPoint
        The threshold that decided.
    problems : tuple of str
        Why the quality gate held the face back; empty if it did not.
    """

    decision: Decision
    name: str | None
    score: float
    box: NDArray[np.float32]
    candidates: tuple[Candidate, ...]
    operating_point: OperatingPoint
    problems: tuple[str, ...] = ()


@cache
def _normal_quantile(confidence: float) -> float:
    """How many standard deviations to either side hold that much of a normal distribution."""
    from scipy.stats import norm  # scipy takes a third of a second to import; most users of Rate never ask

    return float(norm.ppf(0.5 + confidence / 2))
