"""An embedder's training under way: a loss on unit vectors, judged by people who are not learned from.

One loop for both ways of the lecture: with the backbone as it is, its inputs are features that were computed once and
only the head moves; with stages that are unfrozen, they are pixels or the maps before the first stage that moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from facerec.learning.loop import AUGMENTATION, Loop
from facerec.learning.precision import autocast, number_format
from facerec.learning.schedule import draw_seed, parameter_groups
from facerec.learning.team import Team
from facerec.networks.face_network import FaceNetwork
from facerec.training.inputs import Inputs
from facerec.training.losses import FaceLoss
from facerec.training.progress import Epoch, best_of
from facerec.training.recipe import TrainingRecipe
from facerec.training.samplers import Sampler
from facerec.training.splits import PeopleSplit
from facerec.training.teacher import TeacherLoss
from facerec.training.validation import separation

_FORWARD_BATCH = 64

Batch: TypeAlias = NDArray[np.int64]
"""Positions in the training photos."""


class FaceLoop(Loop[Epoch, Batch]):
    """The state of a training and the steps that move it.

    Parameters
    ----------
    network : FaceNetwork
        With its head where it starts; on its device. Its first `inputs.stages` stages never move.
    loss : FaceLoss or TeacherLoss
        For as many people as `labels` have; on the same device.
    inputs : Inputs
        Of all photos.
    files : sequence of str
        What the photos are called, for messages.
    labels : ndarray, int64, shape (n,)
        Who is on each photo.
    split : PeopleSplit
    sampler : Sampler
        Cuts passes over ``split.train`` into batches of positions in it.
    recipe : TrainingRecipe
    team : Team
    compared : ndarray, int64
        Photos of ``split.validation`` that are compared in every epoch.
    weights : ndarray, float32, optional
        How much each photo of ``split.train`` counts in the loss.

    Attributes
    ----------
    sides : tuple of bool
        Whether a vector is averaged over the photo as it is (False) and its mirror image (True), or is of one of them.
    """

    epoch_type: ClassVar[type[Any]] = Epoch
    looks_at_the_start = True
    sides: tuple[bool, ...] = (False, True)

    def __init__(
        self,
        network: FaceNetwork,
        loss: FaceLoss | TeacherLoss,
        inputs: Inputs,
        *,
        files: tuple[str, ...],
        labels: NDArray[np.int64],
        split: PeopleSplit,
        sampler: Sampler,
        recipe: TrainingRecipe,
        team: Team,
        compared: NDArray[np.int64],
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        self.loss, self.inputs, self.recipe = loss, inputs, recipe
        self.files, self.split, self.sampler = files, split, sampler
        _, people = np.unique(labels[split.train], return_inverse=True)
        self._people = torch.from_numpy(people.astype(np.int64))
        self._weights = None if weights is None else torch.from_numpy(weights)
        self._validation = compared
        self._labels = labels[self._validation]
        self._format = number_format(recipe.precision, network, network.device)
        self._pass: tuple[int, list[Batch]] = (-1, [])
        super().__init__(
            network,
            recipe.schedule,
            _optimizer(network, loss, recipe),
            team=team,
            steps=recipe.epochs * sampler.steps,
            steps_per_epoch=sampler.steps,
            loss=loss,
            clip=recipe.clip,
        )

    @property
    def best_epoch(self) -> Epoch:
        """The best of the whole epochs and the start."""
        return best_of(self.history)

    @property
    def over(self) -> bool:
        """Whether all steps were taken, or no epoch was better for as long as the recipe has patience."""
        waited = self.history[-1].number - self.best_epoch.number if self.history else 0
        return super().over or (self.epoch_ended and waited >= self.recipe.patience)

    @torch.no_grad()
    def vectors(self, indices: NDArray[np.int64]) -> Tensor:
        """Unit vectors of photos, averaged over `sides`, float32 (n, dimension), by the whole team."""
        training = self.network.training
        self.network.eval()
        part = self.team.part(indices)
        found = torch.zeros(len(indices), self.network.dimension, device=self.network.device)
        own = indices[part]
        for first in range(0, len(own), _FORWARD_BATCH):
            group = own[first : first + _FORWARD_BATCH]
            sides = [
                normalize(self._forward(self.inputs.batch(group, np.full(len(group), mirrored))))
                for mirrored in self.sides
            ]
            found[part.start + first : part.start + first + len(group)] = normalize(torch.stack(sides).sum(0))
        self.network.train(training)
        self.team.add_up([found])
        return found

    def _stages(self, step: int) -> int:
        everything = len(self.network.trunk.stages)
        if self.recipe.unfreeze == "all" and self.recipe.batch_norm != "train":
            return super()._stages(step)
        return {"none": 0, "last": 1, "all": everything}[self.recipe.unfreeze]

    def _batch(self, step: int) -> Batch:
        number, place = divmod(step, self.sampler.steps)
        if self._pass[0] != number:
            self._pass = (number, self.sampler.batches(number))
        return self._pass[1][place]

    def _batches(self) -> Iterator[Batch]:
        return (self._batch(step) for step in range(self.step, self.steps))

    def _files_of(self, step: int) -> Sequence[str]:
        return [self.files[photo] for photo in self.split.train[self._batch(step)]]

    def _forward(self, x: Tensor) -> Tensor:
        with autocast(self.network.device, self._format):
            features = self.network.after(x, self.inputs.stages)
        return self.network.head(features.float())

    def _loss_of(self, batch: Batch) -> tuple[Tensor, list[Tensor], int]:
        part = self.team.part(batch)
        photos = self.split.train[batch]
        mirrored = np.random.default_rng(draw_seed(self._recipe, AUGMENTATION, self.step)).random(len(batch)) < 0.5
        loss = self.loss(
            self._gathered(self._forward(self.inputs.batch(photos[part], mirrored[part])), part, len(batch)),
            self._people[batch].to(self.network.device),
            margin_share=self.recipe.margin_share(self.step, self.steps),
            weights=None if self._weights is None else self._weights[batch].to(self.network.device),
        )
        # Each process has the loss of the whole batch and the gradient through its own photos; of the centres all.
        return loss, [loss.detach() / self.team.size], len(batch)

    def _gathered(self, own: Tensor, part: slice, length: int) -> Tensor:
        """The vectors of the whole batch, of which those of this process carry gradients."""
        if self.team.size == 1:
            return own
        others = torch.zeros(length, own.shape[1], device=own.device)
        others[part] = own.detach()
        self.team.add_up([others])
        return torch.cat([others[: part.start], own, others[part.stop :]])

    def _measured(self, means: Sequence[float]) -> Epoch:
        found = separation(self.vectors(self._validation).cpu().numpy(), self._labels, fmr=self.recipe.fmr)
        return Epoch(**self._so_far(means), tmr=found.tmr, threshold=found.threshold, eer=found.eer)

    def _so_far(self, means: Sequence[float]) -> dict[str, Any]:
        """What an epoch says of the training itself."""
        before = max(0, self.step - 1)
        begun = self.step > 0
        return {
            "number": self.step // self.sampler.steps,
            "steps": self.step,
            "learning_rate": self._rate(before) if begun else 0.0,
            "stages": self._trained if begun else 0,
            "margin": self.recipe.margin_share(before, self.steps) if begun else 0.0,
            "training_loss": means[0] if begun else None,
            "seconds": self.seconds,
        }


def _optimizer(network: FaceNetwork, loss: FaceLoss | TeacherLoss, recipe: TrainingRecipe) -> torch.optim.Optimizer:
    groups = parameter_groups(network, recipe.schedule)
    if centres := list(loss.parameters()):  # of which only the direction counts, so decay would do nothing
        groups.append({"params": centres, "weight_decay": 0.0, "factor": recipe.head_factor})
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)
