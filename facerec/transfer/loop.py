"""One training under way: steps, looks at the validation photos, and the state that a checkpoint holds.

Nothing random is carried from step to step: every draw is seeded by the recipe's seed and the step's number. So the
state is what the network, the optimiser and the history are, and a training can be cut anywhere.
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
from torch.nn.functional import cross_entropy

from facerec.errors import TransferError
from facerec.learning.frozen import check_frozen, freeze, frozen_state
from facerec.learning.precision import number_format
from facerec.learning.recipe import Recipe
from facerec.learning.schedule import (
    batch_of,
    draw_seed,
    frozen_stages,
    parameter_groups,
    rate_factor,
    stages_trained,
)
from facerec.learning.team import Team
from facerec.transfer.augmentation import augment
from facerec.transfer.inference import autocast, forward, normalised, recalibrate
from facerec.transfer.network import Network
from facerec.transfer.photos import Photos
from facerec.transfer.splits import Splits
from facerec.transfer.trained import Epoch, Progress

# Purposes of draws; order has 0, in `batch_of`.
_AUGMENTATION, _DROPOUT = 1, 2
# How many training photos the statistics are measured on by the policy "recalibrate".
_RECALIBRATION_PHOTOS = 1024
_FILES_NAMED = 8


class Loop:
    """The state of a training and the steps that move it.

    Attributes
    ----------
    network : Network
        As the steps so far have left it.
    step : int
        Steps taken.
    history : list of Epoch
        Of the whole epochs.
    best : dict of str to Tensor
        State of the network at the best epoch so far, on the CPU; empty before the first.
    started : dict of str to str
        What `frozen_state` gave at the start.
    """

    def __init__(
        self, network: Network, photos: Photos, splits: Splits, recipe: Recipe, *, team: Team, device: torch.device
    ) -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.photos, self.splits, self.recipe, self.team = photos, splits, recipe, team
        self.plan = recipe.plan(len(splits.train))
        self.step = 0
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        self._labels = torch.from_numpy(photos.image_set.labels)
        self._format = number_format(recipe.precision, network, device)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._format == torch.float16)
        self._optimizer = _optimizer(network, recipe)
        self._sums = [0.0, 0.0, 0.0]
        self._earlier, self._since = 0.0, time.monotonic()
        self._trained = -1
        self._frozen: dict[str, str] = {}
        self._follow_schedule()
        self.started = self._frozen

    @property
    def seconds(self) -> float:
        """Since the start, of all runs."""
        return self._earlier + time.monotonic() - self._since

    @property
    def epoch_ended(self) -> bool:
        """Whether the last step was the last one of an epoch."""
        return self.step % self.plan.steps_per_epoch == 0

    @property
    def best_epoch(self) -> Epoch:
        """The best of the whole epochs."""
        return max(self.history, key=lambda each: (each.validation_accuracy, -each.validation_loss, -each.number))

    def recalibrate(self) -> None:
        """Measure the statistics of batch normalisation on the training photos."""
        some = np.random.default_rng(draw_seed(self.recipe, 0, 0)).permutation(self.splits.train)
        recalibrate(self.network, self.photos, some[:_RECALIBRATION_PHOTOS], self._format)
        self._frozen = self.started = frozen_state(self.network)

    def run(
        self, *, progress: Callable[[Progress], None] | None, each_step: Callable[[], None], deadline: float | None
    ) -> bool:
        """Take the steps that are left; ``each_step`` is called after each. False where the deadline ended it."""
        steps = range(self.step, self.plan.steps)
        batches = (batch_of(self.recipe, self.plan, step, self.splits.train) for step in steps)
        own = (batch[self.team.part(batch)] for batch in batches)
        for step, pixels in zip(steps, self.photos.batches(own), strict=True):
            self._follow_schedule()
            loss = self._take_step(pixels, batch_of(self.recipe, self.plan, step, self.splits.train))
            self.step += 1
            if self.epoch_ended:
                self._end_epoch()
            if progress is not None:
                progress(self._progress(loss))
            each_step()
            if self.epoch_ended and self.step < self.plan.steps and self._is_over(deadline):
                return False
        return True

    def predict(self, indices: NDArray[np.int64]) -> Tensor:
        """Scores before the softmax of photos, float32 (n, classes), the work shared by the team."""
        part = self.team.part(indices)
        scores = torch.zeros(len(indices), len(self.network.classes), device=self.network.device)
        scores[part] = forward(self.network, self.photos, indices[part], self._format)
        self.team.add_up([scores])
        return scores

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What a checkpoint holds: values for JSON, and tensors."""
        values = {
            "step": self.step,
            "history": [asdict(epoch) for epoch in self.history],
            "sums": self._sums,
            "seconds": self.seconds,
            "started": self.started,
            "scaler": self._scaler.state_dict(),
        }
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, slots in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{slot}": tensor for slot, tensor in slots.items() if tensor is not None}
        return values, tensors

    def restore(self, values: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Go back to a state."""
        self.step = values["step"]
        self.history = [Epoch(**epoch) for epoch in values["history"]]
        self._sums = values["sums"]
        self._earlier, self._since = values["seconds"], time.monotonic()
        if values["scaler"]:
            self._scaler.load_state_dict(values["scaler"])
        parts = {name: _below(tensors, name) for name in ("network", "best", "optimizer")}
        self.network.load_state_dict(parts["network"])
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
        self.started = values["started"]
        check_frozen(self.network, {name: self.started[name] for name in self._frozen})

    def _follow_schedule(self) -> None:
        """Rates and frozen stages of the coming step."""
        step = min(self.step, self.plan.steps - 1)
        rate = self.recipe.learning_rate * rate_factor(self.recipe, step, self.plan.steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        trained = stages_trained(self.recipe, step, self.plan.steps, len(self.network.trunk.stages))
        if trained != self._trained:
            if self._trained >= 0:
                check_frozen(self.network, self._frozen)
            freeze(self.network.trunk, frozen_stages(self.network, trained), batch_norm=self.recipe.batch_norm)
            self.network.train()
            self._frozen = frozen_state(self.network)
            self._trained = trained

    def _take_step(self, pixels: Tensor, batch: NDArray[np.int64]) -> float:
        part = self.team.part(batch)
        generator = torch.Generator().manual_seed(draw_seed(self.recipe, _AUGMENTATION, self.step))
        inputs = augment(normalised(self.network, pixels), self.recipe.augmentation, generator, part=(part, len(batch)))
        labels = self._labels[batch[part]].to(self.network.device)
        torch.manual_seed(draw_seed(self.recipe, _DROPOUT, self.step * self.team.size + self.team.rank))
        with autocast(self.network.device, self._format):
            scores = self.network(inputs)
        # The sum over the team is the mean over the batch.
        loss = cross_entropy(scores.float(), labels, reduction="sum") / len(batch)
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        correct = (scores.argmax(1) == labels).sum().float()
        total = torch.stack([loss.detach(), correct])
        gradients = (p.grad for p in self.network.parameters() if p.grad is not None)
        self.team.add_up(chain([total], gradients))
        mean, right = total.tolist()
        if not math.isfinite(mean):
            raise self._no_number(mean, batch)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._sums = [old + new for old, new in zip(self._sums, (mean * len(batch), right, len(batch)), strict=True)]
        return mean

    def _end_epoch(self) -> None:
        check_frozen(self.network, self._frozen)
        self.team.share_buffers(self.network)
        scores = self.predict(self.splits.validation).double().cpu()
        labels = self._labels[self.splits.validation]
        loss, right, seen = self._sums
        epoch = Epoch(
            number=len(self.history) + 1,
            steps=self.step,
            learning_rate=self.recipe.learning_rate * rate_factor(self.recipe, self.step - 1, self.plan.steps),
            stages=self._trained,
            training_loss=loss / seen,
            training_accuracy=right / seen,
            validation_loss=cross_entropy(scores, labels).item(),
            validation_accuracy=(scores.argmax(1) == labels).double().mean().item(),
            seconds=self.seconds,
        )
        self.history.append(epoch)
        self._sums = [0.0, 0.0, 0.0]
        if epoch == self.best_epoch:
            self.best = {name: tensor.cpu().clone() for name, tensor in self.network.state_dict().items()}

    def _is_over(self, deadline: float | None) -> bool:
        if deadline is None:
            return False
        # One process that is late is enough, and all must know.
        late = torch.tensor([float(time.monotonic() > deadline)], device=self.network.device)
        self.team.add_up([late])
        return bool(late.item())

    def _progress(self, loss: float) -> Progress:
        return Progress(
            step=self.step,
            steps=self.plan.steps,
            epoch=(self.step - 1) // self.plan.steps_per_epoch + 1,
            epochs=self.recipe.epochs,
            loss=loss,
            validation_accuracy=self.history[-1].validation_accuracy if self.history else None,
            seconds=self.seconds,
        )

    def _no_number(self, loss: float, batch: NDArray[np.int64]) -> TransferError:
        files = [self.photos.image_set.files[index] for index in batch]
        more = f" and {len(files) - _FILES_NAMED} more" if len(files) > _FILES_NAMED else ""
        message = (
            f"the loss became {loss} at step {self.step + 1} of {self.plan.steps}, on {', '.join(files[:_FILES_NAMED])}"
            f"{more}; use a learning rate below {self.recipe.learning_rate:g}, or look at these photos"
        )
        return TransferError(message)


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    groups = parameter_groups(network, recipe)
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, lr=recipe.learning_rate)
    return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0)


def _below(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")}
