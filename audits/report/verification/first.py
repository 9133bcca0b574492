"""The first screen of an audit of verification: its two questions, and what to do with the answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Literal

import pandas as pd

from audits.gate.verdict import PolicyVerdict
from audits.report.common.first_screen import FirstScreen, Grouped, Question, first_screen
from audits.report.common.frequencies import count, ends, out_of
from audits.report.verification.sentences import compared_rates
from audits.statistics.estimates import Estimate
from audits.verification.advice import Advice, GroupPrice, advise_threshold
from audits.verification.power import plan_groups
from audits.verification.results import GroupingAudit, VerificationAudit
from facerec.errors import ArgumentError
from facerec.reporting import plain, write_threshold

FALSE_MATCH = Question(
    "fmr",
    "Taken for one person, though two (false match)",
    "are taken for one another",
    "pairs of photos of two different people",
    "are taken for one person",
    "being taken for somebody else does harm",
)
FALSE_NON_MATCH = Question(
    "fnmr",
    "Not recognised, though one person (false non-match)",
    "go unrecognised",
    "pairs of photos of one person",
    "are not recognised",
    "not being recognised does harm",
)
QUESTIONS = (FALSE_MATCH, FALSE_NON_MATCH)
_RATIO = 2
_NAMED = 4  # groups in a sentence
_ELSEWHERE = (
    "**Look for a threshold that protects every group.** This audit read its tables in one pass; `facerec audit "
    "advise` looks for it among their rows, and says what it costs."
)
_SILENT = (
    "Other people, cameras and photos have other rates. A label is not a cause: light, age and make-up are not told "
    "apart. Pairs are pairs, not people: somebody who is searched among many meets the error many times."
)


def verification_first(
    audit: VerificationAudit,
    *,
    advice: Advice | None = None,
    summed: bool = False,
    verdict: PolicyVerdict | None = None,
) -> FirstScreen:
    """All that is read first; `advice` is on another threshold, `verdict` what became of a policy.

    Where the audit was `summed`, in one pass, there were no rows to look for another threshold among, which is said.
    """
    asked = asked_of(audit)
    everybody = {FALSE_MATCH: audit.fmr, FALSE_NON_MATCH: audit.fnmr}
    chosen = "" if audit.threshold.target_fmr is None else f" The threshold was {audit.threshold.choice}."
    independent = " Who is in a pair is not known, so intervals may be too narrow." if audit.pairs_independent else ""
    return first_screen(
        asked,
        everybody,
        verdict=verdict,
        todo=[*([_ELSEWHERE] if summed else _price(advice)), *_more(audit, asked), *_other_way(audit.fnmr)],
        silent=_SILENT + chosen + independent,
    )


def asked_of(audit: VerificationAudit) -> list[Grouped]:
    """Both questions of every grouping."""
    return [
        _grouped(audit, grouping, question) for grouping in audit.groupings for question in QUESTIONS if grouping.groups
    ]


def advice_for(audit: VerificationAudit, table: pd.DataFrame) -> Advice | None:
    """The threshold at which every group of the first grouping keeps the FMR that everybody has; None without one."""
    target = audit.threshold.target_fmr or audit.fmr.value
    if not audit.groupings or not 0 < target < 1:
        return None
    shown = audit.threshold.shown
    return advise_threshold(
        table,
        by=audit.groupings[0].by,
        target_fmr=target,
        at=shown,
        distance=audit.threshold.distance,
        accept_reversed=True,
        confidence=audit.confidence,
    )


def _grouped(audit: VerificationAudit, grouping: GroupingAudit, question: Question) -> Grouped:
    rate: Literal["fmr", "fnmr"] = "fmr" if question.rate == "fmr" else "fnmr"
    groups = tuple((group.group, getattr(group, rate)) for group in grouping.groups)
    compared = tuple(name for name, _ in compared_rates(grouping, rate))
    # Where a group lost a rate, its indices went too, and so does what would tell who is furthest apart.
    told = bool(getattr(grouping.disparity, rate))
    measured = sum(found.measured for _, found in groups)
    silent = not told and (measured > 1 or any(found.withheld for _, found in groups))
    return Grouped(
        grouping.by,
        question,
        getattr(audit, rate),
        groups,
        () if silent else compared,
        silent,
    )


def _price(advice: Advice | None) -> list[str]:
    """Which threshold protects every group, and what it costs."""
    if advice is None:
        return []
    of = out_of([advice.fnmr, advice.fnmr_now])
    limit = f"{100 * advice.target_fmr:.3g} %"
    if advice.target_fmr * 1000 >= 1:
        limit = f"{count(advice.target_fmr, 1000)} of 1,000"
    silent = "".join(_silent(group) for group in [each for each in advice.groups if each.pairs_missing][:_NAMED])
    if advice.value is None:
        return [f"**No threshold can be advised**: the pairs of no group can show false matches up to {limit}.{silent}"]
    if advice.value == advice.now.shown:
        whom = f"these groups: {_listed(advice.protected)}" if advice.silent else "every group"
        return [f"**The threshold protects {whom}**; the upper end of each is at most {limit}.{silent}"]
    price = "what it costs was not measured, because there are no pairs of one person"
    if advice.fnmr.measured:
        price = (
            f"not recognised are then about {count(advice.fnmr.value, of)} of {of:,} ({ends(advice.fnmr, of)}), where "
            f"now it is {count(advice.fnmr_now.value, of)}"
        )
    whom = _listed(advice.protected) if advice.silent else "every group"
    value, today = _stricter(advice.value, distance=advice.now.distance), write_threshold(advice.now.shown)
    text = (
        f"**A stricter threshold has a price.** At {value} in place of {today} false matches of {whom} stay at or "
        f"below {limit}, at the upper end of the interval; {price}.{silent}"
    )
    return [text]


def _stricter(value: float, *, distance: bool) -> str:
    """A threshold in five digits, rounded so that it accepts nobody whom it would not accept in full."""
    if not math.isfinite(value):
        return write_threshold(value)
    digits = Context(prec=5, rounding=ROUND_FLOOR if distance else ROUND_CEILING)
    return format(digits.create_decimal_from_float(value).normalize(digits), "f")


def _silent(group: GroupPrice) -> str:
    """What is not promised to a group with too few pairs, and what it would take."""
    took = ""
    if group.fmr.measured:
        of = out_of([group.fmr])
        took = f": there about {count(group.fmr.value, of)} of {of:,} ({ends(group.fmr, of)}) are taken for one person"
    return (
        f" **Not shown for {plain(group.group)}**{took}; to show it takes {group.pairs_missing:,} more pairs of two "
        "people of that group, none of them taken for one person."
    )


def _listed(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return plain(", ".join(names[:_NAMED])) + more


def _more(audit: VerificationAudit, asked: Sequence[Grouped]) -> list[str]:
    """How many people it takes to see what was not shown."""
    said = []
    for each in asked:
        if each.by != asked[0].by or ((pair := each.pair) is not None and pair.shown) or len(each.groups) < 2:
            continue
        rate: Literal["fmr", "fnmr"] = "fmr" if each.question.rate == "fmr" else "fnmr"
        try:
            plan = plan_groups(audit, each.by, rate=rate, ratio=_RATIO)[0]
        except ArgumentError:  # no error was seen that a plan could start from
            said.append(
                f"**Measure on more people.** No error was seen to plan from; `facerec audit power --claim '{rate} <= "
                "…'` plans for a limit."
            )
            continue
        photos = plan.photos // plan.people
        said.append(
            f"**Measure on your own people.** To see whether people of one group {each.question.verb} twice as "
            f"often as the others, collect about {plan.people:,} people of each group, {photos} photos each."
        )
    return said[:2]


def _other_way(found: Estimate) -> list[str]:
    if not found.errors:
        return []
    of = out_of([found])
    many = f"about {count(found.value, of)} of {of:,} ({ends(found, of)})"
    return [f"**Give everybody another way in**: {many} are not recognised at this threshold."]
