"""What is left out of a report that is passed on: counts so small that they are about single people.

The rule, for a smallest count N. A group is shown where it has at least N people, and at least N comparisons of each
kind that occurs. A rate of it is shown where its errors, and the trials that were none, are 0 or at least N; otherwise
it is withheld with its counts. A cell of the matrix follows both. How many pairs lack a label is told where each of
those counts is 0 or at least N.

Leaving out one number is not enough where its neighbours and their sum are shown, because the difference gives it
back. So more go with it, the next smallest first, in the whole and in every margin that is shown too, until what is
missing is as large as the smallest count that may be shown. Whatever is computed over all groups, such as a largest
difference, goes too, and so do curves over thresholds, each of whose steps is one comparison. The bars of a histogram
follow the same rule: `large_bars`.

The rates over everybody stay, however few their errors are, and so do notes on the table as a whole, such as how many
of its rows repeat others: they name no group, so they tell of nobody what was not known of everybody in the table, and
a report without them could not be judged. A claim about everybody keeps its numbers for the same reason; a claim about
a grouping that lost anything keeps its verdict alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audits.tables.groups import split_attributes
from facerec.errors import ArgumentError
from facerec.reporting import Column, Table

UNLABELLED = "\0"
"""Stands for the rows without a label; no label can be this one."""


class Sized(NamedTuple):
    """A group, its labels in the order of the grouping's attributes, and its smallest count."""

    name: str
    labels: tuple[str, ...]
    size: float


@dataclass(frozen=True)
class Suppressed:
    """What was left out of one grouping.

    Attributes
    ----------
    by : str
    groups : tuple of str
        Groups of fewer people or comparisons than may be shown, and those that would give them away.
    cells : int
        How many cells of the matrix of groups are missing.
    rates : tuple of str
        Rates of shown groups that are withheld, such as ``female: FMR``; and the counts of pairs without a label.
    """

    by: str
    groups: tuple[str, ...]
    cells: int
    rates: tuple[str, ...] = ()


def check_smallest(smallest: int) -> None:
    """Raise `ArgumentError` where `smallest` would let single people be shown."""
    if smallest < 2:
        message = f"the smallest cell that is shown has at least 2 people or comparisons; got {smallest}"
        raise ArgumentError(message)


def few(errors: int, trials: int, smallest: int) -> bool:
    """Whether so few trials were errors, or were none, that they are about single people; 0 is nobody."""
    return 0 < errors < smallest or 0 < trials - errors < smallest


def too_small(
    sizes: Mapping[str, Sequence[Sized]], smallest: int, *, hidden: Mapping[str, set[str]] | None = None
) -> dict[str, set[str]]:
    """The groups that must not be shown, by grouping.

    Parameters
    ----------
    sizes : mapping of str to sequence of Sized
        For each grouping its groups.
    smallest : int
        The smallest size that may be shown.
    hidden : mapping of str to set of str, optional
        Groups that are not shown for another reason.

    Returns
    -------
    dict of str to set of str
        Groups below that size, and those that would give them away.
    """
    away = {
        by: {group.name for group in groups if group.size < smallest} | (hidden or {}).get(by, set())
        for by, groups in sizes.items()
    }
    margins = list(_margins(sizes))
    changed = True
    while changed:
        changed = False
        for by, members in margins:
            gone = [group.size for group in members if group.name in away[by] and math.isfinite(group.size)]
            kept = [group for group in members if group.name not in away[by]]
            if gone and kept and (len(gone) == 1 or sum(gone) < smallest):
                away[by].add(min((group.size, group.name) for group in kept)[1])
                changed = True
    return away


def _margins(sizes: Mapping[str, Sequence[Sized]]) -> Iterator[tuple[str, list[Sized]]]:
    """Groups whose sum is shown too: all of a grouping, and those that make up a group of a coarser one."""
    for fine, groups in sizes.items():
        attributes = split_attributes(fine)
        yield fine, list(groups)
        for coarse in sizes:
            wanted = split_attributes(coarse)
            if set(wanted) < set(attributes):
                parts: dict[tuple[str, ...], list[Sized]] = defaultdict(list)
                for group in groups:
                    parts[tuple(group.labels[attributes.index(name)] for name in wanted)].append(group)
                yield from ((fine, members) for members in parts.values())


def large_bars(counts: NDArray[np.int64], smallest: int) -> NDArray[np.int64]:
    """The bars of a histogram that may be shown beside their sum; the others become 0.

    Parameters
    ----------
    counts : ndarray, int64, shape (n,)
        Pairs in each bar.
    smallest : int
        The smallest bar that may be shown. Where a single bar is hidden, or fewer pairs than that in all, the next
        smallest is hidden too.

    Examples
    --------
    >>> large_bars(np.array([9, 2, 7, 0, 30]), 5), large_bars(np.array([9, 7, 0, 30]), 5)
    (array([ 9,  0,  0,  0, 30]), array([ 9,  7,  0, 30]))
    """
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    hidden = int(np.count_nonzero(counts[order] < smallest))
    while 0 < hidden < len(order) and (hidden == 1 or counts[order[:hidden]].sum() < smallest):
        hidden += 1
    shown = counts.copy()
    shown[order[:hidden]] = 0
    return shown


def suppressed_table(suppressed: Sequence[Suppressed], smallest: int) -> Table:
    """What was left out of a report that is passed on, and by which rule."""
    return Table(
        f"Left out because a count is below {smallest}, or because it would give such a count away",
        (
            Column("grouping"),
            Column("groups left out"),
            Column("rates withheld"),
            Column("cells of the matrix left out", "count"),
        ),
        tuple(
            (each.by, "; ".join(each.groups) or "none", "; ".join(each.rates) or "none", each.cells)
            for each in suppressed
        ),
        notes=(
            f"A group is shown from {smallest} people and {smallest} comparisons of each kind that occurs on.",
            f"A rate is shown where its errors, and the trials that were none, are 0 or at least {smallest}.",
            "Where sums would give back what is left out, the next smallest goes too.",
            "Indices and tests over groups of which one is left out are left out too.",
            "Curves over other thresholds are left out, because each of their steps is one comparison.",
            "Rates over everybody are shown however few their errors, because they tell nothing about a group.",
        ),
    )
