"""The charts of an audit, on axes that they are given; ``facerec.reporting.figures.draw`` makes the drawing.

A rate of 0 has no place on a log scale. It is drawn as what it is worth: an open mark at the upper bound of its
interval, or a hatched cell, and never as nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from audits.statistics.estimates import Estimate
from facerec.reporting import write_number
from facerec.reporting.figures import BLUE, GREY, INK

MOST_DRAWN = 30
"""Groups that a reader can tell apart in one drawing."""

THE_HIGHEST = f" Of so many groups the {MOST_DRAWN} with the highest rates are drawn; the tables hold all."

_LABELLED_CELLS = 12  # more groups than this, and numbers in cells can no longer be read
_LONGEST = 28
_FEW_DECADES = 200  # a log axis that spans less is labelled at 1, 2 and 5, a longer one at its decades


def short(label: str) -> str:
    """A group's name as long as a chart has room for."""
    line = " ".join(label.split()).replace("$", r"\$")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def highest(rows: Sequence[tuple[str, Estimate]]) -> list[tuple[str, Estimate]]:
    """The rows of groups that a forest has room for: all of them, or the `MOST_DRAWN` highest rates in their order."""
    if len(rows) <= MOST_DRAWN:
        return list(rows)
    ranked = sorted((-found.value, place) for place, (_, found) in enumerate(rows) if found.measured)
    return [rows[place] for place in sorted(place for _, place in ranked[:MOST_DRAWN])]


def forest(axes: Axes, rows: Sequence[tuple[str, Estimate]], *, name: str, strong: int = 1) -> None:
    """Draw rates with their intervals, one below the other, on a log scale.

    A height of 0.9 + 0.3 n inches suits n rows; the first one is at the top. `name` is that of the rate, such as
    ``FMR``. The first `strong` rows are of everybody, and are drawn as squares.
    """
    highs = [found.interval.high for _, found in rows if found.measured]
    lows = [found.interval.low for _, found in rows if found.measured and found.interval.low > 0]
    floor = 10.0 ** math.floor(math.log10(min([*lows, *(high / 3 for high in highs), 0.5])))
    floor = max(floor, min(highs, default=1) / 1e5)
    for place, (_, found) in enumerate(rows):
        if not found.measured:
            beside(axes, place, "withheld" if found.withheld else "not measured", left=True)
            continue
        colour = INK if place < strong else BLUE
        low, high = max(found.interval.low, floor), max(found.interval.high, floor)
        axes.plot([low, high], [place, place], "-", color=colour, linewidth=1.6)
        if found.errors:
            axes.plot([found.value], [place], "s" if place < strong else "o", color=colour, markersize=5.5)
        else:
            axes.plot([high], [place], "<", color=colour, markersize=6, markerfacecolor="white", markeredgewidth=1.4)
        beside(axes, place, f"{found.errors:,} of {found.trials:,}")
    axes.set_xscale("log")
    axes.set_xlim(floor, min(1.0, 1.6 * max(highs, default=1.0)))
    plain_powers(axes.xaxis)
    one_below_the_other(axes, [label for label, _ in rows])
    axes.set_title(name)


def one_below_the_other(axes: Axes, labels: Sequence[str]) -> None:
    """Rows with these names, the first one at the top."""
    axes.set_yticks(range(len(labels)), [short(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def beside(axes: Axes, place: int, text: str, *, left: bool = False) -> None:
    """Write on the right of a row, in small, or `left`, where its mark would be."""
    axes.annotate(
        text,
        (0 if left else 1, place),
        (4, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=8.5 if left else 7.5,
        color=GREY,
    )


def heat_map(
    axes: Axes,
    names: Sequence[str],
    cells: Mapping[tuple[int, int], Estimate],
    *,
    side: str = "reference",
    nothing: str = "no pairs",
) -> None:
    """Draw a rate of probe group by another group, log scale; cells without an error are hatched.

    `names` are the groups: rows from the top are the probe's, columns the other's, of whom `side` tells. A cell that is
    missing was suppressed, and is drawn empty with a dash; `nothing` stands in a cell without trials.
    """
    values = [cell.value for cell in cells.values() if cell.errors]
    low, high = (min(values), max(values)) if values else (1e-3, 1e-2)
    norm = LogNorm(low / 1.5, max(high, low * 3))
    colours = mpl.colormaps["cividis"].reversed()
    written = len(names) <= _LABELLED_CELLS
    for row in range(len(names)):
        for column in range(len(names)):
            cell = cells.get((row, column))
            corner = (column - 0.5, row - 0.5)
            if cell is None or not cell.measured:
                axes.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor="#c9ced6", linewidth=0.8))
                text, ink = ("–" if cell is None else nothing), GREY
            elif not cell.errors:
                axes.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor=GREY, hatch="////", linewidth=0.8))
                text, ink = f"0 of {cell.trials:,}\n< {write_number(cell.interval.high, 'rate')}", INK
            else:
                shade = colours(norm(cell.value))
                axes.add_patch(Rectangle(corner, 1, 1, facecolor=shade, edgecolor="white", linewidth=0.8))
                text = f"{write_number(cell.value, 'rate')}\n{cell.errors:,} of {cell.trials:,}"
                ink = "white" if 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] < 0.5 else INK
            if written:
                plate = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if "<" in text else None
                axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=ink, bbox=plate)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    labels = [short(name) for name in names]
    axes.set_xticks(
        range(len(names)), labels, rotation=0 if len(names) <= 3 else 45, ha="center" if len(names) <= 3 else "right"
    )
    axes.set_yticks(range(len(names)), labels)
    axes.set_xlabel(side)
    axes.set_ylabel("probe")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def plain_powers(axis: Axis) -> None:
    """Label a log axis with plain numbers, which cost a tenth of what typeset powers do."""
    low, high = axis.get_view_interval()
    if low > 0 and high < _FEW_DECADES * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
