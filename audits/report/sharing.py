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
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audits.statistics.disparity import Disparity
from audits.statistics.estimates import RateEstimate
from audits.tables.groups import split_attributes
from audits.verification.results import CrossRate, GroupingAudit, GroupRates, VerificationAudit
from facerec.errors import ArgumentError
from facerec.types import Interval, Rate

_NOTHING = Disparity((), (), (), (), ())
_RateName = Literal["fmr", "fnmr", "fta"]
_RATES: tuple[_RateName, ...] = ("fmr", "fnmr", "fta")
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


def suppress(audit: VerificationAudit, smallest: int) -> tuple[VerificationAudit, tuple[Suppressed, ...]]:
    """Leave out every group and every cell below a size; what is returned does not hold them any more.

    Parameters
    ----------
    audit : VerificationAudit
    smallest : int
        How many people, and how many comparisons of each kind that occurs, a group needs to be shown; at least 2.

    Returns
    -------
    VerificationAudit
        Without those groups and cells. A grouping that lost a group also loses its indices, tests and shrunk rates.
    tuple of Suppressed
        One for each grouping that lost anything.

    Raises
    ------
    ArgumentError
        If `smallest` is less than 2.
    """
    check_smallest(smallest)
    unlabelled = {grouping.by for grouping in audit.groupings if _few_unlabelled(grouping, smallest)}
    sizes = {
        grouping.by: [Sized(group.group, group.labels, _size(group)) for group in grouping.groups]
        for grouping in audit.groupings
    }
    for by in unlabelled:  # they complete the sum of the groups, and are never large enough to hide another
        sizes[by].append(Sized(UNLABELLED, (UNLABELLED,) * len(split_attributes(by)), 0.0))
    hidden = too_small(sizes, smallest)
    withheld = {name: _withheld(audit, name, hidden, smallest) for name in _RATES}
    left, lost = [], []
    for grouping in audit.groupings:
        by = grouping.by
        gone = hidden[by]
        names = tuple(group.group for group in grouping.groups if group.group in gone)
        rates = [
            f"{group.group}: {name.upper()}"
            for group in grouping.groups
            for name in _RATES
            if group.group not in gone and group.group in withheld[name][by]
        ]
        cross = _shown_cells(grouping.cross, gone, withheld["fmr"][by], smallest)
        shown = replace(grouping, cross=cross)
        if _is_few(grouping.matched_fmr, smallest):
            shown = replace(shown, matched_fmr=_nothing(grouping.matched_fmr))
            rates.append("both people of one group: FMR")
        if by in unlabelled:
            shown = replace(shown, unlabelled=None)
            rates.append("pairs without a label")
        if names or rates:
            shown = replace(
                shown,
                groups=tuple(
                    _without(group, {name for name in _RATES if group.group in withheld[name][by]})
                    for group in grouping.groups
                    if group.group not in gone
                ),
                disparity=_NOTHING,
                shrunk_fmr=(),
                shrunk_fnmr=(),
                tests=(),
            )
        if names or rates or len(cross) < len(grouping.cross):
            lost.append(Suppressed(by, names, len(grouping.cross) - len(cross), tuple(rates)))
        left.append(shown)
    return replace(audit, groupings=tuple(left)), tuple(lost)


def few(errors: int, trials: int, smallest: int) -> bool:
    """Whether so few trials were errors, or were none, that they are about single people; 0 is nobody."""
    return 0 < errors < smallest or 0 < trials - errors < smallest


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


def check_smallest(smallest: int) -> None:
    """Raise `ArgumentError` where `smallest` would let single people be shown."""
    if smallest < 2:
        message = f"the smallest cell that is shown has at least 2 people or comparisons; got {smallest}"
        raise ArgumentError(message)


def _size(group: GroupRates) -> float:
    counts = [group.subjects, group.fmr.trials, group.fnmr.trials, group.fta.trials]
    return min((count for count in counts if count), default=math.inf)


def _few_unlabelled(grouping: GroupingAudit, smallest: int) -> bool:
    left = grouping.unlabelled
    return left is not None and any(
        0 < count < smallest for count in (left.genuine, left.impostor, left.genuine_across)
    )


def _is_few(found: RateEstimate, smallest: int) -> bool:
    return few(found.errors, found.trials, smallest)


def _nothing(found: RateEstimate) -> RateEstimate:
    return RateEstimate(Rate(0, 0), Interval(math.nan, math.nan, found.interval.confidence), "withheld")


def _without(group: GroupRates, rates: Set[_RateName]) -> GroupRates:
    fmr, fnmr, fta = (
        _nothing(found) if name in rates else found
        for name, found in zip(_RATES, (group.fmr, group.fnmr, group.fta), strict=True)
    )
    return replace(group, fmr=fmr, fnmr=fnmr, fta=fta)


def _withheld(
    audit: VerificationAudit, name: _RateName, hidden: Mapping[str, set[str]], smallest: int
) -> dict[str, set[str]]:
    """By grouping, the groups whose rate must not be shown; those that are left out altogether are among them."""

    def size(group: GroupRates) -> float:
        found: RateEstimate = getattr(group, name)
        counts = (found.errors, found.trials - found.errors)
        return min((count for count in counts if count), default=math.inf) if found.errors else math.inf

    sizes = {
        grouping.by: [Sized(group.group, group.labels, size(group)) for group in grouping.groups]
        for grouping in audit.groupings
    }
    return too_small(sizes, smallest, hidden=hidden)


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


def _shown_cells(
    cross: tuple[CrossRate, ...], hidden: set[str], withheld: set[str], smallest: int
) -> tuple[CrossRate, ...]:
    def is_hidden(cell: CrossRate) -> bool:
        probe, reference, fmr = cell.probe_group, cell.reference_group, cell.fmr
        few_pairs = 0 < fmr.trials < smallest or _is_few(fmr, smallest)
        return probe in hidden or reference in hidden or (probe == reference and probe in withheld) or few_pairs

    def gives_away(gone: list[CrossRate]) -> bool:
        pairs, errors = sum(cell.fmr.trials for cell in gone), sum(cell.fmr.errors for cell in gone)
        return len(gone) == 1 or pairs < smallest or few(errors, pairs, smallest)

    gone = [cell for cell in cross if is_hidden(cell)]
    # A cell of one group stands in the table of groups as well, so leaving it out here would hide nothing.
    spare = sorted(
        (cell for cell in cross if not is_hidden(cell) and cell.probe_group != cell.reference_group),
        key=lambda cell: (cell.fmr.trials, cell.probe_group, cell.reference_group),
    )
    while gone and spare and gives_away(gone):
        gone.append(spare.pop(0))
    return tuple(cell for cell in cross if cell not in gone)
