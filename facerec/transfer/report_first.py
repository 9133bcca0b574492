"""The first screen of a run's report: which method to take, what it gets right, and what not to pay for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from facerec.reporting import Block, Figure, Section, Text, axes, plain, write_number
from facerec.reporting.drawings import Colour, Whisker, Whiskers
from facerec.transfer.bench import Bench
from facerec.transfer.cells import Outcome, Protocol
from facerec.transfer.comparison import Comparison, Summary, best, between
from facerec.transfer.figures import confusion_counts, of_summary
from facerec.transfer.verdict import UNTOLD, Findings

_MOST_ROWS = 24
_WORDS: dict[Protocol, str] = {
    "linear": "a linear probe",
    "knn": "nearest neighbours",
    "centroid": "class centroids",
    "fine-tune": "fine-tuning",
    "lp-ft": "fine-tuning from the probe",
    "gradual": "fine-tuning layer by layer",
    "discriminative": "fine-tuning with rates by layer",
    "linear-sgd": "a linear probe by gradient descent",
    "scratch": "training from scratch",
}


def title_of(bench: Bench, findings: Findings) -> str:
    """The headline: the method to take, with how many of 1,000 photos it names right."""
    chosen = recommended(bench, findings)
    return f"Use {_named(chosen, findings)}: {_of_1000(chosen.accuracy.value)} of 1,000 photos named right"


def recommended(bench: Bench, findings: Findings) -> Summary:
    """The method to take, with the most photos.

    Of those that are not distinguishable from the best, and take at most twice as long as the fastest of these, the one
    with the highest accuracy: what is not shown to be better is not worth more time.
    """
    most = findings.summaries[0].shots
    here = [
        each
        for each, mark in zip(findings.summaries, findings.marks, strict=True)
        if each.shots == most and (each is best(findings.summaries, most) or mark == UNTOLD)
    ]
    seconds = [seconds_of(bench, each) for each in here]
    quick = [each for each, took in zip(here, seconds, strict=True) if took <= 2 * min(seconds)]
    return max(quick, key=lambda each: each.accuracy.value)


def first_blocks(bench: Bench, findings: Findings) -> tuple[Block, ...]:
    """The number, and every method in one picture."""
    chosen = recommended(bench, findings)
    interval, majority = chosen.accuracy.interval(), findings.majority
    frequent = np.bincount(bench.train_labels, minlength=len(bench.image_set.classes)).argmax()
    return (
        Text(
            f"Of 1,000 photos {plain(_named(chosen, findings))} names about **{_of_1000(chosen.accuracy.value)}** "
            f"right ({_of_1000(interval.low)} to {_of_1000(interval.high)}), learned from {_shots(chosen.shots)}. "
            f"Always answering {plain(bench.image_set.classes[frequent])}, which needs no network, is right for "
            f"**{_of_1000(majority.value)}**."
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
    chosen = recommended(bench, findings)
    rows = []
    for each in sorted(shown, key=lambda each: -each.accuracy.value)[:_MOST_ROWS]:
        interval = each.accuracy.interval()
        said = f"{_of_1000(each.accuracy.value)} ({_of_1000(interval.low)} to {_of_1000(interval.high)}), "
        said += write_number(seconds_of(bench, each), "seconds")
        label = f"{_named(each, findings)}, {_shots(each.shots)}"
        colour: Colour = "b" if each is chosen else "a"
        rows.append(
            Whisker(label, each.accuracy.value, interval.low, interval.high, said, colour, strong=each is chosen)
        )
    majority = findings.majority
    ends = majority.interval()
    rows.append(
        Whisker(
            "the most frequent class, always",
            majority.value,
            ends.low,
            ends.high,
            f"{_of_1000(majority.value)} ({_of_1000(ends.low)} to {_of_1000(ends.high)})",
            "s",
        )
    )
    rows += [Whisker(label, math.nan, math.nan, math.nan, "not tried") for label in _untried(bench, findings)]
    axis = axes.linear("photos named right, %", [0.0, *(row.high for row in rows)], percent=True, start=0)
    return Figure(
        (Whiskers("", axis, tuple(rows)),),
        title="Of 1,000 photos named right, by method and photos to learn from, with 95 % intervals and time alone",
        alt="Photos of 1,000 named right: " + "; ".join(f"{row.label} {row.said}" for row in rows),
    )


def _untried(bench: Bench, findings: Findings) -> list[str]:
    """Rows of the plan of which not a single cell was measured."""
    measured = {(*each.method, each.shots) for each in findings.summaries}
    cells = [each.cell for each in bench.measured.left_out]
    rows = dict.fromkeys((each.backbone, each.protocol, each.shots) for each in cells)
    several = len({each.backbone for each in findings.summaries}) > 1
    return [
        f"{_WORDS[protocol]}{f' on {backbone}' if several else ''}, {_shots(shots)}"
        for backbone, protocol, shots in rows
        if (backbone, protocol, shots) not in measured
    ]


def _choice(bench: Bench, findings: Findings) -> Iterator[str]:
    chosen = recommended(bench, findings)
    here = [each for each in findings.summaries if each.shots == chosen.shots and each is not chosen]
    worse, alike, untold = [], [], []
    for each in here:
        found = between(findings.comparisons, chosen.method, each.method, chosen.shots)
        said = f"{plain(_named(each, findings))} ({_of_1000(each.accuracy.value)})"
        if found is None:
            untold.append(said)
        elif found.distinguishable and found.difference > 0:
            worse.append(said)
        else:
            alike.append(said)
    time = write_number(seconds_of(bench, chosen), "seconds")
    told = f"**Take {plain(_named(chosen, findings))}**: {time} each time."
    told += f" Worse: {_listed(worse)}." if worse else ""
    told += f" A difference from {_listed(alike)} is not shown, and not excluded." if alike else ""
    told += f" Not compared on the same seeds: {_listed(untold)}." if untold else ""
    tried = {each.protocol for each in findings.summaries if each.shots == chosen.shots}
    if not tried & {"fine-tune", "lp-ft", "scratch"}:
        told += f" Fine-tuning on {_shots(chosen.shots)} was not tried."
    yield told


def _tuning(findings: Findings) -> Iterator[str]:
    """Fine-tuning against the probe, with the most shots that both had, on the seeds that both have."""
    if found := _first(findings, "fine-tune", "linear"):
        pays = "**Fine-tuning pays**" if found.difference > 0 else "**Fine-tuning does not pay**"
        head = pays if found.distinguishable else "**Do not pay for fine-tuning yet**"
        told = f"{_more(found)} of 1,000 than the probe, on the same photos and seeds"
        yield f"{head} with {_shots(found.shots)}: {told}."


def _scratch(findings: Findings) -> Iterator[str]:
    for protocol in ("linear", "fine-tune"):
        if found := _first(findings, protocol, "scratch"):
            if found.distinguishable and found.difference > 0:
                worth = f"{_more(found)} of 1,000 with {_shots(found.shots)}"
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
    several = len({each.backbone for each in findings.summaries}) > 1
    return f"{_WORDS[summary.protocol]} on {summary.backbone}" if several else _WORDS[summary.protocol]


def _shots(shots: int | None) -> str:
    return "all photos" if shots is None else f"{shots:,} photo{'' if shots == 1 else 's'} a class"


def _of_1000(share: float) -> str:
    return f"{math.floor(1000 * share + 0.5):,}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
