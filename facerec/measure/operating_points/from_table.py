"""Operating points from score tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facerec.errors import ArgumentError, ForeignScoresError
from facerec.measure.operating_points.comparisons import Comparisons
from facerec.measure.tables import check, stamp_of
from facerec.measure.tables.score_table import FAILURES
from facerec.measure.tables.stamp import NO_FACE, REFUSED, UNREADABLE, differing
from facerec.types import Matcher, OperatingPoint, Rate


def calibrate(
    table: pd.DataFrame,
    target_fmr: float,
    *,
    data_set: str,
    asserted: Matcher | None = None,
    asserted_by: str = "",
) -> OperatingPoint:
    """Measure the threshold that keeps the false match rate at or below a target.

    Parameters
    ----------
    table : DataFrame
        A score table of cosine similarities. The point is for the matcher that it is stamped with; an unstamped table
        gives a point for "a matcher of its own", which no embedder here accepts.
    target_fmr : float
        Between 0 and 1, exclusive.
    data_set : str
        Name of the data and, in words, its mix of impostors.
    asserted : Matcher, optional
        What made an unstamped table, where somebody stands for it; every decision then says who.
    asserted_by : str
        Who does.

    Returns
    -------
    OperatingPoint
        Its rates are those of this table, with intervals that know which comparisons share people.

    Raises
    ------
    ArgumentError
        If a matcher is asserted by nobody, or nothing is asserted by somebody.
    ForeignScoresError
        If the table is stamped with another matcher than the one that is asserted.
    CalibrationError
        If `target_fmr` is not between 0 and 1.
        If the table holds no genuine pair.
        If it holds too few impostor pairs to expect a single false match at `target_fmr`.
        If no impostor pair has a score.
        If a score lies outside -1 … 1, no threshold up to 1 reaches the target, or so many scores are equal that the
        rate reached lies far from it.
    ScoreTableError
        If `facerec.measure.tables.check` refuses the table.

    Notes
    -----
    The threshold is `facerec.measure.metrics.threshold_at_fmr` of the impostor scores. With fewer than 30 expected
    false matches it is indicative only (`OperatingPoint.is_indicative`): the true rate at it can well be half or twice
    the target.

    References
    ----------
    Rule of 30: Doddington et al. (2000), Speech Communication 31:225.
    """
    checked = check(table)
    matcher, by = _matcher(checked, asserted, asserted_by)
    return comparisons(checked).point(target_fmr, data_set=data_set, matcher=matcher, asserted_by=by)


def comparisons(checked: pd.DataFrame) -> Comparisons:
    """The comparisons of a checked score table, for several targets at once."""
    codes, people = pd.factorize(pd.concat([checked["probe_subject"], checked["reference_subject"]]))
    return Comparisons(
        checked["score"].to_numpy(np.float64),
        checked["genuine"].to_numpy(bool),
        codes[: len(checked)],
        codes[len(checked) :],
        len(people),
        _refused(checked),
    )


def _matcher(checked: pd.DataFrame, asserted: Matcher | None, asserted_by: str) -> tuple[Matcher, str]:
    """Whose threshold it will be, and who says so where the table does not."""
    if (asserted is None) != (not asserted_by.strip()):
        message = "who made a table is asserted by somebody: give both a matcher and asserted_by, or neither"
        raise ArgumentError(message)
    stamp = stamp_of(checked)
    if stamp is None:
        return (Matcher.unknown(), "") if asserted is None else (asserted, asserted_by.strip())
    if asserted is not None and asserted.text != stamp.text:
        message = (
            f"the table is stamped with {stamp}, and {asserted_by.strip()} asserts {asserted}: "
            f"{differing(asserted, stamp)}. A stamp stands; leave the assertion out, or calibrate another table"
        )
        raise ForeignScoresError(message)
    return stamp, ""


def _refused(checked: pd.DataFrame) -> Rate | None:
    """How many of the different photos with a face the gate refused; ``None`` where the table does not say."""
    if not set(FAILURES) <= set(checked.columns):
        return None
    images = pd.concat([checked["probe_image"], checked["reference_image"]])
    words = pd.concat([checked[name] for name in FAILURES])
    return Rate(images[words == REFUSED].nunique(), images[~words.isin([NO_FACE, UNREADABLE])].nunique())
