"""What an audit of identification found, in words: for a reader who is no statistician."""

from __future__ import annotations

import math

from audits.identification.results import IdentificationAudit, IdentificationGrouping, SearchRateName
from audits.report.common.words import Sentence, percent, points, written
from audits.statistics.contrasts import contrast_among
from audits.statistics.estimates import Estimate
from facerec.reporting import plain

_RATES: tuple[SearchRateName, ...] = ("fpir", "fnir")
_REPORTABLE = 30


def overall_searches(audit: IdentificationAudit) -> str:
    """Both error rates over everybody, in one paragraph of prose."""
    looked = "all candidates that were returned" if audit.rank is None else f"the first {audit.rank} candidates"
    fpir, fnir = (_overall(rate, getattr(audit, rate)) for rate in _RATES)
    return (
        f"{audit.gallery_size:,} people are enrolled, and a candidate counts from a score of **{audit.threshold:.6g}** "
        f"on. {fpir} {fnir} Looked at were {looked}."
    )


def search_findings(grouping: IdentificationGrouping) -> tuple[Sentence, ...]:
    """What a grouping shows: one sentence for FPIR and one for FNIR, then what is missing."""
    found = [_difference(grouping, rate) for rate in _RATES]
    if grouping.unmeasured:
        listed = "; ".join(f"{plain(group)}: {name.upper()}" for group, name in grouping.unmeasured)
        found.append(
            Sentence(
                "insufficient", f"By {plain(grouping.by)}, not measured, because there are no such searches: {listed}."
            )
        )
    return tuple(found)


def _overall(rate: SearchRateName, found: Estimate) -> str:
    who = "For people who are not in the gallery" if rate == "fpir" else "For people who are in it"
    what = "it answers with somebody in" if rate == "fpir" else "it misses them in"
    return f"{who}, {what} **{written(found)}** ({rate.upper()})."


def _difference(grouping: IdentificationGrouping, rate: SearchRateName) -> Sentence:
    by, name = plain(grouping.by), rate.upper()
    measured = [(group.group, getattr(group, rate)) for group in grouping.groups if getattr(group, rate).measured]
    if len(measured) < 2:
        return Sentence("insufficient", f"By {by}, {name} cannot be compared: fewer than two groups have searches.")
    if not any(found.errors for _, found in measured):
        bound = max(found.interval.high for _, found in measured)
        text = f"By {by}, {name}: not one such error was seen in any group; that shows rates below {percent(bound)}"
        return Sentence("insufficient", f"{text}, and says nothing about who fares worse.")
    contrasts = [entry for entry in grouping.contrasts if entry.rate == rate]
    worst = max(contrasts, key=lambda entry: (entry.contrast.difference, entry.group))
    rates = dict(measured)
    pair = " against ".join(f"{plain(one)} {written(rates[one])}" for one in (worst.group, worst.reference))
    few = [one for one, found in measured if found.errors < _REPORTABLE]
    whom = "any group" if len(few) == len(measured) else ", ".join(map(plain, few))
    evidence = f" Fewer than {_REPORTABLE} errors were seen for {whom}: read this as an indication." if few else ""
    strict = contrast_among(rates[worst.group], rates[worst.reference], groups=len(measured))
    if strict.difference_interval.low > 0:
        ratio, times = worst.contrast.ratio, ""
        if math.isfinite(ratio):
            high = worst.contrast.ratio_interval.high
            told = f"to {high:.3g}" if math.isfinite(high) else "and more"
            times = f", {ratio:.3g} times as often ({worst.contrast.ratio_interval.low:.3g} {told})"
        return Sentence("warning", f"By {by}, {name} **differs** between groups: {pair}{times}.{evidence}")
    bound = points(strict.difference_interval.high)
    text = (
        f"By {by}, a difference in {name} is **not shown, and not excluded**: {pair}, where chance alone could explain "
        f"the difference; it may be as large as {bound}.{evidence}"
    )
    return Sentence("insufficient", text)
