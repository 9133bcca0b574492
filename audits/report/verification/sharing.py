"""What is left out of a report of verification that is passed on, by the rule of ``audits.report.common.sharing``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any, Literal

from audits.report.common.sharing import MATCHED, UNLABELLED, ShareLimits, Sized, Suppressed, few, too_small
from audits.statistics.disparity import Disparity
from audits.statistics.estimates import Estimate
from audits.tables.groups import split_attributes
from audits.verification.results import CrossCell, GroupComparisons, GroupingAudit, VerificationAudit
from facerec.types import Interval, Rate

_RateName = Literal["fmr", "fnmr", "without_score"]
_RATES: tuple[_RateName, ...] = ("fmr", "fnmr", "without_score")


def suppress(audit: VerificationAudit, limits: ShareLimits) -> tuple[VerificationAudit, tuple[Suppressed, ...]]:
    """Leave out every group and every cell below a size; what is returned does not hold them any more.

    Where a group lost a rate, the indices, tests and shrunk values of that rate are gone as well. There is a
    `Suppressed` for each grouping that lost anything.
    """
    unlabelled = {grouping.by for grouping in audit.groupings if _few_unlabelled(grouping, limits.people)}
    sizes = {
        grouping.by: [Sized(group.group, group.labels, _size(group)) for group in grouping.groups]
        for grouping in audit.groupings
    }
    for by in unlabelled:  # they complete the sum of the groups, and are never large enough to hide another
        sizes[by].append(Sized(UNLABELLED, (UNLABELLED,) * len(split_attributes(by)), 0.0))
    hidden = too_small(sizes, limits.people)
    withheld = {name: _withheld(audit, name, hidden, limits.counts) for name in _RATES}
    left, lost = [], []
    for grouping in audit.groupings:
        by = grouping.by
        gone = hidden[by]
        names = tuple(group.group for group in grouping.groups if group.group in gone)
        silent = {name for name in _RATES if withheld[name][by] - {UNLABELLED}}
        rates = [
            f"{group.group}: {name.upper()}"
            for group in grouping.groups
            for name in _RATES
            if group.group not in gone and group.group in withheld[name][by]
        ]
        cross = _shown_cells(grouping.cross, gone, withheld["fmr"][by], limits)
        cells = tuple(
            f"{cell.probe_group} against {cell.reference_group}" for cell in grouping.cross if cell not in cross
        )
        shown = replace(grouping, cross=cross, **_compared(grouping, silent))
        if _is_few(grouping.matched_fmr, limits.counts):
            shown = replace(shown, matched_fmr=_nothing(grouping.matched_fmr))
            rates.append(f"{MATCHED}: FMR")
        if by in unlabelled:
            shown = replace(shown, unlabelled=None)
            rates.append("pairs without a label")
        shown = replace(
            shown,
            groups=tuple(
                _without(group, {name for name in _RATES if group.group in withheld[name][by]})
                for group in grouping.groups
                if group.group not in gone
            ),
        )
        if names or rates or cells:
            indices = tuple(name.upper() for name in ("fmr", "fnmr") if name in silent)
            lost.append(Suppressed(by, names, cells, tuple(rates), indices))
        left.append(shown)
    return replace(audit, groupings=tuple(left)), tuple(lost)


def _compared(grouping: GroupingAudit, silent: Set[str]) -> dict[str, Any]:
    """Indices, tests and shrunk values of the rates that every group still shows."""
    found = grouping.disparity
    fmr, fnmr = "fmr" not in silent, "fnmr" not in silent
    return {
        "disparity": Disparity(
            found.fmr if fmr else (),
            found.fnmr if fnmr else (),
            found.combined if fmr and fnmr else (),
            tuple(entry for entry in found.unmeasured if entry[1].lower() not in silent),
            found.warnings if fmr and fnmr else (),
        ),
        "shrunk_fmr": grouping.shrunk_fmr if fmr else (),
        "shrunk_fnmr": grouping.shrunk_fnmr if fnmr else (),
        "tests": tuple(test for test in grouping.tests if test.rate not in silent),
        "set_aside": tuple(each for each in grouping.set_aside if each.rate not in silent),
        "folded": (),
    }


def _size(group: GroupComparisons) -> float:
    rates = (group.fmr, group.fnmr, group.without_score)
    counts = [group.subjects, *(found.people for found in rates), *(found.trials for found in rates)]
    return min((count for count in counts if count), default=math.inf)


def _few_unlabelled(grouping: GroupingAudit, people: int) -> bool:
    left = grouping.unlabelled
    return left is not None and any(0 < count < people for count in (left.genuine, left.impostor, left.genuine_across))


def _is_few(found: Estimate, counts: int) -> bool:
    return few(found.errors, found.trials, counts)


def _nothing(found: Estimate) -> Estimate:
    return Estimate(Rate(0, 0), Interval(math.nan, math.nan, found.interval.confidence), "withheld")


def _without(group: GroupComparisons, rates: Set[_RateName]) -> GroupComparisons:
    fmr, fnmr, without_score = (
        _nothing(found) if name in rates else found
        for name, found in zip(_RATES, (group.fmr, group.fnmr, group.without_score), strict=True)
    )
    at_target = None if group.fnmr_at_target is None or fnmr.withheld else group.fnmr_at_target
    by_person = None if fnmr.withheld else group.fnmr_by_person
    return replace(
        group,
        fmr=fmr,
        fnmr=fnmr,
        without_score=without_score,
        fnmr_at_target=at_target,
        fnmr_by_person=by_person,
        acquisition=None,
    )


def _withheld(
    audit: VerificationAudit, name: _RateName, hidden: Mapping[str, set[str]], counts: int
) -> dict[str, set[str]]:
    """By grouping, the groups whose rate must not be shown; those that are left out altogether are among them."""
    if not counts:
        return {by: set(names) for by, names in hidden.items()}

    def size(group: GroupComparisons) -> float:
        found: Estimate = getattr(group, name)
        both = (found.errors, found.trials - found.errors)
        return min((count for count in both if count), default=math.inf) if found.errors else math.inf

    sizes = {
        grouping.by: [Sized(group.group, group.labels, size(group)) for group in grouping.groups]
        for grouping in audit.groupings
    }
    return too_small(sizes, counts, hidden=hidden)


def _shown_cells(
    cross: tuple[CrossCell, ...], hidden: set[str], withheld: set[str], limits: ShareLimits
) -> tuple[CrossCell, ...]:
    def is_hidden(cell: CrossCell) -> bool:
        probe, reference, fmr = cell.probe_group, cell.reference_group, cell.fmr
        few_pairs = 0 < fmr.trials < limits.people or _is_few(fmr, limits.counts)
        return probe in hidden or reference in hidden or (probe == reference and probe in withheld) or few_pairs

    def gives_away(gone: list[CrossCell]) -> bool:
        pairs, errors = sum(cell.fmr.trials for cell in gone), sum(cell.fmr.errors for cell in gone)
        return len(gone) == 1 or pairs < limits.people or few(errors, pairs, limits.counts)

    gone = [cell for cell in cross if is_hidden(cell)]
    # A cell of one group stands in the table of groups as well, so leaving it out here would hide nothing.
    spare = sorted(
        (cell for cell in cross if not is_hidden(cell) and cell.probe_group != cell.reference_group),
        key=lambda cell: (cell.fmr.trials, cell.probe_group, cell.reference_group),
    )
    while gone and spare and gives_away(gone):
        gone.append(spare.pop(0))
    return tuple(cell for cell in cross if cell not in gone)
