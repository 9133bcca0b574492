"""Box arithmetic of the cascade, in tensors of shape (n, 4): left, top, right, bottom.

The odd ones and roundings are those that the networks were trained with; facenet-pytorch has the same.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_STRIDE = 2  # of the proposal network
_NMS_BLOCK = 128  # boxes that are compared with each other at once
_CELL = 12  # pixels that one of its outputs looks at


def cell_boxes(cells: Tensor, scale: float) -> Tensor:
    """The pixels of the photo that the proposal network saw from each cell.

    Parameters
    ----------
    cells : Tensor, shape (n, 2)
        x, y on the network's grid.
    scale : float
        Size of the pyramid level relative to the photo.
    """
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
    order = scores.argsort(stable=True).flip(0)
    boxes = boxes[order]
    spans = boxes[:, 2:] - boxes[:, :2] + 1
    areas = spans.prod(dim=1)
    corner = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    end = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = (end - corner + 1).clamp(min=0).prod(dim=2)
    overlaps = (shared / torch.minimum(areas[:, None], areas[None, :]) > threshold).tolist()
    kept: list[int] = []
    for number in range(len(boxes)):
        if not any(overlaps[other][number] for other in kept):
            kept.append(number)
    return order[kept]


def nms_by_level(boxes: Tensor, scores: Tensor, levels: Tensor, threshold: float) -> Tensor:
    """The usual non-maximum suppression within each level of the pyramid; kept numbers, best first."""
    if not len(boxes):
        return torch.empty(0, dtype=torch.int64, device=boxes.device)
    # Each level far from the others, so that none overlap.
    apart = levels.to(boxes) * (boxes.max() - boxes.min() + 1)
    return nms_by_union(boxes + apart[:, None], scores, threshold)


def nms_by_union(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """The usual non-maximum suppression: no kept box overlaps a better one by more; kept numbers, best first.

    Overlap is relative to the union. Not by torchvision's operator, whose import takes as long as torch's own.
    """
    order = scores.argsort(stable=True, descending=True)
    sides = boxes[order].T.cpu().numpy()
    kept: list[NDArray[np.intp]] = []
    alive = np.arange(len(order))
    while len(alive):
        block, alive = alive[:_NMS_BLOCK], alive[_NMS_BLOCK:]
        covers = np.triu(_overlaps(sides[:, block], sides[:, block]) > threshold, 1)
        # A box stays if none that stays covers it. The first is certain; each round makes at least one more so.
        stays: NDArray[np.bool_] = np.ones(len(block), np.bool_)
        while not np.array_equal(now := ~np.any(covers & stays[:, None], axis=0), stays):
            stays = np.asarray(now)
        kept.append(block[stays])
        alive = alive[~(_overlaps(sides[:, kept[-1]], sides[:, alive]) > threshold).any(axis=0)]
    return order[torch.from_numpy(np.concatenate([np.empty(0, np.intp), *kept])).to(order.device)]


def _overlaps(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of each of some boxes (4, n) with each of others (4, m); shape (n, m)."""
    a, b = some[:, :, None], others[:, None, :]
    shared = np.maximum(np.minimum(a[2], b[2]) - np.maximum(a[0], b[0]), 0)
    shared *= np.maximum(np.minimum(a[3], b[3]) - np.maximum(a[1], b[1]), 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
