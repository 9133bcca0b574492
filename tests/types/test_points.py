"""Operating points: what they accept, what contradicts itself, and a score in words of people."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import ArgumentError
from facerec.testing import made_point
from facerec.types import ImpostorTail, OperatingPoint, Rate

TAIL = ImpostorTail((0.9, 0.7, 0.5), (1, 10, 100), (4000.0, 3000.0, 2000.0), 10_000)
POINT = replace(made_point(0.6, data_set="LFW"), tail=TAIL)


@pytest.mark.parametrize("threshold", [-1.01, 1.01, math.nan])
def test_thresholds_that_no_score_has_are_refused(threshold: float) -> None:
    """A cosine lies within -1 … 1."""
    with pytest.raises(ArgumentError, match="threshold from -1 to 1"):
        made_point(threshold)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, math.nan])
def test_targets_that_are_no_rate_are_refused(target: float) -> None:
    """Neither never nor always."""
    with pytest.raises(ArgumentError, match="target FMR between 0 and 1"):
        replace(made_point(), target_fmr=target)


@pytest.mark.parametrize(
    ("errors", "trials", "target", "holds"),
    [
        (10, 10_000, 1e-3, True),
        (11, 10_000, 1e-3, False),  # one more than the target allows
        (1, 1_200, 1e-3, True),
        (2, 1_200, 1e-3, False),
        (0, 10_000, 1e-3, True),  # ten expected: none may happen
        (0, 30_000, 1e-3, False),  # thirty expected: none is another threshold's count
        (3, 30_000, 1e-3, True),
        (2, 30_000, 1e-3, False),
        (3, 10, 0.3, True),  # 0.3 · 10 in floating point is below 3
    ],
)
def test_counts_that_contradict_the_target_are_refused(errors: int, trials: int, target: float, holds: bool) -> None:
    """More false matches than the target allows, or far fewer than so many trials would show."""
    if holds:
        assert OperatingPoint(0.5, target, Rate(errors, trials), Rate(0, 1), "d", made_point().matcher).fmr.trials
        return
    with pytest.raises(ArgumentError, match="contradict the target"):
        OperatingPoint(0.5, target, Rate(errors, trials), Rate(0, 1), "d", made_point().matcher)


@pytest.mark.parametrize(("trials", "indicative"), [(29_999, True), (30_000, False)])
def test_thirty_expected_false_matches_are_enough(trials: int, indicative: bool) -> None:
    """By the rule of thirty."""
    point = replace(made_point(), fmr=Rate(29, trials))

    assert point.is_indicative == indicative


@given(st.floats(-1, 1))
def test_the_tail_never_claims_too_few_strangers(score: float) -> None:
    """Between two knots the count is that of the lower score, above all of them none, at a knot its own."""
    expected = 0 if score > 0.9 else 1 if score == 0.9 else 10 if score >= 0.7 else 100

    found = POINT.strangers(score)

    assert found is not None
    assert (found.errors, found.trials) == (expected, 10_000)


def test_effective_trials_go_with_the_knot() -> None:
    """The interval is as wide as the comparisons behind that count allow."""
    assert [TAIL.at(score).effective_trials for score in (0.95, 0.9, 0.8, 0.1)] == [4000, 4000, 3000, 2000]


@pytest.mark.parametrize(
    ("scores", "errors", "trials"),
    [((), (), 10), ((0.5, 0.5), (1, 2), 10), ((0.5, 0.6), (1, 2), 10), ((0.6, 0.5), (2, 2), 10), ((0.6,), (0,), 10),
     ((0.6,), (11,), 10), ((0.6, 0.5), (1,), 10)],
)  # fmt: skip
def test_tails_out_of_order_are_refused(scores: tuple, errors: tuple, trials: int) -> None:
    """Scores fall, counts rise from 1 to the trials at most."""
    with pytest.raises(ArgumentError, match="impostor tail"):
        ImpostorTail(scores, errors, tuple(float(each) for each in errors), trials)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.95, "none of 10,000 comparisons of strangers of LFW scores this high (95 %: fewer than 1 in 1,100)"),
        (0.7, "1 in 1,000 strangers of LFW scores this high or higher (95 %: 1 in 340 … 1 in 2,900)"),
    ],
)
def test_a_score_in_words(score: float, words: str) -> None:
    """How many strangers score this high, with its interval."""
    assert POINT.strangers_in_words(score) == words


def test_without_a_tail_nothing_is_claimed() -> None:
    """And where there is no score, neither."""
    assert made_point().strangers(0.5) is None
    assert "not measured" in made_point().strangers_in_words(0.5)
    assert POINT.strangers(math.nan) is None


def test_a_score_that_most_strangers_reach() -> None:
    """Is said to be one."""
    tail = ImpostorTail((0.5, 0.1), (10, 900), (100.0, 90.0), 1000)

    assert "more than half of the strangers of LFW" in replace(POINT, tail=tail).strangers_in_words(0.1)


def test_a_point_accepts_what_numpy_holds() -> None:
    """A score in single precision is not rounded to its threshold."""
    point = made_point(0.5000000000000001)

    assert not point.accepts(float(np.float32(0.5)))


@pytest.mark.parametrize("name", ["data_set", "asserted_by"])
@pytest.mark.parametrize("text", ["LFW\nmatch: score 1.0", "LFW\x1b[2K", "LFW\u202e", "LFW\ud800", 7, None])
def test_evidence_stays_on_its_line(name: str, text: object) -> None:
    """What every decision repeats is one line of visible text: nobody writes a second decision into it."""
    with pytest.raises(ArgumentError, match=name):
        replace(POINT, **{name: text})


def test_a_threshold_of_single_precision_decides_exactly() -> None:
    """float32(0.1) lies a little above 0.1, which it therefore refuses."""
    point = replace(POINT, threshold=np.float32(0.1))

    assert not point.accepts(0.1)
    assert point.accepts(float(np.float32(0.1)))


@pytest.mark.parametrize("effective", [0.0, -1.0, 11.0, math.nan])
def test_effective_trials_are_some_and_no_more_than_all(effective: float) -> None:
    """Ten comparisons are worth more than nothing and at most ten."""
    with pytest.raises(ArgumentError, match="effective trials"):
        Rate(1, 10, effective)
