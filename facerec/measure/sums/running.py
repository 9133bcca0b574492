"""Sums that grow block by block, for tables longer than memory: what ``filling.py`` makes of all blocks at once.

Trials are counted in place, person by person; what is rare (errors, comparisons without a score) or wide (scores,
couples) is piled up and put together now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from facerec.measure.sums.counts import Counts
from facerec.measure.sums.value import (
    BOTH,
    PROBE,
    REFERENCE,
    CellSums,
    Couples,
    Limits,
    Scores,
    bins,
    sampled,
)

_Pair = tuple[NDArray[np.int32], NDArray[np.int32]]
_T = TypeVar("_T", Couples, Scores)
_NOBODY = 3  # the fourth side, of nobody: genuine pairs have no second person
_PILE = 1 << 18
_MOST_PLACES = 1 << 25


class Pile(Generic[_T]):
    """Couples or scores to be put together, at no finer a level than that of what is together already."""

    def __init__(self, nothing: _T, together: Callable[[Sequence[_T]], _T]) -> None:
        self._whole: _T = nothing
        self._together: Callable[[Sequence[_T]], _T] = together
        self._pending: list[_T] = []

    @property
    def level(self) -> int:
        """Nothing finer needs to be added."""
        return self._whole.level

    def add(self, found: _T) -> None:
        """Add what was found in a block."""
        self._pending.append(found)
        if sum(len(each.counts) for each in self._pending) > _PILE:
            self.whole()

    def whole(self) -> _T:
        """All that was added."""
        if self._pending:
            found: list[_T] = [self._whole]
            self._whole = self._together(found + self._pending)
            self._pending = []
        return self._whole


class RunningCells:
    """The sums of one grouping, block by block, of people who are numbered by their first appearance."""

    def __init__(self, by: str, limits: Limits, *, named: bool) -> None:
        self.by, self.sides, self._limits, self._named = by, dict[tuple[str, ...], int](), limits, named
        self._marks = np.empty(0, np.uint64)
        self._done: CellSums | None = None
        self._start()

    def _start(self) -> None:
        """With room for the sides that are known."""
        self._size = len(self.sides)
        self._cells = np.zeros((3, 2 * self._size**2), np.int64)
        self._member = np.empty(0, np.int32)  # by person and side: who is labelled so, by first appearance
        self._whose = np.empty(0, np.int64)
        self._trials = np.empty(0, np.int64)
        self._rare = [Counts.none(1, 1), Counts.none(1, 1)]
        limits = self._limits
        self._scores = Pile(Scores(0, Counts.none(2, 1)), lambda found: added_scores(found).limited(limits.scores))
        self._couples = Pile(Couples(0, Counts.none(3, 3)), self._together)
        self._erred = Pile(Couples(0, Counts.none(3, 1)), self._together)

    def _together(self, found: Sequence[Couples]) -> Couples:
        level = max(each.level for each in found)
        thinned = [each.thinned(level, self._marks) for each in found]
        return Couples(level, _all_of([each.counts for each in thinned])).limited(self._limits.couples, self._marks)

    def include(
        self,
        probe: NDArray[np.integer],
        reference: NDArray[np.integer],
        genuine: NDArray[np.bool_],
        scores: NDArray[np.float64],
        *,
        threshold: float,
        people: _Pair | None,
        marks: NDArray[np.uint64],
    ) -> None:
        """Add comparisons: the sides of both (n,), as numbered in `sides`, their kinds, scores and people."""
        if len(self.sides) != self._size or len(self._trials) > _MOST_PLACES:
            self._done = self.sums()
            self._start()
        self._marks, size = marks, self._size
        failed = np.isnan(scores)
        missing = failed.any()
        wrong = (scores >= threshold) != genuine
        cell = (probe * size + reference).astype(np.int32)
        cell += genuine * np.int32(size * size)
        errors, lost = np.flatnonzero(wrong), np.flatnonzero(failed) if missing else np.empty(0, np.int64)
        self._cells[0] += np.bincount(cell, minlength=self._cells.shape[1])
        for row, which in ((1, errors), (2, lost)):
            self._cells[row] += np.bincount(cell[which], minlength=self._cells.shape[1])
        there = ~failed if missing else slice(None)
        level = self._scores.level
        self._scores.add(
            Scores(level, Counts.of([cell[there], bins(scores[there], level)])).limited(self._limits.scores)
        )
        if people is None:
            return
        first, second = people
        of_first = self._places(first, probe, np.where(genuine, np.int8(BOTH), np.int8(PROBE)), reference)
        of_second = self._places(second, reference, np.where(genuine, np.int8(_NOBODY), np.int8(REFERENCE)), probe)
        for places in (of_first, of_second):
            np.add.at(self._trials, places, 1)
        for number, which in enumerate((errors, lost)):
            if len(which):
                self._rare[number] += Counts.of([np.concatenate([of_first[which], of_second[which]])])
        self._meet(cell, people, ~genuine, errors, failed if missing else None)

    def _meet(
        self,
        cell: NDArray[np.int32],
        people: _Pair,
        apart: NDArray[np.bool_],
        errors: NDArray[np.int64],
        failed: NDArray[np.bool_] | None,
    ) -> None:
        """Couples, and those with an error."""
        level = self._couples.level
        met = apart & sampled(self._marks[people[0]], self._marks[people[1]], level) if level else apart
        rows = np.flatnonzero(met)
        mistaken = np.zeros(len(cell), np.bool_)
        mistaken[errors] = True
        kinds = np.ones((3, len(rows)), np.int64)
        kinds[1], kinds[2] = mistaken[rows], 0 if failed is None else failed[rows]
        counts = Counts.of(_keys(cell, people, rows), list(kinds))
        self._couples.add(Couples(level, counts).limited(self._limits.couples, self._marks))
        rows = errors[apart[errors]]
        if len(rows):
            self._erred.add(Couples(0, Counts.of(_keys(cell, people, rows))).thinned(self._erred.level, self._marks))

    def _places(
        self,
        people: NDArray[np.int32],
        own: NDArray[np.integer],
        side: NDArray[np.int8],
        other: NDArray[np.integer],
    ) -> NDArray[np.int64]:
        """Where each row's trial of a person is counted."""
        size = self._size
        labelled = people * np.int64(size) + own
        if (needed := len(self._marks) * size) > len(self._member):
            self._member = np.concatenate([self._member, np.full(needed - len(self._member), -1, np.int32)])
        member = self._member[labelled]
        if (new := member < 0).any():
            found = np.unique(labelled[new])
            self._member[found] = np.arange(len(self._whose), len(self._whose) + len(found))
            self._whose = np.concatenate([self._whose, found])
            more = np.zeros(len(self._whose) * 4 * size - len(self._trials), np.int64)
            self._trials = np.concatenate([self._trials, more])
            member = self._member[labelled]
        places = member.astype(np.int64)
        places *= 4
        places += side
        places *= size
        places += other
        return places

    def sums(self, people: NDArray[np.int64] | None = None) -> CellSums:
        """What has been added so far, with other numbers of `people`, and then sides in their order."""
        size, sides = max(1, self._size), tuple(self.sides)
        order, numbers = (sides, np.arange(len(self._marks))) if people is None else (tuple(sorted(sides)), people)
        places = {side: place for place, side in enumerate(order)}
        moved = np.array([places[side] for side in sides[: self._size]], np.int64)
        now = len(order)
        kinds = np.arange(2)[:, None, None] * now
        cells = ((kinds + moved[:, None]) * now + moved).ravel()
        filled = np.flatnonzero(self._cells[0])
        mine = CellSums(
            self.by,
            order,
            Counts(filled[None], self._cells[:, filled]).renamed(0, cells),
            self._takes(size, cells, numbers) if self._named else Counts.none(3, 3),
            self._couples.whole().renamed(cells, numbers),
            self._erred.whole().renamed(cells, numbers),
            self._scores.whole().renamed(cells),
        )
        if self._done is None:
            return mine
        marks = self._marks
        if people is not None:
            marks = np.empty_like(marks)
            marks[people] = self._marks
        return self._done.renamed(numbers, order).plus(mine, marks, self._limits)

    def _takes(self, size: int, cells: NDArray[np.int64], people: NDArray[np.int64]) -> Counts:
        places = np.flatnonzero(self._trials)
        places = places[places // size % 4 != _NOBODY]
        counts = np.zeros((3, len(places)), np.int64)
        counts[0] = self._trials[places]
        for row, rare in enumerate(self._rare, 1):
            real = rare.take(rare.keys[0] // size % 4 != _NOBODY)
            counts[row, np.searchsorted(places, real.keys[0])] = real.counts[0]
        member, side, other = places // (4 * size), places // size % 4, places % size
        person, own = np.divmod(self._whose[member], size)
        cell = np.where(side == REFERENCE, other * size + own, own * size + other) + (side == BOTH) * size * size
        return Counts.of([cells[cell], people[person], side], list(counts))


def added_scores(found: Sequence[Scores]) -> Scores:
    """Several histograms together, at the level of the widest."""
    level = max(each.level for each in found)
    return Scores(level, _all_of([each.widened(level).counts for each in found]))


def _all_of(found: Sequence[Counts]) -> Counts:
    there = [each for each in found if len(each)]
    if len(there) < 2:
        return there[0] if there else found[0]
    keys = np.concatenate([each.keys for each in there], axis=1)
    return Counts.of(list(keys), list(np.concatenate([each.counts for each in there], axis=1)))


def _keys(cell: NDArray[np.int32], people: _Pair, rows: NDArray[np.int64]) -> list[NDArray[np.int32]]:
    first, second = people[0][rows], people[1][rows]
    return [cell[rows], np.minimum(first, second), np.maximum(first, second)]
