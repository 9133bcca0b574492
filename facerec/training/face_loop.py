"""Training under way: the steps, the look at unseen people after each epoch, and the state that a checkpoint holds.

One loop for both ways of the lecture: with the backbone as it is, its inputs are features that were computed once and
only the head moves; with stages that are unfrozen, they are pixels or the maps before the first stage that moves.
Nothing random is carried from step to step, every draw is a function of seed and step. So a training can be cut
anywhere and goes on bit for bit on a CPU.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from facerec.errors import TransferError
from facerec.learning.frozen import check_frozen, freeze, frozen_state
from facerec.learning.precision import autocast, number_format
from facerec.learning.schedule import draw_seed, frozen_stages, parameter_groups, rate_factor, stages_trained
from facerec.learning.team import Team
from facerec.networks.face_network import FaceNetwork
from facerec.training.inputs import Inputs
from facerec.training.losses import FaceLoss
from facerec.training.progress import Epoch, Progress, best_of
from facerec.training.recipe import TrainingRecipe
from facerec.training.samplers import Sampler
from facerec.training.splits import PeopleSplit
from facerec.training.teacher import TeacherLoss
from facerec.training.validation import separation

# Purposes of draws.
_MIRRORED, _DROPOUT = 1, 2
_FORWARD_BATCH = 64
_FILES_NAMED = 8


class FaceLoop:
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
    step : int
        Steps taken.
    history : list of Epoch
        The start, then every whole epoch.
    best : dict of str to Tensor
        State of the network at the best epoch so far, on the CPU.
    sides : tuple of bool
        Whether a vector is averaged over the photo as it is (False) and its mirror image (True), or is of one of them.
    """

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
        self.network, self.loss, self.inputs, self.team = network, loss, inputs, team
        self.files, self.split, self.sampler, self.recipe = files, split, sampler, recipe
        self.steps = recipe.epochs * sampler.steps
        self.step = 0
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        _, people = np.unique(labels[split.train], return_inverse=True)
        self._people = torch.from_numpy(people.astype(np.int64))
        self._weights = None if weights is None else torch.from_numpy(weights)
        self._validation = compared
        self._labels = labels[self._validation]
        self._schedule = recipe.schedule
        self._format = number_format(recipe.precision, network, network.device)
        self._optimizer = self._new_optimizer()
        self._sums = [0.0, 0.0]
        self._pass: tuple[int, list[NDArray[np.int64]]] = (-1, [])
        self._earlier, self._since = 0.0, time.monotonic()
        self._trained = -1
        self._frozen: dict[str, str] = {}
        self._follow_schedule()
        self._started = self._frozen

    @property
    def seconds(self) -> float:
        """Since the start, of all runs."""
        return self._earlier + time.monotonic() - self._since

    @property
    def epoch_ended(self) -> bool:
        """Whether the last step was the last one of an epoch."""
        return self.step % self.sampler.steps == 0

    @property
    def best_epoch(self) -> Epoch:
        """The best of the whole epochs and the start."""
        return best_of(self.history)

    @property
    def over(self) -> bool:
        """Whether all steps were taken, or no epoch was better for as long as the recipe has patience."""
        waited = self.history[-1].number - self.best_epoch.number if self.history else 0
        return self.step >= self.steps or (self.epoch_ended and waited >= self.recipe.patience)

    def run(self, *, progress: Callable[[Progress], None] | None, each_step: Callable[[], None]) -> None:
        """Look at the start, and take the steps that are left; ``each_step`` is called after each."""
        if not self.history:
            self._look(None)
            if progress is not None:
                progress(Progress(0, self.steps, 0, self.recipe.epochs, None, self.history[-1]))
        while not self.over:
            self._follow_schedule()
            loss = self._take_step(self._batch())
            self.step += 1
            if self.epoch_ended:
                self._end_epoch()
            if progress is not None:
                epoch = (self.step - 1) // self.sampler.steps + 1
                progress(Progress(self.step, self.steps, epoch, self.recipe.epochs, loss, self.history[-1]))
            each_step()
        check_frozen(self.network, {name: self._started[name] for name in self._frozen})

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

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What a checkpoint holds: values for JSON, and tensors."""
        values = {
            "step": self.step,
            "history": [asdict(epoch) for epoch in self.history],
            "sums": self._sums,
            "seconds": self.seconds,
            "started": self._started,
        }
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"loss.{name}": tensor for name, tensor in self.loss.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, slots in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{slot}": tensor for slot, tensor in slots.items()}
        return values, tensors

    def restore(self, values: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Go back to a state."""
        self.step = values["step"]
        self.history = [Epoch(**epoch) for epoch in values["history"]]
        self._sums = values["sums"]
        self._earlier, self._since = values["seconds"], time.monotonic()
        parts = {name: _below(tensors, name) for name in ("network", "loss", "best", "optimizer")}
        self.network.load_state_dict(parts["network"])
        self.loss.load_state_dict(parts["loss"])
        self.best = parts["best"]
        slots: dict[int, dict[str, Tensor]] = {}
        parameters = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
        for name, tensor in parts["optimizer"].items():
            number, slot = name.split(".")
            like = parameters[int(number)]
            # In the layout of its parameter, as it was when it was made.
            laid_out = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
            slots.setdefault(int(number), {})[slot] = laid_out
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": slots})
        self._trained = -1
        self._follow_schedule()
        self._started = values["started"]
        check_frozen(self.network, {name: self._started[name] for name in self._frozen})

    def _new_optimizer(self) -> torch.optim.Optimizer:
        groups = parameter_groups(self.network, self._schedule)
        centres = list(self.loss.parameters())
        if centres:  # of which only the direction counts, so decay would do nothing
            groups.append({"params": centres, "weight_decay": 0.0, "factor": self.recipe.head_factor})
        return torch.optim.AdamW(groups, lr=self.recipe.learning_rate)

    def _stages(self, step: int) -> int:
        everything = len(self.network.trunk.stages)
        if self.recipe.unfreeze == "all" and self.recipe.batch_norm != "train":
            return stages_trained(self._schedule, step, self.steps, everything)
        return {"none": 0, "last": 1, "all": everything}[self.recipe.unfreeze]

    def _follow_schedule(self) -> None:
        """Rates and frozen stages of the coming step."""
        step = min(self.step, self.steps - 1)
        rate = self.recipe.learning_rate * rate_factor(self._schedule, step, self.steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        trained = self._stages(step)
        if trained != self._trained:
            if self._trained >= 0:
                check_frozen(self.network, self._frozen)
            freeze(self.network.trunk, frozen_stages(self.network, trained), batch_norm=self.recipe.batch_norm)
            self.network.train()
            self._frozen = frozen_state(self.network)
            self._trained = trained

    def _batch(self) -> NDArray[np.int64]:
        """Positions in the training photos that the coming step uses."""
        number, place = divmod(self.step, self.sampler.steps)
        if self._pass[0] != number:
            self._pass = (number, self.sampler.batches(number))
        return self._pass[1][place]

    def _forward(self, x: Tensor) -> Tensor:
        with autocast(self.network.device, self._format):
            features = self.network.after(x, self.inputs.stages)
        return self.network.head(features.float())

    def _take_step(self, batch: NDArray[np.int64]) -> float:
        part = self.team.part(batch)
        photos = self.split.train[batch]
        draw = np.random.default_rng(draw_seed(self._schedule, _MIRRORED, self.step))
        mirrored = draw.random(len(batch)) < 0.5
        torch.manual_seed(draw_seed(self._schedule, _DROPOUT, self.step * self.team.size + self.team.rank))
        vectors = self._gathered(self._forward(self.inputs.batch(photos[part], mirrored[part])), part, len(batch))
        loss = self.loss(
            vectors,
            self._people[batch].to(vectors.device),
            margin_share=self.recipe.margin_share(self.step, self.steps),
            weights=None if self._weights is None else self._weights[batch].to(vectors.device),
        )
        value = loss.item()
        if not math.isfinite(value):
            raise self._no_number(value, photos)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        # Each process has the loss of the whole batch and the gradient through its own photos; of the centres all.
        self.team.add_up([p.grad for p in self.network.parameters() if p.grad is not None])
        every = chain(self.network.parameters(), self.loss.parameters())
        torch.nn.utils.clip_grad_norm_([p for p in every if p.grad is not None], self.recipe.clip)
        self._optimizer.step()
        self._sums = [self._sums[0] + value * len(batch), self._sums[1] + len(batch)]
        return value

    def _gathered(self, own: Tensor, part: slice, length: int) -> Tensor:
        """The vectors of the whole batch, of which those of this process carry gradients."""
        if self.team.size == 1:
            return own
        others = torch.zeros(length, own.shape[1], device=own.device)
        others[part] = own.detach()
        self.team.add_up([others])
        return torch.cat([others[: part.start], own, others[part.stop :]])

    def _end_epoch(self) -> None:
        check_frozen(self.network, self._frozen)
        self.team.share_buffers(self.network)
        self._look(self._sums[0] / self._sums[1])
        self._sums = [0.0, 0.0]

    def _look(self, loss: float | None) -> None:
        """Measure the validation photos, and keep the network if it is the best so far."""
        epoch = self._measured(loss)
        self.history.append(epoch)
        if epoch == self.best_epoch:
            self.best = {name: tensor.cpu().clone() for name, tensor in self.network.state_dict().items()}

    def _measured(self, loss: float | None) -> Epoch:
        found = separation(self.vectors(self._validation).cpu().numpy(), self._labels, fmr=self.recipe.fmr)
        return Epoch(**self._so_far(loss), tmr=found.tmr, threshold=found.threshold, eer=found.eer)

    def _so_far(self, loss: float | None) -> dict[str, Any]:
        """What an epoch says of the training itself."""
        before = max(0, self.step - 1)
        begun = self.step > 0
        return {
            "number": self.step // self.sampler.steps,
            "steps": self.step,
            "learning_rate": self._optimizer_rate(before) if begun else 0.0,
            "stages": self._trained if begun else 0,
            "margin": self.recipe.margin_share(before, self.steps) if begun else 0.0,
            "training_loss": loss,
            "seconds": self.seconds,
        }

    def _optimizer_rate(self, step: int) -> float:
        return self.recipe.learning_rate * rate_factor(self._schedule, step, self.steps)

    def _no_number(self, loss: float, photos: NDArray[np.int64]) -> TransferError:
        files = [self.files[photo] for photo in photos]
        more = f" and {len(files) - _FILES_NAMED} more" if len(files) > _FILES_NAMED else ""
        message = (
            f"the loss became {loss} at step {self.step + 1} of {self.steps}, on {', '.join(files[:_FILES_NAMED])}"
            f"{more}; use a learning rate below {self.recipe.learning_rate:g}, or look at these photos"
        )
        return TransferError(message)


def _below(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")}
