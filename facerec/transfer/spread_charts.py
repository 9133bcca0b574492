"""Charts of distances between faces, on axes that they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from facerec.reporting.figures import GREY, INK
from facerec.transfer.spread import SHARES, GroupSpread, Matrix

_WRITTEN = 14
"""More groups than this, and numbers in cells can no longer be read."""


def photo_heat_map(axes: Axes, distances: Matrix, groups: Sequence[str]) -> None:
    """Draw distances between single photos, sorted by group.

    Parameters
    ----------
    axes : Axes
    distances : ndarray, float64, shape (n, n)
    groups : sequence of str
        Of each photo; equal ones stand together.
    """
    apart = distances[~np.eye(len(distances), dtype=bool)]
    image = axes.imshow(
        distances,
        cmap=mpl.colormaps["cividis"],
        vmin=float(np.quantile(apart, 0.01)),
        vmax=float(np.quantile(apart, 0.99)),
        interpolation="nearest",
    )
    names = list(dict.fromkeys(groups))
    starts = [groups.index(name) for name in names]
    ends = [*starts[1:], len(groups)]
    for start in starts[1:]:
        axes.axhline(start - 0.5, color="white", linewidth=0.7, linestyle="-")
        axes.axvline(start - 0.5, color="white", linewidth=0.7, linestyle="-")
    middles = [(start + end - 1) / 2 for start, end in zip(starts, ends, strict=True)]
    _named(axes, names, middles)
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.75, pad=0.02)
    bar.set_label("Euclidean distance")
    bar.outline.set_visible(False)


def group_heat_map(axes: Axes, names: Sequence[str], distances: Matrix) -> None:
    """Draw mean distances by group and group, with their numbers.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
    distances : ndarray, float64, shape (n, n)
    """
    colours = mpl.colormaps["cividis"]
    image = axes.imshow(distances, cmap=colours, aspect="auto")
    low, high = image.get_clim()
    for row in range(len(names)) if len(names) <= _WRITTEN else ():
        for column in range(len(names)):
            shade = colours((distances[row, column] - low) / max(high - low, 1e-9))
            dark = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] < 0.5
            axes.text(
                column,
                row,
                f"{distances[row, column]:.3f}",
                ha="center",
                va="center",
                fontsize=8,
                fontweight="bold" if row == column else "normal",
                color="white" if dark else INK,
            )
    _named(axes, names, range(len(names)))


def threshold_lines(
    axes: Axes, groups: Sequence[GroupSpread], shares: Sequence[float], shown: Callable[[str], str]
) -> None:
    """Draw each group's share of pairs beyond a threshold over that of all pairs; the smallest spread first.

    Parameters
    ----------
    axes : Axes
    groups : sequence of GroupSpread
    shares : sequence of float
        Of all pairs.
    shown : callable
        A group's name for people.
    """
    places = np.arange(len(SHARES))
    for group in sorted(groups, key=lambda each: each.variance):
        ratio = np.array(group.alike) / np.maximum(np.array(shares), 1e-300)
        axes.plot(places, np.where(ratio > 0, ratio, np.nan), marker="o", markersize=4, label=shown(group.group))
    axes.axhline(1, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(places, [f"{100 * share:g} %" for share in SHARES])
    axes.set_xlabel("threshold that this share of all pairs reaches: lax on the left, strict on the right")
    axes.set_ylabel("share of own pairs, all = 1")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def _named(axes: Axes, names: Sequence[str], places: Sequence[float]) -> None:
    turned = len(names) > 4
    axes.set_xticks(list(places), list(names), rotation=45 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(list(places), list(names))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
