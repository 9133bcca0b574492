"""Whose photos are compared: people drawn from all of them, a few photos of each."""

from types import SimpleNamespace

import numpy as np

from facerec.training.draws import drawn_photos, groups_of, in_words


def test_nobody_gives_more_than_a_thirtieth():
    """Of a hundred people, one with most of the photos gives a thirtieth of what is asked for, from all of his."""
    labels = np.array([0] * 5000 + [who for who in range(1, 101) for _ in range(3)])

    some = drawn_photos(labels, most=1200, seed=1)

    famous = some[labels[some] == 0]
    assert len(famous) == 1200 // 30
    assert famous.max() > 4000
    assert 1500 < famous.mean() < 3500
    assert (np.bincount(labels[some])[1:] == 3).all()


def test_two_photos_of_each_at_least():
    """However few are asked for, a person who is drawn is in a pair of his own."""
    labels = np.arange(500).repeat(5)

    counts = np.unique(labels[drawn_photos(labels, most=40, seed=2)], return_counts=True)[1]

    assert counts.tolist() == [2] * 20


def test_a_group_is_all_that_the_columns_say():
    """Both columns of a photo, in the order of the photos; without columns there are no groups."""
    people = SimpleNamespace(columns={"sex": ("f", "m", "f"), "age": ("old", "old", "young")})

    assert groups_of(people, np.array([2, 0])) == ["f young", "f old"]
    assert groups_of(SimpleNamespace(columns={}), np.array([0])) is None


def test_words_count_the_photos_that_are_compared():
    """`some` are positions in `photos`, which are positions in all: 2 of 4 photos, of 1 of 3 people."""
    people = SimpleNamespace(labels=np.array([0, 1, 2, 2, 3]))

    assert in_words(people, np.array([1, 2, 3, 4]), np.array([1, 2])) == (
        "2 of 4 photos, of 1 of 3 people, drawn at random"
    )
    assert in_words(people, np.array([1, 4]), np.array([0, 1])) == "all 2 photos"


def test_groups_are_of_people_whatever_the_order_of_the_photos():
    """Shuffled photos, labels with gaps: a group with a fifth of the people has a fifth of those drawn."""
    draw = np.random.default_rng(4)
    labels = draw.permutation((np.arange(500) * 7 + 3).repeat(2))
    groups = ["few" if (who - 3) // 7 % 5 == 0 else "many" for who in labels]

    some = drawn_photos(labels, most=200, seed=0, groups=groups)

    assert sum(groups[photo] == "few" for photo in some) == 40
    assert np.unique(labels[some], return_counts=True)[1].tolist() == [2] * 100
