"""The bootstrap of people: its spread is that of the primary interval, in sparse and in dense designs."""

import numpy as np
import pytest

from audits.statistics.bootstrap import Grouped, draw_rates
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


def test_weights_are_products_for_two_people_and_plain_for_one():
    """The raw draws by hand: everybody counted as often as drawn."""
    first, second = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 2])
    wrong = np.array([True, False, False, True])
    kind = one_group(Trials(wrong, (first, second)))
    rng = np.random.default_rng(9)
    raw = []
    for _ in range(200):
        times = np.bincount(rng.integers(0, 3, 3), minlength=3)
        weights = np.where(first == second, times[first], times[first] * times[second])
        raw.append((weights @ wrong) / weights.sum() if weights.sum() else np.nan)
    angles = np.arcsin(np.sqrt(np.array(raw)))
    deviations = np.nan_to_num(angles - np.nanmean(angles))
    spread = 0.5 / np.sqrt(kind.estimates[0].effective_trials) / deviations.std()
    expected = np.sin(np.clip(np.pi / 4 + spread * deviations, 0, np.pi / 2)) ** 2

    (drawn,) = draw_rates([kind], replicates=200, seed=9)

    assert drawn[:, 0] == pytest.approx(expected)
