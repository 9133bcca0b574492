"""Result values: what they compute from what they hold, and what they say when asked for what is not there."""

import math

import pytest

from audits.statistics.disparity import Disparity, Index
from audits.statistics.estimates import Estimate
from audits.verification.thresholds import Threshold
from facerec.errors import ArgumentError
from facerec.types import Interval, Rate


def estimate(errors, trials, effective=None):
    """A rate estimate whose interval does not matter."""
    return Estimate(Rate(errors, trials, effective), Interval(0, 1), "wilson")


class TestRateEstimate:
    """Estimate."""

    @pytest.mark.parametrize(
        ("errors", "trials", "evidence"),
        [
            (0, 0, "unmeasured"),
            (0, 9, "none"),
            (2, 9, "none"),
            (3, 9, "indicative"),
            (29, 99, "indicative"),
            (30, 99, "reportable"),
        ],
    )
    def test_evidence_by_the_rule_of_thirty(self, errors, trials, evidence):
        """Fewer than 3 errors carry nothing, fewer than 30 a hint."""
        assert estimate(errors, trials).evidence == evidence

    def test_counts_and_design_effect(self):
        """Fifty trials that are worth ten have a design effect of five."""
        found = estimate(5, 50, 10.0)

        assert (found.value, found.errors, found.trials, found.effective_trials) == (0.1, 5, 50, 10.0)
        assert found.design_effect == 5
        assert found.measured

    def test_without_trials_nothing_is_a_number(self):
        """Not measured is NaN, never 0."""
        found = estimate(0, 0)

        assert not found.measured
        assert math.isnan(found.value)
        assert math.isnan(found.design_effect)

    def test_without_effective_trials_the_trials_are_independent(self):
        """The design effect is then 1."""
        assert estimate(1, 4).design_effect == 1


def test_a_threshold_of_distances_is_shown_as_a_distance():
    """Inside, a smaller distance is a larger score; a reader sees the distance, and no negative zero."""
    assert Threshold(-0.6, "given", None, Rate(0, 0), distance=True).shown == 0.6
    assert str(Threshold(0.0, "given", None, Rate(0, 0), distance=True).shown) == "0.0"
    assert Threshold(0.6, "given", None, Rate(0, 0)).shown == 0.6


def test_an_index_is_found_by_its_name():
    """Asking for an index that does not exist names those that do."""
    gini = Index("gini", 0.1, Interval(0, 1), 0.0)
    disparity = Disparity((gini,), (), (), (), ())

    assert disparity.index("fmr", "gini") is gini
    with pytest.raises(ArgumentError, match="no index 'genie' of fmr; there are gini"):
        disparity.index("fmr", "genie")
