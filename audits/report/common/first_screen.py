"""What a reader sees first of an audit: a headline, the number, one picture, what to do, and how sure that is.

All of an audit's sentences there are made by `first_screen`, from intervals and never from points alone: the headline
claims no more than the near end of an interval, a difference that is not shown is called neither shown nor excluded,
and what was not seen is told by what it may still be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from audits.gate.verdict import PolicyVerdict
from audits.report.common.figures import MOST_DRAWN
from audits.report.common.frequencies import count, ends, frequency, out_of, times_as_often, with_range
from audits.statistics.contrasts import FurthestPair, furthest_apart
from audits.statistics.estimates import Estimate
from facerec.reporting import Block, Figure, Section, Text, axes, plain
from facerec.reporting.drawings import COLOURS, Dots, Drawing, OutOf, Whisker, Whiskers

_DOTTED = 3
"""More groups than this have no room for a thousand dots each."""


@dataclass(frozen=True)
class Question:
    """One kind of error, in words of people.

    Attributes
    ----------
    rate : str
        Its name in the audit, such as ``fmr``.
    name : str
        Of the picture: ``Taken for one person, though two (false match, FMR)``.
    verb : str
        Of the headline, with people before it: ``are taken for one another``.
    trials : str
        ``pairs of two different people``.
    happens : str
        What becomes of them: ``are taken for one person``.
    harm : str
        Where it matters: ``being taken for somebody else does harm``.
    unit : str
        What trials are, in a word.
    """

    rate: str
    name: str
    verb: str
    trials: str
    happens: str
    harm: str
    unit: str = "pairs"


@dataclass(frozen=True)
class Grouped:
    """One question asked of the groups of one grouping: their rates, and those that are large enough to be compared.

    `silent`: nothing is told of differences, because a report that is passed on withholds a rate.
    """

    by: str
    question: Question
    everybody: Estimate
    groups: tuple[tuple[str, Estimate], ...]
    compared: tuple[str, ...]
    silent: bool = False

    @cached_property
    def pair(self) -> FurthestPair | None:
        """The two groups that are most surely apart."""
        return furthest_apart([(name, found) for name, found in self.groups if name in self.compared])

    @property
    def of(self) -> int:
        """The denominator of the comparison."""
        return out_of([found for name, found in self.groups if name in self.compared] or [self.everybody])


@dataclass(frozen=True)
class FirstScreen:
    """What stands on it; `todo`, `sure` and `silent` are prose."""

    title: str
    standfirst: str
    figure: Figure | None
    todo: tuple[str, ...]
    sure: str
    silent: str

    @property
    def lead(self) -> tuple[Block, ...]:
        """The number and the picture."""
        return (Text(self.standfirst), *((self.figure,) if self.figure is not None else ()))

    @property
    def sections(self) -> tuple[Section, ...]:
        """What to do, how sure that is, and what nobody may read into it."""
        steps = "\n".join(f"1) {step}" for step in self.todo)
        told = (("What to do", steps), ("How sure are we?", self.sure), ("What this does not say", self.silent))
        return tuple(Section(title, (Text(text),), "first") for title, text in told if text)


def first_screen(
    asked: Sequence[Grouped],
    everybody: Mapping[Question, Estimate],
    *,
    verdict: PolicyVerdict | None = None,
    todo: Sequence[str] = (),
    silent: str = "",
) -> FirstScreen:
    """All sentences of the first screen of an audit of rates.

    Parameters
    ----------
    asked : sequence of Grouped
        Every question of every grouping, in the order in which they weigh.
    everybody : mapping of Question to Estimate
        The rates over all.
    verdict : PolicyVerdict, optional
        It then makes the headline.
    todo : sequence of str
        What to do besides what follows from the differences, in prose.
    silent : str
        What the audit does not say.
    """
    shown = [each for each in asked if (pair := each.pair) is not None and pair.shown]
    shown.sort(key=lambda each: -_near(each))
    first = next(iter(shown), None) or next(iter(asked), None)
    overall = [_overall(question, found) for question, found in everybody.items()]
    if verdict is not None:
        title = verdict_title(verdict)
    elif shown:
        title = _differs(shown[0])
    else:
        title = _alike(next(iter(everybody.items())), grouped=bool(asked))
    told = [_compared(each) for each in asked if first is not None and each.by == first.by]
    by = {} if first is None else {each.question: each for each in asked if each.by == first.by}
    figure = None if first is None else picture(tuple(by.values()))
    if first is None or first.silent or first.pair is None:  # a number stands first, whatever is compared
        told = [" ".join(overall), *told]
    more = [_elsewhere(each) for each in shown if first is not None and each.by != first.by]
    steps = [*_reliance(shown, asked), *todo]
    return FirstScreen(
        title,
        "\n\n".join([*told, *more]),
        figure if figure is not None else picture_of_all(everybody),
        tuple(steps),
        _sure(asked, everybody),
        silent,
    )


def picture(asked: Sequence[Grouped]) -> Figure:
    """The rates of every group of a grouping, a drawing for each question, of which a reader needs no other."""
    of = {each.question: each.of for each in asked}
    dotted = all(
        len(each.groups) <= _DOTTED and of[each.question] == 1000 and all(one.errors for _, one in each.groups)
        for each in asked
    )
    drawings: list[Drawing] = []
    told = []
    for each in asked:
        rows = _drawn(each.groups)
        drawings.append(_dots(each, rows) if dotted else _whiskers(each, rows))
        named = "; ".join(
            f"{name} {with_range(found, each.of, each.question.unit)}" for name, found in each.groups[:MOST_DRAWN]
        )
        told.append(f"{each.question.name}: {named}")
    by = asked[0].by
    level = f"{100 * asked[0].everybody.interval.confidence:g} %"
    what = (
        f"Errors by {plain(by)}: full dots are how many of 1,000, rings how many it may be ({level})"
        if dotted
        else f"Errors by {plain(by)}, in per cent, with {level} intervals"
    )
    many = f" Of so many groups the {MOST_DRAWN} with the highest rates are drawn; the tables hold all."
    return Figure(
        tuple(drawings),
        alt=f"Errors by {by}. {'. '.join(told)}.",
        title=what,
        caption=("" if dotted else "An open triangle is the most it may be where no error was seen.")
        + (many if len(asked[0].groups) > MOST_DRAWN else ""),
    )


def picture_of_all(everybody: Mapping[Question, Estimate]) -> Figure | None:
    """The same without groups."""
    asked = [Grouped("", question, found, (("everybody", found),), ()) for question, found in everybody.items()]
    return picture(asked) if any(each.everybody.measured for each in asked) else None


def _dots(each: Grouped, rows: Sequence[tuple[str, Estimate]]) -> Dots:
    return Dots(
        each.question.name,
        tuple(
            OutOf(
                name,
                with_range(found, each.of, each.question.unit),
                round(found.value * 1000),
                round(found.interval.high * 1000),
                colour=COLOURS[place],
            )
            for place, (name, found) in enumerate(rows)
        ),
    )


def _whiskers(each: Grouped, groups: Sequence[tuple[str, Estimate]]) -> Whiskers:
    of = each.of
    everybody = [] if not each.by else [("everybody", each.everybody)]
    rows = [
        Whisker(
            name,
            found.value,
            found.interval.low,
            found.interval.high,
            with_range(found, of, each.question.unit),
            "k" if number < len(everybody) else "a",
            bound=found.measured and not found.errors,
            strong=number < len(everybody),
        )
        for number, (name, found) in enumerate([*everybody, *groups])
    ]
    highs = [row.high for row in rows]
    return Whiskers(each.question.name, axes.linear("per cent", highs, percent=True, start=0), tuple(rows))


def _drawn(groups: Sequence[tuple[str, Estimate]]) -> list[tuple[str, Estimate]]:
    """The groups that a drawing has room for: all of them, or those with the highest rates in their order."""
    ranked = sorted((-found.value, place) for place, (_, found) in enumerate(groups) if found.measured)
    chosen = {place for _, place in ranked[:MOST_DRAWN]}
    return [each for place, each in enumerate(groups) if len(groups) <= MOST_DRAWN or place in chosen]


def _near(each: Grouped) -> float:
    pair = each.pair
    return pair.strict.ratio_interval.low if pair is not None else 0.0


def _differs(each: Grouped) -> str:
    pair = each.pair
    assert pair is not None  # noqa: S101 - asked of shown differences only
    times = times_as_often(_near(each), f"those labelled {pair.reference}")
    return f"People labelled {pair.group} {each.question.verb} {times}"


def _alike(asked: tuple[Question, Estimate], *, grouped: bool) -> str:
    question, found = asked
    of = out_of([found])
    rest = "; between groups no difference is shown, and none excluded" if grouped else ""
    if not found.measured:
        return f"Not measured: there are no {question.trials}"
    if found.evidence == "none":
        return f"Too few errors were seen to compare: {_counted(found, of, question.unit)}"
    return f"Of {of:,} {question.trials} about {count(found.value, of)} {question.happens}{rest}"


def _counted(found: Estimate, of: int, unit: str) -> str:
    if not found.errors:
        return frequency(found, of, unit)
    return f"{found.errors:,} of {found.trials:,} {unit}; at most {count(found.interval.high, of)} of {of:,}"


def _overall(question: Question, found: Estimate) -> str:
    if not found.measured:
        return f"There are no {question.trials}, so how many {question.happens} was **not measured**."
    of = out_of([found])
    if not found.errors:
        most = f"at most {count(found.interval.high, of)} of {of:,}"
        return f"None of {found.trials:,} {question.trials}: so many {question.happens}; {most}."
    return f"Of {of:,} {question.trials} about **{count(found.value, of)}** {question.happens} ({ends(found, of)})."


def _compared(each: Grouped) -> str:
    """The sentences of one question: the two groups that are furthest apart, and whether they are."""
    question, pair, of = each.question, each.pair, each.of
    head = f"**{question.name}.** "
    if each.silent:
        return f"{head}Groups by {plain(each.by)} are not compared here, because rates of some are withheld."
    if pair is None:
        return f"{head}Groups by {plain(each.by)} cannot be compared: fewer than two have {question.trials} enough."
    seen = {name: found for name, found in each.groups if name in each.compared}
    if not any(found.errors for found in seen.values()):
        worst = max(seen, key=lambda name: seen[name].interval.high)
        most = f"{count(seen[worst].interval.high, of)} of {of:,}"
        unknown = "nothing is known of who fares worse"
        return f"{head}Not one was seen in any group; it may be up to {most} ({plain(worst)}), and {unknown}."
    names = plain(pair.group), plain(pair.reference)
    told = frequency(pair.rate, of, question.unit), frequency(pair.reference_rate, of, question.unit)
    many = [f"about **{count(found.value, of)}**" for found in (pair.rate, pair.reference_rate)]
    both = f"Of {of:,} {question.trials} in the group {names[0]} {many[0]} {question.happens}; "
    both += f"in {names[1]}, {many[1]}."
    if not pair.rate.errors or not pair.reference_rate.errors:
        both = f"In the group {names[0]}, {told[0]}; in {names[1]}, {told[1]}."
    if pair.shown:
        ratio = pair.plain.ratio
        again = ""
        if ratio < 1e6:
            low, high = pair.strict.ratio_interval.low, pair.strict.ratio_interval.high
            span = f"{low:.2g} to {high:.3g}" if high < 1e6 else f"{low:.2g} and more"
            allowed = ", all pairs of groups allowed for" if pair.groups > 2 else ""
            level = f"{100 * pair.rate.interval.confidence:g} %"
            again = f" That is **{ratio:.2g} times as often** ({level}: {span}{allowed})."
        return f"{head}{both}{again}"
    most = f"{count(pair.highest_difference, of)} of {of:,}"
    return f"{head}{both} A difference is **not shown, and not excluded**: it may be as large as {most}."


def _elsewhere(each: Grouped) -> str:
    pair = each.pair
    assert pair is not None  # noqa: S101 - asked of shown differences only
    told = [frequency(found, each.of, each.question.unit) for found in (pair.rate, pair.reference_rate)]
    other = f"{plain(pair.reference)} ({told[1]})"
    return (
        f"By {plain(each.by)}, {plain(pair.group)} ({told[0]}) {each.question.verb} "
        f"{times_as_often(_near(each), other)}."
    )


def _reliance(shown: Sequence[Grouped], asked: Sequence[Grouped]) -> list[str]:
    """What not to rely on."""
    if shown:
        pair = shown[0].pair
        assert pair is not None  # noqa: S101 - as above
        times = times_as_often(_near(shown[0]), f"those labelled {plain(pair.reference)}")
        worst = f"people labelled {plain(pair.group)} bear it {times}"
        return [f"**Do not rely on this where {shown[0].question.harm}**: {worst}."]
    thin = [each for each in asked if any(found.evidence in ("none", "indicative") for _, found in each.groups)]
    if thin:
        return ["**Do not call the groups alike.** Too few errors were seen to tell how far apart they are."]
    return []


def _sure(asked: Sequence[Grouped], everybody: Mapping[Question, Estimate]) -> str:
    """The level of evidence, with what more data would do."""
    lines = []
    for question in everybody:
        own = [found for each in asked if each.question == question for _, found in each.groups if found.measured]
        seen = [found.errors for found in own or [everybody[question]] if not found.withheld and found.measured]
        if not seen:
            continue
        few = min(seen)
        level = "none" if few < 3 else "indicative" if few < 30 else "reportable"
        then = {
            "none": "too few to say anything of the group with the fewest",
            "indicative": "more data may well change the size",
            "reportable": "more data will hardly change it",
        }[level]
        spread = f"{few:,}" if few == max(seen) else f"{few:,} to {max(seen):,}"
        where = " in a group" if own else ""
        lines.append(f"- {question.name}: **{level}**, {spread} errors{where}; {then}.")
    return "\n".join(lines)


def verdict_title(verdict: PolicyVerdict) -> str:
    """The headline where a policy was to be decided: which claims it was that decided."""
    failed = [claim for claim in verdict.claims if claim.verdict == verdict.verdict]
    many = len(verdict.claims)
    if verdict.verdict == "pass":
        return f"Pass: {'the claim is' if many == 1 else f'all {many:,} claims are'} kept"
    names = "; ".join(claim.claim.name for claim in failed[:2])
    word = "Fail" if verdict.verdict == "fail" else "Not shown"
    return f"{word}: {names}{f' and {len(failed) - 2:,} more' if len(failed) > 2 else ''}"
