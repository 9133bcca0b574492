"""Splits by people."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import ArgumentError, DataSetError
from facerec.training.splits import split_people


def people_with(*counts):
    """So many photos of each person."""
    return SimpleNamespace(
        name="made",
        labels=np.repeat(np.arange(len(counts)), counts),
        identities=tuple(map(str, range(len(counts)))),
    )


@given(st.lists(st.integers(1, 6), min_size=8, max_size=30), st.integers(0, 99), st.booleans())
def test_no_person_is_on_both_sides(counts, seed, pairs):
    """Every photo is on one side, with all of its person's; validation has pairs of one person and of two."""
    counts = [*counts, 4, 4, 4, 4]

    split = split_people(people_with(*counts), seed=seed, fmr=0.125, pairs=pairs)  # 2 and 4 photos give 8 pairs

    labels = people_with(*counts).labels
    learned, held = set(labels[split.train]), set(labels[split.validation])
    assert not learned & held
    assert all(counts[person] >= 2 for person in held)
    assert all(counts[person] >= (2 if pairs else 1) for person in learned)
    assert len(split.train) == sum(counts[person] for person in learned)
    assert learned | held == {person for person, count in enumerate(counts) if count >= (2 if pairs else 1)}
    assert (split.train_people, split.validation_people) == (len(learned), len(held))


def test_the_draw_is_the_seeds():
    """The same seed gives the same people, another seed others."""
    people = people_with(*[3] * 40)
    one, same, other = (split_people(people, seed=seed, fmr=0.05).validation.tolist() for seed in (1, 1, 2))

    assert one == same != other


def test_validation_grows_until_the_rate_can_be_shown():
    """Two of ten people give four impostor pairs; a rate of 1 % needs a hundred, which six people have not."""
    people = people_with(*[3] * 20)

    assert split_people(people, seed=0, fmr=0.05).validation_people == 4
    assert split_people(people, seed=0, fmr=0.01).validation_people == 6  # 6 · 5 / 2 · 9 = 135 pairs
    with pytest.raises(ArgumentError, match=r"10 people for validation give 405 pairs.*use an --fmr of 0.003 or more"):
        split_people(people, seed=0, fmr=0.001)


@pytest.mark.parametrize(
    ("counts", "options", "error", "words"),
    [
        ([1, 1, 1, 5], {}, DataSetError, "1 of 4 people have two photos"),
        ([5, 5], {}, DataSetError, "0 people are left to learn from"),
        ([5, 5, 1, 1], {"pairs": True}, DataSetError, "0 people are left.*two photos each for this loss"),
        ([5] * 6, {"validation": 1.0}, ArgumentError, "between 0 and 1; got 1.0"),
    ],
)
def test_too_few_people_are_refused(counts, options, error, words):
    """The message says how many there are of what."""
    with pytest.raises(error, match=words):
        split_people(people_with(*counts), seed=0, fmr=0.1, **options)


def test_the_share_is_of_all_people():
    """A fifth of twenty people is four, though ten of them have one photo and can only learn."""
    people = people_with(*[2] * 10, *[1] * 10)

    assert split_people(people, seed=0, fmr=0.1, validation=0.2).validation_people == 4


def test_who_is_held_out_is_on_no_side():
    """Somebody who is not there cannot be; the share stays one of all people."""
    people = people_with(*[3] * 20)

    split = split_people(people, seed=0, fmr=0.1, held_out=["3", "7"])

    taken = {*people.labels[split.train], *people.labels[split.validation]}
    assert taken == set(range(20)) - {3, 7}
    assert (split.validation_people, split.train_people) == (4, 14)
    with pytest.raises(ArgumentError, match="'99' cannot be held out"):
        split_people(people, seed=0, fmr=0.1, held_out=["99"])


def test_no_more_than_half_validate():
    """Where a share asks for more, half of those with two photos; to expect exactly one false match is enough."""
    assert split_people(people_with(*[3] * 20), seed=0, fmr=0.1, validation=0.9).validation_people == 10
    assert split_people(people_with(*[2] * 10), seed=0, fmr=0.25).validation_people == 2  # two by two are four pairs
    assert split_people(people_with(*[2] * 10), seed=0, fmr=0.24).validation_people == 3
