"""What every index must keep, whoever added it: walked over all that there are, with no list to forget."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.statistics import disparity, indices
from audits.statistics.index_kinds import KINDS, OF_BOTH, OF_ONE, GroupSizes, OfBoth
from facerec.errors import ArgumentError

ALL = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
a_rate = st.floats(0.001, 1)
groups = st.lists(st.tuples(st.just(0.0) | a_rate, st.just(0.0) | a_rate, st.integers(1, 9999)), min_size=2, max_size=8)


def computed(kind, fmr, fnmr=None, trials=None):
    """The index of any rates; stand-ins for 0 are below every rate that is not 0."""
    fmr = np.asarray(fmr, float)
    if isinstance(kind, OfBoth):
        return kind.of(fmr, fmr if fnmr is None else np.asarray(fnmr, float))
    count = fmr.shape[-1] if fmr.ndim else 1
    return kind.of(fmr, GroupSizes(np.ones(count, int) if trials is None else np.array(trials), np.full(count, 1e-4)))


def test_no_two_indices_have_one_name():
    """A name stands for one formula."""
    assert len(KINDS) == len(OF_ONE) + len(OF_BOTH)


def test_every_formula_is_an_index():
    """What stands in one file stands in the other, under the same name."""
    formulas = {
        name
        for name, found in vars(indices).items()
        if inspect.isfunction(found) and found.__module__ == indices.__name__ and not name.startswith("_")
    }
    assert formulas == set(KINDS), (
        "each formula of audits/statistics/indices.py has a line of the same name in OF_ONE or OF_BOTH of "
        f"audits/statistics/index_kinds.py, and each line a formula; without the other: {sorted(formulas ^ set(KINDS))}"
    )


@ALL
def test_its_line_makes_sense(kind):
    """The fair value lies at one end of the range, and a ratio is fair at 1 and has no end above."""
    assert kind.low < kind.high
    assert kind.fair in (kind.low, kind.high)
    assert not kind.log or (kind.low, kind.high) == (1, math.inf)


@ALL
@given(rate=a_rate, count=st.integers(2, 8))
def test_equal_groups_are_fair(kind, rate, count):
    """Where all rates are one, the index is at the value that its line calls fair."""
    assert computed(kind, [rate] * count) == pytest.approx(kind.fair, abs=1e-9)


@ALL
@given(some=groups, random=st.randoms(use_true_random=False))
def test_the_order_of_groups_does_not_matter(kind, some, random):
    """Relabelling groups changes no index."""
    other = list(some)
    random.shuffle(other)

    found, again = (float(computed(kind, *zip(*each, strict=True))) for each in (some, other))

    assert again == pytest.approx(found, rel=1e-9, abs=1e-9, nan_ok=True)


@ALL
@given(some=groups)
def test_values_lie_in_the_range(kind, some):
    """The range of the line holds every value; NaN only where a rate shows no error at all, inf only where it may."""
    fmr, fnmr, trials = zip(*some, strict=True)
    value = float(computed(kind, fmr, fnmr, trials))

    if math.isnan(value):
        assert not any(fmr) or (isinstance(kind, OfBoth) and not any(fnmr))
        return
    assert kind.low - 1e-9 <= value <= kind.high + 1e-9
    if math.isinf(value):
        assert kind.needs_a_smallest, f"{kind.name} is unbounded without errors: its line says needs_a_smallest=True"
        assert kind.name in disparity._OF_SMALLEST, (
            f"{kind.name} is infinite where a group shows no error: its lower bound is written in "
            "audits/statistics/disparity.py, `_OF_SMALLEST` and `_index`"
        )


@ALL
def test_many_sets_at_once(kind):
    """The groups are on the last axis, every set gives one number, and the same one as alone."""
    sets = np.random.default_rng(0).uniform(0.01, 1, (3, 2, 4))

    found = computed(kind, sets)

    assert found.shape == (3, 2)
    assert found[2, 1] == pytest.approx(float(computed(kind, sets[2, 1])))


@ALL
@pytest.mark.parametrize("wrong", [[0.1, math.nan], [0.1, math.inf], [0.1, 1.1], [-0.1, 0.2], [0.1], [], 0.1], ids=repr)
def test_what_is_no_rate_is_refused(kind, wrong):
    """NaN, shares outside 0 … 1 and fewer than two groups are errors and never a number: `_checked` says which."""
    with pytest.raises(ArgumentError, match=r"leave it out|two groups or more"):
        computed(kind, wrong)


@ALL
def test_arguments_are_left_as_they_are(kind):
    """A formula that sorts or fills sorts and fills a copy."""
    rates = np.array([0.3, 0.0, 0.2])

    computed(kind, rates, rates)

    assert rates.tolist() == [0.3, 0.0, 0.2]
