"""One call from aligned faces to a model's folder: split, start, train, choose, measure, write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facerec.device import best_device, torch_device
from facerec.embed.trained import network_forward
from facerec.errors import ArgumentError, OutputError
from facerec.learning.loop import Progress
from facerec.learning.precision import autocast, number_format
from facerec.learning.team import current_team
from facerec.models.folder import ModelDescription, Parent, Pixels, Terms, write_model
from facerec.models.folder.values import checked_name
from facerec.networks.backbone import Backbone
from facerec.networks.face_network import FaceNetwork
from facerec.networks.pretrained import pretrained
from facerec.training.balance import GroupBatches, strata
from facerec.training.description import Details, Made, describe, inherited_terms, of_photos
from facerec.training.face_loop import FaceLoop
from facerec.training.inputs import Held, Inputs, held_vectors, inputs_of
from facerec.training.losses import FaceLoss, LossSettings, loss_settings
from facerec.training.people import People
from facerec.training.progress import Epoch
from facerec.training.recipe import TrainingRecipe
from facerec.training.record import write_curves
from facerec.training.samplers import PersonBatches, PhotoBatches, Sampler
from facerec.training.splits import PeopleSplit, split_people
from facerec.training.start import new_network, pixels_of, start_head
from facerec.training.validation import cosine_gap
from facerec.training.validation_scores import (
    USUAL_FMRS,
    compared,
    epoch_photos,
    points_of,
    validation_vectors,
    write_scores,
)
from facerec.training.work import MadeModel, forget_checkpoint, make_folder, run_kept, work_folder

START_SCORES, SCORES = "start_scores.csv", "validation_scores.csv"
"""Files beside the log: scores of all pairs of validation photos, before (where groups are known) and after."""

_EACH = 4  # photos of a person that tell where the head and the centres start
_BATCH = 32


def train_embedder(
    people: People,
    backbone: Backbone,
    recipe: TrainingRecipe,
    *,
    out: Path,
    name: str | None = None,
    validation: float = 0.2,
    held_out: Collection[str] = (),
    size: int | None = None,
    cache: Path | None = None,
    data_terms: str = "",
    command: str = "",
    device: str | None = None,
    model_files: Path | None = None,
    preparing: Callable[[int, int], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> MadeModel[Epoch]:
    """Train an embedder, and write it as a model's folder with operating points and card.

    A training that was cut off goes on when it is called again with the same arguments.

    Parameters
    ----------
    people : People
        From ``facerec.training.people.read_people``.
    backbone : Backbone
        Where it starts; one without weights is trained from scratch.
    recipe : TrainingRecipe
    out : Path
        The model's folder; must not exist. Beside it, ``OUT.training`` holds log, curves and checkpoint.
    name : str, optional
        Of the model; by default that of the folder.
    validation : float
        Share of the people who choose the epoch and measure the operating points.
    held_out : collection of str
        Identities that take no part, for a test on people whom nothing has seen.
    size : int, optional
        Side of the network's input in pixels; by default that of the chips, and a transformer's own.
    cache : Path, optional
        A folder for features that are computed once; by default in ``OUT.training``.
    data_terms : str
        Terms of the photos and the consent of those in them, for the card.
    command : str
        What made the model, without local paths, for the card.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N``; a GPU where there is one.
    model_files : Path, optional
        Where weight files are looked for first.
    preparing : callable, optional
        Called with photos done and photos in all while features are computed.
    progress : callable, optional
        Called after every step.

    Returns
    -------
    MadeModel

    Raises
    ------
    ArgumentError
        If name, size, device, recipe and backbone do not fit each other, or `validation` is out of range.
    DataSetError
        If the people are too few, or have no groups to balance.
    OutputError
        If `out` exists, or a file cannot be written.
    TransferError
        If the loss is no finite number; the message names the step and the photos.
        If something frozen changed, or the checkpoint belongs to another training.
    WeightsError
        If a weight file has changed or cannot be read.
    """
    name = checked_name(name or out.name)
    if out.exists():
        message = f"{out} exists already; remove it or choose another name"
        raise OutputError(message)
    plan = _planned(people, backbone, recipe, validation=validation, held_out=held_out, size=size)
    place = torch_device(device or best_device())
    work = work_folder(out)
    make_folder(work)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        network = new_network(backbone, recipe, size=plan.size).to(place)
        inputs = _inputs(plan, network, cache or work / "features", preparing)
        loss, start = _started(plan, network, inputs, model_files)
        loop = _loop(plan, network, loss, inputs)
        if people.columns and current_team().rank == 0:
            _write_scores(deepcopy(network), plan, work / START_SCORES, place)
        run_kept(loop, plan.identity, work, progress)
    network.load_state_dict(loop.best)
    result = MadeModel(None, tuple(loop.history), loop.best_epoch, plan.split, (), work, start)
    if current_team().rank > 0:
        return result
    contents = network.to_bytes()
    made = Made(name, command, data_terms)
    about = describe(
        network,
        contents,
        made,
        pixels=plan.pixels,
        flip=True,
        people=people,
        seed=recipe.seed,
        details=_details(plan, loss.settings, start, result.best),
        terms=_terms(backbone, data_terms),
        parents=() if backbone.weights_sha256 is None else (Parent(backbone.name, backbone.weights_sha256, "start"),),
    )
    vectors = _final_vectors(network, plan, inputs)
    seed, photos = recipe.seed, plan.split.validation
    points, unmeasured = points_of(vectors, people, photos, about, (*USUAL_FMRS, recipe.fmr), seed=seed)
    write_scores(vectors, people, photos, work / SCORES, about=about, seed=seed)
    _write_curves(result, recipe, about)
    folder = write_model(out, about, contents, points=points)
    forget_checkpoint(work)
    return replace(result, folder=folder, unmeasured=unmeasured)


def _details(plan: _Plan, loss: LossSettings, start: str, best: Epoch) -> Details:
    people, split, recipe = plan.people, plan.split, plan.recipe
    return {
        "photos learned from": len(split.train),
        "people learned from": split.train_people,
        "photos validated on": len(split.validation),
        "people validated on": split.validation_people,
        **compared(people, split.validation, seed=recipe.seed),
        "photos left out": people.photos - len(people.files),
        "backbone": plan.backbone.name,
        "head": recipe.head,
        "head started as": start,
        "loss": loss.name,
        "scale": loss.scale,
        "margin": loss.margin,
        "balanced by": recipe.balance,
        "reweighted by": recipe.reweight,
        "stages trained": recipe.unfreeze,
        "batch normalisation": recipe.batch_norm,
        "precision": recipe.precision,
        "epochs at most": recipe.epochs,
        "epoch chosen": best.number,
        "true match rate that chose it": best.tmr,
        "at a false match rate of": recipe.fmr,
    }


def _terms(backbone: Backbone, data_terms: str) -> Terms:
    if backbone.weights_sha256 is None:
        reason = f"trained from random weights; {of_photos(data_terms)}"
        return Terms("that of who trained it", "unclear", reason)
    parent = pretrained(backbone.name)
    terms = Terms(parent.licence, parent.commercial, parent.commercial_reason)
    return inherited_terms(backbone.name, terms, data_terms, how="came from")


def _write_curves(result: MadeModel[Epoch], recipe: TrainingRecipe, about: ModelDescription) -> None:
    best, first = result.best, result.history[0]
    kept = "the start: no epoch was better" if best.number == 0 else f"epoch {best.number}"
    write_curves(
        result.history,
        result.work,
        title=f"Training of {about.name}",
        summary=f"True match rate of unseen people at FMR {recipe.fmr:g}: {first.tmr:.1%} at the start, {best.tmr:.1%} "
        f"in the model that is kept ({kept}).",
        curves={
            "tmr": f"true match rate at FMR {recipe.fmr:g}, unseen people",
            "eer": "equal error rate, unseen people",
            "training_loss": "training loss",
        },
        note="The people who are measured here are not learned from. They choose the epoch, so their rates are a "
        "little better than those of others.",
        facts=about.training.details,
    )


def _final_vectors(network: FaceNetwork, plan: _Plan, inputs: Inputs) -> NDArray[np.float32]:
    """Those of the people who validate, as the embedder will give them; what was computed in its format is used."""
    if isinstance(inputs, Held) and number_format(plan.recipe.precision, network, network.device) == torch.float32:
        return held_vectors(network, inputs, plan.split.validation)
    forward = network_forward(network, plan.pixels, flip=True, device=str(network.device))
    return validation_vectors(forward, plan.people, plan.split.validation)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is settled before anything is computed."""

    people: People
    backbone: Backbone
    recipe: TrainingRecipe
    split: PeopleSplit
    pixels: Pixels
    size: int

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a training to go on."""
        return {
            "recipe": json.loads(self.recipe.text),
            "backbone": self.backbone.name,
            "weights": self.backbone.weights_sha256,
            "size": self.size,
            "data": self.people.digest,
            "train": hashlib.sha256(self.split.train.tobytes()).hexdigest(),
            "validation": hashlib.sha256(self.split.validation.tobytes()).hexdigest(),
        }


def _planned(
    people: People,
    backbone: Backbone,
    recipe: TrainingRecipe,
    *,
    validation: float,
    held_out: Collection[str],
    size: int | None,
) -> _Plan:
    if backbone.weights_sha256 is None and (recipe.unfreeze != "all" or recipe.batch_norm != "train"):
        message = (
            f"{backbone.name} has random weights: nothing in it may stay as it is; use unfreeze 'all' and batch_norm "
            f"'train', got {recipe.unfreeze!r} and {recipe.batch_norm!r}"
        )
        raise ArgumentError(message)
    if recipe.batch_norm == "train" and recipe.unfreeze != "all":
        message = f"batch_norm 'train' changes stages that shall stay as they are; got unfreeze {recipe.unfreeze!r}"
        raise ArgumentError(message)
    if recipe.batch_norm == "recalibrate":
        message = "batch_norm 'recalibrate' is not for embedders; use 'stats-frozen', 'frozen' or 'train'"
        raise ArgumentError(message)
    side = _side(backbone, people.chips.size, size)
    # Who validates is drawn without regard to the loss, so that trainings with different losses are comparable.
    by_person = loss_settings(recipe.loss, 2).by_person
    split = split_people(
        people, seed=recipe.seed, fmr=recipe.fmr, validation=validation, pairs=not by_person, held_out=held_out
    )
    for column in (recipe.balance, recipe.reweight):
        if column is not None:
            strata(people, column, split.train)  # refused before anything is computed
    return _Plan(people, backbone, recipe, split, pixels_of(backbone, side, people.chips.size), side)


def _side(backbone: Backbone, chips: int, wanted: int | None) -> int:
    own = backbone.preprocessing.crop
    if backbone.resizable:
        return chips if wanted is None else wanted
    if wanted not in (None, own):
        message = f"{backbone.name} takes images of {own} pixels; got a size of {wanted}"
        raise ArgumentError(message)
    return own


def _inputs(plan: _Plan, network: FaceNetwork, cache: Path, progress: Callable[[int, int], None] | None) -> Inputs:
    """What the first moving stage takes in; one process of a team computes what can be computed once."""
    team = current_team()
    if team.rank > 0:
        team.wait()
    everything = len(network.trunk.stages)
    network.eval()
    inputs = inputs_of(
        network,
        plan.people,
        plan.pixels,
        stages={"none": everything, "last": everything - 1, "all": 0}[plan.recipe.unfreeze],
        weights=str(plan.backbone.weights_sha256),
        number=number_format(plan.recipe.precision, network, network.device),
        cache=cache,
        progress=progress,
    )
    if team.rank == 0:
        team.wait()
    return inputs


def _started(plan: _Plan, network: FaceNetwork, inputs: Inputs, model_files: Path | None) -> tuple[FaceLoss, str]:
    """The head and the centres where they start, from a few photos of each person."""
    labels = plan.people.labels[plan.split.train]
    _, people = np.unique(labels, return_inverse=True)
    some = _few_of_each(people)
    features = _features(plan, network, inputs, plan.split.train[some])
    start = start_head(network, plan.backbone, features.cpu().numpy(), model_files=model_files)
    with torch.no_grad():
        vectors = network.head(features)
    settings = loss_settings(plan.recipe.loss, plan.split.train_people)
    gap = cosine_gap(vectors.cpu().numpy(), people[some])
    if np.isfinite(gap):
        settings = settings.narrowed(gap)
    settings = replace(
        settings,
        scale=settings.scale if plan.recipe.scale is None else plan.recipe.scale,
        margin=settings.margin if plan.recipe.margin is None else plan.recipe.margin,
    )
    loss = FaceLoss(settings, people=plan.split.train_people, dimension=network.dimension).to(network.device)
    loss.start_from(vectors, torch.from_numpy(people[some]), seed=plan.recipe.seed)
    return loss, start


@torch.no_grad()
def _features(plan: _Plan, network: FaceNetwork, inputs: Inputs, photos: NDArray[np.int64]) -> Tensor:
    number = number_format(plan.recipe.precision, network, network.device)
    found = []
    for first in range(0, len(photos), _BATCH):
        group = photos[first : first + _BATCH]
        with autocast(network.device, number):
            found.append(network.after(inputs.batch(group, np.zeros(len(group), bool)), inputs.stages).float())
    return torch.cat(found)


def _few_of_each(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of at most `_EACH` photos of each person, ascending."""
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    rank = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return np.sort(order[rank < _EACH])


def _loop(plan: _Plan, network: FaceNetwork, loss: FaceLoss, inputs: Inputs) -> FaceLoop:
    team, photos = current_team(), plan.split.validation
    return FaceLoop(
        network,
        loss,
        inputs,
        files=plan.people.files,
        labels=plan.people.labels,
        split=plan.split,
        sampler=_sampler(plan, loss, team.size),
        recipe=plan.recipe,
        team=team,
        compared=photos[epoch_photos(plan.people, photos, seed=plan.recipe.seed)],
        weights=_weights(plan),
    )


def _weights(plan: _Plan) -> NDArray[np.float32] | None:
    """How much each photo that is learned from counts."""
    column = plan.recipe.reweight
    return None if column is None else strata(plan.people, column, plan.split.train).weights


def _write_scores(network: FaceNetwork, plan: _Plan, path: Path, device: torch.device) -> None:
    """The scores of the validation people before anything was learned; the network is used up."""
    photos = plan.split.validation
    forward = network_forward(network, plan.pixels, flip=True, device=str(device))
    vectors = validation_vectors(forward, plan.people, photos)
    write_scores(vectors, plan.people, photos, path, about=None, seed=plan.recipe.seed)


def _sampler(plan: _Plan, loss: FaceLoss, processes: int) -> Sampler:
    labels, recipe = plan.people.labels[plan.split.train], plan.recipe
    sampler: Sampler
    if recipe.balance is not None:
        sampler = GroupBatches(strata(plan.people, recipe.balance, plan.split.train), recipe.batch_size, recipe.seed)
    elif loss.settings.by_person:
        sampler = PhotoBatches(len(labels), recipe.batch_size, recipe.seed)
    else:
        sampler = PersonBatches(labels, recipe.batch_size, recipe.photos_per_person, recipe.seed)
    if (smallest := min(len(batch) for batch in sampler.batches(0))) < processes:
        message = f"{processes} processes cannot share batches of {smallest} photos; start fewer processes"
        raise ArgumentError(message)
    return sampler
