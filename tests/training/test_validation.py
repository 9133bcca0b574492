"""How well vectors tell people apart, against counting by hand."""

import math

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.measure.metrics import eer
from facerec.training.draws import drawn_photos
from facerec.training.validation import cosine_gap, separation


@pytest.fixture
def some():
    """Vectors of eight people, five each."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(8), 5)
    vectors = random.normal(size=(8, 6))[labels] + random.normal(size=(40, 6))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def pairs_of(vectors, labels):
    """Cosines of pairs of one person, and of two."""
    same, other = [], []
    for i in range(len(labels)):
        for j in range(i):
            (same if labels[i] == labels[j] else other).append(float(vectors[i] @ vectors[j]))
    return np.array(same), np.array(other)


@pytest.mark.parametrize("fmr", [0.5, 0.1, 0.01])
def test_the_true_match_rate_is_what_counting_gives(some, fmr):
    """At the lowest threshold that keeps to the false match rate."""
    same, other = pairs_of(*some)

    found = separation(*some, fmr=fmr)

    assert (found.genuine, found.impostor) == (len(same), len(other)) == (80, 700)
    allowed = round(fmr * len(other))
    assert found.threshold == pytest.approx(np.sort(other)[-allowed], abs=1e-6)
    assert found.tmr == pytest.approx((same >= found.threshold).mean())


def test_the_gap_is_the_difference_of_the_means(some):
    """Lengths do not matter; without pairs it is no number."""
    same, other = pairs_of(*some)
    vectors, labels = some

    assert cosine_gap(vectors * 7, labels) == pytest.approx(same.mean() - other.mean(), abs=1e-6)
    assert math.isnan(cosine_gap(vectors, np.arange(40)))
    assert math.isnan(cosine_gap(vectors, np.zeros(40, np.int64)))


def test_pairs_of_both_kinds_are_needed(some):
    """Without them nothing can be measured."""
    with pytest.raises(ArgumentError, match="0 pairs of one person"):
        separation(some[0], np.arange(40), fmr=0.1)


def test_photos_are_drawn_person_by_person():
    """Pairs of one person remain, the same seed draws the same, and never more than was asked for."""
    labels = np.random.default_rng(0).permutation(np.arange(1000).repeat(4))

    some = drawn_photos(labels, most=200, seed=3)

    _, counts = np.unique(labels[some], return_counts=True)
    assert (counts.tolist(), len(some)) == ([4] * 50, 200)
    assert (np.diff(some) > 0).all()
    assert drawn_photos(labels, most=200, seed=3).tolist() == some.tolist()
    assert drawn_photos(labels, most=200, seed=4).tolist() != some.tolist()
    assert drawn_photos(labels, most=4000, seed=3).tolist() == list(range(4000))
    assert 300 < np.mean(labels[some]) < 700


@pytest.mark.parametrize("even", [False, True])
def test_people_are_drawn_from_every_group(even):
    """A group of one in ten gives a tenth of those drawn or, where groups are to be compared, as many as the others."""
    labels = np.arange(1000).repeat(2)
    groups = ["a small group" if who < 100 else "the others" for who in labels]

    some = drawn_photos(labels, most=300, seed=1, groups=groups, even=even)

    few = sum(groups[photo] == "a small group" for photo in some)
    assert few == pytest.approx(150 if even else 30, abs=2)
    assert len(some) == pytest.approx(300, abs=1)


def test_one_famous_person_is_not_all_that_is_drawn():
    """Of somebody with most of the photos a part is drawn, so that there are others to be told from."""
    labels = np.array([0] * 5000 + [who for who in range(1, 11) for _ in range(3)])

    some = drawn_photos(labels, most=500, seed=1)

    assert len(np.unique(labels[some])) == 11
    assert (labels[some] == 0).sum() == 500 // 11


def test_the_equal_error_rate_and_ties(some):
    """The rates are those of all pairs; a pair of one person at the threshold itself is a match."""
    same, other = pairs_of(*some)
    found = separation(*some, fmr=0.1)

    assert found.eer == pytest.approx(eer(same, other), abs=1e-6)
    assert (found.fmr, found.eer < 0.5) == (0.1, True)
    turned = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.8, 0.6], [1, 0]], np.float32)
    tied = separation(turned, np.array([0, 0, 1, 1, 2]), fmr=0.13)
    scores = pairs_of(turned, np.array([0, 0, 1, 1, 2]))
    assert tied.tmr == (scores[0] >= tied.threshold - 1e-7).mean()
