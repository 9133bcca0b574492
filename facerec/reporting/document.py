"""A page as JSON: every number in full, for a program or for who checks a report.

Three kinds of absent numbers stay apart here too: ``null`` does not apply, the string ``"not measured"`` stands for
NaN, and ``"infinite"`` or ``"-infinite"`` for a ratio with a zero below it. Keys are sorted and nothing is added, so
that equal pages make equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from facerec.reporting.columns import UNMEASURED
from facerec.reporting.page import Block, Callout, Facts, Figure, Page, Picture, SideBySide, Table, Text
from facerec.types import Interval


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
            body = {"type": "figure", "alt": block.alt, "caption": block.caption, "data": data}
        case Picture():
            digest = hashlib.sha256(block.data).hexdigest()
            body = {"type": "picture", "alt": block.alt, "caption": block.caption, "sha256": digest}
        case SideBySide():
            body = {"type": "side by side", "items": [_block(item) for item in block.items]}
    return body
