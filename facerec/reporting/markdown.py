"""A page as GitHub Markdown: for a pull request, a release note, a terminal.

Markdown cannot hold a drawing, so each one is a file beside the text; `attachments` names them and `render_markdown`
refers to these names. Every character that Markdown or HTML could take for a mark is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count

from facerec.reporting.columns import Column
from facerec.reporting.drawings import standing_alone
from facerec.reporting.inline import Span, Spans, parse_spans
from facerec.reporting.page import Block, Callout, Facts, Figure, Page, Picture, SideBySide, Table, Text

SIGNATURE = "Decided: \\_\\_\\_\\_\\_\\_\\_\\_ · by: \\_\\_\\_\\_\\_\\_\\_\\_ · on: \\_\\_\\_\\_\\_\\_\\_\\_"

_SHAPES: Mapping[str, str] = {"pass": "✔", "fail": "✘", "insufficient": "◐", "note": "■", "warning": "▲"}
_MARKS = re.compile(r"([\\`*_{}\[\]|~$#])")
# Only at the start of a line do these make a list, a quotation or a rule.
_LINE_START = re.compile(r"^(\s*\d*)([+\-=.)])")


def render_markdown(page: Page, *, stem: str = "report") -> str:
    """Return `page` as Markdown that refers to the files of ``attachments(page, stem=stem)``."""
    tables = count(1)
    illustrations = iter(zip(count(1), attachments(page, stem=stem), page.illustrations(), strict=False))

    def block(item: Block) -> Iterator[str]:
        match item:
            case Text():
                for paragraph in item.paragraphs:
                    if paragraph.mark:
                        yield "\n".join(
                            f"{paragraph.mark.replace(')', '.')} {_at_line_start(_spans(each))}"
                            for each in paragraph.items
                        )
                    else:
                        yield _at_line_start(_spans(paragraph.items[0]))
            case Callout():
                yield f"> {_SHAPES[item.standing]} **{item.word}.** {_spans(item.spans)}"
            case Facts():
                yield "\n".join(
                    "- " + _at_line_start(f"{escape(name)}: {escape(value)}") for name, value in item.written
                )
            case Table():
                yield f"**Table {next(tables)}.** {_prose(item.caption)}"
                yield _table(item)
                yield from (_at_line_start(_prose(note)) for note in item.notes)
            case SideBySide():
                for one in item.items:
                    yield from block(one)
            case Figure() | Picture():
                number, name, _ = next(illustrations)
                yield f"![{escape(item.alt)}]({name})"
                told = " ".join(_prose(text) for text in (item.title, item.caption) if text)
                if told:
                    yield f"**Figure {number}.** {told}"

    parts = [f"# {escape(page.title)}"]
    if page.kind:
        parts.append(f"**{escape(page.kind)}**")
    if page.summary:
        parts.append(_at_line_start(_prose(page.summary)))
    for item in page.lead:
        parts.extend(block(item))
    signed = not page.signed
    for section in page.sections:
        if section.place != "first" and not signed:
            parts.append(SIGNATURE)
            signed = True
        parts.append(f"## {escape(section.title)}")
        for item in section.blocks:
            parts.extend(block(item))
    if not signed:
        parts.append(SIGNATURE)
    return "\n\n".join(parts) + "\n"


def attachments(page: Page, *, stem: str = "report") -> dict[str, bytes]:
    """Return the drawings and photos of `page` as files by name: ``<stem>-figure-1.svg`` and so on."""
    named = {}
    for number, item in enumerate(page.illustrations(), 1):
        if isinstance(item, Figure):
            named[f"{stem}-figure-{number}.svg"] = standing_alone(item, page.source or page.title).encode("utf-8")
        else:
            named[f"{stem}-figure-{number}.{item.media_type.removeprefix('image/')}"] = item.data
    return named


def escape(text: str) -> str:
    r"""Return `text` on one line, such that Markdown shows exactly these characters.

    >>> escape("a|b *c* <d>")
    'a\\|b \\*c\\* &lt;d&gt;'
    """
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(r"\\\1", " ".join(entities.split("\n"))).strip()


def _table(table: Table) -> str:
    rows = [
        "| " + " | ".join(escape(column.name) for column in table.columns) + " |",
        "| " + " | ".join("---:" if column.numeric else "---" for column in table.columns) + " |",
    ]
    for number, row in enumerate(table.rows):
        cells = [_cell(column, cell) for column, cell in zip(table.columns, row, strict=True)]
        if number in table.strong:
            cells = [f"**{cell}**" if cell else cell for cell in cells]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _cell(column: Column, cell: object) -> str:
    checked = column.checked(cell)
    written = column.written(checked)
    if column.kind == "verdict" and isinstance(checked, str):
        return f"{_SHAPES[checked]} {written}"
    return _code(written) if column.kind == "code" and checked else escape(written)


def _prose(text: str) -> str:
    return _spans(parse_spans(text))


def _spans(spans: Spans) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    match span.kind:
        case "strong":
            return f"**{escape(span.text)}**"
        case "code":
            return _code(span.text)
        case "link":
            return f"[{escape(span.text)}](<{span.target.replace('<', '%3C').replace('>', '%3E')}>)"
        case _:
            # The blanks beside a mark are part of the sentence.
            before, after = (" " if span.text[:1].isspace() else ""), (" " if span.text[-1:].isspace() else "")
            return before + escape(span.text) + after if span.text.strip() else " "


def _code(text: str) -> str:
    """A fence one backtick longer than the longest run inside; in a table a bar ends the cell even inside code."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    content = " ".join(text.split("\n")).replace("|", r"\|")
    return f"{fence}{space}{content}{space}{fence}"


def _at_line_start(text: str) -> str:
    return _LINE_START.sub(r"\1\\\2", text)
