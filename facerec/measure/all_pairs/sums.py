"""Counts of blocks, added up: whole numbers, so that any order and any number of parts give the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.measure.all_pairs.counts import ALL_BINS, BlockCounts, Question, count_block
from facerec.measure.all_pairs.people import Block, PhotosOfPeople
from facerec.measure.all_pairs.running import Progress, each_block


@dataclass(frozen=True, eq=False)
class PairSums:
    """All that was counted of the pairs of p people in g groups, at t thresholds; all int64.

    Attributes
    ----------
    impostor : ndarray, shape (g, g, bins)
        Histograms of scores of two people, at their groups in ascending order; bin b begins at -1 + b / 1000, and the
        last holds 1 alone. Zero throughout where none was asked for.
    genuine : ndarray, shape (g, bins)
        The same of one person's photos.
    matches, squares, products : ndarray, shape (t, g, g)
        False matches; Σ E² and Σ E M over couples of two people, of whose M comparisons E are false matches.
    match_people : ndarray, shape (t, p, g)
        In how many false matches a person takes part with people of a group.
    rejections : ndarray, shape (t, p)
        False non-matches of each person.
    blocks : ndarray, shape ()
        How many blocks were counted.
    """

    impostor: NDArray[np.int64]
    genuine: NDArray[np.int64]
    matches: NDArray[np.int64]
    squares: NDArray[np.int64]
    products: NDArray[np.int64]
    match_people: NDArray[np.int64]
    rejections: NDArray[np.int64]
    blocks: NDArray[np.int64]

    @classmethod
    def nothing(cls, photos: PhotosOfPeople, question: Question) -> PairSums:
        """What no block sums up to."""
        g, p, t = photos.group_count, len(photos.photos), len(question.thresholds)
        shapes = (g, g, ALL_BINS), (g, ALL_BINS), (t, g, g), (t, g, g), (t, g, g), (t, p, g), (t, p), ()
        return cls(*(np.zeros(shape, np.int64) for shape in shapes))

    def include(self, photos: PhotosOfPeople, counts: BlockCounts) -> None:
        """Add a block, in place; each is to be added once."""
        first, second = photos.parts[counts.block.first], photos.parts[counts.block.second]
        g, h = first.group, second.group
        if counts.impostor is not None:
            self.impostor[g, h] += counts.impostor
        if counts.genuine is not None:
            self.genuine[g] += counts.genuine
        if counts.rejections is not None:
            self.rejections[:, first.people] += counts.rejections
        found = counts.matches
        self.matches[:, g, h] += found.count
        self.squares[:, g, h] += found.squares
        self.products[:, g, h] += found.products
        self.match_people[:, first.people, h] += found.first
        self.match_people[:, second.people, g] += found.second
        self.blocks[...] += 1

    def __add__(self, other: PairSums) -> PairSums:
        """Of other blocks of the same photos, asked the same; `ArgumentError` if it cannot be."""
        pairs = [(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)]
        if any(mine.shape != theirs.shape for mine, theirs in pairs):
            message = "sums of different people, groups or thresholds do not add up; count the same table again"
            raise ArgumentError(message)
        return PairSums(*(mine + theirs for mine, theirs in pairs))


def count_pairs(
    photos: PhotosOfPeople,
    question: Question,
    *,
    blocks: Iterable[Block] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PairSums:
    """Count all pairs of photos, or those of some `blocks`; `threads` and `progress` are those of `each_block`."""
    sums = PairSums.nothing(photos, question)
    for counts in each_block(
        photos,
        lambda block, space: count_block(photos, block, question, space),
        blocks=blocks,
        threads=threads,
        progress=progress,
    ):
        sums.include(photos, counts)
    return sums
