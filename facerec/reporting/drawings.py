"""Drawings as values: charts, rows with intervals, dots out of a thousand, and matrices, drawn as SVG of any width.

They are drawn by the page that shows them: text is text in whatever fonts and script its reader has, and colours are
those of the reader's scheme (``colours.css``), so that nothing is white in the dark. A drawing knows its own height;
narrow ones are laid out anew, so that letters keep their size on a phone. Nothing here decides or computes anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from facerec.errors import ArgumentError
from facerec.reporting.axes import Axis
from facerec.reporting.inline import parse_spans
from facerec.reporting.pen import NARROW, SIZE, SMALL, WIDE, Colour, Pen, path_through, px, width_of
from facerec.reporting.style_sheets import css

COLOURS: tuple[Colour, ...] = ("a", "b", "c", "d", "e", "f", "g")
_DASHES = ("", "6 3", "2 3")
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
        pen = Pen(width)
        y = pen.head(self.title)
        named = [(place, line) for place, line in enumerate(self.lines) if line.label]
        y = _key(pen, y, [(line.label, *self._look(place, line)) for place, line in named])
        left = 10 + max((width_of(text, SMALL) for _, text in self.y.ticks), default=0.0) + (16 if self.y.name else 0)
        right, height = width - 12.0, min(0.62 * width, 320.0)
        top, bottom = y + 8, y + 8 + height

        def at(x: float, y: float) -> tuple[float, float]:
            return left + (right - left) * self.x.at(x), bottom - height * self.y.at(y)

        for value, text in self.y.ticks:
            level = at(self.x.low, value)[1]
            pen.path(f"M{px(left)} {px(level)}H{px(right)}", "grid")
            pen.text(left - 6, level + 4, text, SMALL, "soft", "end")
        pen.path(f"M{px(left)} {px(bottom)}H{px(right)}", "axis")
        last = -math.inf
        for value, text in self.x.ticks:
            across, half = at(value, self.y.low)[0], width_of(text, SMALL) / 2
            pen.path(f"M{px(across)} {px(bottom)}v4", "axis")
            if across - half > last + 4:
                pen.text(min(across, width - half), bottom + 17, text, SMALL, "soft", "middle")
                last = across + half
        for rule in self.rules:
            here = at(rule.at, self.y.low)[0] if rule.across == "x" else at(self.x.low, rule.at)[1]
            pen.path(
                f"M{px(here)} {px(top)}V{px(bottom)}" if rule.across == "x" else f"M{px(left)} {px(here)}H{px(right)}",
                "axis",
                dash="4 3",
            )
            if rule.label and rule.across == "x":
                flipped = here + 5 + width_of(rule.label, SMALL) > right
                pen.text(here - 5 if flipped else here + 5, top + 9, rule.label, SMALL, "soft", "end" * flipped)
            elif rule.label:
                pen.text(right, here - 4, rule.label, SMALL, "soft", "end")
        for place, line in enumerate(self.lines):
            self._line(pen, line, place, at, bottom)
        if self.x.name:
            pen.text((left + right) / 2, bottom + 34, self.x.name, SMALL, "", "middle", room=width)
        if self.y.name:
            pen.text(11, (top + bottom) / 2, self.y.name, SMALL, "", "middle", turned=True)
        return pen.done(bottom + (42 if self.x.name else 24))

    def _look(self, place: int, line: Line) -> tuple[Colour, str, bool]:
        dash = "" if line.colour else _DASHES[place // len(COLOURS) % len(_DASHES)]
        return line.colour or COLOURS[place % len(COLOURS)], dash, line.points

    def _line(self, pen: Pen, line: Line, place: int, at: _Place, bottom: float) -> None:
        colour, dash, _ = self._look(place, line)
        rows = line.x if not line.steps else line.x[:-1]
        spots = [at(x, y) for x, y in zip(rows, line.y, strict=True)]
        ends = [(at(x, low), at(x, high)) for x, low, high in zip(rows, line.low, line.high, strict=False) if line.low]
        if line.steps:
            edges = [at(x, 0 if self.y.scale == "linear" else self.y.low)[0] for x in line.x]
            outline = "".join(f"V{px(y)}H{px(right)}" for (_, y), right in zip(spots, edges[1:], strict=True))
            path = f"M{px(edges[0])} {px(bottom)}{outline}V{px(bottom)}"
        else:
            path = path_through(spots)
        if line.filled:
            pen.path(path, f"area {colour}")
        if ends and line.joined and len(ends) > 1:
            known = [pair for pair in ends if not any(math.isnan(each) for spot in pair for each in spot)]
            pen.path(
                f"{path_through([low for low, _ in known])}L{path_through([high for _, high in known][::-1])[1:]}Z",
                f"area {colour}",
            )
        elif ends:
            pen.path("".join(f"M{px(x)} {px(low)}V{px(high)}" for (x, low), (_, high) in ends), f"line {colour}", 1.3)
        if line.joined or line.steps:
            pen.path(path, f"line {colour}", 1.8 if not line.sizes else 1, dash)
        if line.points:
            for number, (x, y) in enumerate(spots):
                if not math.isnan(x + y):
                    pen.disc(x, y, 2.5 + 7 * math.sqrt(line.sizes[number]) if line.sizes else 4, colour)
        for name, (x, y) in zip(line.names, spots, strict=False):
            over = x + 7 + width_of(name, SMALL) > pen.width
            pen.text(x - 7 if over else x + 7, y - 7, name, SMALL, "soft", "end" * over)


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
        pen = Pen(width)
        y = pen.head(self.title) + 4
        names = max((width_of(row.label, SIZE) for row in self.rows), default=0.0) + 14
        words = max((width_of(row.said, SIZE) for row in self.rows), default=0.0) + 14
        beside = width > 1.3 * NARROW and (
            (names <= 0.38 * width and words <= 0.4 * width) or names + words <= 0.75 * width
        )
        left = names if beside else 8.0
        right = width - (words if beside else 8.0)
        apart = any(width_of(row.label, SIZE) + width_of(row.said, SIZE) + 8 > width for row in self.rows)
        tall = 24.0 if beside else 54.0 if apart else 42.0
        bottom = y + tall * len(self.rows) + 4

        def at(value: float) -> float:
            return left + (right - left) * self.axis.at(value)

        for value, text in self.axis.ticks:
            pen.path(f"M{px(at(value))} {px(y)}V{px(bottom)}", "grid")
            half = width_of(text, SMALL) / 2
            pen.text(min(max(at(value), half), width - half), bottom + 14, text, SMALL, "soft", "middle")
        if self.zero is not None:
            pen.path(f"M{px(at(self.zero))} {px(y)}V{px(bottom)}", "axis")
        for place, row in enumerate(self.rows):
            line, strong = y + tall * (place + 1), "strong" if row.strong else ""
            level = line - (8 if beside else 9)
            if beside:
                pen.text(0, level + 4, row.label, SIZE, strong, room=left - 8)
                pen.text(right + 12, level + 4, row.said, SIZE, strong or "soft", room=width - right - 12)
            else:
                pen.text(0, level - (29 if apart else 13), row.label, SIZE, strong, room=width)
                at_left = (0.0, "") if apart else (width, "end")
                pen.text(at_left[0], level - 13, row.said, SIZE, strong or "soft", at_left[1], room=width)
            if math.isnan(row.value):
                continue
            low, high = at(row.low), at(row.high)
            pen.path(f"M{px(low)} {px(level)}H{px(high)}", f"line {row.colour}", 2)
            if row.bound:
                pen.path(f"M{px(high)} {px(level - 5)}v10l-7-5z", f"open {row.colour}", 1.5)
            else:
                pen.disc(at(row.value), level, 5, row.colour)
        if self.axis.name:
            pen.text((left + right) / 2, bottom + 30, self.axis.name, SMALL, "", "middle", room=width)
        return pen.done(bottom + (36 if self.axis.name else 20))


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
        pen = Pen(width)
        y = pen.head(self.title) + 2
        pitch = width / _DOTS
        for row in self.rows:
            pen.text(0, y + 13, row.label, 13, "strong", room=width - width_of(row.said, 13) - 8)
            pen.text(width, y + 13, row.said, 13, "", "end")
            y += 20
            for kind, size, first, last in (
                (f"dots {row.colour}", 0.84, 0, row.outlined),
                ("hole", 0.5, row.filled, row.outlined),
                ("dots rest", 0.32, row.outlined, row.of),
            ):
                parts = []
                for start, end in _runs(first, last):
                    level, across = (0.5 + each for each in divmod(start, _DOTS))
                    parts.append(f"M{px(across * pitch)} {px(y + level * pitch)}h{px((end - start - 0.9) * pitch)}")
                if parts:
                    style = ' style="color:var(--soft)"' if kind == "dots rest" else ""
                    pen.add(
                        f'<path class="{kind}"{style} stroke-width="{px(size * pitch)}" '
                        f'stroke-dasharray="0 {pitch:.4g}" d="{"".join(parts)}"/>'
                    )
            y += math.ceil(row.of / _DOTS) * pitch + 14
        return pen.done(y - 8)


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
        pen = Pen(width)
        y = pen.head(self.title)
        width = min(width, NARROW + 150)
        left = min(max(width_of(name, SMALL) for name in self.names) + 24, 0.34 * width)
        side = (width - left) / len(self.names)
        tall = min(side, 56.0)
        written = side >= 30
        turned = any(width_of(name, SMALL) > side - 4 for name in self.names)
        longest = max(width_of(name, SMALL) for name in self.names)
        pen.text(left + (width - left) / 2, y + 12, self.across, SMALL, "soft", "middle")
        y += 18
        y += min(longest, 110) + 6 if turned else 18
        for place, name in enumerate(self.names):
            x = left + (place + 0.5) * side
            pen.text(x + 4 * turned, y - 5, name, SMALL, "", "" if turned else "middle", turned=turned, room=110)
        pen.text(11, y + tall * len(self.names) / 2, self.down, SMALL, "soft", "middle", turned=True)
        for row, cells in enumerate(self.cells):
            top = y + row * tall
            pen.text(left - 6, top + tall / 2 + 4, self.names[row], SMALL, "", "end", room=left - 24)
            for column, cell in enumerate(cells):
                here, box = left + column * side, f'width="{px(side - 2)}" height="{px(tall - 2)}"'
                rect = f'x="{px(here + 1)}" y="{px(top + 1)}" {box}'
                if cell.shade is None:
                    pen.add(f'<rect class="none" {rect}/>')
                else:
                    pen.add(f'<rect class="cell" fill-opacity="{0.06 + 0.34 * cell.shade:.2f}" {rect}/>')
                letters = min([SMALL, *(11 * (side - 6) / width_of(line, 11) for line in cell.lines if line)])
                if written and letters >= 7:
                    start = top + tall / 2 + 4 - (len(cell.lines) - 1) * 6.5
                    for number, line in enumerate(cell.lines):
                        pen.text(here + side / 2, start + 13 * number, line, letters, "", "middle")
        return pen.done(y + tall * len(self.names) + 4)


Drawing: TypeAlias = Chart | Whiskers | Dots | Matrix
_Place: TypeAlias = Callable[[float, float], tuple[float, float]]


class _Titled(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def drawings(self) -> tuple[Drawing, ...]: ...


def _key(pen: Pen, y: float, entries: Sequence[tuple[str, Colour, str, bool]]) -> float:
    """Which line is which, in rows under the title; returns where it ends."""
    x = 0.0
    for label, colour, dash, points in entries:
        wide = 24 + width_of(label, SMALL) + 14
        if x and x + wide > pen.width:
            x, y = 0.0, y + 17
        pen.path(f"M{px(x)} {px(y + 8)}h18", f"line {colour}", 2, dash)
        if points:
            pen.disc(x + 9, y + 8, 3.5, colour)
        pen.text(x + 23, y + 12, label, SMALL, room=pen.width - x - 23)
        x += wide
    return y + 17 if entries else y


def _runs(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The numbers from one to before another, row of dots by row."""
    while first < last:
        end = min(last, (first // _DOTS + 1) * _DOTS)
        yield first, end
        first = end


def standing_alone(figure: _Titled, source: str) -> str:
    """A figure's drawings as one file that may leave its page: with title, source, and colours for light and dark."""
    pen = Pen(WIDE)
    y = pen.head("".join(span.text for span in parse_spans(figure.title)))
    for drawing in figure.drawings:
        svg = drawing.svg(WIDE)
        height = float(svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split(" ")[1])
        pen.add(svg.replace("<svg ", f'<svg y="{px(y)}" width="{WIDE:g}" height="{px(height)}" ', 1))
        y += height + 16
    pen.text(0, y + 6, source, SMALL, "soft", room=WIDE)
    size = f'viewBox="-12 -8 {WIDE + 24:g} {px(y + 24)}" width="{WIDE + 24:g}" height="{px(y + 24)}"'
    style = f"{css('colours')}{css('drawing')}svg {{ background: var(--paper); }}"
    start = f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" {size}><style>{style}</style>'
    return f"{start}{''.join(pen.parts)}</svg>\n"
