"""What a training of embedders reports of each epoch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought.

    Attributes
    ----------
    number : int
        0 is the start, before anything was learned; then 1, 2, …
    steps : int
        Taken since the start.
    learning_rate : float
        Of the backbone's last stage in the epoch's last step; 0 at the start.
    stages : int
        How many stages of the backbone were trained, counted from the output.
    margin : float
        Share of the margin that counted in the last step, 0 … 1.
    training_loss : float or None
        Mean over the epoch's batches; ``None`` at the start.
    tmr : float
        True match rate of the validation people at the recipe's false match rate, 0 … 1.
    threshold : float
        The cosine that was needed for it.
    eer : float
        Equal error rate of the validation people.
    seconds : float
        Since the start of the training, of all its runs.
    """

    number: int
    steps: int
    learning_rate: float
    stages: int
    margin: float
    training_loss: float | None
    tmr: float
    threshold: float
    eer: float
    seconds: float


def best_of(history: list[Epoch]) -> Epoch:
    """The epoch with the highest true match rate; of equal ones the lower equal error rate, then the first."""
    return max(history, key=lambda each: (each.tmr, -each.eer, -each.number))
