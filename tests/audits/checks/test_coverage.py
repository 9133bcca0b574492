"""Coverage of the intervals: the quick look that every run takes, and the full simulation."""

import math

import numpy as np
import pytest

from audits.checks.coverage import DESIGNS, LIMITS, RATES, Coverage, Design, calibrate, simulate_coverage
from facerec.errors import ArgumentError


class TestDesigns:
    """Design."""

    @pytest.mark.parametrize(
        ("design", "pairs", "genuine"),
        [
            (Design("sparse", 40, 3, 0.1), 60, False),
            (Design("dense", 12, 0, 0.1), 66, False),
            (Design("genuine", 10, 4, 0.1), 40, True),
        ],
    )
    def test_pairs_are_what_the_layout_says(self, design, pairs, genuine):
        """Nobody is their own impostor, and everybody their own mate."""
        first, second = design.pairs(np.random.default_rng(1))

        assert len(first) == len(second) == pairs
        assert ((first == second) == genuine).all()
        assert max(first.max(), second.max()) < design.people

    @pytest.mark.parametrize(
        "values", [("dense", 1, 0, 0.1), ("dense", 9, 2, 0.1), ("sparse", 9, 0, 0.1), ("genuine", 9, 2, 1.0)]
    )
    def test_refuses_what_is_no_design(self, values):
        """One person, pairs per person in a dense layout or none elsewhere, everything shared."""
        with pytest.raises(ArgumentError, match="a design needs"):
            Design(*values)


class TestSimulation:
    """simulate_coverage."""

    def test_the_true_rate_is_the_true_rate(self):
        """Whatever the correlation, the errors come at the rate that was asked for."""
        for design in (Design("dense", 200, 0, 0.5), Design("genuine", 400, 5, 0.5), Design("sparse", 4000, 3, 0.5)):
            found = simulate_coverage(design, 0.05, replicates=100, seed=2)
            pairs = len(design.pairs(np.random.default_rng(0))[0])

            assert found.mean_errors / pairs == pytest.approx(0.05, rel=0.08)

    def test_correlation_shows_in_the_design_effect(self):
        """Without it the design effect is about 1, with it far above in a dense layout."""
        free, tied = (simulate_coverage(Design("dense", 150, 0, rho), 0.1, replicates=30, seed=3) for rho in (0, 0.3))

        assert free.mean_design_effect < 1.3
        assert tied.mean_design_effect > 5

    def test_the_seed_decides(self):
        """The same seed, the same counts."""
        one, again = (simulate_coverage(Design("dense", 40, 0, 0.2), 0.1, replicates=50, seed=4) for _ in range(2))

        assert one == again
        assert one.covered + one.above + one.below == 50

    @pytest.mark.parametrize(
        ("rate", "options", "told"),
        [
            (0, {}, "true rate"),
            (1, {}, "true rate"),
            (math.nan, {}, "true rate"),
            (0.1, {"replicates": 0}, "one replicate"),
            (0.1, {"confidence": 95}, "confidence"),
        ],
    )
    def test_refuses(self, rate, options, told):
        """Rates, replicates and confidences out of range."""
        with pytest.raises(ArgumentError, match=told):
            simulate_coverage(Design("dense", 10, 0, 0.1), rate, seed=0, **options)


def test_limits_are_judged_on_the_share():
    """934 of 1,000 is too few, 971 too many."""
    design = Design("dense", 10, 0, 0.1)
    landed = [
        Coverage(design, 0.1, 0.95, 1000, covered, 1000 - covered, 0, covered, 1.0, 1.0).landed
        for covered in (934, 935, 970, 971)
    ]

    assert landed == [False, True, True, False]
    assert Coverage(design, 0.1, 0.95, 1000, 950, 25, 25, 0, 1.0, 1.0).interval.low == pytest.approx(0.9346, abs=1e-3)


@pytest.mark.parametrize(
    "design", [Design("sparse", 2000, 3, 0.3), Design("dense", 100, 0, 0.3)], ids=["sparse", "dense"]
)
@pytest.mark.parametrize("rate", [1e-2, 1e-1])
def test_quick_look(design, rate):
    """400 tables: within the limits, give or take what 400 can tell."""
    found = simulate_coverage(design, rate, replicates=400, seed=6)

    assert LIMITS[0] - 0.025 <= found.value <= LIMITS[1] + 0.02


def test_taking_pairs_as_independent_deceives():
    """In a dense design naive intervals hold what they promise in a third of all tables."""
    found = simulate_coverage(Design("dense", 100, 0, 0.3), 0.1, replicates=100, seed=7)

    assert found.naive_value < 0.6


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_design_and_rate_lands():
    """Nominal 95 % is within the limits in all designs at all rates, over 3,000 tables each."""
    found = calibrate(replicates=3000, seed=20)

    assert len(found) == len(DESIGNS) * len(RATES)
    assert [one for one in found if not one.landed] == []
