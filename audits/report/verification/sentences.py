"""What an audit found, in words: for a reader who is no statistician, and who stops after the first page.

Every sentence is made from the interval and never from the point alone: "differ" is written only where chance is an
unlikely explanation, and its absence is not called equality.
"""

from __future__ import annotations

from typing import Literal

from audits.report.common.words import (
    Sentence,
    aside_finding,
    difference_sentence,
    percent,
    written,
)
from audits.statistics.contrasts import furthest_apart
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, left_out
from audits.verification.results import GroupingAudit, VerificationAudit
from facerec.reporting import plain, share_digits, write_threshold

RateName = Literal["fmr", "fnmr"]

_WORDS = {
    "fmr": ("false match", "pairs of two different people", "mistakes two different people for one"),
    "fnmr": ("false non-match", "pairs of one person", "fails to recognise one person in two photos"),
}


def overall_sentence(audit: VerificationAudit) -> str:
    """Both error rates over everybody, at the threshold, in one paragraph of prose."""
    threshold = audit.threshold
    comparison = "a distance of at most" if threshold.distance else "a score of at least"
    return (
        f"With {comparison} **{write_threshold(threshold.shown)}** called a match ({plain(threshold.rule)}), this "
        f"matcher {_WORDS['fmr'][2]} in **{written(audit.fmr)}**, and {_WORDS['fnmr'][2]} in **{written(audit.fnmr)}**."
        f"{_two_numbers(audit)}"
    )


def _two_numbers(audit: VerificationAudit) -> str:
    """Which of two numbers FNMR is, where the threshold was chosen for an FMR."""
    found, threshold = audit.fnmr_at_target, audit.threshold
    if found is None or not found.measured:
        return ""
    level = f"{100 * audit.confidence:g}\N{NO-BREAK SPACE}%"
    ends = f"{share_digits(found.interval.low)} to {percent(found.interval.high)}"
    return (
        f" That is **FNMR at this threshold**, {threshold.choice} and held fixed; **FNMR at FMR = "
        f"{threshold.target_fmr:g}** is known less well, because other people would have given another threshold "
        f"({level}: {ends})."
    )


def findings(grouping: GroupingAudit, least: Least = LEAST) -> tuple[Sentence, ...]:
    """What a grouping shows: one sentence for each rate, then who is too few to be compared, and what is missing.

    Nothing is said of a rate whose indices were left out of a report that is passed on.
    """
    found = [sentence for name in _RATES if (sentence := _difference_sentence(grouping, name)) is not None]
    found += aside_finding(grouping.by, grouping.set_aside, least)
    unmeasured = grouping.disparity.unmeasured
    if unmeasured:
        listed = "; ".join(f"{plain(group)}: {name}" for group, name in unmeasured)
        found.append(
            Sentence(
                "insufficient", f"By {plain(grouping.by)}, not measured, because there are no such pairs: {listed}."
            )
        )
    return tuple(found)


_RATES: tuple[RateName, ...] = ("fmr", "fnmr")


def _difference_sentence(grouping: GroupingAudit, name: RateName) -> Sentence | None:
    by = plain(grouping.by)
    event, _, _ = _WORDS[name]
    measured = [(group, found) for group, found in compared_rates(grouping, name) if found.measured]
    if not (grouping.disparity.fmr if name == "fmr" else grouping.disparity.fnmr):
        return None
    pair = furthest_apart(measured)
    if pair is None:
        return Sentence(
            "insufficient", f"By {by}, {name.upper()} cannot be compared: fewer than two groups have pairs enough."
        )
    if not any(found.errors for _, found in measured):
        bound = max(found.interval.high for _, found in measured)
        text = (
            f"By {by}, not a single {event} was seen in any group; that shows rates below {percent(bound)}, and says "
            "nothing about who fares worse."
        )
        return Sentence("insufficient", text)
    return difference_sentence(by, f"{event} rates", pair, measured, differ="differ")


def compared_rates(grouping: GroupingAudit, name: RateName) -> list[tuple[str, Estimate]]:
    """The rate of every group that is large enough to be compared."""
    away = left_out(grouping.set_aside, name)
    return [(group.group, getattr(group, name)) for group in grouping.groups if group.group not in away]


def unlabelled_sentence(grouping: GroupingAudit) -> str:
    """How many pairs are in no group, and why; empty where every pair has its two labels."""
    left, by = grouping.unlabelled, plain(grouping.by)
    if left is None:
        return f"By {by}, how many pairs lack a label, or carry two different ones, is withheld."
    parts = []
    if left.genuine or left.impostor:
        parts.append(
            f"By {by}, {left.genuine:,} genuine and {left.impostor:,} impostor pairs lack a label and are in no group."
        )
    if left.genuine_across:
        parts.append(f"By {by}, {left.genuine_across:,} genuine pairs carry two different labels and are in no group.")
    return " ".join(parts)
