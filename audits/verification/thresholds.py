"""The one threshold that decides for every group, and how it was chosen.

A threshold of one's own for each group would hide what an audit is to show, and treat people by their group. So there
is one: given, or the lowest score that keeps FMR over all impostor pairs at or below a target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics import fmr, threshold_at_fmr
from facerec.measure.tables import stamp_of
from facerec.measure.tables.vendor import complete
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
    """

    value: float
    rule: str
    target_fmr: float | None
    achieved_fmr: Rate
    calibration_fmr: Rate | None = None
    distance: bool = False

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
    """

    target_fmr: float
    calibration: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if not 0 < self.target_fmr < 1:
            message = f"a target FMR must lie between 0 and 1; got {self.target_fmr}"
            raise ArgumentError(message)


At: TypeAlias = float | OperatingPoint | AtFmr
"""A threshold on the table's own scale, an operating point of this project, or a target."""


def choose_threshold(at: At, impostor: NDArray[np.float64], *, distance: bool) -> Threshold:
    """The threshold for a score table.

    Parameters
    ----------
    at : float, OperatingPoint or AtFmr
        A float is on the table's own scale: a distance where the table holds distances.
    impostor : ndarray, float64, shape (n,)
        The audited table's impostor scores, larger = more alike; NaN for a failure to acquire.
    distance : bool
        Whether the table holds distances, negated in `impostor`.

    Returns
    -------
    Threshold

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
        return _at_target(at, impostor, distance=distance)
    if isinstance(at, OperatingPoint):
        value, rule = at.threshold, f"operating point {at.name}"
    else:
        value, rule = (-at if distance else at), "given"
    return Threshold(value, rule, None, fmr(impostor, value), distance=distance)


def _refuse_distances(at: At, *, distance: bool) -> None:
    if distance and isinstance(at, OperatingPoint):
        message = f"the operating point {at.name} is a cosine similarity, but the table holds distances"
        raise ArgumentError(message)


def _at_target(at: AtFmr, impostor: NDArray[np.float64], *, distance: bool) -> Threshold:
    where = "this table" if at.calibration is None else "a calibration table"
    word = "largest distance" if distance else "smallest score"
    rule = f"{word} with FMR ≤ {at.target_fmr:g} over all impostor pairs of {where}"
    if at.calibration is None:
        value = threshold_at_fmr(impostor, at.target_fmr)
        return Threshold(value, rule, at.target_fmr, fmr(impostor, value), distance=distance)
    others = complete(at.calibration)
    impostors = others.similarities(distance=distance, accept_reversed=True)[~others.table["genuine"].to_numpy(bool)]
    value = threshold_at_fmr(impostors, at.target_fmr)
    return Threshold(value, rule, at.target_fmr, fmr(impostor, value), fmr(impostors, value), distance)


def point_notes(at: At, scores: pd.DataFrame, *, distance: bool = False) -> tuple[str, ...]:
    """What a reader must know where an operating point decides about a table; nothing for any other threshold.

    Raises
    ------
    ArgumentError
        If the table holds distances; a point is a similarity.
    ModelMismatchError
        If another matcher made the table than the point was measured with, by ``facerec.points.notes_on``.
    """
    _refuse_distances(at, distance=distance)
    return notes_on(at, stamp_of(scores)) if isinstance(at, OperatingPoint) else ()


def reach_notes(threshold: Threshold, scores: NDArray[np.float64]) -> list[str]:
    """What a reader must know of a threshold that the scores hardly support.

    Parameters
    ----------
    threshold : Threshold
    scores : ndarray, float64, shape (n,)
        All scores of the audited table, larger = more alike.

    Returns
    -------
    list of str
    """
    notes = []
    measured_on = threshold.calibration_fmr or threshold.achieved_fmr
    target = threshold.target_fmr
    if target is not None and target * measured_on.trials < 1:
        notes.append(
            f"{measured_on.trials} impostor pairs cannot show an FMR of {target:g}: not a single false match may occur "
            f"among them, and {math.ceil(3 / target)} would be needed to claim as much"
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
        notes.append("every score of the table reaches the threshold: nothing but failures to acquire is rejected")
    return notes
