"""Box arithmetic of the cascade, in arrays of shape (n, 4): left, top, right, bottom.

The odd ones and roundings are those that the networks were trained with; facenet-pytorch has the same. In numpy, so
that it is the same whatever runs the networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.detect.sight import CELL, STRIDE

Boxes: TypeAlias = NDArray[np.float32]
Scores: TypeAlias = NDArray[np.float32]
Pixels: TypeAlias = NDArray[np.int64]
"""Whole pixels of a photo, (n, 4), right and bottom exclusive."""
Numbers: TypeAlias = NDArray[np.int64]

_BLOCK = 128  # boxes that are held against each other at once
_PART = 2048  # boxes that a block is held against at once: memory does not grow with the square of the boxes


def cell_boxes(cells: Numbers, scale: float) -> Boxes:
    """The pixels of the photo that the network saw from each cell (x, y) of a pyramid level `scale` times its size."""
    corner = cells.astype(np.float32) * np.float32(STRIDE)
    sides = [np.floor((corner + np.float32(side)) / np.float32(scale)) for side in (1, CELL)]
    return np.concatenate(sides, axis=1)


def shift_by(boxes: Boxes, regressions: NDArray[np.float32], *, plus_one: bool) -> Boxes:
    """Move each side by the network's regression, a fraction of the box's width or height."""
    spans = boxes[:, 2:] - boxes[:, :2] + np.float32(plus_one)
    return boxes + regressions * np.concatenate([spans, spans], axis=1)


def squared(boxes: Boxes) -> Boxes:
    """The square around each box's centre whose side is the box's longer side."""
    spans, half = boxes[:, 2:] - boxes[:, :2], np.float32(0.5)
    side = spans.max(axis=1, keepdims=True, initial=-np.inf)
    corner = boxes[:, :2] + spans * half - side * half
    return np.concatenate([corner, corner + side], axis=1)


def clipped(boxes: Boxes, width: int, height: int) -> Pixels:
    """The whole pixels of the photo that each box covers, as left, top, right, bottom with right and bottom exclusive.

    May be empty (right <= left or bottom <= top) for a box outside the photo.
    """
    whole = boxes.astype(np.int64)
    corner = np.maximum(whole[:, :2], 1) - 1
    return np.concatenate([corner, np.minimum(whole[:, 2:], (width, height))], axis=1)


def nms_by_smaller(boxes: Boxes, scores: Scores, threshold: float) -> Numbers:
    """Non-maximum suppression where overlap is relative to the smaller of two boxes; kept numbers, best first.

    It removes a box within a box, which overlap relative to the union lets pass.
    """
    # Probabilities saturate at 1, so ties are common; the later of two goes first, as in facenet-pytorch.
    return _best_apart(boxes, np.argsort(scores, kind="stable")[::-1], threshold, _over_smaller)


def nms_by_level(boxes: Boxes, scores: Scores, levels: Numbers, threshold: float) -> Numbers:
    """As `nms_by_union`, within each level of the pyramid; boxes whose sides are whole numbers, as of `cell_boxes`."""
    if not len(boxes):
        return levels
    if len(boxes) <= 4 * _BLOCK:  # all at once, each level moved to a place of its own; of many that is the slower way
        moved = levels.astype(np.float32) * (boxes.max() + np.float32(1))
        return nms_by_union(boxes + moved[:, None], scores, threshold)
    numbers = [np.flatnonzero(levels == level) for level in np.unique(levels)]
    kept = np.concatenate([each[nms_by_union(boxes[each], scores[each], threshold)] for each in numbers])
    return kept[best_first(scores[kept])]


def nms_by_union(boxes: Boxes, scores: Scores, threshold: float) -> Numbers:
    """The usual non-maximum suppression; kept numbers, best first. The same as torchvision's."""
    return _best_apart(boxes, best_first(scores), threshold, _over_union)


def best_first(scores: Scores) -> Numbers:
    """The order in which scores fall; equal ones stay in theirs."""
    return np.argsort(-scores, kind="stable")


def _best_apart(boxes: Boxes, order: Numbers, threshold: float, overlap: Callable[[Boxes, Boxes], Boxes]) -> Numbers:
    """Of the boxes in this order, the numbers of those that overlap none that was kept before by more than that."""
    if len(boxes) < 2:
        return order
    sides = np.ascontiguousarray(boxes[order].T)
    limit = np.float64(threshold)  # so that float32 overlaps are compared with the threshold as it is written

    def clashes(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):  # two empty boxes overlap by NaN, which is more than no threshold
            return overlap(sides.take(first, axis=1), sides.take(second, axis=1)) > limit

    kept: list[NDArray[np.intp]] = []
    rest = np.arange(len(order))
    while len(rest):
        block, rest = rest[:_BLOCK], rest[_BLOCK:]
        within = clashes(block, block)
        alive = np.ones(len(block), bool)
        for number in (np.count_nonzero(within, axis=1) > 1).nonzero()[0].tolist():  # the others meet only themselves
            if alive[number]:
                alive[number + 1 :] &= ~within[number, number + 1 :]
        kept.append(block[alive])
        parts = np.split(rest, range(_PART, len(rest), _PART)) if len(rest) else []
        rest = np.concatenate([rest[:0], *(part[~clashes(kept[-1], part).any(axis=0)] for part in parts)])
    return order[np.concatenate(kept)]


def _over_union(first: Boxes, second: Boxes) -> Boxes:
    one, other, shared = _areas(first, second)
    return shared / (one + other - shared)


def _over_smaller(first: Boxes, second: Boxes) -> Boxes:
    one, other, shared = _areas(first, second, odd=1)
    smaller: Boxes = np.minimum(one, other)
    return shared / smaller


def _areas(first: Boxes, second: Boxes, *, odd: int = 0) -> tuple[Boxes, Boxes, Boxes]:
    """Areas (n, 1) and (1, m) of boxes (4, n) and (4, m), and what they share (n, m); `odd` is added to each side."""
    one, other = first[:, :, None], second[:, None]
    spans = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), one[2:] - one[:2], other[2:] - other[:2]
    shared, mine, theirs = (span + np.float32(odd) for span in spans) if odd else spans
    np.maximum(shared, np.float32(0), out=shared)
    return mine[0] * mine[1], theirs[0] * theirs[1], shared[0] * shared[1]
