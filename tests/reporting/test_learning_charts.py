"""Charts of learning: what is drawn where, and what cannot be drawn."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from facerec.errors import ArgumentError
from facerec.reporting.charts import (
    Bubble,
    Series,
    accuracy_bands,
    confusion,
    cost_bubbles,
    learning_curves,
)
from facerec.reporting.figures import draw

LINEAR = Series("linear", (1.0, 5.0, 40.0), (0.3, 0.6, 0.9), (0.2, 0.5, 0.85), (0.4, 0.7, 0.95))
ALONE = Series("fine-tune", (20.0,), (0.7,), (0.6,), (0.8,))


def axes():
    """One pair of axes."""
    return Figure().add_subplot()


def test_bands_lie_on_a_log_axis_with_a_mark_at_every_number_of_photos():
    """The marks are the numbers that were measured, and no others."""
    found = axes()

    accuracy_bands(found, [LINEAR, ALONE], unit="photos", floor=("guess", 0.2))

    assert found.get_xscale() == "log"
    assert found.get_xticks().tolist() == [1, 5, 20, 40]
    assert [text.get_text() for text in found.get_legend().get_texts()] == ["linear", "fine-tune", "guess"]


def test_the_area_of_a_bubble_shows_its_size():
    """Twice the parameters have the larger area; the legend's are equal."""
    found = axes()

    cost_bubbles(
        found, [Bubble("a", 1e9, 0.5, 0.4, 0.6, 1e6), Bubble("b", 1e9, 0.6, 0.5, 0.7, 2e6)], unit="x", size_unit="y"
    )

    small, large = (float(part.get_sizes()[0]) for part in found.collections if hasattr(part, "get_sizes"))
    assert large > small


def test_every_pair_of_classes_has_its_count():
    """Zeroes are dots, so that mistakes are seen."""
    found = axes()

    confusion(found, ["ant", "bee"], np.array([[7, 0], [2, 1050]]))

    assert [text.get_text() for text in found.texts] == ["7", "·", "2", "1,050"]


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
