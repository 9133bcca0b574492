"""What a cell is predicted to cost."""

import mmap
import os

import pytest

from facerec.errors import ArgumentError
from facerec.learning.recipe import recipe
from facerec.transfer.cells import Cell
from facerec.transfer.cost import (
    Counts,
    PeakMemory,
    Speed,
    learning_macs,
    macs_at,
    predicted_seconds,
    step_seconds,
    timed,
)


def test_a_probe_works_in_the_space_that_its_photos_span():
    """With fewer photos than features the seconds do not depend on the dimension; with more they do, in double."""
    cell, speed = Cell("net", "linear", None, 0), Speed(1e9, 1e9, 1.0, 1e-6)

    fewest, few, more, most = (
        predicted_seconds(
            cell, Counts(40, 10, 20), speed, macs=1, dimension=dimension, classes=3, recipe=None, trials=1
        )
        for dimension in (5, 10, 100, 1000)
    )

    assert 4 * 10 > 40 * 0.9  # ten dimensions in double precision are as much as forty photos
    assert fewest < few == more == most


def test_learning_is_counted_by_hand():
    """A probe runs the network once a photo; a backward pass counts twice, and a readout has none; LP-FT has both."""
    counts = Counts(train=32, validation=8, test=4)

    def macs(protocol, trials=1):
        one = None if protocol == "linear" else recipe(protocol, epochs=2, batch_size=32, least_steps=1)
        return learning_macs(Cell("net", protocol, None, 0), counts, 10, one, trials)

    assert macs("linear") == 10 * (32 + 8)
    assert macs("fine-tune") == 10 * (3 * 2 * 32 + 2 * 8)
    assert macs("fine-tune", trials=3) == 3 * macs("fine-tune")
    assert macs("linear-sgd") == 10 * (2 * 32 + 2 * 8)
    assert macs("lp-ft") == macs("fine-tune") + macs("linear")


def test_the_first_steps_warm_up():
    """Of two gaps the shorter one, of more the one in the middle."""
    assert step_seconds([0.0, 9.0, 11.0]) == 2
    assert step_seconds([0.0, 9.0, 12.0, 13.0]) == 3


def test_a_trainings_seconds_are_counted_by_hand():
    """Learning with its backward pass, validation after each epoch, both test passes once, for each trial a start."""
    cell, speed = Cell("net", "fine-tune", None, 0), Speed(forward=1e9, training=100.0, start=2.0, probe=0.0)
    one = recipe("fine-tune", epochs=2, batch_size=32, least_steps=1)

    found = predicted_seconds(cell, Counts(32, 8, 4), speed, macs=10, dimension=5, classes=2, recipe=one, trials=3)

    assert found == 3 * (2 + 3 * 2 * 32 * 10 / 100 + 2 * 8 * 10 / 100) + 2 * 4 * 10 / 100


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"forward": 0.0}, {"forward": 1e-9}),
        ({"training": 0.0}, {"training": 1e-9}),
        ({"start": -1e-9}, {"start": 0.0}),
        ({"probe": -1e-9}, {"probe": 0.0}),
    ],
)
def test_a_machine_stands_still_in_nothing(wrong, right):
    """Multiply-adds per second are above 0; a start and a probe may take no time, and never less."""
    usual = {"forward": 1.0, "training": 1.0, "start": 1.0, "probe": 1.0}

    Speed(**(usual | right))
    with pytest.raises(ArgumentError, match="must be above 0"):
        Speed(**(usual | wrong))


def test_multiply_adds_grow_with_the_area():
    """Half the side, a quarter of them; there and back again, the same; rounded to whole ones."""
    assert macs_at(1000, 224, 112) == 250
    assert macs_at(macs_at(900, 30, 10), 10, 30) == 900
    assert macs_at(10, 4, 3) == 6  # 5.625


def test_few_photos_are_learned_from_as_often_as_there_are_steps():
    """Twelve steps of five photos in two batches: three and two photos in turn, six times each."""
    counts = Counts(train=5, validation=3, test=2)
    one = recipe("fine-tune", epochs=2, batch_size=3, least_steps=12)
    speed = Speed(forward=7.0, training=10.0, start=0.0, probe=0.0)
    cell = Cell("net", "fine-tune", 5, 0)

    counted = learning_macs(cell, counts, 1, one, 1)
    seconds = predicted_seconds(cell, counts, speed, macs=1, dimension=5, classes=2, recipe=one, trials=1)

    assert counted == 3 * 6 * (3 + 2) + 2 * 3
    assert seconds == pytest.approx((counted + 2 * 2) / 10)


def test_a_probes_seconds_are_counted_by_hand():
    """Per photo to learn from or to choose on, dimension and class; before lp-ft, too; a twentieth for the others."""
    counts, one = Counts(train=30, validation=10, test=1000), recipe("lp-ft", epochs=1, least_steps=1)

    def seconds(protocol, probe, *, dimension=20, classes=3):
        speed = Speed(forward=1.0, training=1e9, start=0.0, probe=probe)
        cell = Cell("net", protocol, None, 0)
        tried = one if cell.trained else None
        return predicted_seconds(
            cell, counts, speed, macs=1, dimension=dimension, classes=classes, recipe=tried, trials=2
        )

    sweep = 4 * 1e-3 * (30 + 10) * 20 * 3  # photos are more than features
    assert seconds("linear", 1e-3) - seconds("linear", 0) == pytest.approx(sweep)
    assert seconds("lp-ft", 1e-3) - seconds("lp-ft", 0) == pytest.approx(sweep)
    assert seconds("fine-tune", 1e-3) == seconds("fine-tune", 0)
    for protocol in ("knn", "centroid"):
        assert seconds(protocol, 1e-3) - seconds(protocol, 0) == pytest.approx(sweep / 20)
    assert seconds("linear", 1e-3, classes=6) - seconds("linear", 0) == pytest.approx(2 * sweep)
    many = seconds("linear", 1e-3, dimension=30) - seconds("linear", 0)
    assert many == pytest.approx(1e-3 * (30 + 10) * 30 * 3)
    assert 0 < seconds("linear", 0) < 0.1  # no cell is free


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the kernel's mark cannot be set back")
def test_peak_memory_is_in_bytes_and_begins_anew():
    """A block that came and went counts with its bytes, and what was given back before does not count."""
    size = 300_000_000
    memory = PeakMemory("cpu")
    with mmap.mmap(-1, size) as block:  # new pages, whatever this process was given and gave back before
        block[:: mmap.PAGESIZE] = b"1" * len(range(0, size, mmap.PAGESIZE))
    highest = memory.read()

    begun = PeakMemory("cpu").read()

    assert 0.8 * size < highest - begun < 1.5 * size


def test_a_call_takes_what_the_clock_says():
    """The clock is read before and after it."""
    now = [5.0]

    def work():
        now[0] += 2.5

    assert timed(work, lambda: now[0]) == 2.5
