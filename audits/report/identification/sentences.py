"""What an audit of identification found, in words: for a reader who is no statistician."""

from __future__ import annotations

from audits.identification.results import IdentificationAudit, IdentificationGrouping, SearchRateName
from audits.report.common.words import (
    Sentence,
    aside_finding,
    difference_sentence,
    percent,
    written,
)
from audits.statistics.contrasts import furthest_apart
from audits.statistics.estimates import Estimate, rate_words
from audits.statistics.families import LEAST, Least, left_out
from facerec.reporting import plain, write_threshold

_RATES: tuple[SearchRateName, ...] = ("fpir", "fnir")


def overall_searches(audit: IdentificationAudit) -> str:
    """Both error rates over everybody, in one paragraph of prose."""
    looked = "all candidates that were returned" if audit.rank is None else f"the first {audit.rank} candidates"
    fpir, fnir = (_overall(rate, getattr(audit, rate)) for rate in _RATES)
    return (
        f"{audit.gallery_size:,} people are enrolled, and a candidate counts {audit.rule} "
        f"**{write_threshold(audit.threshold)}**. {fpir} {fnir} Looked at were {looked}."
    )


def search_findings(grouping: IdentificationGrouping, least: Least = LEAST) -> tuple[Sentence, ...]:
    """What a grouping shows: one sentence for FPIR and one for FNIR, then who is too few, and what is missing."""
    found = [_difference(grouping, rate) for rate in _RATES]
    found += aside_finding(grouping.by, [each for each in grouping.set_aside if each.rate in _RATES], least)
    if grouping.unmeasured:
        listed = "; ".join(f"{plain(group)}: {rate_words(name)}" for group, name in grouping.unmeasured)
        found.append(
            Sentence(
                "insufficient", f"By {plain(grouping.by)}, not measured, because there are no such searches: {listed}."
            )
        )
    return tuple(found)


def _overall(rate: SearchRateName, found: Estimate) -> str:
    who = "For people who are not in the gallery" if rate == "fpir" else "For people who are in it"
    what = "it answers with somebody in" if rate == "fpir" else "it misses them in"
    return f"{who}, {what} **{written(found)}** ({rate_words(rate)})."


def _difference(grouping: IdentificationGrouping, rate: SearchRateName) -> Sentence:
    by, name = plain(grouping.by), rate_words(rate)
    away = left_out(grouping.set_aside, rate)
    compared = [(group.group, getattr(group, rate)) for group in grouping.groups if group.group not in away]
    measured = [(group, found) for group, found in compared if found.measured]
    pair = furthest_apart(measured)
    if pair is None:
        text = f"By {by}, {name} cannot be compared: fewer than two groups have searches enough."
        return Sentence("insufficient", text)
    if not any(found.errors for _, found in measured):
        bound = max(found.interval.high for _, found in measured)
        text = f"By {by}, {name}: not one such error was seen in any group; that shows rates below {percent(bound)}"
        return Sentence("insufficient", f"{text}, and says nothing about who fares worse.")
    return difference_sentence(by, name, pair, measured, differ="differs")
