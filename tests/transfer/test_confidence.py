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


@pytest.mark.parametrize("bins", [1, 2, 7, 15])
def test_bins_are_averaged_by_their_photos(bins):
    """As counted one bin after the other: gaps of accuracy and confidence, each by its share of the photos."""
    random = np.random.default_rng(bins)
    scores = random.dirichlet([0.4, 0.4, 0.4], 300).astype(np.float32)
    labels = random.integers(0, 3, 300)
    sure, right = scores.max(1).astype(float), scores.argmax(1) == labels

    wanted = 0.0
    for number in range(bins):
        here = (sure >= number / bins) & ((sure < (number + 1) / bins) | (number == bins - 1))
        if here.any():
            wanted += here.mean() * abs(right[here].mean() - sure[here].mean())

    assert expected_calibration_error(scores, labels, bins=bins) == pytest.approx(wanted)


def test_the_likelihood_is_of_the_right_class():
    """A half, a quarter and an eighth: the mean of one, two and three times log 2."""
    scores = np.array([[0.5, 0.25, 0.25], [0.7, 0.25, 0.05], [0.8, 0.075, 0.125]], np.float32)

    assert negative_log_likelihood(scores, np.array([0, 1, 2])) == pytest.approx(2 * np.log(2))


def test_no_bins():
    """Less than one is refused."""
    with pytest.raises(ArgumentError, match="bins must be 1 or more; got 0"):
        expected_calibration_error(np.eye(2, dtype=np.float32), np.array([0, 1]), bins=0)
    with pytest.raises(ArgumentError, match="one row of probabilities per photo"):
        negative_log_likelihood(np.eye(2, dtype=np.float32), np.array([0, 1, 1]))
