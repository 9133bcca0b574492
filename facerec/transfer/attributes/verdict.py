"""Is there a better backbone, or a fairer one, and at what price: the answers in words, chosen by the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from facerec.reporting import plain, write_number
from facerec.transfer.attributes.figures import told
from facerec.transfer.attributes.groups import GapChange, GroupGap, codes_of, compare_gaps, compare_in_groups, group_gap
from facerec.transfer.attributes.judged import Judged
from facerec.transfer.attributes.predictions import by_method, right_answers
from facerec.transfer.bench import Bench
from facerec.transfer.cells import Outcome
from facerec.transfer.comparing import Method, between
from facerec.transfer.findings import Findings, Sentence


@dataclass(frozen=True, eq=False)
class Verdict:
    """Everything that the report on faces compares.

    Attributes
    ----------
    judged : tuple of Judged
        The method with the fewest wrong answers first.
    gaps : tuple of GroupGap
        One per method, in the same order.
    worst_changes, gap_changes : tuple of GapChange
        Every two methods.
    in_groups : tuple of GapChange
        The best method and the best one on another backbone, group by group; empty where there is no other.
    outcomes : mapping of method to list of Outcome
    names : mapping of method to str
    sentences : tuple of Sentence
    """

    judged: tuple[Judged, ...]
    gaps: tuple[GroupGap, ...]
    worst_changes: tuple[GapChange, ...]
    gap_changes: tuple[GapChange, ...]
    in_groups: tuple[GapChange, ...]
    outcomes: Mapping[Method, list[Outcome]]
    names: Mapping[Method, str]
    sentences: tuple[Sentence, ...]

    def gap(self, method: Method) -> GroupGap:
        """The gap of a method."""
        return next(each for each in self.gaps if each.method == method)


def decide(bench: Bench, findings: Findings, judged: Sequence[Judged], groups: Sequence[str]) -> Verdict:
    """Compare the methods of a run, everybody and group by group.

    Parameters
    ----------
    bench : Bench
    findings : Findings
        What ``facerec.transfer.findings.judge`` made of it.
    judged : sequence of Judged
        One per method of the run.
    groups : sequence of str
        Each test photo's group, as `judged` names them; empty where a photo has no label.
    """
    outcomes = by_method(bench.measured.outcomes)
    ordered = tuple(sorted(judged, key=lambda each: each.overall.value))
    labelled = [place for place, group in enumerate(groups) if group]
    codes, names = codes_of([groups[place] for place in labelled])
    correct = [(each.method, right_answers(outcomes[each.method], bench.labels)[:, labelled]) for each in ordered]
    gaps = tuple(group_gap(method, flags, codes, names) for method, flags in correct)
    worst_changes, gap_changes = compare_gaps(correct, codes, names)
    first = correct[0]
    other = next((each for each in correct if each[0][0] != first[0][0]), None)
    in_groups: tuple[GapChange, ...] = ()
    if other is not None:
        shared = min(len(first[1]), len(other[1]))
        in_groups = compare_in_groups((first[0], first[1][:shared]), (other[0], other[1][:shared]), codes, names)
    named = {each.method: f"{each.method[1]} on {each.method[0]}" for each in ordered}
    verdict = Verdict(ordered, gaps, worst_changes, gap_changes, in_groups, outcomes, named, ())
    sentences = (_better(verdict, findings), *_fairer(verdict), *_price(verdict, findings))
    return Verdict(ordered, gaps, worst_changes, gap_changes, in_groups, outcomes, named, sentences)


def change_between(changes: Sequence[GapChange], one: Method, other: Method) -> GapChange:
    """The comparison of two methods, whichever was named first."""
    return next(each for each in changes if {each.first, each.second} == {one, other})


def _better(verdict: Verdict, findings: Findings) -> Sentence:
    best = verdict.judged[0]
    text = f"**Better?** Fewest wrong answers: {_name(verdict, best.method)}, {_rate(best)}."
    alike: list[str] = []
    worse: list[str] = []
    for each in verdict.judged[1:]:
        found = between(findings.comparisons, best.method, each.method, None)
        untold = found is None or not found.distinguishable
        (alike if untold else worse).append(f"{_name(verdict, each.method)} ({100 * each.overall.value:.1f} %)")
    if alike:
        text += f" Not distinguishable from it on the same photos: {', '.join(alike)}."
    if worse:
        text += f" Distinguishably worse: {', '.join(worse)}."
    return Sentence("note", text)


def _fairer(verdict: Verdict) -> Iterator[Sentence]:
    best = verdict.judged[0]
    gap = verdict.gap(best.method)
    yield Sentence(
        best.standing,
        f"**Equal for all groups?** {_name(verdict, best.method)}: {told(plain(gap.worst))} "
        f"{100 * gap.worst_error:.1f} % wrong, {told(plain(gap.best))} {100 * gap.best_error:.1f} %, a gap of "
        f"{100 * gap.gap:.1f} points; dealing the same answers out at random gives {100 * gap.by_chance:.1f} in the "
        f"median, and a gap as large with probability {_p(gap.p_value)}. The audit: {best.finding}",
    )
    if len(verdict.judged) < 2:
        return
    better_gap: list[Method] = []
    better_worst: list[Method] = []
    for each in verdict.judged[1:]:
        for changes, found in ((verdict.gap_changes, better_gap), (verdict.worst_changes, better_worst)):
            change = change_between(changes, best.method, each.method)
            sign = 1 if change.first == best.method else -1
            if change.distinguishable and sign * change.difference > 0:
                found.append(each.method)
    fairer = [method for method in better_gap if method in better_worst]
    levelled = [method for method in better_gap if method not in better_worst]
    if fairer:
        yield Sentence(
            "note",
            f"**Fairer?** A smaller gap and a better worst group than under {_name(verdict, best.method)}: "
            f"{_listed(verdict, fairer)}.",
        )
    else:
        yield Sentence(
            "insufficient",
            "**Fairer?** No method is shown to have both a smaller gap and a better worst group than "
            f"{_name(verdict, best.method)}.",
        )
    if levelled:
        yield Sentence(
            "warning",
            f"A smaller gap alone is no gain: {_listed(verdict, levelled)} narrows it without a better worst group, by "
            "being worse for the others.",
        )


def _price(verdict: Verdict, findings: Findings) -> Iterator[Sentence]:
    best = verdict.judged[0]
    own = verdict.outcomes[best.method]
    text = (
        f"**At what price?** {_name(verdict, best.method)} takes {write_number(own[0].macs, 'amount')} multiply-adds "
        f"per photo and took {write_number(seconds(own), 'seconds')} per run to learn and to test."
    )
    alike = [
        each.method
        for each in verdict.judged[1:]
        if (found := between(findings.comparisons, best.method, each.method, None)) is not None
        and not found.distinguishable
    ]
    cheaper = [method for method in alike if seconds(verdict.outcomes[method]) < 0.8 * seconds(own)]
    if cheaper:
        cheapest = min(cheaper, key=lambda method: seconds(verdict.outcomes[method]))
        other = verdict.outcomes[cheapest]
        text += (
            f" {_name(verdict, cheapest)}, not distinguishable from it, took "
            f"{write_number(seconds(other), 'seconds')} at {write_number(other[0].macs, 'amount')}."
        )
    yield Sentence("note", text)


def seconds(outcomes: Sequence[Outcome]) -> float:
    """Mean seconds of a method's runs."""
    return sum(each.seconds for each in outcomes) / len(outcomes)


def _name(verdict: Verdict, method: Method) -> str:
    return plain(verdict.names[method])


def _listed(verdict: Verdict, methods: Sequence[Method]) -> str:
    return ", ".join(_name(verdict, method) for method in methods)


def _rate(judged: Judged) -> str:
    interval = judged.overall.interval
    return f"{100 * judged.overall.value:.1f} % (95 %: {100 * interval.low:.1f} … {100 * interval.high:.1f})"


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"
