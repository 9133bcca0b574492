"""Histograms of scores by the groups of two people, and errors at thresholds, person by person and couple by couple."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.measure.all_pairs.people import PART, Block, Part, PhotosOfPeople
from facerec.measure.all_pairs.product import BINS, SHIFT, TICKS, UNITS, ZERO, Scores, Workspace, strangers, ticks
from facerec.measure.all_pairs.sums import CoupleSums

ALL_BINS = 2 * BINS + 2
"""Of a histogram, by size: k / 1024 up to (k + 1) / 1024, the latter exclusive, of scores from 0 on, and the same of
those below 0. So the first holds -1 alone, and the last 1."""

MOST_THRESHOLDS = 1000
"""In one question."""

_LOWEST = ZERO // (1 << SHIFT) - BINS - 1  # the first bin among those of whole numbers


@dataclass(frozen=True, eq=False)
class PairSums(CoupleSums):
    """What was counted of the pairs of p people in g groups, at t thresholds.

    Attributes
    ----------
    impostor : ndarray, shape (g, g, bins)
        Histograms of scores of two people, at their groups in ascending order (`bin_floors`). Zero throughout where
        none was asked for.
    genuine : ndarray, shape (g, bins)
        The same of one person's photos.
    matches, squares, products : ndarray, shape (t, g, g)
        False matches; Σ E² and Σ E M over couples of two people, of whose M comparisons E are false matches: what the
        variance of a rate is made of (``metrics.clusters``).
    match_people : ndarray, shape (t, p, g)
        In how many false matches a person takes part with people of a group.
    rejections : ndarray, shape (t, p)
        False non-matches of each person.
    couples
        Where they were asked for: two people and their false matches.
    """

    impostor: NDArray[np.int64]
    genuine: NDArray[np.int64]
    matches: NDArray[np.int64]
    squares: NDArray[np.int64]
    products: NDArray[np.int64]
    match_people: NDArray[np.int64]
    rejections: NDArray[np.int64]


@dataclass(frozen=True)
class Count:
    """The question for errors at `thresholds`, above -1 and ascending, and a histogram or none.

    With `couples` and one threshold, also for each couple of two people with false matches. `ArgumentError` if
    thresholds are not so, or more than `MOST_THRESHOLDS`.
    """

    thresholds: tuple[float, ...] = ()
    histogram: bool = True
    couples: bool = False

    def __post_init__(self) -> None:
        if len(self.thresholds) > MOST_THRESHOLDS:
            message = f"at most {MOST_THRESHOLDS} thresholds are counted at once; got {len(self.thresholds)}"
            raise ArgumentError(message)
        if self.couples and len(self.thresholds) != 1:
            message = f"couples are counted at one threshold; got {len(self.thresholds)}"
            raise ArgumentError(message)
        if any(not threshold > -1 for threshold in self.thresholds) or list(self.thresholds) != sorted(self.thresholds):
            message = f"thresholds must be above -1 and ascending; got {self.thresholds}"
            raise ArgumentError(message)

    def to_facts(self) -> dict[str, Any]:
        """As ``Question.to_facts``."""
        return {"thresholds": self.thresholds, "histogram": self.histogram, "couples": self.couples}

    def nothing(self, photos: PhotosOfPeople) -> PairSums:
        """As ``Question.nothing``."""
        g, p, t = photos.group_count, len(photos.photos), len(self.thresholds)
        shapes = (g, g, ALL_BINS), (g, ALL_BINS), (t, g, g), (t, g, g), (t, g, g), (t, p, g), (t, p)
        return PairSums(*(np.zeros(shape, np.int64) for shape in shapes))

    def add(self, sums: PairSums, photos: PhotosOfPeople, block: Block, space: Workspace) -> None:
        """As ``Question.add``."""
        first, second = photos.parts[block.first], photos.parts[block.second]
        limits = np.array([in_ticks(threshold) for threshold in self.thresholds], np.int64)
        found = _Matches(photos, first, second, limits, named=self.couples)
        for scores in strangers(photos, block, space):
            if self.histogram:
                sums.impostor[first.group, second.group] += _binned(photos, scores, space)
            if len(limits):
                found.add(scores)
        cell = first.group, second.group
        left, right, squares, products = found.errors
        sums.matches[:, *cell] += left.sum(axis=1)
        sums.squares[:, *cell] += squares
        sums.products[:, *cell] += products
        sums.match_people[:, first.people, second.group] += left
        sums.match_people[:, second.people, first.group] += right
        if self.couples:
            sums.couples.append(found.couples)
        if block.first == block.second:
            self._add_genuine(sums, photos, first, limits)

    def _add_genuine(self, sums: PairSums, photos: PhotosOfPeople, part: Part, limits: NDArray[np.int64]) -> None:
        for first, second in genuine_pairs(photos, part):
            scores = ticks(photos, first, second)
            if self.histogram:
                sums.genuine[part.group] += np.bincount(bins_of(scores), minlength=ALL_BINS)
            reached = np.searchsorted(limits, scores, "right")
            missing = reached < len(limits)  # a pair fails at the first limit that it does not reach, and beyond
            shape = len(limits), len(photos.photos)
            failed = _by_level(reached[missing] + 1, photos.people[first[missing]], shape)
            sums.rejections[...] += np.cumsum(failed, axis=0)


def in_ticks(threshold: float) -> int:
    """The lowest score with seven decimals that reaches a threshold, times `TICKS`.

    >>> in_ticks(0.5), in_ticks(0.50000001), in_ticks(2.0)
    (5000000, 5000001, 10000001)
    """
    if threshold > 1:
        return TICKS + 1
    near = round(threshold * TICKS)
    return next(tick for tick in range(near - 2, near + 3) if tick / TICKS >= threshold)


def _binned(photos: PhotosOfPeople, scores: Scores, space: Workspace) -> NDArray[np.int64]:
    """The exact histogram of a block's scores."""
    whole, shape = scores.whole, scores.whole.shape
    low, is_near = space.take("low", shape, np.int32), space.take("near", shape, np.bool_)
    np.bitwise_and(whole, np.int32((1 << SHIFT) - 1), out=low)
    doubtful = np.flatnonzero(np.less_equal(low, np.int32(2 * scores.slack), out=is_near))
    places = np.right_shift(whole, SHIFT, out=space.take("places", shape, np.int64)).ravel()
    counts = np.bincount(places, minlength=_LOWEST + ALL_BINS)
    counts -= np.bincount(places[doubtful], minlength=len(counts))
    # A product may lie below -1, or above 1, by its own rounding; a score does not. The first bin is that of no pair.
    inside = counts[_LOWEST : _LOWEST + ALL_BINS].copy()
    inside[0] += counts[1:_LOWEST].sum()
    inside[-1] += counts[_LOWEST + ALL_BINS :].sum()
    inside += np.bincount(bins_of(_exact(photos, scores, doubtful)), minlength=ALL_BINS)
    return inside


def bins_of(scores: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bins of scores in ticks."""
    by_size = np.abs(scores) * BINS // TICKS
    return BINS + 1 + np.where(scores < 0, -1 - by_size, by_size)


def bin_floors() -> NDArray[np.float64]:
    """The lowest score that each bin may hold, shape (`ALL_BINS`,)."""
    edges = np.arange(-BINS - 1, BINS + 1) / BINS
    return np.where(edges < 0, np.nextafter(edges, 0), edges)


def _exact(photos: PhotosOfPeople, scores: Scores, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The scores that decide, in ticks, at these places of the flattened block."""
    rows, columns = np.divmod(places, scores.whole.shape[1])
    return ticks(photos, rows + scores.rows.start, columns + scores.columns.start)


class _Matches:
    """False matches of a block, gathered from some of its rows at a time."""

    def __init__(
        self, photos: PhotosOfPeople, first: Part, second: Part, limits: NDArray[np.int64], *, named: bool
    ) -> None:
        self._photos, self._parts, self._limits = photos, (first, second), limits
        # A product may be above 1; nothing reaches a limit there.
        self._edges = np.where(self._limits > TICKS, 2.0**30, ZERO + self._limits * (UNITS / TICKS))
        left, right = photos.photos[first.people], photos.photos[second.people]
        self._photos_of = left, right
        # Where every couple is compared once, errors are as many as couples, and who they are need not be known.
        self._once = bool(left.max() == right.max() == 1) and not named
        # Whoever has more photos than fit is a part alone, whose rows come in pieces: the couples are few, and kept.
        in_pieces = max(left.max(), right.max()) > PART
        self._couples = np.zeros((len(limits), len(left) * len(right)), np.int64) if in_pieces else None
        self._sides = [np.zeros((len(limits), len(side)), np.int64) for side in (left, right)]
        self._waiting = [(np.empty(0, np.int64), np.empty(0, np.int64))]

    def add(self, scores: Scores) -> None:
        """Count the scores that reach each limit."""
        flat = scores.whole.reshape(-1)
        reached = np.flatnonzero(flat >= np.int32(math.floor(self._edges[0])))
        whole = flat[reached]
        levels = np.searchsorted(self._edges + 2 * scores.slack, whole)  # how many limits a score reaches for sure
        doubtful = np.flatnonzero(levels < np.searchsorted(self._edges, whole, "right"))
        exact = _exact(self._photos, scores, reached[doubtful])
        levels[doubtful] = np.searchsorted(self._limits, exact, "right")
        if not levels.all():
            reached, levels = reached[levels > 0], levels[levels > 0]
        rows, columns = np.divmod(reached, scores.whole.shape[1])
        places = [
            self._photos.people[photos][numbers] - part.people.start
            for photos, numbers, part in zip(scores[:2], (rows, columns), self._parts, strict=True)
        ]
        for counts, place in zip(self._sides, places, strict=True):
            counts[...] += _by_level(levels, place, counts.shape)
        if self._once:
            return
        couples = places[0] * len(self._photos_of[1]) + places[1]
        if self._couples is not None:
            self._couples += _by_level(levels, couples, self._couples.shape)
            return
        self._waiting.append((levels, couples))

    @property
    def errors(self) -> tuple[NDArray[np.int64], ...]:
        """False matches by limit and person of either part, Σ E² and Σ E M by limit."""
        left, right = (np.cumsum(side[::-1], axis=0)[::-1] for side in self._sides)
        if self._once:
            return left, right, left.sum(axis=1), left.sum(axis=1)
        if self._couples is None:
            return left, right, *self._of_couples()
        couples = self._by_couple
        met = np.outer(*self._photos_of).ravel()
        return left, right, (couples * couples).sum(axis=1), couples @ met

    @property
    def couples(self) -> NDArray[np.int32]:
        """Each couple with errors at the first limit, and how many, shape (k, 3)."""
        if self._couples is None:
            places, errors = np.unique(np.concatenate([couples for _, couples in self._waiting]), return_counts=True)
        else:
            places, errors = np.flatnonzero(self._by_couple[0]), self._by_couple[0][self._by_couple[0] > 0]
        first, second = np.divmod(places, len(self._photos_of[1]))
        starts = (part.people.start for part in self._parts)
        people = [side + start for side, start in zip((first, second), starts, strict=True)]
        return np.stack([*people, errors], axis=1).astype(np.int32)

    @property
    def _by_couple(self) -> NDArray[np.int64]:
        """Errors of each couple at each limit, where they are kept."""
        kept = np.empty((0, 0), np.int64) if self._couples is None else self._couples
        return np.cumsum(kept[::-1], axis=0)[::-1]

    def _of_couples(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Σ E² and Σ E M by limit, of all that waits."""
        levels, couples = (np.concatenate(side) for side in zip(*self._waiting, strict=True))
        # Σ E² grows by 2 r + 1 with the error that follows r others of its couple, those of higher levels first.
        order = np.lexsort((-levels, couples))
        starts = np.flatnonzero(np.diff(couples[order], prepend=-1))
        follows = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
        left, right = self._photos_of
        met = left[couples // len(right)] * right[couples % len(right)]
        limits = len(self._limits)
        return _weighed(levels[order], 2 * follows + 1, limits), _weighed(levels, met, limits)


def _by_level(levels: NDArray[np.int64], places: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """How many stand at each place whose highest limit is the first, the second and so on."""
    return np.bincount((levels - 1) * shape[1] + places, minlength=shape[0] * shape[1]).reshape(shape)


def _weighed(levels: NDArray[np.int64], weights: NDArray[np.int64], limits: int) -> NDArray[np.int64]:
    """The sum of weights that reach each limit; exact, as no block's sums come near 2⁵³."""
    sums = np.bincount(levels - 1, weights, minlength=limits)
    return np.cumsum(sums[::-1])[::-1].astype(np.int64)


def genuine_pairs(photos: PhotosOfPeople, part: Part) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """All pairs of two photos of one person in a part, by their numbers, at most some million at a time."""
    ends = np.cumsum(photos.photos[part.people]) + part.photos.start
    height = max(1, PART * PART // (part.photos.stop - part.photos.start))
    for start in range(part.photos.start, part.photos.stop, height):
        first = np.arange(start, min(start + height, part.photos.stop))
        later = ends[photos.people[first] - part.people.start] - first - 1
        left = np.repeat(first, later)
        if len(left):
            yield left, left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(later) - later, later)
