"""The chart of an audit of drift: how much each rate changed, with its interval, around the line of no change."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audits.drift.results import RateChange
from audits.report.common.charts import short
from audits.report.common.drawn_names import drawn_names
from facerec.reporting.figures import BLUE, GREY, INK, VERMILION

_WORSE, _BETTER, _OPEN = (VERMILION, ">"), (BLUE, "<"), (GREY, "o")


def change_forest(axes: Axes, changes: Sequence[RateChange], *, name: str) -> None:
    """Draw changes with their intervals, one below the other, on a linear scale.

    Parameters
    ----------
    axes : Axes
        A height of 0.75 + 0.27 n inches suits n rows.
    changes : sequence of RateChange
        Of one rate, the first one at the top; one without a group is of everybody.
    name : str
        Of the rate, such as ``FMR``.
    """
    reach = max([1e-6, *(abs(end) for one in changes if one.change.trials for end in _ends(one))])
    axes.axvline(0, color=INK, linewidth=1.0)
    for place, one in enumerate(changes):
        found = one.change
        if not found.trials:
            _beside(axes, place, "not measured", left=True)
            continue
        colour, mark = _WORSE if found.regression else _BETTER if found.gain else _OPEN
        axes.plot(_ends(one), [place, place], "-", color=colour, linewidth=1.6)
        face = "white" if mark == "o" else colour
        axes.plot([found.value], [place], mark, color=colour, markersize=6, markerfacecolor=face, markeredgewidth=1.4)
        _beside(axes, place, f"+{found.worse:,} −{found.better:,} of {found.trials:,}")
    axes.set_xlim(-1.08 * reach, 1.08 * reach)
    axes.xaxis.set_major_locator(MaxNLocator(7, symmetric=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+g}" if value else "0"))
    drawn = drawn_names([one.group for one in changes if one.by])
    axes.set_yticks(range(len(changes)), [short(drawn[one.group]) if one.by else "everybody" for one in changes])
    axes.set_ylim(len(changes) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_title(f"Change of {name} in percentage points: fewer errors ← 0 → more errors")


def _ends(change: RateChange) -> tuple[float, float]:
    return change.change.interval.low, change.change.interval.high


def _beside(axes: Axes, place: int, text: str, *, left: bool = False) -> None:
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
