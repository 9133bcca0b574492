"""Figures that several reports have: a matrix of groups, and changes around the line of none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from audits.drift.results import RateChange
from audits.statistics.estimates import Estimate
from facerec.reporting import Figure, axes, share_digits
from facerec.reporting.drawings import Cell, Colour, Matrix, Whisker, Whiskers

MOST_DRAWN = 30
"""Groups that a reader can tell apart in one drawing."""


def heat_figure(
    groups: Sequence[str],
    cells: Mapping[tuple[str, str], Estimate],
    *,
    title: str,
    alt: str,
    caption: str,
    side: str = "reference",
    nothing: str = "no pairs",
) -> Figure:
    """A rate by the probe's group and another group, of whom `side` tells; darker is more, on a log scale.

    A cell that is missing was suppressed, and is drawn empty with a dash; `nothing` stands in a cell without trials.
    """
    values = [found.value for found in cells.values() if found.errors]
    low, high = (math.log(min(values)), math.log(max(values))) if values else (0.0, 1.0)

    def cell(found: Estimate | None) -> Cell:
        if found is None or not found.measured:
            return Cell(("–" if found is None else nothing,))
        if not found.errors:
            return Cell((f"< {share_digits(found.interval.high)} %", f"0 of {found.trials:,}"))
        shade = (math.log(found.value) - low) / (high - low) if high > low else 1.0
        return Cell((f"{share_digits(found.value)} %", f"{found.errors:,} of {found.trials:,}"), shade)

    rows = tuple(tuple(cell(cells.get((probe, other))) for other in groups) for probe in groups)
    return Figure((Matrix("", "probe", side, tuple(groups), rows),), alt=alt, caption=caption, title=title)


def changes(title: str, entries: Iterable[tuple[str, RateChange]]) -> Whiskers:
    """Changes of rates in percentage points around 0: orange rose for sure, blue fell for sure, grey neither."""
    rows = []
    for label, entry in entries:
        found = entry.change
        colour: Colour = "b" if found.regression else "a" if found.gain else "s"
        said = "not measured"
        if found.trials:
            value, low, high = (
                f"{100 * each:+.2g}" if each else "0" for each in (found.value, found.interval.low, found.interval.high)
            )
            said = f"{value} ({low} to {high})".replace("-", "−")
        rows.append(Whisker(label, found.value, found.interval.low, found.interval.high, said, colour))
    ends = [abs(end) for row in rows for end in (row.low, row.high) if math.isfinite(end)]
    reach = max([1e-6, *ends])
    name = "percentage points: ← fewer errors · more errors →"
    return Whiskers(title, axes.linear(name, [-reach, reach], percent=True), tuple(rows), zero=0.0)
