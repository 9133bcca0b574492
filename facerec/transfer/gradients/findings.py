"""What the numbers of a run say: each sentence is chosen by them, and a run in which they differ says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.reporting.columns import Standing
from facerec.transfer.gradients.lab import Lab
from facerec.transfer.gradients.summaries import (
    LEVEL,
    depth_gap,
    final_losses,
    first_over_last,
    flows_at_start,
    mean_of,
    nearby_cosine,
    trend,
)
from facerec.transfer.plans import Design, Initialisation


@dataclass(frozen=True)
class Finding:
    """A claim, how it stands after this run, and the sentence that says so."""

    topic: str
    standing: Standing
    sentence: str


def findings(lab: Lab) -> tuple[Finding, ...]:
    """Everything that the run decides, in the order of the report."""
    return (
        _degradation(lab),
        _shortcuts(lab),
        _healthy(lab),
        _exploding(lab),
        _level(lab),
        _without_norm(lab),
        _shattered(lab),
        _afterwards(lab),
        _training_without_norm(lab),
    )


def _degradation(lab: Lab) -> Finding:
    shallow, deep = lab.plan.depths[0], lab.plan.depths[-1]
    gap = depth_gap(lab, residual=False, batch_norm=True)
    text = f"the training loss of plain-{deep} with batch norm, less that of plain-{shallow}, is {gap.text()} nats"
    if gap.low > 0:
        return Finding("Degradation", "pass", f"Degradation shows: {text}. The deeper plain network trains worse.")
    if gap.high < 0:
        return Finding("Degradation", "fail", f"No degradation: {text}. The deeper plain network trains better here.")
    return Finding("Degradation", "insufficient", f"Degradation is not settled by these seeds: {text}.")


def _shortcuts(lab: Lab) -> Finding:
    deep = lab.plan.depths[-1]
    plain, residual = (
        final_losses(lab, Design(residual=with_them, batch_norm=True, depth=deep)) for with_them in (False, True)
    )
    with np.errstate(invalid="ignore"):
        gain = mean_of(plain - residual)
    gap = depth_gap(lab, residual=True, batch_norm=True)
    text = f"at {deep} layers with batch norm they lower the training loss by {gain.text()} nats"
    if not gain.low > 0:
        standing: Standing = "fail" if gain.high < 0 else "insufficient"
        return Finding("Shortcuts", standing, f"What the shortcuts buy is not shown: {text}.")
    if gap.low > 0:
        rest = f"Depth still costs the residual networks something in so short a training: {gap.text()} nats."
    elif gap.high < 0:
        rest = f"With them the deeper network trains better than the shallower one, by {gap.text()} nats."
    else:
        rest = f"Whether depth then costs or gains anything is not settled: {gap.text()} nats."
    return Finding("Shortcuts", "pass", f"Shortcuts help: {text}. {rest}")


def _healthy(lab: Lab) -> Finding:
    deep = Design(residual=False, batch_norm=True, depth=lab.plan.depths[-1])
    smallest = min(
        float((flow.weight_gradient / flow.weight_gradient[-1]).min()) for flow in flows_at_start(lab, deep, "he")
    )
    text = (
        f"at the start the weakest layer of plain-{deep.depth} has {_factor(smallest)} times the weight gradient of "
        "the last"
    )
    if smallest > 1 / LEVEL:
        return Finding(
            "He et al., section 4.1",
            "pass",
            f"As He et al. say, the gradients of plain networks with batch norm do not vanish: {text}.",
        )
    return Finding("He et al., section 4.1", "fail", f"Against He et al., gradients do become small here: {text}.")


def _exploding(lab: Lab) -> Finding:
    shallow, deep = (Design(residual=False, batch_norm=True, depth=depth) for depth in _ends(lab))
    ratios = first_over_last(lab, deep, "he")
    word = trend(ratios)
    text = (
        f"from the last to the first convolution its norm is multiplied by {_range(ratios)} at {deep.depth} layers "
        f"and by {_range(first_over_last(lab, shallow, 'he'))} at {shallow.depth}"
    )
    if word == "grows":
        return Finding(
            "Yang et al. 2019",
            "pass",
            f"As Yang et al. say, the gradient of a plain network with batch norm grows towards the input: {text}. "
            "It explodes with depth; it does not vanish.",
        )
    standing: Standing = "insufficient" if word == "is not settled" else "fail"
    return Finding(
        "Yang et al. 2019", standing, f"The gradient of plain-{deep.depth} with batch norm {word} towards the input: "
        f"{text}. The growth that Yang et al. describe does not show."
    )  # fmt: skip


def _level(lab: Lab) -> Finding:
    deep = lab.plan.depths[-1]
    residual, plain = (
        first_over_last(lab, Design(residual=with_them, batch_norm=True, depth=deep), "he")
        for with_them in (True, False)
    )
    text = (
        f"its norm is multiplied by {_range(residual)} from the last to the first convolution at {deep} layers, "
        f"without them by {_range(plain)}"
    )
    if (np.abs(np.log(residual)) < np.abs(np.log(plain))).all():
        return Finding("Shortcuts and gradients", "pass", f"With shortcuts the gradient is more level: {text}.")
    return Finding(
        "Shortcuts and gradients",
        "insufficient",
        f"That shortcuts level the gradient does not show in every seed: {text}.",
    )


def _without_norm(lab: Lab) -> Finding:
    deep = lab.plan.depths[-1]
    plain = Design(residual=False, batch_norm=False, depth=deep)
    he, default = (first_norm(lab, plain, each) for each in ("he", "torch"))
    text = (
        f"without batch norm the first layer's gradient in plain-{deep} has a norm of {he} under He's initialisation "
        f"and of {default} under PyTorch's own"
    )
    small = _first_norms(lab, plain, "torch")
    if (small < 1e-6).all():
        return Finding(
            "The vanishing story",
            "pass",
            f"Vanishing gradients are real elsewhere: {text}. It is a story of networks without batch norm, and of "
            "their initialisation.",
        )
    return Finding("The vanishing story", "insufficient", f"Even there gradients do not vanish in this run: {text}.")


def _shattered(lab: Lab) -> Finding:
    deep = lab.plan.depths[-1]
    plain, residual = (
        nearby_cosine(lab, Design(residual=with_them, batch_norm=True, depth=deep), "he") for with_them in (False, True)
    )
    text = (
        f"the gradients of two inputs 2 % apart have a mean cosine of {plain.text()} in plain-{deep} and of "
        f"{residual.text()} in residual-{deep}, both with batch norm"
    )
    if residual.low > plain.high:
        return Finding("Balduzzi et al. 2017", "pass", f"Gradients of deep plain networks are shattered: {text}.")
    return Finding("Balduzzi et al. 2017", "insufficient", f"Shattering does not set the two apart: {text}.")


def _afterwards(lab: Lab) -> Finding:
    """What became of the first layer's gradient and weights."""
    deep = lab.plan.depths[-1]
    plain, residual = (
        [dict(curve.flows) for curve in lab.curves if curve.design == Design(shortcuts, True, deep)]
        for shortcuts in (False, True)
    )
    last = lab.plan.steps
    if not all(last in flows for flows in (*plain, *residual)):
        text = "A training of the deepest networks with batch norm diverged; its end cannot be compared with its start."
        return Finding("In the course of training", "insufficient", text)
    shrunk, kept = (
        np.array([each[last].weight_gradient[0] / each[0].weight_gradient[0] for each in flows])
        for flows in (plain, residual)
    )
    longer = np.array([each[last].weight[0] / each[0].weight[0] for each in plain])
    text = (
        f"after {last} steps the gradient of the first convolution has {_range(shrunk)} times its first norm in "
        f"plain-{deep} and {_range(kept)} times in residual-{deep}; the weights of that layer have become "
        f"{_range(longer)} times as long in the former"
    )
    if (shrunk < kept.min()).all() and (longer > 1).all():
        return Finding(
            "In the course of training",
            "note",
            f"What explodes at the start does not stay so: {text}. A measurement late in "
            "training would therefore find small gradients, which are then not what training began with.",
        )
    return Finding("In the course of training", "note", f"Start and end: {text}.")


def _training_without_norm(lab: Lab) -> Finding:
    chance = float(np.log(len(lab.data.classes)))
    designs = [design for design in lab.plan.designs if not design.batch_norm]
    learned = [design for design in designs if (final_losses(lab, design) < 0.95 * chance).all()]
    lost = [design for design in designs if np.isinf(final_losses(lab, design)).any()]
    names = " and ".join(_short(design) for design in learned) or "none"
    text = f"Of {len(designs)} networks without batch norm, {names} got 5 % below the loss of guessing in every seed"
    if lost:
        text += f"; {' and '.join(_short(design) for design in lost)} diverged at the rate chosen"
    return Finding("Without batch norm", "note", f"{text}. So short a training says little of what they could become.")


def _short(design: Design) -> str:
    return f"{'residual' if design.residual else 'plain'}-{design.depth}"


def first_norm(lab: Lab, design: Design, initialisation: Initialisation) -> str:
    """The geometric mean over seeds of the first convolution's weight-gradient norm, written."""
    return f"{np.exp(np.log(np.maximum(_first_norms(lab, design, initialisation), 1e-300)).mean()):.0e}"


def _first_norms(lab: Lab, design: Design, initialisation: Initialisation) -> NDArray[np.float64]:
    return np.array([flow.weight_gradient[0] for flow in flows_at_start(lab, design, initialisation)])


def _ends(lab: Lab) -> tuple[int, int]:
    return lab.plan.depths[0], lab.plan.depths[-1]


def _range(ratios: NDArray[np.float64]) -> str:
    """``60 … 570``, over the seeds."""
    return f"{_factor(ratios.min())} … {_factor(ratios.max())}"


def _factor(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"
