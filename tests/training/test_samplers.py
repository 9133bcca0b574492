"""Batches of photos and of people."""

from collections import Counter

import numpy as np
import pytest
from pytorch_metric_learning.utils import common_functions

from facerec.errors import ArgumentError
from facerec.training.samplers import PersonBatches, PhotoBatches


def test_a_pass_uses_every_photo_once():
    """In another order each time, and the same whenever it is asked."""
    batches = PhotoBatches(50, 8, seed=3)

    first, second = (np.concatenate(batches.batches(number)) for number in (0, 1))

    assert sorted(first) == sorted(second) == list(range(50))
    assert first.tolist() != second.tolist()
    assert np.concatenate(PhotoBatches(50, 8, seed=3).batches(1)).tolist() == second.tolist()
    assert [len(batch) for batch in batches.batches(0)] == [8] + [7] * 6
    assert batches.steps == 7


def test_batches_of_people_hold_k_photos_of_each():
    """Also of those that have fewer, who give some twice; and the package's own generator is left alone."""
    labels = np.repeat(np.arange(10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    batches = PersonBatches(labels, 24, 4, seed=1)
    before = common_functions.NUMPY_RANDOM

    found = batches.batches(5)

    assert common_functions.NUMPY_RANDOM is before
    assert len(found) == batches.steps == 2
    for batch in found:
        assert set(Counter(labels[batch]).values()) == {4}
        assert len(set(labels[batch])) == 6
    assert [b.tolist() for b in found] == [b.tolist() for b in PersonBatches(labels, 24, 4, seed=1).batches(5)]
    assert [b.tolist() for b in found] != [b.tolist() for b in batches.batches(6)]


def test_fewer_people_than_a_batch_has_room_for():
    """Then each is in every batch."""
    batch = PersonBatches(np.repeat([0, 1, 2], 5), 64, 4, seed=0).batches(0)[0]

    assert len(batch) == 12


def test_one_person_cannot_be_compared():
    """Not with anybody."""
    with pytest.raises(ArgumentError, match="there is 1"):
        PersonBatches(np.zeros(5, np.int64), 8, 4, seed=0)
