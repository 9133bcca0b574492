"""The one threshold: ties, directions, calibration tables, and what is told when it cannot be reached."""

import math

import numpy as np
import pandas as pd
import pytest

from audits.verification.thresholds import AtFmr, choose_threshold, reach_notes
from facerec.errors import ArgumentError, ScoreTableError
from facerec.types import Matcher, OperatingPoint, Rate

IMPOSTOR = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9])
MATCHER = Matcher("d", "a", "e", "0" * 64, "cosine.v1", "none")
POINT = OperatingPoint(0.85, 0.01, Rate(1, 100), Rate(1, 100), "LFW", MATCHER)


def test_a_target_keeps_equal_scores_together():
    """With two scores of 0.9 at the top, a target of 0.1 accepts neither, and one of 0.2 both."""
    assert choose_threshold(AtFmr(0.2), IMPOSTOR, distance=False).value == 0.9
    beyond = choose_threshold(AtFmr(0.1), IMPOSTOR, distance=False)

    assert beyond.value == math.nextafter(0.9, 1)
    assert beyond.achieved_fmr == Rate(0, 10)
    assert beyond.target_fmr == 0.1


def test_a_given_threshold_is_taken_as_it_is():
    """Accept iff score ≥ threshold."""
    found = choose_threshold(0.9, IMPOSTOR, distance=False)

    assert (found.value, found.rule, found.target_fmr) == (0.9, "given", None)
    assert found.achieved_fmr == Rate(2, 10)


def test_an_operating_point_brings_its_threshold_and_its_name():
    """The rule says where it comes from."""
    found = choose_threshold(POINT, IMPOSTOR, distance=False)

    assert found.value == 0.85
    assert found.rule == "operating point FMR 0.01 on LFW"


def test_distances_are_negated_inside_and_shown_as_distances():
    """A given distance of 0.2 accepts distances up to 0.2, that one included."""
    found = choose_threshold(0.2, -IMPOSTOR, distance=True)

    assert (found.value, found.shown) == (-0.2, 0.2)
    assert found.achieved_fmr == Rate(2, 10)
    assert "largest distance" in choose_threshold(AtFmr(0.2), -IMPOSTOR, distance=True).rule


@pytest.mark.parametrize("distance", [False, True])
def test_a_calibration_table_chooses_for_the_audited_one(distance):
    """The threshold is theirs, and both rates are told."""
    sign = -1 if distance else 1
    other = pd.DataFrame({"genuine": [1, 0, 0, 0, 0], "score": np.array([0.99, 0.1, 0.2, 0.3, 0.65]) * sign})

    found = choose_threshold(AtFmr(0.25, other), IMPOSTOR, distance=distance)

    assert found.value == 0.65
    assert found.calibration_fmr == Rate(1, 4)
    assert found.achieved_fmr == Rate(4, 10)
    assert "calibration table" in found.rule


@pytest.mark.parametrize("target", [0, 1, -0.1, math.nan])
def test_refuses_a_target_out_of_range(target):
    """A target of 0 would need no threshold but infinity."""
    with pytest.raises(ArgumentError, match="target FMR"):
        AtFmr(target)


@pytest.mark.parametrize(
    ("at", "impostor", "distance", "told"),
    [
        (math.nan, IMPOSTOR, False, "NaN"),
        (POINT, -IMPOSTOR, True, "cosine similarity, but the table holds distances"),
        (AtFmr(0.1), np.array([]), False, "no impostor comparison has a score"),
        (AtFmr(0.1), np.array([math.nan]), False, "no impostor comparison has a score"),
    ],
)
def test_refuses_what_cannot_decide(at, impostor, distance, told):
    """No number, the wrong scale, nothing to measure on."""
    with pytest.raises(ArgumentError, match=told):
        choose_threshold(at, impostor, distance=distance)


def test_refuses_a_calibration_table_that_is_none():
    """It is checked like the audited table."""
    with pytest.raises(ScoreTableError, match="lacks genuine"):
        choose_threshold(AtFmr(0.1, pd.DataFrame({"score": [1.0]})), IMPOSTOR, distance=False)


class TestNotes:
    """reach_notes."""

    def test_too_few_impostors_for_the_target(self):
        """Ten pairs cannot show 1 in 1,000; 3,000 could."""
        threshold = choose_threshold(AtFmr(1e-3), IMPOSTOR, distance=False)

        notes = reach_notes(threshold, IMPOSTOR)

        assert "10 impostor pairs cannot show an FMR of 0.001" in notes[0]
        assert "3000 would be needed" in notes[0]
        assert "nothing is accepted" in notes[1]

    def test_everything_is_accepted(self):
        """A threshold below all scores is told too."""
        assert "every score" in reach_notes(choose_threshold(0.0, IMPOSTOR, distance=False), IMPOSTOR)[0]

    def test_an_ordinary_threshold_needs_no_note(self):
        """Nothing to tell, and nothing to tell where there are no scores at all."""
        threshold = choose_threshold(AtFmr(0.2), IMPOSTOR, distance=False)

        assert reach_notes(threshold, IMPOSTOR) == []
        assert reach_notes(threshold, np.array([math.nan])) == []


@pytest.mark.parametrize("distance", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 250.0])
def test_a_threshold_of_another_scale_is_refused(distance, scale):
    """Per cent for shares and shares for per cent; what rejects or accepts everything on purpose is noted alone."""
    sign = -1 if distance else 1
    scores = sign * scale * np.array([0.35, 0.5, 0.99])

    def told(at):
        return reach_notes(choose_threshold(at, scores[:1], distance=distance), scores)

    for at in (60 * scale, 0.006 * scale, -5 * scale):
        with pytest.raises(ArgumentError, match=r"is off the scale of the scores, .*--at-threshold"):
            told(at)
    for at in (1.01 * scale, 1.9 * scale, 0.3 * scale, 0.0, math.inf, -math.inf):
        assert "every score" in told(at)[0]
    assert told(0.6 * scale) == []


def test_ties_that_make_a_target_unreachable_are_told():
    """One pair in ten would be allowed, but the two highest scores are one and the same."""
    told = reach_notes(choose_threshold(AtFmr(0.1), IMPOSTOR, distance=False), IMPOSTOR)

    assert told[0].startswith("no score can be a threshold with an FMR of at most 0.1")
    assert told[1] == "the threshold is beyond every score of the table: nothing is accepted"
    assert reach_notes(choose_threshold(AtFmr(0.2), IMPOSTOR, distance=False), IMPOSTOR) == []
