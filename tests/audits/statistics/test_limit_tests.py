"""P-values of limits: hand-worked ones, and the law that they agree with the interval that they were read off."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from audits.statistics.intervals import estimate
from audits.statistics.limit_tests import limit_p_value
from facerec.types import Interval, Rate

NAN = math.nan


@pytest.mark.parametrize(
    ("errors", "trials", "effective", "limit", "expected"),
    [
        (30, 100, None, 0.2, 0.0124193),  # z = 0.1 / √(0.2 · 0.8 / 100) = 2.5
        (30, 100, 25.0, 0.2, 0.2112995),  # a quarter of the trials, half of z
        (0, 100, None, 0.05, 2 * 0.95**100),
        (0, 10, None, 0.05, 1.0),
        (100, 100, None, 0.95, 2 * 0.95**100),
    ],
)
def test_rates(errors, trials, effective, limit, expected):
    """The score test of a rate on its effective trials, and the exact one where none or all were errors."""
    found = estimate(Rate(errors, trials, effective))

    assert limit_p_value(found.value, found.interval, limit, estimate=found) == pytest.approx(expected, rel=1e-5)


@given(
    trials=st.integers(1, 500),
    share=st.floats(0, 1),
    design=st.floats(1, 5),
    limit=st.floats(0.001, 0.999),
    confidence=st.floats(0.5, 0.999),
)
def test_rates_agree_with_their_interval(trials, share, design, limit, confidence):
    """A p-value is at most 1 − confidence exactly where the interval leaves the limit out."""
    found = estimate(Rate(round(share * trials), trials, trials / design), confidence=confidence)
    bounds = found.interval.low, found.interval.high
    assume(all(abs(limit - bound) > 1e-9 for bound in bounds))

    p_value = limit_p_value(found.value, found.interval, limit, estimate=found)

    assert (p_value <= 1 - confidence) == (not bounds[0] < limit < bounds[1])


@given(
    arms=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    limit=st.floats(0.5, 10),
    ratio=st.booleans(),
    confidence=st.floats(0.5, 0.999),
)
def test_other_numbers_agree_with_their_interval(arms, limit, ratio, confidence):
    """Whatever the lengths of the two arms, and on either scale."""
    interval = Interval(2 - arms[0], 2 + arms[1], confidence)
    assume(all(abs(limit - bound) > 1e-9 for bound in (interval.low, interval.high)))

    p_value = limit_p_value(2.0, interval, limit, ratio=ratio)

    assert (p_value <= 1 - confidence) == (not interval.low < limit < interval.high)


def test_ratios_have_a_scale_of_their_own():
    """From 1 to 4 is as far as from 1 to 1/4: two standard errors where the bound at 2 is one."""
    interval = Interval(0.5, 2.0, 2 * norm.cdf(1) - 1)

    for limit in (4.0, 0.25):
        assert limit_p_value(1.0, interval, limit, ratio=True) == pytest.approx(2 * norm.sf(2))


@pytest.mark.parametrize(
    ("value", "low", "high", "limit", "expected"),
    [
        (0.0, 0.0, 0.0, 0.1, 0.05),
        (0.0, 0.0, 0.0, 0.0, 1.0),
        (math.inf, 3.0, math.inf, 2.0, 0.05),
        (5.0, 3.0, math.inf, 7.0, 1.0),
    ],
)
def test_arms_that_cannot_be_scaled(value, low, high, limit, expected):
    """Without a length to go by, a limit outside has just the p-value of the interval."""
    assert limit_p_value(value, Interval(low, high, 0.95), limit) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "low", "high"), [(NAN, 0.1, 0.2), (0.1, NAN, 0.2), (0.1, 0.05, NAN)])
def test_nothing_measured(value, low, high):
    """Without a value or a bound there is no p-value."""
    assert math.isnan(limit_p_value(value, Interval(low, high), 0.5))
