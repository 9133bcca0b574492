"""A page is checked when it is made."""

import pytest

from facerec.errors import ArgumentError
from facerec.reporting import Callout, Column, Facts, Figure, Page, Picture, Section, Table, Text
from facerec.reporting.drawings import Dots, OutOf

SVG = (Dots("", (OutOf("a", "1 of 1,000", 1, 2),)),)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("alt", ["", "  "])
def test_an_illustration_without_a_description_is_refused(alt):
    """Whoever cannot see a figure or a picture is told what it shows."""
    with pytest.raises(ArgumentError, match="figure needs an alt text"):
        Figure(SVG, alt)
    with pytest.raises(ArgumentError, match="picture needs an alt text"):
        Picture(PNG, alt)


def test_a_row_needs_one_cell_per_column():
    """The error names the row and both numbers."""
    with pytest.raises(ArgumentError, match="row 1 of table 'T' needs 2 cells; got 1"):
        Table("T", (Column("a"), Column("b", "count")), (("x", 1), ("y",)))


def test_a_cell_of_the_wrong_kind_is_named_with_its_row():
    """The error says which row of which table holds it."""
    with pytest.raises(ArgumentError, match=r"row 0 of table 'T'.*'b'"):
        Table("T", (Column("a"), Column("b", "count")), (("x", "many"),))


def test_a_table_without_columns_or_with_a_strong_row_that_is_not_there_is_refused():
    """Both would be seen only by a reader."""
    with pytest.raises(ArgumentError, match="no columns"):
        Table("T", (), ())
    with pytest.raises(ArgumentError, match="strong"):
        Table("T", (Column("a"),), (("x",),), strong=(1,))


@pytest.mark.parametrize(
    "make",
    [
        Text,
        lambda prose: Callout("note", prose),
        lambda prose: Page("t", prose, ()),
        lambda prose: Figure(SVG, "x", prose),
        lambda prose: Table(prose, (Column("a"),), ()),
        lambda prose: Table("T", (Column("a"),), (), notes=(prose,)),
    ],
)
def test_a_bad_link_is_refused_where_it_is_written(make):
    """No prose of a page waits for the rendering to be parsed."""
    with pytest.raises(ArgumentError, match="link"):
        make("[x](javascript:1)")


def test_bytes_that_are_no_picture_are_refused():
    """Only PNG and JPEG are embedded, known by how they begin; a figure draws something."""
    with pytest.raises(ArgumentError, match="neither PNG nor JPEG"):
        Picture(b"<svg/>", "x")
    with pytest.raises(ArgumentError, match="nothing to draw"):
        Figure((), "x")
    assert Picture(PNG, "x").media_type == "image/png"


def test_other_mistakes_are_refused():
    """A page has a title, a callout a known standing, a fact a value that can be written."""
    with pytest.raises(ArgumentError, match="title"):
        Page(" ", "s", ())
    with pytest.raises(ArgumentError, match="callout"):
        Callout("good", "x")
    with pytest.raises(ArgumentError, match="'Done'"):
        Facts((("Done", True),))


def test_a_page_does_not_change_with_the_lists_it_was_made_of():
    """Lists and dictionaries are copied into tuples and read-only mappings."""
    rows, data, blocks = [["x"]], {"v": [1]}, []
    table, figure, section = Table("T", [Column("a")], rows), Figure(SVG, "x", data=data), Section("s", blocks)
    rows[0][0], data["v"] = "y", [2]
    blocks.append(Text("late"))

    assert (table.rows, figure.data["v"], section.blocks) == ((("x",),), (1,), ())
    with pytest.raises(TypeError):
        figure.data["v"] = (3,)
