"""Drawings made safe to stand inside a page."""

import pytest

from facerec.errors import ArgumentError
from facerec.reporting.svg import rewrite

DRAWING = """<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">
<metadata><a xmlns="x"/></metadata><style>* { display: none }</style><!-- remark -->
<defs><path id="glyph" d="M0 0"/><clipPath id="random17"><rect width="9" height="9"/></clipPath></defs>
<g id="unused" clip-path="url(#random17)" style="fill: url('#glyph')"><use xlink:href="#glyph"/></g></svg>"""


def test_what_draws_is_kept_and_the_rest_is_not():
    """Prolog, metadata, style sheets, comments and unused ids go; shapes stay."""
    expected = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" role="img" aria-label="A &amp; B">'
        "<title>A &amp; B</title><defs>"
        '<path id="f1-1" d="M0 0"></path><clipPath id="f1-2"><rect width="9" height="9"></rect></clipPath></defs>\n'
        '<g clip-path="url(#f1-2)" style="fill: url(#f1-1)"><use href="#f1-1"></use></g>\n</svg>\n'
    )

    assert rewrite(DRAWING, prefix="f1-", title="A & B") == expected


def test_rewriting_twice_changes_nothing():
    """A drawing that was rewritten is its own rewriting."""
    once = rewrite(DRAWING, prefix="a", title="t")

    assert rewrite(once, prefix="a", title="t") == once


@pytest.mark.parametrize(
    "inside",
    [
        "<script>1</script>",
        "<foreignObject/>",
        "<animate/>",
        '<a href="#x"/>',
        '<g onclick="1"/>',
        '<use href="other.svg#x"/>',
        '<image href="https://example.org/x.png"/>',
        '<image href="data:image/svg+xml;base64,AA"/>',
        '<g fill="url(https://example.org/x)"/>',
        '<g style="fill: u\\72l(https://example.org/x)"/>',
        "<g style=\"background: image-set('https://example.org/x')\"/>",
        '<img xmlns="http://www.w3.org/1999/xhtml" src="x"/>',
        '<g xmlns="http://www.w3.org/1999/xhtml"/>',
        "<g>",
    ],
)
def test_what_acts_or_loads_is_refused(inside):
    """Scripts, handlers, links, foreign elements and outside references are errors, not surprises in a browser."""
    with pytest.raises(ArgumentError, match="drawing"):
        rewrite(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')


def test_entities_and_other_documents_are_refused():
    """A drawing is an svg element without entity definitions."""
    with pytest.raises(ArgumentError, match="entities"):
        rewrite('<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>')
    with pytest.raises(ArgumentError, match="svg element"):
        rewrite("<html/>")


def test_an_embedded_bitmap_stays():
    """A heat map may hold its pixels as a PNG inside the drawing."""
    assert "data:image/png;base64,AAAA" in rewrite(
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="data:image/png;base64,AAAA"/></svg>'
    )
