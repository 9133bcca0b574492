"""What cells learn from, choose on and are judged on: laws of the draws, whatever the network."""

from pathlib import Path

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.transfer.cells import Cell
from facerec.transfer.draws import Draws
from facerec.transfer.image_set import ImageSet


def _set(labels, *, parts=None, **columns) -> ImageSet:
    count = len(labels)
    return ImageSet(
        name="made",
        root=Path(),
        files=tuple(f"{number}.png" for number in range(count)),
        labels=np.array(labels),
        classes=("blue", "green", "red")[: max(labels) + 1],
        parts=tuple(parts or [""] * count),
        digests=tuple(f"{number:064x}" for number in range(count)),
        columns={name: tuple(values) for name, values in columns.items()},
    )


@pytest.fixture
def draws():
    """Of three classes of fourteen photos."""
    return Draws(_set([0, 1, 2] * 14), test=0.25)


def test_the_test_part_is_the_same_in_every_cell(draws):
    """Seeds and shots change what is learned from, never what is judged on, and no photo is on two sides."""
    for seed in (0, 1, 2):
        for shots in (1, 3, None):
            drawn = draws.of(Cell("net", "linear", shots, seed))

            assert np.array_equal(drawn.test, draws.splits.test)
            together = np.concatenate([drawn.train, drawn.validation, drawn.test])
            assert len(set(together.tolist())) == len(together)


def test_other_seeds_hold_back_other_photos(draws):
    """With all photos, too, seeds differ in what is learned from."""
    trains = {tuple(draws.of(Cell("net", "linear", None, seed)).train.tolist()) for seed in range(3)}

    assert len(trains) == 3


def test_shots_are_nested_and_few_on_both_sides(draws):
    """One shot is among three, and validation has at most as many per class as train."""
    one, three = (draws.of(Cell("net", "linear", shots, 1)) for shots in (1, 3))

    assert set(one.train) < set(three.train)
    assert (len(one.train), len(one.validation)) == (3, 3)
    assert len(three.train) == 9
    assert len(three.validation) <= 9


def test_too_many_shots_name_the_class(draws):
    """A number above the class size is refused before anything is measured."""
    with pytest.raises(ArgumentError, match=r"50 shots were asked for, but class 'blue' has \d+ photos"):
        draws.check_shots(50, 1)


def test_shots_are_refused_that_any_seed_lacks():
    """People of many photos each: the seeds leave different numbers, and the fewest of those asked for counts."""
    sizes = (9, 7, 5, 3, 2, 2, 1, 1)
    labels = [0] * sum(sizes) + [1] * sum(sizes)
    who = [f"{label} {person}" for label in (0, 1) for person, size in enumerate(sizes) for _ in range(size)]
    made = Draws(_set(labels, subject=who), test=0.25)
    fewest = [min(np.bincount(np.array(labels)[made.of(Cell("net", "linear", None, seed)).train])) for seed in range(8)]

    assert len(set(fewest)) > 1
    for seeds in range(1, 9):
        assert made.smallest_class(seeds)[0] == min(fewest[:seeds])
    most = min(fewest)
    made.check_shots(most, 8)
    made.check_shots(None, 8)
    for seed in range(8):
        assert len(made.of(Cell("net", "linear", most, seed)).train) == 2 * most
    with pytest.raises(ArgumentError, match=f"ask for {most} or fewer"):
        made.check_shots(most + 1, 8)


def test_a_given_validation_part_may_lack_a_class():
    """Shots are drawn of the classes that it has, as many as of the smallest of them."""
    labels = [0, 1, 2] * 10
    parts = ["train"] * 18 + ["validation" if label else "train" for label in labels[18:24]] + ["test"] * 6
    made = Draws(_set(labels, parts=parts), test=0.25)

    drawn = made.of(Cell("net", "linear", 5, 0))

    assert np.bincount(np.array(labels)[drawn.validation], minlength=3).tolist() == [0, 2, 2]
    assert np.bincount(np.array(labels)[drawn.train]).tolist() == [5, 5, 5]


def test_the_data_are_cut_by_one_seed_and_a_fifth_is_held_back():
    """The parts before any cell is seed 0's, a cell of seed 0 has them; the note is theirs for every seed."""
    labels = [0, 1] * 50
    made = Draws(_set(labels), test=0.2)

    assert [len(part) for part in (made.splits.train, made.splits.validation, made.splits.test)] == [64, 16, 20]
    first, other = (made.of(Cell("net", "linear", None, seed)) for seed in (0, 1))
    assert "seed 0" in made.splits.note
    assert first.note == other.note == made.splits.note
    assert [len(each.validation) for each in (first, other)] == [16, 16]
    assert sorted([*first.train, *first.validation]) == sorted([*other.train, *other.validation])
    assert made.of(Cell("net", "linear", 3, 1)).note == made.splits.note


def test_given_parts_are_the_same_for_every_seed():
    """A given validation part is chosen on whatever the seed, and few shots differ from seed to seed."""
    labels = [0, 1] * 20
    made = Draws(_set(labels, parts=["train"] * 24 + ["validation"] * 8 + ["test"] * 8), test=0.25)

    for seed in (0, 1, 2):
        drawn = made.of(Cell("net", "linear", None, seed))
        assert (drawn.train.tolist(), drawn.validation.tolist()) == (list(range(24)), list(range(24, 32)))
    few = [made.of(Cell("net", "linear", 2, seed)) for seed in (0, 1, 2)]
    assert len({tuple(each.train) for each in few}) == 3
    assert len({tuple(each.validation) for each in few}) > 1


def test_the_smallest_class_is_named(draws):
    """The one with the fewest photos to learn from, and how many these are."""
    made = Draws(_set([0] * 20 + [1] * 8 + [2] * 14), test=0.25)
    train = made.of(Cell("net", "linear", None, 0)).train

    assert made.smallest_class(1) == (int((np.array([0] * 20 + [1] * 8 + [2] * 14)[train] == 1).sum()), 1)
    with pytest.raises(ArgumentError, match="class 'green' has 5 photos"):
        made.check_shots(6, 1)
    made.check_shots(5, 1)
