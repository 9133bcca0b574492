"""A classifier's training under way: cross-entropy on augmented photos, judged by the validation photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from facerec.learning.frozen import frozen_state
from facerec.learning.loop import AUGMENTATION, Loop
from facerec.learning.precision import autocast, number_format
from facerec.learning.recipe import Recipe
from facerec.learning.schedule import batch_of, draw_seed, parameter_groups
from facerec.learning.team import Team
from facerec.transfer.augmentation import augment
from facerec.transfer.inference import forward, normalised, recalibrate
from facerec.transfer.network import Network
from facerec.transfer.photos import Photos
from facerec.transfer.splits import Splits

# How many training photos the statistics are measured on by the policy "recalibrate".
_RECALIBRATION_PHOTOS = 1024


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


class ClassifierLoop(Loop[Epoch, Tensor]):
    """The state of a classifier's training and the steps that move it."""

    epoch_type: ClassVar[type[Any]] = Epoch

    def __init__(
        self, network: Network, photos: Photos, splits: Splits, recipe: Recipe, *, team: Team, device: torch.device
    ) -> None:
        network = network.to(device).to(memory_format=torch.channels_last)
        self.photos, self.splits = photos, splits
        self._plan = recipe.plan(len(splits.train))
        self._labels = torch.from_numpy(photos.image_set.labels)
        self._format = number_format(recipe.precision, network, device)
        super().__init__(
            network,
            recipe,
            _optimizer(network, recipe),
            team=team,
            steps=self._plan.steps,
            steps_per_epoch=self._plan.steps_per_epoch,
            scaler=torch.amp.GradScaler(device.type, enabled=self._format == torch.float16),
        )

    @property
    def best_epoch(self) -> Epoch:
        """The one with the highest validation accuracy; of equal ones the lower validation loss, then the first."""
        return max(self.history, key=lambda each: (each.validation_accuracy, -each.validation_loss, -each.number))

    def recalibrate(self) -> None:
        """Measure the statistics of batch normalisation on the training photos."""
        some = np.random.default_rng(draw_seed(self._recipe, 0, 0)).permutation(self.splits.train)
        recalibrate(self.network, self.photos, some[:_RECALIBRATION_PHOTOS], self._format)
        self._frozen = self.started = frozen_state(self.network)

    def predict(self, indices: NDArray[np.int64]) -> Tensor:
        """Scores before the softmax of photos, float32 (n, classes), the work shared by the team."""
        part = self.team.part(indices)
        scores = torch.zeros(len(indices), len(self.network.classes), device=self.network.device)
        scores[part] = forward(self.network, self.photos, indices[part], self._format)
        self.team.add_up([scores])
        return scores

    def _batch(self, step: int) -> NDArray[np.int64]:
        return batch_of(self._recipe, self._plan, step, self.splits.train)

    def _batches(self) -> Iterator[Tensor]:
        batches = (self._batch(step) for step in range(self.step, self.steps))
        return self.photos.batches(batch[self.team.part(batch)] for batch in batches)

    def _files_of(self, step: int) -> Sequence[str]:
        return [self.photos.image_set.files[index] for index in self._batch(step)]

    def _loss_of(self, batch: Tensor) -> tuple[Tensor, list[Tensor], int]:
        indices = self._batch(self.step)
        part = self.team.part(indices)
        generator = torch.Generator().manual_seed(draw_seed(self._recipe, AUGMENTATION, self.step))
        pixels = normalised(self.network, batch)
        inputs = augment(pixels, self._recipe.augmentation, generator, part=(part, len(indices)))
        labels = self._labels[indices[part]].to(self.network.device)
        with autocast(self.network.device, self._format):
            scores = self.network(inputs)
        loss = cross_entropy(scores.float(), labels, reduction="sum") / len(indices)
        return loss, [loss.detach(), (scores.argmax(1) == labels).sum().float()], len(indices)

    def _measured(self, means: Sequence[float]) -> Epoch:
        scores = self.predict(self.splits.validation).double().cpu()
        labels = self._labels[self.splits.validation]
        return Epoch(
            number=len(self.history) + 1,
            steps=self.step,
            learning_rate=self._rate(self.step - 1),
            stages=self._trained,
            training_loss=means[0],
            training_accuracy=means[1],
            validation_loss=cross_entropy(scores, labels).item(),
            validation_accuracy=(scores.argmax(1) == labels).double().mean().item(),
            seconds=self.seconds,
        )


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    groups = parameter_groups(network, recipe)
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, lr=recipe.learning_rate)
    return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0)
