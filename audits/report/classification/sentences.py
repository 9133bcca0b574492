"""What an audit of a classifier found, in words."""

from __future__ import annotations

from audits.classification.results import ClassificationAudit, ClassificationGrouping, ClassRateName
from audits.report.common.words import Sentence, aside_finding, times_as_often, written
from audits.statistics.contrasts import furthest_apart
from audits.statistics.families import LEAST, Least, left_out
from facerec.reporting import plain


def overall_sentence(audit: ClassificationAudit) -> str:
    """How often the classifier is wrong or, where the truth is not known, whom it selects."""
    rate, of = audit.headline
    found = written(audit.overall.rate(rate, of=of))
    return f"The classifier is wrong in **{found}**." if rate == "error" else f"It says {plain(of)} in **{found}**."


def worst_findings(
    grouping: ClassificationGrouping, least: Least = LEAST, rate: ClassRateName = "error", of: str = ""
) -> tuple[Sentence, ...]:
    """Whether any two groups differ in a rate, and which two show it; then who is too few to be compared."""
    by, name = plain(grouping.by), f"{rate} of {of}" if of else rate
    away, rates = left_out(grouping.set_aside, name), f"selection rates of {plain(of)}" if of else "error rates"
    pair = furthest_apart(
        [(group.group, group.rate(rate, of=of)) for group in grouping.groups if group.group not in away]
    )
    found = []
    if pair is not None and grouping.contrasts:
        sides = ((pair.group, pair.rate), (pair.reference, pair.reference_rate))
        both = " against ".join(f"{plain(side)} {written(seen)}" for side, seen in sides)
        shown = f"{rates} **differ**" if pair.shown else f"a difference in {rates} is **not shown, and not excluded**"
        times = times_as_often(pair) if pair.shown else ""
        found.append(Sentence("warning" if pair.shown else "insufficient", f"By {by}, {shown}: {both}{times}."))
    found += aside_finding(grouping.by, [each for each in grouping.set_aside if each.rate == name], least)
    return tuple(found)
