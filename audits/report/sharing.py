"""What is left out of a report that is passed on: cells so small that they are about single people.

Leaving out one cell is not enough where its neighbours and their sum are shown, because the difference gives it back.
So a second cell goes with it, in the whole and in every margin that is shown too, until what is missing is as large
as the smallest cell that may be shown. Whatever is computed over all groups, such as a largest difference, goes too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from audits.groups import split_attributes
from audits.records import CrossRate, Disparity, GroupingAudit, GroupRates, VerificationAudit
from facerec.errors import ArgumentError

_NOTHING = Disparity((), (), (), (), ())


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
    if smallest < 2:
        message = f"the smallest cell that is shown has at least 2 people or comparisons; got {smallest}"
        raise ArgumentError(message)
    hidden = _hidden_groups(audit.groupings, smallest)
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


def _size(group: GroupRates) -> float:
    counts = [group.subjects, group.fmr.trials, group.fnmr.trials, group.fta.trials]
    return min((count for count in counts if count), default=math.inf)


def _hidden_groups(groupings: tuple[GroupingAudit, ...], smallest: int) -> dict[str, set[str]]:
    sizes = {grouping.by: {group.group: _size(group) for group in grouping.groups} for grouping in groupings}
    hidden = {by: {name for name, size in of.items() if size < smallest} for by, of in sizes.items()}
    changed = True
    while changed:
        changed = False
        for by, members in _margins(groupings):
            gone = [name for name in members if name in hidden[by]]
            kept = [name for name in members if name not in hidden[by]]
            told = len(gone) == 1 or sum(sizes[by][name] for name in gone) < smallest
            if gone and kept and told:
                hidden[by].add(min(kept, key=lambda name: (sizes[by][name], name)))
                changed = True
    return hidden


def _margins(groupings: tuple[GroupingAudit, ...]) -> Iterator[tuple[str, list[str]]]:
    """Groups whose sum is shown too: all of a grouping, and those that make up a group of a coarser one."""
    for fine in groupings:
        attributes = split_attributes(fine.by)
        yield fine.by, [group.group for group in fine.groups]
        for coarse in groupings:
            wanted = split_attributes(coarse.by)
            if set(wanted) < set(attributes):
                parts: dict[tuple[str, ...], list[str]] = defaultdict(list)
                for group in fine.groups:
                    parts[tuple(group.labels[attributes.index(name)] for name in wanted)].append(group.group)
                yield from ((fine.by, members) for members in parts.values())


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
