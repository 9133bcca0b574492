"""The JSON document: every number in full."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from facerec.reporting import Column, Facts, Page, Section, Table, render_json
from facerec.types import Interval


def blocks(page):
    """Return the blocks of the only section of `page`, through JSON."""
    return json.loads(render_json(page))["sections"][0]["blocks"]


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False)),
    st.integers(),
    st.text(st.characters(exclude_categories=["C"])),
)
def test_what_was_put_in_comes_out(rates, count, name):
    """Numbers keep every digit, text every character."""
    columns = (Column("rate", "rate"), Column("count", "count"), Column("name"))
    table = Table("T", columns, tuple((rate, count, name) for rate in rates))

    assert blocks(Page("t", "", (Section("s", (table,)),)))[0]["rows"] == [[rate, count, name] for rate in rates]


def test_three_kinds_of_absence_stay_apart():
    """What does not apply, what was not measured and what is infinite differ from each other and from 0."""
    cells = (None, math.nan, math.inf, -math.inf, 0.0)
    table = Table("T", (Column("x", "ratio"),), tuple((cell,) for cell in cells))
    span = Table("U", (Column("x", "interval"),), ((Interval(math.nan, 0.5),),))
    found = blocks(Page("t", "", (Section("s", (table, span, Facts((("a", math.nan),)))),)))

    assert [row[0] for row in found[0]["rows"]] == [None, "not measured", "infinite", "-infinite", 0.0]
    assert found[1]["rows"] == [[{"low": "not measured", "high": 0.5, "confidence": 0.95}]]
    assert found[2]["items"] == [["a", "not measured"]]


def test_figures_bring_their_numbers_and_photos_their_digest(page):
    """A drawing's data are in the document, its shapes and the photos' pixels are not."""
    document = json.loads(render_json(page))
    figure = document["sections"][1]["blocks"][0]

    assert sum(figure["data"]["genuine"]) == 2996
    assert len(document["sections"][2]["blocks"][0]["items"][0]["sha256"]) == 64
    assert "<svg" not in render_json(page)
    assert document["lead"][0]["standing"] == "fail"


def test_one_sheet_is_what_is_read_first():
    """Title, lead and the first sections stay; everything else goes."""
    sections = Section("do", (), "first"), Section("all", ()), Section("how", (), "folded")
    sheet = Page("t", "s", sections, (Facts((("a", 1),)),), signed=True).one_sheet

    assert [each.title for each in sheet.sections] == ["do"]
    assert (sheet.title, sheet.signed, len(sheet.lead)) == ("t", True, 1)
