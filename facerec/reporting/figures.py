"""Drawings in the house style: functions that draw on axes go in, the text of an SVG comes out.

Text is drawn as outlines (``svg.fonttype`` ``path``), not as letters: a report is read for years on machines whose
fonts are unknown, and a label that grows by a tenth runs into its neighbour; what must be found by searching stands in
the tables, the alt text and the JSON. Only a label in a script that the house font lacks (Chinese, Thai …) is letters,
for which its readers have a font: outlines of it would be empty boxes. Drawings are white cards in any colour scheme,
because colours that are told apart on white are not told apart on black.

matplotlib's settings are global to the process: they are changed under a lock and put back, and nothing here touches
``pyplot``.
"""

from __future__ import annotations

import io
import math
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import Any, Final, TypeAlias

import matplotlib.style
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

from facerec.errors import ArgumentError
from facerec.reporting.inline import printable

Plot: TypeAlias = Callable[[Axes], None]
"""Draws one chart on one pair of axes."""

# Okabe & Ito, "Color Universal Design" (2008): told apart with any of the common colour vision deficiencies.
BLACK: Final = "#000000"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
INK: Final = "#1c2430"
GREY: Final = "#6b7480"

WIDTH: Final = 7.0
"""Width of a drawing in inches: a line of a page's prose on screen, and the width between the margins of A4."""

_FONT = "DejaVu Sans"  # matplotlib brings this one along
_HOUSE = {
    "font.family": [_FONT],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    # Line style changes after the last colour, so that 21 groups differ, and in print without colour at least three.
    "axes.prop_cycle": cycler(linestyle=["-", "--", ":"])
    * cycler(color=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK]),
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "patch.linewidth": 1.2,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "facerec",
}

_settings = threading.RLock()


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with matplotlib's defaults and the house style; one thread at a time, the others wait."""
    with _settings, matplotlib.style.context(_HOUSE, after_reset=True):
        yield


def draw(*plots: Plot, width: float = WIDTH, height: float = 3.6, columns: int = 1) -> str:
    """Draw one chart per function, row by row, and return the SVG.

    Each of `plots` is given its axes, for example ``partial(score_histogram, histogram=..., threshold=...)``. `width`
    and `height` are of the whole drawing, in inches; `columns` are charts per row. The text is the same for the same
    charts, whenever and wherever it is drawn with the same matplotlib. `ArgumentError` if there is no chart to draw, or
    a size is not positive.
    """
    if not plots or columns < 1 or not (width > 0 and height > 0):
        message = f"nothing to draw: {len(plots)} charts in {columns} columns on {width} × {height} inches"
        raise ArgumentError(message)
    with house_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        for number, plot in enumerate(plots, 1):
            plot(figure.add_subplot(math.ceil(len(plots) / columns), columns, number))
        return to_svg(figure)


def to_svg(figure: Figure) -> str:
    """Return a matplotlib figure that was drawn elsewhere as SVG; its own style stays as it is."""
    with house_style(), _letters_where_outlines_are_missing(figure):
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = printable(file.getvalue())
    # No prolog, no ids of groups, which nothing refers to, and no comments, in which matplotlib repeats the texts: a
    # name in them may be no XML.
    drawn = re.sub(r'<!--.*?-->|(?<=<g) id="[^"]*"', "", text[text.index("<svg") :], flags=re.DOTALL)
    return " ".join(drawn.split()).replace("> <", ">\n<") + "\n"


@contextmanager
def _letters_where_outlines_are_missing(figure: Figure) -> Iterator[None]:
    """Write the labels of a figure that the house font has no outlines for as letters of the reader's own fonts."""
    # In words of this module alone, so that nobody else's warnings are hushed; asked for twice it stands there once.
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning, re.escape(__name__))
    for axis in figure.findobj(Axis):
        axis.get_ticklabels()  # which gives the labels their texts
    with ExitStack() as put_back:
        for label in figure.findobj(Text):
            if any(sign.isprintable() and ord(sign) not in _outlines() for sign in label.get_text()):
                label.draw = partial(_draw_letters, label.draw)  # type: ignore[method-assign]
                put_back.callback(delattr, label, "draw")
        yield


def _draw_letters(drawing: Callable[..., None], *given: Any, **named: Any) -> None:  # noqa: ANN401 - matplotlib's
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        drawing(*given, **named)


@cache
def _outlines() -> frozenset[int]:
    """The signs that the house font has."""
    return frozenset(get_font(findfont(_FONT)).get_charmap())
