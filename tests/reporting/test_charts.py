"""Charts: what lies where, read off the axes."""

import math
from functools import partial
from statistics import NormalDist

import numpy as np
import pytest
from matplotlib.figure import Figure

from facerec.errors import ArgumentError
from facerec.reporting.charts import (
    Bubble,
    DetLine,
    OperatingMark,
    Series,
    accuracy_bands,
    bars,
    confusion,
    cost_bubbles,
    det_curve,
    learning_curves,
    prepare_histogram,
    score_histogram,
)
from facerec.reporting.figures import draw

LINEAR = Series("linear", (1.0, 5.0, 40.0), (0.3, 0.6, 0.9), (0.2, 0.5, 0.85), (0.4, 0.7, 0.95))
ALONE = Series("fine-tune", (20.0,), (0.7,), (0.6,), (0.8,))


@pytest.fixture
def axes():
    """Axes of a figure that nobody shows."""
    return Figure().add_subplot()


def test_normal_scores_make_a_straight_det_line(axes):
    """With unit variances the deviates of FMR and FNMR add up to minus the distance of the means (worked by hand)."""
    thresholds = np.linspace(0.5, 1.5, 21)
    normal = np.vectorize(NormalDist().cdf)
    det_curve(axes, [DetLine("two apart", normal(-thresholds), normal(thresholds - 2))])
    x, y = axes.lines[0].get_data()

    np.testing.assert_allclose(x + y, -2, atol=1e-9)


def test_a_zero_rate_lies_at_the_lower_end(axes):
    """A curve without errors is drawn at the axes' ends instead of at minus infinity."""
    det_curve(axes, [DetLine("perfect", [1, 0.1, 0], [0, 0, 1])], marks=[OperatingMark("t", 0, 0)])

    assert np.isfinite(axes.lines[0].get_data()).all()
    assert axes.lines[1].get_data()[0][0] == axes.get_xlim()[0]


def test_the_operating_point_is_marked_and_named(axes):
    """The mark stands at its rates and says what it is."""
    det_curve(axes, [], marks=[OperatingMark("threshold 0.4", 0.01, 0.1)])

    assert axes.texts[0].get_text() == "threshold 0.4"
    assert axes.lines[0].get_data() == pytest.approx((NormalDist().inv_cdf(0.01), NormalDist().inv_cdf(0.1)))


@pytest.mark.parametrize(
    ("fmr", "fnmr"), [([0.1], [0.1, 0.2]), ([math.nan], [0.1]), ([1.1], [0.1]), ([[0.1]], [[0.1]])]
)
def test_rates_that_are_none_are_refused(fmr, fnmr):
    """A group without trials has no curve; it must be listed elsewhere, not drawn as something."""
    with pytest.raises(ArgumentError, match="'g'"):
        DetLine("g", fmr, fnmr)
    with pytest.raises(ArgumentError, match="'g'"):
        OperatingMark("g", math.nan, 0.1)


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


def test_the_histogram_says_how_many_and_where_the_threshold_lies(axes):
    """The legend counts pairs, also those without a score, and the line is labelled."""
    score_histogram(axes, prepare_histogram([0.9, math.nan], [0.1, 0.2]), threshold=0.5)

    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["impostor, 2 pairs", "genuine, 1 pairs", "1 pairs without a score"]
    assert axes.texts[0].get_text() == "threshold 0.500"


def test_a_bar_that_was_not_measured_says_so(axes):
    """NaN has no length and no zero; it has words."""
    bars(axes, ["a", "b"], [0.02, math.nan], low=[0.01, math.nan], high=[0.03, math.nan], kind="rate")

    assert [text.get_text() for text in axes.texts] == ["0.0200", "not measured"]
    assert axes.get_xlim()[0] == 0
    assert axes.get_xlim()[1] > 0.03


def test_bars_stand_in_their_order_from_the_top(axes):
    """The first label is the highest on the page, and each has the length of its value."""
    bars(axes, ["a", "b", "c"], [3, 1, 2])

    heights = [axes.transData.transform((0, bar.get_y() + bar.get_height() / 2))[1] for bar in axes.patches]
    assert heights == sorted(heights, reverse=True)
    assert [bar.get_width() for bar in axes.patches] == [3, 1, 2]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b", "c"]


def test_bars_need_a_value_each(axes):
    """Lengths that differ are an error, not a broadcast."""
    with pytest.raises(ArgumentError, match="2 labels"):
        bars(axes, ["a", "b"], [1])
    with pytest.raises(ArgumentError, match="2 labels"):
        bars(axes, ["a", "b"], [1, 2], low=[1], high=[2])


def test_extremes_are_drawn_without_a_warning():
    """All zeros, one score, one point: nothing that matplotlib would complain about."""
    svg = draw(
        partial(bars, labels=["a"], values=[0.0]),
        partial(bars, labels=["a"], values=[math.nan]),
        partial(score_histogram, histogram=prepare_histogram([0.5], []), threshold=0.9),
        partial(det_curve, curves=[DetLine("p", [0.0], [0.0])]),
        columns=2,
    )

    assert svg.startswith("<svg ")


def test_bands_lie_on_a_log_axis_with_a_mark_at_every_number_of_photos():
    """The marks are the numbers that were measured, and no others."""
    found = Figure().add_subplot()

    accuracy_bands(found, [LINEAR, ALONE], unit="photos", floor=("guess", 0.2))

    assert found.get_xscale() == "log"
    assert found.get_xticks().tolist() == [1, 5, 20, 40]
    assert [text.get_text() for text in found.get_legend().get_texts()] == ["linear", "fine-tune", "guess"]


def test_the_area_of_a_bubble_shows_its_size():
    """Twice the parameters have the larger area; the legend's are equal."""
    found = Figure().add_subplot()

    cost_bubbles(
        found, [Bubble("a", 1e9, 0.5, 0.4, 0.6, 1e6), Bubble("b", 1e9, 0.6, 0.5, 0.7, 2e6)], unit="x", size_unit="y"
    )

    small, large = (float(part.get_sizes()[0]) for part in found.collections if hasattr(part, "get_sizes"))
    assert large > small


def test_every_pair_of_classes_has_its_count():
    """Zeroes are dots, so that mistakes are seen."""
    found = Figure().add_subplot()

    confusion(found, ["ant", "bee"], np.array([[7, 0], [2, 1050]]))

    assert [text.get_text() for text in found.texts] == ["7", "·", "2", "1,050"]


def test_the_shades_of_a_confusion_are_shares_of_the_right_class():
    """A rare class that is always right is as dark as a frequent one; a class without photos is blank."""
    found = Figure().add_subplot()

    confusion(found, ["ant", "bee", "cat"], np.array([[5, 0, 0], [50, 150, 0], [0, 0, 0]]))

    assert found.images[0].get_array().tolist() == [[1, 0, 0], [0.25, 0.75, 0], [0, 0, 0]]
    assert found.images[0].get_clim() == (0, 1)


def test_they_draw():
    """All of them become an SVG in the house style."""
    svg = draw(
        partial(accuracy_bands, series=[LINEAR], unit="photos"),
        partial(learning_curves, series=[LINEAR], name="accuracy", percent=True, legend=True),
        columns=2,
    )

    assert svg.startswith("<svg")


@pytest.mark.parametrize(
    "values", [((1.0, 2.0), (0.1,), (), ()), ((1.0,), (0.1,), (0.1,), ()), ((1.0, 2.0), (0.1, 0.2), (0.1,), (0.2,))]
)
def test_lengths_that_differ(values):
    """A line has as many values as places, and an interval for each or none."""
    with pytest.raises(ArgumentError, match="line 'a'"):
        Series("a", *values)
