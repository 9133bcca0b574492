"""What is asked of the gradient lab and of the tasks beyond classification, checked where no torch is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from facerec.errors import ArgumentError

Task: TypeAlias = Literal["segmentation", "detection"]
Protocol: TypeAlias = Literal["scratch", "frozen", "fine-tune"]
TASKS: tuple[Task, ...] = ("segmentation", "detection")
PROTOCOLS: tuple[Protocol, ...] = ("scratch", "frozen", "fine-tune")

Initialisation: TypeAlias = Literal["he", "torch"]
"""``he``: normal with variance 2 / fan-in (He et al. 2015), as the paper has it; ``torch``: what PyTorch does unasked,
uniform with variance 1 / (3 fan-in)."""

FEWEST_STEPS = 20


@dataclass(frozen=True, order=True)
class Design:
    """A cell of the experiment.

    Attributes
    ----------
    residual : bool
        With shortcuts.
    batch_norm : bool
        With batch normalisation after each convolution.
    depth : int
        Layers with weights: 6n + 2, n >= 1.
    """

    residual: bool
    batch_norm: bool
    depth: int

    def __post_init__(self) -> None:
        if self.depth < 8 or self.depth % 6 != 2:
            message = f"these networks have 6n + 2 layers: 8, 14, 20, 32, 44, 56, 110 …; got {self.depth}"
            raise ArgumentError(message)

    @property
    def family(self) -> str:
        """What it is called without its depth."""
        return f"{'residual' if self.residual else 'plain'}, {'batch norm' if self.batch_norm else 'no batch norm'}"

    @property
    def name(self) -> str:
        """What it is called: ``plain-56, no batch norm``."""
        return self.family.replace(",", f"-{self.depth},", 1)


@dataclass(frozen=True)
class Plan:
    """What is run.

    Attributes
    ----------
    depths : tuple of int
        Ascending; each 6n + 2. The shallowest and the deepest are compared.
    seeds : int
        Networks of each design, 2 or more; they get the seeds `seed` … `seed` + `seeds` - 1.
    steps : int
        Of each training, 20 or more.
    batch_size : int
    rates : tuple of float
        Learning rates that each design tries for `trial_steps` on a seed of its own; the one with the lowest loss at
        the end trains the others. Every design gets the same rates and steps to choose with.
    trial_steps : int
    initialisation : {"he", "torch"}
        Of the trainings; at the start both are measured.
    seed : int
    """

    depths: tuple[int, ...] = (20, 56)
    seeds: int = 4
    steps: int = 100
    batch_size: int = 64
    rates: tuple[float, ...] = (0.1, 0.03, 0.01)
    trial_steps: int = 60
    initialisation: Initialisation = "he"
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.depths) < 2 or list(self.depths) != sorted(set(self.depths)):
            message = f"the lab compares depths: two or more, ascending, such as 20,56; got {self.depths}"
            raise ArgumentError(message)
        if self.seeds < 2 or self.steps < FEWEST_STEPS or self.batch_size < 2:
            message = (
                f"the lab needs 2 seeds, {FEWEST_STEPS} steps and a batch of 2 at least; got {self.seeds} seeds, "
                f"{self.steps} steps, batches of {self.batch_size}"
            )
            raise ArgumentError(message)
        self.designs  # noqa: B018 - a depth that is none must be refused here

    @property
    def designs(self) -> tuple[Design, ...]:
        """Every cell: plain and residual, with batch norm and without, at each depth."""
        return tuple(
            Design(residual=residual, batch_norm=batch_norm, depth=depth)
            for batch_norm in (True, False)
            for residual in (False, True)
            for depth in self.depths
        )
