"""Prose of a report: a tiny markup, parsed once into spans that each format writes in its own way.

Three marks are enough: ``**strong**``, `` `code` `` and ``[words](target)``. There is no way to write HTML: whatever is
not one of the three is text, and every format escapes text. Data that stands inside prose (a person's name, a file
name) goes through `plain` first, so that its characters are never taken for marks.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

from facerec.errors import ArgumentError

_MARK_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
_ESCAPABLE = r"\\*`\[\]()\-"
_ESCAPED = re.compile(rf"\\([{_ESCAPABLE}])")
_MARK = re.compile(
    r"\*\*(?P<strong>(?:\\.|[^\\])+?)\*\*"
    r"|`(?P<code>(?:\\.|[^\\`])+)`"
    r"|\[(?P<link>(?:\\.|[^\\\]])+)\]\((?P<target>(?:\\.|[^\\()\s])+)\)"
    r"|\\.",
    re.DOTALL,
)
# A web address, a place on this page, or a file beside it; javascript:, data: and //host must not get in.
_TARGET = re.compile(r"https?://[^\s]+|#[^\s]+|(?![A-Za-z][A-Za-z0-9+.\-]*:)[^\s/\\][^\s\\]*")
# Control characters end an XML document and lone surrogates (from undecodable file names) cannot be written as UTF-8;
# the embedding and overriding controls of bidirectional text would let a name reorder the words around it.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Span:
    """A run of text of one kind, as the reader sees it, marks removed; `target` is where a link leads, else empty."""

    kind: Literal["plain", "strong", "code", "link"]
    text: str
    target: str = ""


Spans: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True)
class Paragraph:
    """One paragraph, which has one item, or a list, of bullets (``-``) or of steps (``1)``), which has one for each."""

    items: tuple[Spans, ...]
    mark: Literal["", "-", "1)"] = ""


def printable(text: str) -> str:
    """Return `text` with every character that no format can carry replaced by U+FFFD.

    >>> printable("a" + chr(0) + "b")
    'a\N{REPLACEMENT CHARACTER}b'
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def plain(data: str) -> str:
    r"""Return `data` so that prose shows exactly these characters, whatever they are; line breaks become spaces.

    What is written from right to left stands between two marks that are not seen, or it would take the numbers beside
    it along.

    >>> plain("**not bold**")
    '\\*\\*not bold\\*\\*'
    >>> parse_spans(plain("[x](javascript:1)"))
    (Span(kind='plain', text='[x](javascript:1)', target=''),)
    """
    line = re.sub(rf"([{_ESCAPABLE}])", r"\\\1", " ".join(data.splitlines()))
    turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in data)
    return f"{_MARK_LEFT_TO_RIGHT}{line}{_MARK_LEFT_TO_RIGHT}" if turned else line


def parse_spans(text: str) -> Spans:
    """Split `text` at its marks; a mark that is never closed is text.

    `ArgumentError` if a link leads anywhere but to http, https, a #fragment or a relative path.

    >>> [(span.kind, span.text) for span in parse_spans("see **this** `x`")]
    [('plain', 'see '), ('strong', 'this'), ('plain', ' '), ('code', 'x')]
    """
    spans: list[Span] = []
    waiting = ""
    position = 0
    for mark in _MARK.finditer(text):
        waiting += text[position : mark.start()]
        position = mark.end()
        if mark.lastgroup is None:  # an escaped character
            waiting += mark.group()
            continue
        if waiting:
            spans.append(Span("plain", _unescape(waiting)))
            waiting = ""
        spans.append(_span(mark))
    waiting += text[position:]
    if waiting:
        spans.append(Span("plain", _unescape(waiting)))
    return tuple(spans)


def parse_paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Split `text` at blank lines; a part whose lines all start with ``-``, or with ``1)``, and a space is a list.

    Errors as of `parse_spans`.
    """
    paragraphs = []
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in part.splitlines()]
        marks: tuple[Literal["-", "1)"], ...] = ("-", "1)")
        for mark in marks:
            if lines and all(line.startswith(f"{mark} ") for line in lines):
                paragraphs.append(Paragraph(tuple(parse_spans(line[len(mark) + 1 :]) for line in lines), mark))
                break
        else:
            paragraphs.append(Paragraph((parse_spans(" ".join(lines)),)))
    return tuple(paragraphs)


def _span(mark: re.Match[str]) -> Span:
    if mark["strong"] is not None:
        return Span("strong", _unescape(mark["strong"]))
    if mark["code"] is not None:
        return Span("code", _unescape(mark["code"]))
    target = _unescape(mark["target"])
    if not _TARGET.fullmatch(target):
        message = f"a link in a report leads to http(s), to a #fragment or to a file beside it; got {target!r}"
        raise ArgumentError(message)
    return Span("link", _unescape(mark["link"]), target)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
