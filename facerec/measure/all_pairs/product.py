"""Scores of a block in single precision, as whole numbers, and how far they may be from the scores that decide.

Notes
-----
A sum of n products in precision u = 2⁻²⁴ is off by at most γ_n Σ |a_k b_k| ≤ γ_n ‖a‖ ‖b‖, γ_n = n u / (1 − n u), in
whatever order and with or without fused operations it is summed (Higham (2002), Accuracy and Stability of Numerical
Algorithms, 2nd ed., section 3.1 and the Cauchy-Schwarz inequality). A product of all d numbers would be off by γ_d, so
it is made of pieces of `_PIECE` numbers that are added one to the other: n = `_PIECE` + pieces − 1. One side is scaled
to units beforehand, by a power of two, which rounds nothing. The scores that decide are rounded to seven decimals, 5e-8
more; and ours to whole units, half of one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facerec.measure.all_pairs.people import PART, Block, PhotosOfPeople
from facerec.similarity import cosine_of_pairs

TICKS = 10_000_000
"""Steps from a score of 0 to 1: similarities have seven decimals."""

BINS = 1024
"""Bins of a histogram from a score of 0 to 1: a power of two, so that their edges are floating point numbers."""

SHIFT = 11
UNITS = BINS << SHIFT
"""Units of a block's whole numbers from a score of 0 to 1: 2,048 to a bin."""

ZERO = 2049 << SHIFT
"""The whole number of a score of 0, so that none is negative; no bin lies across two."""

ABSENT = 1 << SHIFT - 1
"""What stands for no pair; no score is so low, and it is in the middle of its bin."""

_PIECE = 64
_AT_ONCE = 256 * PART  # scores that are made and counted before the next are made: they stay in the cache
_AGAIN = 512  # pairs whose vectors are copied side by side, to be scored again; so do they
_LENGTHS = 1.0021  # of two vectors' lengths, 1 ± 1e-3 each, at most
_MAGIC = np.float32(1.5 * 2**23)  # added to a number below 2²², it leaves the nearest whole one in the lowest bits


def slack(dimension: int) -> int:
    """By how many units a whole number may be off, for vectors of so many numbers."""
    pieces = -(-dimension // _PIECE)
    terms = min(dimension, _PIECE) + pieces - 1
    rounding = terms * 2.0**-24 / (1 - terms * 2.0**-24)
    return math.ceil((rounding * _LENGTHS + 5e-8) * UNITS + 0.5)


class Scores(NamedTuple):
    """Scores of some photos of a block, `rows`, with all of its other part, `columns`.

    `whole` is int32 (r, c): ZERO + slack + UNITS · score, off by at most `slack`; so what may lie on either side of an
    edge is 0 … 2 · slack beyond it. It is `ABSENT` where the pair is none or is of one person, and is overwritten by
    the next.
    """

    rows: slice
    columns: slice
    whole: NDArray[np.int32]
    slack: int


class Workspace:
    """Memory for one block at a time, used again by the next; not for two threads."""

    def __init__(self) -> None:
        self._held: dict[str, NDArray[Any]] = {}

    def take(self, name: str, shape: tuple[int, int], kind: type[np.generic]) -> NDArray[Any]:
        """An array of that shape, with whatever was in it."""
        size = shape[0] * shape[1]
        held = self._held.get(name)
        if held is None or len(held) < size:
            held = self._held[name] = np.empty(size, kind)
        return held[:size].reshape(shape)


def strangers(photos: PhotosOfPeople, block: Block, space: Workspace) -> Iterator[Scores]:
    """The scores of all pairs of two people in a block, each once, some rows at a time."""
    first, second = photos.parts[block.first], photos.parts[block.second]
    same = block.first == block.second
    if same and first.people.stop - first.people.start == 1:
        return
    height = max(1, _AT_ONCE // (second.photos.stop - second.photos.start))
    right = photos.vectors[second.photos]
    near = slack(photos.vectors.shape[1])
    for start in range(first.photos.start, first.photos.stop, height):
        rows = slice(start, min(start + height, first.photos.stop))
        scores = _product(photos.vectors[rows] * np.float32(UNITS), right, near, space)
        whole = scores.view(np.int32)
        whole -= _MAGIC.view(np.int32) - np.int32(ZERO)
        if same:
            # People stand side by side: whoever comes later than a row's person is somebody else, and met once.
            later = photos.people[None, second.photos] > photos.people[rows, None]
            np.copyto(whole, np.int32(ABSENT), where=~later)
        yield Scores(rows, second.photos, whole, near)


def ticks(photos: PhotosOfPeople, first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.int64]:
    """The scores that decide, of pairs of photos by their numbers: whole numbers, `TICKS` to 1."""
    found = np.empty(len(first), np.int64)
    for start in range(0, len(first), _AGAIN):
        some = slice(start, start + _AGAIN)
        scores = cosine_of_pairs(*(photos.vectors.take(side[some], axis=0) for side in (first, second)))
        np.rint(scores * TICKS, out=found[some], casting="unsafe")
    return found


def _product(left: NDArray[np.float32], right: NDArray[np.float32], near: int, space: Workspace) -> NDArray[np.float32]:
    shape = len(left), len(right)
    total: NDArray[np.float32] = space.take("total", shape, np.float32)
    piece = space.take("piece", shape, np.float32)
    np.matmul(left[:, :_PIECE], right[:, :_PIECE].T, out=total)
    for start in range(_PIECE, left.shape[1], _PIECE):
        columns = slice(start, start + _PIECE)
        np.matmul(left[:, columns], right[:, columns].T, out=piece)
        total += piece
    total += _MAGIC + np.float32(near)
    return total
