"""The rates of groups from sums of their comparisons: who is in which cell, and what went wrong there.

An audit asks for many rates of the same comparisons: of everybody, of a group, of one group against another. Each is of
some cells of ``facerec.measure.sums.value.CellSums``, so nothing here ever looks at a comparison.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from audits.statistics.bootstrap import GroupedSums
from audits.statistics.choice import RankedScores
from audits.statistics.estimates import Estimate
from audits.statistics.intervals import estimate
from audits.statistics.people import PersonMean, mean_of_people
from facerec.measure.metrics.dependence import Meetings, PeopleSums
from facerec.measure.sums.counts import Counts
from facerec.measure.sums.value import PROBE, REFERENCE, CellSums, ComparisonSums, bin_floors, bins
from facerec.types import Rate

Cells: TypeAlias = NDArray[np.int64]
What: TypeAlias = Literal["errors", "failed", "completed"]
"""What of comparisons: their errors, that they have no score, or the errors of those that have one."""


@dataclass(frozen=True, eq=False)
class CellRates:
    """What can be asked of one grouping's sums.

    `sums` are those of the grouping, `names` whether people are named, `confidence` that of every interval, and
    `photos` and `scored` as of ``ComparisonSums``.
    """

    sums: CellSums
    named: bool
    confidence: float
    photos: NDArray[np.int64] | None = None
    scored: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, whole: ComparisonSums, place: int, confidence: float) -> CellRates:
        """Of one of the groupings."""
        return cls(whole.groupings[place], whole.made.people, confidence, whole.photos, whole.scored)

    @cached_property
    def impostors(self) -> Cells:
        """All cells of impostor pairs."""
        return np.arange(len(self.sums) // 2)

    @cached_property
    def genuines(self) -> Cells:
        """All cells of genuine pairs."""
        return np.arange(len(self.sums) // 2, len(self.sums))

    def kept(self, cells: Cells) -> CellRates:
        """As if there were no other cells; people are numbered anew."""
        takes = self.sums.takes.take(np.isin(self.sums.takes.keys[0], cells))
        there = np.unique(takes.keys[1])
        numbers = np.full(int(there.max(initial=-1)) + 1, -1)
        numbers[there] = np.arange(len(there))

        def inside(counts: Counts) -> Counts:
            return counts.take(np.isin(counts.keys[0], cells))

        def renumbered(counts: Counts) -> Counts:
            kept = inside(counts)
            return Counts(np.stack([kept.keys[0], *(numbers[side] for side in kept.keys[1:])]), kept.counts)

        sums = replace(
            self.sums,
            cells=inside(self.sums.cells),
            takes=Counts(np.stack([takes.keys[0], numbers[takes.keys[1]], takes.keys[2]]), takes.counts),
            couples=replace(self.sums.couples, counts=renumbered(self.sums.couples.counts)),
            erred=replace(self.sums.erred, counts=renumbered(self.sums.erred.counts)),
            scores=replace(self.sums.scores, counts=inside(self.sums.scores.counts)),
        )
        photos, scored = (None if each is None else each[there] for each in (self.photos, self.scored))
        return CellRates(sums, self.named, self.confidence, photos, scored)

    def counted(self, cells: Cells, what: What = "errors") -> tuple[int, int]:
        """Comparisons, and how many of them were errors or what else is asked."""
        found = self._asked(self._in(self.sums.cells, cells), what).sum(axis=1)
        return int(found[0]), int(found[1])

    def estimate(self, cells: Cells, what: What = "errors", *, correlation: float | None = None) -> Estimate:
        """A rate of some cells, with its interval; as ``audits.statistics.intervals.clustered_estimate``."""
        if not self.named:
            return estimate(Rate(*self.counted(cells, what)[::-1]), confidence=self.confidence)
        found = self.people_sums(cells, what)
        rate = found.rate(correlation=correlation, confidence=self.confidence)
        return replace(estimate(rate, confidence=self.confidence), people=found.meetings.people)

    def correlation(self, cells: Cells, what: What = "errors") -> float:
        """As ``audits.statistics.trials.Trials.correlation``."""
        return self.people_sums(cells, what).correlation() if self.named else 0.0

    def accepted(self, cells: Cells, threshold: float) -> float:
        """The share of some cells' comparisons that a threshold accepts, as far as bins of scores tell; NaN if none."""
        scores = self._in(self.sums.scores.counts, cells)
        n, _ = self.counted(cells)
        if not n or not math.isfinite(threshold):
            return float(threshold < 0 and scores.counts.sum()) / n if n else math.nan
        reached = scores.keys[1] >= bins(np.array([threshold]), self.sums.scores.level)[0]
        return int(scores.counts[0][reached].sum()) / n

    def ranked(self, cells: Cells) -> RankedScores:
        """The scores of some cells in their order, or the lowest of each bin."""
        scores = self._in(self.sums.scores.counts, cells)
        if not len(scores):
            return RankedScores(np.empty(0), np.empty(0, np.int64))
        together = Counts.of([scores.keys[1]], [scores.counts[0]])
        return RankedScores(bin_floors(together.keys[0], self.sums.scores.level), together.counts[0])

    def person_mean(self, cells: Cells, *, correlation: float) -> PersonMean | None:
        """The mean of people's own error rates, of genuine pairs; None where nobody is named."""
        if not self.named:
            return None
        found = self.people_sums(cells)
        taking = found.meetings.comparisons > 0
        return mean_of_people(
            found.meetings.comparisons[taking],
            found.errors[taking],
            correlation=correlation,
            confidence=self.confidence,
        )

    def members(self, codes: NDArray[np.integer], groups: int) -> list[int | None]:
        """How many different people each group has on either side; `codes` (S,) say which group a side is, or -1."""
        if not self.named:
            return [None] * groups
        size, (cells, people, sides) = len(self.sums.sides), self.sums.takes.keys
        found = [
            np.stack([codes[place[which]], people[which]])
            for place, which in ((cells // size % size, sides != REFERENCE), (cells % size, sides != PROBE))
        ]
        both = np.concatenate(found, axis=1)
        both = both[:, both[0] >= 0]
        different = np.unique(both[0] + both[1] * groups)
        return list(np.bincount(different % groups, minlength=groups).tolist())

    def grouped(self, groups: Sequence[Cells], estimates: Sequence[Estimate]) -> GroupedSums:
        """The cells of each group, of one kind, as a bootstrap of people draws them."""
        counts = np.array([self.counted(cells) for cells in groups], np.int64).reshape(-1, 2)
        if not self.named:
            return GroupedSums(tuple(estimates), counts)
        found = [self._in(self.sums.takes, cells) for cells in groups]
        rows = np.repeat(np.arange(len(groups)), [len(each) for each in found])
        people = np.concatenate([each.keys[1] for each in found])
        of_each = np.concatenate([each.counts[:2] for each in found], axis=1)
        return GroupedSums.of(estimates, counts, (rows, people), of_each, met=[*map(self._erred, groups)])

    def people_sums(self, cells: Cells, what: What = "errors") -> PeopleSums:
        """What the interval of a rate of some cells needs of people."""
        n, k = self.counted(cells, what)
        takes = self._in(self.sums.takes, cells)
        people, highest = takes.keys[1], int(takes.keys[1].max(initial=-1))
        if highest >= 4 * n + 1024:  # few of many
            people = np.unique(people, return_inverse=True)[1]
            highest = int(people.max())
        trials, wrong = (
            np.bincount(people, weights=counts, minlength=highest + 1).astype(np.int64)
            for counts in self._asked(takes, what)
        )
        strangers = cells[cells < len(self.sums) // 2]
        apart, mistaken = self.counted(strangers, what)
        squares, error_squares, products = self._couples(strangers, what, apart, mistaken)
        return PeopleSums(Meetings(n, trials, apart, squares, not apart), k, wrong, error_squares, products)

    def _couples(self, cells: Cells, what: What, apart: int, mistaken: int) -> tuple[float, float, float]:
        """Σ M², Σ E² and Σ E M over couples: counted, or from every second, fourth … of them."""
        if not apart:
            return 0, 0, 0
        if self.photos is not None:
            return self._of_products(cells, what)
        couples = self.sums.couples
        m, e = self._asked(self._together(self._in(couples.counts, cells)), what)
        if not couples.level:
            return int(m @ m), int(e @ e), int(e @ m)
        # That a couple meets once is known of all; what is drawn from some is only how much more than that there is.
        scale = 1 << couples.level
        squares = apart + scale * int(m @ m - m.sum())
        error_squares = mistaken + scale * int(e @ e - e.sum())
        if what != "failed" and not self.sums.erred.level:
            errors = self._together(self._in(self.sums.erred.counts, cells)).counts[0]
            error_squares = int(errors @ errors)
        return squares, error_squares, error_squares + scale * int(e @ (m - e))

    def _of_products(self, cells: Cells, what: What) -> tuple[float, float, float]:
        """The same where everybody's photos were all compared with everybody's, and each person is on one side."""
        assert self.photos is not None  # noqa: S101 - for the type checker
        taken, scored = self.photos, self.photos if self.scored is None else self.scored
        if what == "failed":
            # Of a couple M = N N' comparisons N N' - n n' have no score, n of a person's N photos having any.
            squares, mixed, rest = (
                self._over_couples(cells, each) for each in (taken * taken, taken * scored, scored * scored)
            )
            return squares, squares - 2 * mixed + rest, squares - mixed
        met = taken if what == "errors" else scored
        erred = self._together(self._in(self.sums.erred.counts, cells))
        e, m = erred.counts[0], met[erred.keys[1]] * met[erred.keys[2]]
        return self._over_couples(cells, met * met), int(e @ e), int(e @ m)

    def _over_couples(self, cells: Cells, numbers: NDArray[np.int64]) -> int:
        """Σ x x' over all couples of people in some cells, x the number of each."""
        found, size = 0, len(self.sums.sides)
        for cell in cells.tolist():
            takes = self._in(self.sums.takes, np.array([cell]))
            if cell // size == cell % size:
                mine = numbers[np.unique(takes.keys[1])].tolist()
                found += (sum(mine) ** 2 - sum(each * each for each in mine)) // 2
            else:
                sides = (np.unique(takes.keys[1][takes.keys[2] == side]) for side in (PROBE, REFERENCE))
                first, second = (sum(numbers[side].tolist()) for side in sides)
                found += first * second
        return found

    def _erred(self, cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Who took part in each error of two people; None where there are too many to have been kept."""
        erred = self._in(self.sums.erred.counts, cells)
        if self.sums.erred.level:
            return None
        first, second = (np.repeat(side, erred.counts[0]) for side in erred.keys[1:])
        return first, second

    def _asked(self, counts: Counts, what: What) -> NDArray[np.int64]:
        """Comparisons, and what is asked of them, shape (2, n)."""
        trials, errors, failed = counts.counts
        if what == "errors":
            return counts.counts[:2]
        if what == "failed":
            return counts.counts[::2]
        # A genuine pair without a score is an error; an impostor pair without one is none.
        return np.stack([trials - failed, errors - np.where(counts.keys[0] >= len(self.sums) // 2, failed, 0)])

    def _in(self, counts: Counts, cells: Cells) -> Counts:
        """The counts of some cells."""
        starts, ends = (np.searchsorted(counts.keys[0], cells, side) for side in ("left", "right"))
        if len(cells) == 1:
            return counts.take(slice(int(starts[0]), int(ends[0])))
        if int((ends - starts).sum()) == len(counts):
            return counts
        places = [np.arange(start, end) for start, end in zip(starts, ends, strict=True) if end > start]
        return counts.take(np.concatenate(places) if places else slice(0, 0))

    def _together(self, couples: Counts) -> Counts:
        """Counts by cell and couple as those of couples, whatever their cells."""
        if len(couples) < 2 or couples.keys[0][0] == couples.keys[0][-1]:
            return couples
        first = couples.keys[0][0]
        return couples.regrouped([np.full(len(couples), first), *couples.keys[1:]])
