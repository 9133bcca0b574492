"""Box arithmetic of the cascade, in tensors of shape (n, 4): left, top, right, bottom.

The odd ones and roundings are those that the networks were trained with; facenet-pytorch has the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_STRIDE = 2  # of the proposal network
_CELL = 12  # pixels that one of its outputs looks at
_BLOCK = 128  # boxes that are held against each other at once
_PART = 2048  # boxes that a block is held against at once: memory does not grow with the square of the boxes

_Boxes: TypeAlias = NDArray[np.floating]


def cell_boxes(cells: Tensor, scale: float) -> Tensor:
    """The pixels of the photo that the network saw from each cell (x, y) of a pyramid level `scale` times its size."""
    corner = cells * float(_STRIDE)
    return torch.cat([((corner + 1) / scale).floor(), ((corner + _CELL) / scale).floor()], dim=1)


def shift_by(boxes: Tensor, regressions: Tensor, *, plus_one: bool) -> Tensor:
    """Move each side by the network's regression, a fraction of the box's width or height."""
    spans = boxes[:, 2:] - boxes[:, :2] + int(plus_one)
    return boxes + regressions * torch.cat([spans, spans], dim=1)


def squared(boxes: Tensor) -> Tensor:
    """The square around each box's centre whose side is the box's longer side."""
    spans = boxes[:, 2:] - boxes[:, :2]
    side = spans.amax(dim=1, keepdim=True)
    corner = boxes[:, :2] + spans * 0.5 - side * 0.5
    return torch.cat([corner, corner + side], dim=1)


def clipped(boxes: Tensor, width: int, height: int) -> Tensor:
    """The whole pixels of the photo that each box covers, as left, top, right, bottom with right and bottom exclusive.

    May be empty (right <= left or bottom <= top) for a box outside the photo.
    """
    whole = boxes.trunc().to(torch.int64)
    corner = whole[:, :2].clamp(min=1) - 1
    limit = torch.tensor([width, height], device=boxes.device)
    return torch.cat([corner, torch.minimum(whole[:, 2:], limit)], dim=1)


def nms_by_smaller(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Non-maximum suppression where overlap is relative to the smaller of two boxes; kept numbers, best first.

    It removes a box within a box, which overlap relative to the union lets pass.
    """
    # Probabilities saturate at 1, so ties are common; the later of two goes first, as in facenet-pytorch.
    return _best_apart(boxes, scores.argsort(stable=True).flip(0), threshold, _over_smaller)


def nms_by_level(boxes: Tensor, scores: Tensor, levels: Tensor, threshold: float) -> Tensor:
    """As `nms_by_union`, within each level of the pyramid; boxes whose sides are whole numbers, as of `cell_boxes`."""
    if not len(boxes):
        return levels
    if len(boxes) <= 4 * _BLOCK:  # all at once, each level moved to a place of its own; of many that is the slower way
        return nms_by_union(boxes + (levels * (boxes.max() + 1))[:, None], scores, threshold)
    numbers = [(levels == level).nonzero()[:, 0] for level in levels.unique()]
    kept = torch.cat([each[nms_by_union(boxes[each], scores[each], threshold)] for each in numbers])
    return kept[scores[kept].argsort(stable=True, descending=True)]


def nms_by_union(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """The usual non-maximum suppression; kept numbers, best first. The same as torchvision's, which loads slowly."""
    return _best_apart(boxes, scores.argsort(stable=True, descending=True), threshold, _over_union)


def _best_apart(boxes: Tensor, order: Tensor, threshold: float, overlap: Callable[[_Boxes, _Boxes], _Boxes]) -> Tensor:
    """Of the boxes in this order, the numbers of those that overlap none that was kept before by more than that."""
    if len(boxes) < 2:
        return order
    sides = boxes[order].T.contiguous().cpu().numpy()
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
    return order[torch.from_numpy(np.concatenate(kept)).to(order.device)]


def _over_union(first: _Boxes, second: _Boxes) -> _Boxes:
    one, other, shared = _areas(first, second)
    return shared / (one + other - shared)


def _over_smaller(first: _Boxes, second: _Boxes) -> _Boxes:
    one, other, shared = _areas(first, second, odd=1)
    return shared / np.minimum(one, other)


def _areas(first: _Boxes, second: _Boxes, *, odd: int = 0) -> tuple[_Boxes, _Boxes, _Boxes]:
    """Areas (n, 1) and (1, m) of boxes (4, n) and (4, m), and what they share (n, m); `odd` is added to each side."""
    one, other = first[:, :, None], second[:, None]
    spans = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), one[2:] - one[:2], other[2:] - other[:2]
    shared, mine, theirs = (span + np.float32(odd) for span in spans) if odd else spans
    np.maximum(shared, np.float32(0), out=shared)
    return mine[0] * mine[1], theirs[0] * theirs[1], shared[0] * shared[1]
