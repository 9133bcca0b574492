"""The worst answers: which photos, in which order, and what is said of them."""

import numpy as np
import pytest

from facerec.transfer.cells import Cell, Outcome
from facerec.transfer.image_set import ImageSet
from facerec.transfer.mistakes import worst

SCORES = np.array(
    [
        [0.70, 0.20, 0.10],  # 0, right
        [0.50, 0.30, 0.20],  # 1, wrong: the right one has 0.3
        [0.05, 0.05, 0.90],  # 2, right
        [0.60, 0.30, 0.10],  # 1, wrong: 0.3 again, surer, and later
        [0.15, 0.80, 0.05],  # 0, wrong: 0.15
        [0.10, 0.80, 0.10],  # 2, wrong: 0.1
    ],
    np.float32,
)
LABELS = [0, 1, 2, 1, 0, 2]


@pytest.fixture
def outcome():
    """Answers to six photos."""
    return Outcome(Cell("net", "knn", None, 0), "none", SCORES, 1, 1, 0.5, 1.0, 1, 1, 1, 1)


@pytest.fixture
def image_set(tmp_path):
    """Twelve photos of which the last six, from the last on, are tested on."""
    labels = np.array([2] * 6 + LABELS[::-1])
    names = tuple(f"{number}.png" for number in range(12))
    return ImageSet("made", tmp_path, names, labels, ("a", "b", "c"), ("",) * 12, ("0" * 64,) * 12)


def test_the_right_class_of_the_worst_had_the_least(outcome, image_set):
    """Wrong answers only, of equal ones the first; each with the position of its photo in the whole set."""
    test = np.arange(11, 5, -1)

    found = worst(outcome, image_set, test)

    assert [(each.position, each.right, each.answer) for each in found] == [
        (6, "c", "b"),
        (7, "a", "b"),
        (10, "b", "a"),
        (8, "b", "a"),
    ]
    assert [each.given for each in found] == pytest.approx([0.1, 0.15, 0.3, 0.3])
    assert [each.confidence for each in found] == pytest.approx([0.8, 0.8, 0.5, 0.6])
    assert worst(outcome, image_set, test, most=2) == found[:2]
