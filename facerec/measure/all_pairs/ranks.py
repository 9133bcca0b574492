"""The r-th highest score of all impostor pairs, exactly, without keeping scores.

A first pass counts the whole numbers of the product (``product.py``) in fine bins. The r-th highest score lies within
the slack of the r-th highest whole number: if no number moves by more than so much, the r-th highest does not either. A
second pass scores again whatever lies so near to a rank that was asked for, and counts those scores tick by tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facerec.measure.all_pairs.people import Block, PhotosOfPeople
from facerec.measure.all_pairs.product import SHIFT, TICKS, UNITS, ZERO, Workspace, slack, strangers, ticks
from facerec.measure.all_pairs.sums import Sums

_SHIFT = 6  # 64 units to a fine bin, a few times the slack
_BINS = (ZERO + 2 * UNITS) >> _SHIFT
_FIRST = (1 << SHIFT) >> _SHIFT  # the first that is of a pair; what stands for none is below


class Ranked(NamedTuple):
    """A score in ticks, how many impostor pairs score more, and how many as much or more."""

    ticks: int
    above: int
    at_least: int


@dataclass(frozen=True, eq=False)
class TickCounts(Sums):
    """Counts of what a question says, one behind the other; shape (n,)."""

    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Survey:
    """The question how many whole numbers of impostor pairs there are in each fine bin."""

    def to_facts(self) -> dict[str, Any]:
        """As ``Question.to_facts``."""
        return {}

    def nothing(self, photos: PhotosOfPeople) -> TickCounts:  # noqa: ARG002 - as every question
        """As ``Question.nothing``."""
        return TickCounts(np.zeros(_BINS, np.int64))

    def add(self, sums: TickCounts, photos: PhotosOfPeople, block: Block, space: Workspace) -> None:
        """As ``Question.add``."""
        lowest, highest = _ends(slack(photos.vectors.shape[1]))
        for scores in strangers(photos, block, space):
            places = np.right_shift(scores.whole, _SHIFT, out=space.take("places", scores.whole.shape, np.int64))
            found = np.bincount(places.ravel(), minlength=_BINS)
            # A product may lie beyond -1 or 1; a score is cut off there. What stands for no pair is lower still.
            sums.counts[lowest : highest + 1] += found[lowest : highest + 1]
            sums.counts[highest] += found[highest + 1 :].sum()
            sums.counts[lowest] += found[_FIRST:lowest].sum()


@dataclass(frozen=True)
class Windows:
    """The question for each score, tick by tick, of the impostor pairs in some fine bins.

    `bins` are first and last ones of windows, ascending and apart.
    """

    bins: tuple[tuple[int, int], ...]

    def to_facts(self) -> dict[str, Any]:
        """As ``Question.to_facts``."""
        return {"bins": self.bins}

    def ranges(self, near: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The lowest tick that each window may hold, and how many."""
        first, last = np.array(self.bins, np.int64).T
        low = np.floor(((first << _SHIFT) - ZERO - 2 * near) * (TICKS / UNITS)).astype(np.int64) - 1
        high = np.ceil((((last + 1) << _SHIFT) - ZERO) * (TICKS / UNITS)).astype(np.int64) + 1
        return low, high - low + 1

    def nothing(self, photos: PhotosOfPeople) -> TickCounts:
        """As ``Question.nothing``."""
        return TickCounts(np.zeros(self.ranges(slack(photos.vectors.shape[1]))[1].sum(), np.int64))

    def add(self, sums: TickCounts, photos: PhotosOfPeople, block: Block, space: Workspace) -> None:
        """As ``Question.add``."""
        near = slack(photos.vectors.shape[1])
        low, lengths = self.ranges(near)
        starts = np.cumsum(lengths) - lengths
        window_of = np.full(_BINS, -1, np.int16)
        for window, (first, last) in enumerate(self.bins):
            window_of[first : last + 1] = window
        lowest, highest = _ends(near)
        window_of[highest + 1 :] = window_of[highest]
        window_of[_FIRST:lowest] = window_of[lowest]
        for scores in strangers(photos, block, space):
            places = np.right_shift(
                scores.whole, _SHIFT, out=space.take("places", scores.whole.shape, np.int64)
            ).ravel()
            windows = window_of.take(places)
            near_rank = np.flatnonzero(windows >= 0)
            rows, columns = np.divmod(near_rank, scores.whole.shape[1])
            exact = ticks(photos, rows + scores.rows.start, columns + scores.columns.start)
            mine = windows[near_rank]
            sums.counts[...] += np.bincount(starts[mine] + exact - low[mine], minlength=len(sums.counts))


def windows_of(fine: NDArray[np.int64], ranks: Iterable[int], near: int) -> Windows:
    """Where to look for the scores of some ranks, 1 the highest, given the counts of a `Survey`."""
    least, _ = _ends(near)
    above = _above(fine)
    bins: list[tuple[int, int]] = []
    for place in np.unique(_places(above, ranks)).tolist():
        first = max(least, ((place << _SHIFT) - 2 * near) >> _SHIFT)
        last = (((place + 1) << _SHIFT) - 1 + 2 * near) >> _SHIFT
        if bins and first <= bins[-1][1] + 1:
            bins[-1] = bins[-1][0], last
        else:
            bins.append((first, last))
    return Windows(tuple(bins))


def ranked(
    fine: NDArray[np.int64], asked: Windows, found: NDArray[np.int64], ranks: Iterable[int], near: int
) -> dict[int, Ranked]:
    """The scores of ranks, given the counts of a `Survey` and of the windows made for them."""
    above = _above(fine)
    low, lengths = asked.ranges(near)
    starts = np.cumsum(lengths) - lengths
    lasts = np.array([last for _, last in asked.bins])
    answers = {}
    wanted = list(ranks)
    for rank, place in zip(wanted, _places(above, wanted).tolist(), strict=True):
        window = int(np.searchsorted(lasts, place))
        # Whatever lies beyond the window scores more than any rank that it was made for.
        beyond = int(above[lasts[window]])
        counts = found[starts[window] : starts[window] + lengths[window]]
        at_least = beyond + np.cumsum(counts[::-1])[::-1]
        tick = int(np.flatnonzero(at_least >= rank)[-1])
        answers[rank] = Ranked(int(low[window]) + tick, int(at_least[tick] - counts[tick]), int(at_least[tick]))
    return answers


def _above(fine: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many lie above each fine bin."""
    return fine.sum() - np.cumsum(fine)


def _places(above: NDArray[np.int64], ranks: Iterable[int]) -> NDArray[np.int64]:
    """The fine bin of each rank: the first above which there are fewer."""
    wanted = np.fromiter(ranks, np.int64)
    return len(above) - np.searchsorted(above[::-1], wanted, "left")


def _ends(near: int) -> tuple[int, int]:
    """The fine bins of scores of -1 and 1."""
    return (ZERO + near - UNITS) >> _SHIFT, (ZERO + near + UNITS) >> _SHIFT
