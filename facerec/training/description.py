"""What ``model.json`` says of a trained model: where it came from, what it learned from, and on whose terms."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata

from facerec.align.crops import crop_weights
from facerec.models.folder import ModelDescription, Parent, Pixels, Terms, Training, WeightsIn
from facerec.models.folder.values import WEIGHTS_FILES, CommercialUse
from facerec.networks.backbone import Backbone
from facerec.networks.face_network import FaceNetwork
from facerec.networks.pretrained import pretrained
from facerec.training.losses import LossSettings
from facerec.training.people import People
from facerec.training.progress import Epoch
from facerec.training.recipe import TrainingRecipe
from facerec.training.splits import PeopleSplit
from facerec.training.validation_scores import compared

_PACKAGES = ("torch", "torchvision", "timm", "pytorch-metric-learning", "numpy")


def describe(
    network: FaceNetwork,
    contents: bytes,
    *,
    name: str,
    pixels: Pixels,
    backbone: Backbone,
    people: People,
    split: PeopleSplit,
    recipe: TrainingRecipe,
    loss: LossSettings,
    start: str,
    best: Epoch,
    command: str,
    data_terms: str,
) -> ModelDescription:
    """Describe a trained network.

    Parameters
    ----------
    network : FaceNetwork
    contents : bytes
        Its file of weights.
    name : str
        Of the model.
    pixels : Pixels
    backbone : Backbone
        What it started from.
    people : People
    split : PeopleSplit
    recipe : TrainingRecipe
    loss : LossSettings
    start : str
        Where its head started, in words.
    best : Epoch
        The one whose network this is.
    command : str
        Without local paths.
    data_terms : str
        Terms of the photos and consent, in the words of who trained it.
    """
    parents = () if backbone.weights_sha256 is None else (Parent(backbone.name, backbone.weights_sha256, "start"),)
    details: dict[str, str | float | int | bool | None] = {
        "photos learned from": len(split.train),
        "people learned from": split.train_people,
        "photos validated on": len(split.validation),
        "people validated on": split.validation_people,
        **compared(people, split.validation, seed=recipe.seed),
        "photos left out": people.photos - len(people.files),
        "backbone": backbone.name,
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
    return ModelDescription(
        name=name,
        kind="torch",
        architecture=network.architecture,
        crop=people.crop,
        crop_weights=crop_weights(people.crop),
        pixels=pixels,
        flip=True,
        dimension=network.dimension,
        weights=WeightsIn(WEIGHTS_FILES["torch"], hashlib.sha256(contents).hexdigest(), len(contents)),
        terms=_terms(backbone, data_terms),
        training=Training(
            data=f"{people.name}: {people.photos} photos, digest {people.digest[:12]}…",
            data_terms=data_terms,
            command=command,
            seed=recipe.seed,
            versions={"python": platform.python_version()} | {each: metadata.version(each) for each in _PACKAGES},
            details=details,
        ),
        parents=parents,
    )


def _terms(backbone: Backbone, data_terms: str) -> Terms:
    about = "the terms of the photos are: " + data_terms if data_terms else "nobody has stated the terms of the photos"
    if backbone.weights_sha256 is None:
        return Terms("that of who trained it", "unclear", f"trained from random weights; {about}")
    parent = pretrained(backbone.name)
    # A trained model is never freer than its parent, and may be bound by the photos that it learned from.
    commercial: CommercialUse = "no" if parent.commercial == "no" else "unclear"
    return Terms(
        f"that of who trained it; it came from {backbone.name}: {parent.licence}",
        commercial,
        f"commercial use of {backbone.name}: {parent.commercial} ({parent.commercial_reason}); {about}",
    )
