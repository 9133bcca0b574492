"""What is left out of a report that is passed on: cells so small that they are about single people.

Leaving out one cell is not enough where its neighbours and their sum are shown, because the difference gives it back.
So a second cell goes with it, in the whole and in every margin that is shown too, until what is missing is as large
as the smallest cell that may be shown. Whatever is computed over all groups, such as a largest difference, goes too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from audits.groups import split_attributes
from audits.records import CrossRate, Disparity, GroupRates, VerificationAudit
from facerec.errors import ArgumentError

_NOTHING = Disparity((), (), (), (), ())


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
    """

    by: str
    groups: tuple[str, ...]
    cells: int


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
    hidden = too_small(
        {
            grouping.by: [Sized(group.group, group.labels, _size(group)) for group in grouping.groups]
            for grouping in audit.groupings
        },
        smallest,
    )
    left, lost = [], []
    for grouping in audit.groupings:
        cross = _shown_cells(grouping.cross, hidden[grouping.by], smallest)
        names = tuple(group.group for group in grouping.groups if group.group in hidden[grouping.by])
        if len(cross) < len(grouping.cross):
            lost.append(Suppressed(grouping.by, names, len(grouping.cross) - len(cross)))
        shown = replace(grouping, cross=cross)
        if names:
            shown = replace(
                shown,
                groups=tuple(group for group in grouping.groups if group.group not in names),
                disparity=_NOTHING,
                shrunk_fmr=(),
                shrunk_fnmr=(),
                tests=(),
            )
        left.append(shown)
    return replace(audit, groupings=tuple(left)), tuple(lost)


def check_smallest(smallest: int) -> None:
    """Raise `ArgumentError` where `smallest` would let single people be shown."""
    if smallest < 2:
        message = f"the smallest cell that is shown has at least 2 people or comparisons; got {smallest}"
        raise ArgumentError(message)


def _size(group: GroupRates) -> float:
    counts = [group.subjects, group.fmr.trials, group.fnmr.trials, group.fta.trials]
    return min((count for count in counts if count), default=math.inf)


def too_small(sizes: Mapping[str, Sequence[Sized]], smallest: int) -> dict[str, set[str]]:
    """The groups that must not be shown, by grouping.

    Parameters
    ----------
    sizes : mapping of str to sequence of Sized
        For each grouping its groups.
    smallest : int
        The smallest size that may be shown.

    Returns
    -------
    dict of str to set of str
        Groups below that size, and those that would give them away.
    """
    hidden = {by: {group.name for group in groups if group.size < smallest} for by, groups in sizes.items()}
    margins = list(_margins(sizes))
    changed = True
    while changed:
        changed = False
        for by, members in margins:
            gone = [group for group in members if group.name in hidden[by]]
            kept = [group for group in members if group.name not in hidden[by]]
            if gone and kept and (len(gone) == 1 or sum(group.size for group in gone) < smallest):
                hidden[by].add(min((group.size, group.name) for group in kept)[1])
                changed = True
    return hidden


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


def _shown_cells(cross: tuple[CrossRate, ...], hidden: set[str], smallest: int) -> tuple[CrossRate, ...]:
    def is_hidden(cell: CrossRate) -> bool:
        return cell.probe_group in hidden or cell.reference_group in hidden or 0 < cell.fmr.trials < smallest

    gone = [cell for cell in cross if is_hidden(cell)]
    # A cell of one group stands in the table of groups as well, so leaving it out here would hide nothing.
    spare = sorted(
        (cell for cell in cross if not is_hidden(cell) and cell.probe_group != cell.reference_group),
        key=lambda cell: (cell.fmr.trials, cell.probe_group, cell.reference_group),
    )
    while gone and spare and (len(gone) == 1 or sum(cell.fmr.trials for cell in gone) < smallest):
        gone.append(spare.pop(0))
    return tuple(cell for cell in cross if cell not in gone)
