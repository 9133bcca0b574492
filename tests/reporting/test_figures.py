"""Drawings: deterministic, in the house style, without touching anybody's settings."""

import io
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from facerec.errors import ArgumentError
from facerec.reporting.figures import draw, house_style, to_svg


def line(axes, slope=1.0):
    """Draw a line that is clipped by its axes."""
    axes.plot([0, 1], [0, slope], label="a line")
    axes.set_ylim(0, 0.5)
    axes.legend()


def test_threads_draw_what_one_thread_draws():
    """Drawings made at the same time equal those made one after another, byte for byte."""
    slopes = np.linspace(0.5, 2, 6)
    expected = [draw(partial(line, slope=slope), height=1.5) for slope in slopes]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda slope: draw(partial(line, slope=slope), height=1.5), slopes))

    assert found == expected


def test_settings_are_put_back_and_do_not_reach_in():
    """A user's own matplotlib settings survive a drawing and do not change it."""
    expected = draw(line, height=1.5)
    with mpl.rc_context({"font.size": 30, "xtick.direction": "in"}):
        assert draw(line, height=1.5) == expected
        assert mpl.rcParams["font.size"] == 30


def test_settings_are_put_back_after_an_error():
    """A chart that fails leaves no style behind."""

    def broken(axes):
        message = "no data"
        raise KeyError(message)

    with pytest.raises(KeyError, match="no data"):
        draw(broken)

    assert mpl.rcParams["axes.spines.top"] is True


def test_text_is_drawn_as_outlines():
    """A label looks the same on every machine because no font is asked for."""
    svg = draw(line)

    assert "<text" not in svg
    assert "font" not in svg
    assert "<use " in svg


def bars(axes, classes):
    """Draw a bar for each class."""
    axes.barh(classes, [1] * len(classes))


def test_a_label_in_another_script_is_letters():
    """In Chinese or Thai there is no empty box and no warning: the reader's own font shows it; all else is outlines."""
    svg = draw(partial(bars, classes=["ants", "蚂蚁", "มด & <ผึ้ง>"]), height=1.5)

    document = ET.fromstring(svg)
    labels = ["".join(each.itertext()).strip() for each in document.iter("{http://www.w3.org/2000/svg}text")]
    assert labels == ["蚂蚁", "มด & <ผึ้ง>"]
    assert "<use " in svg
    assert svg == draw(partial(bars, classes=["ants", "蚂蚁", "มด & <ผึ้ง>"]), height=1.5)


def test_a_name_with_signs_that_no_document_holds_can_be_drawn():
    """A drawing is well-formed XML, whatever a class is called."""
    for name in ("a\x07", "蚂\x07蚁", "蚂\ufffe"):
        ET.fromstring(draw(partial(bars, classes=[name, "b"]), height=1.5))


def test_warnings_of_others_are_heard():
    """Only what matplotlib says in a drawing's name is not passed on; a figure can be drawn as before."""
    with house_style():
        figure = Figure(figsize=(2, 1))
        bars(figure.add_subplot(), ["蚂蚁"])
    to_svg(figure)

    with pytest.warns(UserWarning, match="missing from"):
        figure.savefig(io.StringIO(), format="svg")


def test_a_figure_drawn_elsewhere_can_be_used():
    """Whatever drew it, the drawing is cleaned the same way."""
    with house_style():
        figure = Figure(figsize=(2, 1))
        line(figure.add_subplot())

    assert to_svg(figure) == to_svg(figure)
    assert to_svg(figure).startswith("<svg ")


@pytest.mark.parametrize("options", [{"width": 0}, {"height": float("nan")}, {"columns": 0}])
def test_a_drawing_without_room_is_refused(options):
    """The error says what was asked for."""
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw(line, **options)
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw()
