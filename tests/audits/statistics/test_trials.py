"""Rates by group: counted by hand, and the same whatever the order of the rows."""

import math

import numpy as np
import pytest

from audits.statistics.intervals import estimate
from audits.statistics.trials import Trials, grouped_order, pooled, rates_by
from facerec.errors import ArgumentError
from facerec.types import Rate

WRONG = np.array([1, 0, 0, 1, 1, 0, 0], bool)
CODES = np.array([2, 0, -1, 0, 2, 2, 0])


class TestRatesBy:
    """rates_by."""

    def test_counts_by_hand(self):
        """Every group has its own errors and trials, one without trials is NaN, and −1 belongs to none."""
        found = rates_by(Trials(WRONG, None), CODES, 4)

        assert [(rate.errors, rate.trials) for rate in found] == [(1, 3), (0, 0), (2, 3), (0, 0)]
        assert math.isnan(found[1].value)

    def test_each_group_as_if_it_were_alone(self):
        """A group's interval is that of its own rows."""
        rng = np.random.default_rng(2)
        first, second = rng.integers(0, 20, (2, 300))
        trials = Trials(rng.random(300) < 0.2, (first, second))
        codes = rng.integers(-1, 3, 300)

        found = rates_by(trials, codes, 3)

        assert found == tuple(trials.take(codes == group).estimate() for group in range(3))

    def test_groups_without_errors_take_the_dependence_of_all(self):
        """The correlation of the whole table widens the interval of a group that shows none."""
        people = np.repeat(np.arange(10), 5)
        trials = Trials(np.zeros(50, bool), (people, people))
        codes = np.zeros(50, int)

        free, tied = (rates_by(trials, codes, 1, correlation=rho)[0] for rho in (0, 0.5))

        assert tied.interval.high > 2 * free.interval.high

    @pytest.mark.parametrize("codes", [np.zeros(6, int), np.full(7, 3), np.full(7, -2)])
    def test_refuses_codes_that_do_not_fit(self, codes):
        """One code per trial, each below the number of groups."""
        with pytest.raises(ArgumentError, match="below 3, or -1"):
            rates_by(Trials(WRONG, None), codes, 3)

    def test_refuses_a_confidence_out_of_range(self):
        """95 is not 0.95."""
        with pytest.raises(ArgumentError, match="confidence"):
            rates_by(Trials(WRONG, None), CODES, 3, confidence=95)


class TestTrials:
    """Trials."""

    def test_refuses_two_lengths(self):
        """Errors and people are of the same trials."""
        with pytest.raises(ArgumentError, match="one length"):
            Trials(WRONG, (np.arange(6), np.arange(6)))

    def test_without_people_trials_are_independent(self):
        """Nobody knows who took part, so nothing is shared."""
        trials = Trials(WRONG, None)

        assert trials.correlation == 0
        assert trials.estimate() == estimate(Rate(3, 7))
        assert trials.take(WRONG).estimate().rate == Rate(3, 3)


def test_a_group_is_one_stretch_in_its_old_order():
    """Rows of no group are left out; those of one group stay in order."""
    order, starts = grouped_order(CODES, 3, 7)

    assert order.tolist() == [1, 3, 6, 0, 4, 5]
    assert starts.tolist() == [0, 3, 3, 6]


def test_more_groups_than_sixteen_bits_count():
    """Codes above 32,767 are not folded back."""
    order, starts = grouped_order(np.array([40_000, 1]), 50_000, 2)

    assert order.tolist() == [1, 0]
    assert starts[40_001] == 2


class TestPooled:
    """pooled."""

    def test_equal_groups_add_up(self):
        """Two groups of the same design effect keep it together."""
        found = pooled([estimate(Rate(1, 30, 15.0))] * 2)

        assert (found.errors, found.trials, found.effective_trials) == (2, 60, pytest.approx(30))

    def test_a_large_dependent_group_weighs_in(self):
        """One group of 100 trials worth 10 and one of 100 worth 100: 1 / (0.25/10 + 0.25/100)."""
        found = pooled([estimate(Rate(5, 100, 10.0)), estimate(Rate(5, 100))])

        assert found.effective_trials == pytest.approx(1 / 0.0275)

    def test_nothing_measured_is_nothing(self):
        """Without trials there is nothing to add."""
        assert pooled([estimate(Rate(0, 0))]) == Rate(0, 0)
