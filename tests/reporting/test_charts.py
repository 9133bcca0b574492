"""Charts: the numbers that they lay out."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.reporting.charts import det_chart, prepare_histogram, score_chart


def test_normal_scores_make_a_straight_det_line():
    """With unit variances the deviates of FMR and FNMR add up to minus the distance of the means (worked by hand)."""
    thresholds = np.linspace(0.5, 1.5, 21)
    normal = np.vectorize(NormalDist().cdf)
    line = det_chart([("two apart", normal(-thresholds), normal(thresholds - 2))]).lines[0]
    deviate = np.vectorize(NormalDist().inv_cdf)

    np.testing.assert_allclose(deviate(line.x) + deviate(line.y), -2, atol=1e-9)


def test_rates_above_a_half_are_left_out_and_zero_lies_at_the_end():
    """A curve without errors is drawn at the axes' ends instead of at minus infinity."""
    chart = det_chart([("perfect", [1, 0.1, 0], [0, 0, 1])], [(0, 0)])

    assert chart.lines[0].x == (0.1,)
    assert (chart.x.at(0), chart.y.at(0)) == (0, 0)
    assert chart.lines[1].x == (0,)


@pytest.mark.parametrize(
    ("fmr", "fnmr"), [([0.1], [0.1, 0.2]), ([math.nan], [0.1]), ([1.1], [0.1]), ([[0.1]], [[0.1]])]
)
def test_rates_that_are_none_are_refused(fmr, fnmr):
    """A group without trials has no curve; it must be listed elsewhere, not drawn as something."""
    with pytest.raises(ArgumentError, match="'g'"):
        det_chart([("g", fmr, fnmr)])


def test_a_histogram_counts_every_score_once():
    """Bins hold all pairs with a score; the others are counted apart."""
    histogram = prepare_histogram([0.9, 0.8, math.nan], [0.1, 0.9], bins=4)

    assert (histogram.genuine.tolist(), histogram.impostor.tolist()) == ([0, 0, 0, 2], [1, 0, 0, 1])
    assert histogram.unmeasured == 1
    assert histogram.data["genuine"] == (0, 0, 0, 2)


@pytest.mark.parametrize("scores", [[], [math.nan], [math.inf, 1]])
def test_a_histogram_of_nothing_is_refused(scores):
    """No score, or an infinite one, is an error."""
    with pytest.raises(ArgumentError, match="finite"):
        prepare_histogram(scores, [])


def test_the_histogram_says_how_many_and_where_the_threshold_lies():
    """The key counts pairs, the axis those without a score, and the line is labelled; bars are shares."""
    chart = score_chart(prepare_histogram([0.9, math.nan], [0.1, 0.2], bins=4), threshold=0.5)

    assert [line.label for line in chart.lines] == ["impostor, 2 pairs", "genuine, 1 pairs"]
    assert chart.x.name == "score; 1 without a score"
    assert (chart.rules[0].at, chart.rules[0].label) == (0.5, "threshold 0.5")
    assert [sum(line.y) for line in chart.lines] == [1, 1]
    assert chart.lines[0].y == (1, 0, 0, 0)
