"""What ``model.json`` says of a trained model: where it came from, what it learned from, and on whose terms."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TypeAlias

from facerec.align.crops import crop_weights
from facerec.models.folder import ModelDescription, Parent, Pixels, Terms, Training, WeightsIn
from facerec.models.folder.values import WEIGHTS_FILES, CommercialUse
from facerec.networks.face_network import FaceNetwork
from facerec.training.people import People

Details: TypeAlias = Mapping[str, str | float | int | bool | None]

_PACKAGES = ("torch", "torchvision", "timm", "pytorch-metric-learning", "numpy")


@dataclass(frozen=True)
class Made:
    """What whoever trains says of it.

    Attributes
    ----------
    name : str
        Of the model.
    command : str
        What made it, without local paths.
    data_terms : str
        Terms of the photos and consent, in the words of who trained it.
    """

    name: str
    command: str
    data_terms: str


def describe(
    network: FaceNetwork,
    contents: bytes,
    made: Made,
    *,
    pixels: Pixels,
    flip: bool,
    people: People,
    seed: int,
    details: Details,
    terms: Terms,
    parents: tuple[Parent, ...],
) -> ModelDescription:
    """Describe a network that has learned.

    Parameters
    ----------
    network : FaceNetwork
    contents : bytes
        Its file of weights.
    made : Made
    pixels : Pixels
    flip : bool
        Whether vectors are averaged with those of mirror images.
    people : People
        What it learned from, and was measured on.
    seed : int
    details : mapping
        What else there is to know of the training.
    terms : Terms
    parents : tuple of Parent
    """
    return ModelDescription(
        name=made.name,
        kind="torch",
        architecture=network.architecture,
        crop=people.crop,
        crop_weights=crop_weights(people.crop),
        pixels=pixels,
        flip=flip,
        dimension=network.dimension,
        weights=WeightsIn(WEIGHTS_FILES["torch"], hashlib.sha256(contents).hexdigest(), len(contents)),
        terms=terms,
        training=Training(
            data=f"{people.name}: {people.photos} photos, digest {people.digest[:12]}…",
            data_terms=made.data_terms,
            command=made.command,
            seed=seed,
            versions={"python": platform.python_version()} | {each: metadata.version(each) for each in _PACKAGES},
            details=dict(details),
        ),
        parents=parents,
    )


def inherited_terms(name: str, parent: Terms, data_terms: str, *, how: str) -> Terms:
    """The terms of a model with a parent: never freer than it, and perhaps bound by the photos that it learned from.

    `how` says what it has of the parent, such as ``came from``.
    """
    commercial: CommercialUse = "no" if parent.commercial == "no" else "unclear"
    return Terms(
        f"that of who trained it; it {how} {name}: {parent.licence}",
        commercial,
        f"commercial use of {name}: {parent.commercial} ({parent.reason}); {of_photos(data_terms)}",
    )


def of_photos(data_terms: str) -> str:
    """The terms of the photos, in words."""
    return f"the terms of the photos are: {data_terms}" if data_terms else "nobody has stated the terms of the photos"
