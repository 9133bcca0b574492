"""What the numbers of a run say: each sentence is chosen by them, and a run in which they differ says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from facerec.reporting.columns import Standing
from facerec.transfer.gradients.flow import DISTANCES, Flow
from facerec.transfer.gradients.lab import Lab
from facerec.transfer.gradients.networks import Design, Initialisation

Trend: TypeAlias = Literal["grows", "shrinks", "stays level", "is not settled"]

LEVEL = 3.0
"""Within this factor, up or down, a norm counts as level."""
NEAR = DISTANCES.index(0.02)
"""The distance at which shattering is put in one number: 2 % of the way to another image."""


@dataclass(frozen=True)
class Mean:
    """A mean over seeds with its 95 % t interval; NaN where a seed has no finite value.

    Attributes
    ----------
    value, low, high : float
    n : int
    """

    value: float
    low: float
    high: float
    n: int

    def text(self, digits: int = 2) -> str:
        """``0.52 [0.41, 0.63]``."""
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]".replace("-", "−")


@dataclass(frozen=True)
class Finding:
    """A claim, how it stands after this run, and the sentence that says so."""

    topic: str
    standing: Standing
    sentence: str


def mean_of(values: ArrayLike) -> Mean:
    """Mean and Student's interval of independent values.

    >>> mean_of([1.0, 2.0, 3.0]).text()
    '2.00 [−0.48, 4.48]'
    """
    each = np.asarray(values, np.float64)
    middle = float(each.mean()) if np.isfinite(each).all() else float("nan")
    if np.isnan(middle) or len(each) < 2:
        return Mean(middle, float("nan"), float("nan"), len(each))
    reach = float(stats.t.ppf(0.975, len(each) - 1) * each.std(ddof=1) / len(each) ** 0.5)
    return Mean(middle, middle - reach, middle + reach, len(each))


def trend(ratios: ArrayLike) -> Trend:
    """In one phrase what ratios, one per seed, say together: only what all of them agree on.

    >>> trend([12.0, 30.0]), trend([0.1, 0.2]), trend([0.9, 1.4]), trend([1.0, 5.0])
    ('grows', 'shrinks', 'stays level', 'is not settled')
    """
    each = np.asarray(ratios, np.float64)
    if (each > LEVEL).all():
        return "grows"
    if (each < 1 / LEVEL).all():
        return "shrinks"
    return "stays level" if ((each >= 1 / LEVEL) & (each <= LEVEL)).all() else "is not settled"


def first_over_last(lab: Lab, design: Design, initialisation: Initialisation) -> NDArray[np.float64]:
    """Weight-gradient norm of the first convolution over that of the last at the start, one ratio per seed."""
    flows = [start.flow for start in lab.starts if (start.design, start.initialisation) == (design, initialisation)]
    return np.array([flow.weight_gradient[0] / flow.weight_gradient[-1] for flow in flows])


def signal_ratio(lab: Lab, design: Design, initialisation: Initialisation) -> NDArray[np.float64]:
    """Norm of the error signal at the first convolution over that at the last, at the start, one ratio per seed."""
    flows = [start.flow for start in lab.starts if (start.design, start.initialisation) == (design, initialisation)]
    return np.array([flow.signal_gradient[0] / flow.signal_gradient[-1] for flow in flows])


def nearby_cosine(lab: Lab, design: Design, initialisation: Initialisation) -> Mean:
    """Cosine of the gradients of two inputs that are 2 % of the way between two images apart."""
    return mean_of(
        [
            start.cosines[NEAR]
            for start in lab.starts
            if (start.design, start.initialisation) == (design, initialisation)
        ]
    )


def final_losses(lab: Lab, design: Design) -> NDArray[np.float64]:
    """Mean training loss of the last fifth of the steps, one per seed, in nats; infinite where it diverged."""
    return np.array([curve.final_loss for curve in lab.curves if curve.design == design])


def depth_gap(lab: Lab, *, residual: bool, batch_norm: bool) -> Mean:
    """Final loss of the deepest network less that of the shallowest, paired by seed; above 0 depth does harm."""
    deep, shallow = (
        final_losses(lab, Design(residual=residual, batch_norm=batch_norm, depth=depth))
        for depth in (lab.plan.depths[-1], lab.plan.depths[0])
    )
    with np.errstate(invalid="ignore"):
        return mean_of(deep - shallow)


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
    smallest = min(float((flow.weight_gradient / flow.weight_gradient[-1]).min()) for flow in _flows(lab, [deep], "he"))
    text = f"the weakest layer of {deep.name}, has {_factor(smallest)} times the weight gradient of its last layer"
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
        f"from the last to the first convolution it changes {_range(ratios)} at {deep.depth} layers and "
        f"{_range(first_over_last(lab, shallow, 'he'))} at {shallow.depth}"
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
    text = f"{_range(residual)} from the last to the first convolution at {deep} layers, without them {_range(plain)}"
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
    he, default = (signal_and_size(lab, plain, each) for each in ("he", "torch"))
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


def signal_and_size(lab: Lab, design: Design, initialisation: Initialisation) -> str:
    """The geometric mean over seeds of the first convolution's weight-gradient norm, written."""
    return f"{np.exp(np.log(np.maximum(_first_norms(lab, design, initialisation), 1e-300)).mean()):.0e}"


def _first_norms(lab: Lab, design: Design, initialisation: Initialisation) -> NDArray[np.float64]:
    return np.array([flow.weight_gradient[0] for flow in _flows(lab, [design], initialisation)])


def _flows(lab: Lab, designs: Sequence[Design], initialisation: Initialisation) -> list[Flow]:
    return [start.flow for start in lab.starts if start.design in designs and start.initialisation == initialisation]


def _ends(lab: Lab) -> tuple[int, int]:
    return lab.plan.depths[0], lab.plan.depths[-1]


def _range(ratios: NDArray[np.float64]) -> str:
    """``60 to 570 times``, over the seeds."""
    return f"{_factor(ratios.min())} to {_factor(ratios.max())} times"


def _factor(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"
