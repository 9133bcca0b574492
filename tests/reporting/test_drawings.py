"""Drawings: what lies where, read off the SVG; text stays text, and no name does anything."""

import itertools
import math
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import ArgumentError
from facerec.reporting import Figure, axes
from facerec.reporting.charts import confusion, share_chart
from facerec.reporting.drawings import (
    NARROW,
    WIDE,
    Cell,
    Chart,
    Dots,
    Line,
    Matrix,
    OutOf,
    Rule,
    Whisker,
    Whiskers,
    standing_alone,
)

NAMES = ["ants", "蚂蚁", "มด & <ผึ้ง>", "أنثى", "</text><script>1</script>", 'a" onload="1', "a\x07b"]


def elements(svg):
    """The SVG parsed as XML: tag, attributes, text."""
    return [(each.tag.rpartition("}")[2], each.attrib, (each.text or "").strip()) for each in ET.fromstring(svg).iter()]


def texts(svg):
    """The words of a drawing in their order."""
    return [text for tag, _, text in elements(svg) if tag == "text"]


def discs(svg):
    """The centres of its discs."""
    return [(float(a["cx"]), float(a["cy"])) for tag, a, _ in elements(svg) if tag == "circle"]


def rows(*values):
    """Whiskers with these values."""
    made = tuple(
        Whisker(f"g{place}", value, value / 2, value * 2, f"said {place}") for place, value in enumerate(values)
    )
    return Whiskers("FMR", axes.linear("per cent", [0.1], percent=True, start=0), made)


class TestAxes:
    """axes."""

    @given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
    def test_ticks_lie_inside_and_ascend(self, one, other):
        """Of whatever numbers: two ticks or more, each where it says, all numbers on the axis."""
        for axis in (axes.linear("x", [one, other]), axes.log("x", [one, other])):
            places = [axis.at(value) for value, _ in axis.ticks]
            assert places == sorted(places)
            assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)
            assert 0 <= axis.at(min(one, other)) <= axis.at(max(one, other)) <= 1

    def test_ticks_are_round_and_say_per_cent(self):
        """Steps of 1, 2 or 5 from the start; a share is written in per cent, without a unit twice."""
        assert axes.linear("x", [0.137], percent=True, start=0).ticks[:3] == ((0.0, "0"), (0.05, "5"), (0.1, "10"))
        assert [text for _, text in axes.linear("x", [-0.02, 0.02], percent=True).ticks] == ["−2", "−1", "0", "1", "2"]
        assert [text for _, text in axes.log("x", [0.001, 1], percent=True).ticks] == ["0.1", "1", "10", "100"]

    def test_a_normal_axis_makes_normal_scores_a_line(self):
        """A rate of a half is 0 deviates; 2.275 % is 2 below it (worked by hand)."""
        axis = axes.normal("x", [0.0001])
        unit = axis.at(0.5) - axis.at(0.15865525)
        assert axis.at(0.5) - axis.at(0.02275013) == pytest.approx(2 * unit)

    def test_beyond_an_end_is_on_it(self):
        """A rate of 0 has no place on a log axis, and is drawn at its end."""
        axis = axes.log("x", [0.01, 1])
        assert (axis.at(0.0), axis.at(7.0)) == (0, 1)
        assert math.isnan(axis.at(math.nan))

    def test_an_axis_without_length_is_refused(self):
        """It would divide by nothing."""
        with pytest.raises(ArgumentError, match="larger one"):
            axes.Axis("x", 1.0, 1.0, ())


class TestEveryDrawing:
    """Charts, whiskers, dots, matrices."""

    def test_any_name_is_text_in_any_drawing(self):
        """In the words of its script, escaped, and well-formed whatever it holds."""
        cells = tuple(tuple(Cell(("1",), 0.5) for _ in NAMES) for _ in NAMES)
        axis = axes.linear("x", [1.0], start=0)
        made = [Whiskers(name, axis, tuple(Whisker(each, 0.5, 0.4, 0.6, each) for each in NAMES)) for name in NAMES[:1]]
        made += [Dots("", tuple(OutOf(each, each, 3, 5) for each in NAMES)), Matrix("", "a", "b", tuple(NAMES), cells)]
        made += [Chart("", axis, axis, tuple(Line(each, (0.1, 0.9), (0.1, 0.9)) for each in NAMES))]
        for drawing, width in itertools.product(made, (NARROW, WIDE)):
            svg = drawing.svg(width)
            tags = {tag for tag, *_ in elements(svg)}
            assert tags <= {"svg", "path", "circle", "rect", "text"}
            assert "蚂蚁" in texts(svg)
            assert not any(name.startswith("on") for _, attributes, _ in elements(svg) for name in attributes)

    def test_a_long_name_ends_in_dots(self):
        """Rather than in its neighbour."""
        svg = rows(0.05).svg(WIDE)
        made = Whiskers("", axes.linear("", [1.0], start=0), (Whisker("w" * 200, 0.5, 0.4, 0.6, "said"),)).svg(WIDE)
        assert "g0" in texts(svg)
        assert [text[-1] for text in texts(made) if text.startswith("www")] == ["…"]

    def test_the_same_value_is_the_same_drawing(self):
        """No time, no random number."""
        assert rows(0.01, 0.02).svg(NARROW) == rows(0.01, 0.02).svg(NARROW)


class TestWhiskers:
    """Rows with intervals."""

    def test_marks_lie_at_their_values_in_order_from_the_top(self):
        """Twice the value lies twice as far from the axis' zero."""
        (one, first), (two, second) = discs(rows(0.02, 0.04).svg(NARROW))
        zero = 8.0
        assert two - zero == pytest.approx(2 * (one - zero), abs=0.2)
        assert first < second

    def test_what_was_not_measured_has_words_and_no_mark(self):
        """And never lies at zero."""
        svg = rows(0.02, math.nan).svg(WIDE)
        assert len(discs(svg)) == 1
        assert "said 1" in texts(svg)

    def test_a_bound_is_an_open_triangle_at_its_end(self):
        """Where nothing was seen there is no point, and the most that it may be."""
        axis = axes.linear("", [0.1], start=0)
        svg = Whiskers("", axis, (Whisker("g", 0.0, 0.0, 0.05, "none", bound=True),)).svg(NARROW)
        assert not discs(svg)
        (mark,) = (a["d"] for tag, a, _ in elements(svg) if a.get("class", "").startswith("open"))
        assert float(mark[1:].split(" ")[0]) == pytest.approx(8 + 344 * 0.5, abs=0.1)

    @pytest.mark.parametrize("length", [20, 38, 60])
    @pytest.mark.parametrize("width", [NARROW, WIDE])
    def test_words_are_whole(self, length, width):
        """Long names stand above the marks on a wide screen, too, where there is no room beside them."""
        if length > 48 and width == NARROW:
            return  # longer than a phone is wide
        label, said = "n" * length, "717 (680 to 750), 3 min 28 s"
        axis = axes.linear("", [0.1], start=0)
        svg = Whiskers("", axis, (Whisker(label, 0.05, 0.04, 0.06, said),)).svg(width)
        assert {label, said} <= set(texts(svg))

    def test_narrow_words_stand_above_the_mark(self):
        """On a phone every row has its name, its words and its interval, one below the other."""
        svg = rows(0.02, 0.04).svg(NARROW)
        places = {text: float(a["y"]) for tag, a, text in elements(svg) if tag == "text" and "y" in a}
        (_, first), (_, second) = discs(svg)
        assert places["g0"] < first < places["g1"] < second
        assert places["g0"] == places["said 0"]


class TestDots:
    """Counts of a thousand."""

    @pytest.mark.parametrize(("filled", "outlined"), [(0, 21), (57, 102), (50, 100), (3, 3), (1000, 1000)])
    def test_there_are_as_many_dots_as_were_counted(self, filled, outlined):
        """Full up to what was seen, rings up to what it may be, faint ones up to a thousand."""
        svg = Dots("", (OutOf("g", "said", filled, outlined),)).svg(NARROW)
        counted = {}
        for tag, a, _ in elements(svg):
            if tag == "path":
                pitch = float(a["stroke-dasharray"].split(" ")[1])
                runs = [float(each) for each in re.findall(r"h(-?[\d.]+)", a["d"])]
                counted[a["class"]] = sum(math.floor(run / pitch + 1e-6) + 1 for run in runs)
        wanted = {"dots a": outlined, "hole": outlined - filled, "dots rest": 1000 - outlined}
        assert counted == {name: count for name, count in wanted.items() if count}


class TestChart:
    """Lines over two axes."""

    AXIS = axes.linear("x", [0.0, 1.0], start=0)

    def test_points_lie_where_their_numbers_say(self):
        """The middle of both axes is the middle of the frame; larger is further right and higher up."""
        line = Line("", (0.0, 0.5, 1.0), (0.0, 0.5, 1.0), points=True)
        (low, middle, high) = discs(Chart("", self.AXIS, self.AXIS, (line,)).svg(WIDE))
        assert middle[0] == pytest.approx((low[0] + high[0]) / 2, abs=0.2)
        assert middle[1] == pytest.approx((low[1] + high[1]) / 2, abs=0.2)
        assert high[1] < low[1]

    def test_a_hole_parts_a_line(self):
        """NaN is not bridged."""
        svg = Chart("", self.AXIS, self.AXIS, (Line("", (0, 0.2, 0.4, 0.6), (0, 0.5, math.nan, 0.5)),)).svg(WIDE)
        (path,) = (a["d"] for tag, a, _ in elements(svg) if a.get("class", "").startswith("line"))
        assert path.count("M") == 2

    def test_the_area_of_a_dot_shows_its_size(self):
        """Twice the size is the larger disc."""
        line = Line("", (0.2, 0.8), (0.5, 0.5), points=True, joined=False, sizes=(0.2, 1.0))
        svg = Chart("", self.AXIS, self.AXIS, (line,)).svg(WIDE)
        small, large = (float(a["r"]) for tag, a, _ in elements(svg) if tag == "circle")
        assert large > small

    def test_more_lines_than_colours_differ_in_dashes(self):
        """Twenty groups are twenty looks."""
        lines = tuple(Line(f"g{n}", (0, 1), (0, 1)) for n in range(20))
        svg = Chart("", self.AXIS, self.AXIS, lines).svg(WIDE)
        looks = [(a["class"], a.get("stroke-dasharray")) for _, a, _ in elements(svg) if "line " in a.get("class", "")]
        assert len(set(looks)) == 20

    def test_a_floor_is_a_level_line_with_its_name(self):
        """Guessing is drawn where it lies."""
        svg = share_chart("", [Line("a", (0, 1), (0.4, 0.8))], self.AXIS, rules=[Rule("y", 0.2, "guessing")]).svg(WIDE)
        assert "guessing" in texts(svg)

    @pytest.mark.parametrize(
        "values", [((1.0, 2.0), (0.1,), (), ()), ((1.0,), (0.1,), (0.1,), ()), ((1.0, 2.0), (0.1, 0.2), (0.1,), (0.2,))]
    )
    def test_lengths_that_differ_are_refused(self, values):
        """A line has as many values as places, and an interval for each or none."""
        with pytest.raises(ArgumentError, match="line 'a'"):
            Line("a", *values)


def test_every_pair_of_classes_has_its_count_and_the_share_of_its_row():
    """Zeroes are dots; a rare class that is always right is as dark as a frequent one; one without photos is blank."""
    made = confusion(["ant", "bee", "cat"], np.array([[5, 0, 0], [50, 1150, 0], [0, 0, 0]]))

    assert [[cell.lines[0] for cell in row] for row in made.cells][1] == ["50", "1,150", "·"]
    assert [cell.shade for cell in made.cells[0]] == [1, 0, 0]
    assert made.cells[1][0].shade == pytest.approx(50 / 1200)
    assert [cell.shade for cell in made.cells[2]] == [0, 0, 0]
    assert {"ant", "bee", "cat", "5", "50", "1,150"} <= set(texts(made.svg(NARROW)))


def test_a_figure_that_leaves_its_page_takes_title_source_and_both_schemes_along():
    """One SVG file of all drawings, one below the other, that refers to nothing outside."""
    figure = Figure((rows(0.02), rows(0.04)), "Both are drawn", title="Errors & **more**, per cent")

    svg = standing_alone(figure, "made & <numbers>")

    found = texts(svg)
    assert found[0] == "Errors & more, per cent"
    assert found[-1] == "made & <numbers>"
    assert found.count("FMR") == 2
    assert "prefers-color-scheme: dark" in svg
    assert "url(" not in svg
    assert "href" not in svg
