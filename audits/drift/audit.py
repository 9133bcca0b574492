"""Drift: two score tables of the same pairs, and what changed between them for whom.

Model A and model B, last month and this month, before and after a mitigation: each table has a scale and a threshold
of its own, the comparisons are the same, and so are the people. So the change is measured pair by pair
(``audits.statistics.paired``), far more sharply than two audits side by side would show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.drift.results import DriftAudit, RateChange, RateName, told_together
from audits.statistics.bootstrap import Bootstrap, Grouped
from audits.statistics.choice import HELD, Reach, carry_choice, choices_together, draw_choices
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside, compared, left_out, set_aside
from audits.statistics.index_changes import IndexChange, index_changes
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.statistics.paired import PairedChange, paired_change
from audits.statistics.trials import Trials
from audits.tables.groups import (
    PairGroups,
    all_grouped,
    checked_groupings,
    group_pairs,
    groupings_told,
    name_notes,
)
from audits.tables.pairs import same_pairs
from audits.verification.results import Unlabelled
from audits.verification.thresholds import (
    At,
    AtFmr,
    Threshold,
    choose_threshold,
    impostor_trials,
    point_notes,
    reach_notes,
)
from facerec.errors import ScoreTableError
from facerec.measure.tables.completed import Completed, complete

_INDEPENDENT = (
    "the tables do not say who is in a pair, so pairs were taken as independent: where people occur in several pairs, "
    "every interval is too narrow"
)


def audit_drift(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    at: At,
    after_at: At | None = None,
    distance: bool = False,
    after_distance: bool | None = None,
    accept_reversed: bool = False,
    confidence: float = CONFIDENCE,
    replicates: int = 1000,
    seed: int = 0,
    least: Least = LEAST,
) -> DriftAudit:
    """Measure what changed between two score tables of the same pairs.

    Parameters
    ----------
    before, after : DataFrame
        Score tables as for ``audit_verification``: people and photos may be missing, in both. Rows may be in any
        order where photos are named; a pair that occurs several times is taken in the order in which it does.
    by : sequence of str
        Groupings: attributes of the table `before`, or several joined by commas for their intersection.
    at : float, OperatingPoint or AtFmr
        The threshold of the table `before`, on its own scale, or how to choose it.
    after_at : float, OperatingPoint or AtFmr, optional
        That of the table `after`; None: as `at`. With ``AtFmr`` each table gets the threshold that suits its own scale.
    distance : bool
        Whether the scores of `before` are distances, smaller where faces are more alike.
    after_distance : bool, optional
        Whether those of `after` are; None: as `distance`.
    accept_reversed : bool
        Take scores that rank impostor pairs above genuine ones, an error otherwise.
    confidence : float
        Of every interval, between 0 and 1, exclusive.
    replicates : int
        Draws of people for the intervals of the indices, at least 2; 0 makes none, and indices then have no interval.
    seed : int
        Of the draws.
    least : Least
        Groups with less are measured, but nothing is found of them.

    Returns
    -------
    DriftAudit

    Raises
    ------
    ScoreTableError
        If a table is not what ``audit_verification`` takes.
        If one table names people or photos and the other does not.
        If a pair is in one of the tables only.
        If a pair has different labels in the two tables.
        If an attribute is missing.
    ArgumentError
        If `by` is a single text, or a grouping stands twice or names an attribute twice.
        If a threshold is NaN, cannot be measured, or is of another scale than the scores.
        If `confidence` is out of range, or `replicates` is 1 or negative.
    ModelMismatchError
        If an operating point was measured with another matcher than made its table (``facerec.types.matcher.RULES``).

    Notes
    -----
    Where ``AtFmr`` chooses a threshold, it is known only as well as false matches show it. The intervals of changes of
    FNMR, of indices of FNMR, and with calibration tables those of FMR, carry this (``audits.statistics.choice``); two
    thresholds that were chosen on the same pairs are uncertain together, and what they have in common cancels. An
    interval at these very thresholds stands beside each.

    Examples
    --------
    >>> before = pd.DataFrame({"genuine": [1] * 12 + [0], "score": [0.9] * 12 + [0.1]})
    >>> after = before.assign(score=before["score"].where(before.index > 5, 0.2))
    >>> audit = audit_drift(before, after, at=0.5)
    >>> print(audit.change("fnmr"))
    FNMR of everybody: WORSE, 0 -> 0.5, change +0.5 [0.1385, 0.7462], thresholds held fixed
    >>> audit.verdict(max_rise=0.05)
    'fail'
    """
    checked_confidence(confidence)
    names = checked_groupings(by)
    with groupings_told(before, names, partial(group_pairs, before)):
        first = complete(before)
    second = complete(after)
    groupings = all_grouped(names, partial(group_pairs, first.table))
    ordered = same_pairs(first, second)
    genuine = first.table["genuine"].to_numpy(bool)
    distances = distance, distance if after_distance is None else after_distance
    values = [
        side.similarities(distance=negated, accept_reversed=accept_reversed)
        for side, negated in zip((first, replace(second, table=ordered)), distances, strict=True)
    ]
    asked = at, at if after_at is None else after_at
    tied = [point_notes(each, table) for each, table in zip(asked, (first.table, second.table), strict=True)]
    points = [
        choose_threshold(each, value[~genuine], distance=negated, confidence=confidence)
        for each, value, negated in zip(asked, values, distances, strict=True)
    ]
    comparisons = _Comparisons(first, values, points, confidence)
    points = comparisons.points
    comparisons.together = _together(asked, points, distances, comparisons.overall)
    changes = list(comparisons.changes("", "", np.ones(len(genuine), np.bool_)))
    moved: list[IndexChange] = []
    twins: list[str] = []
    unlabelled, away = [], []
    for groups in groupings:
        twins += name_notes(groups.by, groups.names)
        of_groups = [
            list(comparisons.changes(groups.by, group, groups.within == code))
            for code, group in enumerate(groups.names)
        ]
        changes += [change for entries in of_groups for change in entries]
        rates = {one.rate: [entries[place].before for entries in of_groups] for place, one in enumerate(of_groups[0])}
        aside = set_aside(groups.names, {name: rates[name] for name in ("fmr", "fnmr")}, least)
        away.append((groups.by, aside))
        moved += comparisons.indices(groups, of_groups, aside, replicates=replicates, seed=seed)
        unlabelled.append((groups.by, _unlabelled(groups, genuine)))
    told = [side.notes(distance=negated) for side, negated in zip((first, second), distances, strict=True)]
    reached = [
        f"{which}: {note}"
        for which, read, said, point, value in zip(("before", "after"), told, tied, points, values, strict=True)
        for note in (*read, *said, *reach_notes(point, value))
    ]
    return DriftAudit(
        before=points[0],
        after=points[1],
        pairs_independent=first.pairs_independent,
        changes=tuple(changes),
        indices=tuple(moved),
        unlabelled=tuple(unlabelled),
        confidence=confidence,
        bootstrap=Bootstrap(replicates, seed),
        notes=(*([_INDEPENDENT] if first.pairs_independent else []), *twins, *reached),
        set_aside=tuple(away),
        least=least,
    )


class _Comparisons:
    """The errors of two tables, row by row the same pairs, at two thresholds that come out `together`."""

    def __init__(
        self, pairs: Completed, values: Sequence[NDArray[np.float64]], points: Sequence[Threshold], confidence: float
    ) -> None:
        self.confidence, self.values = confidence, values
        people = pairs.people()
        self.people = None if people is None else (people[0], people[1])
        genuine = pairs.table["genuine"].to_numpy(bool)
        accepted = [value >= threshold.value for value, threshold in zip(values, points, strict=True)]
        self.kinds: dict[RateName, tuple[NDArray[np.bool_], list[Trials]]] = {
            "fmr": (~genuine, [Trials(accept, self.people) for accept in accepted]),
            "fnmr": (genuine, [Trials(~accept, self.people) for accept in accepted]),
            "without_score": (
                np.ones(len(genuine), np.bool_),
                [Trials(np.isnan(value), self.people) for value in values],
            ),
        }
        # Of all comparisons of a kind, for groups that show no error of their own.
        self.correlation = {
            name: [trials.take(kind).correlation for trials in sides] for name, (kind, sides) in self.kinds.items()
        }
        self.overall = self._measured("fmr", ~genuine)
        self.points = [
            point.ranged(value[~genuine], found)
            for point, value, found in zip(points, values, self.overall[:2], strict=True)
        ]
        self.told = told_together(*self.points)
        self.together = 0.0

    def changes(self, by: str, group: str, inside: NDArray[np.bool_]) -> Iterator[RateChange]:
        """The three changes of the comparisons `inside`."""
        for name, (kind, _) in self.kinds.items():
            rows = kind & inside
            before, after, change = self.overall if name == "fmr" and not by else self._measured(name, rows)
            earlier, later = self._reaches(name, rows)
            carried = carry_choice(change.value, change.interval, later, earlier, together=self.together, least=-1.0)
            told = "" if name == "without_score" else self.told
            yield RateChange(by, group, name, before, after, replace(change, interval=carried), change.interval, told)

    def _measured(self, name: RateName, rows: NDArray[np.bool_]) -> tuple[Estimate, Estimate, PairedChange]:
        """Both rates of some comparisons and the change, at these very thresholds."""
        sides = [trials.take(rows) for trials in self.kinds[name][1]]
        before, after = (
            trials.estimate(confidence=self.confidence, correlation=correlation)
            for trials, correlation in zip(sides, self.correlation[name], strict=True)
        )
        people = (None, None) if sides[0].people is None else sides[0].people
        return before, after, paired_change(sides[0].wrong, sides[1].wrong, *people, confidence=self.confidence)

    def _reaches(self, name: RateName, rows: NDArray[np.bool_]) -> tuple[Reach, Reach]:
        """How far the rate before and the rate after move within the ranges of their thresholds."""
        if name == "without_score":
            return HELD, HELD
        before, after = (
            point.reach(value[rows], genuine=name == "fnmr")
            for point, value in zip(self.points, self.values, strict=True)
        )
        return before, after

    def indices(
        self,
        groups: PairGroups,
        changes: Sequence[Sequence[RateChange]],
        aside: Sequence[SetAside],
        *,
        replicates: int,
        seed: int,
    ) -> list[IndexChange]:
        """The changes of the indices of one grouping, from the changes of its groups."""
        kinds: list[Grouped] = []
        chosen: list[NDArray[np.float64]] = []
        names: tuple[RateName, ...] = ("fmr", "fnmr")  # in the order of `changes`
        for place, name in enumerate(names):
            kind, sides = self.kinds[name]
            estimates = [
                compared(groups.names, rates, aside, name)
                for rates in ([entry[place].before for entry in changes], [entry[place].after for entry in changes])
            ]
            away = np.isin(
                groups.within, [code for code, who in enumerate(groups.names) if who in left_out(aside, name)]
            )
            codes = np.where(away, np.int32(-1), groups.within)
            kinds += [
                Grouped(trials.take(kind), codes[kind], found) for trials, found in zip(sides, estimates, strict=True)
            ]
            reaches = [self._reaches(name, kind & (groups.within == code)) for code in range(len(groups))]
            chosen += draw_choices(
                tuple(zip(*reaches, strict=True)),
                together=self.together,
                replicates=replicates,
                seed=seed,
                confidence=self.confidence,
            )
        return index_changes(
            groups.by, kinds, replicates=replicates, seed=seed, confidence=self.confidence, chosen=chosen
        )


def _together(
    asked: Sequence[At],
    points: Sequence[Threshold],
    distances: Sequence[bool],
    overall: tuple[Estimate, Estimate, PairedChange],
) -> float:
    """How alike both thresholds would have come out on other people; 0 where nothing shows it, or one is unbounded."""
    if any(math.isinf(point.high) for point in points):
        return 0.0
    tables = [each.calibration for each in asked if isinstance(each, AtFmr)]
    if len(tables) == 2 and tables[0] is None and tables[1] is None:
        return choices_together(*overall)
    if len(tables) < 2 or tables[0] is None or tables[1] is None:
        return 0.0
    first, second = complete(tables[0]), complete(tables[1])
    try:
        second = replace(second, table=same_pairs(first, second))
    except ScoreTableError:
        return 0.0  # other pairs: whatever both have in common is left in the interval
    before, after = (
        impostor_trials(side, distance=negated)[1](point.value)
        for side, negated, point in zip((first, second), distances, points, strict=True)
    )
    confidence = overall[2].interval.confidence
    people = (None, None) if before.people is None else before.people
    change = paired_change(before.wrong, after.wrong, *people, confidence=confidence)
    return choices_together(before.estimate(confidence=confidence), after.estimate(confidence=confidence), change)


def _unlabelled(groups: PairGroups, genuine: NDArray[np.bool_]) -> Unlabelled:
    absent = (groups.probe < 0) | (groups.reference < 0)
    across = ~absent & (groups.within < 0)
    return Unlabelled(int((absent & genuine).sum()), int((absent & ~genuine).sum()), int((across & genuine).sum()))
