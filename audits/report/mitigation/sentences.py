"""What the laboratory found, in words: a rate that rose is told as one that fell, first, and as loudly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from audits.drift.results import RateChange
from audits.mitigation.lab import Judgement, LabReport
from audits.report.common.words import Sentence
from audits.statistics.estimates import rate_words
from audits.statistics.index_changes import IndexChange
from facerec.reporting import Standing, plain

Outcome: TypeAlias = Literal["WORSE", "BETTER", "not shown", "not measured"]
"""Of a change: its whole interval lies above 0, below 0, or neither; or there was no such comparison."""

EVERYBODY = "everybody"


def outcome(entry: RateChange) -> Outcome:
    """How a change is told."""
    if not entry.change.trials:
        return "not measured"
    return "WORSE" if entry.change.regression else "BETTER" if entry.change.gain else "not shown"


class Elsewhere(NamedTuple):
    """In how many of the other deals of people the same rate rose, and fell, for sure."""

    worse: int
    better: int
    deals: int

    @property
    def told(self) -> str:
        """For example ``worse in 3 of 4``."""
        said = [f"{word} in {count}" for word, count in (("worse", self.worse), ("better", self.better)) if count]
        return f"{', '.join(said) or 'found in none'} of {self.deals}"


def elsewhere(entry: RateChange, mitigation: str, others: Sequence[LabReport]) -> Elsewhere:
    """What the other deals of people found of the same rate."""
    found = [
        outcome(other.judgement(mitigation).changes.change(entry.rate, by=entry.by, group=entry.group))
        for other in others
    ]
    return Elsewhere(found.count("WORSE"), found.count("BETTER"), len(found))


def mitigation_title(judgements: Sequence[Judgement]) -> str:
    """The headline: how many methods made something worse, and how many something better and nothing worse."""
    worse = sum(bool(each.changes.regressions) for each in judgements)
    better = sum(bool(each.changes.gains and not each.changes.regressions) for each in judgements)
    methods = f"{len(judgements)} method{'s' if len(judgements) > 1 else ''}"
    return f"Of {methods}, {worse or 'none'} made errors worse for somebody; {better or 'none'} only better"


def overall_sentence(report: LabReport, others: Sequence[LabReport] = ()) -> str:
    """Which methods raised an error rate, which only lowered some, and which did neither; in how many deals each."""
    counted: dict[str, dict[str, int]] = {"worse": {}, "better": {}, "neither": {}}
    for deal in (report, *others):
        for each in (judgement for judgement in deal.judgements if not judgement.caveat):
            found = "worse" if each.changes.regressions else "better" if each.changes.gains else "neither"
            counted[found][each.mitigation] = counted[found].get(each.mitigation, 0) + 1
    deals = 1 + len(others)
    said = {
        "worse": "**Made an error rate worse** for somebody",
        "better": "**Made some rate better, and none worse**",
        "neither": "No change shown, which is not the same as no change",
    }
    parts = [
        f"{said[name]}: {'; '.join(_in_deals(method, count, deals) for method, count in found.items())}."
        for name, found in counted.items()
        if found
    ]
    people = "" if deals == 1 else f" This was done {deals} times, the people dealt anew."
    head = (
        f"With each threshold set for FMR {report.target_fmr:g} on people of their own, and judged on "
        f"{report.people[2]:,} people whom no method had seen.{people} "
    )
    return head + " ".join(parts)


def _in_deals(method: str, count: int, deals: int) -> str:
    return plain(method) if deals == 1 else f"{plain(method)} in {count} of {deals} deals"


def method_sentence(judgement: Judgement, others: Sequence[LabReport] = ()) -> Sentence:
    """All that one method changed for sure: what rose, then what fell; and whether other deals found the same."""
    changes = judgement.changes
    parts = [
        f"**{word}:** " + "; ".join(_described(entry, judgement.mitigation, others) for entry in found) + "."
        for word, found in (("Worse", changes.regressions), ("Better", changes.gains))
        if found
    ]
    parts += [
        f"**Groups {word} unequal:** " + "; ".join(_index(entry) for entry in found) + "."
        for word, found in (
            ("more", [entry for entry in changes.indices if entry.regression and entry.index == "difference"]),
            ("less", [entry for entry in changes.indices if entry.gain and entry.index == "difference"]),
        )
        if found
    ]
    if not parts:
        parts = ["no change was shown for any group; the intervals below say how large one may still be."]
    standing: Standing = "warning" if changes.regressions else "note" if changes.gains else "insufficient"
    return Sentence(standing, f"**{plain(judgement.mitigation)}.** " + " ".join(parts))


def whom(entry: RateChange) -> str:
    """The group of a change, or everybody."""
    return entry.group if entry.by else EVERYBODY


def points(value: float) -> str:
    """A change of a rate in percentage points, with its sign.

    >>> points(0.0123), points(-0.00005), points(0.0)
    ('+1.23', '−0.005', '0')
    """
    return f"{100 * value:+.3g}".replace("-", "−") if value else "0"


def _described(entry: RateChange, mitigation: str, others: Sequence[LabReport]) -> str:
    group = f"{plain(entry.by)} {plain(entry.group)}" if entry.by else EVERYBODY
    interval = entry.change.interval
    again = f"; {elsewhere(entry, mitigation, others).told} other deals" if others else ""
    return (
        f"{rate_words(entry.rate)} of {group} {100 * entry.before.value:.3g} to {100 * entry.after.value:.3g}"
        f"\N{NO-BREAK SPACE}% ({points(entry.change.value)} points; "
        f"{100 * interval.confidence:g}\N{NO-BREAK SPACE}%: {points(interval.low)} to {points(interval.high)}{again})"
    )


def _index(entry: IndexChange) -> str:
    return (
        f"largest minus smallest {rate_words(entry.rate)} by {plain(entry.by)} {100 * entry.before:.3g} to "
        f"{100 * entry.after:.3g} points"
    )
