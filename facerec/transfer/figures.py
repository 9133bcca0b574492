"""The drawings of a run's report: accuracy over photos, over cost and over steps, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.reporting import Figure, axes, plain, write_number
from facerec.reporting.charts import confusion, share_chart
from facerec.reporting.drawings import Chart, Line, Rule
from facerec.transfer.bench import Bench
from facerec.transfer.cells import Outcome, shots_text
from facerec.transfer.comparison import Method, Summary
from facerec.transfer.grid import HEADLINE
from facerec.transfer.verdict import Findings, method_text

MOST_CLASSES = 15
"""More than this many classes are not drawn as a confusion matrix."""


def shots_figure(bench: Bench, findings: Findings) -> Figure | None:
    """Accuracy over photos per class, with bands; None with a single number of shots."""
    if len({each.shots for each in findings.summaries}) < 2:
        return None
    photos = _per_class(bench)
    series = []
    for method, own in _by_method(findings.summaries).items():
        ordered = sorted(own, key=lambda each: photos[each.shots])
        intervals = [each.accuracy.interval() for each in ordered]
        series.append(
            Line(
                method_text(method, findings.summaries),
                tuple(photos[each.shots] for each in ordered),
                tuple(each.accuracy.value for each in ordered),
                tuple(each.low for each in intervals),
                tuple(each.high for each in intervals),
                points=True,
            )
        )
    first = max(findings.summaries, key=lambda each: each.accuracy.value)
    data = {f"{each.label} {part}": getattr(each, part) for each in series for part in ("x", "y", "low", "high")}
    places = sorted({x for each in series for x in each.x})
    across = axes.log("photos per class to learn from", places, ticks=places)
    floor = (Rule("y", findings.majority.value, "most frequent class"),)
    return Figure(
        (share_chart("", series, across, rules=floor),),
        title="Accuracy against photos per class, per cent",
        alt=f"Accuracy against photos per class; highest is {first.protocol} with {shots_text(first.shots)}, "
        f"{first.accuracy.value:.1%}",
        caption="Log scale; bands are 95 % intervals over test photos and seeds. The rightmost points learned from all "
        "photos.",
        data=data,
    )


def top1_figure(bench: Bench, findings: Findings) -> Figure | None:
    """Accuracy here over the published top-1 on ImageNet, of several networks; None with fewer than two."""
    points = _by_top1(bench, findings)
    if len({each.x for own in points.values() for each in own}) < 2:
        return None
    told = "; ".join(
        f"{name}: " + ", ".join(f"{each.label} {each.y:.1%}" for each in own) for name, own in points.items()
    )
    lines = [
        _line(name, own, joined=False, names=tuple(each.label for each in own) if not place else ())
        for place, (name, own) in enumerate(points.items())
    ]
    across = axes.linear("published top-1 on ImageNet, %", [each.x for own in points.values() for each in own])
    return Figure(
        (share_chart("", lines, across),),
        title="Accuracy with the most photos against the published top-1 on ImageNet, per cent",
        alt=f"Accuracy against the published top-1 on ImageNet; {told}",
        caption="Published for each network on ImageNet's validation photos; bars are 95 % intervals over test photos "
        "and seeds.",
        data={
            f"{name} {part}": [getattr(each, field) for each in own]
            for name, own in points.items()
            for part, field in (("top-1", "x"), ("accuracy", "y"), ("low", "low"), ("high", "high"))
        },
    )


FEWEST_RANKED = 6
"""Networks from which on a correlation is stated: of five, one pair that changes places moves it by a tenth."""


def ranks_text(bench: Bench, findings: Findings) -> str:
    """Whether the top-1 predicts the accuracy here, in words: a rank correlation, where there are networks enough."""
    points = _by_top1(bench, findings)
    count = max(len(own) for own in points.values())
    if count < FEWEST_RANKED:
        return (
            f"{count} networks are too few for a correlation, which is stated from {FEWEST_RANKED} on. Kornblith et "
            "al. 2019 found 0.99 (linear) and 0.96 (fine-tuned) over 16 networks and 12 data sets."
        )
    from scipy.stats import permutation_test, spearmanr

    said = []
    for name, own in points.items():
        if len(own) < FEWEST_RANKED:
            continue
        x, y = [each.x for each in own], [each.y for each in own]

        def correlation(other: ArrayLike, y: Sequence[float] = y) -> float:
            return float(spearmanr(other, y).statistic)

        test = permutation_test((x,), correlation, permutation_type="pairings", n_resamples=9_999, rng=0)
        said.append(f"{plain(name)}: {test.statistic:+.2f} over {len(own)} networks, p {test.pvalue:.3f}")
    return (
        f"Spearman's rank correlation, with a permutation test: {'; '.join(said)}. It is of these networks on these "
        "photos."
    ).replace("-", "−")


@dataclass(frozen=True)
class _Point:
    """An accuracy `y` with its interval, over a cost or a top-1, and how many parameters it took."""

    label: str
    x: float
    y: float
    low: float
    high: float
    size: float


def _line(
    label: str, own: Sequence[_Point], *, joined: bool, names: tuple[str, ...] = (), sizes: tuple[float, ...] = ()
) -> Line:
    x, y, low, high = (tuple(getattr(each, part) for each in own) for part in ("x", "y", "low", "high"))
    return Line(label, x, y, low, high, points=True, joined=joined, names=names, sizes=sizes)


def _by_top1(bench: Bench, findings: Findings) -> dict[str, list[_Point]]:
    """By protocol, each network's accuracy with the most photos."""
    most = findings.summaries[0].shots
    found: dict[str, list[_Point]] = {}
    for each in findings.summaries:
        if each.shots == most and each.protocol in HEADLINE and each.backbone in bench.top1:
            interval, top1 = each.accuracy.interval(), bench.top1[each.backbone]
            point = _Point(each.backbone, top1, each.accuracy.value, interval.low, interval.high, 1.0)
            found.setdefault(each.protocol, []).append(point)
    return {name: sorted(own, key=lambda point: point.x) for name, own in found.items()} or {"": []}


def cost_figure(bench: Bench, findings: Findings) -> Figure:
    """Accuracy over the multiply-adds that learning took."""
    bubbles = []
    for method, own in _by_method(findings.summaries).items():
        points = []
        for each in own:
            outcomes = of_summary(bench, each)
            interval = each.accuracy.interval()
            points.append(
                _Point(
                    method_text(method, findings.summaries),
                    float(np.mean([outcome.learning_macs for outcome in outcomes])),
                    each.accuracy.value,
                    interval.low,
                    interval.high,
                    float(outcomes[0].parameters),
                )
            )
        bubbles += sorted(points, key=lambda point: point.x)
    cheapest, dearest = min(bubbles, key=lambda each: each.x), max(bubbles, key=lambda each: each.x)
    most = max(each.size for each in bubbles)
    lines = []
    for label in dict.fromkeys(each.label for each in bubbles):
        found = [each for each in bubbles if each.label == label]
        lines.append(_line(label, found, joined=len(found) > 1, sizes=tuple(each.size / most for each in found)))
    across = axes.log("multiply-adds to learn and to choose", [each.x for each in bubbles])
    return Figure(
        (share_chart("", lines, across),),
        title="Accuracy, per cent, against the multiply-adds that learning and choosing cost",
        alt=f"Accuracy against the cost of learning, from {cheapest.label} at {write_number(cheapest.x, 'amount')} to "
        f"{dearest.label} at {write_number(dearest.x, 'amount')} multiply-adds",
        caption="One dot per number of shots, log scale; bands are 95 % intervals, the area of a dot shows parameters "
        f"(largest: {write_number(most, 'amount')}). A backward pass counts as two forward passes; a probe runs the "
        "network once per photo.",
        data={
            "multiply-adds": [each.x for each in bubbles],
            "accuracy": [each.y for each in bubbles],
            "parameters": [each.size for each in bubbles],
        },
    )


def learning_figure(bench: Bench, findings: Findings) -> Figure | None:
    """Training loss and validation accuracy over steps, of each trained method with the most shots that all had."""
    trained = [each for each in findings.summaries if bench_history(bench, each)]
    if not trained:
        return None
    levels = list(dict.fromkeys(each.shots for each in trained))
    shown = max(levels, key=lambda level: sum(each.shots == level for each in trained))
    loss, accuracy = [], []
    for each in trained:
        if each.shots != shown:
            continue
        history = of_summary(bench, each)[0].history
        steps = tuple(float(point.steps) for point in history)
        label = method_text(each.method, findings.summaries)
        loss.append(Line(label, steps, tuple(point.training_loss for point in history), points=True))
        accuracy.append(Line(label, steps, tuple(point.validation_accuracy for point in history), points=True))
    last = ", ".join(f"{each.label} {each.y[-1]:.1%}" for each in accuracy)
    steps_axis = axes.linear("steps", [x for each in loss for x in each.x], start=0, most=4)
    nats = axes.linear("nats", [y for each in loss for y in each.y], start=0)
    return Figure(
        (
            Chart("Training loss", steps_axis, nats, tuple(loss)),
            share_chart("Validation accuracy", accuracy, steps_axis, name="%"),
        ),
        title=f"Learning curves with {shots_text(shown)}",
        alt=f"Learning curves with {shots_text(shown)}; validation accuracy in the end: {last}",
        caption="First seed, of the training that validation chose.",
        data={
            f"{each.label} {name} {part}": getattr(each, part)
            for name, lines in (("loss", loss), ("accuracy", accuracy))
            for each in lines
            for part in ("x", "y")
        },
    )


def confusion_counts(outcome: Outcome, labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """How often each class (rows) was answered with each (columns)."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, outcome.predicted), 1)
    return counts


def confusion_figure(outcome: Outcome, labels: NDArray[np.int64], classes: Sequence[str]) -> Figure | None:
    """The confusion matrix of one outcome; None with more than `MOST_CLASSES` classes."""
    if len(classes) > MOST_CLASSES:
        return None
    counts = confusion_counts(outcome, labels, len(classes))
    apart = counts - np.diag(np.diag(counts))
    row, column = divmod(int(apart.argmax()), len(classes))
    told = (
        f"most often {classes[row]} is taken for {classes[column]}, {apart[row, column]} times"
        if apart.any()
        else "no photo is taken for another class"
    )
    return Figure(
        (confusion(classes, counts),),
        title=f"Who is taken for whom by {plain(str(outcome.cell))}: {plain(told)}",
        alt=f"Confusion matrix: {told}",
        caption="Photos of the right class in each row by the answer; shades are shares of the row.",
        data={f"right: {name}": counts[number].tolist() for number, name in enumerate(classes)},
    )


def of_summary(bench: Bench, summary: Summary) -> list[Outcome]:
    """The outcomes that a summary is of, by seed."""
    own = [
        each
        for each in bench.measured.outcomes
        if (each.cell.backbone, each.cell.protocol, each.cell.shots) == (*summary.method, summary.shots)
    ]
    return sorted(own, key=lambda each: each.cell.seed)


def bench_history(bench: Bench, summary: Summary) -> bool:
    """Whether a summary's outcomes have learning curves."""
    return bool(of_summary(bench, summary)[0].history)


def _by_method(summaries: Sequence[Summary]) -> dict[Method, list[Summary]]:
    found: dict[Method, list[Summary]] = {}
    for each in summaries:
        found.setdefault(each.method, []).append(each)
    return found


def _per_class(bench: Bench) -> dict[int | None, float]:
    classes = len(bench.image_set.classes)
    return {
        outcome.cell.shots: float(outcome.cell.shots or outcome.train_photos / classes)
        for outcome in bench.measured.outcomes
    }
