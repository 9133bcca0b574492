"""Shrinkage: the posterior by brute force, the limits in both directions, and that it is nearer the truth."""

import math

import numpy as np
import pytest
from scipy.special import betainc, betaln, expit

from audits.statistics.intervals import estimate
from audits.statistics.shrinkage import shrink
from facerec.errors import ArgumentError
from facerec.types import Rate


def rates(*counts):
    """Estimates from (errors, trials)."""
    return [estimate(Rate(*count)) for count in counts]


class TestShrink:
    """shrink."""

    def test_the_posterior_by_brute_force(self):
        """Mean, interval and weight are those of a fine grid over mean and worth of the prior, ten times as dense."""
        counts = [(2, 20), (30, 1000), (50, 1000)]
        x, n = np.array(counts, float).T
        share = (np.arange(200) + 0.5) / 200
        worth = (3 / (1 / n).sum() * share / (1 - share))[:, None]
        mean = expit(np.linspace(-8, 3, 800))
        likely = sum(betaln(worth * mean + k, worth * (1 - mean) + m - k) for k, m in counts)
        likely = likely - 3 * betaln(worth * mean, worth * (1 - mean)) + np.log(mean * (1 - mean)) / 2
        weight = np.exp(likely - likely.max())
        weight /= weight.sum()
        found = shrink(["a", "b", "c"], rates(*counts), confidence=0.9)

        for group in range(3):
            a, b = worth * mean + x[group], worth * (1 - mean) + n[group] - x[group]
            assert found[group].value == pytest.approx((weight * a / (a + b)).sum(), rel=5e-3)
            assert found[group].weight == pytest.approx((weight * n[group] / (a + b)).sum(), rel=1e-2)
            for end, tail in ((found[group].interval.low, 0.05), (found[group].interval.high, 0.95)):
                assert (weight * betainc(a, b, end)).sum() == pytest.approx(tail, abs=3e-3)

    def test_equal_groups_are_drawn_together_and_different_ones_are_not(self):
        """Where groups do not differ each hears mostly the others; where they differ much, mostly itself."""
        alike = shrink(["a", "b", "c"], rates((10, 100), (10, 100), (10, 100)))
        apart = shrink(["a", "b", "c"], rates((1, 1000), (300, 1000), (900, 1000)))

        assert max(found.weight for found in alike) < 0.5
        assert min(found.weight for found in apart) > 0.95

    def test_the_small_group_moves_most(self):
        """It lies between its own rate and the mean, nearer the mean the smaller it is."""
        found = shrink(["large", "other", "small"], rates((50, 1000), (20, 1000), (2, 10)))

        assert found[0].weight > found[2].weight
        assert found[2].value < found[2].raw.value
        assert abs(found[0].value - found[0].raw.value) < abs(found[2].value - found[2].raw.value)

    def test_effective_trials_are_what_counts(self):
        """A group of dependent pairs is a small group."""
        measured = [estimate(Rate(100, 1000)), estimate(Rate(100, 1000, 50.0)), estimate(Rate(90, 1000))]
        found = shrink(["a", "b", "c"], measured)

        assert found[1].weight < found[0].weight

    def test_two_groups_keep_their_own(self):
        """How far groups lie apart is not learned from two, a third without pairs beside them or not."""
        for names in (["a", "b"], ["a", "b", "nobody"]):
            measured = rates((5, 100), (25, 100), (0, 0))[: len(names)]
            for each, own in zip(shrink(names, measured)[:2], measured, strict=False):
                assert (each.value, each.interval, each.weight) == (own.value, own.interval, 1)

    def test_an_unmeasured_group_gets_the_prior(self):
        """It is listed, with weight 0 and the widest interval."""
        found = shrink(["a", "b", "c", "nobody"], rates((5, 100), (10, 100), (7, 100), (0, 0)))

        assert found[3].weight == 0
        assert found[0].value < found[3].value < found[1].value
        assert found[3].interval.low < found[0].interval.low < found[1].interval.high < found[3].interval.high
        assert not found[3].raw.measured

    def test_nothing_measured_at_all(self):
        """Every value is NaN."""
        found = shrink(["a"], rates((0, 0)))

        assert math.isnan(found[0].value)
        assert math.isnan(found[0].interval.high)

    def test_it_is_nearer_the_truth(self):
        """Over many tables the shrunk rates of small groups err less than the raw ones, as Efron and Morris say."""
        rng = np.random.default_rng(8)
        raw, shrunk = 0.0, 0.0
        for _ in range(60):
            truth = rng.beta(3, 57, 8)
            estimates = rates(*((int(k), 40) for k in rng.binomial(40, truth)))
            found = shrink(list("abcdefgh"), estimates)
            raw += sum((one.value - p) ** 2 for one, p in zip(estimates, truth, strict=True))
            shrunk += sum((one.value - p) ** 2 for one, p in zip(found, truth, strict=True))

        assert shrunk < 0.7 * raw

    def test_refuses(self):
        """Rates that do not fit the groups, and a confidence out of range."""
        with pytest.raises(ArgumentError, match="1 groups and 2 rates"):
            shrink(["a"], rates((1, 2), (1, 2)))
        with pytest.raises(ArgumentError, match="confidence"):
            shrink(["a"], rates((1, 2)), confidence=1)


@pytest.mark.parametrize(
    ("trials", "rate", "spread"),
    [([200] * 4, 0.05, 0.4), ([100] * 16, 0.05, 0.0), ([1000] * 4 + [30] * 4, 0.05, 0.5), ([300] * 3, 0.05, 0.7)],
)
def test_the_credible_intervals_hold(trials, rate, spread):
    """Over tables of known truth, equal and unequal groups, few and many: 95 % of 95 %, and narrower than raw ones."""
    rng = np.random.default_rng(20)
    names = [str(number) for number in range(len(trials))]
    held, widths = [], []
    for _ in range(40):
        truth = rate * np.exp(rng.normal(0, spread, len(trials)) - spread**2 / 2)
        estimates = rates(*zip(rng.binomial(trials, truth).tolist(), trials, strict=True))
        for one, p in zip(shrink(names, estimates), truth, strict=True):
            held.append(one.interval.low <= p <= one.interval.high)
            widths.append([each.high - each.low for each in (one.interval, one.raw.interval)])

    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / len(held))
    assert np.mean(widths, axis=0)[0] < np.mean(widths, axis=0)[1]


@pytest.mark.parametrize("errors", [0, 50])
def test_nothing_is_learned_from_groups_that_are_all_alike_at_the_edge(errors):
    """Without a single error, or without anything else, no estimate pretends to know how groups differ."""
    shrunk = shrink(["a", "b"], [estimate(Rate(errors, 50)), estimate(Rate(errors, 50))])

    assert all(math.isnan(found.value) and math.isnan(found.interval.high) for found in shrunk)
    assert [found.weight for found in shrunk] == [0, 0]
