"""Calibration error and log-likelihood, by hand and at their extremes."""

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.transfer.confidence import expected_calibration_error, negative_log_likelihood


def test_a_calibrated_classifier_has_no_error():
    """Three quarters right at a confidence of three quarters."""
    scores = np.tile(np.array([0.75, 0.25], np.float32), (8, 1))

    assert expected_calibration_error(scores, np.array([0] * 6 + [1] * 2)) == pytest.approx(0)


def test_two_bins_by_hand():
    """Two answers at 0.9, one right; two at 0.6, both right: (2·0.4 + 2·0.4) / 4."""
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]], np.float32)

    assert expected_calibration_error(scores, np.array([0, 1, 0, 0])) == pytest.approx(0.4)


def test_guessing_evenly_costs_the_logarithm_of_the_classes():
    """Five classes, all equally likely."""
    assert negative_log_likelihood(np.full((4, 5), 0.2, np.float32), np.arange(4)) == pytest.approx(np.log(5))


def test_a_certain_mistake_is_finite():
    """A probability of zero for the right class is counted as 1e-12."""
    assert negative_log_likelihood(np.array([[1.0, 0.0]], np.float32), np.array([1])) == pytest.approx(-np.log(1e-12))


@pytest.mark.parametrize("measure", [expected_calibration_error, negative_log_likelihood])
def test_no_photos(measure):
    """Without photos there is nothing to believe."""
    with pytest.raises(ArgumentError, match="one row of probabilities per photo"):
        measure(np.zeros((0, 2), np.float32), np.zeros(0, np.int64))


def test_bins_are_of_equal_width():
    """Of fifteen bins one ends at 10/15: 0.66, right, and 0.68, wrong, are in two, (0.34 + 0.68) / 2."""
    scores = np.array([[0.66, 0.34], [0.68, 0.32]], np.float32)

    assert expected_calibration_error(scores, np.array([0, 1])) == pytest.approx(0.51)


def test_certainty_belongs_to_the_last_bin():
    """0.96, right, and 1, wrong, are in one bin: 0.98 − 0.5."""
    scores = np.array([[0.96, 0.04], [1.0, 0.0]], np.float32)

    assert expected_calibration_error(scores, np.array([0, 1])) == pytest.approx(0.48)
