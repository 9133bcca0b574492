"""What the numbers of a run come to: means over seeds with their intervals, ratios of layers, gaps of depths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from facerec.transfer.gradients.flow import DISTANCES, Flow
from facerec.transfer.gradients.lab import Lab
from facerec.transfer.plans import Design, Initialisation

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
        value, low, high = (f"{each:.{digits}f}" for each in (self.value, self.low, self.high))
        # Not broken over two lines; and no minus before what is rounded to 0.
        written = f"{_signed(value)} [{_signed(low)}, {_signed(high)}]"
        return written.replace(" ", "\N{NO-BREAK SPACE}")


def _signed(number: str) -> str:
    return number.removeprefix("-") if not float(number) else number.replace("-", "−")


def mean_of(values: ArrayLike) -> Mean:
    r"""Mean and Student's interval of independent values.

    >>> mean_of([1.0, 2.0, 3.0]).text()
    '2.00\xa0[−0.48,\xa04.48]'
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
    flows = flows_at_start(lab, design, initialisation)
    return np.array([flow.weight_gradient[0] / flow.weight_gradient[-1] for flow in flows])


def signal_ratio(lab: Lab, design: Design, initialisation: Initialisation) -> NDArray[np.float64]:
    """Norm of the error signal at the first convolution over that at the last, at the start, one ratio per seed."""
    flows = flows_at_start(lab, design, initialisation)
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


def flows_at_start(lab: Lab, design: Design, initialisation: Initialisation) -> list[Flow]:
    """The flow of each seed before training."""
    return [start.flow for start in lab.starts if (start.design, start.initialisation) == (design, initialisation)]
