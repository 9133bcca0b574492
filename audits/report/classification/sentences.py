"""What an audit of a classifier found, in words."""

from __future__ import annotations

from audits.classification.results import ClassificationGrouping
from audits.report.common.words import Sentence, aside_finding, times_as_often, written
from audits.statistics.contrasts import furthest_apart
from audits.statistics.families import LEAST, Least, left_out
from facerec.reporting import plain


def worst_findings(grouping: ClassificationGrouping, least: Least = LEAST) -> tuple[Sentence, ...]:
    """Whether any two groups differ in errors, and which two show it; then who is too few to be compared."""
    by, away = plain(grouping.by), left_out(grouping.set_aside, "error")
    pair = furthest_apart([(group.group, group.rate("error")) for group in grouping.groups if group.group not in away])
    found = []
    if pair is not None and grouping.contrasts:
        rates = ((pair.group, pair.rate), (pair.reference, pair.reference_rate))
        both = " against ".join(f"{plain(name)} {written(rate)}" for name, rate in rates)
        shown = (
            "error rates **differ**" if pair.shown else "a difference in error rates is **not shown, and not excluded**"
        )
        times = times_as_often(pair) if pair.shown else ""
        found.append(Sentence("warning" if pair.shown else "insufficient", f"By {by}, {shown}: {both}{times}."))
    found += aside_finding(grouping.by, [each for each in grouping.set_aside if each.rate == "error"], least)
    return tuple(found)
