"""What an audit of a classifier found, in words."""

from __future__ import annotations

from audits.classification.results import ClassificationGrouping
from audits.report.common.words import Sentence, written
from audits.statistics.contrasts import contrast_among
from facerec.reporting import plain


def worst_findings(grouping: ClassificationGrouping) -> tuple[Sentence, ...]:
    """One sentence about errors: the group that fares worst against the one that fares best."""
    errors = [entry for entry in grouping.contrasts if entry.rate == "error"]
    by = plain(grouping.by)
    if not errors:
        return ()
    worst = max(errors, key=lambda entry: (abs(entry.contrast.difference), entry.group))
    pair = " against ".join(
        f"{plain(name)} {written(grouping.group(name).rate('error'))}" for name in (worst.group, worst.reference)
    )
    rates = [group.rate("error") for group in grouping.groups]
    strict = contrast_among(
        *(grouping.group(name).rate("error") for name in (worst.group, worst.reference)),
        groups=sum(found.measured for found in rates),
    )
    if strict.difference_interval.low > 0:
        return (Sentence("warning", f"By {by}, error rates **differ**: {pair}."),)
    return (
        Sentence("insufficient", f"By {by}, a difference in error rates is **not shown, and not excluded**: {pair}."),
    )
