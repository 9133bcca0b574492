"""The drawings of the report on faces: each group's error under each method, and error against the worst group's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from facerec.reporting import Figure, plain, write_number
from facerec.reporting.figures import GREY, INK, draw
from facerec.transfer.attributes.groups import GroupGap
from facerec.transfer.attributes.judged import ErrorRate, Judged
from facerec.transfer.comparing import Method

_MARKS = "osD^vPX*h"


def group_figure(judged: Sequence[Judged], names: Mapping[Method, str], *, attribute: str) -> Figure:
    """Error of each group under each method, with intervals; the group with the highest mean error at the top.

    Parameters
    ----------
    judged : sequence of Judged
        One or more.
    names : mapping of method to str
    attribute : str
        What was predicted.
    """
    groups = [each.group for each in judged[0].measured]
    means = {group: sum(_of(each, group).value for each in judged) / len(judged) for group in groups}
    ordered = sorted(groups, key=lambda group: -means[group])
    height = 1.2 + len(ordered) * (0.16 + 0.1 * len(judged))
    return Figure(
        draw(partial(_dots, judged=judged, groups=ordered, names=names), height=height),
        alt=f"Error by group: highest on average for {told(ordered[0])}, {write_number(means[ordered[0]], 'percent')}, "
        f"lowest for {told(ordered[-1])}, {write_number(means[ordered[-1]], 'percent')}",
        caption=f"Wrong answers about {plain(attribute)} by group, with 95 % intervals from the audit. Open marks at "
        "the top are of everybody; groups in the order of their mean error.",
        data={
            f"{names[each.method]}, {group}: error, low, high": _numbers(_of(each, group))
            for each in judged
            for group in ordered
        },
    )


def worst_figure(judged: Sequence[Judged], gaps: Sequence[GroupGap], names: Mapping[Method, str]) -> Figure:
    """The worst group's error over everybody's, one mark per method."""
    worst = {each.method: each for each in gaps}
    points = [(each.overall.value, worst[each.method].worst_error, names[each.method]) for each in judged]
    least = min(points, key=lambda point: point[1])
    return Figure(
        draw(partial(_scatter, points=points), height=3.4),
        alt=f"Worst group's error over everybody's; lowest worst group under {least[2]}, "
        f"{write_number(least[1], 'percent')}",
        caption="Down is better for the worst group, left is better for everybody. On the dashed line the worst "
        "group would fare like everybody; the distance above it is partly chance, because it is the worst of many.",
        data={
            "everybody": [x for x, _, _ in points],
            "worst group": [y for _, y, _ in points],
        },
    )


def told(group: str) -> str:
    """A group's name for people.

    >>> told("Latino_Hispanic,Female")
    'Latino Hispanic, Female'
    """
    return group.replace("_", " ").replace(",", ", ")


def _of(judged: Judged, group: str) -> ErrorRate:
    return next(each for each in judged.groups if each.group == group)


def _numbers(rate: ErrorRate) -> tuple[float, float, float]:
    return rate.value, rate.interval.low, rate.interval.high


def _dots(axes: Axes, *, judged: Sequence[Judged], groups: Sequence[str], names: Mapping[Method, str]) -> None:
    lines = ["", *groups]
    step = 0.74 / max(1, len(judged))
    for number, each in enumerate(judged):
        rates = [each.overall, *(_of(each, group) for group in groups)]
        places = [row + (number - (len(judged) - 1) / 2) * step for row in range(len(lines))]
        colour = axes.plot([], [], marker=_MARKS[number % len(_MARKS)], linestyle="", label=names[each.method])[
            0
        ].get_color()
        for place, rate in zip(places, rates, strict=True):
            axes.plot([rate.interval.low, rate.interval.high], [place, place], "-", color=colour, linewidth=1.1)
            axes.plot(
                [rate.value],
                [place],
                _MARKS[number % len(_MARKS)],
                color=colour,
                markersize=4.5,
                markerfacecolor="white" if not rate.group else colour,
            )
    for row in range(len(lines) - 1):
        axes.axhline(row + 0.5, color="#e3e6ea" if row else GREY, linewidth=0.8, linestyle="-", zorder=0)
    axes.set_yticks(range(len(lines)), ["everybody", *map(told, groups)])
    axes.set_ylim(len(lines) - 0.45, -0.55)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("wrong answers")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2)


def _scatter(axes: Axes, *, points: Sequence[tuple[float, float, str]]) -> None:
    most = 1.08 * max(0.01, *(y for _, y, _ in points))  # where nothing is wrong, the axes need a length
    axes.plot([0, most], [0, most], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    for number, (x, y, name) in enumerate(points):
        axes.plot([x], [y], marker=_MARKS[number % len(_MARKS)], linestyle="", markersize=7, label=name)
    axes.set_xlim(0, most)
    axes.set_ylim(0, most)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("wrong answers, everybody")
    axes.set_ylabel("wrong answers, worst group")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), labelcolor=INK)
