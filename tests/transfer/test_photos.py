"""Photos at a network's input size: decoded once where there is room, corrupted where that is asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch

from facerec.networks.preprocessing import Preprocessing
from facerec.transfer.corruption import corrupted
from facerec.transfer.image_set import ImageSet
from facerec.transfer.photos import Photos

PREPROCESSING = Preprocessing(12, 10, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), "bilinear")


class Counted(list):
    """Pixels that count how often each photo is asked for."""

    def __init__(self, *words):
        super().__init__(*words)
        self.asked = []

    def __getitem__(self, index):
        self.asked.append(index)
        return super().__getitem__(index)


@pytest.fixture
def image_set():
    """Eight photos of noise."""
    random = np.random.default_rng(0)
    names = tuple(f"{number}.png" for number in range(8))
    digests = tuple(f"{number:08x}{number:056x}" for number in range(8))
    pixels = Counted(random.integers(0, 256, (20, 30, 3), np.uint8) for _ in range(8))
    return ImageSet("noise", Path(), names, np.zeros(8, int), ("a", "b"), ("",) * 8, digests, pixels=pixels)


def test_photos_come_in_the_order_asked_for(image_set):
    """Each as its preprocessing makes it, in batches of any size."""
    photos = Photos(image_set, PREPROCESSING)
    groups = [np.array([3, 1]), np.array([7]), np.array([1, 0, 5])]

    found = list(photos.batches(groups))

    for batch, group in zip(found, groups, strict=True):
        wanted = torch.stack([PREPROCESSING.evaluate(list.__getitem__(image_set.pixels, index)) for index in group])
        assert torch.equal(batch, wanted)
    assert (found[0].dtype, found[0].shape) == (torch.uint8, (2, 3, 10, 10))


@pytest.mark.parametrize(("room", "held"), [(1 << 30, 8), (5 * 300, 5), (5 * 300 - 1, 4), (0, 0)])
def test_as_many_are_held_as_there_is_room_for(image_set, room, held):
    """A photo takes three bytes a pixel; those that are held are decoded once, the others each time."""
    photos = Photos(image_set, PREPROCESSING, held_bytes=room)
    for _ in range(2):
        for index in range(8):
            photos.batch(np.array([index]))

    assert len(image_set.pixels.asked) == 8 + (8 - held)


def test_each_photo_is_corrupted_by_its_own_contents(image_set):
    """After it was cut to size, and held so."""
    plain, other = Photos(image_set, PREPROCESSING), Photos(image_set, PREPROCESSING, corrupt=True)

    for _ in range(2):
        found = other.batch(np.arange(8))
        for index in range(8):
            assert torch.equal(found[index], corrupted(plain.batch(np.array([index]))[0], image_set.digests[index]))
