"""Intervals: scipy as the oracle, hand-worked designs, and laws that hold whatever the data."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from audits.statistics.intervals import clopper_pearson, clustered_estimate, estimate
from facerec.errors import ArgumentError
from facerec.measure.metrics import clustered_rate
from facerec.types import Interval, Rate


class TestEstimate:
    """estimate."""

    @pytest.mark.parametrize(("errors", "trials"), [(1, 9), (8, 511), (510, 511)])
    def test_wilson_against_scipy(self, errors, trials):
        """Where there are errors and successes, the interval is Wilson's."""
        found = estimate(Rate(errors, trials), confidence=0.9)
        expected = binomtest(errors, trials).proportion_ci(0.9, "wilson")

        assert found.method == "wilson"
        assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
        assert math.isnan(found.rule_of_three)

    @pytest.mark.parametrize(("errors", "trials"), [(0, 489), (0, 1), (7, 7)])
    def test_clopper_pearson_at_the_ends(self, errors, trials):
        """Where none or all are errors, the interval is the exact one."""
        found = estimate(Rate(errors, trials))
        expected = binomtest(errors, trials).proportion_ci(0.95, "exact")

        assert found.method == "clopper-pearson"
        assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))

    def test_rule_of_three(self):
        """No error in n: below about 3/n with 95 % confidence, whatever the confidence of the interval."""
        found = estimate(Rate(0, 1952), confidence=0.99)

        assert found.rule_of_three == pytest.approx(1 - 0.05 ** (1 / 1952))
        assert found.rule_of_three < 3 / 1952

    def test_effective_trials_take_the_place_of_trials(self):
        """Ten errors in a hundred trials that are worth twenty are as uncertain as two in twenty."""
        assert estimate(Rate(10, 100, 20.0)).interval == estimate(Rate(2, 20)).interval

    def test_nothing_measured_is_nan(self):
        """A group without trials has no bound either."""
        found = estimate(Rate(0, 0))

        assert found.method == "unmeasured"
        assert math.isnan(found.interval.low)
        assert math.isnan(found.interval.high)

    @pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
    def test_refuses_a_confidence_out_of_range(self, confidence):
        """95 is not 0.95."""
        with pytest.raises(ArgumentError, match="confidence"):
            estimate(Rate(1, 2), confidence=confidence)


class TestClopperPearson:
    """clopper_pearson."""

    @pytest.mark.parametrize(("errors", "trials"), [(0, 5), (3, 17), (17, 17)])
    def test_against_scipy(self, errors, trials):
        """The bounds are those of scipy's exact interval."""
        expected = binomtest(errors, trials).proportion_ci(0.95, "exact")

        assert clopper_pearson(errors, trials) == Interval(
            pytest.approx(expected.low), pytest.approx(expected.high), 0.95
        )

    @pytest.mark.parametrize(("errors", "trials"), [(-1, 5), (6, 5), (0, 0), (math.nan, 5)])
    def test_refuses_impossible_counts(self, errors, trials):
        """More errors than trials, or no trials at all."""
        with pytest.raises(ArgumentError, match="0 <= errors <= trials"):
            clopper_pearson(errors, trials)

    def test_refuses_a_confidence_out_of_range(self):
        """95 is not 0.95."""
        with pytest.raises(ArgumentError, match="confidence"):
            clopper_pearson(1, 2, confidence=95)


class TestClustered:
    """clustered_estimate."""

    def test_disjoint_pairs_are_independent(self):
        """Where nobody occurs twice, trials and effective trials are one."""
        people = np.arange(60)
        found = clustered_estimate(people % 7 == 0, people, people + 60)

        expected = Rate(9, 60).interval()

        assert found.effective_trials == pytest.approx(60)
        assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))

    def test_by_hand(self):
        """Two people of ten fail in all of their five trials: V = Σ T²/n², and 3.08 degrees of freedom."""
        people = np.repeat(np.arange(10), 5)
        # T = 4 for the two, −1 for the eight: V = (2·16 + 8·1)/50² = 0.016, V0 = 0.16/50 = 0.0032,
        # ν = 40²/(2·256 + 8·1) = 3.0769, t(0.975) = 3.1379, and (3.1379/1.95996)² = 2.5632.
        found = clustered_estimate(people < 2, people, people)

        assert found.effective_trials == pytest.approx(0.16 / (0.0032 + 0.0128 * 2.5632), rel=1e-4)

    def test_many_people_need_no_correction(self):
        """With thousands of people the correction for few people is nothing."""
        rng = np.random.default_rng(3)
        people = np.repeat(np.arange(4000), 4)
        wrong = rng.random(4000)[people] < 0.2
        plain = clustered_rate(wrong, people, people)

        assert clustered_estimate(wrong, people, people).effective_trials == pytest.approx(
            plain.effective_trials, rel=0.01
        )

    def test_without_errors_the_correlation_of_a_larger_table_counts(self):
        """Each of the trials shares its person with four others, and half of that is lost."""
        people = np.repeat(np.arange(10), 5)
        none = np.zeros(50, bool)

        assert clustered_estimate(none, people, people, correlation=0).effective_trials == 50
        assert clustered_estimate(none, people, people, correlation=0.5).effective_trials == 50 / 3
        assert clustered_estimate(~none, people, people, correlation=0.5).effective_trials == 50 / 3

    def test_a_group_is_worth_no_more_than_its_table_allows(self):
        """Whether one person, ten or a hundred take part: there is no number at which a group is suddenly believed."""
        for people in (1, 9, 10, 11, 100):
            codes = np.repeat(np.arange(people), 20)
            wrong = np.arange(len(codes)) % 5 == 0
            alone, borrowed = (clustered_estimate(wrong, codes, codes, correlation=rho) for rho in (0, 0.3))

            assert alone.effective_trials == len(codes)
            assert borrowed.effective_trials == pytest.approx(len(codes) / (1 + 0.3 * 19))

    def test_a_few_people_hold_what_they_promise(self):
        """Three people with forty trials each: with the correlation of all, 95 % is not less than 93 %."""
        rng = np.random.default_rng(9)
        codes = np.repeat(np.arange(3), 40)
        hits = 0
        for _ in range(300):
            score = np.sqrt(0.3) * rng.standard_normal(3)[codes] + np.sqrt(0.7) * rng.standard_normal(len(codes))
            found = clustered_estimate(score >= norm.isf(0.2), codes, codes, correlation=0.16).interval
            hits += found.low <= 0.2 <= found.high

        assert hits >= 0.93 * 300

    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_order_and_side_do_not_matter(self, seed):
        """Shuffling the pairs, swapping their sides or renaming the people changes nothing."""
        rng = np.random.default_rng(seed)
        first, second = rng.integers(0, 12, (2, 60))
        wrong = rng.random(60) < 0.2
        order, swap, names = rng.permutation(60), rng.random(60) < 0.5, rng.permutation(12)
        left, right = np.where(swap, second, first), np.where(swap, first, second)

        found = clustered_estimate(wrong, first, second)
        other = clustered_estimate(wrong[order], names[left][order], names[right][order])

        assert other.interval.low == pytest.approx(found.interval.low)
        assert other.interval.high == pytest.approx(found.interval.high)
        assert found.effective_trials <= 60

    def test_codes_with_gaps_are_people_too(self):
        """Codes of a large population, of which a small group is a part, mean the same."""
        people = np.repeat(np.arange(10), 5)

        assert clustered_estimate(people < 2, people * 10**6, people * 10**6) == clustered_estimate(
            people < 2, people, people
        )

    def test_without_trials(self):
        """No trials, no rate."""
        assert clustered_estimate([], [], []).method == "unmeasured"

    @pytest.mark.parametrize(
        ("errors", "first", "second", "options", "told"),
        [
            ([2], [0], [1], {}, "True or False"),
            ([True], [0, 1], [1, 2], {}, "one length"),
            ([True], [0.5], [1.5], {}, "an integer or a string"),
            ([True], [0], [1], {"confidence": 1}, "confidence"),
            ([True], [0], [1], {"correlation": -0.1}, "correlation"),
            ([True], [0], [1], {"correlation": math.nan}, "correlation"),
        ],
    )
    def test_refuses(self, errors, first, second, options, told):
        """Each argument out of its range is named."""
        with pytest.raises(ArgumentError, match=told):
            clustered_estimate(errors, first, second, **options)
