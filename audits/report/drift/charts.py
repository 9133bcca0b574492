"""The chart of an audit of drift: how much each rate changed, with its interval, around the line of no change."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audits.drift.results import RateChange
from audits.report.common.charts import beside, one_below_the_other
from audits.report.common.drawn_names import drawn_names
from facerec.reporting.figures import BLUE, GREY, INK, VERMILION

_WORSE, _BETTER, _OPEN = (VERMILION, ">"), (BLUE, "<"), (GREY, "o")


def change_forest(axes: Axes, changes: Sequence[RateChange], *, name: str) -> None:
    """Draw changes of one rate with their intervals, one below the other, on a linear scale.

    A height of 0.75 + 0.27 n inches suits n rows; the first one is at the top. A change without a group is of
    everybody. `name` is that of the rate, such as ``FMR``.
    """
    reach = max([1e-6, *(abs(end) for one in changes if one.change.trials for end in _ends(one))])
    axes.axvline(0, color=INK, linewidth=1.0)
    for place, one in enumerate(changes):
        found = one.change
        if not found.trials:
            beside(axes, place, "not measured", left=True)
            continue
        colour, mark = _WORSE if found.regression else _BETTER if found.gain else _OPEN
        axes.plot(_ends(one), [place, place], "-", color=colour, linewidth=1.6)
        face = "white" if mark == "o" else colour
        axes.plot([found.value], [place], mark, color=colour, markersize=6, markerfacecolor=face, markeredgewidth=1.4)
        beside(axes, place, f"+{found.worse:,} −{found.better:,} of {found.trials:,}")
    axes.set_xlim(-1.08 * reach, 1.08 * reach)
    axes.xaxis.set_major_locator(MaxNLocator(7, symmetric=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+g}" if value else "0"))
    drawn = drawn_names([one.group for one in changes if one.by])
    one_below_the_other(axes, [drawn[one.group] if one.by else "everybody" for one in changes])
    axes.set_title(f"Change of {name} in percentage points: fewer errors ← 0 → more errors")


def _ends(change: RateChange) -> tuple[float, float]:
    return change.change.interval.low, change.change.interval.high
