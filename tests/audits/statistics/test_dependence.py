"""Dependence between pairs: brute force over all pairs of pairs, and designs whose answer is known."""

import itertools
import math

import numpy as np
import pytest

from audits.statistics.dependence import compact_codes, pair_correlation, people_behind, people_in, shared_trials
from facerec.errors import ArgumentError


def all_pairs(people):
    """Every two of so many people, once."""
    return np.triu_indices(people, 1)


def brute_force_shared(first, second):
    """Average number of other trials that share a person, trial by trial."""
    sides = [{int(a), int(b)} for a, b in zip(first, second, strict=True)]
    return sum(bool(x & y) for x, y in itertools.permutations(sides, 2)) / len(sides)


class TestShared:
    """shared_trials."""

    @pytest.mark.parametrize("seed", range(5))
    def test_against_every_pair_of_pairs(self, seed):
        """Repeated couples and genuine pairs among the trials are counted once, not twice."""
        rng = np.random.default_rng(seed)
        first, second = rng.integers(0, 9, (2, 40))

        assert shared_trials(first, second) == pytest.approx(brute_force_shared(first, second))

    def test_all_pairs_of_n_people(self):
        """Each pair meets n − 2 others on either side."""
        assert shared_trials(*all_pairs(12)) == 20

    def test_disjoint_pairs_share_nobody(self):
        """A list in which everybody occurs once is independent."""
        assert shared_trials(np.arange(5), np.arange(5, 10)) == 0

    def test_without_trials(self):
        """Nothing is measured, so nothing is a number."""
        assert math.isnan(shared_trials(np.empty(0, np.int64), np.empty(0, np.int64)))


class TestCorrelation:
    """pair_correlation."""

    def test_is_found_again_where_it_was_put_in(self):
        """With a given share of people who always fail, errors of one person are perfectly alike."""
        people = np.repeat(np.arange(500), 4)

        assert pair_correlation(people < 50, people, people) == pytest.approx(1)

    def test_is_about_zero_for_independent_errors(self):
        """Chance alone gives no correlation worth the name."""
        rng = np.random.default_rng(1)
        first, second = all_pairs(150)

        assert pair_correlation(rng.random(len(first)) < 0.1, first, second) < 0.01

    @pytest.mark.parametrize("wrong", [[False] * 3, [True] * 3])
    def test_is_zero_where_it_cannot_be_seen(self, wrong):
        """Without a mixture of errors and successes there is nothing to correlate."""
        assert pair_correlation(wrong, [0, 0, 1], [1, 2, 2]) == 0

    def test_is_zero_where_nobody_occurs_twice(self):
        """Nobody can be alike with themselves in a single trial."""
        assert pair_correlation([True, False], [0, 1], [2, 3]) == 0


class TestPeopleBehind:
    """people_behind."""

    def test_equal_people_count_in_full(self):
        """Six people with the same sum each are six."""
        people = np.arange(6)

        assert people_behind(people < 3, people, people) == pytest.approx(6)

    def test_one_person_who_makes_all_errors_counts_for_little_more_than_one(self):
        """A variance that rests on one person has about one degree of freedom."""
        people = np.repeat(np.arange(100), 10)

        assert 1 < people_behind(people == 0, people, people) < 1.1

    def test_the_last_people_may_be_without_errors(self):
        """Who is never wrong has a sum too."""
        assert people_behind(np.array([True, False]), np.array([0, 9]), np.array([0, 9])) == pytest.approx(2)


def test_people_are_counted_once():
    """On whichever side, and whatever gaps the codes have."""
    assert people_in(np.array([7, 2, 2]), np.array([7, 7, 4])) == 3
    assert people_in(np.empty(0, np.int64), np.empty(0, np.int64)) == 0


class TestCodes:
    """compact_codes."""

    def test_codes_stay_as_they_are(self):
        """Small codes are not copied."""
        first = np.array([0, 1], np.int32)

        assert compact_codes(first, np.array([1, 0], np.int32))[0] is first

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (["ann", "bob"], ["bob", "cat"]),
            (np.array(["ann", 1], object), np.array([1, "1"], object)),
            (np.array([10**12, 5]), np.array([5, -3])),
        ],
    )
    def test_equal_people_get_equal_codes(self, first, second):
        """Names, large numbers and mixtures become small codes; the number 1 and the text 1 are two people."""
        codes = compact_codes(first, second)

        assert codes[0].tolist() == [0, 1]
        assert codes[1].tolist() == [1, 2]

    def test_refuses_two_lengths(self):
        """Both sides are of the same pairs."""
        with pytest.raises(ArgumentError, match="one length"):
            compact_codes([1], [1, 2])

    @pytest.mark.parametrize("side", [np.array([0.5]), np.array([None], object)])
    def test_refuses_what_is_no_name(self, side):
        """A float or None is nobody."""
        with pytest.raises(ArgumentError, match="an integer or a string"):
            compact_codes(side, side)
