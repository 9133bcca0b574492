"""The short training of one network: plain SGD, no augmentation, so that only the design differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.transfer.gradients.flow import Flow, measure_flow
from facerec.transfer.gradients.networks import build
from facerec.transfer.gradients.textures import LabImages
from facerec.transfer.plans import Design, Initialisation

MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4
WARM_UP = 10
"""Steps in which the learning rate rises to its value, for every design: He et al. needed it at 110 layers."""
MEASURED = 128
"""Images of the batch on which the flow is measured: the first ones, the same for every network."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One training.

    Attributes
    ----------
    design : Design
    seed : int
    learning_rate : float
    loss : ndarray, float64, shape (steps,)
        Cross-entropy of each step's batch before the step, in nats; NaN from where it was no longer finite.
    correct : ndarray, float64, shape (steps,)
        Share of each step's batch that was classified correctly, 0 … 1; NaN where the loss is.
    flows : tuple of (int, Flow)
        Measured after so many steps.
    """

    design: Design
    seed: int
    learning_rate: float
    loss: NDArray[np.float64]
    correct: NDArray[np.float64]
    flows: tuple[tuple[int, Flow], ...]

    @property
    def diverged_at(self) -> int | None:
        """The first step (from 1) whose loss was not finite; None if all were."""
        lost = np.flatnonzero(np.isnan(self.loss))
        return int(lost[0]) + 1 if lost.size else None

    @property
    def final_loss(self) -> float:
        """Mean loss of the last fifth of the steps; infinity if the training diverged."""
        last = self.loss[-max(1, len(self.loss) // 5) :]
        return float("inf") if np.isnan(last).any() else float(last.mean())


def train(
    design: Design,
    data: LabImages,
    *,
    seed: int,
    learning_rate: float,
    steps: int,
    batch_size: int = 64,
    initialisation: Initialisation = "he",
    measure: bool = True,
) -> Curve:
    """Train a fresh network for a number of steps.

    Parameters
    ----------
    design : Design
    data : LabImages
    seed : int
        Of the weights and of the order of the images; the same for every design, so that their losses can be paired.
    learning_rate : float
        After `WARM_UP` steps, in which it rises in a straight line.
    steps : int
    batch_size : int
    initialisation : {"he", "torch"}
    measure : bool
        Whether the flow is measured at the start, after a tenth and a half of the steps, and at the end.
    """
    net = build(design, len(data.classes), seed=seed, initialisation=initialisation)
    images = torch.from_numpy(data.images).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(data.labels)
    optimiser = torch.optim.SGD(net.parameters(), learning_rate, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    moments = {0, steps // 10, steps // 2, steps} if measure else set()
    loss, correct = np.full((2, steps), np.nan)
    flows: list[tuple[int, Flow]] = []
    for step, batch in enumerate(_batches(len(labels), batch_size, steps, seed)):
        if step in moments:
            flows.append((step, measure_flow(net, images[:MEASURED], labels[:MEASURED])))
            net.train()
        outputs = net(images[batch])
        lost = torch.nn.functional.cross_entropy(outputs, labels[batch])
        if not torch.isfinite(lost):
            break
        loss[step] = float(lost.detach())
        correct[step] = float((outputs.argmax(dim=1) == labels[batch]).double().mean())
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * min(1.0, (step + 1) / WARM_UP)
        optimiser.zero_grad()
        lost.backward()
        optimiser.step()
    else:
        if measure:
            flows.append((steps, measure_flow(net, images[:MEASURED], labels[:MEASURED])))
    return Curve(design, seed, learning_rate, loss, correct, tuple(flows))


def _batches(number: int, size: int, steps: int, seed: int) -> list[NDArray[np.int64]]:
    """Batches that go through all images in a new order each time round."""
    rng = np.random.default_rng(seed)
    rounds = -(-steps * size // number)
    order = np.concatenate([rng.permutation(number) for _ in range(rounds)])
    return list(order[: steps * size].reshape(steps, size))
