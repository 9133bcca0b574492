"""The audit of one-to-one comparison: what one threshold does to every group of people.

A score table of any matcher goes in; counts, rates, intervals, the matrix of groups and the indices come out. The steps
are those of the modules beside this one; their order is all that stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.bootstrap import Bootstrap, Grouped, draw_rates
from audits.statistics.choice import carry_choice
from audits.statistics.disparity import compare
from audits.statistics.estimates import Estimate
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.statistics.multiplicity import each_against_others
from audits.statistics.shrinkage import shrink
from audits.statistics.trials import Trials, grouped_order, rates_by
from audits.tables.groups import PairGroups, checked_groupings, group_pairs, name_notes
from audits.verification.results import CrossCell, GroupComparisons, GroupingAudit, Unlabelled, VerificationAudit
from audits.verification.thresholds import At, Threshold, choose_threshold, point_notes, reach_notes
from facerec.errors import ArgumentError
from facerec.measure.tables import stamp_of
from facerec.measure.tables.vendor import Completed, complete

REPLICATES = 1000
"""How often people are drawn where nothing else is asked for."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """What one threshold decided about the pairs of a table.

    Attributes
    ----------
    genuine : ndarray, bool, shape (n,)
        Whether a pair is of one person.
    impostor_trials, genuine_trials : Trials
        False matches among impostor pairs, false non-matches among genuine pairs, in the table's order.
    acquisitions : Trials
        All pairs; wrong where there is no score.
    people : ndarray, int32, shape (2, n), or None
        Who is on either side, as codes; None where the table does not say.
    """

    genuine: NDArray[np.bool_]
    impostor_trials: Trials
    genuine_trials: Trials
    acquisitions: Trials
    people: NDArray[np.int32] | None


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
) -> VerificationAudit:
    """Audit a matcher by its scores: error rates over all and by group, at one threshold for all groups.

    Parameters
    ----------
    scores : DataFrame
        A score table (``facerec.measure.tables``) of any matcher. Without the columns of people every pair counts as
        independent, and the result says so; the columns of photos may be missing too. For other column names see
        ``audits.tables.vendor``.
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
    it. A pair without a score is a failure to acquire, and rejected. Intervals hold the threshold fixed, but for those
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
    completed = complete(scores)
    table = completed.table
    tied = point_notes(at, table, distance=distance)
    groupings = [group_pairs(table, name) for name in names]
    values = completed.similarities(distance=distance, accept_reversed=accept_reversed)
    genuine = table["genuine"].to_numpy(bool)
    threshold = choose_threshold(at, values[~genuine], distance=distance, confidence=confidence)
    decisions = _decide(completed, genuine, values, threshold.value)
    fmr = decisions.impostor_trials.estimate(confidence=confidence)
    fnmr = decisions.genuine_trials.estimate(confidence=confidence)
    threshold = threshold.ranged(values[~genuine], fmr)
    mated = values[genuine]
    bootstrap = Bootstrap(replicates, seed)
    return VerificationAudit(
        threshold=threshold,
        subjects=None if decisions.people is None else int(decisions.people.max()) + 1,
        pairs_independent=completed.pairs_independent,
        fmr=fmr,
        fnmr=fnmr,
        fta=decisions.acquisitions.estimate(confidence=confidence),
        fmr_correlation=decisions.impostor_trials.correlation,
        fnmr_correlation=decisions.genuine_trials.correlation,
        groupings=tuple(
            _with_target(
                _audit_grouping(groups, decisions, bootstrap, confidence), threshold, mated, groups.within[genuine]
            )
            for groups in groupings
        ),
        confidence=confidence,
        bootstrap=bootstrap,
        notes=(
            *completed.notes(distance=distance),
            *_table_notes(completed),
            *(note for groups in groupings for note in name_notes(groups.by, groups.names)),
            *tied,
            *reach_notes(threshold, values),
        ),
        matcher=stamp_of(table),
        fnmr_at_target=_at_target(fnmr, threshold, mated),
    )


def _at_target(fnmr: Estimate, threshold: Threshold, mated: NDArray[np.float64]) -> Estimate | None:
    """FNMR at the target FMR, from that at the threshold and the genuine scores; None where no target chose it."""
    if threshold.target_fmr is None or not fnmr.measured:
        return None if threshold.target_fmr is None else fnmr
    carried = carry_choice(fnmr.value, fnmr.interval, threshold.reach(mated, genuine=True))
    return Estimate(fnmr.rate, carried, "mover")


def _with_target(
    grouping: GroupingAudit, threshold: Threshold, mated: NDArray[np.float64], codes: NDArray[np.int32]
) -> GroupingAudit:
    if threshold.target_fmr is None:
        return grouping
    order, starts = grouped_order(codes, len(grouping.groups), len(mated))
    inside = np.split(mated[order], starts[1:-1])
    groups = (
        replace(group, fnmr_at_target=_at_target(group.fnmr, threshold, scores))
        for group, scores in zip(grouping.groups, inside, strict=True)
    )
    return replace(grouping, groups=tuple(groups))


def _decide(
    completed: Completed, genuine: NDArray[np.bool_], scores: NDArray[np.float64], threshold: float
) -> Decisions:
    accepted = scores >= threshold
    people = completed.people()

    def trials(wrong: NDArray[np.bool_], rows: NDArray[np.bool_]) -> Trials:
        return Trials(wrong[rows], None if people is None else (people[0][rows], people[1][rows]))

    failed = np.isnan(scores)
    return Decisions(
        genuine,
        trials(accepted, ~genuine),
        trials(~accepted, genuine),
        Trials(failed, None if people is None else (people[0], people[1])),
        people,
    )


def _audit_grouping(groups: PairGroups, decisions: Decisions, bootstrap: Bootstrap, confidence: float) -> GroupingAudit:
    size, genuine, within = len(groups), decisions.genuine, groups.within
    labelled = (groups.probe >= 0) & (groups.reference >= 0)
    cells = np.where(labelled, groups.probe * size + groups.reference, -1)[~genuine]
    impostors, mated = decisions.impostor_trials, decisions.genuine_trials
    matrix = rates_by(impostors, cells, size * size, confidence=confidence, correlation=impostors.correlation)
    fmr = tuple(matrix[number * size + number] for number in range(size))
    fnmr = rates_by(mated, within[genuine], size, confidence=confidence, correlation=mated.correlation)
    failures = decisions.acquisitions
    fta = rates_by(failures, within, size, confidence=confidence, correlation=failures.correlation)
    draws = None
    if bootstrap.replicates:
        kinds = [Grouped(impostors, within[~genuine], fmr), Grouped(mated, within[genuine], fnmr)]
        drawn = draw_rates(kinds, replicates=bootstrap.replicates, seed=bootstrap.seed)
        draws = drawn[0], drawn[1]
    subjects = _subjects(groups, decisions.people)
    matched = within[~genuine] >= 0
    pairs = int(np.count_nonzero(cells >= 0))
    return GroupingAudit(
        by=groups.by,
        groups=tuple(
            GroupComparisons(name, labels, people, *rates)
            for name, labels, people, rates in zip(
                groups.names, groups.labels, subjects, zip(fmr, fnmr, fta, strict=True), strict=True
            )
        ),
        cross=_cross(groups.names, matrix, pairs),
        matched_fmr=impostors.take(matched).estimate(confidence=confidence, correlation=impostors.correlation),
        matched_share=np.count_nonzero(matched) / pairs if pairs else float("nan"),
        unlabelled=Unlabelled(
            genuine=int(np.count_nonzero(~labelled & genuine)),
            impostor=int(np.count_nonzero(~labelled & ~genuine)),
            genuine_across=int(np.count_nonzero(labelled & genuine & (within < 0))),
        ),
        disparity=compare(groups.names, fmr, fnmr, draws=draws, confidence=confidence),
        shrunk_fmr=shrink(groups.names, fmr, confidence=confidence),
        shrunk_fnmr=shrink(groups.names, fnmr, confidence=confidence),
        tests=each_against_others(groups.names, fmr, "fmr") + each_against_others(groups.names, fnmr, "fnmr"),
    )


def _cross(names: Sequence[str], matrix: Sequence[Estimate], pairs: int) -> tuple[CrossCell, ...]:
    cells = [(probe, reference) for probe in names for reference in names]
    return tuple(
        CrossCell(probe, reference, found, found.trials / pairs if pairs else float("nan"))
        for (probe, reference), found in zip(cells, matrix, strict=True)
    )


def _subjects(groups: PairGroups, people: NDArray[np.int32] | None) -> list[int | None]:
    """How many different people each group has on either side."""
    if people is None:
        return [None] * len(groups)
    members = [
        codes[codes >= 0].astype(np.int64) + side[codes >= 0].astype(np.int64) * len(groups)
        for codes, side in zip((groups.probe, groups.reference), people, strict=True)
    ]
    different = pd.unique(np.concatenate(members))
    return list(np.bincount(different % len(groups), minlength=len(groups)).tolist())


def _table_notes(completed: Completed) -> list[str]:
    notes = []
    if completed.pairs_independent:
        notes.append(
            "the table does not say who is in a pair, so pairs were taken as independent: where people occur in "
            "several pairs, every interval is too narrow"
        )
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
