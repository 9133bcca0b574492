"""What a run says: scores with intervals, which protocols can be told apart, and the verdict in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from facerec.measure.metrics import holm
from facerec.reporting import Standing
from facerec.transfer.beyond.resampling import Difference, Estimate, difference, draw_scenes, estimate
from facerec.transfer.beyond.running import Beyond, Outcome, counts_of
from facerec.transfer.beyond.scoring import Precision, average_precision, class_iou, evaluate, mean_iou
from facerec.transfer.plans import Protocol, Task

SIGNIFICANCE = 0.05
BEST, UNTOLD, WORSE = "best", "not distinguishable", "worse"
SCORE_NAMES: dict[Task, str] = {"segmentation": "mIoU", "detection": "AP"}


@dataclass(frozen=True, eq=False)
class Summary:
    """One protocol on one task.

    Attributes
    ----------
    task, protocol : str
    outcomes : tuple of Outcome
        One per seed.
    values : ndarray, float64, shape (seeds,)
        Mean IoU or AP of each, 0 … 1.
    drawn : ndarray, float64, shape (replicates, seeds)
        The same on scenes that are drawn anew.
    score : Estimate
    by_class : tuple of float
        IoU (the background first) or AP of each class, mean over seeds; NaN where a class does not occur.
    precisions : tuple of Precision
        Of a detection; one per seed.
    mark : str
        `BEST`, `UNTOLD` from the best, or `WORSE`.
    """

    task: Task
    protocol: Protocol
    outcomes: tuple[Outcome, ...]
    values: NDArray[np.float64]
    drawn: NDArray[np.float64]
    score: Estimate
    by_class: tuple[float, ...]
    precisions: tuple[Precision, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two protocols on one task; the better one first.

    Attributes
    ----------
    task, first, second : str
    difference : Difference
    adjusted : float
        Its p-value, by Holm for all comparisons of this task.
    """

    task: Task
    first: Protocol
    second: Protocol
    difference: Difference
    adjusted: float

    @property
    def distinguishable(self) -> bool:
        """Whether the adjusted p-value is below 0.05."""
        return self.adjusted < SIGNIFICANCE


@dataclass(frozen=True)
class Sentence:
    """A statement of the verdict, in plain words."""

    standing: Standing
    topic: str
    text: str


@dataclass(frozen=True, eq=False)
class Findings:
    """What a run says.

    Attributes
    ----------
    summaries : tuple of Summary
        Task by task, the best first.
    comparisons : tuple of Comparison
    sentences : tuple of Sentence
    """

    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    sentences: tuple[Sentence, ...]

    def of(self, task: Task) -> tuple[Summary, ...]:
        """The summaries of a task."""
        return tuple(each for each in self.summaries if each.task == task)


def findings(run: Beyond) -> Findings:
    """Judge everything that a run trained."""
    weights = draw_scenes(len(run.scenes.test))
    summaries: list[Summary] = []
    comparisons: list[Comparison] = []
    for task in run.tasks:
        own = sorted(_summaries(run, task, weights), key=lambda each: -np.nan_to_num(each.score.value, nan=-1))
        compared = _compared(own)
        summaries += [replace(each, mark=_mark(each, own[0], compared)) for each in own]
        comparisons += compared
    sentences = tuple(_sentences(run, summaries, comparisons))
    return Findings(tuple(summaries), tuple(comparisons), sentences)


def _summaries(run: Beyond, task: Task, weights: NDArray[np.float64]) -> Iterator[Summary]:
    for protocol in dict.fromkeys(each.cell.protocol for each in run.outcomes if each.cell.task == task):
        outcomes = tuple(each for each in run.outcomes if (each.cell.task, each.cell.protocol) == (task, protocol))
        judged = _segmented if task == "segmentation" else _detected
        yield judged(run, protocol, outcomes, weights)


def _segmented(run: Beyond, protocol: Protocol, outcomes: tuple[Outcome, ...], weights: NDArray[np.float64]) -> Summary:
    counts = [counts_of(each.answers, run.scenes, run.scenes.test) for each in outcomes]
    whole = np.stack([each.sum(axis=0) for each in counts])
    drawn = np.stack([mean_iou(np.tensordot(weights, each, axes=1)) for each in counts], axis=1)
    values = mean_iou(whole)
    by_class = tuple(class_iou(whole).mean(axis=0).tolist())
    return Summary("segmentation", protocol, outcomes, values, drawn, estimate(values, drawn), by_class)


def _detected(run: Beyond, protocol: Protocol, outcomes: tuple[Outcome, ...], weights: NDArray[np.float64]) -> Summary:
    truth = [run.scenes.objects[place] for place in run.scenes.test]
    judged = [evaluate(truth, each.answers, len(run.scenes.classes)) for each in outcomes]
    drawn = np.stack([average_precision(matches, weights) for _, matches in judged], axis=1)
    precisions = tuple(precision for precision, _ in judged)
    values = np.array([each.ap for each in precisions])
    by_class = tuple(np.mean([each.by_class for each in precisions], axis=0).tolist())
    return Summary("detection", protocol, outcomes, values, drawn, estimate(values, drawn), by_class, precisions)


def _compared(ordered: Sequence[Summary]) -> list[Comparison]:
    pairs = list(combinations(ordered, 2))
    found = [difference(one.values, one.drawn, other.values, other.drawn) for one, other in pairs]
    adjusted = holm([each.p_value for each in found]).tolist()
    return [
        Comparison(one.task, one.protocol, other.protocol, each, value)
        for (one, other), each, value in zip(pairs, found, adjusted, strict=True)
    ]


def _mark(each: Summary, first: Summary, compared: Sequence[Comparison]) -> str:
    if each is first:
        return BEST
    pair = next(one for one in compared if (one.first, one.second) == (first.protocol, each.protocol))
    return WORSE if pair.distinguishable else UNTOLD


def _sentences(run: Beyond, summaries: Sequence[Summary], comparisons: Sequence[Comparison]) -> Iterator[Sentence]:
    for task in run.tasks:
        own = {each.protocol: each for each in summaries if each.task == task}
        if run.backbone.weights_sha256 is not None:
            bought: Protocol = "fine-tune" if "fine-tune" in own else "frozen"
            pairs: tuple[tuple[Protocol, Protocol, str], ...] = (
                (bought, "scratch", "What pre-training buys"),
                ("fine-tune", "frozen", "What fine-tuning adds"),
            )
            for first, second, topic in pairs:
                if first in own and second in own:
                    pair = next(
                        each
                        for each in comparisons
                        if each.task == task and {each.first, each.second} == {first, second}
                    )
                    yield _told(pair, own, f"{task.capitalize()}: {topic[0].lower()}{topic[1:]}", wanted=first)
        first_one = next(iter(own.values()))
        others = [each.protocol for each in own.values() if each.mark == UNTOLD]
        untold = f"; not distinguishable from it: {', '.join(others)}" if others else ""
        yield Sentence(
            "note", f"{task.capitalize()}: highest", f"{_figure(first_one)} by {first_one.protocol}{untold}."
        )


def _told(pair: Comparison, own: dict[Protocol, Summary], topic: str, *, wanted: str) -> Sentence:
    figures = f"{_figure(own[pair.first])} by {pair.first} against {_figure(own[pair.second])} by {pair.second}"
    bounds = pair.difference.interval
    change = (
        f"difference {signed(pair.difference.value)} points [{signed(bounds.low)}, {signed(bounds.high)}], adjusted "
        f"p = {pair.adjusted:.3g}"
    )
    if not pair.distinguishable:
        return Sentence("insufficient", topic, f"Not distinguishable: {figures}; {change}.")
    return Sentence("pass" if pair.first == wanted else "fail", topic, f"{figures}; {change}.")


def _figure(summary: Summary) -> str:
    interval = summary.score.interval
    name = SCORE_NAMES[summary.task]
    return f"{name} {100 * summary.score.value:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def signed(share: float) -> str:
    """A share in points with its sign.

    >>> signed(-0.0312), signed(0.2)
    ('−3.1', '+20.0')
    """
    return f"{100 * share:+.1f}".replace("-", "−")
