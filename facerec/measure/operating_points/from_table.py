"""Operating points from score tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, CalibrationError
from facerec.measure.metrics import clustered_rate, threshold_at_fmr
from facerec.measure.tables import check
from facerec.types import OperatingPoint


def calibrate(
    table: pd.DataFrame,
    target_fmr: float,
    *,
    data_set: str,
    detector: str,
    alignment: str,
    embedder: str,
    embedder_digest: str,
) -> OperatingPoint:
    """Measure the threshold that keeps the false match rate at or below a target.

    Parameters
    ----------
    table : DataFrame
        A score table of cosine similarities, made by the stages that the options name.
    target_fmr : float
        Between 0 and 1, exclusive.
    data_set : str
        Name of the data and, in words, its mix of impostors.
    detector, alignment, embedder, embedder_digest : str
        What made the scores.

    Returns
    -------
    OperatingPoint
        Its rates are those of this table, with intervals that know which comparisons share people.

    Raises
    ------
    CalibrationError
        If `target_fmr` is not between 0 and 1.
        If the table holds no genuine pair.
        If it holds too few impostor pairs to expect a single false match at `target_fmr`.
        If no impostor pair has a score.
        If a score lies outside -1 … 1, or no threshold up to 1 reaches the target.
    ScoreTableError
        If `facerec.measure.tables.check` refuses the table.

    Notes
    -----
    The threshold is `facerec.measure.metrics.threshold_at_fmr` of the impostor scores. With fewer than 30 expected
    false matches it is indicative only (see `is_indicative`): the true rate at it can well be half or twice the target.

    References
    ----------
    Rule of 30: Doddington et al. (2000), Speech Communication 31:225.
    """
    checked = check(table)
    return point_of(
        checked["score"].to_numpy(),
        checked["genuine"].to_numpy(bool),
        (checked["probe_subject"].to_numpy(), checked["reference_subject"].to_numpy()),
        target_fmr,
        data_set=data_set,
        detector=detector,
        alignment=alignment,
        embedder=embedder,
        embedder_digest=embedder_digest,
    )


def point_of(
    scores: NDArray[np.floating],
    genuine: NDArray[np.bool_],
    subjects: tuple[NDArray, NDArray],
    target_fmr: float,
    *,
    data_set: str,
    detector: str,
    alignment: str,
    embedder: str,
    embedder_digest: str,
) -> OperatingPoint:
    """As `calibrate`, from bare arrays: scores (n,), whether genuine (n,), and who is on either side (n,)."""
    _refuse_unsupported(target_fmr, impostors=int((~genuine).sum()), genuines=int(genuine.sum()))
    if (abs(scores) > 1).any():
        message = f"an operating point is for cosine similarities, -1 … 1; there is {scores[abs(scores) > 1][0]}"
        raise CalibrationError(message)
    try:
        threshold = threshold_at_fmr(scores[~genuine], target_fmr)
    except ArgumentError as problem:
        raise CalibrationError(str(problem)) from problem
    if threshold > 1:
        message = (
            f"impostor scores reach 1, so no threshold keeps FMR at {target_fmr:g}; "
            "is one photo filed under the names of two people?"
        )
        raise CalibrationError(message)
    first, second = subjects
    accepted = scores >= threshold
    return OperatingPoint(
        threshold=threshold,
        target_fmr=target_fmr,
        fmr=clustered_rate(accepted[~genuine], first[~genuine], second[~genuine]),
        fnmr=clustered_rate(~accepted[genuine], first[genuine], second[genuine]),
        data_set=data_set,
        detector=detector,
        alignment=alignment,
        embedder=embedder,
        embedder_digest=embedder_digest,
    )


def is_indicative(point: OperatingPoint) -> bool:
    """True where a point rests on fewer than 30 expected false matches, too few to rely on its FMR.

    Parameters
    ----------
    point : OperatingPoint

    Returns
    -------
    bool

    Notes
    -----
    target_fmr · impostor pairs < 30. Thirty errors put the true rate within ±30 % of the observed one at 90 %
    confidence if the trials are independent.

    References
    ----------
    Rule of 30: Doddington et al. (2000), Speech Communication 31:225.
    """
    return point.target_fmr * point.fmr.trials < 30 - 1e-9


def _refuse_unsupported(target_fmr: float, *, impostors: int, genuines: int) -> None:
    if not 0 < target_fmr < 1:
        message = f"target_fmr must lie between 0 and 1; got {target_fmr}"
        raise CalibrationError(message)
    if target_fmr * impostors < 1 - 1e-9:
        needed = math.ceil(1 / target_fmr - 1e-9)
        message = (
            f"{impostors} impostor pairs cannot show an FMR of {target_fmr:g}: "
            f"at least {needed:,} are needed for one expected false match, {30 * needed:,} for a reliable threshold"
        )
        raise CalibrationError(message)
    if not genuines:
        message = "the table holds no genuine pair, so the price of a threshold (FNMR) cannot be measured"
        raise CalibrationError(message)
