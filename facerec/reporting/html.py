"""A page as one HTML file that needs nothing else: no network, no script, no font.

Everything is inside (style, drawings, photos), and a content security policy tells the browser to load nothing from
anywhere, so that a report may hold what must not leave the room. All text passes through jinja2's escaping; the only
markup that is taken as it is are this package's style sheets and drawings, which escape what they write.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import cache, partial
from importlib.resources import files
from itertools import count
from textwrap import shorten
from typing import TYPE_CHECKING

from markupsafe import Markup

from facerec.extras import extra
from facerec.reporting.columns import MISSING, UNMEASURED, WORDS, Column
from facerec.reporting.inline import parse_spans
from facerec.reporting.page import Figure, Page, Picture, Table
from facerec.reporting.pen import NARROW, WIDE
from facerec.reporting.style_sheets import css

if TYPE_CHECKING:
    from jinja2 import Template


def render_html(page: Page) -> str:
    """Return `page` as an HTML document; the same text for the same page."""
    return _template().render(
        page=page,
        anchors=_anchors(page),
        heads=_heads(page),
        labels=_labels(page),
        next_table=partial(next, count(1)),
        next_illustration=partial(next, count(1)),
    )


@cache
def _template() -> Template:
    with extra("report"):  # here, so that a mistake in a command that would write a page costs nothing of it
        from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["spans"] = parse_spans
    environment.filters["source"] = _source
    environment.filters["drawn"] = _drawn
    environment.filters["paired"] = _paired
    environment.tests["missing"] = lambda text: text in (MISSING, UNMEASURED)
    environment.globals["words"] = WORDS
    environment.globals["kind"] = lambda value: type(value).__name__
    # "</style" cannot stand in the style sheets, so there is nothing to escape; a page never adds to them.
    environment.globals["style"] = Markup("".join(map(css, ("colours", "page", "drawing"))))  # noqa: S704
    return environment.from_string(files(__package__).joinpath("page.html.jinja").read_text("utf-8"))


def _anchors(page: Page) -> list[str]:
    """One fragment per section, from its title, so that a link into a report outlives a new section before it."""
    anchors: list[str] = []
    for section in page.sections:
        slug = re.sub(r"[^\w]+", "-", section.title.lower()).strip("-") or "section"
        taken = sum(re.sub(r"--\d+$", "", anchor) == slug for anchor in anchors)
        # Words are joined by one hyphen, so two hyphens cannot come from another title.
        anchors.append(f"{slug}--{taken + 1}" if taken else slug)
    return anchors


def _heads(page: Page) -> Markup:
    """What runs along the top of each sheet of paper."""
    left, right = (
        _string(shorten(text, 80, placeholder=" …")) for text in (page.kind or "facerec", page.source or page.title)
    )
    told = f"@page {{ @top-left {{ content: {left}; }} @top-right {{ content: {right}; }} }}"
    return Markup(told)  # noqa: S704 - of escaped strings


def _labels(page: Page) -> Markup:
    """What stands before a cell where a row is a card: the name of its column, once for each table."""
    told = []
    for number, table in enumerate(_tables(page), 1):
        for place, parts in enumerate(_paired(table), 1):
            if place > 1:
                name = _string(parts[0][1].name)
                told.append(f"#table-{number} td:nth-child({place})::before{{content:{name}}}")
    return Markup(f"@media screen and (max-width:42rem){{{''.join(told)}}}")  # noqa: S704 - of escaped strings


def _tables(page: Page) -> Iterator[Table]:
    for block in (*page.lead, *(block for section in page.sections for block in section.blocks)):
        if isinstance(block, Table):
            yield block


def _string(text: str) -> str:
    """A string of CSS, in which every sign but letters and digits is escaped."""
    return '"' + re.sub(r"[^A-Za-z0-9]", lambda sign: f"\\{ord(sign.group()):06x}", text) + '"'


def _drawn(figure: Figure) -> list[tuple[str, Markup]]:
    """Its drawings: one alone is drawn for wide and for narrow screens, of several each is narrow."""
    sizes = (("wide", WIDE), ("narrow", NARROW)) if len(figure.drawings) == 1 else (("panel", NARROW),)
    return [
        (name, Markup(drawing.svg(width)))  # noqa: S704 - it escapes what it writes
        for drawing in figure.drawings
        for name, width in sizes
    ]


def _paired(table: Table) -> list[list[tuple[int, Column]]]:
    """The columns, an interval together with the number before it."""
    found: list[list[tuple[int, Column]]] = []
    for place, column in enumerate(table.columns):
        if column.kind == "interval" and found and found[-1][-1][1].numeric and len(found[-1]) == 1 and place > 1:
            found[-1].append((place, column))
        else:
            found.append([(place, column)])
    return found


def _source(item: Picture) -> str:
    return f"data:{item.media_type};base64,{base64.b64encode(item.data).decode('ascii')}"
