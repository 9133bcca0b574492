"""Figures that several reports have: rates of groups with their intervals, and a matrix of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from audits.report.common import charts
from audits.report.common.drawn_names import drawn_key, drawn_names
from audits.statistics.estimates import Estimate
from facerec.reporting import Figure, plain, write_number
from facerec.reporting.figures import draw


def forest_figure(
    groups: Sequence[str], rates: Mapping[str, Sequence[Estimate]], *, alt: str, caption: str, margin: float = 0.75
) -> Figure:
    """Rates with their intervals, a chart for each rate by its name: everybody's first, then each of the `groups`.

    `margin` is the room above and below a chart, in inches.
    """
    drawn = drawn_names(groups).values()
    plots = []
    for name, (everybody, *found) in rates.items():
        rows = [("everybody", everybody), *charts.highest(list(zip(drawn, found, strict=True)))]
        plots.append(partial(charts.forest, rows=rows, name=name))
    height = margin + 0.27 * (min(len(groups), charts.MOST_DRAWN) + 1)
    many = charts.THE_HIGHEST if len(groups) > charts.MOST_DRAWN else ""
    return Figure(draw(*plots, height=len(plots) * height), alt=alt, caption=f"{caption}{drawn_key(groups)}{many}")


def two_rates_figure(
    by: str, groups: Sequence[str], rates: Mapping[str, Sequence[Estimate]], *, of: str, silent: bool = False
) -> Figure:
    """Both error rates at the threshold, of everybody and of each of the `groups`; `of` what the trials are.

    `silent`: some group is not among them, because the report is passed on.
    """
    told = "; ".join(_highest(name, groups, found[1:], silent=silent) for name, found in rates.items())
    return forest_figure(
        groups,
        rates,
        alt=f"{' and '.join(rates)} by {by} with intervals: {told}",
        caption=(
            f"Error rates by {plain(by)} at the one threshold, log scale; errors and {of} stand on the "
            "right. An open triangle is the upper bound of a group without errors."
        ),
    )


def _highest(rate: str, groups: Sequence[str], found: Sequence[Estimate], *, silent: bool) -> str:
    silent = silent or any(each.withheld for each in found)
    measured = [(each.value, name) for name, each in zip(groups, found, strict=True) if each.measured]
    if not measured:
        return f"{rate} {'withheld' if silent else 'not measured in any group'}"
    value, name = max(measured)
    told = f"{rate} highest for {name} with {write_number(value, 'rate')}"
    return f"{told}, of the groups shown" if silent else told


def heat_figure(
    groups: Sequence[str],
    cells: Mapping[tuple[str, str], Estimate],
    *,
    alt: str,
    caption: str,
    side: str = "reference",
    nothing: str = "no pairs",
) -> Figure:
    """A rate by the probe's group and another group, as ``charts.heat_map`` draws it."""
    place = {name: number for number, name in enumerate(groups)}
    placed = {(place[probe], place[other]): found for (probe, other), found in cells.items()}
    names = list(drawn_names(groups).values())
    size = min(7.0, 2.4 + 0.75 * len(groups))
    plot = partial(charts.heat_map, names=names, cells=placed, side=side, nothing=nothing)
    return Figure(draw(plot, width=size + 0.6, height=size * 0.8), alt=alt, caption=f"{caption}{drawn_key(groups)}")
