"""The Markdown page, read back by an independent parser."""

import pytest
from markdown_it import MarkdownIt

from facerec.reporting import Column, Facts, Page, Section, Table, Text, plain, render_markdown
from facerec.reporting.markdown import attachments, escape

HOSTILE = "<script>alert('1')</script> & \"|`*_[x](javascript:1)~~$#\\ **"


def tokens(markdown):
    """Parse `markdown` as GitHub does, HTML included."""
    return MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)


def shown(markdown):
    """Return the text that a reader of `markdown` sees."""
    inline = [child for token in tokens(markdown) for child in token.children or ()]
    return "".join(child.content for child in inline if child.type in ("text", "text_special", "code_inline"))


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "# no heading",
        "- no list",
        "1. no list",
        "> no quote",
        "<b>",
        "&amp;",
        "a_b_c",
        "C #",
        "+ x",
        "=",
        "<!-- gone",
        "<script x",
    ],
)
def test_any_text_is_shown_as_it_is(text):
    """Escaped text comes out of a Markdown parser unchanged: in a paragraph, in a table cell, among facts."""
    table = Table(plain(text), (Column("a"), Column("b")), ((text, text),))
    page = Page("t", plain(text), (Section(text, (Text(plain(text)), table, Facts(((text, text),)))),))
    markdown = render_markdown(page)

    assert shown(markdown).count(text) >= 8
    assert not [token for token in tokens(markdown) if token.type == "html_block"]
    assert [t.type for t in tokens(markdown)].count("heading_open") == 2


def test_code_keeps_backticks_and_bars():
    """A code cell with a bar and backticks is one cell with these characters."""
    page = Page("t", "", (Section("s", (Table("T", (Column("a", "code"), Column("b")), (("x|y``z", "w"),)),)),))
    cells = [t for t in tokens(render_markdown(page)) if t.type == "td_open"]

    assert len(cells) == 2
    assert "x|y``z" in shown(render_markdown(page))


def test_the_sample_page_has_its_tables_and_figures(page):
    """Tables align their numbers, strong rows are strong, and every drawing is a file beside the text."""
    markdown = render_markdown(page, stem="r")

    assert "| Group | People |" in markdown
    assert "| **All** | **5,749** | **1,250,000** |" in markdown
    assert "| men × 60+ | 0 | 0 | 0 | not measured | not measured | ∞ | ◐ Insufficient evidence |" in markdown
    assert [name for name in attachments(page, stem="r") if f"]({name})" not in markdown] == []
    assert list(attachments(page, stem="r")) == [
        f"r-figure-{n}.{e}" for n, e in enumerate(["svg"] * 3 + ["jpeg"] * 2, 1)
    ]


def test_the_verdict_comes_first(page):
    """Between the summary and the first section stands what must be read first, in words."""
    markdown = render_markdown(page)

    assert markdown.index("**Fail.** Women") < markdown.index("## Error rates")


def test_escaping_keeps_one_line():
    """A line break inside a cell would end the table."""
    assert escape("a\nb") == "a b"
