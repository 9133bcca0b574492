"""What the default detector hands from one network to the next, with networks that answer what a test tells them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor

from facerec.detect import Mtcnn

SIDE = 240
CELL = 40  # side of a first proposal on the photo, where the smallest face is that large


@dataclass
class ToldNets:
    """Proposes boxes in the first level of the pyramid, and scores them as told; moves nothing else.

    Each face is a box of the photo (left, top, side), with the probabilities that the three networks give it.
    """

    boxes: list[tuple[float, float, float]]
    proposed: list[float]
    refined: list[float]
    finished: list[float]
    cells: list[tuple[int, int]] | None = None
    levels: list[tuple[int, int]] = field(default_factory=list)
    threshold: float = 0.0

    def propose(self, level: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
        """Cells far apart (or as given), each with the regression that makes it its box."""
        self.levels.append(tuple(level.shape[2:]))
        self.threshold = threshold
        if len(self.levels) > 1:
            return torch.empty(0, 2, dtype=torch.int64), torch.empty(0), torch.empty(0, 4)
        cells = torch.tensor(self.cells or [(9 * number, 0) for number in range(len(self.boxes))])
        corner = torch.floor((cells * 2.0 + 1) / (12 / CELL))
        seen = torch.cat([corner, torch.floor((cells * 2.0 + 12) / (12 / CELL))], dim=1)
        wanted = torch.tensor([[left, top, left + side, top + side] for left, top, side in self.boxes])
        spans = seen[:, 2:] - seen[:, :2]
        return cells, torch.tensor(self.proposed), (wanted - seen) / torch.cat([spans, spans], dim=1)

    def refine(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """No move."""
        return torch.zeros(len(crops), 4), self._of(crops, self.refined)

    def finish(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """No move, and all points in the middle."""
        return torch.zeros(len(crops), 4), torch.full((len(crops), 10), 0.5), self._of(crops, self.finished)

    def _of(self, crops: Tensor, scores: list[float]) -> Tensor:
        """The score of the box that each crop shows: its number is the grey of its middle."""
        middle = crops.shape[2] // 2
        return torch.tensor(scores)[(crops[:, 0, middle, middle] / 10).round().long() - 1]


def found(nets: ToldNets, mode: str = "fast") -> list[int]:
    """The numbers of the boxes that come out, on a photo whose grey says which box is where."""
    photo = np.zeros((SIDE, SIDE, 3), np.uint8)
    for number, (left, top, side) in enumerate(nets.boxes):
        middle = (int(top + side / 2), int(left + side / 2))
        photo[middle[0] - 3 : middle[0] + 4, middle[1] - 3 : middle[1] + 4] = 10 * (number + 1)
    detector = Mtcnn(mode=mode)  # type: ignore[arg-type]
    detector._networks.nets = nets  # type: ignore[attr-defined]
    boxes = detector(photo).boxes
    lefts = [left for left, _, _ in nets.boxes]
    return sorted(int(np.argmin([abs(box[0] - left) for left in lefts])) for box in boxes)


def apart(n: int) -> list[tuple[float, float, float]]:
    """Boxes that do not touch."""
    return [(10.0 + 70 * number, 20.0, 48.0) for number in range(n)]


def overlapping(iou: float, side: float = 100.0) -> list[tuple[float, float, float]]:
    """Two squares side by side, whose shared part has that share of their union."""
    return [(10.0, 20.0, side), (10.0 + side * (1 - iou) / (1 + iou), 20.0, side)]


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_which_probabilities_pass(mode: str) -> None:
    """0.6 from the first network, 0.7 from the second and 0.7 from the third, in both modes."""
    nets = ToldNets(apart(3), [0.9] * 3, [0.71, 0.69, 0.9], [0.71, 0.9, 0.69])

    assert found(nets, mode) == [0]
    assert nets.threshold == 0.6


@pytest.mark.parametrize(
    ("mode", "iou", "faces"),
    [("fast", 0.55, 2), ("fast", 0.65, 1), ("exact", 0.65, 2), ("exact", 0.75, 1)],
)
def test_which_overlap_is_one_face_for_the_second_network(mode: str, iou: float, faces: int) -> None:
    """More than 0.6 of the union in the fast mode, 0.7 in the exact one; the last network sees the rest."""
    nets = ToldNets(overlapping(iou), [0.9, 0.9], [0.9, 0.95], [0.0, 0.0])
    seen: list[int] = []
    finish = nets.finish
    nets.finish = lambda crops: (seen.append(len(crops)), finish(crops))[1]  # type: ignore[method-assign]

    found(nets, mode)

    assert seen == [faces]


@pytest.mark.parametrize(("share", "faces"), [(0.65, [0, 1]), (0.75, [1])])
def test_which_overlap_is_one_face_in_the_end(share: float, faces: list[int]) -> None:
    """More than 0.7 of the smaller box: a face in a face is no second one."""
    small = 40.0
    boxes = [(20.0 + 90 - share * small, 60.0, small), (20.0, 20.0, 90.0)]
    nets = ToldNets(boxes, [0.9, 0.9], [0.9, 0.9], [0.9, 0.95])

    assert found(nets) == faces


def test_neighbouring_proposals_both_pass() -> None:
    """Cells whose boxes share 0.385 of their union are two proposals in the fast mode; 0.53 are one."""
    kept = ToldNets(apart(2), [0.9, 0.8], [0.9, 0.9], [0.9, 0.9], cells=[(0, 0), (1, 2)])
    dropped = ToldNets(apart(2), [0.9, 0.8], [0.9, 0.9], [0.9, 0.9], cells=[(0, 0), (1, 1)])

    assert found(kept) == [0, 1]
    assert found(dropped) == [0]


def test_the_pyramid() -> None:
    """The smallest face fills a cell of 12 pixels in the first level; each level has half the pixels of the last."""
    nets = ToldNets(apart(1), [0.9], [0.9], [0.9])
    found(nets)

    assert [height for height, _ in nets.levels] == [int(SIDE * 0.3 * 0.709**level + 1) for level in range(6)]


def test_faces_come_best_first_with_their_points() -> None:
    """The order is that of the last network's probabilities; points are fractions of the box, counted from 0."""
    nets = ToldNets(apart(2), [0.9, 0.9], [0.9, 0.9], [0.8, 0.9])
    detector = Mtcnn()
    detector._networks.nets = nets  # type: ignore[attr-defined]
    photo = np.zeros((SIDE, SIDE, 3), np.uint8)
    for number, (left, top, side) in enumerate(nets.boxes):
        photo[int(top) : int(top + side), int(left) : int(left + side)] = 10 * (number + 1)

    detections = detector(photo)

    np.testing.assert_allclose(detections.boxes, [[80, 20, 128, 68], [10, 20, 58, 68]], atol=0.01)
    np.testing.assert_allclose(detections.scores, [0.9, 0.8], atol=1e-6)
    np.testing.assert_allclose(detections.points[0], np.tile([80 + 24.5 - 1, 20 + 24.5 - 1], (5, 1)), atol=0.01)
