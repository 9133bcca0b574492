"""What a training reports and gives: its epochs, its progress, the trained network."""

from __future__ import annotations

from dataclasses import dataclass

from facerec.learning.recipe import Recipe
from facerec.transfer.network import Network


@dataclass(frozen=True)
class Epoch:
    """What one epoch of a training brought.

    Attributes
    ----------
    number : int
        1, 2, …
    steps : int
        Taken since the start.
    learning_rate : float
        Of the trunk's last stage in the epoch's last step.
    stages : int
        How many stages of the trunk were trained, counted from the output.
    training_loss : float
        Mean cross-entropy in nats over the epoch's batches, as they were seen: augmented, each before its step.
    training_accuracy : float
        Likewise, 0 … 1.
    validation_loss, validation_accuracy : float
        At the epoch's end.
    seconds : float
        Since the start of the training, of all its runs where it was cut off.
    """

    number: int
    steps: int
    learning_rate: float
    stages: int
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    """Where a training is.

    Attributes
    ----------
    step, steps : int
        Taken, and in all.
    epoch, epochs : int
        The one under way (1, 2, …), and in all.
    loss : float
        Of the last batch, nats.
    validation_accuracy : float or None
        Of the last whole epoch, 0 … 1; ``None`` before the first.
    seconds : float
        Since the start, of all runs.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network and how it came about.

    Attributes
    ----------
    recipe : Recipe
        What was followed.
    network : Network
        Trunk and last layer of the best epoch, in eval mode.
    history : tuple of Epoch
        Every epoch, in order.
    best : Epoch
        The one whose network this is.
    steps : int
        Taken.
    images : int
        Photos that went forward and backward.
    seconds : float
        Wall-clock time of the training with its validations, of all its runs.
    peak_memory : int
        Bytes: on a GPU the most that was allocated while training; on a CPU the largest resident memory of the
        process since it began.
    frozen_digest_before, frozen_digest_after : str
        SHA-256 over what was frozen to the end, before the first step and after the last; always equal, because a
        training in which they differ is an error.
    complete : bool
        False where the deadline came first: `history` is then shorter than the recipe, and the checkpoint, if there
        was one, is left to go on from.
    """

    recipe: Recipe
    network: Network
    history: tuple[Epoch, ...]
    best: Epoch
    steps: int
    images: int
    seconds: float
    peak_memory: int
    frozen_digest_before: str
    frozen_digest_after: str
    complete: bool

    @property
    def validation_accuracy(self) -> float:
        """Of the best epoch, 0 … 1; optimistic, because it was chosen by it."""
        return self.best.validation_accuracy
