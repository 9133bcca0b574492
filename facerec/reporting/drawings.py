"""Drawings as values: charts, rows with intervals, dots out of a thousand, and matrices, drawn as SVG of any width.

They are drawn by the page that shows them: text is text in whatever fonts and script its reader has, and colours are
those of the reader's scheme (``colours.css``), so that nothing is white in the dark. A drawing knows its own height;
narrow ones are laid out anew, so that letters keep their size on a phone. Nothing here decides or computes anything.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, Protocol, TypeAlias

from markupsafe import escape

from facerec.errors import ArgumentError
from facerec.reporting.axes import Axis
from facerec.reporting.inline import parse_spans, printable

Colour: TypeAlias = Literal["a", "b", "c", "d", "e", "f", "g", "k", "s"]
"""``a`` … ``g`` are told apart with any of the common colour vision deficiencies (Okabe & Ito 2008); ``k`` is ink,
``s`` soft."""

COLOURS: tuple[Colour, ...] = ("a", "b", "c", "d", "e", "f", "g")
_DASHES = ("", "6 3", "2 3")
NARROW, WIDE = 360.0, 720.0
_SIZE, _SMALL = 12.0, 11.0
_LETTER = 0.62
_DOTS = 50


@dataclass(frozen=True)
class Line:
    """A line of a chart: `x` and `y`, and from `low` to `high` a band, or whiskers where it is not `joined`.

    `steps`: the n values of y lie between n + 1 of x. `filled`: the area below is shaded. `points`: each has a mark,
    whose area shows `sizes` (0 … 1) where they are given, and which may have one of `names` beside it.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    colour: Colour | None = None
    steps: bool = False
    filled: bool = False
    points: bool = False
    joined: bool = True
    sizes: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("x", "y", "low", "high", "sizes"):
            object.__setattr__(self, name, tuple(map(float, getattr(self, name))))
        size = len(self.y)
        if (
            len(self.x) != size + self.steps
            or any(len(part) not in (0, size) for part in (self.low, self.high, self.sizes, self.names))
            or len(self.low) != len(self.high)
        ):
            message = f"line {self.label!r} needs one x, and one interval or none, per y; got {len(self.x)} and {size}"
            raise ArgumentError(message)


@dataclass(frozen=True)
class Rule:
    """A line across a chart, ``x`` upright and ``y`` level, with a few words at it."""

    across: Literal["x", "y"]
    at: float
    label: str = ""


@dataclass(frozen=True)
class Chart:
    """Lines over two axes."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    rules: tuple[Rule, ...] = ()

    def svg(self, width: float) -> str:
        """The drawing, so many units wide; a unit is a pixel where the page has room."""
        drawn = _Drawn(width)
        y = drawn.head(self.title)
        named = [(place, line) for place, line in enumerate(self.lines) if line.label]
        y = _key(drawn, y, [(line.label, *self._look(place, line)) for place, line in named])
        left = 10 + max((_wide(text, _SMALL) for _, text in self.y.ticks), default=0.0) + (16 if self.y.name else 0)
        right, height = width - 12.0, min(0.62 * width, 320.0)
        top, bottom = y + 8, y + 8 + height

        def at(x: float, y: float) -> tuple[float, float]:
            return left + (right - left) * self.x.at(x), bottom - height * self.y.at(y)

        for value, text in self.y.ticks:
            level = at(self.x.low, value)[1]
            drawn.path(f"M{_n(left)} {_n(level)}H{_n(right)}", "grid")
            drawn.text(left - 6, level + 4, text, _SMALL, "soft", "end")
        drawn.path(f"M{_n(left)} {_n(bottom)}H{_n(right)}", "axis")
        last = -math.inf
        for value, text in self.x.ticks:
            across, half = at(value, self.y.low)[0], _wide(text, _SMALL) / 2
            drawn.path(f"M{_n(across)} {_n(bottom)}v4", "axis")
            if across - half > last + 4:
                drawn.text(min(across, width - half), bottom + 17, text, _SMALL, "soft", "middle")
                last = across + half
        for rule in self.rules:
            here = at(rule.at, self.y.low)[0] if rule.across == "x" else at(self.x.low, rule.at)[1]
            drawn.path(
                f"M{_n(here)} {_n(top)}V{_n(bottom)}" if rule.across == "x" else f"M{_n(left)} {_n(here)}H{_n(right)}",
                "axis",
                dash="4 3",
            )
            if rule.label and rule.across == "x":
                flipped = here + 5 + _wide(rule.label, _SMALL) > right
                drawn.text(here - 5 if flipped else here + 5, top + 9, rule.label, _SMALL, "soft", "end" * flipped)
            elif rule.label:
                drawn.text(right, here - 4, rule.label, _SMALL, "soft", "end")
        for place, line in enumerate(self.lines):
            self._line(drawn, line, place, at, bottom)
        if self.x.name:
            drawn.text((left + right) / 2, bottom + 34, self.x.name, _SMALL, "", "middle", room=width)
        if self.y.name:
            drawn.text(11, (top + bottom) / 2, self.y.name, _SMALL, "", "middle", turned=True)
        return drawn.done(bottom + (42 if self.x.name else 24))

    def _look(self, place: int, line: Line) -> tuple[Colour, str, bool]:
        dash = "" if line.colour else _DASHES[place // len(COLOURS) % len(_DASHES)]
        return line.colour or COLOURS[place % len(COLOURS)], dash, line.points

    def _line(self, drawn: _Drawn, line: Line, place: int, at: _Place, bottom: float) -> None:
        colour, dash, _ = self._look(place, line)
        rows = line.x if not line.steps else line.x[:-1]
        spots = [at(x, y) for x, y in zip(rows, line.y, strict=True)]
        ends = [(at(x, low), at(x, high)) for x, low, high in zip(rows, line.low, line.high, strict=False) if line.low]
        if line.steps:
            edges = [at(x, 0 if self.y.scale == "linear" else self.y.low)[0] for x in line.x]
            outline = "".join(f"V{_n(y)}H{_n(right)}" for (_, y), right in zip(spots, edges[1:], strict=True))
            path = f"M{_n(edges[0])} {_n(bottom)}{outline}V{_n(bottom)}"
        else:
            path = _through(spots)
        if line.filled:
            drawn.path(path, f"area {colour}")
        if ends and line.joined and len(ends) > 1:
            known = [pair for pair in ends if not any(math.isnan(each) for spot in pair for each in spot)]
            drawn.path(
                f"{_through([low for low, _ in known])}L{_through([high for _, high in known][::-1])[1:]}Z",
                f"area {colour}",
            )
        elif ends:
            drawn.path("".join(f"M{_n(x)} {_n(low)}V{_n(high)}" for (x, low), (_, high) in ends), f"line {colour}", 1.3)
        if line.joined or line.steps:
            drawn.path(path, f"line {colour}", 1.8 if not line.sizes else 1, dash)
        if line.points:
            for number, (x, y) in enumerate(spots):
                if not math.isnan(x + y):
                    drawn.disc(x, y, 2.5 + 7 * math.sqrt(line.sizes[number]) if line.sizes else 4, colour)
        for name, (x, y) in zip(line.names, spots, strict=False):
            over = x + 7 + _wide(name, _SMALL) > drawn.width
            drawn.text(x - 7 if over else x + 7, y - 7, name, _SMALL, "soft", "end" * over)


@dataclass(frozen=True)
class Whisker:
    """A row: a number from `low` to `high` with what is `said` of it; NaN has no mark, and only words.

    `bound`: nothing was seen, and `high` is the most that it may be.
    """

    label: str
    value: float
    low: float
    high: float
    said: str
    colour: Colour = "a"
    bound: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Whiskers:
    """Numbers with their intervals, one below the other, on one axis; `zero` is a line to be told apart from."""

    title: str
    axis: Axis
    rows: tuple[Whisker, ...]
    zero: float | None = None

    def svg(self, width: float) -> str:
        """As of a chart; narrow, the words stand above each mark, and wide, beside it, where they are not cut."""
        drawn = _Drawn(width)
        y = drawn.head(self.title) + 4
        names = max((_wide(row.label, _SIZE) for row in self.rows), default=0.0) + 14
        words = max((_wide(row.said, _SIZE) for row in self.rows), default=0.0) + 14
        beside = width > 1.3 * NARROW and (
            (names <= 0.38 * width and words <= 0.4 * width) or names + words <= 0.75 * width
        )
        left = names if beside else 8.0
        right = width - (words if beside else 8.0)
        apart = any(_wide(row.label, _SIZE) + _wide(row.said, _SIZE) + 8 > width for row in self.rows)
        tall = 24.0 if beside else 54.0 if apart else 42.0
        bottom = y + tall * len(self.rows) + 4

        def at(value: float) -> float:
            return left + (right - left) * self.axis.at(value)

        for value, text in self.axis.ticks:
            drawn.path(f"M{_n(at(value))} {_n(y)}V{_n(bottom)}", "grid")
            half = _wide(text, _SMALL) / 2
            drawn.text(min(max(at(value), half), width - half), bottom + 14, text, _SMALL, "soft", "middle")
        if self.zero is not None:
            drawn.path(f"M{_n(at(self.zero))} {_n(y)}V{_n(bottom)}", "axis")
        for place, row in enumerate(self.rows):
            line, strong = y + tall * (place + 1), "strong" if row.strong else ""
            level = line - (8 if beside else 9)
            if beside:
                drawn.text(0, level + 4, row.label, _SIZE, strong, room=left - 8)
                drawn.text(right + 12, level + 4, row.said, _SIZE, strong or "soft", room=width - right - 12)
            else:
                drawn.text(0, level - (29 if apart else 13), row.label, _SIZE, strong, room=width)
                at_left = (0.0, "") if apart else (width, "end")
                drawn.text(at_left[0], level - 13, row.said, _SIZE, strong or "soft", at_left[1], room=width)
            if math.isnan(row.value):
                continue
            low, high = at(row.low), at(row.high)
            drawn.path(f"M{_n(low)} {_n(level)}H{_n(high)}", f"line {row.colour}", 2)
            if row.bound:
                drawn.path(f"M{_n(high)} {_n(level - 5)}v10l-7-5z", f"open {row.colour}", 1.5)
            else:
                drawn.disc(at(row.value), level, 5, row.colour)
        if self.axis.name:
            drawn.text((left + right) / 2, bottom + 30, self.axis.name, _SMALL, "", "middle", room=width)
        return drawn.done(bottom + (36 if self.axis.name else 20))


@dataclass(frozen=True)
class OutOf:
    """So many of so many: `filled` are drawn full, those up to `outlined` as rings, the rest faint."""

    label: str
    said: str
    filled: int
    outlined: int
    of: int = 1000
    colour: Colour = "a"


@dataclass(frozen=True)
class Dots:
    """Counts out of a thousand as as many dots (Predict, Winton Centre): what is seen needs no arithmetic."""

    title: str
    rows: tuple[OutOf, ...]

    def svg(self, width: float) -> str:
        """As of a chart; fifty dots to a row."""
        drawn = _Drawn(width)
        y = drawn.head(self.title) + 2
        pitch = width / _DOTS
        for row in self.rows:
            drawn.text(0, y + 13, row.label, 13, "strong", room=width - _wide(row.said, 13) - 8)
            drawn.text(width, y + 13, row.said, 13, "", "end")
            y += 20
            for kind, size, first, last in (
                (f"dots {row.colour}", 0.84, 0, row.outlined),
                ("hole", 0.5, row.filled, row.outlined),
                ("dots rest", 0.32, row.outlined, row.of),
            ):
                parts = []
                for start, end in _runs(first, last):
                    level, across = (0.5 + each for each in divmod(start, _DOTS))
                    parts.append(f"M{_n(across * pitch)} {_n(y + level * pitch)}h{_n((end - start - 0.9) * pitch)}")
                if parts:
                    style = ' style="color:var(--soft)"' if kind == "dots rest" else ""
                    drawn.add(
                        f'<path class="{kind}"{style} stroke-width="{_n(size * pitch)}" '
                        f'stroke-dasharray="0 {pitch:.4g}" d="{"".join(parts)}"/>'
                    )
            y += math.ceil(row.of / _DOTS) * pitch + 14
        return drawn.done(y - 8)


@dataclass(frozen=True)
class Cell:
    """A cell of a matrix: its lines of words, and how dark it is, 0 … 1; None: empty."""

    lines: tuple[str, ...]
    shade: float | None = None


@dataclass(frozen=True)
class Matrix:
    """Cells by row and column; `across` and `down` say what the two are."""

    title: str
    down: str
    across: str
    names: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]

    def svg(self, width: float) -> str:
        """As of a chart."""
        drawn = _Drawn(width)
        y = drawn.head(self.title)
        width = min(width, NARROW + 150)
        left = min(max(_wide(name, _SMALL) for name in self.names) + 24, 0.34 * width)
        side = (width - left) / len(self.names)
        tall = min(side, 56.0)
        written = side >= 30
        turned = any(_wide(name, _SMALL) > side - 4 for name in self.names)
        longest = max(_wide(name, _SMALL) for name in self.names)
        drawn.text(left + (width - left) / 2, y + 12, self.across, _SMALL, "soft", "middle")
        y += 18
        y += min(longest, 110) + 6 if turned else 18
        for place, name in enumerate(self.names):
            x = left + (place + 0.5) * side
            drawn.text(x + 4 * turned, y - 5, name, _SMALL, "", "" if turned else "middle", turned=turned, room=110)
        drawn.text(11, y + tall * len(self.names) / 2, self.down, _SMALL, "soft", "middle", turned=True)
        for row, cells in enumerate(self.cells):
            top = y + row * tall
            drawn.text(left - 6, top + tall / 2 + 4, self.names[row], _SMALL, "", "end", room=left - 24)
            for column, cell in enumerate(cells):
                here, box = left + column * side, f'width="{_n(side - 2)}" height="{_n(tall - 2)}"'
                rect = f'x="{_n(here + 1)}" y="{_n(top + 1)}" {box}'
                if cell.shade is None:
                    drawn.add(f'<rect class="none" {rect}/>')
                else:
                    drawn.add(f'<rect class="cell" fill-opacity="{0.06 + 0.34 * cell.shade:.2f}" {rect}/>')
                letters = min([_SMALL, *(11 * (side - 6) / _wide(line, 11) for line in cell.lines if line)])
                if written and letters >= 7:
                    start = top + tall / 2 + 4 - (len(cell.lines) - 1) * 6.5
                    for number, line in enumerate(cell.lines):
                        drawn.text(here + side / 2, start + 13 * number, line, letters, "", "middle")
        return drawn.done(y + tall * len(self.names) + 4)


Drawing: TypeAlias = Chart | Whiskers | Dots | Matrix
_Place: TypeAlias = Callable[[float, float], tuple[float, float]]


class _Titled(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def drawings(self) -> tuple[Drawing, ...]: ...


class _Drawn:
    """The elements of a drawing, so far."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.parts: list[str] = []

    def add(self, element: str) -> None:
        self.parts.append(element)

    def head(self, title: str) -> float:
        """Write the title, in as many lines as it takes, and return where it ends."""
        lines: list[str] = []
        for word in title.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and _wide(longer, 13.5) <= self.width:
                lines[-1] = longer
            else:
                lines.append(word)
        for number, line in enumerate(lines):
            self.text(0, 14 + 17 * number, line, 13, "strong", room=self.width)
        return 5.0 + 17 * len(lines)

    def path(self, path: str, kind: str, thick: float = 1, dash: str = "") -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(f'<path class="{kind}" stroke-width="{thick:g}"{dashed} d="{path}"/>')

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.add(f'<circle class="mark {colour}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>')

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
        said = escape(printable(_fitted(" ".join(text.split()), room, size)))
        more = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
        place = f'transform="translate({_n(x)} {_n(y)}) rotate(-90)"' if turned else f'x="{_n(x)}" y="{_n(y)}"'
        self.add(f'<text {place} font-size="{size:.3g}"{more}>{said}</text>')

    def done(self, height: float) -> str:
        box = f"0 0 {_n(self.width)} {_n(height)}"
        start = f'<svg class="drawing" viewBox="{box}" preserveAspectRatio="xMinYMin" aria-hidden="true">'
        return f"{start}{''.join(self.parts)}</svg>"


def _key(drawn: _Drawn, y: float, entries: Sequence[tuple[str, Colour, str, bool]]) -> float:
    """Which line is which, in rows under the title; returns where it ends."""
    x = 0.0
    for label, colour, dash, points in entries:
        wide = 24 + _wide(label, _SMALL) + 14
        if x and x + wide > drawn.width:
            x, y = 0.0, y + 17
        drawn.path(f"M{_n(x)} {_n(y + 8)}h18", f"line {colour}", 2, dash)
        if points:
            drawn.disc(x + 9, y + 8, 3.5, colour)
        drawn.text(x + 23, y + 12, label, _SMALL, room=drawn.width - x - 23)
        x += wide
    return y + 17 if entries else y


def _runs(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The numbers from one to before another, row of dots by row."""
    while first < last:
        end = min(last, (first // _DOTS + 1) * _DOTS)
        yield first, end
        first = end


def _through(spots: Iterable[tuple[float, float]]) -> str:
    """A path through all points but those that are not there, and without those that cannot be told from the last."""
    path, last, pen = [], (math.inf, math.inf), "M"
    for x, y in spots:
        if math.isnan(x + y):
            pen = "M"
        elif pen == "M" or abs(x - last[0]) + abs(y - last[1]) >= 0.7:
            path.append(f"{pen}{_n(x)} {_n(y)}")
            pen, last = "L", (x, y)
    return "".join(path)


def _wide(text: str, size: float) -> float:
    """About how wide a text is: letters of East Asia are as wide as they are high."""
    return size * sum(
        0.0 if unicodedata.combining(letter) else 1.0 if unicodedata.east_asian_width(letter) in "WF" else _LETTER
        for letter in text
    )


def _fitted(text: str, room: float, size: float) -> str:
    if _wide(text, size) <= room:
        return text
    while text and _wide(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def standing_alone(figure: _Titled, source: str) -> str:
    """A figure's drawings as one file that may leave its page: with title, source, and colours for light and dark."""
    drawn = [_Drawn(WIDE)]
    head = drawn[0].head("".join(span.text for span in parse_spans(figure.title)))
    parts, y = list(drawn[0].parts), head
    for drawing in figure.drawings:
        svg = drawing.svg(WIDE)
        height = float(svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split(" ")[1])
        parts.append(svg.replace("<svg ", f'<svg y="{_n(y)}" width="{WIDE:g}" height="{_n(height)}" ', 1))
        y += height + 16
    foot = _Drawn(WIDE)
    foot.text(0, y + 6, source, _SMALL, "soft", room=WIDE)
    size = f'viewBox="-12 -8 {WIDE + 24:g} {_n(y + 24)}" width="{WIDE + 24:g}" height="{_n(y + 24)}"'
    style = f"{css('colours')}{css('drawing')}svg {{ background: var(--paper); }}"
    start = f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" {size}><style>{style}</style>'
    return f"{start}{''.join((*parts, *foot.parts))}</svg>\n"


def css(name: str) -> str:
    """A style sheet of this package, without what only its writers need."""
    text = files(__package__).joinpath(f"{name}.css").read_text("utf-8")
    return " ".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split())
