"""The audit of one-to-one comparison: what one threshold does to every group of people.

A score table of any matcher goes in; counts, rates, intervals, the matrix of groups and the indices come out. The steps
are those of the modules beside this one; their order is all that stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations_with_replacement, pairwise, product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.bootstrap import Bootstrap, Grouped, draw_rates
from audits.statistics.choice import carry_choice
from audits.statistics.disparity import compare
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside, compared, left_out, set_aside
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.statistics.multiplicity import each_against_others
from audits.statistics.people import PersonMean, person_mean
from audits.statistics.shrinkage import shrink
from audits.statistics.trials import Trials, grouped_order, rates_by
from audits.tables.groups import (
    PairGroups,
    all_grouped,
    checked_groupings,
    group_pairs,
    groupings_told,
    name_notes,
)
from audits.verification.acquisition import acquisitions
from audits.verification.results import (
    Acquisition,
    CrossCell,
    GroupComparisons,
    GroupingAudit,
    Unlabelled,
    VerificationAudit,
)
from audits.verification.thresholds import At, Threshold, choose_threshold, point_notes, reach_notes
from facerec.errors import ArgumentError
from facerec.measure.tables import stamp_of
from facerec.measure.tables.completed import Completed, complete, table_notes

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

    def take(self, rows: NDArray[np.bool_]) -> Decisions:
        """What was decided about some of the pairs, as if the table held no others: people are numbered anew."""
        kept, people = self.genuine[rows], None
        if self.people is not None:
            people = pd.factorize(self.people[:, rows].ravel())[0].astype(np.int32).reshape(2, -1)

        def trials(wrong: NDArray[np.bool_], which: NDArray[np.bool_] | slice) -> Trials:
            return Trials(wrong, None if people is None else (people[0][which], people[1][which]))

        return Decisions(
            kept,
            trials(self.impostor_trials.wrong[rows[~self.genuine]], ~kept),
            trials(self.genuine_trials.wrong[rows[self.genuine]], kept),
            trials(self.acquisitions.wrong[rows], slice(None)),
            people,
        )


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
    decisions = _decide(completed, genuine, values, threshold.value)
    fmr = decisions.impostor_trials.estimate(confidence=confidence)
    fnmr = decisions.genuine_trials.estimate(confidence=confidence)
    threshold = threshold.ranged(values[~genuine], fmr)
    mated = values[genuine]

    def acquired(sides: NDArray[np.integer], size: int) -> Sequence[Acquisition | None]:
        if not decisions.acquisitions.wrong.any():
            return [None] * size
        kinds = decisions.impostor_trials, decisions.genuine_trials
        return acquisitions(completed, kinds, sides, size=size, confidence=confidence)

    def audited(groups: PairGroups) -> GroupingAudit:
        order, starts = grouped_order(groups.within[genuine], len(groups), len(mated))
        inside = np.split(mated[order], starts[1:-1])
        found = _audit_grouping(groups, decisions, bootstrap, confidence, least)
        photos = acquired(np.stack([groups.probe, groups.reference]), len(groups))
        completed_groups = (
            replace(group, fnmr_at_target=_at_target(group.fnmr, threshold, scores), acquisition=each)
            for group, scores, each in zip(found.groups, inside, photos, strict=True)
        )
        return replace(found, groups=tuple(completed_groups))

    bootstrap = Bootstrap(replicates, seed)
    return VerificationAudit(
        threshold=threshold,
        subjects=None if decisions.people is None else int(decisions.people.max()) + 1,
        pairs_independent=completed.pairs_independent,
        fmr=fmr,
        fnmr=fnmr,
        without_score=decisions.acquisitions.estimate(confidence=confidence),
        fmr_correlation=decisions.impostor_trials.correlation,
        fnmr_correlation=decisions.genuine_trials.correlation,
        groupings=tuple(map(audited, groupings)),
        confidence=confidence,
        bootstrap=bootstrap,
        notes=(
            *_table_notes(completed, distance=distance),
            *(note for groups in groupings for note in name_notes(groups.by, groups.names)),
            *tied,
            *reach_notes(threshold, values),
        ),
        matcher=stamp_of(table),
        fnmr_at_target=_at_target(fnmr, threshold, mated),
        acquisition=acquired(np.zeros((2, len(table)), np.int32), 1)[0],
        fnmr_by_person=person_mean(
            decisions.genuine_trials, correlation=decisions.genuine_trials.correlation, confidence=confidence
        ),
        least=least,
    )


def _at_target(fnmr: Estimate, threshold: Threshold, mated: NDArray[np.float64]) -> Estimate | None:
    """FNMR at the target FMR, from that at the threshold and the genuine scores; None where no target chose it."""
    if threshold.target_fmr is None:
        return None
    if not fnmr.measured:
        return fnmr
    carried = carry_choice(fnmr.value, fnmr.interval, threshold.reach(mated, genuine=True))
    return Estimate(fnmr.rate, carried, "mover")


def _decide(
    completed: Completed, genuine: NDArray[np.bool_], scores: NDArray[np.float64], threshold: float
) -> Decisions:
    accepted, people = scores >= threshold, completed.people()
    trials = Trials(np.where(genuine, ~accepted, accepted), None if people is None else (people[0], people[1]))
    failed = Trials(np.isnan(scores), trials.people)
    return Decisions(genuine, trials.take(~genuine), trials.take(genuine), failed, people)


def _audit_grouping(
    groups: PairGroups, decisions: Decisions, bootstrap: Bootstrap, confidence: float, least: Least
) -> GroupingAudit:
    names, genuine = groups.names, decisions.genuine
    found = _measure(groups, decisions, confidence)
    rows = np.bincount(groups.probe[groups.probe >= 0], minlength=len(names))
    rows += np.bincount(
        groups.reference[(groups.reference >= 0) & (groups.reference != groups.probe)], minlength=len(names)
    )
    aside = set_aside(names, {"fmr": found.fmr, "fnmr": found.fnmr}, least, rows=rows.tolist())
    inside, family = decisions, groups
    if aside:
        kept = _compared_rows(groups, genuine, aside)
        inside = decisions.take(kept)
        family = replace(groups, probe=groups.probe[kept], reference=groups.reference[kept])
        found = found.of_family(_measure(family, inside, confidence), names, aside)
    fmr, fnmr = (compared(names, rates, aside, rate) for rate, rates in (("fmr", found.fmr), ("fnmr", found.fnmr)))
    draws = None
    if bootstrap.replicates and len(inside.genuine):
        kinds = [
            Grouped(trials, family.within[inside.genuine == kind], rates)
            for kind, trials, rates in ((False, inside.impostor_trials, fmr), (True, inside.genuine_trials, fnmr))
        ]
        drawn = draw_rates(kinds, replicates=bootstrap.replicates, seed=bootstrap.seed)
        draws = drawn[0], drawn[1]
    disparity = compare(names, fmr, fnmr, draws=draws, confidence=confidence)
    labelled, impostors = (groups.probe >= 0) & (groups.reference >= 0), decisions.impostor_trials
    matched = groups.within[~genuine] >= 0
    pairs = int(np.count_nonzero(labelled & ~genuine))
    rates = zip(found.fmr, found.fnmr, found.without_score, strict=True)
    subjects = _subjects(groups, decisions.people)
    return GroupingAudit(
        by=groups.by,
        groups=tuple(
            GroupComparisons(name, labels, people, *three, fnmr_by_person=mean)
            for name, labels, people, three, mean in zip(
                names, groups.labels, subjects, rates, found.fnmr_by_person, strict=True
            )
        ),
        cross=_cross(product(names, names), found.matrix, pairs),
        matched_fmr=impostors.take(matched).estimate(confidence=confidence, correlation=impostors.correlation),
        matched_share=np.count_nonzero(matched) / pairs if pairs else float("nan"),
        unlabelled=Unlabelled(
            genuine=int(np.count_nonzero(~labelled & genuine)),
            impostor=int(np.count_nonzero(~labelled & ~genuine)),
            genuine_across=int(np.count_nonzero(labelled & genuine & (groups.within < 0))),
        ),
        disparity=replace(
            disparity,
            unmeasured=tuple(
                (name, what)
                for what, measured in (("FMR", found.fmr), ("FNMR", found.fnmr))
                for name, rate in zip(names, measured, strict=True)
                if not rate.measured
            ),
        ),
        shrunk_fmr=shrink(names, found.fmr, confidence=confidence),
        shrunk_fnmr=shrink(names, found.fnmr, confidence=confidence),
        tests=each_against_others(names, fmr, "fmr") + each_against_others(names, fnmr, "fnmr"),
        folded=_cross(combinations_with_replacement(names, 2), found.folded, pairs),
        set_aside=aside,
    )


@dataclass(frozen=True)
class _Measured:
    """The rates of every group, the matrix of groups, and its upper triangle with the lower one folded in."""

    matrix: tuple[Estimate, ...]
    folded: tuple[Estimate, ...]
    fmr: tuple[Estimate, ...]
    fnmr: tuple[Estimate, ...]
    without_score: tuple[Estimate, ...]
    fnmr_by_person: tuple[PersonMean | None, ...]

    def of_family(self, family: _Measured, names: Sequence[str], aside: Sequence[SetAside]) -> _Measured:
        """What was measured without the pairs of groups that are set aside, and for those what was measured here."""

        def merged(here: Sequence[Any], there: Sequence[Any], gone: Iterable[bool]) -> tuple[Any, ...]:
            return tuple(mine if out else its for mine, its, out in zip(here, there, gone, strict=True))

        fmr, fnmr = ([name in left_out(aside, rate) for name in names] for rate in ("fmr", "fnmr"))
        either = [one or other for one, other in zip(fmr, fnmr, strict=True)]
        return _Measured(
            merged(self.matrix, family.matrix, map(any, product(fmr, fmr))),
            merged(self.folded, family.folded, map(any, combinations_with_replacement(fmr, 2))),
            merged(self.fmr, family.fmr, fmr),
            merged(self.fnmr, family.fnmr, fnmr),
            merged(self.without_score, family.without_score, either),
            merged(self.fnmr_by_person, family.fnmr_by_person, fnmr),
        )


def _measure(groups: PairGroups, decisions: Decisions, confidence: float) -> _Measured:
    size, genuine, within = len(groups), decisions.genuine, groups.within
    impostors, mated, failures = decisions.impostor_trials, decisions.genuine_trials, decisions.acquisitions

    def rates(trials: Trials, codes: NDArray[np.integer], many: int) -> tuple[Estimate, ...]:
        return rates_by(trials, codes, many, confidence=confidence, correlation=trials.correlation)

    probe, reference = groups.probe[~genuine], groups.reference[~genuine]
    labelled = (probe >= 0) & (reference >= 0)
    matrix = rates(impostors, np.where(labelled, probe * size + reference, -1), size * size)
    upper = [row * size + column for row in range(size) for column in range(row, size)]
    mirrored = [place % size * size + place // size for place in upper]
    folded = [
        matrix[one] if matrix[one].measured else matrix[other] for one, other in zip(upper, mirrored, strict=True)
    ]
    if any(
        one != other and matrix[one].measured and matrix[other].measured
        for one, other in zip(upper, mirrored, strict=True)
    ):
        both = np.minimum(probe, reference) * size + np.maximum(probe, reference)
        all_folded = rates(impostors, np.where(labelled & (probe != reference), both, -1), size * size)
        folded = [matrix[place] if place % (size + 1) == 0 else all_folded[place] for place in upper]
    order, starts = grouped_order(within[genuine], size, len(mated))
    ordered = mated.take(order)
    return _Measured(
        matrix,
        tuple(folded),
        matrix[:: size + 1],
        rates(mated, within[genuine], size),
        rates(failures, within, size),
        tuple(
            person_mean(ordered.take(slice(*ends)), correlation=mated.correlation, confidence=confidence)
            for ends in pairwise(starts.tolist())
        ),
    )


def _compared_rows(groups: PairGroups, genuine: NDArray[np.bool_], aside: Sequence[SetAside]) -> NDArray[np.bool_]:
    """The pairs that no group has a side in that is set aside for what they measure."""

    def touching(names: Collection[str]) -> NDArray[np.bool_]:
        codes = [place for place, name in enumerate(groups.names) if name in names]
        return np.isin(groups.probe, codes) | np.isin(groups.reference, codes)

    of_impostors, of_genuines = (touching(left_out(aside, rate)) for rate in ("fmr", "fnmr"))
    return ~np.where(genuine, of_genuines, of_impostors)


def _cross(cells: Iterable[tuple[str, str]], found: Sequence[Estimate], pairs: int) -> tuple[CrossCell, ...]:
    return tuple(
        CrossCell(probe, reference, rate, rate.trials / pairs if pairs else float("nan"))
        for (probe, reference), rate in zip(cells, found, strict=True)
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
