"""Who meets whom: brute force over all pairs of pairs, and designs whose answer is known."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from facerec.errors import ArgumentError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.metrics.dependence import latent_correlation, latent_kurtosis, student


def all_pairs(people):
    """Every two of so many people, once."""
    return np.triu_indices(people, 1)


def brute_force_shared(first, second):
    """Average number of other trials that share a person, trial by trial."""
    sides = [{int(a), int(b)} for a, b in zip(first, second, strict=True)]
    return sum(bool(x & y) for x, y in itertools.permutations(sides, 2)) / len(sides)


class TestShared:
    """shared_trials."""

    @pytest.mark.parametrize("seed", range(5))
    def test_against_every_pair_of_pairs(self, seed):
        """Repeated couples and genuine pairs among the trials are counted once, not twice."""
        rng = np.random.default_rng(seed)
        first, second = rng.integers(0, 9, (2, 40))

        assert PairsOfPeople.of(first, second).shared == pytest.approx(brute_force_shared(first, second))

    def test_all_pairs_of_n_people(self):
        """Each pair meets n − 2 others on either side."""
        assert PairsOfPeople.of(*all_pairs(12)).shared == 20

    def test_disjoint_pairs_share_nobody(self):
        """A list in which everybody occurs once is independent."""
        assert PairsOfPeople.of(np.arange(5), np.arange(5, 10)).shared == 0

    def test_without_trials(self):
        """Nothing is measured, so nothing is a number."""
        assert math.isnan(PairsOfPeople.of([], []).shared)


class TestCorrelation:
    """pair_correlation."""

    def test_is_found_again_where_it_was_put_in(self):
        """With a given share of people who always fail, errors of one person are perfectly alike."""
        people = np.repeat(np.arange(500), 4)

        assert PairsOfPeople.of(people, people).correlation(people < 50) == pytest.approx(1)

    def test_is_about_zero_for_independent_errors(self):
        """Chance alone gives no correlation worth the name."""
        rng = np.random.default_rng(1)
        first, second = all_pairs(150)

        assert PairsOfPeople.of(first, second).correlation(rng.random(len(first)) < 0.1) < 0.01

    def test_is_zero_where_nobody_occurs_twice(self):
        """Nobody can be alike with themselves in a single trial."""
        assert PairsOfPeople.of([0, 1], [2, 3]).correlation(np.array([True, False])) == 0


class TestPeopleBehind:
    """people_behind."""

    def test_equal_people_count_in_full(self):
        """Six people with the same sum each are six."""
        people = np.arange(6)

        assert PairsOfPeople.of(people, people).people_behind(people < 3) == pytest.approx(6)

    def test_one_person_who_makes_all_errors_counts_for_little_more_than_one(self):
        """A variance that rests on one person has about one degree of freedom."""
        people = np.repeat(np.arange(100), 10)

        assert 1 < PairsOfPeople.of(people, people).people_behind(people == 0) < 1.1

    def test_the_last_people_may_be_without_errors(self):
        """Who is never wrong has a sum too."""
        assert PairsOfPeople.of([0, 9], [0, 9]).people_behind(np.array([True, False])) == pytest.approx(2)


def test_people_are_counted_once():
    """On whichever side, and whatever gaps the codes have."""
    assert PairsOfPeople.of([7, 2, 2], [7, 7, 4]).people == 3
    assert PairsOfPeople.of([], []).people == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["ann", "bob"], ["bob", "cat"]),
        (np.array(["ann", 1], object), np.array([1, "1"], object)),
        (np.array([10**12, 5]), np.array([5, -3])),
    ],
)
def test_equal_people_are_one(first, second):
    """By name, by large number or mixed; the number 1 and the text 1 are two people."""
    pairs = PairsOfPeople.of(first, second)

    assert (pairs.people, pairs.shared) == (3, 1)


def test_refuses_two_lengths():
    """Both sides are of the same pairs."""
    with pytest.raises(ArgumentError, match="one length"):
        PairsOfPeople.of([1], [1, 2])


@pytest.mark.parametrize("side", [np.array([0.5]), np.array([None], object)])
def test_refuses_what_is_no_name(side):
    """A float or None is nobody."""
    with pytest.raises(ArgumentError, match="an integer or a string"):
        PairsOfPeople.of(side, side)


@pytest.mark.parametrize("rate", [0.5, 0.2, 0.01, 0.001])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.6])
def test_correlation_of_errors_against_the_bivariate_normal(rate, share):
    """P(both beyond the threshold), by scipy."""
    threshold = norm.ppf(rate)
    both = multivariate_normal([0, 0], [[1, share], [share, 1]], abseps=1e-9).cdf([threshold, threshold])

    expected = (both - rate**2) / (rate * (1 - rate))
    assert latent_correlation(rate, share) == pytest.approx(expected, abs=2e-4)
    assert latent_correlation(1 - rate, share) == pytest.approx(latent_correlation(rate, share))


@pytest.mark.parametrize(("rate", "share"), [(0.3, 0.2), (0.01, 0.1), (0.001, 0.1)])
def test_kurtosis_of_peoples_rates_against_integration(rate, share):
    """The fourth moment of P(error | person), by scipy."""

    def moment(power):
        def apart(trait):
            return (norm.sf((norm.isf(rate) - math.sqrt(share) * trait) / math.sqrt(1 - share)) - rate) ** power

        return quad(lambda trait: apart(trait) * norm.pdf(trait), -12, 12, epsabs=0, limit=200)[0]

    assert latent_kurtosis(rate, share) == pytest.approx(moment(4) / moment(2) ** 2, rel=1e-4)


class TestFewErrors:
    """What few errors of few people cannot show is taken at a rate that they do not exclude."""

    PEOPLE = np.repeat(np.arange(10), 40)

    def _rate(self, errors):
        wrong = np.zeros(400, bool)
        wrong[np.arange(errors) * 40] = True  # of different people: nothing is seen to be alike
        return PairsOfPeople.of(self.PEOPLE, self.PEOPLE).rate(wrong)

    def test_bounds_rise_with_errors(self):
        """The first error hardly lowers the upper bound, though half-way to it lies lower; the next ones raise it."""
        bounds = [self._rate(errors).interval().high for errors in range(6)]

        assert bounds[1:] == sorted(bounds[1:])
        assert 0.9 * bounds[0] < bounds[1] < bounds[0] < bounds[2]

    @pytest.mark.parametrize("errors", [1, 3])
    def test_the_correlation_is_that_half_way_to_the_bound_it_makes(self, errors):
        """A fixed point: ρ = φ(√(p u)) and u is the bound with n / (1 + 39 ρ)."""
        rate = self._rate(errors)
        half_way = math.sqrt(errors / 400 * rate.interval().high)

        assert (400 / rate.effective_trials - 1) / 39 == pytest.approx(latent_correlation(half_way, 0.2), rel=1e-4)

    def test_rare_errors_need_more_people(self):
        """Eight errors of 30 people: seldom enough that few of them make any; of eighty, what is seen counts."""
        few, many = (np.repeat(np.arange(people), 3200 // people) for people in (20, 80))
        wrong = np.zeros(3200, bool)
        wrong[::320] = True  # of different people

        of_few, of_many = (PairsOfPeople.of(who, who).correlation(wrong) for who in (few, many))

        assert of_few > 2 * of_many


class TestGrowth:
    """What errors show of one another is allowed to grow on the way to the bound: sixty errors of sixty people."""

    PEOPLE = np.repeat(np.arange(60), 10)

    def _errors(self, alike):
        """So many people err in all ten trials, and others once each."""
        wrong = np.zeros(600, bool)
        wrong[: 10 * alike] = True
        wrong[10 * alike :: 10][: 60 - 10 * alike] = True
        return wrong, PairsOfPeople.of(self.PEOPLE, self.PEOPLE)

    def _as_seen(self, wrong, pairs):
        """p(1-p) / [V0 + (V - V0) (t/z)^2]: what the errors are worth if they stay as alike as they are."""
        independent = 0.09 / 600
        excess = pairs.variance(wrong, leverage=True) - independent
        return 0.09 / (independent + excess * student(pairs.people_behind(wrong), 0.95) ** 2)

    def test_independent_errors_have_nothing_to_grow(self):
        """One error of each person is worth all its trials."""
        wrong, pairs = self._errors(0)

        assert pairs.rate(wrong, correlation=0.0).effective_trials == 600

    def test_errors_that_are_all_alike_cannot_be_more_so(self):
        """Six people who always err, and nobody else: worth what they show."""
        wrong, pairs = self._errors(6)

        assert pairs.rate(wrong, correlation=0.0).effective_trials == pytest.approx(self._as_seen(wrong, pairs))

    def test_errors_in_between_are_worth_less_than_they_show(self):
        """Two people who always err, and forty errors elsewhere."""
        wrong, pairs = self._errors(2)

        assert 0.5 < pairs.rate(wrong, correlation=0.0).effective_trials / self._as_seen(wrong, pairs) < 0.95

    def test_errors_and_successes_change_places(self):
        """The rate of successes has the same effective trials."""
        wrong, pairs = self._errors(2)

        assert pairs.rate(wrong).effective_trials == pytest.approx(pairs.rate(~wrong).effective_trials, rel=1e-9)
