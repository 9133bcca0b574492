"""What the outcomes of a run say: accuracies, who is not distinguishable from the best, and the verdict in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from facerec.reporting import Standing, plain, write_number
from facerec.reporting.inline import parse_spans
from facerec.transfer.bench import Bench
from facerec.transfer.cells import Protocol, TestPhotos, shots_text
from facerec.transfer.comparison import (
    Answers,
    Comparison,
    Method,
    Summary,
    best,
    between,
    compare,
    standing,
    summarise,
)
from facerec.transfer.headline import headline, listed, unanswered
from facerec.types import Rate

BEST = "best"
UNTOLD = "not distinguishable"
WORSE = "worse"
UNCOMPARED = "not compared"


@dataclass(frozen=True)
class Sentence:
    """A statement of the verdict.

    Attributes
    ----------
    standing : Standing
        How it is shown.
    text : str
        Prose with the marks of a report.
    """

    standing: Standing
    text: str

    @property
    def plain(self) -> str:
        """The text without marks."""
        return "".join(span.text for span in parse_spans(self.text))


@dataclass(frozen=True)
class Findings:
    """What a run says.

    Attributes
    ----------
    summaries : tuple of Summary
        All photos first, then fewer and fewer shots; within them the best first.
    comparisons, corrupted : tuple of Comparison
        Every two methods with the same number of shots, on the test photos as they are, and corrupted.
    marks : tuple of str
        For each summary: `BEST`, `UNTOLD`, `WORSE`, or `UNCOMPARED` where it shares no seed with the best.
    majority : Rate
        Of always answering the class that is most frequent among the photos to learn from; ``errors`` counts what is
        correct.
    headline : str
        All of it in one line.
    unanswered : Sentence or None
        That there was no time for the question, and what it takes; None where it is answered or was not asked.
    sentences : tuple of Sentence
        The verdict, the most important first.
    """

    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    corrupted: tuple[Comparison, ...]
    marks: tuple[str, ...]
    majority: Rate
    headline: str
    unanswered: Sentence | None
    sentences: tuple[Sentence, ...]


def judge(bench: Bench) -> Findings:
    """Compare everything that a run measured."""
    labels, outcomes = bench.labels, bench.measured.outcomes
    as_they_are, corrupted = (
        Answers(outcomes, labels, clusters=bench.clusters, photos=photos) for photos in get_args(TestPhotos)
    )
    found = summarise(as_they_are, corrupted)
    summaries = tuple(sorted(found, key=lambda each: (-(each.shots or 1 << 62), -each.accuracy.value)))
    comparisons, of_corrupted = compare(as_they_are), compare(corrupted)
    frequent = int(np.bincount(bench.train_labels, minlength=len(bench.image_set.classes)).argmax())
    majority = Rate(int((labels == frequent).sum()), len(labels))
    marks = tuple(_mark(each, summaries, comparisons) for each in summaries)
    sentences = tuple(_verdict(bench, summaries, comparisons, of_corrupted, majority))
    lacking = unanswered(bench.measured, summaries)
    return Findings(
        summaries=summaries,
        comparisons=comparisons,
        corrupted=of_corrupted,
        marks=marks,
        majority=majority,
        headline=headline(summaries, comparisons),
        unanswered=Sentence("warning", lacking) if lacking else None,
        sentences=sentences,
    )


def method_text(method: Method, summaries: Sequence[Summary]) -> str:
    """A method's name; without its backbone where there is only one."""
    several = len({each.backbone for each in summaries}) > 1
    return f"{method[1]} on {method[0]}" if several else method[1]


def _mark(each: Summary, summaries: Sequence[Summary], comparisons: Sequence[Comparison]) -> str:
    first = best(summaries, each.shots)
    if each is first:
        return BEST
    compared = between(comparisons, first.method, each.method, each.shots)
    if compared is None:
        return UNCOMPARED
    return WORSE if compared.distinguishable and compared.difference > 0 else UNTOLD


def _verdict(
    bench: Bench,
    summaries: Sequence[Summary],
    comparisons: Sequence[Comparison],
    corrupted: Sequence[Comparison],
    majority: Rate,
) -> Iterator[Sentence]:
    levels = list(dict.fromkeys(each.shots for each in summaries))
    yield from _tuned(summaries, comparisons, levels)
    yield _highest(summaries, comparisons, levels[0], majority)
    yield from _shifted(summaries, corrupted, levels)
    if any(each.weights_sha256 for each in bench.backbones):
        yield from _bought(summaries, comparisons, levels)


def _shifted(
    summaries: Sequence[Summary], corrupted: Sequence[Comparison], levels: Sequence[int | None]
) -> Iterator[Sentence]:
    """What training the network costs or buys on corrupted photos, with the most shots that both had."""
    asked: tuple[tuple[Protocol, Protocol, str], ...] = (
        ("fine-tune", "linear", "fine-tuning against a linear probe"),
        ("lp-ft", "fine-tune", "starting fine-tuning at the linear probe (lp-ft) against not"),
    )
    for first, second, said in asked:
        pairs = (
            (shots, compared)
            for shots in levels
            for backbone in dict.fromkeys(each.backbone for each in summaries)
            if (compared := between(corrupted, (backbone, first), (backbone, second), shots)) is not None
        )
        if found := next(pairs, None):
            shots, compared = found
            shown = compared.distinguishable
            how = ("**gains**" if compared.difference > 0 else "**loses**") if shown else "differs not distinguishably"
            yield Sentence(
                "note" if shown else "insufficient",
                f"On corrupted test photos {said} {how}, {shots_text(shots)}: {points_text(compared)}, adjusted p "
                f"{p_text(compared)}.",
            )


def _bought(
    summaries: Sequence[Summary], comparisons: Sequence[Comparison], levels: Sequence[int | None]
) -> Iterator[Sentence]:
    """The best pre-trained method against the same network from scratch, with the most shots that both had."""
    for shots in levels:
        here = [each for each in summaries if each.shots == shots]
        scratch = [each for each in here if each.protocol == "scratch"]
        others = [each for each in here if each.protocol != "scratch"]
        pairs = [
            compared
            for other in others
            for one in scratch
            if other.backbone == one.backbone
            and (compared := between(comparisons, other.method, one.method, shots)) is not None
        ]
        if not pairs:
            continue
        compared = max(pairs, key=lambda pair: pair.difference)
        name = plain(method_text(compared.first, summaries))
        reached = next(each for each in here if each.method == compared.first)
        began = next(each for each in here if each.method == compared.second)
        numbers = (
            f"{name} reaches {_accuracy(reached)}, the same network from scratch {_accuracy(began)}; "
            f"difference {points_text(compared)}, adjusted p {p_text(compared)}"
        )
        where = f"With {shots_text(shots)}{'' if shots is None else ' per class'}"
        if compared.distinguishable and compared.difference > 0:
            gained = f"{100 * compared.difference:.1f} points"
            yield Sentence("note", f"{where} pre-training buys **{gained}** of accuracy here: {numbers}.")
        elif compared.distinguishable:
            yield Sentence("warning", f"{where} pre-training **costs** accuracy here: {numbers}.")
        else:
            yield Sentence(
                "insufficient", f"{where} it is **not shown** that pre-training buys anything here: {numbers}."
            )
        return


def _highest(
    summaries: Sequence[Summary], comparisons: Sequence[Comparison], shots: int | None, majority: Rate
) -> Sentence:
    stand = standing(summaries, comparisons, shots)
    first = stand.first
    untold = [plain(method_text(each.method, summaries)) for each in stand.alike]
    text = (
        f"Highest with {shots_text(shots)}: **{plain(method_text(first.method, summaries))}**, {_accuracy(first)}; "
        f"always answering the most frequent class gives {write_number(majority.value, 'rate')}. "
    )
    if stand.alone:
        return Sentence("note", text.strip())
    if untold:
        verb = "is" if len(untold) == 1 else "are"
        return Sentence("note", f"{text}Not distinguishable from it {verb} {listed(untold)}.")
    return Sentence("note", f"{text}Every other method that it was compared with is distinguishable from it.")


def _tuned(
    summaries: Sequence[Summary], comparisons: Sequence[Comparison], levels: Sequence[int | None]
) -> Iterator[Sentence]:
    """Fine-tuning against the linear probe, with the most shots that both had."""
    for shots in levels:
        for backbone in dict.fromkeys(each.backbone for each in summaries):
            compared = between(comparisons, (backbone, "fine-tune"), (backbone, "linear"), shots)
            if compared is None:
                continue
            who = f"fine-tuning {plain(backbone)} against a linear probe on it, {shots_text(shots)}"
            numbers = f"{points_text(compared)}, adjusted p {p_text(compared)}"
            if not compared.distinguishable:
                yield Sentence("insufficient", f"Not distinguishable: {who} ({numbers}).")
            elif compared.difference > 0:
                yield Sentence("note", f"Training the whole network **pays** here: {who}, {numbers}.")
            else:
                yield Sentence("note", f"Training the whole network **does not pay** here: {who}, {numbers}.")
            return


def _accuracy(summary: Summary) -> str:
    interval = summary.accuracy.interval()
    low, high = (f"{100 * end:.1f}" for end in (interval.low, interval.high))
    return f"{100 * summary.accuracy.value:.1f} % (95 %: {low} … {high})"


def points_text(compared: Comparison, *, bare: bool = False) -> str:
    """A difference in points, with its interval; `bare` without words, for tables."""
    low, high = (f"{100 * end:+z.1f}" for end in (compared.interval.low, compared.interval.high))
    words = ("", "") if bare else (" points", "95 %: ")
    return f"{100 * compared.difference:+z.1f}{words[0]} ({words[1]}{low} … {high})".replace("-", "−")


def difference_text(compared: Comparison) -> str:
    """A difference in points, with the number of seeds that it was paired on."""
    seeds = len(compared.seeds)
    points = f"{100 * compared.difference:+z.1f}".replace("-", "−")
    return f"{points} on\N{NO-BREAK SPACE}{seeds}\N{NO-BREAK SPACE}seed{'' if seeds == 1 else 's'}"


def p_text(compared: Comparison) -> str:
    """An adjusted p-value."""
    return "< 0.001" if compared.adjusted < 0.001 else f"{compared.adjusted:.3f}"
