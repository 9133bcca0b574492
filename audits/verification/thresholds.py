"""The one threshold that decides for every group, and how it was chosen.

A threshold of one's own for each group would hide what an audit is to show, and treat people by their group. So there
is one: given, or the lowest score that keeps FMR over all impostor pairs at or below a target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.choice import HELD, RankedScores, Reach, ranked_range, threshold_range
from audits.statistics.estimates import Estimate
from audits.statistics.intervals import CONFIDENCE
from audits.statistics.trials import Trials
from facerec.errors import ArgumentError, ModelMismatchError
from facerec.measure.metrics import ThresholdRule, fmr, threshold_at_fmr
from facerec.measure.tables import stamp_of
from facerec.measure.tables.completed import Completed, complete, refuse_off_scale
from facerec.points import notes_on
from facerec.types import OperatingPoint, Rate


@dataclass(frozen=True)
class Threshold:
    """The one threshold that decides for every group.

    Attributes
    ----------
    value : float
        Accept iff score ≥ value. Where the table holds distances, this is the negated distance; see `shown`.
    rule : str
        In words, how it was chosen.
    target_fmr : float or None
        The false match rate that was asked for; None for a given threshold.
    achieved_fmr : Rate
        What it reaches over all impostor pairs of the audited table.
    calibration_fmr : Rate or None
        What it reaches on the table that it was chosen on, where that is another table.
    distance : bool
        Whether the table holds distances, so that smaller is more alike.
    low, high : float
        Between which the threshold lies that has the target FMR among all such people, with the confidence of the
        audit; infinite where the table does not bound it (``audits.statistics.choice``). As `value`, larger = more
        alike. NaN for a given threshold.
    """

    value: float
    rule: str
    target_fmr: float | None
    achieved_fmr: Rate
    calibration_fmr: Rate | None = None
    distance: bool = False
    low: float = math.nan
    high: float = math.nan

    @property
    def choice(self) -> Choice:
        """Whether it is held fixed, or where it was chosen: what stands beside a verdict that rests on it."""
        if self.target_fmr is None:
            return "held fixed"
        return "chosen on this table" if self.calibration_fmr is None else "chosen on a calibration table"

    def ranged(self, impostor: NDArray[np.float64], found: Estimate) -> Threshold:
        """The same with its range, if these impostor scores chose it, whose FMR was `found`; else as it is."""
        if self.choice != "chosen on this table" or self.target_fmr is None:
            return self
        low, high = _range(self.value, self.target_fmr, impostor, found)
        return replace(self, low=low, high=high)

    def ranged_by(self, impostor: RankedScores, found: Estimate) -> Threshold:
        """As `ranged`, of scores in their order; of bins, by their lowest, the range reaches to the end of one."""
        if self.choice != "chosen on this table" or self.target_fmr is None:
            return self
        confidence = found.interval.confidence
        ends = ranked_range(impostor, found.trials, self.target_fmr, found.effective_trials, confidence=confidence)
        return replace(self, low=min(ends[0], self.value), high=max(ends[1], self.value))

    def reach(self, scores: NDArray[np.float64], *, genuine: bool) -> Reach:
        """How far the error rate of comparisons with these scores moves within the threshold's range.

        FMR does not move with a threshold that was chosen on its own table: more false matches raise the threshold,
        which takes them away again, so that its interval is too wide if anything.
        """
        if not len(scores):
            return HELD
        return self.reach_of(lambda end: float(np.mean(scores >= end)), genuine=genuine)

    def reach_of(self, share: Callable[[float], float], *, genuine: bool) -> Reach:
        """As `reach`, of comparisons of which a threshold accepts a `share`, 0 … 1."""
        if math.isnan(self.low) or not (genuine or self.calibration_fmr is not None):
            return HELD
        accepted = (share(end) for end in (self.value, self.low, self.high))
        return Reach.of(*(1 - share if genuine else share for share in accepted))

    @property
    def shown(self) -> float:
        """The threshold on the table's own scale: a distance where the table holds distances."""
        return 0.0 - self.value if self.distance else self.value


@dataclass(frozen=True, eq=False)
class AtFmr:
    """The lowest score whose empirical FMR is at or below a target.

    Attributes
    ----------
    target_fmr : float
        Between 0 and 1, exclusive.
    calibration : DataFrame, optional
        A score table of other people to choose the threshold on, on the same scale as the audited one; None: it is
        chosen on the audited table itself, which flatters a little.
    rule : {"observed", "lowest"}
        As of ``facerec.measure.metrics.threshold_at_fmr``: an impostor score, or just above the highest one refused.
    """

    target_fmr: float
    calibration: pd.DataFrame | None = None
    rule: ThresholdRule = "observed"

    def __post_init__(self) -> None:
        if not 0 < self.target_fmr < 1:
            message = f"a target FMR must lie between 0 and 1; got {self.target_fmr}"
            raise ArgumentError(message)


Choice: TypeAlias = Literal["held fixed", "chosen on this table", "chosen on a calibration table"]
"""How a threshold stands beside a verdict: a chosen one makes the verdict's interval wider."""

At: TypeAlias = float | OperatingPoint | AtFmr
"""A threshold on the table's own scale, an operating point of this project, or a target."""


def choose_threshold(
    at: At, impostor: NDArray[np.float64], *, distance: bool, confidence: float = CONFIDENCE
) -> Threshold:
    """The threshold for a score table.

    Parameters
    ----------
    at : float, OperatingPoint or AtFmr
        A float is on the table's own scale: a distance where the table holds distances.
    impostor : ndarray, float64, shape (n,)
        The audited table's impostor scores, larger = more alike; NaN where there is none.
    distance : bool
        Whether the table holds distances, negated in `impostor`.
    confidence : float
        Of the range of one that is chosen on a calibration table.

    Returns
    -------
    Threshold
        Without its range where it is chosen on the audited table: `Threshold.ranged` adds it, once FMR is estimated.

    Raises
    ------
    ArgumentError
        If a given threshold is NaN.
        If an operating point, which is a similarity, is to decide about distances.
        If no impostor pair of the table that is to choose has a score.
    ScoreTableError
        If the calibration table is not a score table.

    Notes
    -----
    t = min {s_i : #{s ≥ s_i} / n ≤ f} over impostor scores; equal scores stay together. If even the highest score is
    too frequent, the next number above it, at which nothing of the table is accepted.
    """
    _refuse_distances(at, distance=distance)
    if isinstance(at, AtFmr):
        return _at_target(at, impostor, distance=distance, confidence=confidence)
    if isinstance(at, OperatingPoint):
        value, rule = at.threshold, f"operating point {at.name}"
    else:
        value, rule = (-at if distance else at), "given"
    return Threshold(value, rule, None, fmr(impostor, value), distance=distance)


def _refuse_distances(at: At, *, distance: bool) -> None:
    if distance and isinstance(at, OperatingPoint):
        message = f"the operating point {at.name} is a cosine similarity, but the table holds distances"
        raise ArgumentError(message)


def _at_target(at: AtFmr, impostor: NDArray[np.float64], *, distance: bool, confidence: float) -> Threshold:
    rule = rule_words(at, distance=distance)
    if at.calibration is None:
        value = threshold_at_fmr(impostor, at.target_fmr, rule=at.rule)
        return Threshold(value, rule, at.target_fmr, fmr(impostor, value), distance=distance)
    completed = complete(at.calibration)
    others, trials = impostor_trials(completed, distance=distance)
    value = threshold_at_fmr(others, at.target_fmr, rule=at.rule)
    found = trials(value).estimate(confidence=confidence)
    ends = _range(value, at.target_fmr, others, found)
    return Threshold(value, rule, at.target_fmr, fmr(impostor, value), fmr(others, value), distance, *ends)


def rule_words(at: AtFmr, *, distance: bool) -> str:
    """How a target chooses, in words."""
    where = "this table" if at.calibration is None else "a calibration table"
    words = (
        ("smallest score", "largest distance") if at.rule == "observed" else ("lowest threshold", "highest threshold")
    )
    return f"{words[distance]} with FMR ≤ {at.target_fmr:g} over all impostor pairs of {where}"


def impostor_trials(completed: Completed, *, distance: bool) -> tuple[NDArray[np.float64], Callable[[float], Trials]]:
    """The impostor scores of a table, larger = more alike, and their false matches at any threshold."""
    rows = np.flatnonzero(~completed.table["genuine"].to_numpy(bool))
    scores = completed.similarities(distance=distance, accept_reversed=True)[rows]
    people = completed.people()
    sides = None if people is None else (people[0][rows], people[1][rows])
    return scores, lambda threshold: Trials(scores >= threshold, sides)


def _range(value: float, target: float, impostor: NDArray[np.float64], found: Estimate) -> tuple[float, float]:
    low, high = threshold_range(impostor, target, found.effective_trials, confidence=found.interval.confidence)
    return min(low, value), max(high, value)


def point_notes(at: At, scores: pd.DataFrame, *, distance: bool = False) -> tuple[str, ...]:
    """What a reader must know where an operating point or a calibration table decides about a table.

    Raises
    ------
    ArgumentError
        If the table holds distances; a point is a similarity.
    ModelMismatchError
        If another matcher made the table than the point or the calibration table, by
        ``facerec.types.matcher.RULES``.
    """
    _refuse_distances(at, distance=distance)
    if isinstance(at, OperatingPoint):
        return notes_on(at, stamp_of(scores))
    return _calibration_notes(at.calibration, scores) if isinstance(at, AtFmr) and at.calibration is not None else ()


def _calibration_notes(calibration: pd.DataFrame, scores: pd.DataFrame) -> tuple[str, ...]:
    theirs, ours = stamp_of(calibration), stamp_of(scores)
    if theirs is None and ours is None:
        return ()  # of any vendor: who brings both tables answers for both
    if theirs is None or ours is None:
        stamped, bare = ("audited", "calibration") if theirs is None else ("calibration", "audited")
        told = f"the {stamped} table carries the stamp of a matcher and the {bare} one does not"
        return (f"nothing ties the calibration table to the audited one: {told}",)
    differences = ours.differences(theirs)
    if differences.refused:
        message = (
            f"the calibration table was made by {theirs.embedder} and chooses no threshold for scores of "
            f"{ours.embedder}: {'; '.join(differences.refused)}. Score the calibration photos with the audited matcher"
        )
        raise ModelMismatchError(message)
    return tuple(f"the calibration table was made with another {difference}" for difference in differences.noted)


def reach_notes(threshold: Threshold, scores: NDArray[np.float64]) -> list[str]:
    """What a reader must know of a threshold that the scores hardly support; `ArgumentError` if it is off their scale.

    Parameters
    ----------
    threshold : Threshold
    scores : ndarray, float64, shape (n,)
        All scores of the audited table, larger = more alike.

    Returns
    -------
    list of str
    """
    if threshold.target_fmr is None:
        refuse_off_scale(threshold.value, scores, distance=threshold.distance)
    notes = []
    measured_on = threshold.calibration_fmr or threshold.achieved_fmr
    target = threshold.target_fmr
    if target is not None and target * measured_on.trials < 1:
        notes.append(
            f"{measured_on.trials} impostor pairs cannot show an FMR of {target:g}: not a single false match may occur "
            f"among them, and {math.ceil(3 / target)} would be needed to claim as much"
        )
    elif target is not None and measured_on.errors and math.isinf(threshold.high):
        notes.append(
            f"the impostor pairs do not bound the threshold at FMR {target:g} from above, so FNMR there is not bounded "
            f"either: with {measured_on.errors} false matches the highest score may be too low a threshold; about 4 in "
            "independent pairs are needed"
        )
    seen = scores[~np.isnan(scores)]
    if target is not None and measured_on.trials and not measured_on.errors and target * measured_on.trials >= 1:
        notes.append(
            f"no score can be a threshold with an FMR of at most {target:g}: more impostor pairs than that share the "
            "highest score among them"
        )
    if len(seen) and threshold.value > seen.max():
        notes.append("the threshold is beyond every score of the table: nothing is accepted")
    elif len(seen) and threshold.value <= seen.min():
        notes.append("every score of the table reaches the threshold: nothing but what has no score is rejected")
    return notes
