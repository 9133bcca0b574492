"""What is left out of a report on a classifier that is passed on, by the rule of ``audits.report.common.sharing``."""

from __future__ import annotations

import math
from dataclasses import replace

from audits.classification.results import ClassificationAudit, GroupPredictions
from audits.report.common.sharing import UNLABELLED, ShareLimits, Sized, Suppressed, too_small
from audits.tables.groups import split_attributes


def suppress_predictions(
    audit: ClassificationAudit, limits: ShareLimits
) -> tuple[ClassificationAudit, tuple[Suppressed, ...]]:
    """Leave out every group below a size; what is returned does not hold them any more.

    A group's rates follow from each other, so they are shown together or not at all; a grouping that lost a group also
    loses its contrasts. There is a `Suppressed` for each grouping that lost anything.
    """
    unlabelled = {grouping.by for grouping in audit.groupings if 0 < (grouping.unlabelled or 0) < limits.people}
    hidden: dict[str, set[str]] | None = None
    for smallest, size in ((limits.people, _people), (limits.counts, _counts)):
        if smallest:
            sizes = {
                grouping.by: [Sized(one.group, _labels(one.group, grouping.by), size(one)) for one in grouping.groups]
                for grouping in audit.groupings
            }
            for by in unlabelled:  # they complete the sum of the groups, and are never large enough to hide another
                sizes[by].append(Sized(UNLABELLED, (UNLABELLED,) * len(split_attributes(by)), 0.0))
            hidden = too_small(sizes, smallest, hidden=hidden)
    hidden = hidden or {}
    left, lost = [], []
    for grouping in audit.groupings:
        names = tuple(group.group for group in grouping.groups if group.group in hidden[grouping.by])
        few = grouping.by in unlabelled
        if not names and not few:
            left.append(grouping)
            continue
        shown = tuple(group for group in grouping.groups if group.group not in names)
        kept = tuple(entry for entry in grouping.unmeasured if entry[0] not in names)
        told = None if few else grouping.unlabelled
        aside = tuple(each for each in grouping.set_aside if each.group not in names)
        left.append(replace(grouping, groups=shown, contrasts=(), unmeasured=kept, unlabelled=told, set_aside=aside))
        lost.append(Suppressed(grouping.by, names, (), ("rows without a label",) if few else ()))
    return replace(audit, groupings=tuple(left)), tuple(lost)


def _people(group: GroupPredictions) -> float:
    counts = [group.predictions, group.subjects, *(entry.estimate.trials for entry in group.rates)]
    return min((count for count in counts if count), default=math.inf)


def _counts(group: GroupPredictions) -> float:
    rates = [entry.estimate for entry in group.rates]
    counts = [count for found in rates for count in (found.errors, found.trials - found.errors)]
    return min((count for count in counts if count), default=math.inf)


def _labels(name: str, by: str) -> tuple[str, ...]:
    """One label per attribute; the last one takes what is left where a label holds a comma."""
    size = len(split_attributes(by))
    parts = name.split(",", size - 1)
    return tuple(parts + [""] * (size - len(parts)))
