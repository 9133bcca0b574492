"""Disparity indices: worked by hand from the published formulas, and laws that hold for all of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.statistics import indices
from facerec.errors import ArgumentError

FMR = [0.01, 0.02, 0.03, 0.06]
FNMR = [0.10, 0.10, 0.20, 0.40]

some_rates = st.lists(st.floats(0.001, 1), min_size=2, max_size=8)


def brute_force_gini(rates):
    """The double sum as it is printed."""
    n = len(rates)
    total = sum(abs(a - b) for a in rates for b in rates)
    return n / (n - 1) * total / (2 * n**2 * (sum(rates) / n))


def close(value):
    """Equal up to rounding."""
    return pytest.approx(value, abs=1e-12)


class TestByHand:
    """Each index of the same four groups."""

    def test_difference(self):
        """Largest minus smallest."""
        assert indices.difference(FMR) == close(0.05)

    def test_max_min_ratio(self):
        """Largest over smallest."""
        assert indices.max_min_ratio(FMR) == close(6)

    def test_max_geomean(self):
        """0.06 over the fourth root of 0.01 · 0.02 · 0.03 · 0.06."""
        assert indices.max_geomean(FMR, zero_bounds=[0] * 4) == close(0.06 / (3.6e-7) ** 0.25)

    def test_max_geomean_with_a_group_without_errors(self):
        """Its bound stands in below, and only there: 0.04 / √(0.01 · 0.04)."""
        assert indices.max_geomean([0, 0.04], zero_bounds=[0.01, 9]) == close(2)

    def test_gini(self):
        """Differences 1, 2, 5, 1, 4, 3 hundredths: 4/3 · 2·0.16 / (2·16·0.03)."""
        assert indices.gini(FMR) == close(4 / 3 * 0.32 / 0.96)

    def test_worst_to_overall(self):
        """Weighted by trials: (0.01·1 + 0.02·1 + 0.03·1 + 0.06·3) / 6 = 0.04."""
        assert indices.worst_to_overall(FMR, [10, 10, 10, 30]) == close(1.5)

    def test_garbe(self):
        """Half the sum of both Gini coefficients; FNMR's is 4/3 · 2·1.0 / (2·16·0.2)."""
        assert indices.garbe(FMR, FNMR) == close((4 / 3 * 0.32 / 0.96 + 4 / 3 * 2 / 6.4) / 2)
        assert indices.garbe(FMR, FNMR, weight=1) == close(indices.gini(FMR))

    def test_fdr(self):
        """1 − (0.05 + 0.30) / 2."""
        assert indices.fdr(FMR, FNMR) == close(0.825)
        assert indices.fdr(FMR, FNMR, weight=0) == close(0.7)

    def test_inequity_rate(self):
        """√6 · √4."""
        assert indices.inequity_rate(FMR, FNMR) == close(math.sqrt(24))

    def test_ratio_of_zero(self):
        """A zero below is infinite; nothing but zeros is not defined."""
        assert indices.max_min_ratio([0, 0.1]) == math.inf
        assert math.isnan(indices.max_min_ratio([0, 0]))
        assert math.isnan(indices.gini([0, 0]))
        assert math.isnan(indices.worst_to_overall([0, 0], [1, 1]))
        assert math.isnan(indices.max_geomean([0, 0], zero_bounds=[0.1, 0.1]))


class TestLaws:
    """What must hold for any rates."""

    @given(some_rates)
    def test_gini_is_the_double_sum(self, rates):
        """The sorted form and the printed form are one."""
        assert indices.gini(rates) == pytest.approx(brute_force_gini(rates), abs=1e-9)

    @given(some_rates, st.randoms(use_true_random=False))
    def test_the_order_of_groups_does_not_matter(self, rates, random):
        """Relabelling groups changes no index."""
        other = list(rates)
        random.shuffle(other)

        for index in (indices.difference, indices.max_min_ratio, indices.gini):
            assert index(other) == pytest.approx(float(index(rates)))

    @given(st.floats(0.001, 1), st.integers(2, 6))
    def test_equal_groups_are_fair(self, rate, groups):
        """Every index takes its fair value."""
        rates = [rate] * groups

        assert indices.difference(rates) == 0
        assert indices.gini(rates) == pytest.approx(0, abs=1e-12)
        assert indices.fdr(rates, rates) == 1
        assert indices.garbe(rates, rates) == pytest.approx(0, abs=1e-12)
        for ratio in (
            indices.max_min_ratio(rates),
            indices.inequity_rate(rates, rates),
            indices.max_geomean(rates, zero_bounds=rates),
            indices.worst_to_overall(rates, [1] * groups),
        ):
            assert ratio == pytest.approx(1)

    @given(some_rates, st.floats(0.01, 1))
    def test_ratios_and_gini_do_not_see_the_scale(self, rates, factor):
        """A matcher that is ten times better for everybody is as unequal."""
        scaled = np.array(rates) * factor

        for index in (indices.max_min_ratio, indices.gini):
            assert index(scaled) == pytest.approx(float(index(rates)))

    def test_many_sets_at_once(self):
        """The groups are on the last axis; every set gives one number."""
        sets = np.array([[FMR, FMR[::-1]], [FNMR, FNMR[::-1]]])

        assert indices.gini(sets).shape == (2, 2)
        assert indices.gini(sets)[1, 0] == close(indices.gini(FNMR))
        assert indices.worst_to_overall(sets, [1, 1, 1, 1]).shape == (2, 2)


class TestRefusals:
    """Rates and weights out of their range."""

    @pytest.mark.parametrize("rates", [[0.1], [], 0.1, [[0.1], [0.2]]])
    def test_fewer_than_two_groups(self, rates):
        """One group cannot differ from itself."""
        with pytest.raises(ArgumentError, match="two groups or more"):
            indices.difference(rates)

    @pytest.mark.parametrize("rates", [[0.1, math.nan], [0.1, 1.1], [-0.1, 0.2]])
    def test_rates_out_of_range(self, rates):
        """An unmeasured group has no rate, and has to be left out."""
        for index in (indices.difference, indices.max_min_ratio, indices.gini):
            with pytest.raises(ArgumentError, match="leave it out"):
                index(rates)

    @pytest.mark.parametrize("bound", [0, math.nan])
    def test_a_zero_without_a_bound(self, bound):
        """A group without errors needs something to stand in for it."""
        with pytest.raises(ArgumentError, match="upper bound above 0"):
            indices.max_geomean([0, 0.1], zero_bounds=[bound, 0.1])

    @pytest.mark.parametrize("trials", [[1], [1, 0], [1, math.nan]])
    def test_trials_that_do_not_fit(self, trials):
        """Every group has trials."""
        with pytest.raises(ArgumentError, match="number of trials"):
            indices.worst_to_overall([0.1, 0.2], trials)

    @pytest.mark.parametrize("index", [indices.garbe, indices.fdr, indices.inequity_rate])
    def test_weights_out_of_range(self, index):
        """A weight is a share."""
        with pytest.raises(ArgumentError, match="weight"):
            index(FMR, FNMR, weight=1.5)
