"""One training under way: steps, looks at what is held out, and the state that a checkpoint holds.

Every training of the project goes through this loop: classifiers of the bench, embedders, students. What they learn
from, what a step's loss is and what an epoch is judged by is theirs; rates, frozen stages, sums over a team, the best
epoch and the state are here. Nothing random is carried from step to step: every draw is seeded by the recipe's seed
and the step's number. So a training can be cut anywhere and goes on bit for bit on a CPU.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from facerec.errors import TransferError
from facerec.learning.frozen import check_frozen, freeze, frozen_state
from facerec.learning.recipe import Recipe
from facerec.learning.schedule import draw_seed, frozen_stages, rate_factor, stages_trained
from facerec.learning.team import Team
from facerec.networks.trunk import Trunk

AUGMENTATION, DROPOUT = 1, 2
"""Purposes of draws; order has 0, in ``schedule.batch_of``."""

_FILES_NAMED = 8


class Trainable(Protocol):
    """A network of a trunk and a head, as `nn.Module` has them."""

    trunk: Trunk
    head: nn.Module

    @property
    def device(self) -> torch.device:
        """Where its parameters are."""
        ...


if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Epoch = TypeVar("Epoch", bound="DataclassInstance")
Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Progress:
    """Where a training is.

    Attributes
    ----------
    step, steps : int
        Taken, and at most.
    epoch, epochs : int
        The one under way (1, 2, …; 0 when the start was measured), and at most.
    loss : float or None
        Of the last batch; ``None`` before the first.
    last : an epoch or None
        The last whole one, or the start where it is measured.
    seconds : float
        Since the start, of all runs.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float | None
    last: Any
    seconds: float


class Loop(ABC, Generic[Epoch, Batch]):
    """The state of a training and the steps that move it.

    Parameters
    ----------
    network : nn.Module and Trainable
        On its device.
    recipe : Recipe
        Rates, stages and seeds of each step.
    optimizer : torch.optim.Optimizer
        Its groups have a ``factor``, their share of the learning rate.
    team : Team
    steps, steps_per_epoch : int
    loss : nn.Module, optional
        Whose parameters learn, too; every process has its whole gradient.
    clip : float, optional
        Largest norm of a step's gradient.
    scaler : torch.amp.GradScaler, optional
        Of a training in float16.

    Attributes
    ----------
    step : int
        Steps taken.
    history : list of Epoch
        Of the whole epochs, and first the start where it is measured.
    best : dict of str to Tensor
        State of the network at the best epoch so far, on the CPU; empty before the first.
    started : dict of str to str
        What `frozen_state` gave at the start.
    """

    epoch_type: ClassVar[type[Any]]
    looks_at_the_start: ClassVar[bool] = False

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - a module and Trainable, which no type can say
        recipe: Recipe,
        optimizer: torch.optim.Optimizer,
        *,
        team: Team,
        steps: int,
        steps_per_epoch: int,
        loss: nn.Module | None = None,
        clip: float | None = None,
        scaler: torch.amp.GradScaler | None = None,
    ) -> None:
        self.network, self.team, self.steps, self.steps_per_epoch = network, team, steps, steps_per_epoch
        self.step = 0
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        self._recipe, self._optimizer, self._clip = recipe, optimizer, clip
        self._scaler = scaler or torch.amp.GradScaler(network.device.type, enabled=False)
        self._learned = nn.ModuleDict({"network": network} | ({} if loss is None else {"loss": loss}))
        self._sums: list[float] = []
        self._earlier, self._since = 0.0, time.monotonic()
        self._trained = -1
        self._frozen: dict[str, str] = {}
        self._follow_schedule()
        self.started = self._frozen

    @property
    @abstractmethod
    def best_epoch(self) -> Epoch:
        """The best in `history`."""

    @abstractmethod
    def _batches(self) -> Iterator[Batch]:
        """What the coming steps take in, from `step` on."""

    @abstractmethod
    def _loss_of(self, batch: Batch) -> tuple[Tensor, list[Tensor], int]:
        """The loss to go backward from, what is counted, and the number of photos.

        Each process has its share of the batch's mean loss, or the whole loss with gradients for its own photos. What
        is counted are scalars that add up over the team, the first to the mean loss.
        """

    @abstractmethod
    def _measured(self, means: Sequence[float]) -> Epoch:
        """The epoch that ends, from what is held out and the means of what was counted; none of the start."""

    @abstractmethod
    def _files_of(self, step: int) -> Sequence[str]:
        """The photos of a step, for messages."""

    @property
    def seconds(self) -> float:
        """Since the start, of all runs."""
        return self._earlier + time.monotonic() - self._since

    @property
    def epoch_ended(self) -> bool:
        """Whether the last step was the last one of an epoch."""
        return self.step % self.steps_per_epoch == 0

    @property
    def over(self) -> bool:
        """Whether all steps were taken."""
        return self.step >= self.steps

    def run(
        self,
        *,
        progress: Callable[[Progress], None] | None = None,
        each_step: Callable[[], None] | None = None,
        deadline: float | None = None,
    ) -> bool:
        """Take the steps that are left; False where the deadline ended it, a reading of ``time.monotonic()``."""
        if self.looks_at_the_start and not self.history:
            self._look()
            if progress is not None:
                progress(self._progress(None))
        with closing(batch for batch in self._batches()) as batches:
            while not self.over:
                self._follow_schedule()
                loss = self._take_step(next(batches))
                self.step += 1
                if self.epoch_ended:
                    check_frozen(self.network, self._frozen)
                    self.team.share_buffers(self.network)
                    self._look()
                if progress is not None:
                    progress(self._progress(loss))
                if each_step is not None:
                    each_step()
                if self.epoch_ended and not self.over and self._is_late(deadline):
                    return False
        check_frozen(self.network, {name: self.started[name] for name in self._frozen})
        return True

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
        tensors = dict(self._learned.state_dict())
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, slots in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{slot}": tensor for slot, tensor in slots.items() if tensor is not None}
        return values, tensors

    def restore(self, values: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Go back to a state."""
        self.step = values["step"]
        self.history = [self.epoch_type(**epoch) for epoch in values["history"]]
        self._sums = values["sums"]
        self._earlier, self._since = values["seconds"], time.monotonic()
        if values["scaler"]:
            self._scaler.load_state_dict(values["scaler"])
        self._learned.load_state_dict({name: tensors[name] for name in self._learned.state_dict()})
        self.best = _below(tensors, "best")
        slots: dict[int, dict[str, Tensor]] = {}
        parameters = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
        for name, tensor in _below(tensors, "optimizer").items():
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

    def _stages(self, step: int) -> int:
        """How many stages of the trunk, counted from the output, are trained in a step."""
        return stages_trained(self._recipe, step, self.steps, len(self.network.trunk.stages))

    def _rate(self, step: int) -> float:
        """The learning rate of the trunk's last stage in a step."""
        return self._recipe.learning_rate * rate_factor(self._recipe, step, self.steps)

    def _follow_schedule(self) -> None:
        """Rates and frozen stages of the coming step."""
        step = min(self.step, self.steps - 1)
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate(step) * group["factor"]
        trained = self._stages(step)
        if trained != self._trained:
            if self._trained >= 0:
                check_frozen(self.network, self._frozen)
            freeze(self.network.trunk, frozen_stages(self.network, trained), batch_norm=self._recipe.batch_norm)
            self.network.train()
            self._frozen = frozen_state(self.network)
            self._trained = trained

    def _take_step(self, batch: Batch) -> float:
        torch.manual_seed(draw_seed(self._recipe, DROPOUT, self.step * self.team.size + self.team.rank))
        loss, counted, photos = self._loss_of(batch)
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        sums = torch.stack(counted)
        # The gradients of a loss's own parameters are whole in every process.
        self.team.add_up(chain([sums], (p.grad for p in self.network.parameters() if p.grad is not None)))
        means = sums.tolist()
        if not math.isfinite(means[0]):
            raise self._no_number(means[0])
        if self._clip is not None:
            self._scaler.unscale_(self._optimizer)
            moving = [p for p in self._learned.parameters() if p.grad is not None]
            torch.nn.utils.clip_grad_norm_(moving, self._clip)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        new = [means[0] * photos, *means[1:], photos]
        self._sums = [old + more for old, more in zip(self._sums or [0.0] * len(new), new, strict=True)]
        return float(means[0])

    def _look(self) -> None:
        """Measure what is held out, and keep the network if it is the best so far."""
        *sums, photos = self._sums or [0.0]
        epoch = self._measured([each / photos for each in sums])
        self._sums = []
        self.history.append(epoch)
        if epoch == self.best_epoch:
            self.best = {name: tensor.cpu().clone() for name, tensor in self.network.state_dict().items()}

    def _is_late(self, deadline: float | None) -> bool:
        # One process that is late is enough, and all must know.
        return deadline is not None and self.team.any_of(time.monotonic() > deadline, self.network.device)

    def _progress(self, loss: float | None) -> Progress:
        return Progress(
            step=self.step,
            steps=self.steps,
            epoch=-(-self.step // self.steps_per_epoch),
            epochs=self._recipe.epochs,
            loss=loss,
            last=self.history[-1] if self.history else None,
            seconds=self.seconds,
        )

    def _no_number(self, loss: float) -> TransferError:
        files = self._files_of(self.step)
        more = f" and {len(files) - _FILES_NAMED} more" if len(files) > _FILES_NAMED else ""
        message = (
            f"the loss became {loss} at step {self.step + 1} of {self.steps}, on {', '.join(files[:_FILES_NAMED])}"
            f"{more}; use a learning rate below {self._recipe.learning_rate:g}, or look at these photos"
        )
        return TransferError(message)


def _below(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")}
