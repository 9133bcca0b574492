"""Drift: two score tables of the same pairs, and what changed between them for whom.

Model A and model B, last month and this month, before and after a mitigation: each table has a scale and a threshold
of its own, the comparisons are the same, and so are the people. So the change is measured pair by pair
(``audits.paired``), far more sharply than two audits side by side would show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.bootstrap import Grouped
from audits.dependence import compact_codes, pair_correlation
from audits.groups import PairGroups, group_pairs
from audits.index_changes import index_changes
from audits.intervals import CONFIDENCE, checked_confidence, clustered_estimate
from audits.paired import paired_change
from audits.rate_changes import DriftAudit, IndexChange, RateChange, RateName
from audits.rates import Trials
from audits.records import Threshold, Unlabelled
from audits.same_pairs import same_pairs
from facerec import scores
from facerec.errors import ArgumentError
from facerec.metrics import fmr, threshold_at_fmr


def audit_drift(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    at_fmr: float | None = None,
    thresholds: tuple[float, float] | None = None,
    confidence: float = CONFIDENCE,
    replicates: int = 1000,
    seed: int = 0,
) -> DriftAudit:
    """Measure what changed between two score tables of the same pairs.

    Parameters
    ----------
    before, after : DataFrame
        Score tables, each larger = more alike on its own scale. Rows may be in any order; pairs are found by their
        photos and people, and one that occurs several times is taken in the order in which it does.
    by : sequence of str
        Groupings: attributes of the table `before`, or several joined by commas for their intersection.
    at_fmr : float, optional
        Each table gets the lowest threshold that keeps its own FMR over all impostor pairs at or below this.
    thresholds : tuple of float, optional
        The thresholds of the two tables, instead.
    confidence : float
        Between 0 and 1, exclusive.
    replicates : int
        Draws of people for the intervals of the indices, at least 2; 0 makes none, and indices then have no interval.
    seed : int
        Of the draws.

    Returns
    -------
    DriftAudit

    Raises
    ------
    ScoreTableError
        If ``facerec.scores.check`` refuses a table.
        If a pair is in one of the tables only.
        If a pair has different labels in the two tables.
        If an attribute is missing.
    ArgumentError
        If not exactly one of `at_fmr` and `thresholds` is given, or a threshold is NaN.
        If `at_fmr` is not within 0 … 1, or no impostor pair has a score to find the threshold by.
        If `confidence` is out of range, or `replicates` is 1 or negative.

    Notes
    -----
    The thresholds count as given: where they were chosen on the audited table, the intervals hold for these
    thresholds and leave out how uncertain they are.

    Examples
    --------
    >>> rows = [[f"{i}/1", f"{i}/2", str(i), str(i), True, 0.9] for i in range(12)]
    >>> before = pd.DataFrame([*rows, ["0/1", "1/2", "0", "1", False, 0.1]], columns=scores.REQUIRED)
    >>> after = before.assign(score=before["score"].where(before.index > 5, 0.2))
    >>> print(audit_drift(before, after, thresholds=(0.5, 0.5)).change("fnmr"))
    FNMR of everybody: WORSE, 0 -> 0.5, change +0.5 [0.1024, 0.7548]
    """
    checked_confidence(confidence)
    first = scores.check(before)
    second = same_pairs(first, scores.check(after))
    if (at_fmr is None) == (thresholds is None):
        message = "drift needs either at_fmr or the thresholds of both tables"
        raise ArgumentError(message)
    points = (
        tuple(_threshold_at(table, at_fmr) for table in (first, second))
        if at_fmr is not None
        else tuple(_given(table, value) for table, value in zip((first, second), thresholds or (), strict=True))
    )
    comparisons = _Comparisons(first, second, (points[0].value, points[1].value), confidence)
    changes = list(comparisons.changes("", "", np.ones(len(first), np.bool_)))
    index_changes: list[IndexChange] = []
    unlabelled = []
    for name in by:
        groups = group_pairs(first, name)
        of_groups = [
            list(comparisons.changes(groups.by, g, groups.within == code)) for code, g in enumerate(groups.names)
        ]
        changes += [change for entries in of_groups for change in entries]
        index_changes += comparisons.indices(groups, of_groups, replicates=replicates, seed=seed)
        unlabelled.append((groups.by, _unlabelled(groups, first["genuine"].to_numpy(bool))))
    return DriftAudit(points[0], points[1], tuple(changes), tuple(index_changes), tuple(unlabelled), confidence)


class _Comparisons:
    """The errors of two tables, row by row the same pairs, at the two thresholds `at`."""

    def __init__(self, before: pd.DataFrame, after: pd.DataFrame, at: tuple[float, float], confidence: float) -> None:
        self.people = compact_codes(
            before["probe_subject"].to_numpy(object), before["reference_subject"].to_numpy(object)
        )
        self.confidence = confidence
        genuine = before["genuine"].to_numpy(bool)
        values = [table["score"].to_numpy(np.float64) for table in (before, after)]
        accepted = [value >= at for value, at in zip(values, at, strict=True)]
        everything = np.ones(len(genuine), np.bool_)
        self.kinds: dict[RateName, tuple[NDArray[np.bool_], list[NDArray[np.bool_]]]] = {
            "fmr": (~genuine, accepted),
            "fnmr": (genuine, [~accept for accept in accepted]),
            "fta": (everything, [np.isnan(value) for value in values]),
        }
        self.correlation = {
            name: [self._correlation(w, kind) for w in wrong] for name, (kind, wrong) in self.kinds.items()
        }

    def changes(self, by: str, group: str, inside: NDArray[np.bool_]) -> Iterator[RateChange]:
        """The three changes of the comparisons `inside`."""
        for name, (kind, wrong) in self.kinds.items():
            chosen = kind & inside
            people = self.people[0][chosen], self.people[1][chosen]
            before, after = (
                clustered_estimate(errors[chosen], *people, confidence=self.confidence, correlation=correlation)
                for errors, correlation in zip(wrong, self.correlation[name], strict=True)
            )
            change = paired_change(wrong[0][chosen], wrong[1][chosen], *people, confidence=self.confidence)
            yield RateChange(by, group, name, before, after, change)

    def indices(
        self, groups: PairGroups, changes: Sequence[Sequence[RateChange]], *, replicates: int, seed: int
    ) -> list[IndexChange]:
        """The changes of the indices of one grouping, from the changes of its groups."""
        kinds = []
        names: tuple[RateName, ...] = ("fmr", "fnmr")  # in the order of `changes`
        for place, name in enumerate(names):
            kind, wrong = self.kinds[name]
            people = self.people[0][kind], self.people[1][kind]
            for errors, side in zip(wrong, ("before", "after"), strict=True):
                estimates = [getattr(entry[place], side) for entry in changes]
                kinds.append(Grouped(Trials(errors[kind], people), groups.within[kind], estimates))
        return index_changes(groups.by, kinds, replicates=replicates, seed=seed, confidence=self.confidence)

    def _correlation(self, errors: NDArray[np.bool_], kind: NDArray[np.bool_]) -> float:
        """Among all comparisons of a kind, for groups that show no error of their own."""
        return pair_correlation(errors[kind], self.people[0][kind], self.people[1][kind])


def _threshold_at(table: pd.DataFrame, target: float) -> Threshold:
    impostor = scores.impostor_scores(table)
    value = threshold_at_fmr(impostor, target)
    rule = f"the lowest score with FMR at or below {target:g} over all impostor pairs of the same table"
    return Threshold(value, rule, target, fmr(impostor, value))


def _given(table: pd.DataFrame, value: float) -> Threshold:
    return Threshold(value, "given", None, fmr(scores.impostor_scores(table), value))


def _unlabelled(groups: PairGroups, genuine: NDArray[np.bool_]) -> Unlabelled:
    absent = (groups.probe < 0) | (groups.reference < 0)
    across = ~absent & (groups.within < 0)
    return Unlabelled(int((absent & genuine).sum()), int((absent & ~genuine).sum()), int((across & genuine).sum()))
