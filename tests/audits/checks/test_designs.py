"""Designs of simulated tables: the truth is the truth, and people are who they are said to be."""

import numpy as np
import pytest

from audits.checks.designs import Design, dense, hub, mated, sparse, unequal_photos
from facerec.errors import ArgumentError

SMALL = [sparse(200, 4), dense([2] * 20), dense([5, 3, 1, 1, 1, 1]), hub(4, 50), mated([5] * 60), mated([40, 9, 3, 1])]


@pytest.mark.parametrize("design", SMALL, ids=lambda design: design.name)
def test_comparisons_are_what_the_layout_says(design):
    """Nobody is their own impostor, and everybody their own mate."""
    assert len(design.first) == len(design.second) == len(design.groups)
    assert ((design.first == design.second) == design.mated).all()


def test_all_pairs_of_photos_of_different_people_are_there():
    """Of photos m_i of everybody: (sum m)^2 / 2 less what is of one person; groups only where both are in it."""
    design = dense([3, 2, 1], [0, 0, 1])

    assert sorted(zip(design.first.tolist(), design.second.tolist(), strict=True)) == (
        [(0, 1)] * 6 + [(0, 2)] * 3 + [(1, 2)] * 2
    )
    assert design.groups.tolist() == [0 if second == 1 else -1 for second in design.second]


@pytest.mark.parametrize("person", [0.0, 0.2, 0.6])
@pytest.mark.parametrize("couple", [0.0, 0.3])
@pytest.mark.parametrize("design", SMALL, ids=lambda design: design.name)
def test_the_true_rate_is_the_true_rate(design, person, couple):
    """Whatever people and couples bring along, errors come at the rate that was asked for."""
    tables, rate = 500, 0.1
    shares = [
        wrong.mean() for wrong in design.with_effect(person, couple).errors(rate, tables, np.random.default_rng(1))
    ]

    assert len(shares) == tables
    assert abs(np.mean(shares) - rate) < 4 * np.std(shares) / np.sqrt(tables)


def test_shares_of_variance_are_what_they_are_called():
    """Impostor scores with one person in common correlate by half its share, a couple's by all shares, mates by one."""
    rng = np.random.default_rng(2)
    pairs = Design("", np.array([0, 0, 0]), np.array([1, 1, 2]), np.zeros(3, np.int64), 0.3, 0.2)
    same, apart = (
        np.corrcoef(np.array(list(each.scores(40000, rng))).T) for each in (pairs, mated([2, 1]).with_effect(0.3))
    )

    assert same[0, 1:] == pytest.approx([0.5, 0.15], abs=0.02)
    assert apart[0, 1:] == pytest.approx([0.3, 0.0], abs=0.02)


def test_matchers_of_one_table_share_all_but_their_own():
    """Two matchers' scores of a pair correlate by what is not their own, and each is standard normal."""
    drawn = np.array(list(mated([1] * 20).with_effect(0.4).scores(3000, np.random.default_rng(3), copies=2, own=0.5)))

    assert drawn.shape == (3000, 2, 20)
    assert np.corrcoef(drawn[:, 0].ravel(), drawn[:, 1].ravel())[0, 1] == pytest.approx(0.7, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.02)


def test_each_comparison_can_have_a_rate_of_its_own():
    """As groups need."""
    rates = np.repeat([0.02, 0.3], 50)
    seen = np.mean(list(mated([10] * 10).errors(rates, 3000, np.random.default_rng(4))), axis=0)

    assert seen[:50].mean() == pytest.approx(0.02, abs=0.004)
    assert seen[50:].mean() == pytest.approx(0.3, abs=0.01)


def test_the_seed_decides():
    """The same seed, the same errors."""
    one, again = (np.array(list(dense([1] * 30).errors(0.1, 5, np.random.default_rng(5)))) for _ in range(2))

    assert (one == again).all()


def test_photos_follow_a_power_law():
    """Half the people have two or three, one has the most."""
    photos = unequal_photos(300, 150)

    assert photos == sorted(photos, reverse=True)
    assert (photos[0], photos[149], photos[-1]) == (150, 4, 2)


@pytest.mark.parametrize(("person", "couple"), [(-0.1, 0.0), (1.0, 0.0), (0.6, 0.4)])
def test_refuses_what_is_no_design(person, couple):
    """Shares of variance below 0, or with nothing left for the comparison itself."""
    with pytest.raises(ArgumentError, match="a design needs"):
        dense([1] * 5).with_effect(person, couple)


@pytest.mark.parametrize("rate", [0, 1, float("nan"), [0.1] * 9 + [0]])
def test_refuses_what_is_no_rate(rate):
    """A truth at the border has no threshold."""
    with pytest.raises(ArgumentError, match="true rate"):
        next(dense([1] * 5).errors(rate, 1, np.random.default_rng(0)))
