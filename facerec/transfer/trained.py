"""Training a backbone on labelled photos by one recipe: the loop, and what it gives.

The model given back is the one of the epoch with the best validation accuracy (of equal ones, the one with the lower
validation loss, then the earlier); the test photos are never looked at. Every draw (order, augmentation, dropout) is
a function of seed and step, so a training that was cut off goes on as if nothing had happened, bit for bit on a CPU.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.device import best_device, torch_device
from facerec.errors import ArgumentError
from facerec.learning.checkpoint import Keeper
from facerec.learning.frozen import check_frozen, digest_of, frozen_state
from facerec.learning.loop import Progress
from facerec.learning.precision import number_format
from facerec.learning.recipe import Recipe
from facerec.learning.team import Team, current_team
from facerec.networks.backbone import Backbone
from facerec.transfer.classifier_loop import ClassifierLoop, Epoch
from facerec.transfer.image_set import ImageSet
from facerec.transfer.inference import forward, probabilities
from facerec.transfer.network import Network
from facerec.transfer.photos import Photos
from facerec.transfer.probes import Probe
from facerec.transfer.splits import Splits


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


def train(
    backbone: Backbone,
    image_set: ImageSet,
    splits: Splits,
    recipe: Recipe,
    *,
    probe: Probe | None = None,
    checkpoint: Path | None = None,
    photos: Photos | None = None,
    device: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    deadline: float | None = None,
) -> Trained:
    """Train by one recipe.

    Parameters
    ----------
    backbone : Backbone
        For ``scratch`` one without weights, ``load_backbone(architecture, weights="none")``.
    image_set : ImageSet
        The photos.
    splits : Splits
        `train` is learned from and `validation` chooses the epoch; `test` is not read.
    recipe : Recipe
        What to do.
    probe : Probe, optional
        A logistic probe on the backbone's features: where ``lp-ft`` starts; no other protocol takes one.
    checkpoint : Path, optional
        A file to go on from where it exists, and to keep the state in. It is left there: who has stored the result
        removes it.
    photos : Photos, optional
        The decoded photos, to share them between trainings on the same data at the same size.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N``; the GPU where there is one.
    progress : callable, optional
        Called after every step.
    deadline : float, optional
        A reading of ``time.monotonic()``; after the first epoch that ends later, the training stops.

    Returns
    -------
    Trained

    Raises
    ------
    ArgumentError
        If backbone, probe, splits, photos or device do not fit the recipe.
    TransferError
        If the loss is no finite number; the message names the step and the photos.
        If something frozen changed, or the checkpoint belongs to another training.
    OutputError
        If the checkpoint cannot be written.
    """
    place = torch_device(device or best_device())
    team = current_team()
    _check_fit(backbone, splits, recipe, probe, team)
    photos = _photos(backbone, image_set, recipe, photos)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        if place.type == "cuda":
            torch.cuda.reset_peak_memory_stats(place)
        network = Network(backbone.trunk(seed=recipe.seed), image_set.classes, photos.preprocessing)
        if probe is not None and probe.weights is not None:
            _start_from(network, probe.weights)
        loop = ClassifierLoop(network, photos, splits, recipe, team=team, device=place)
        identity = _identity(backbone, image_set, splits, recipe, probe) | {"processes": team.size}
        keep = Keeper(checkpoint, identity, loop, team)
        if not keep.go_on() and recipe.batch_norm == "recalibrate":
            loop.recalibrate()
        complete = keep.run(progress=progress, deadline=deadline)
    network.load_state_dict(loop.best)
    after = frozen_state(network)
    before = {name: loop.started[name] for name in after}
    check_frozen(network, before)
    return Trained(
        recipe=recipe,
        network=network.eval(),
        history=tuple(loop.history),
        best=loop.best_epoch,
        steps=loop.step,
        images=recipe.images_in(len(splits.train), loop.step),
        seconds=loop.seconds,
        peak_memory=_peak_memory(place),
        frozen_digest_before=digest_of(before),
        frozen_digest_after=digest_of(after),
        complete=complete,
    )


def predict(
    trained: Trained, image_set: ImageSet, indices: NDArray[np.int64], *, photos: Photos | None = None
) -> NDArray[np.float32]:
    """Say what a trained network makes of photos.

    Parameters
    ----------
    trained : Trained
        As `train` gave it.
    image_set : ImageSet
        The photos.
    indices : ndarray, int64, shape (n,)
        Which of them.
    photos : Photos, optional
        The decoded photos, as for `train`.

    Returns
    -------
    ndarray, float32, shape (n, classes)
        Probabilities; rows sum to 1. Computed in the number format of the training.

    Raises
    ------
    ArgumentError
        If `photos` are of another image set or another preprocessing.
    """
    network = trained.network
    if photos is None:
        photos = Photos(image_set, network.preprocessing)
    _check_photos(photos, image_set, network.preprocessing.text)
    number = number_format(trained.recipe.precision, network, network.device)
    return probabilities(forward(network, photos, np.asarray(indices, np.int64), number))


def _check_fit(backbone: Backbone, splits: Splits, recipe: Recipe, probe: Probe | None, team: Team) -> None:
    if recipe.protocol == "scratch" and backbone.weights_sha256 is not None:
        message = (
            f"scratch starts from random weights, but {backbone.name} is pre-trained; "
            f"load it with load_backbone({backbone.architecture!r}, weights='none')"
        )
        raise ArgumentError(message)
    if (recipe.protocol == "lp-ft") != (probe is not None and probe.weights is not None):
        message = (
            f"lp-ft needs a logistic probe to start from, and no other protocol takes one; got {recipe.protocol} "
            f"and {'none' if probe is None else f'a probe {probe.name!r}'}"
        )
        raise ArgumentError(message)
    for name in ("train", "validation"):
        if not len(getattr(splits, name)):
            message = f"there is no photo to {'learn from' if name == 'train' else 'choose on'}: splits.{name} is empty"
            raise ArgumentError(message)
    if len(shared := np.intersect1d(splits.train, splits.validation)):
        message = f"{len(shared)} photos are in train and in validation, the first is number {shared[0]}"
        raise ArgumentError(message)
    smallest = len(splits.train) // recipe.plan(len(splits.train)).batches_per_pass
    if smallest < team.size:
        message = f"{team.size} processes cannot share batches of {smallest} photos; start fewer processes"
        raise ArgumentError(message)


def _photos(backbone: Backbone, image_set: ImageSet, recipe: Recipe, given: Photos | None) -> Photos:
    preprocessing = backbone.preprocessing if recipe.size is None else backbone.preprocessing.at(recipe.size)
    if given is None:
        return Photos(image_set, preprocessing)
    _check_photos(given, image_set, preprocessing.text)
    return given


def _check_photos(photos: Photos, image_set: ImageSet, preprocessing: str) -> None:
    if photos.image_set is not image_set and photos.image_set.digest != image_set.digest:
        message = f"the decoded photos are of the image set {photos.image_set.name!r}, not of {image_set.name!r}"
        raise ArgumentError(message)
    if photos.preprocessing.text != preprocessing:
        message = f"the decoded photos were made by {photos.preprocessing.text!r}; this network needs {preprocessing!r}"
        raise ArgumentError(message)


def _start_from(network: Network, weights: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    expected = tuple(network.head.weight.shape)
    if weights[0].shape != expected:
        message = f"the probe's weights have the shape {weights[0].shape}; this network's last layer has {expected}"
        raise ArgumentError(message)
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weights[0].copy()))
        network.head.bias.copy_(torch.from_numpy(weights[1].copy()))


def _identity(
    backbone: Backbone, image_set: ImageSet, splits: Splits, recipe: Recipe, probe: Probe | None
) -> dict[str, Any]:
    """What must be the same for a training to go on."""
    start = [] if probe is None or probe.weights is None else [part.tobytes() for part in probe.weights]
    return {
        "recipe": json.loads(recipe.text),
        "backbone": backbone.name,
        "weights": backbone.weights_sha256,
        "data": image_set.digest,
        "train": _sha256(splits.train.tobytes()),
        "validation": _sha256(splits.validation.tobytes()),
        "probe": _sha256(*start),
    }


def _sha256(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # Kilobytes on Linux, bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
