"""The drawings of the report: scores with intervals, losses over steps, and what was answered to a few scenes."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from facerec.reporting import Figure, plain
from facerec.reporting.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    draw,
    house_style,
    to_svg,
)
from facerec.transfer.beyond.findings import SCORE_NAMES, Findings, Summary
from facerec.transfer.beyond.running import Beyond
from facerec.transfer.beyond.scenes import IGNORED
from facerec.transfer.plans import Protocol, Task

_LOOKS: dict[Protocol, tuple[str, str]] = {
    "scratch": (VERMILION, "--"),
    "frozen": (GREEN, ":"),
    "fine-tune": (BLUE, "-"),
}
_CLASS_COLOURS = (YELLOW, SKY, VERMILION, GREEN, PURPLE, ORANGE, BLUE)
_SHOWN = 4
# A box that is less sure than this is not drawn; all of them count.
_SURE = 0.5


def score_figure(found: Findings, tasks: tuple[Task, ...]) -> Figure:
    """The score of each protocol with its interval and each seed's own."""
    plots = [partial(_scores, summaries=found.of(task), name=SCORE_NAMES[task], task=task) for task in tasks]
    best = [f"{task}: {found.of(task)[0].protocol} with {100 * found.of(task)[0].score.value:.1f} %" for task in tasks]
    data: dict[str, list[float]] = {}
    for each in found.summaries:
        interval = each.score.interval
        data[f"{each.task} {each.protocol}"] = [each.score.value, interval.low, interval.high, *each.values.tolist()]
    return Figure(
        draw(*plots, height=2.1, columns=len(plots)),
        alt=f"Scores with intervals; the highest are {'; '.join(best)}",
        caption="Mean over seeds with its 95 % interval over test scenes and seeds; open circles are single seeds.",
        data=data,
    )


def _scores(axes: Axes, summaries: tuple[Summary, ...], name: str, task: str) -> None:
    for row, each in enumerate(summaries):
        colour = _LOOKS[each.protocol][0]
        interval = each.score.interval
        axes.plot([interval.low, interval.high], [row, row], color=colour, linewidth=2.4, linestyle="-")
        axes.plot(each.values, np.full(len(each.values), row + 0.22), "o", color=colour, markersize=4, fillstyle="none")
        axes.plot(each.score.value, row, "D", color=colour, markersize=6)
    axes.set_yticks(range(len(summaries)), [each.protocol for each in summaries])
    axes.set_ylim(len(summaries) - 0.5, -0.6)
    axes.set_xlim(0, None)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(name)
    axes.set_title(task)


def loss_figure(run: Beyond, found: Findings) -> Figure:
    """Training loss over steps of each protocol, mean and range over seeds."""
    plots = [partial(_losses, summaries=found.of(task), task=task) for task in run.tasks]
    data = {
        f"{each.task} {each.protocol} seed {outcome.cell.seed}": [float(f"{loss:.4g}") for loss in outcome.losses]
        for each in found.summaries
        for outcome in each.outcomes
    }
    ends = "; ".join(
        f"{each.task}, {each.protocol} {np.mean([outcome.losses[-10:].mean() for outcome in each.outcomes]):.2f}"
        for each in found.summaries
    )
    return Figure(
        draw(*plots, height=3.1, columns=len(plots)),
        alt=f"Training losses over {run.plan.steps} steps; means of the last ten: {ends}",
        caption="Training loss, mean of ten steps; line: mean over the seeds; band: lowest to highest. Losses of the "
        "two tasks are of different kinds.",
        data=data,
    )


def _losses(axes: Axes, summaries: tuple[Summary, ...], task: str) -> None:
    for each in summaries:
        colour, line = _LOOKS[each.protocol]
        curves = np.stack([_smooth(outcome.losses) for outcome in each.outcomes])
        # In the middle of the steps that each mean is of.
        steps = np.arange(curves.shape[1]) + 1 + (len(each.outcomes[0].losses) - curves.shape[1]) / 2
        axes.plot(steps, curves.mean(axis=0), color=colour, linestyle=line, label=each.protocol)
        axes.fill_between(steps, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.13, linewidth=0)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("steps")
    axes.set_title(f"{task}: training loss")
    axes.legend(loc="best")


def _smooth(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    width = min(10, len(losses))
    return np.convolve(losses, np.full(width, 1 / width), mode="valid")


def examples_figure(run: Beyond, found: Findings, task: Task) -> Figure:
    """A few test scenes with what is there and what each protocol's first seed said."""
    scenes = run.scenes
    summaries = [each for protocol in _LOOKS for each in found.of(task) if each.protocol == protocol]
    # Scenes with most objects first: an empty one shows little.
    order = sorted(range(len(scenes.test)), key=lambda place: -len(scenes.objects[scenes.test[place]].labels))
    shown = order[:: max(1, len(order) // (3 * _SHOWN))][:_SHOWN]
    columns = ["what is there", *(each.protocol for each in summaries)]
    with house_style():
        drawing = Drawing(figsize=(7.0, 7.0 / len(columns) * len(shown) + 0.3), layout="constrained")
        grid = drawing.subplots(len(shown), len(columns), squeeze=False)
        for row, place in enumerate(shown):
            scene = int(scenes.test[place])
            objects = scenes.objects[scene]
            there = np.column_stack([objects.labels, objects.boxes, np.ones(len(objects.labels))])
            answers = [scenes.masks[scene] if task == "segmentation" else there]
            answers += [each.outcomes[0].answers[place] for each in summaries]
            for column, answer in enumerate(answers):
                axes = grid[row, column]
                axes.imshow(scenes.pixels[scene], interpolation="bilinear")
                paint = _paint_mask if task == "segmentation" else _paint_boxes
                paint(axes, answer, scenes.classes)
                axes.set_axis_off()
                if not row:
                    axes.set_title(columns[column], fontsize=9)
        svg = to_svg(drawing)
    names = ", ".join(
        f"{plain(name)} {_colour_name(number)}" for number, name in enumerate(scenes.classes[: len(_CLASS_COLOURS)])
    )
    sure = "" if task == "segmentation" else f" Boxes of a score of {_SURE:g} or more, with their scores."
    more = " Further classes take the colours in turn." if len(scenes.classes) > len(_CLASS_COLOURS) else ""
    return Figure(
        svg,
        alt=f"{len(shown)} test scenes with their true {'masks' if task == 'segmentation' else 'boxes'} and the "
        f"answers of {', '.join(columns[1:])}",
        caption=f"Test scenes, first seed. {names}.{more}{sure}",
    )


def _paint_mask(axes: Axes, mask: NDArray[np.uint8], classes: tuple[str, ...]) -> None:
    colours = [_CLASS_COLOURS[number % len(_CLASS_COLOURS)] for number in range(len(classes))]
    objects = np.ma.masked_where((mask == 0) | (mask == IGNORED), mask)
    most = max(2, len(classes))
    axes.imshow(objects, cmap=ListedColormap(colours), alpha=0.72, interpolation="nearest", vmin=1, vmax=most)
    if (mask == IGNORED).any():
        grey = np.ma.masked_where(mask != IGNORED, mask)
        axes.imshow(grey, cmap=ListedColormap([GREY]), alpha=0.85, interpolation="nearest")


def _paint_boxes(axes: Axes, rows: NDArray[np.float32], classes: tuple[str, ...]) -> None:  # noqa: ARG001 - one signature
    for label, left, top, right, bottom, sure in rows.tolist():
        if sure < _SURE:
            continue
        colour = _CLASS_COLOURS[(int(label) - 1) % len(_CLASS_COLOURS)]
        for line, width in ((INK, 3.2), (colour, 1.8)):
            place = (left - 0.5, top - 0.5)
            axes.add_patch(Rectangle(place, right - left, bottom - top, fill=False, edgecolor=line, linewidth=width))
        if sure < 1:
            box = {"facecolor": colour, "edgecolor": "none", "pad": 0.8}
            axes.text(left, top, f"{sure:.2f}", fontsize=5.5, color=INK, va="bottom", bbox=box, clip_on=True)


def _colour_name(number: int) -> str:
    return ("yellow", "light blue", "red", "green", "pink", "orange", "blue")[number]
