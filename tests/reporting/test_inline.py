"""Marks in prose, and data that must not become marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import ArgumentError
from facerec.reporting.inline import Span, parse_paragraphs, parse_spans, plain, printable


def test_the_three_marks_make_spans():
    """Strong, code and link are recognised, and the text between them is kept to the blank."""
    expected = (
        Span("plain", "a "),
        Span("strong", "b"),
        Span("plain", " "),
        Span("code", "c*d"),
        Span("plain", " "),
        Span("link", "e", "https://example.org/f"),
    )

    assert parse_spans("a **b** `c*d` [e](https://example.org/f)") == expected


@given(st.text(st.characters(exclude_categories=["Zl", "Zp", "Cc"])))
def test_plain_is_undone_by_parsing(data):
    """Data that went through plain comes out as the same characters and as no mark, wherever it stands."""
    seen = data.replace("\N{LEFT-TO-RIGHT MARK}", "")
    strong = [span.text for span in parse_spans(f"**{plain('x' + data)}**") if span.kind == "strong"]

    assert "".join(span.text for span in parse_spans(plain(data))).replace("\N{LEFT-TO-RIGHT MARK}", "") == seen
    assert all(span.kind == "plain" for span in parse_spans(plain(data)))
    assert [text.replace("\N{LEFT-TO-RIGHT MARK}", "") for text in strong] == ["x" + seen]


def test_what_is_written_from_right_to_left_takes_no_number_along():
    """A mark that is not seen parts the name from the numbers beside it."""
    assert plain("أنثى") == "\N{LEFT-TO-RIGHT MARK}أنثى\N{LEFT-TO-RIGHT MARK}"
    assert plain("female 女") == "female 女"


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "file:///x", "\\\\x"])
def test_a_link_cannot_act(target):
    """A link to anything but a web page, a fragment or a neighbouring file is refused."""
    with pytest.raises(ArgumentError, match="leads to"):
        parse_spans(f"[x]({plain(target)})")


@pytest.mark.parametrize("text", ["**open", "`open", "[open](", "2 * 3 ** 4"])
def test_an_open_mark_is_text(text):
    """What is never closed is shown as it was written."""
    assert parse_spans(text) == (Span("plain", text),)


def test_paragraphs_and_lists():
    """Blank lines part paragraphs, lines of hyphens or of ones make a list, and data with a hyphen does not."""
    paragraphs = parse_paragraphs("one\nline\n\n- first\n- second\n\n1) a\n1) b\n\n" + plain("- third"))

    assert [(p.mark, [spans[0].text for spans in p.items]) for p in paragraphs] == [
        ("", ["one line"]),
        ("-", ["first", "second"]),
        ("1)", ["a", "b"]),
        ("", ["- third"]),
    ]


def test_unprintable_characters_are_replaced():
    """Control characters, lone surrogates and text direction overrides become the replacement character."""
    assert printable("a\0b\ud800c\u202ed\te\n") == "a�b�c�d\te\n"
