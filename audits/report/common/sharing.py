"""What is left out of a report that is passed on: numbers that are about a few people.

Two limits. ``people``: a group is shown where it has at least so many people, and at least so many comparisons of each
kind that occurs, for fewer are about fewer people; so is a cell of the matrix, and how many pairs lack a label. Within
a group of so many nobody can be told apart, however few of them met with an error, so errors are not counted unless
somebody asks for it. ``counts``: a rate is shown where its errors, and the trials that were none, are 0 or at least so
many; otherwise it is withheld with its counts.

Leaving out one number is not enough where its neighbours and their sum are shown, because the difference gives it
back. So more go with it, the next smallest first, in the whole and in every margin that is shown too, until what is
missing is as large as the limit. What is computed over a rate of all groups, such as a largest difference, goes too,
and so do curves over thresholds, each of whose steps is one comparison. The bars of a histogram follow the same rule:
`large_bars`.

The rates over everybody stay, however few their errors are, and so do notes on the table as a whole, such as how many
of its rows repeat others: they name no group, so they tell of nobody what was not known of everybody in the table, and
a report without them could not be judged. A claim keeps every number that is shown, and its verdict.
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
class ShareLimits:
    """From which size on numbers stand in a report that is passed on.

    `people` is the least of people, and of comparisons or predictions of each kind that occurs, of a group; `counts`
    that of errors, and of trials that were none, of a group's rate, where they are not 0 (0: however few).
    `ArgumentError` if `people` is less than 2, or `counts` is negative.
    """

    people: int = 10
    counts: int = 0

    def __post_init__(self) -> None:
        if self.people < 2 or self.counts < 0:
            message = (
                "a group that is shown has at least 2 people, and a count at least 0 errors; "
                f"got {self.people} and {self.counts}"
            )
            raise ArgumentError(message)

    @property
    def small_groups(self) -> str:
        """What is left out for its people, in words."""
        return f"fewer than {self.people:,} people or comparisons"

    @property
    def small_counts(self) -> str:
        """What is withheld for its errors, in words."""
        return f"fewer than {self.counts:,} errors, or fewer than {self.counts:,} trials without one"


@dataclass(frozen=True)
class Suppressed:
    """What was left out of one grouping.

    `groups` are of fewer people or comparisons than may be shown, or would give them away; `cells` are missing from the
    matrix of groups, such as ``female against male``; `rates` of shown groups are withheld, such as ``female: FMR``,
    and so are the counts of pairs without a label; `indices` are the rates over whose groups no index and no test is
    told, such as ``FMR``.
    """

    by: str
    groups: tuple[str, ...]
    cells: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()


MATCHED = "both people of one group"
"""Whose rate it is, where it is of all pairs within a group."""


def few(errors: int, trials: int, smallest: int) -> bool:
    """Whether so few trials were errors, or were none, that they are about single people; 0 is nobody."""
    return 0 < errors < smallest or 0 < trials - errors < smallest


def too_small(
    sizes: Mapping[str, Sequence[Sized]], smallest: int, *, hidden: Mapping[str, set[str]] | None = None
) -> dict[str, set[str]]:
    """By grouping the groups that must not be shown: those below a size, and those that would give them away.

    `sizes` holds the groups of each grouping, `smallest` is the smallest size that may be shown, and `hidden` are the
    groups that are not shown for another reason.
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
    """The bars of a histogram, in pairs, that may be shown beside their sum; the others become 0.

    `smallest` is the smallest bar that may be shown. Where a single bar is hidden, or fewer pairs than that in all, the
    next smallest is hidden too.

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


def told_losses(suppressed: Sequence[Suppressed], limits: ShareLimits, *, curves: bool) -> tuple[str, ...]:
    """What a report that is passed on leaves out, one sentence each; said before it is written."""
    away = "or what would give them away"
    said = []
    for each in suppressed:
        by = f"by {each.by}"
        if each.groups:
            said.append(f"{by}, groups of {limits.small_groups}, {away}: {', '.join(each.groups)}")
        if each.rates:
            said.append(f"{by}, rates and counts that are too small, {away}: {', '.join(each.rates)}")
        if each.cells:
            said.append(f"{by}, {len(each.cells):,} cells of the matrix of groups")
        if each.indices:
            said.append(f"{by}, indices and tests of {' and '.join(each.indices)}")
    if curves:
        said.append("curves over other thresholds, each of whose steps is one comparison")
    return tuple(said)


def suppressed_table(suppressed: Sequence[Suppressed], limits: ShareLimits) -> Table:
    """What was left out of a report that is passed on, and by which rule."""
    counted = (f"A rate is withheld where it has {limits.small_counts}; 0 is shown.",) if limits.counts else ()
    return Table(
        "Left out because it is about few people, or because it would give that away",
        (
            Column("grouping"),
            Column("groups left out"),
            Column("rates withheld"),
            Column("cells of the matrix left out", "count"),
        ),
        tuple(
            (each.by, "; ".join(each.groups) or "none", "; ".join(each.rates) or "none", len(each.cells))
            for each in suppressed
        ),
        notes=(
            f"Shown are groups of {limits.people} people, and as many comparisons of each kind that occurs, or more.",
            f"Shown are cells of the matrix of {limits.people} comparisons or more.",
            *counted,
            "Where sums would give back what is left out, the next smallest goes too.",
            "Indices and tests of a rate that is left out for a group are left out too.",
            "Curves over other thresholds are left out, because each of their steps is one comparison.",
            "Rates over everybody are shown however few their errors, because they tell nothing about a group.",
        ),
    )
