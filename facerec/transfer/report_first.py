"""The first screen of a run's report: which method is highest, what it gets right, and what is not shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from facerec.reporting import Block, Callout, Figure, Section, Text, axes, plain, write_number
from facerec.reporting.drawings import Colour, Whisker, Whiskers
from facerec.transfer.bench import Bench
from facerec.transfer.cells import Outcome, Protocol
from facerec.transfer.comparison import Comparison, Summary, best, between, standing
from facerec.transfer.figures import confusion_counts, of_summary
from facerec.transfer.headline import listed, named, of_1000, photos_text, untried
from facerec.transfer.verdict import Findings

_MOST_ROWS = 24


def highest(findings: Findings) -> Summary:
    """The method with the highest accuracy on the most photos: the one that the headline names."""
    return best(findings.summaries, findings.summaries[0].shots)


def first_blocks(bench: Bench, findings: Findings) -> tuple[Block, ...]:
    """Whether there is an answer, the number, and every method in one picture."""
    first = highest(findings)
    interval, majority = first.accuracy.interval(), findings.majority
    frequent = np.bincount(bench.train_labels, minlength=len(bench.image_set.classes)).argmax()
    who = plain(_named(first, findings))
    seeds = f"{len(first.seeds)} seed{'' if len(first.seeds) == 1 else 's'}"
    return (
        *((Callout(findings.unanswered.standing, findings.unanswered.text),) if findings.unanswered else ()),
        Text(
            f"{who[0].upper()}{who[1:]}, learned from {photos_text(first.shots)}, {seeds}: of 1,000 "
            f"photos about **{of_1000(first.accuracy.value)}** ({of_1000(interval.low)} to {of_1000(interval.high)}) "
            f"are named right. Always answering {plain(bench.image_set.classes[frequent])}, which needs no "
            f"network, is right for **{of_1000(majority.value)}**."
        ),
        _picture(bench, findings),
    )


def first_sections(bench: Bench, findings: Findings, outcome: Outcome) -> Iterator[Section]:
    """What to do, how sure that is, and what nobody may read into it; `outcome` is the one whose mistakes are shown."""
    steps = [*_choice(bench, findings), *_tuning(findings), *_scratch(findings), *_confused(bench, outcome)]
    yield Section("What to do", (Text("\n".join(f"1) {step}" for step in steps)),), "first")
    seeds = sorted({len(each.seeds) for each in findings.summaries})
    many = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    sure = (
        f"Intervals cover {len(bench.test):,} test photos and {many} seed{'' if seeds == [1] else 's'} of each "
        "method; two methods are told apart photo by photo, on the seeds that both have, with all comparisons "
        "shown allowed for."
    )
    yield Section("How sure are we?", (Text(sure),), "first")
    silent = [*(f"- **{plain(each)}**" for each in bench.warnings), "- Other photos, other numbers."]
    yield Section("What this does not say", (Text("\n".join(silent)),), "first")


def seconds_of(bench: Bench, summary: Summary) -> float:
    """What one run of a method takes alone, in seconds, features included."""
    return float(np.mean([outcome.alone_seconds for outcome in of_summary(bench, summary)]))


def _picture(bench: Bench, findings: Findings) -> Figure:
    summaries, most = findings.summaries, findings.summaries[0].shots
    shown = [each for each in summaries if len(summaries) <= _MOST_ROWS or each.shots == most]
    levels = list(dict.fromkeys(each.shots for each in shown))
    lacking = untried(bench.measured, summaries)
    rows: list[Whisker] = []
    told: list[str] = []
    for shots in levels:
        if len(levels) > 1:
            rows.append(_words(f"from {photos_text(shots)}", "", strong=True))
        for each in sorted((each for each in shown if each.shots == shots), key=lambda each: -each.accuracy.value):
            rows.append(_row(bench, findings, each))
            told.append(f"{rows[-1].label}, {photos_text(shots)}, {rows[-1].said}")
        if shots == most:
            rows += [_words(name, "not tried") for name in lacking.get(most, ())]
    majority = findings.majority
    ends = majority.interval()
    said = f"{of_1000(majority.value)} ({of_1000(ends.low)} to {of_1000(ends.high)})"
    rows.append(Whisker("most frequent class, always", majority.value, ends.low, ends.high, said, "s"))
    told += [f"{rows[-1].label}, {said}", *(f"{name} not tried" for name in lacking.get(most, ()))]
    rest = [f"from {photos_text(shots)}, {listed(names)}" for shots, names in lacking.items() if shots != most]
    axis = axes.linear("photos named right, %", [0.0, *(row.high for row in rows)], percent=True, start=0)
    learned = "and photos to learn from" if len(levels) > 1 else f"learned from {photos_text(most)}"
    return Figure(
        (Whiskers("", axis, tuple(rows)),),
        title=f"Of 1,000 photos named right, by method {learned}, with 95 % intervals and time alone",
        alt="Photos of 1,000 named right: " + "; ".join(told),
        caption=plain(f"Not tried, for lack of time: {'; '.join(rest)}.") if rest else "",
    )


def _row(bench: Bench, findings: Findings, each: Summary) -> Whisker:
    interval = each.accuracy.interval()
    said = f"{of_1000(each.accuracy.value)} ({of_1000(interval.low)} to {of_1000(interval.high)}), "
    said += write_number(seconds_of(bench, each), "seconds")
    strong = each is highest(findings)
    colour: Colour = "b" if strong else "a"
    label = _named(each, findings)
    return Whisker(label, each.accuracy.value, interval.low, interval.high, said, colour, strong=strong)


def _words(label: str, said: str, *, strong: bool = False) -> Whisker:
    """A row without a mark."""
    return Whisker(label, math.nan, math.nan, math.nan, said, strong=strong)


def _choice(bench: Bench, findings: Findings) -> Iterator[str]:
    stand = standing(findings.summaries, findings.comparisons, findings.summaries[0].shots)
    first, worse, alike, apart = stand.first, stand.worse, stand.alike, stand.apart

    def told(summaries: Sequence[Summary]) -> str:
        return listed([f"{plain(_named(each, findings))} ({of_1000(each.accuracy.value)})" for each in summaries])

    head = "Nothing to compare it with:" if stand.alone else "Highest:" if alike or apart else "Take"
    seconds = seconds_of(bench, first)
    said = f"**{head} {plain(_named(first, findings))}**, {write_number(seconds, 'seconds')} each time."
    said += f" Shown to be worse: {told(worse)}." if worse else ""
    if alike:
        said += f" A difference from {told(alike)} is not shown, and not excluded."
        quick = min(alike, key=lambda each: seconds_of(bench, each))
        if 2 * seconds_of(bench, quick) <= seconds:
            took = write_number(seconds_of(bench, quick), "seconds")
            said += f" The quickest of these, {took}, is an option where time counts: {plain(_named(quick, findings))}."
    said += f" Not compared on the same seeds: {told(apart)}." if apart else ""
    tried = {each.protocol for each in findings.summaries if each.shots == first.shots}
    if "fine-tune" not in tried:
        said += f" Fine-tuning on {photos_text(first.shots)} was not tried."
    yield said


def _tuning(findings: Findings) -> Iterator[str]:
    """Fine-tuning against the probe, with the most shots that both had, on the seeds that both have."""
    if found := _first(findings, "fine-tune", "linear"):
        pays = "**Fine-tuning pays**" if found.difference > 0 else "**Fine-tuning does not pay**"
        head = pays if found.distinguishable else "**Whether fine-tuning pays is not shown**"
        told = f"{_more(found)} of 1,000 than the probe, on the same photos and seeds"
        yield f"{head} with {photos_text(found.shots)}: {told}."


def _scratch(findings: Findings) -> Iterator[str]:
    for protocol in ("linear", "fine-tune"):
        if found := _first(findings, protocol, "scratch"):
            if found.distinguishable and found.difference > 0:
                worth = f"{_more(found)} of 1,000 with {photos_text(found.shots)}"
                yield f"**Do not start from scratch**: pre-training is worth {worth}."
            return


def _first(findings: Findings, one: Protocol, other: Protocol) -> Comparison | None:
    for shots in dict.fromkeys(each.shots for each in findings.summaries):
        for backbone in dict.fromkeys(each.backbone for each in findings.summaries):
            if found := between(findings.comparisons, (backbone, one), (backbone, other), shots):
                return found
    return None


def _confused(bench: Bench, outcome: Outcome) -> Iterator[str]:
    classes = bench.image_set.classes
    counts = confusion_counts(outcome, bench.labels, len(classes))
    apart = counts - np.diag(np.diag(counts))
    if apart.any():
        row, column = divmod(int(apart.argmax()), len(classes))
        times = f"{apart[row, column]:,} of {counts[row].sum():,} photos"
        other = f"{plain(classes[column])} ({times})"
        yield f"**Look at {plain(classes[row])}**: the commonest mistake is to take it for {other}."


def _more(found: Comparison) -> str:
    """A difference in right answers of 1,000, such as ``17 more (12 fewer to 46 more)``."""

    def said(value: float) -> str:
        number = math.floor(abs(value) * 1000 + 0.5)
        return f"{number:,} {'more' if value > 0 else 'fewer'}" if number else "none more"

    return f"{said(found.difference)} ({said(found.interval.low)} to {said(found.interval.high)})"


def _named(summary: Summary, findings: Findings) -> str:
    return named(*summary.method, findings.summaries)
