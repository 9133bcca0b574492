"""The bootstrap of people: its spread is that of the primary interval, in sparse and in dense designs."""

import math

import numpy as np
import pytest

from audits.statistics.bootstrap import Grouped, draw_rates, drawn_interval
from audits.statistics.trials import Trials, rates_by
from facerec.errors import ArgumentError


def grouped(trials, codes, groups):
    """Trials with their estimates."""
    return Grouped(trials, codes, rates_by(trials, codes, groups))


def one_group(trials):
    """All trials in a single group."""
    return grouped(trials, np.zeros(len(trials), int), 1)


def sparse(rng, people=3000, pairs=3000):
    """A list of random impostor pairs with a tenth of errors."""
    first = rng.integers(0, people, pairs)
    second = (first + rng.integers(1, people, pairs)) % people
    return Trials(rng.random(pairs) < 0.1, (first, second))


def dense(rng, people=60):
    """All pairs of people who differ in how easily they are mistaken."""
    first, second = np.triu_indices(people, 1)
    ease = rng.normal(size=people)
    return Trials(ease[first] + ease[second] + rng.normal(size=len(first)) > 2, (first, second))


class TestSpread:
    """draw_rates."""

    @pytest.mark.parametrize("design", [sparse, dense])
    def test_is_that_of_the_primary_interval(self, design):
        """On the scale arcsin √p the standard deviation is 1 / (2 √n_eff), around the rate itself."""
        kind = one_group(design(np.random.default_rng(4)))

        (drawn,) = draw_rates([kind], replicates=400, seed=1)
        angles = np.arcsin(np.sqrt(drawn[:, 0]))

        assert angles.std() == pytest.approx(0.5 / np.sqrt(kind.estimates[0].effective_trials), rel=1e-3)
        assert angles.mean() == pytest.approx(np.arcsin(np.sqrt(kind.estimates[0].value)), rel=1e-6)

    def test_without_people_errors_are_binomial(self):
        """Independent pairs: the spread is √(p(1−p)/n)."""
        rng = np.random.default_rng(5)
        trials = Trials(rng.random(500) < 0.2, None)
        kind = one_group(trials)

        (drawn,) = draw_rates([kind], replicates=2000, seed=1)
        p = kind.estimates[0].value

        assert drawn.std() == pytest.approx(np.sqrt(p * (1 - p) / 500), rel=0.05)

    def test_a_group_without_errors_varies_up_to_the_rule_of_three(self):
        """95 % of its draws are below 3/n, none is 0."""
        kind = one_group(Trials(np.zeros(100, bool), None))

        (drawn,) = draw_rates([kind], replicates=4000, seed=1)

        assert np.quantile(drawn, 0.95) == pytest.approx(3 / 100, rel=0.1)
        assert drawn.min() > 0

    def test_a_group_of_nothing_but_errors_varies_downwards(self):
        """The mirror image of a group without errors."""
        kind = one_group(Trials(np.ones(100, bool), None))

        (drawn,) = draw_rates([kind], replicates=100, seed=1)

        assert 0.9 < drawn.mean() < 1

    def test_a_single_person_varies_too(self):
        """Whoever is alone in a group is drawn or not, which says nothing; the primary interval does."""
        alone = np.zeros(10, int)
        kind = one_group(Trials(np.arange(10) < 5, (alone, alone)))

        (drawn,) = draw_rates([kind], replicates=100, seed=1)

        assert drawn.std() > 0
        assert not np.isnan(drawn).any()

    def test_an_unmeasured_group_stays_unmeasured(self):
        """NaN in every draw, and the others as they would be without it."""
        trials = sparse(np.random.default_rng(6))
        kind = grouped(trials, np.full(len(trials), 1), 3)

        (drawn,) = draw_rates([kind], replicates=50, seed=1)

        assert np.isnan(drawn[:, [0, 2]]).all()
        assert not np.isnan(drawn[:, 1]).any()

    def test_kinds_are_drawn_together(self):
        """Whoever is drawn often counts often in impostor and in genuine pairs: the two go up and down together."""
        people = np.arange(50)
        trials = Trials(people < 10, (people, people))
        kind = one_group(trials)

        one, other = draw_rates([kind, kind], replicates=50, seed=3)

        assert np.corrcoef(one[:, 0], other[:, 0])[0, 1] == pytest.approx(1)

    def test_the_seed_decides(self):
        """The same seed gives the same draws, another one others."""
        kind = one_group(dense(np.random.default_rng(7)))
        one, again, other = (draw_rates([kind], replicates=10, seed=seed)[0] for seed in (1, 1, 2))

        assert (one == again).all()
        assert (one != other).any()

    def test_refuses_a_single_replicate(self):
        """One draw has no spread."""
        kind = one_group(Trials(np.zeros(3, bool), None))

        with pytest.raises(ArgumentError, match="two replicates"):
            draw_rates([kind], replicates=1, seed=0)

    def test_refuses_no_group(self):
        """There must be something to draw."""
        with pytest.raises(ArgumentError, match="no group"):
            Grouped(Trials(np.zeros(3, bool), None), np.full(3, -1), ())


def brute_force(trials, draws, seed):
    """Everybody counted as often as drawn: each pair of two people as the product, each of one person plainly."""
    rng = np.random.default_rng(seed)
    first, second = trials.people
    raw = []
    for _ in range(draws):
        times = rng.poisson(1, max(first.max(), second.max()) + 1)
        weights = np.where(first == second, times[first], times[first] * times[second])
        raw.append((weights @ trials.wrong) / weights.sum() if weights.sum() else np.nan)
    return np.array(raw)


def few_errors(rng):
    """A list of random impostor pairs with five errors."""
    trials = sparse(rng)
    return Trials(np.arange(len(trials)) < 5, trials.people)


def mated(rng, people=80):
    """Ten genuine pairs of each person, who differ."""
    who = np.repeat(np.arange(people), 10)
    return Trials(rng.normal(size=people)[who] + rng.normal(size=len(who)) > 2, (who, who))


@pytest.mark.parametrize("design", [sparse, dense, few_errors, mated])
def test_draws_by_sums_have_the_shape_of_draws_pair_by_pair(design):
    """Looked at through sums per person or pair by pair, rates vary alike: skewed where errors are few."""
    trials = design(np.random.default_rng(3))
    kind = one_group(trials)
    raw = np.arcsin(np.sqrt(brute_force(trials, 3000, seed=8)))
    expected = (raw - raw.mean()) / raw.std()

    (drawn,) = draw_rates([kind], replicates=3000, seed=9)
    angles = np.arcsin(np.sqrt(drawn[:, 0]))
    found = (angles - np.arcsin(np.sqrt(kind.estimates[0].value))) * 2 * np.sqrt(kind.estimates[0].effective_trials)

    for tail in (0.025, 0.25, 0.5, 0.75, 0.975):
        assert np.quantile(found, tail) == pytest.approx(np.quantile(expected, tail), abs=0.2)


class TestInterval:
    """drawn_interval."""

    def test_by_hand(self):
        """Quantiles 1 and 9 of 1 … 9 around 4: mirrored, they are −1 and 7."""
        found = drawn_interval(4.0, np.arange(1.0, 10), confidence=0.95)

        assert (found.low, found.high) == (-1, 9)

    def test_a_ratio_is_mirrored_on_its_log_scale(self):
        """4 with draws from 1 to 8: 16/8 and 16/1."""
        found = drawn_interval(4.0, np.array([1.0, 2, 4, 8]), confidence=0.95, ratio=True)

        assert (found.low, found.high) == (1, 16)

    def test_an_infinite_value_has_a_lower_end_only(self):
        """There is nothing to mirror at infinity."""
        found = drawn_interval(math.inf, np.array([2.0, 3, 4, math.inf]), confidence=0.5, ratio=True)

        assert (found.low, found.high) == (2, math.inf)

    @pytest.mark.parametrize(("value", "drawn"), [(math.nan, [1.0, 2.0]), (1.0, []), (1.0, [math.nan])])
    def test_nothing_to_say(self, value, drawn):
        """Without a value or a usable draw both ends are NaN."""
        assert math.isnan(drawn_interval(value, np.array(drawn), confidence=0.95).low)
