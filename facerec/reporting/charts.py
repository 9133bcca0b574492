"""Charts of matching and of learning: `prepare_histogram` computes, the others draw on axes that they are given.

None of them decides anything: the operating point, the rates and their intervals come from who measured them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator, PercentFormatter
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.reporting.columns import UNMEASURED, Kind, write_number
from facerec.reporting.figures import BLUE, GREY, INK, VERMILION

_DET_TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.5)
_DET_MOST = 0.5
_MARKERS = "osD^vPX*h"


@dataclass(frozen=True, eq=False)
class DetLine:
    """Error rates over the thresholds: `fmr` and `fnmr`, rates 0 … 1, float64 (n,), in threshold order."""

    label: str
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]

    def __post_init__(self) -> None:
        fmr, fnmr = (np.array(rates, np.float64) for rates in (self.fmr, self.fnmr))
        if fmr.ndim != 1 or fmr.shape != fnmr.shape:
            message = f"DET curve {self.label!r} needs two arrays of shape (n,); got {fmr.shape} and {fnmr.shape}"
            raise ArgumentError(message)
        for rates in (fmr, fnmr):
            if not np.all((rates >= 0) & (rates <= 1)):
                message = f"DET curve {self.label!r} needs rates 0 … 1; a group without trials has no curve"
                raise ArgumentError(message)
            rates.setflags(write=False)
        object.__setattr__(self, "fmr", fmr)
        object.__setattr__(self, "fnmr", fnmr)


@dataclass(frozen=True)
class OperatingMark:
    """Where a threshold lies on a DET chart; `fmr` and `fnmr` are rates 0 … 1."""

    label: str
    fmr: float
    fnmr: float

    def __post_init__(self) -> None:
        if not (0 <= self.fmr <= 1 and 0 <= self.fnmr <= 1):
            message = f"operating point {self.label!r} needs rates 0 … 1; got FMR {self.fmr}, FNMR {self.fnmr}"
            raise ArgumentError(message)


def det_curve(axes: Axes, curves: Sequence[DetLine], *, marks: Sequence[OperatingMark] = ()) -> None:
    """Draw FNMR over FMR, both on normal-deviate axes: a line per curve, a diamond with its label per mark.

    Scores that are normal for genuine and impostor pairs make a straight line. A rate of 0 lies at minus infinity
    and is drawn at the axis' lower end; rates above one half are left out. Martin et al. (1997), "The DET curve in
    assessment of detection task performance", Eurospeech.
    """
    floors = (
        _floor([*(c.fmr for c in curves), *(m.fmr for m in marks)]),
        _floor([*(c.fnmr for c in curves), *(m.fnmr for m in marks)]),
    )
    for curve in curves:
        x, y = _thinned(_probit(curve.fmr, floors[0]), _probit(curve.fnmr, floors[1]))
        axes.plot(x, y, label=curve.label)
    for mark in marks:
        x, y = _probit(np.array([mark.fmr]), floors[0]), _probit(np.array([mark.fnmr]), floors[1])
        axes.plot(x, y, "D", color=INK, markersize=6, markerfacecolor="white", markeredgewidth=1.6, zorder=5)
        axes.annotate(mark.label, (x[0], y[0]), (8, 6), textcoords="offset points", fontsize=8.5)
    for axis, floor, name in (
        (axes.xaxis, floors[0], "false match rate (FMR)"),
        (axes.yaxis, floors[1], "false non-match rate (FNMR)"),
    ):
        ticks = [tick for tick in _DET_TICKS if floor <= tick <= _DET_MOST]
        axis.set_ticks(list(_probit(np.array(ticks), floor)), [_tick(tick) for tick in ticks])
        axis.set_label_text(name)
    axes.set_xlim(*_probit(np.array([floors[0], _DET_MOST]), floors[0]))
    axes.set_ylim(*_probit(np.array([floors[1], _DET_MOST]), floors[1]))
    if curves:
        axes.legend(loc="upper right")


@dataclass(frozen=True, eq=False)
class Histogram:
    """Genuine and impostor pairs, int64 (n,), in the same bins between `edges`, float64 (n + 1,).

    Pairs without a score are in no bin; `unmeasured` counts them.
    """

    edges: NDArray[np.float64]
    genuine: NDArray[np.int64]
    impostor: NDArray[np.int64]
    unmeasured: int

    @property
    def data(self) -> dict[str, tuple[float, ...]]:
        """The numbers by name, for ``page.Figure``."""
        return {name: tuple(getattr(self, name).tolist()) for name in ("edges", "genuine", "impostor")}


def prepare_histogram(
    genuine: ArrayLike,
    impostor: ArrayLike,
    *,
    bins: int = 60,
    counts: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
) -> Histogram:
    """Count scores, (n,) and (m,), NaN for a pair without one, in bins of equal width over the range of all.

    `counts` (n,) and (m,) say how many pairs have each score; None: one. Then there are no NaN.

    `ArgumentError` if there is no score at all, a score is infinite, or `bins` is less than 1.
    """
    scores = [np.asarray(values, np.float64).ravel() for values in (genuine, impostor)]
    measured = [values[~np.isnan(values)] for values in scores]
    together = np.concatenate(measured)
    if not together.size or not np.isfinite(together).all() or bins < 1:
        message = f"a histogram needs finite scores and at least one bin; got {together.size} scores, {bins} bins"
        raise ArgumentError(message)
    edges = np.histogram_bin_edges(together, bins)
    weights = (None, None) if counts is None else counts
    found = [
        np.histogram(values, edges, weights=each)[0].astype(np.int64)
        for values, each in zip(measured, weights, strict=True)
    ]
    return Histogram(edges, found[0], found[1], sum(map(len, scores)) - len(together))


def score_histogram(axes: Axes, histogram: Histogram, *, threshold: float | None = None, unit: str = "score") -> None:
    """Draw genuine and impostor scores as shares of their own number; right of the line `threshold` are matches."""
    for name, counts, colour, line in (
        ("impostor", histogram.impostor, VERMILION, "--"),
        ("genuine", histogram.genuine, BLUE, "-"),
    ):
        total = int(counts.sum())
        label = f"{name}, {total:,} pairs"
        shares = counts / max(total, 1)
        axes.stairs(shares, histogram.edges, fill=True, color=colour, alpha=0.18)
        axes.stairs(shares, histogram.edges, color=colour, linestyle=line, linewidth=1.4, label=label)
    if histogram.unmeasured:
        axes.plot([], [], " ", label=f"{histogram.unmeasured:,} pairs without a score")
    axes.set_ylim(0, None)
    axes.set_xlabel(unit)
    axes.set_ylabel("share of pairs")
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=1.2)
        axes.annotate(
            f"threshold {threshold:.3f}",
            (threshold, 1),
            (4, -3),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            va="top",
            fontsize=8.5,
        )
    axes.margins(x=0.02)
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.12), ncols=3, borderaxespad=0)


def bars(
    axes: Axes,
    labels: Sequence[str],
    values: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    kind: Kind = "number",
    unit: str = "",
) -> None:
    """Draw one horizontal bar per value, the first at the top, each with its number; 0.8 + 0.3 n inches suit n bars.

    `values`, `low` and `high` have the shape (n,): 0 or more, with the ends of their intervals, both or neither; NaN is
    written "not measured" and has no bar. `kind` says how the numbers are written, as in a table, `unit` what they are.
    `ArgumentError` if there are other than n labels.
    """
    sizes = np.asarray(values, np.float64)
    ends = None if low is None or high is None else np.array([low, high], np.float64)
    if sizes.shape != (len(labels),) or (ends is not None and ends.shape != (2, len(labels))):
        message = f"bars need one value and one interval per label; got {len(labels)} labels, values {sizes.shape}"
        raise ArgumentError(message)
    rows = np.arange(len(labels))
    measured = np.nan_to_num(sizes)
    axes.barh(rows, measured, height=0.62, color=BLUE, alpha=0.85)
    if ends is not None:
        reach = np.nan_to_num(np.abs(ends - sizes))
        axes.errorbar(measured, rows, xerr=reach, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    for row, size in enumerate(sizes):
        right = measured[row] if ends is None or np.isnan(size) else ends[1, row]
        text = UNMEASURED if np.isnan(size) else write_number(size, kind)
        colour = GREY if np.isnan(size) else INK
        axes.annotate(text, (right, row), (5, 0), textcoords="offset points", va="center", fontsize=8.5, color=colour)
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(unit)
    axes.margins(x=0.14)
    axes.set_xlim(left=0)  # after the margins: it fixes both ends


@dataclass(frozen=True)
class Series:
    """A line in ascending order of x, with its band from `low` to `high`; both are empty where there is none."""

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
    """A result: its cost `x`, above 0, and its accuracy `y`, 0 … 1, with the interval from `low` to `high`.

    Those of one label share a colour and are joined by a line; the area shows `size`, above 0.
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
    """Draw accuracy, 0 … 1, with bands over a log axis of x, above 0, whose meaning is `unit`.

    The axis has its marks at `ticks`, by default at every x; `floor` is the name and accuracy of a baseline.
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
    _of_accuracy(axes, unit)
    places = sorted(set(ticks) or {x for each in series for x in each.x})
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def cost_bubbles(axes: Axes, bubbles: Sequence[Bubble], *, unit: str, size_unit: str) -> None:
    """Draw accuracy over cost (`unit`) on a log axis, the areas showing `size_unit`; a label's bubbles ascend in x."""
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
    _of_accuracy(axes, unit)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write_number(value, "amount")))
    axes.xaxis.set_minor_formatter(NullFormatter())
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title=size_unit)
    legend.get_title().set_fontsize(8.5)
    for handle in legend.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set_sizes([40])


def accuracy_points(axes: Axes, points: Mapping[str, Sequence[Bubble]], *, unit: str) -> None:
    """Draw accuracies with intervals over an x whose meaning is `unit`; a colour for each kind, a name at each."""
    for number, (kind, own) in enumerate(points.items()):
        x, y = [each.x for each in own], [each.y for each in own]
        below, above = [each.y - each.low for each in own], [each.high - each.y for each in own]
        axes.errorbar(
            x, y, yerr=[below, above], fmt=_MARKERS[number % len(_MARKERS)], markersize=6, capsize=2, label=kind
        )
        if not number:
            for each in own:
                axes.annotate(each.label, (each.x, each.y), xytext=(6, 6), textcoords="offset points", fontsize=8)
    _of_accuracy(axes, unit)
    axes.set_xscale("linear")
    axes.margins(x=0.18)
    axes.legend(loc="best")


def learning_curves(axes: Axes, series: Sequence[Series], *, name: str, percent: bool, legend: bool) -> None:
    """Draw a quantity, by its name and in percent where it is a share, over the steps of trainings."""
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
    """Draw how often each class (row of `counts`, int64 (n, n)) was answered as each other; shades are row shares."""
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


def _of_accuracy(axes: Axes, unit: str) -> None:
    axes.set_xscale("log")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel(unit)
    axes.set_ylabel("accuracy")


def _floor(rates: Sequence[ArrayLike]) -> float:
    """The tick at or below the smallest rate that is not 0, and below 0.01 so that the axis has a length."""
    together = np.concatenate([np.ravel(part) for part in rates]) if rates else np.empty(0)
    smallest = min([0.005, *together[together > 0].tolist()])
    return max((tick for tick in _DET_TICKS if tick <= smallest), default=_DET_TICKS[0])


def _probit(rates: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    deviate = NormalDist().inv_cdf
    return np.array([deviate(rate) for rate in np.clip(rates, floor, 1 - 1e-6).tolist()])


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Leave out points that cannot be told apart from the one before: 0.002 deviates are a fifth of a pixel."""
    grid = np.round(np.column_stack([x, y]) / 0.002)
    keep = np.ones(len(x), bool)
    keep[1:] = (grid[1:] != grid[:-1]).any(axis=1)
    return x[keep], y[keep]


def _tick(rate: float) -> str:
    return f"{rate:g}" if rate >= 1e-3 else f"1e-{round(-np.log10(rate))}"
