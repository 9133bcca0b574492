"""The audit of one-to-one comparison: what one threshold does to every group of people.

A score table of any matcher goes in; counts, rates, intervals, the matrix of groups and the indices come out. The steps
are those of the modules beside this one; their order is all that stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.bootstrap import Bootstrap
from audits.statistics.families import LEAST, Least
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.tables.groups import PairGroups, all_grouped, checked_groupings, group_pairs, groupings_told
from audits.verification.acquisition import Photos, acquisitions
from audits.verification.rates import CellRates
from audits.verification.results import Acquisition, VerificationAudit
from audits.verification.summed import CompletedRates, audit_sums
from audits.verification.thresholds import At, Threshold, choose_threshold, point_notes
from facerec.errors import ArgumentError
from facerec.measure.sums.filling import EVERYTHING, Compared, Labelled, sum_up
from facerec.measure.sums.value import ComparisonSums, Made
from facerec.measure.tables import stamp_of
from facerec.measure.tables.completed import Completed, complete, table_notes

REPLICATES = 1000
"""How often people are drawn where nothing else is asked for."""


def audit_verification(
    scores: pd.DataFrame,
    *,
    by: Sequence[str],
    at: At,
    distance: bool = False,
    accept_reversed: bool = False,
    confidence: float = CONFIDENCE,
    replicates: int = REPLICATES,
    seed: int = 0,
    least: Least = LEAST,
) -> VerificationAudit:
    """Audit a matcher by its scores: error rates over all and by group, at one threshold for all groups.

    Parameters
    ----------
    scores : DataFrame
        A score table (``facerec.measure.tables``) of any matcher. Without the columns of people every pair counts as
        independent, and the result says so; the columns of photos may be missing too. For other column names see
        ``facerec.measure.tables.vendor``.
    by : sequence of str
        The groupings: an attribute, such as ``gender``, or several joined by commas for their intersection,
        ``race,gender``. Each needs ``probe_<attribute>`` and ``reference_<attribute>``, or one column of its own name
        for both sides. May be empty.
    at : float, OperatingPoint or AtFmr
        The threshold, on the table's own scale, or how to choose it.
    distance : bool
        Whether the scores are distances, smaller where faces are more alike.
    accept_reversed : bool
        Take scores that rank impostor pairs above genuine ones, an error otherwise.
    confidence : float
        Of every interval, between 0 and 1, exclusive.
    replicates : int
        How often people are drawn for the intervals of the indices; 0: those have no intervals.
    seed : int
        Of the draws; the same table and seed give the same result.
    least : Least
        Groups with less are measured, and compared with nobody: everything that is said of groups together is what it
        would be without their pairs.

    Returns
    -------
    VerificationAudit

    Raises
    ------
    ScoreTableError
        If the table has no rows, or lacks `genuine`, `score`, or the people or photos of one side only.
        If ``facerec.measure.tables.check`` refuses it.
        If it cannot be grouped as asked.
        If impostor pairs are more alike than genuine ones: it may hold distances.
    ArgumentError
        If `by` is a single text, or names a grouping or an attribute twice.
        If `confidence` is out of range.
        If `replicates` is 1 or negative.
        If the threshold is NaN, cannot be measured, or is of another scale than the scores.
    ModelMismatchError
        If an operating point was measured with another matcher than made the scores (``facerec.types.matcher.RULES``).

    Notes
    -----
    A group's FMR is over impostor pairs with both people in the group, its FNMR over genuine pairs with both sides in
    it. A pair without a score is rejected. Intervals hold the threshold fixed, but for those
    of FNMR at the target FMR, where that was to choose it (``audits.statistics.choice``).

    References
    ----------
    ISO/IEC 19795-1 (false match and false non-match rate), ISO/IEC 19795-10 (differential performance).

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     [[1, 0.9, "f"], [1, 0.3, "f"], [0, 0.1, "f"], [1, 0.8, "m"], [0, 0.6, "m"], [0, 0.2, "m"]],
    ...     columns=["genuine", "score", "gender"],
    ... )
    >>> audit = audit_verification(table, by=["gender"], at=0.5)
    >>> [(g.group, g.fmr.errors, g.fmr.trials, g.fnmr.errors, g.fnmr.trials) for g in audit.groupings[0].groups]
    [('f', 0, 1, 1, 2), ('m', 1, 2, 0, 1)]
    >>> audit.pairs_independent
    True
    """
    checked_confidence(confidence)
    names = checked_groupings(by)
    if replicates < 0 or replicates == 1:
        message = f"the intervals of indices need two draws or more, or 0 for none; got {replicates}"
        raise ArgumentError(message)
    with groupings_told(scores, names, partial(group_pairs, scores)):
        completed = complete(scores)
    table = completed.table
    tied = point_notes(at, table, distance=distance)
    groupings = all_grouped(names, partial(group_pairs, table))
    values = completed.similarities(distance=distance, accept_reversed=accept_reversed)
    genuine = table["genuine"].to_numpy(bool)
    threshold = choose_threshold(at, values[~genuine], distance=distance, confidence=confidence)
    sums = _summed(completed, groupings, genuine, values, threshold)
    everybody = CellRates.of(sums, 0, confidence)
    threshold = threshold.ranged(values[~genuine], everybody.estimate(everybody.impostors))
    photos = cache(lambda: Photos.of(completed))  # looked at where a comparison has no score

    def acquired(place: int | None, rates: CompletedRates) -> Sequence[Acquisition]:
        sides = np.zeros((2, len(table)), np.int32)
        if place is not None:
            sides = np.stack([groupings[place].probe, groupings[place].reference])
        return acquisitions(photos(), sides, rates, confidence=confidence)

    return audit_sums(
        sums,
        threshold,
        confidence=confidence,
        bootstrap=Bootstrap(replicates, seed),
        least=least,
        notes=_table_notes(completed, distance=distance),
        tied=tied,
        acquired=acquired,
    )


def _summed(
    completed: Completed,
    groupings: Sequence[PairGroups],
    genuine: NDArray[np.bool_],
    values: NDArray[np.float64],
    threshold: Threshold,
) -> ComparisonSums:
    """The sums of a table in memory: nothing is left out or put into bins."""
    named = completed.named_people()
    labelled = [
        Labelled(each.by, (("",) * each.by.count(",") + ("",), *each.labels), each.probe + 1, each.reference + 1)
        for each in groupings
    ]
    nobody = np.zeros(len(genuine), np.int32)
    matcher = stamp_of(completed.table)
    return sum_up(
        Compared(
            genuine,
            values,
            labelled or [Labelled("", ((),), nobody, nobody)],
            np.empty(0, object) if named is None else named[0],
            None if named is None else (named[1][0], named[1][1]),
        ),
        Made(
            threshold.value,
            distance=threshold.distance,
            matcher="" if matcher is None else matcher.text,
            people=named is not None,
        ),
        limits=EVERYTHING,
        histogram="none" if threshold.target_fmr is None else "genuine",
    )


def _table_notes(completed: Completed, *, distance: bool) -> list[str]:
    notes = table_notes(completed, distance=distance)
    repeated, differing = completed.repeated()
    if repeated and completed.images_known:
        scores = f", {differing} of them with another score" if differing else ""
        notes.append(
            f"{repeated} pairs of photos occur again, in this order or the other{scores}; each row was counted"
        )
    elif repeated:
        notes.append(
            f"{repeated} rows repeat the people and the score of another row, in this order or the other; the table "
            "does not name photos, so they may be one comparison; each row was counted"
        )
    return notes
