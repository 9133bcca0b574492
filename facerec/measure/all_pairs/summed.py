"""All pairs of a table of vectors as sums of comparisons: what an audit takes, as if the pairs had been written down.

A photo without a vector has no score with any other, and counts as it does in a table: its genuine pairs are rejected,
its impostor pairs are no false matches. Who is compared with whom how often follows from how many photos people have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.all_pairs.counts import Count, PairSums, bin_floors
from facerec.measure.all_pairs.impostors import AllPairs
from facerec.measure.all_pairs.people import PhotosOfPeople
from facerec.measure.all_pairs.product import BINS
from facerec.measure.all_pairs.running import Progress, count_pairs
from facerec.measure.metrics.rates import ThresholdRule
from facerec.measure.sums.counts import Counts
from facerec.measure.sums.value import (
    BOTH,
    PROBE,
    REFERENCE,
    CellSums,
    ComparisonSums,
    Couples,
    Limits,
    Made,
    Scores,
    bins,
    person_marks,
)
from facerec.measure.tables.vector_table import FaceVectors

LEVEL = 43
"""Of the histograms: above a half, bins of 1/1024, which below are those of several of its bins, the lowest of them."""

_NOTE = (
    "every photo was compared with every other and no pair written down; a pair has no probe: it stands in the cell of "
    f"the group that comes first, and scores share bins of 1/{BINS}"
)


@dataclass(frozen=True, eq=False)
class AllComparisons:
    """All pairs of the photos of a table, some of them without a vector.

    Attributes
    ----------
    photos : PhotosOfPeople
        Those with a vector.
    names : ndarray, object, shape (p,)
        Everybody, sorted.
    labels : tuple of tuple of str
        Of everybody, one for each of `attributes`.
    attributes : tuple of str
    taken : ndarray, int64, shape (p,)
        How many photos there are of each, with a vector or without.
    """

    photos: PhotosOfPeople
    names: NDArray[np.object_]
    labels: tuple[tuple[str, ...], ...]
    attributes: tuple[str, ...]
    taken: NDArray[np.int64]

    @classmethod
    def of(cls, vectors: FaceVectors, by: Sequence[str]) -> AllComparisons:
        """Of a table, whose people are to be grouped so.

        `ScoreTableError` if it lacks an attribute, `ArgumentError` if a person has two labels of one.
        """
        attributes = tuple(dict.fromkeys(each for grouping in by for each in grouping.split(",") if each))
        if lacking := [name for name in attributes if name not in vectors.photos.columns]:
            others = ", ".join(name for name in vectors.photos.columns if name not in ("photo", "subject", "failure"))
            message = f"the table of vectors has no column {lacking[0]} to group people by; it has {others or 'none'}"
            raise ScoreTableError(message)
        subjects = vectors.photos["subject"].to_numpy(str)
        names, first, who, taken = np.unique(subjects, return_index=True, return_inverse=True, return_counts=True)
        written = [vectors.photos[name].fillna("").to_numpy(str) for name in attributes]
        for attribute, column in zip(attributes, written, strict=True):
            if (odd := np.flatnonzero(column != column[first][who])).size:
                message = (
                    f"{str(subjects[odd[0]])!r} is {str(column[first][who][odd[0]])!r} and {str(column[odd[0]])!r} in "
                    f"{attribute}; all pairs are audited by groups of people, each in one: give everybody one "
                    f"{attribute}"
                )
                raise ArgumentError(message)
        labels = tuple(zip(*(column[first].tolist() for column in written), strict=True)) or ((),) * len(names)
        groups = {label: number for number, label in enumerate(sorted(set(labels)))}
        of_people = np.array([groups[label] for label in labels], np.int64)
        there = vectors.embedded
        photos = PhotosOfPeople.of(vectors.matrix[there], subjects[there].tolist(), of_people[who[there]])
        return cls(photos, names.astype(object), labels, attributes, taken.astype(np.int64))

    @property
    def impostors(self) -> int:
        """How many pairs of two people there are, with a score or without."""
        return (int(self.taken.sum()) ** 2 - int(self.taken @ self.taken)) // 2

    def threshold_at_fmr(
        self,
        target_fmr: float,
        *,
        rule: ThresholdRule = "observed",
        processes: int | None = None,
        progress: Progress | None = None,
    ) -> float:
        """As ``metrics.threshold_at_fmr`` of all impostor pairs; two passes over them."""
        pairs = AllPairs(self.photos, processes=processes, progress=progress)
        if not pairs.impostors:
            message = (
                f"no impostor comparison has a score ({self.impostors} comparisons), so no threshold can be measured"
            )
            raise ArgumentError(message)
        return pairs.threshold_at_fmr(target_fmr, trials=self.impostors, rule=rule)

    def sums(
        self,
        by: Sequence[str],
        made: Made,
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        processes: int | None = None,
        progress: Progress | None = None,
    ) -> ComparisonSums:
        """Count all pairs at the threshold of `made`, for groupings of the attributes; one pass."""
        if not made.threshold > -1:
            message = f"all pairs are counted at a threshold above -1; got {made.threshold}"
            raise ArgumentError(message)
        question = Count((made.threshold,), couples=True)
        counted = count_pairs(self.photos, question, processes=processes, progress=progress)
        places = {name: place for place, name in enumerate(self.names)}
        order = np.array([places[name] for name in self.photos.names], np.int64)
        scored = np.zeros(len(self.names), np.int64)
        scored[order] = self.photos.photos
        histogram = counted.impostor.sum(axis=(0, 1)) + counted.genuine.sum(axis=0)
        seen = np.flatnonzero(histogram)
        ends = (np.inf, -np.inf)
        if seen.size:
            floors = np.clip(bin_floors(), -1, 1)
            ends = float(floors[seen[0]]), float(min(1.0, floors[seen[-1]] + 1 / BINS))
        marks = person_marks(self.names)
        told = replace(made, notes=(*made.notes, _NOTE))
        groupings = tuple(self._grouped(each, counted, order, limits, marks) for each in by or ("",))
        return ComparisonSums(told, self.names, groupings, *ends, limits=limits, photos=self.taken, scored=scored)

    def _grouped(
        self, by: str, counted: PairSums, order: NDArray[np.int64], limits: Limits, marks: NDArray[np.uint64]
    ) -> CellSums:
        """The sums of one grouping; `order` says who among `names` the counted people are."""
        chosen = [self.attributes.index(each) for each in by.split(",") if each]
        of_people = [tuple(label[place] for place in chosen) for label in self.labels]
        sides = tuple(sorted(set(of_people)))
        numbers = {side: number for number, side in enumerate(sides)}
        side = np.array([numbers[each] for each in of_people], np.int64)
        people, size = len(self.names), len(sides)
        scored, errors, missed = (
            np.zeros(people, np.int64),
            np.zeros((people, size), np.int64),
            np.zeros(people, np.int64),
        )
        scored[order] = self.photos.photos
        missed[order] = counted.rejections[0]
        # The side of each group that was counted: that of anybody in it.
        of_group = np.zeros(self.photos.group_count, np.int64)
        of_group[self.photos.groups] = side[order]
        for group, its_side in enumerate(of_group.tolist()):
            errors[order, its_side] += counted.match_people[0][:, group]
        impostors = [
            _met_others(each, side, size) for each in (self.taken, scored)
        ]  # comparisons of each person with people of each side, all and those with a score
        own = [each * (each - 1) // 2 for each in (self.taken, scored)]
        strangers = np.stack([impostors[0], errors, impostors[0] - impostors[1]])
        selves = np.stack([own[0], missed + own[0] - own[1], own[0] - own[1]])
        who, with_side = (each.ravel() for each in np.indices((people, size)))
        mine = side[who]
        cell = np.minimum(mine, with_side) * size + np.maximum(mine, with_side)
        genuine_cell = (size + side) * size + side
        takes = Counts.of(
            [
                np.concatenate([cell, genuine_cell]),
                np.concatenate([who, np.arange(people)]),
                np.concatenate([np.where(mine <= with_side, PROBE, REFERENCE), np.full(people, BOTH)]),
            ],
            [np.concatenate([one.ravel(), other]) for one, other in zip(strangers, selves, strict=True)],
        )
        # Two people of one side are met by both; of two sides, by the probe's.
        once = takes.keys[2] != REFERENCE
        alike = takes.keys[0] < size * size
        alike &= takes.keys[0] // size == takes.keys[0] % size
        cells = Counts.of([takes.keys[0][once]], list(takes.counts[:, once]))
        twice = np.isin(cells.keys[0], takes.keys[0][alike])
        cells = Counts(cells.keys, np.where(twice, cells.counts // 2, cells.counts))
        return CellSums(
            by,
            sides,
            cells,
            takes,
            Couples(0, Counts.none(3, 3)),
            self._erred(counted, order, side, size).limited(limits.couples, marks),
            _histogram(counted, of_group, size).limited(limits.scores),
        )

    def _erred(self, counted: PairSums, order: NDArray[np.int64], side: NDArray[np.int64], size: int) -> Couples:
        first, second, errors = (each.astype(np.int64) for each in counted.joined.T)
        first, second = order[first], order[second]
        low, high = np.minimum(side[first], side[second]), np.maximum(side[first], side[second])
        keys = [low * size + high, np.minimum(first, second), np.maximum(first, second)]
        return Couples(0, Counts.of(keys, [errors]) if len(errors) else Counts.none(3, 1))


def _met_others(photos: NDArray[np.int64], side: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """With how many photos of others of each side a person's are compared, all together; shape (people, sides)."""
    of_sides = np.bincount(side, weights=photos, minlength=size).astype(np.int64)
    met = photos[:, None] * of_sides[None]
    met[np.arange(len(photos)), side] -= photos * photos
    return met


def _histogram(counted: PairSums, of_group: NDArray[np.int64], size: int) -> Scores:
    places = bins(bin_floors(), LEVEL)
    together = np.zeros((2 * size * size, len(places)), np.int64)
    for one, mine in enumerate(of_group.tolist()):
        together[(size + mine) * size + mine] += counted.genuine[one]
        for other, theirs in enumerate(of_group.tolist()):
            together[min(mine, theirs) * size + max(mine, theirs)] += counted.impostor[one, other]
    cells, columns = np.nonzero(together)
    if not len(cells):
        return Scores(LEVEL, Counts.none(2, 1))
    return Scores(LEVEL, Counts.of([cells, places[columns]], [together[cells, columns]]))
