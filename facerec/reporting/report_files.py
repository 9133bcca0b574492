"""A page on disk: HTML, Markdown with its drawings, and JSON, side by side in one folder.

Everything is rendered before the first file is touched, and each file is put in place at once, so that a reader
never meets half a report and a failure leaves the old one.

The JSON holds every number in full, for a program or for who checks a report. Three kinds of absent numbers stay apart
there too: ``null`` does not apply, the string ``"not measured"`` stands for NaN, and ``"infinite"`` or ``"-infinite"``
for a ratio with a zero below it. Keys are sorted and nothing is added, so that equal pages make equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facerec.errors import ArgumentError, OutputError
from facerec.files import replacing
from facerec.reporting.columns import UNMEASURED
from facerec.reporting.html import render_html
from facerec.reporting.markdown import attachments, render_markdown
from facerec.reporting.page import Block, Callout, Facts, Figure, Page, Picture, SideBySide, Table, Text
from facerec.types import Interval


@dataclass(frozen=True)
class Written:
    """Where a page is; `attachments` are the drawings and photos that the Markdown refers to, in reading order."""

    html: Path
    markdown: Path
    json: Path
    attachments: tuple[Path, ...]


def write(page: Page, folder: Path, *, stem: str = "report") -> Written:
    """Write `page` into `folder` in all three formats.

    The folder is made if it is not there; files of the same names are replaced, others are left alone. `stem` names the
    files: ``report.html``, ``report.md``, ``report.json``, ``report-figure-1.svg``. `ArgumentError` if it is not of
    letters, digits, dots, hyphens and underscores, a letter or digit first; `OutputError` if the folder cannot be made
    or written to.
    """
    if not re.fullmatch(r"\w[\w.-]*", stem):
        message = f"a report's files are named with letters, digits, dots, hyphens and underscores; got {stem!r}"
        raise ArgumentError(message)
    drawings = attachments(page, stem=stem)
    texts = {"json": render_json(page), "md": render_markdown(page, stem=stem), "html": render_html(page)}
    written = {**drawings, **{f"{stem}.{kind}": text.encode("utf-8") for kind, text in texts.items()}}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {folder} cannot be made: {error.strerror or error}"
        raise OutputError(message) from error
    for name, content in written.items():
        with replacing(folder / name) as partial:
            partial.write_bytes(content)
    html, markdown, document = (folder / f"{stem}.{kind}" for kind in ("html", "md", "json"))
    return Written(html, markdown, document, tuple(folder / name for name in drawings))


def render_json(page: Page) -> str:
    """Return `page` as a JSON document; drawings by their data, photos by their SHA-256."""
    document = {
        "title": page.title,
        "summary": page.summary,
        "lead": [_block(block) for block in page.lead],
        "sections": [
            {"title": section.title, "blocks": [_block(block) for block in section.blocks]} for section in page.sections
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1) + "\n"


def json_number(value: object) -> Any:  # noqa: ANN401 - what json.dumps takes
    """Return one value as JSON can hold it.

    >>> json_number(float("nan")), json_number(0.1), json_number(None)
    ('not measured', 0.1, None)
    """
    if isinstance(value, Interval):
        return {name: json_number(getattr(value, name)) for name in ("low", "high", "confidence")}
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return UNMEASURED
        return "infinite" if value > 0 else "-infinite"
    return value


def _block(block: Block) -> dict[str, Any]:
    body: dict[str, Any]
    match block:
        case Text():
            body = {"type": "text", "content": block.content}
        case Callout():
            body = {"type": "callout", "standing": block.standing, "text": block.text}
        case Facts():
            body = {"type": "facts", "items": [[name, json_number(value)] for name, value in block.items]}
        case Table():
            body = {
                "type": "table",
                "caption": block.caption,
                "columns": [{"name": column.name, "kind": column.kind} for column in block.columns],
                "rows": [[json_number(cell) for cell in row] for row in block.rows],
                "notes": list(block.notes),
                "strong": list(block.strong),
            }
        case Figure():
            data = {name: [json_number(value) for value in values] for name, values in block.data.items()}
            told = {"alt": block.alt, "title": block.title, "caption": block.caption}
            body = {"type": "figure", **told, "data": data}
        case Picture():
            digest = hashlib.sha256(block.data).hexdigest()
            body = {"type": "picture", "alt": block.alt, "caption": block.caption, "sha256": digest}
        case SideBySide():
            body = {"type": "side by side", "items": [_block(item) for item in block.items]}
    return body
