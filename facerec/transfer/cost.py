"""What a cell will cost: multiply-adds counted beforehand, seconds from a short timed run on this machine.

A network's time is taken to grow with its multiply-adds, so one timing at one input size predicts all others. The
timed runs go the way that the real ones go (the same reading of photos, the same number formats, the same loop), a
few batches long.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from facerec.errors import ArgumentError
from facerec.learning.recipe import Recipe
from facerec.transfer.cells import Cell

_DOUBLE = 4.0
"""What a linear probe takes where photos are more than features, in multiples of what it takes where they are fewer:
most fits are then ended in double precision. Measured on flowers, 1,280 features: 0.6 to 1.0 with 300 to 1,000 photos,
4.1 with 1,500 and 3.4 with 2,071, where 1 is what the timed sweep says."""

BACKWARD = 2
"""Multiply-adds of a backward pass, in forward passes: one for the inputs' gradients, one for the weights'."""


@dataclass(frozen=True)
class Counts:
    """How many photos a cell learns from, chooses on and is judged on; each 1 or more."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Speed:
    """What this machine does in a second with one backbone.

    Attributes
    ----------
    forward : float
        Multiply-adds per second of the engine that computes features, photos read in the meantime; above 0.
    training : float
        Multiply-adds per second of training it, forward and backward; above 0.
    start : float
        Seconds to make the network and begin a training.
    probe : float
        Seconds of choosing and fitting a linear probe, per photo, dimension and class; dimensions are those of the
        space that the photos span.
    """

    forward: float
    training: float
    start: float
    probe: float

    def __post_init__(self) -> None:
        if not (self.forward > 0 and self.training > 0 and self.start >= 0 and self.probe >= 0):
            message = f"speeds must be above 0; got {self}"
            raise ArgumentError(message)


def macs_at(macs: int, own_size: int, size: int) -> int:
    """Multiply-adds of a convolutional network for one photo at another input size: they grow with the area.

    >>> macs_at(1_814_073_344, 224, 112)
    453518336
    """
    return round(macs * size * size / (own_size * own_size))


def learning_macs(cell: Cell, counts: Counts, macs: int, recipe: Recipe | None, trials: int) -> int:
    """Multiply-adds of the network for everything that a cell learns from and chooses on, the test photos excluded.

    Parameters
    ----------
    cell : Cell
    counts : Counts
    macs : int
        For one photo.
    recipe : Recipe or None
        Of a trained cell; None for a probe, which runs the network once per photo.
    trials : int
        Trainings that are compared.
    """
    once = macs * (counts.train + counts.validation)
    if recipe is None:
        return once
    passes = trials * (
        (1 + (BACKWARD if cell.protocol != "linear-sgd" else 0)) * recipe.plan(counts.train).images
        + recipe.epochs * counts.validation
    )
    return macs * passes + (once if cell.protocol == "lp-ft" else 0)


def predicted_seconds(
    cell: Cell,
    counts: Counts,
    speed: Speed,
    *,
    macs: int,
    dimension: int,
    classes: int,
    recipe: Recipe | None,
    trials: int,
) -> float:
    """The seconds that a cell will take, without the features that it shares with others.

    Parameters
    ----------
    cell : Cell
    counts : Counts
    speed : Speed
        Of its backbone.
    macs : int
        For one photo at the size that is used.
    dimension, classes : int
        Of a feature vector, and of the data.
    recipe : Recipe or None
        Of a trained cell.
    trials : int
        Trainings that are compared.
    """
    # With fewer photos than features the sweep works in the space that the photos span.
    fit = speed.probe * (counts.train + counts.validation) * min(counts.train, dimension) * classes
    fit *= _DOUBLE if counts.train > dimension else 1.0
    if recipe is None:
        return 0.02 + (fit if cell.protocol == "linear" else 0.05 * fit)
    trained = recipe.plan(counts.train).images * (1 + BACKWARD) * macs / speed.training
    validated = recipe.epochs * counts.validation * macs / speed.training
    tested = 2 * counts.test * macs / speed.training  # as they are, and corrupted
    return trials * (speed.start + trained + validated) + tested + (fit if cell.protocol == "lp-ft" else 0.0)


class PeakMemory:
    """The most memory that the process holds from one moment on, in bytes.

    On Linux the kernel's own mark is set back first; where that is not allowed, it is the peak since the process
    began. With ``device`` ``cuda`` it is what torch allocated on the GPU.
    """

    def __init__(self, device: str) -> None:
        self._cuda = device.startswith("cuda")
        if self._cuda:
            import torch

            torch.cuda.reset_peak_memory_stats(device)
        else:
            with suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._device = device

    def read(self) -> int:
        """Bytes."""
        if self._cuda:
            import torch

            return int(torch.cuda.max_memory_allocated(self._device))
        with suppress(OSError, ValueError, StopIteration):
            lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
            return 1024 * int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
        import resource
        import sys

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def step_seconds(marks: list[float]) -> float:
    """Seconds per step from the times at which steps ended; the first ones warm up.

    >>> step_seconds([0.0, 5.0, 6.0, 7.0])
    1.0
    """
    gaps = sorted(after - before for before, after in pairwise(marks))
    return gaps[0] if len(gaps) < 3 else gaps[len(gaps) // 2]


def timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds that a call takes."""
    began = clock()
    work()
    return clock() - began
