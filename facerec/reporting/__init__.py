"""Reports: a page is built once as a frozen value and rendered as HTML, Markdown and JSON.

>>> from facerec.reporting import Page, Section, Text, render_markdown
>>> print(render_markdown(Page("A title", "What was examined.", (Section("Found", (Text("**Nothing.**"),)),))))
# A title
<BLANKLINE>
What was examined.
<BLANKLINE>
## Found
<BLANKLINE>
**Nothing.**
<BLANKLINE>

Drawings are values (``facerec.reporting.drawings``), some of them made by ``facerec.reporting.charts``; marked photos
come from ``facerec.types.marks``. Nothing here computes a result: a report shows what it is given.
"""

from facerec.reporting import axes
from facerec.reporting.columns import Cell, Column, Kind, Standing, share_digits, write_number, write_threshold
from facerec.reporting.html import render_html
from facerec.reporting.inline import plain
from facerec.reporting.markdown import render_markdown
from facerec.reporting.page import (
    Block,
    Callout,
    ColumnOf,
    Facts,
    Figure,
    Page,
    Picture,
    Section,
    SideBySide,
    Table,
    Text,
)
from facerec.reporting.report_files import Written, render_json, write

__all__ = [
    "Block",
    "Callout",
    "Cell",
    "Column",
    "ColumnOf",
    "Facts",
    "Figure",
    "Kind",
    "Page",
    "Picture",
    "Section",
    "SideBySide",
    "Standing",
    "Table",
    "Text",
    "Written",
    "axes",
    "plain",
    "render_html",
    "render_json",
    "render_markdown",
    "share_digits",
    "write",
    "write_number",
    "write_threshold",
]
