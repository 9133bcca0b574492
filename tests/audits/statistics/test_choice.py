"""What choosing a threshold adds: order statistics by hand, laws, and coverage of tables whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from audits.statistics.choice import HELD, Reach, carry_choice, choices_together, draw_choices, threshold_range
from audits.statistics.intervals import estimate
from audits.statistics.paired import paired_change
from audits.statistics.trials import Trials
from facerec.errors import ArgumentError
from facerec.measure.metrics import fmr, threshold_at_fmr
from facerec.types import Interval, Rate


class TestThresholdRange:
    """threshold_range."""

    def test_order_statistics_by_hand(self):
        """Of 6,000 at 1e-3, 2 to 11 false matches are no surprise: from just above the 12th highest to the 2nd."""
        scores = np.random.default_rng(0).permutation(6000).astype(float)
        assert binom.cdf(1, 6000, 1e-3) < 0.025 < binom.cdf(2, 6000, 1e-3)
        assert binom.cdf(10, 6000, 1e-3) < 0.975 < binom.cdf(11, 6000, 1e-3)

        assert threshold_range(scores, 1e-3, 6000, confidence=0.95) == (math.nextafter(5988, math.inf), 5998)

    def test_too_few_false_matches_do_not_bound_it(self):
        """Where no false match at all is no surprise, the threshold may lie above every score."""
        scores = np.arange(3000.0)

        assert threshold_range(scores, 1e-3, 3000, confidence=0.95)[1] == math.inf
        assert threshold_range(scores, 1.3e-3, 3000, confidence=0.95)[1] == 2999
        assert threshold_range(scores[:5], 0.6, 5, confidence=0.95) == (-math.inf, 4)

    def test_equal_scores_stay_together(self):
        """Of rounded scores the upper end accepts no more than may be, and the lower end is no level lower."""
        scores = np.repeat(np.arange(10.0), 100)

        low, high = threshold_range(scores, 0.3, 1000, confidence=0.95)

        assert (low, high) == (math.nextafter(6, math.inf), 8.0)

    def test_failures_to_acquire_count_among_the_trials(self):
        """A missing score is a rejection at every threshold."""
        scores = np.concatenate([np.arange(1000.0), np.full(1000, np.nan)])
        beside = np.concatenate([np.arange(1000.0), np.full(1000, -1.0)])

        assert threshold_range(scores, 0.01, 2000, confidence=0.95) == threshold_range(
            beside, 0.01, 2000, confidence=0.95
        )

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 10_000), st.floats(0.005, 0.5), st.floats(0.05, 1.0))
    def test_laws(self, seed, target, share):
        """It holds the chosen threshold, follows any rising scale, and grows as trials are worth less."""
        scores = np.random.default_rng(seed).normal(size=400).round(2)
        ends = threshold_range(scores, target, 400 * share, confidence=0.95)

        assert ends[0] <= threshold_at_fmr(scores, target) <= ends[1]
        wider = threshold_range(scores, target, 200 * share, confidence=0.95)
        assert wider[0] <= ends[0]
        assert wider[1] >= ends[1]
        scaled = threshold_range(np.exp(scores), target, 400 * share, confidence=0.95)
        assert [fmr(np.exp(scores), end) for end in scaled] == [fmr(scores, end) for end in ends]

    @pytest.mark.parametrize(
        ("scores", "target", "trials"), [([], 0.1, 1), ([math.nan], 0.1, 1), ([0.5], 0, 1), ([0.5], 0.1, 2)]
    )
    def test_refuses(self, scores, target, trials):
        """No score, a target that is none, more trials than scores."""
        with pytest.raises(ArgumentError, match="range of a threshold"):
            threshold_range(scores, target, trials, confidence=0.95)


SMALL = st.floats(0, 0.3)


class TestCarryChoice:
    """carry_choice."""

    def test_by_hand(self):
        """0.05 [0.046, 0.054]; 0.01 down and 0.02 up: √(0.004² + 0.01²) and √(0.004² + 0.02²)."""
        found = carry_choice(0.05, Interval(0.046, 0.054), Reach(0.01, 0.02))

        assert found.low == pytest.approx(0.05 - math.hypot(0.004, 0.01))
        assert found.high == pytest.approx(0.05 + math.hypot(0.004, 0.02))

    def test_what_is_common_cancels(self):
        """Two thresholds that always come out alike add nothing to a change, be reaches as lopsided as they may."""
        given_interval = Interval(-0.01, 0.02)

        assert carry_choice(0.005, given_interval, Reach(0.1, 0.4), Reach(0.1, 0.4), together=1.0, least=-1.0) == (
            given_interval
        )

    @given(st.lists(SMALL, min_size=4, max_size=4), st.floats(0, 1), st.floats(-0.3, 0.3))
    def test_laws(self, reaches, together, value):
        """Never narrower than at the thresholds; swapping the tables mirrors it; held thresholds change nothing."""
        interval = Interval(value - 0.02, value + 0.03)
        after, before = Reach(*reaches[:2]), Reach(*reaches[2:])

        found = carry_choice(value, interval, after, before, together=together, least=-1.0)
        back = carry_choice(
            -value, Interval(-interval.high, -interval.low), before, after, together=together, least=-1.0
        )

        assert found.low <= interval.low
        assert found.high >= interval.high
        assert back.low == pytest.approx(-found.high)
        assert back.high == pytest.approx(-found.low)
        held = carry_choice(value, interval, HELD, together=together, least=-1.0)
        assert (held.low, held.high) == pytest.approx((interval.low, interval.high))

    def test_what_was_not_measured_stays_so(self):
        """NaN in, NaN out; and a rate stays within 0 … 1."""
        nothing = Interval(math.nan, math.nan)

        assert carry_choice(math.nan, nothing, Reach(0.1, 0.1)) is nothing
        assert carry_choice(0.02, Interval(0.01, 0.03), Reach(0.5, 1.0)) == Interval(0.0, 1.0)


def test_thresholds_come_out_together_where_decisions_do():
    """One and the same false matches: nearly 1; other ones: 0; none at all: 0, because nothing shows it."""
    same, other = np.arange(4000) < 200, np.arange(4000) >= 3800
    rate = estimate(Rate(200, 4000))

    assert choices_together(rate, rate, paired_change(same, same)) > 0.98
    assert choices_together(rate, rate, paired_change(same, other)) == 0.0
    assert choices_together(estimate(Rate(0, 4000)), rate, paired_change(~same & ~same, same)) == 0.0


def test_draws_of_thresholds_reach_as_far_as_the_interval():
    """2.5 % of draws go beyond either reach, of all groups of a side at once, and both sides as alike as said."""
    reaches = [(Reach(0.1, 0.2), HELD), (Reach(0.1, 0.2), Reach(0.02, 0.02))]

    before, after = draw_choices(reaches, together=0.8, replicates=20_000, seed=0, confidence=0.95)

    assert np.quantile(before[:, 0], [0.025, 0.975]) == pytest.approx([-0.1, 0.2], rel=0.05)
    assert (before[:, 1] == 0).all()
    assert np.corrcoef(after[:, 0] > 0, after[:, 1] > 0)[0, 1] == pytest.approx(1)
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] == pytest.approx(0.8, abs=0.03)


def equal_matchers(rng, impostors, mated, target):
    """Scores of two equally good matchers of the same pairs, FNMR 5 % at the target, and that threshold."""
    threshold = norm.isf(target)
    base = rng.normal(size=impostors), threshold + norm.isf(0.05) + rng.normal(size=mated)
    sides = []
    for _ in range(2):
        noisy = [scores + 0.3 * rng.normal(size=len(scores)) for scores in base]
        middle = threshold + norm.isf(0.05)
        sides.append((noisy[0] / math.sqrt(1.09), middle + (noisy[1] - middle) / math.sqrt(1.09)))
    return sides


def covered(rng, impostors, mated, target):
    """Whether FNMR at the target, and the change of it, are in their intervals; and whether they were, held fixed."""
    read = []
    for non_mated, own in equal_matchers(rng, impostors, mated, target):
        value = threshold_at_fmr(non_mated, target)
        rate = estimate(fmr(non_mated, value))
        ends = threshold_range(non_mated, target, rate.effective_trials, confidence=0.95)
        errors = own < value
        reach = Reach.of(errors.mean(), *(float(np.mean(~(own >= end))) for end in ends))
        read.append((non_mated >= value, rate, errors, reach))
    (one, first, missed, before), (two, second, missed_after, after) = read
    fnmr = Trials(missed, None).estimate()
    change = paired_change(missed, missed_after)
    together = choices_together(first, second, paired_change(one, two))
    wide = carry_choice(change.value, change.interval, after, before, together=together, least=-1.0)
    rate = carry_choice(fnmr.value, fnmr.interval, before)
    return rate.low <= 0.05 <= rate.high, wide.low <= 0 <= wide.high, change.interval.low <= 0 <= change.interval.high


@pytest.mark.parametrize(
    ("impostors", "mated", "target"), [(6000, 12_000, 1e-3), (6000, 12_000, 1e-2), (20_000, 900, 1e-3)]
)
def test_equal_matchers_are_not_called_different(impostors, mated, target):
    """At chosen thresholds FNMR at FMR = f and its change are covered in 93.5 % of tables; held fixed, in far fewer."""
    rng = np.random.default_rng(7)
    found = np.array([covered(rng, impostors, mated, target) for _ in range(300)])

    rate, change, held = found.mean(axis=0)
    assert rate >= 0.935
    assert change >= 0.935
    assert held < 0.9
