"""What drawings are drawn with: SVG elements put one after the other, and about how wide letters are."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from typing import Literal, TypeAlias

from markupsafe import escape

from facerec.reporting.inline import printable

Colour: TypeAlias = Literal["a", "b", "c", "d", "e", "f", "g", "k", "s"]
"""``a`` … ``g`` are told apart with any of the common colour vision deficiencies (Okabe & Ito 2008); ``k`` is ink,
``s`` soft."""

NARROW, WIDE = 360.0, 720.0
SIZE, SMALL = 12.0, 11.0
_LETTER = 0.62  # of its height, on average


class Pen:
    """The elements of a drawing, so far."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.parts: list[str] = []

    def add(self, element: str) -> None:
        """Put an element on top of all others."""
        self.parts.append(element)

    def head(self, title: str) -> float:
        """Write the title, in as many lines as it takes, and return where it ends."""
        lines: list[str] = []
        for word in title.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and width_of(longer, 13.5) <= self.width:
                lines[-1] = longer
            else:
                lines.append(word)
        for number, line in enumerate(lines):
            self.text(0, 14 + 17 * number, line, 13, "strong", room=self.width)
        return 5.0 + 17 * len(lines)

    def path(self, path: str, kind: str, thick: float = 1, dash: str = "") -> None:
        """Draw an SVG path; `kind` are its classes in ``drawing.css``."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(f'<path class="{kind}" stroke-width="{thick:g}"{dashed} d="{path}"/>')

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Draw a mark."""
        self.add(f'<circle class="mark {colour}" cx="{px(x)}" cy="{px(y)}" r="{px(radius)}"/>')

    def text(  # noqa: PLR0917 - as SVG has them
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        kind: str = "",
        anchor: str = "",
        *,
        turned: bool = False,
        room: float = math.inf,
    ) -> None:
        """Write a text on one line, cut off where it has no `room`; `turned`: upwards."""
        said = escape(printable(_fitted(" ".join(text.split()), room, size)))
        more = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
        place = f'transform="translate({px(x)} {px(y)}) rotate(-90)"' if turned else f'x="{px(x)}" y="{px(y)}"'
        self.add(f'<text {place} font-size="{size:.3g}"{more}>{said}</text>')

    def done(self, height: float) -> str:
        """All that was drawn, as one element."""
        box = f"0 0 {px(self.width)} {px(height)}"
        start = f'<svg class="drawing" viewBox="{box}" preserveAspectRatio="xMinYMin" aria-hidden="true">'
        return f"{start}{''.join(self.parts)}</svg>"


def path_through(spots: Iterable[tuple[float, float]]) -> str:
    """A path through all points but those that are not there, and without those that cannot be told from the last."""
    path, last, pen = [], (math.inf, math.inf), "M"
    for x, y in spots:
        if math.isnan(x + y):
            pen = "M"
        elif pen == "M" or abs(x - last[0]) + abs(y - last[1]) >= 0.7:
            path.append(f"{pen}{px(x)} {px(y)}")
            pen, last = "L", (x, y)
    return "".join(path)


def width_of(text: str, size: float) -> float:
    """About how wide a text is: letters of East Asia are as wide as they are high."""
    return size * sum(
        0.0 if unicodedata.combining(letter) else 1.0 if unicodedata.east_asian_width(letter) in "WF" else _LETTER
        for letter in text
    )


def _fitted(text: str, room: float, size: float) -> str:
    if width_of(text, size) <= room:
        return text
    while text and width_of(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


def px(value: float) -> str:
    """A length in units of the drawing, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
