"""How many photos a stream holds: in bounded memory, whether or not they show faces."""

from collections.abc import Iterator

import pytest

from facerec.recognizer import BATCH
from facerec.testing import made_photo, made_recognizer
from facerec.types import Image


class Camera:
    """Gives the same photo over and over, and knows how many were taken."""

    def __init__(self, photo: Image, count: int = 1000) -> None:
        self.photo, self.count, self.taken = photo, count, 0

    def __iter__(self) -> Iterator[Image]:
        for _ in range(self.count):
            self.taken += 1
            yield self.photo


@pytest.mark.parametrize("colour", ["red", "black"])
@pytest.mark.parametrize(("workers", "batch"), [(1, 16), (4, 16), (2, 3)])
def test_memory_is_bounded(colour: str, workers: int, batch: int) -> None:
    """At no time are more photos taken, whose result was not given, than are looked at and wait for a batch."""
    camera = Camera(made_photo(colour), 200)

    stream = made_recognizer(workers=workers).stream(camera, batch=batch)
    waiting = [camera.taken - given for given, _ in enumerate(stream)]

    assert len(waiting) == camera.count
    assert max(waiting) <= workers + (5 if colour == "black" else 2) * batch


def test_the_default_batch_bounds_the_first_result() -> None:
    """Of photos with a face each, two batches are taken before the first result."""
    camera = Camera(made_photo("red"))

    next(made_recognizer().stream(camera))

    assert BATCH == 16
    assert camera.taken <= 1 + 2 * 16
