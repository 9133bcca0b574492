"""Sums of comparisons that are at hand: arrays in, the frozen value out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

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
    Source,
    bins,
    person_marks,
)

EVERYTHING = Limits(1 << 62, 1 << 62)
"""Every couple and every score by itself: for comparisons that are in memory anyway."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """How the two sides of n comparisons are grouped: `by` and `sides` as of `CellSums`, sorted, and which each has."""

    by: str
    sides: tuple[tuple[str, ...], ...]
    probe: NDArray[np.integer]
    reference: NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Compared:
    """Comparisons at hand.

    Attributes
    ----------
    genuine : ndarray, bool, shape (n,)
    scores : ndarray, float64, shape (n,)
        Larger = more alike; NaN where there is none.
    groupings : sequence of Labelled
        At least one.
    names : ndarray, object, shape (p,)
        Of people, sorted, each once.
    people : tuple of two ndarrays, int, shape (n,), or None
        Who is on either side, as places in `names`; None where nobody is named.
    """

    genuine: NDArray[np.bool_]
    scores: NDArray[np.float64]
    groupings: Sequence[Labelled]
    names: NDArray[np.object_]
    people: tuple[NDArray[np.integer], NDArray[np.integer]] | None


def sum_up(
    compared: Compared,
    made: Made,
    *,
    sources: Sequence[Source] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
    marks: NDArray[np.uint64] | None = None,
    histogram: Literal["all", "genuine", "none"] = "all",
) -> ComparisonSums:
    """Sum up comparisons; `marks` are those of the names, where they are known.

    A `histogram` may leave out scores of impostor pairs, or all of them.
    """
    genuine, scores = compared.genuine, compared.scores
    accepted, failed = scores >= made.threshold, np.isnan(scores)
    wrong = accepted != genuine
    people, apart = compared.people, ~genuine
    marks = person_marks(compared.names) if marks is None else marks
    groupings = []
    for grouping in compared.groupings:
        size = len(grouping.sides)
        cell = grouping.probe.astype(np.int64)
        cell *= size
        cell += grouping.reference
        cell += genuine * np.int64(size * size)
        takes = Counts.none(3, 3)
        couples, erred = Couples(0, Counts.none(3, 3)), Couples(0, Counts.none(3, 1))
        if people is not None:
            takes = _takes(cell, people, genuine, (wrong, failed))
            found = _couples(cell, people, np.flatnonzero(apart), (wrong, failed))
            couples = Couples(0, found).limited(limits.couples, marks)
            erred = Couples(0, _couples(cell, people, np.flatnonzero(wrong & apart))).limited(limits.couples, marks)
        histogrammed = Scores(0, Counts.none(2, 1))
        if histogram != "none":
            there = ~failed if histogram == "all" else ~failed & genuine
            found = Counts.of([cell[there], bins(scores[there])])
            histogrammed = Scores(0, found).limited(limits.scores)
        every = np.ones(len(cell), np.bool_)
        groupings.append(
            CellSums(
                grouping.by,
                grouping.sides,
                _counted([cell], every, (wrong, failed)),
                takes,
                couples,
                erred,
                histogrammed,
            )
        )
    seen = scores[~failed]
    return ComparisonSums(
        made,
        compared.names,
        tuple(groupings),
        float(seen.min(initial=np.inf)),
        float(seen.max(initial=-np.inf)),
        tuple(sources),
        limits,
    )


def _couples(
    cell: NDArray[np.int64],
    people: tuple[NDArray[np.integer], NDArray[np.integer]],
    rows: NDArray[np.int64],
    marked: Sequence[NDArray[np.bool_]] = (),
) -> Counts:
    """Counts by cell and couple of some of the comparisons."""
    first, second = (side[rows] for side in people)
    keys = cell[rows], np.minimum(first, second), np.maximum(first, second)
    return _counted(keys, np.ones(len(rows), np.bool_), [each[rows] for each in marked])


def _counted(keys: Sequence[NDArray[Any]], rows: NDArray[np.bool_], marked: Sequence[NDArray[np.bool_]]) -> Counts:
    """How many of the rows each key has, and how many of them are marked in each way."""
    kinds = [rows, *(rows & each for each in marked)]
    found = [Counts.of(list(keys) if kind.all() else [key[kind] for key in keys]) for kind in kinds]
    return _side_by_side(found)


def _takes(
    cell: NDArray[np.int64],
    people: tuple[NDArray[np.integer], NDArray[np.integer]],
    genuine: NDArray[np.bool_],
    marked: Sequence[NDArray[np.bool_]],
) -> Counts:
    sides = np.where(genuine, np.int64(BOTH), np.int64(PROBE))
    probes = _counted([cell, people[0], sides], np.ones(len(cell), np.bool_), marked)
    others = _counted([cell, people[1], np.full(len(cell), REFERENCE)], ~genuine, marked)
    return probes + others


def _side_by_side(found: Sequence[Counts]) -> Counts:
    """Counts of one number each as the several numbers of one."""
    places = np.repeat(np.arange(len(found)), [len(each) for each in found])
    counts = np.zeros((len(found), len(places)), np.int64)
    counts[places, np.arange(len(places))] = np.concatenate([each.counts[0] for each in found])
    return Counts.of(list(np.concatenate([each.keys for each in found], axis=1)), list(counts))
