"""Tests of many groups: textbook adjustments, scipy as the oracle, and what Holm and BH promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, false_discovery_control, fisher_exact

from audits.statistics.intervals import estimate
from audits.statistics.multiplicity import each_against_others, two_rates
from facerec.errors import ArgumentError
from facerec.measure.metrics import benjamini_hochberg, holm
from facerec.types import Rate

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)


class TestAdjusting:
    """holm, benjamini_hochberg."""

    def test_holm_by_hand(self):
        """Four tests: 4·0.005, then 3·0.01, then 2·0.03, and never less than the one before."""
        assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])

    @given(p_lists)
    def test_benjamini_hochberg_against_scipy(self, p_values):
        """The same as scipy's."""
        assert benjamini_hochberg(p_values) == pytest.approx(false_discovery_control(p_values))

    @given(p_lists)
    def test_holm_is_between_raw_and_bonferroni_and_above_bh(self, p_values):
        """Never less than the p-value or BH's, never more than n times the p-value."""
        found = holm(p_values)

        assert (found >= np.array(p_values) - 1e-15).all()
        assert (found <= np.minimum(1, np.array(p_values) * len(p_values)) + 1e-12).all()
        assert (found >= benjamini_hochberg(p_values) - 1e-12).all()

    @pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
    def test_a_test_that_was_not_made_does_not_count(self, adjust):
        """NaN stays NaN, and the others are as without it."""
        found = adjust([0.02, math.nan, 0.03])

        assert math.isnan(found[1])
        assert found[[0, 2]].tolist() == adjust([0.02, 0.03]).tolist()

    @pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
    @pytest.mark.parametrize("p_values", [[1.1], [-0.1], [[0.1]]])
    def test_refuses_what_is_no_p_value(self, adjust, p_values):
        """Within 0 and 1, in one dimension."""
        with pytest.raises(ArgumentError, match="p-values"):
            adjust(p_values)


class TestTwoRates:
    """two_rates."""

    def test_many_errors_against_the_chi_square_test(self):
        """The score test is the chi-square test without continuity correction."""
        expected = chi2_contingency([[30, 970], [60, 940]], correction=False).pvalue

        assert two_rates(Rate(30, 1000), Rate(60, 1000)) == pytest.approx(expected)

    def test_few_errors_against_fisher(self):
        """With fewer than five expected, the exact test."""
        expected = fisher_exact([[0, 100], [6, 94]]).pvalue

        assert two_rates(Rate(0, 100), Rate(6, 100)) == pytest.approx(expected)

    def test_effective_trials_count(self):
        """Trials that are worth half surprise less."""
        assert two_rates(Rate(30, 1000, 500.0), Rate(60, 1000, 500.0)) == pytest.approx(
            two_rates(Rate(15, 500), Rate(30, 500))
        )

    def test_nothing_measured(self):
        """No trials, no test."""
        assert math.isnan(two_rates(Rate(0, 0), Rate(1, 2)))

    def test_no_errors_in_either(self):
        """Nothing differs, nothing surprises."""
        assert two_rates(Rate(0, 100), Rate(0, 50)) == 1


class TestGroups:
    """each_against_others."""

    def test_each_group_meets_the_rest(self):
        """Differences by hand, and one adjustment over all three."""
        found = each_against_others(
            ["a", "b", "c"], [estimate(Rate(*x)) for x in ((30, 1000), (30, 1000), (90, 1000))], "fmr"
        )

        assert [round(test.difference, 9) for test in found] == [-0.03, -0.03, 0.06]
        assert found[2].p_value == pytest.approx(two_rates(Rate(90, 1000), Rate(60, 2000)))
        assert [test.holm for test in found] == holm([test.p_value for test in found]).tolist()
        assert {test.rate for test in found} == {"fmr"}

    def test_an_unmeasured_group_is_listed(self):
        """It is there with NaN, and costs the others nothing."""
        found = each_against_others(["a", "b", "c"], [estimate(Rate(*x)) for x in ((3, 9), (1, 9), (0, 0))], "fnmr")

        assert math.isnan(found[2].p_value)
        assert math.isnan(found[2].holm)
        assert found[0].holm == min(1, 2 * found[0].p_value)

    def test_equal_groups_raise_no_more_alarms_than_promised(self):
        """Six equal groups of people who err in clusters: one Holm alarm in twenty tables, at most."""
        rng = np.random.default_rng(5)
        alarms = 0
        for _ in range(200):
            found = [estimate(Rate(int(k), 800)) for k in rng.binomial(800, 0.05, 6)]
            alarms += min(test.holm for test in each_against_others(list("abcdef"), found, "fmr")) < 0.05

        assert alarms <= 19  # 200 · 0.05 expected at most; 99.5 % quantile

    def test_refuses_rates_that_do_not_fit(self):
        """One rate for each group."""
        with pytest.raises(ArgumentError, match="1 groups and 0 rates"):
            each_against_others(["a"], [], "fmr")
