"""One head on one backbone: how it is trained for a number of steps, and what it answers afterwards."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facerec.errors import TransferError
from facerec.transfer.backbone import Backbone, load_backbone
from facerec.transfer.beyond.detection import DetectionNetwork
from facerec.transfer.beyond.scenes import Objects, Scenes
from facerec.transfer.beyond.segmentation import SegmentationNetwork
from facerec.transfer.freezing import check_frozen, digest_of, freeze, frozen_state
from facerec.transfer.number_format import number_format
from facerec.transfer.plans import Protocol, Task
from facerec.transfer.recipe import Recipe, recipe
from facerec.transfer.schedule import batch_of, draw_seed, parameter_groups, rate_factor

Network: TypeAlias = SegmentationNetwork | DetectionNetwork

BATCH = 8
RATES = (0.001, 0.0003, 0.003)
"""Learning rates that every protocol may try; Adam."""

_FLIP, _DRAWS, _HEAD = 1, 2, 3
_AT_ONCE = 16
_RECIPES: dict[Protocol, dict[str, Any]] = {
    "scratch": {"protocol": "scratch", "batch_norm": "train"},
    "frozen": {"protocol": "linear-sgd", "batch_norm": "frozen"},
    "fine-tune": {"protocol": "fine-tune", "batch_norm": "stats-frozen"},
}


@dataclass(frozen=True, eq=False)
class Trained:
    """A network after its training.

    Attributes
    ----------
    network : Network
        In eval mode.
    losses : ndarray, float64, shape (steps,)
        Of each batch.
    trained : int
        Parameters that took gradients.
    frozen : str
        SHA-256 over what could not change and, bit for bit, did not; of nothing where all is trained.
    """

    network: Network
    losses: NDArray[np.float64]
    trained: int
    frozen: str


def build(
    task: Task, protocol: Protocol, backbone: Backbone, classes: int, *, seed: int, device: torch.device
) -> Network:
    """A head on a backbone, before training, what is frozen frozen.

    Parameters
    ----------
    task, protocol : str
        With ``scratch`` the backbone's architecture gets random weights.
    backbone : Backbone
    classes : int
        Of objects.
    seed : int
        Of the head, and of random weights.
    device : torch.device
    """
    chosen = load_backbone(backbone.architecture, weights="none") if protocol == "scratch" else backbone
    trunk = chosen.trunk(seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.SeedSequence([seed, _HEAD]).generate_state(1)[0]))
        kind = SegmentationNetwork if task == "segmentation" else DetectionNetwork
        network = kind(trunk, classes, backbone.preprocessing, number_format("auto", trunk, device))
    network = network.to(device).to(memory_format=torch.channels_last)
    fixed = _RECIPES[protocol]
    stages = [name for name, _ in trunk.stages] if protocol == "frozen" else []
    freeze(trunk, stages, batch_norm=fixed["batch_norm"])
    return network


def train(
    network: Network,
    scenes: Scenes,
    protocol: Protocol,
    *,
    rate: float,
    steps: int,
    seed: int,
    each_step: Callable[[], None] = lambda: None,
) -> Trained:
    """Train a network as `build` made it, on the scenes that are for it.

    Parameters
    ----------
    network : Network
    scenes : Scenes
    protocol : str
        The one that it was built for.
    rate : float
        Learning rate at its highest.
    steps : int
        Batches of `BATCH` scenes, mirrored at random.
    seed : int
        Of order, mirroring and all draws inside the network.
    each_step : callable
        Called after each step.

    Raises
    ------
    TransferError
        If the loss is no number any more, or something frozen has changed.
    """
    device = next(network.parameters()).device
    plan = _recipe(protocol, rate, steps, seed)
    optimizer = torch.optim.Adam(parameter_groups(network, plan), lr=rate)
    before = frozen_state(network)
    network.train()
    losses = np.zeros(steps)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * rate_factor(plan, step, steps) * group["factor"]
        batch = batch_of(plan, plan.plan(len(scenes.train)), step, scenes.train)
        flips = np.random.default_rng(draw_seed(plan, _FLIP, step)).random(len(batch)) < 0.5
        pixels, masks, objects = _batch(scenes, batch, flips, device)
        # Dropout, and which proposals Faster R-CNN looks at; the caller's own draws go on as if there were none.
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(draw_seed(plan, _DRAWS, step))
            loss = network.loss(pixels, masks, objects)
        losses[step] = float(loss.detach())
        if not math.isfinite(losses[step]):
            message = (
                f"the loss of {protocol} became {losses[step]} at step {step + 1} of {steps}, at a learning rate of "
                f"{rate:g}; give other scenes or more of them"
            )
            raise TransferError(message)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        each_step()
    check_frozen(network, before)
    network.eval()
    trained = sum(each.numel() for each in network.parameters() if each.requires_grad)
    return Trained(network, losses, trained, digest_of(before))


def answers(network: Network, scenes: Scenes, indices: NDArray[np.int64]) -> list[NDArray[Any]]:
    """What a network in eval mode says of each scene: a mask, or rows of boxes, see the networks' ``answer``."""
    device = next(network.parameters()).device
    found: list[NDArray[Any]] = []
    for start in range(0, len(indices), _AT_ONCE):
        pixels = _pixels(scenes.pixels[indices[start : start + _AT_ONCE]], device)
        found += list(network.answer(pixels))
    return found


@dataclass(frozen=True)
class Speed:
    """What one kind of cell takes on this machine.

    Attributes
    ----------
    start, step, scene : float
        Seconds by the clock to make a network, of a training step, and to answer one scene.
    share : float
        Processor seconds per second by the clock.
    """

    start: float
    step: float
    scene: float
    share: float


def measure_speed(task: Task, protocol: Protocol, backbone: Backbone, scenes: Scenes, device: torch.device) -> Speed:
    """Make a network, take a few steps and answer a few scenes, with the clock in hand."""
    began, began_cpu = time.perf_counter(), time.process_time()
    network = build(task, protocol, backbone, len(scenes.classes), seed=0, device=device)
    start = time.perf_counter() - began
    marks: list[float] = []
    # A tiny rate: the network stays as it was, and what it finds is as much as an untrained one does.
    train(network, scenes, protocol, rate=1e-9, steps=4, seed=0, each_step=lambda: marks.append(time.perf_counter()))
    shown = scenes.validation[:_AT_ONCE]
    at = time.perf_counter()
    answers(network, scenes, shown)
    done = time.perf_counter()
    share = (time.process_time() - began_cpu) / (done - began)
    return Speed(start, float(np.median(np.diff(marks))), (done - at) / len(shown), share)


def _recipe(protocol: Protocol, rate: float, steps: int, seed: int) -> Recipe:
    shared: dict[str, Any] = {
        "optimizer": "adam",
        "warmup": 0.1,
        "schedule": "cosine",
        "weight_decay": 1e-4,
        "augmentation": "flip",
    }
    return recipe(
        **(shared | _RECIPES[protocol]),
        learning_rate=rate,
        batch_size=BATCH,
        epochs=1,
        least_steps=steps,
        seed=seed,
    )


def _batch(
    scenes: Scenes, batch: NDArray[np.int64], flips: NDArray[np.bool_], device: torch.device
) -> tuple[Tensor, Tensor, Sequence[Objects]]:
    pixels, masks = scenes.pixels[batch], scenes.masks[batch]
    pixels[flips], masks[flips] = pixels[flips, :, ::-1], masks[flips, :, ::-1]
    objects = [
        mirrored(scenes.objects[place], scenes.size) if flip else scenes.objects[place]
        for place, flip in zip(batch, flips, strict=True)
    ]
    return _pixels(pixels, device), torch.from_numpy(masks).to(device), objects


def mirrored(objects: Objects, size: int) -> Objects:
    """The same objects when left and right of a scene of `size` pixels are exchanged."""
    boxes = objects.boxes.copy()
    boxes[:, [0, 2]] = size - objects.boxes[:, [2, 0]]
    return Objects(boxes, objects.labels, objects.crowd)


def _pixels(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    # In memory a scene's three colours lie beside each other, which is what channels_last means.
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).to(device)
