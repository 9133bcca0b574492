"""Charts of learning: accuracy over what it took (photos, steps, multiply-adds), and which classes are confused.

As in ``charts``, nothing here computes a result; intervals come from who measured them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator, PercentFormatter
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.reporting.columns import write_number
from facerec.reporting.figures import GREY, INK

_MARKERS = "osD^vPX*h"


@dataclass(frozen=True)
class Series:
    """A line with its band.

    Attributes
    ----------
    label : str
    x, y : tuple of float
        In ascending order of x.
    low, high : tuple of float
        Ends of each value's interval; empty for a line without a band.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or len(self.low) != len(self.high) or len(self.low) not in (0, len(self.x)):
            message = f"line {self.label!r} needs one y, and one interval or none, per x; got {len(self.x)} x"
            raise ArgumentError(message)


@dataclass(frozen=True)
class Bubble:
    """A result at its cost.

    Attributes
    ----------
    label : str
        Bubbles of one label share a colour and are joined by a line.
    x, y : float
        Cost, above 0, and accuracy, 0 … 1.
    low, high : float
        Ends of the accuracy's interval.
    size : float
        What its area shows, above 0.
    """

    label: str
    x: float
    y: float
    low: float
    high: float
    size: float


def accuracy_bands(
    axes: Axes,
    series: Sequence[Series],
    *,
    unit: str,
    ticks: Sequence[float] = (),
    floor: tuple[str, float] | None = None,
) -> None:
    """Draw accuracy with bands over a log axis.

    Parameters
    ----------
    axes : Axes
    series : sequence of Series
        x above 0, y 0 … 1.
    unit : str
        What x is.
    ticks : sequence of float
        Where the axis has its marks; empty: every x.
    floor : (str, float), optional
        Name and accuracy of a baseline, drawn as a line.
    """
    for number, each in enumerate(series):
        line = axes.plot(each.x, each.y, marker=_MARKERS[number % len(_MARKERS)], markersize=5, label=each.label)[0]
        if len(each.x) > 1 and each.low:
            axes.fill_between(each.x, each.low, each.high, color=line.get_color(), alpha=0.13, linewidth=0)
        elif each.low:
            axes.plot(
                [each.x[0]] * 2, [each.low[0], each.high[0]], color=line.get_color(), linewidth=1.2, linestyle="-"
            )
    if floor is not None:
        axes.axhline(floor[1], color=GREY, linewidth=1, linestyle=(0, (4, 3)), label=floor[0])
    axes.set_xscale("log")
    places = sorted(set(ticks) or {x for each in series for x in each.x})
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel(unit)
    axes.set_ylabel("accuracy")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def cost_bubbles(axes: Axes, bubbles: Sequence[Bubble], *, unit: str, size_unit: str) -> None:
    """Draw accuracy over cost on a log axis, the area of each bubble showing something else.

    Parameters
    ----------
    axes : Axes
    bubbles : sequence of Bubble
        Those of one label in ascending order of x.
    unit : str
        What x is.
    size_unit : str
        What the areas show.
    """
    largest = max((each.size for each in bubbles), default=1.0)
    for label in dict.fromkeys(each.label for each in bubbles):
        own = [each for each in bubbles if each.label == label]
        x, y = [each.x for each in own], [each.y for each in own]
        line = axes.plot(x, y, linewidth=1, alpha=0.6)[0]
        colour = line.get_color()
        axes.vlines(
            x, [each.low for each in own], [each.high for each in own], color=colour, linewidth=1, linestyle="-"
        )
        axes.scatter(
            x,
            y,
            s=[20 + 130 * each.size / largest for each in own],
            color=colour,
            alpha=0.75,
            edgecolor="white",
            linewidth=0.8,
            zorder=3,
            label=label,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write_number(value, "amount")))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel(unit)
    axes.set_ylabel("accuracy")
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title=size_unit)
    legend.get_title().set_fontsize(8.5)
    for handle in legend.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set_sizes([40])


def learning_curves(axes: Axes, series: Sequence[Series], *, name: str, percent: bool, legend: bool) -> None:
    """Draw a quantity over the steps of trainings.

    Parameters
    ----------
    axes : Axes
    series : sequence of Series
        x are steps.
    name : str
        Of the quantity.
    percent : bool
        Whether it is a share.
    legend : bool
        Whether the lines are named here.
    """
    for number, each in enumerate(series):
        axes.plot(each.x, each.y, marker=_MARKERS[number % len(_MARKERS)], markersize=4, label=each.label)
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlim(left=0)
    axes.set_xlabel("steps")
    axes.set_title(name)
    if legend:
        axes.legend(loc="best")


def confusion(axes: Axes, names: Sequence[str], counts: NDArray[np.int64]) -> None:
    """Draw how often each class was taken for each other one; shades are shares of the row.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
    counts : ndarray, int64, shape (n, n)
        Rows are the right classes, columns the answers.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    colours = mpl.colormaps["cividis"].reversed()
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="equal")
    for row in range(len(names)):
        for column in range(len(names)):
            shade = colours(shares[row, column])
            dark = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] < 0.5
            text = f"{counts[row, column]:,}" if counts[row, column] else "·"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if dark else INK)
    short = [name if len(name) <= 18 else f"{name[:17]}…" for name in names]
    turned = len(names) > 4
    axes.set_xticks(range(len(names)), short, rotation=45 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(range(len(names)), short)
    axes.set_xlabel("answer")
    axes.set_ylabel("right class")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
