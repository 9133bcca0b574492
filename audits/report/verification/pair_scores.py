"""The scores of everybody and of each group, sorted once, so that a curve costs a search and not a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.choice import RankedScores
from audits.statistics.intervals import CONFIDENCE
from audits.tables.groups import group_pairs
from audits.verification.rates import CellRates, Cells
from audits.verification.summed import GroupCells, grouped_sides
from facerec.measure.sums.value import ComparisonSums
from facerec.measure.tables.completed import complete

_Scores = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairScores:
    """The scores of a set of pairs, larger = more alike, without pairs that have none.

    `label` says whose pairs they are, and is empty for everybody's; the trials are with the pairs that have no score.
    """

    label: str
    genuine: RankedScores
    impostor: RankedScores
    genuine_trials: int
    impostor_trials: int

    def fmr(self, thresholds: _Scores) -> _Scores:
        """False match rates at these thresholds; NaN without impostor pairs."""
        matches = len(self.impostor) - self.impostor.below(thresholds)
        return matches / self.impostor_trials if self.impostor_trials else np.full(len(thresholds), np.nan)

    def fnmr(self, thresholds: _Scores) -> _Scores:
        """False non-match rates at these thresholds; NaN without genuine pairs."""
        failed = self.genuine_trials - len(self.genuine)
        rejected = self.genuine.below(thresholds) + failed
        return rejected / self.genuine_trials if self.genuine_trials else np.full(len(thresholds), np.nan)


@dataclass(frozen=True, eq=False)
class ScoreSets:
    """The scores that the curves of a report are drawn from.

    `groups` has, for each grouping, every group in the order of the audit, from pairs with both sides in it. `distance`
    says whether the table holds distances; scores here are their negatives.
    """

    everybody: PairScores
    groups: tuple[tuple[str, tuple[PairScores, ...]], ...]
    distance: bool

    def shown(self, values: _Scores) -> _Scores:
        """Scores on the table's own scale."""
        return 0.0 - values if self.distance else values


def split_scores(table: pd.DataFrame, *, by: Sequence[str], distance: bool = False) -> ScoreSets:
    """Sort the scores of a table by group and kind of pair; `distance`: smaller is more alike.

    The table is as for ``audits.verification.audit.audit_verification``; `ScoreTableError` if it is refused, or cannot
    be grouped as asked.
    """
    checked = complete(table).table
    scores = checked["score"].to_numpy(np.float64)
    scores = 0.0 - scores if distance else scores
    genuine = checked["genuine"].to_numpy(bool)
    groupings = []
    for name in by:
        found = group_pairs(checked, name)
        within = found.within
        groupings.append(
            (found.by, tuple(_pairs(g, scores, genuine, within == code) for code, g in enumerate(found.names)))
        )
    return ScoreSets(_pairs("", scores, genuine, np.ones(len(scores), np.bool_)), tuple(groupings), distance)


def summed_scores(sums: ComparisonSums) -> ScoreSets:
    """The same from sums: scores as far as their bins tell, each by its lowest."""
    rates = [CellRates.of(sums, place, CONFIDENCE) for place in range(len(sums.groupings))]
    groupings = []
    for each in rates:
        if each.sums.by:
            cells = GroupCells.of(each, grouped_sides(each.sums))
            within = zip(cells.groups.names, cells.genuine, cells.impostor, strict=True)
            groupings.append((each.sums.by, tuple(_of_cells(name, each, *kinds) for name, *kinds in within)))
    everybody = _of_cells("", rates[0], rates[0].genuines, rates[0].impostors)
    return ScoreSets(everybody, tuple(groupings), sums.made.distance)


def _of_cells(label: str, rates: CellRates, genuine: Cells, impostor: Cells) -> PairScores:
    trials = [rates.counted(cells)[0] for cells in (genuine, impostor)]
    return PairScores(label, rates.ranked(genuine), rates.ranked(impostor), trials[0], trials[1])


def curve_thresholds(sets: Sequence[PairScores], *, points: int = 160) -> _Scores:
    """Thresholds at which curves of these sets are worth a point, ascending.

    They are about so many `points` of each set's highest impostor and lowest genuine scores, denser towards the ends,
    where error rates are small.
    """
    picked = []
    for ranked, falling in (
        (ranked, ranked is each.impostor) for each in sets for ranked in (each.impostor, each.genuine)
    ):
        if len(ranked):
            ranks = np.unique(np.geomspace(1, len(ranked), min(points, len(ranked))).astype(np.int64)) - 1
            picked.append(ranked.ascending(len(ranked) - 1 - ranks if falling else ranks))
    steps = np.unique(np.concatenate(picked)) if picked else np.empty(0)
    return np.append(steps, np.nextafter(steps[-1], np.inf)) if len(steps) else steps


def _pairs(label: str, scores: _Scores, genuine: NDArray[np.bool_], rows: NDArray[np.bool_]) -> PairScores:
    kinds = [scores[rows & kind] for kind in (genuine, ~genuine)]
    ranked = [RankedScores.of(kind) for kind in kinds]
    return PairScores(label, ranked[0], ranked[1], len(kinds[0]), len(kinds[1]))
