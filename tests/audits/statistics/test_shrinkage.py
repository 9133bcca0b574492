"""Shrinkage: a worked prior, the limits in both directions, and the promise that it is nearer the truth."""

import math

import numpy as np
import pytest
from scipy.stats import beta, betabinom

from audits.statistics.intervals import estimate
from audits.statistics.shrinkage import Prior, fit_prior, shrink
from facerec.errors import ArgumentError
from facerec.types import Rate


def rates(*counts):
    """Estimates from (errors, trials)."""
    return [estimate(Rate(*count)) for count in counts]


class TestPrior:
    """fit_prior."""

    def test_maximises_the_beta_binomial_likelihood(self):
        """Scipy's likelihood is nowhere higher than at the worth that was found."""
        counts = [(2, 100), (9, 100), (1, 50), (30, 200)]
        found = fit_prior(rates(*counts))

        def likelihood(worth):
            return sum(betabinom.logpmf(k, n, found.mean * worth, (1 - found.mean) * worth) for k, n in counts)

        grid = np.geomspace(1, 450, 200)
        assert likelihood(found.worth) >= max(likelihood(worth) for worth in grid) - 1e-6
        assert found.mean == pytest.approx(42.5 / 451)

    def test_equal_groups_make_a_strong_prior(self):
        """Where groups do not differ, the prior is worth all of their trials, and no more."""
        assert fit_prior(rates((10, 100), (10, 100), (10, 100))).worth == pytest.approx(300, rel=0.01)

    def test_different_groups_make_a_weak_one(self):
        """Where groups differ much, it is worth little."""
        assert fit_prior(rates((1, 1000), (300, 1000), (900, 1000))).worth < 5

    def test_a_single_group_knows_nothing_of_others(self):
        """Its prior is worth one trial."""
        assert fit_prior(rates((10, 100), (0, 0))).worth == 1

    def test_refuses_nothing(self):
        """Without trials there is no prior."""
        with pytest.raises(ArgumentError, match="none of 1 has any"):
            fit_prior(rates((0, 0)))


class TestShrink:
    """shrink."""

    def test_the_posterior_by_hand(self):
        """Mean and interval are those of the beta distribution with prior and counts added."""
        estimates = rates((2, 20), (30, 1000), (50, 1000))
        prior = fit_prior(estimates)
        found = shrink(["a", "b", "c"], estimates, confidence=0.9)[0]
        a, b = prior.a + 2, prior.b + 18

        assert found.value == pytest.approx(a / (a + b))
        assert (found.interval.low, found.interval.high) == pytest.approx(tuple(beta.ppf([0.05, 0.95], a, b)))
        assert found.weight == pytest.approx(20 / (20 + prior.worth))
        assert found.raw is estimates[0]

    def test_the_small_group_moves_most(self):
        """It lies between its own rate and the mean, nearer the mean the smaller it is."""
        found = shrink(["large", "other", "small"], rates((50, 1000), (20, 1000), (2, 10)))

        assert found[0].weight > found[2].weight
        assert found[2].value < found[2].raw.value
        assert abs(found[0].value - found[0].raw.value) < abs(found[2].value - found[2].raw.value)

    def test_effective_trials_are_what_counts(self):
        """A group of dependent pairs is a small group."""
        found = shrink(["a", "b"], [estimate(Rate(100, 1000)), estimate(Rate(100, 1000, 50.0))])

        assert found[1].weight < found[0].weight

    def test_an_unmeasured_group_gets_the_prior(self):
        """It is listed, with weight 0 and the widest interval."""
        found = shrink(["a", "b", "nobody"], rates((5, 100), (10, 100), (0, 0)))

        assert found[2].weight == 0
        assert found[2].value == pytest.approx(fit_prior(rates((5, 100), (10, 100))).mean)
        assert not found[2].raw.measured

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


def test_a_prior_has_the_mean_that_it_says():
    """Its two parameters add up to its worth."""
    prior = Prior(0.2, 10)

    assert (prior.a, prior.b) == (2, 8)


@pytest.mark.parametrize("errors", [0, 50])
def test_nothing_is_learned_from_groups_that_are_all_alike_at_the_edge(errors):
    """Without a single error, or without anything else, no estimate pretends to know how groups differ."""
    shrunk = shrink(["a", "b"], [estimate(Rate(errors, 50)), estimate(Rate(errors, 50))])

    assert all(math.isnan(found.value) and math.isnan(found.interval.high) for found in shrunk)
    assert [found.weight for found in shrunk] == [0, 0]
