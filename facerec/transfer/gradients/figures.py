"""The drawings of the lab: one line per depth, with a band from the lowest to the highest of the seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from facerec.reporting import Figure
from facerec.reporting.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, draw
from facerec.transfer.gradients.flow import DISTANCES, Flow
from facerec.transfer.gradients.lab import Lab
from facerec.transfer.plans import Design, Initialisation

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
_STYLES = ("-", "--", ":", "-.")
_FAMILIES = ((False, True), (True, True), (False, False), (True, False))
_SMOOTH = 5


def layers_figure(
    lab: Lab,
    quantity: str,
    unit: str,
    *,
    initialisation: Initialisation = "he",
    every: int = 1,
    alt: str,
    caption: str,
) -> Figure:
    """Draw a quantity of `Flow` over the layers at the start: a panel per family, a line per depth.

    With `every` 2 only the first convolution and the last one of each block are shown.
    """
    panels: list[dict[str, NDArray[np.float64]]] = []
    for residual, batch_norm in _FAMILIES:
        lines = {}
        for depth in lab.plan.depths:
            design = Design(residual=residual, batch_norm=batch_norm, depth=depth)
            lines[f"{depth} layers"] = np.array(
                [
                    getattr(start.flow, quantity)[::every]
                    for start in lab.starts
                    if (start.design, start.initialisation) == (design, initialisation)
                ]
            )
        panels.append(lines)
    limits = [_limits([*panels[row].values(), *panels[row + 1].values()]) for row in (0, 2)]
    plots = [
        partial(_layers, lines=lines, title=_family(*_FAMILIES[number]), unit=unit, limits=limits[number // 2])
        for number, lines in enumerate(panels)
    ]
    return Figure(draw(*plots, height=5.2, columns=2), alt=alt, caption=caption)


def shattering_figure(lab: Lab, *, alt: str, caption: str) -> Figure:
    """Draw the cosine of two gradients over the distance of their inputs."""
    plots: list[Callable[[Axes], None]] = []
    for batch_norm in (True, False):
        lines = {}
        for residual in (False, True):
            for depth in lab.plan.depths:
                design = Design(residual=residual, batch_norm=batch_norm, depth=depth)
                name = f"{'residual' if residual else 'plain'}-{depth}"
                lines[name] = np.array(
                    [s.cosines for s in lab.starts if (s.design, s.initialisation) == (design, "he")]
                )
        plots.append(partial(_shattering, lines=lines, title="batch norm" if batch_norm else "no batch norm"))
    return Figure(draw(*plots, height=3.2, columns=2), alt=alt, caption=caption)


def curves_figure(lab: Lab, *, alt: str, caption: str) -> Figure:
    """Draw training loss over the steps: a panel per family, a line per depth."""
    chance = float(np.log(len(lab.data.classes)))
    plots = []
    for residual, batch_norm in _FAMILIES:
        lines = {
            f"{depth} layers": np.array(
                [_smoothed(c.loss) for c in lab.curves if c.design == Design(residual, batch_norm, depth)]
            )
            for depth in lab.plan.depths
        }
        plots.append(partial(_curves, lines=lines, title=_family(residual, batch_norm), chance=chance))
    return Figure(draw(*plots, height=5.2, columns=2), alt=alt, caption=caption)


def during_figure(lab: Lab, *, alt: str, caption: str) -> Figure:
    """Draw the gradient norm over the layers of the deepest networks with batch norm, at moments of the training."""
    panels = []
    for residual in (False, True):
        design = Design(residual=residual, batch_norm=True, depth=lab.plan.depths[-1])
        flows = [dict(curve.flows) for curve in lab.curves if curve.design == design]
        moments = sorted(set.intersection(*(set(each) for each in flows)))
        panels.append({f"after {step} steps": _stacked([each[step] for each in flows]) for step in moments})
    limits = _limits([values for lines in panels for values in lines.values()])
    plots = [
        partial(
            _layers, lines=lines, title=f"{name}, batch norm, {lab.plan.depths[-1]} layers", unit=_NORM, limits=limits
        )
        for name, lines in zip(("plain", "residual"), panels, strict=True)
    ]
    return Figure(draw(*plots, height=3.2, columns=2), alt=alt, caption=caption)


_NORM = "norm of the weight gradient"


def _stacked(flows: Sequence[Flow]) -> NDArray[np.float64]:
    return np.array([flow.weight_gradient for flow in flows])


def _family(residual: bool, batch_norm: bool) -> str:
    return f"{'residual' if residual else 'plain'}, {'batch norm' if batch_norm else 'no batch norm'}"


def _limits(all_values: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Of a logarithmic axis: powers of ten around everything that is shown, three of them at least."""
    together = np.concatenate([values.ravel() for values in all_values])
    shown = together[np.isfinite(together) & (together > 0)]
    low, high = (np.log10(shown.min()), np.log10(shown.max())) if shown.size else (-1.0, 1.0)
    low, high = np.floor(low), np.ceil(high)
    spare = max(0.0, 3 - (high - low))
    low, high = low - np.floor(spare / 2), high + np.ceil(spare / 2)
    margin = 0.04 * (high - low)
    return 10.0 ** (low - margin), 10.0 ** (high + margin)


def _layers(
    axes: Axes, lines: dict[str, NDArray[np.float64]], title: str, unit: str, limits: tuple[float, float]
) -> None:
    deepest = max(values.shape[1] for values in lines.values())
    for number, (name, values) in enumerate(lines.items()):
        x = np.linspace(0, 1, values.shape[1]) if deepest else values
        _band(axes, x, values, name, number, middle=_geometric)
    axes.set_yscale("log")
    axes.set_ylim(*limits)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["input", "layer", "output"])
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.legend()


def _shattering(axes: Axes, lines: dict[str, NDArray[np.float64]], title: str) -> None:
    for number, (name, values) in enumerate(lines.items()):
        _band(axes, np.array(DISTANCES), values, name, number, middle=lambda each: each.mean(axis=0))
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks([0.01, 0.1, 1], ["1 %", "10 %", "100 %"])
    axes.set_ylim(-0.25, 1.05)
    axes.set_title(title)
    axes.set_xlabel("distance of the inputs")
    axes.set_ylabel("cosine of their gradients")
    axes.legend()


def _curves(axes: Axes, lines: dict[str, NDArray[np.float64]], title: str, chance: float) -> None:
    axes.axhline(chance, color=GREY, linewidth=1, linestyle=":", label="guessing")
    for number, (name, values) in enumerate(lines.items()):
        steps = np.arange(1, values.shape[1] + 1)
        _band(axes, steps, values, name, number, middle=lambda each: each.mean(axis=0))
    axes.set_ylim(0, 1.5 * chance)
    axes.set_title(title)
    axes.set_xlabel("step")
    axes.set_ylabel("training loss, nats")
    axes.legend()


def _band(
    axes: Axes,
    x: NDArray[np.float64] | NDArray[np.int64],
    values: NDArray[np.float64],
    name: str,
    number: int,
    *,
    middle: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> None:
    colour, style = _COLOURS[number % len(_COLOURS)], _STYLES[number % len(_STYLES)]
    axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.16, linewidth=0)
    axes.plot(x, middle(values), color=colour, linestyle=style, label=name, linewidth=1.5)


def _geometric(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(np.log(np.maximum(values, 1e-300)).mean(axis=0))


def _smoothed(loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value with the four before it, as far as there are any; NaN stays where the training had diverged."""
    return np.array([loss[max(0, end - _SMOOTH) : end].mean() for end in range(1, len(loss) + 1)])
