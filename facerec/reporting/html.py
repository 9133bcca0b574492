"""A page as one HTML file that needs nothing else: no network, no script, no font.

Everything is inside (style, drawings, photos), and a content security policy tells the browser to load nothing from
anywhere, so that a report may hold what must not leave the room. All text passes through jinja2's escaping; the only
markup that is taken as it is is this package's style sheet. Drawings are images like photos: a browser runs no script
in an image, loads nothing for it, and lets its style and its ids reach nothing outside.
"""

from __future__ import annotations

import base64
import re
from functools import cache, partial
from importlib.resources import files
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from facerec.extras import extra
from facerec.reporting.columns import MISSING, UNMEASURED, WORDS
from facerec.reporting.inline import parse_spans
from facerec.reporting.page import Figure, Page, Picture

if TYPE_CHECKING:
    from jinja2 import Template


def render_html(page: Page) -> str:
    """Return `page` as an HTML document; the same text for the same page."""
    return _template().render(
        page=page,
        anchors=_anchors(page),
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
    environment.tests["missing"] = lambda text: text in (MISSING, UNMEASURED)
    environment.globals["words"] = WORDS
    environment.globals["kind"] = lambda value: type(value).__name__
    folder = files(__package__)
    # "</style" cannot stand in the style sheet, so there is nothing to escape; a page never adds to it.
    environment.globals["style"] = Markup(folder.joinpath("page.css").read_text("utf-8"))  # noqa: S704
    return environment.from_string(folder.joinpath("page.html.jinja").read_text("utf-8"))


def _anchors(page: Page) -> list[str]:
    """One fragment per section, from its title, so that a link into a report outlives a new section before it."""
    anchors: list[str] = []
    for section in page.sections:
        slug = re.sub(r"[^\w]+", "-", section.title.lower()).strip("-") or "section"
        taken = sum(re.sub(r"--\d+$", "", anchor) == slug for anchor in anchors)
        # Words are joined by one hyphen, so two hyphens cannot come from another title.
        anchors.append(f"{slug}--{taken + 1}" if taken else slug)
    return anchors


def _source(item: Figure | Picture) -> str:
    if isinstance(item, Figure):
        # Half as much longer as base64 would make it.
        return "data:image/svg+xml," + quote(" ".join(item.svg.split()), safe=" =:/;,.()-")
    return f"data:{item.media_type};base64,{base64.b64encode(item.data).decode('ascii')}"
