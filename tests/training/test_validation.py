"""How well vectors tell people apart, against counting by hand."""

import math

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.training import validation
from facerec.training.validation import cosine_gap, separation, thinned


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


def test_many_photos_are_thinned_person_by_person(monkeypatch):
    """So that pairs of one person remain."""
    monkeypatch.setattr(validation, "MOST_PHOTOS", 6)
    labels = np.array([2, 0, 1, 2, 0, 1, 2, 0, 1])

    assert thinned(labels).tolist() == [1, 2, 4, 5, 7, 8]
    assert thinned(labels[:6]).tolist() == [0, 1, 2, 3, 4, 5]
