"""Where a head starts: at what its parent already knows, so that a training on few photos does not begin in noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.models import catalogue, weights
from facerec.models.folder import Pixels
from facerec.networks.backbone import Backbone
from facerec.networks.dlib_resnet import parse_dlib_resnet
from facerec.networks.face_network import FaceNetwork, HeadKind, ResidualHead
from facerec.networks.names import DLIB_RESNET
from facerec.training.recipe import TrainingRecipe

_USUAL_DIMENSION = 256
_OF_DLIB = 128


def new_network(backbone: Backbone, recipe: TrainingRecipe, *, size: int) -> FaceNetwork:
    """A backbone's trunk under a new head; `start_head` puts the head where it starts.

    Parameters
    ----------
    backbone : Backbone
    recipe : TrainingRecipe
        Its `head`, `dimension` and `seed`.
    size : int
        Side of the input in pixels.

    Raises
    ------
    ArgumentError
        If the features are shorter than the vectors that are asked for, or the head gives another length.
    WeightsError
        If the backbone's file has changed or cannot be read.
    """
    kind = _kind(backbone, recipe)
    dimension = _dimension(backbone, recipe, kind)
    trunk = backbone.trunk(seed=recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return FaceNetwork(trunk, backbone.architecture, size=size, head=kind, dimension=dimension)


def recipe_for(backbone: Backbone, **chosen: Any) -> TrainingRecipe:  # noqa: ANN401 - the recipe's own fields
    """A recipe that suits a backbone: all of one whose weights are random is trained, with its batch statistics.

    A batch of the losses that compare photos has four of a person, or as many as it can.

    Parameters
    ----------
    backbone : Backbone
    **chosen
        Fields of ``TrainingRecipe``; ``unfreeze`` and ``batch_norm`` may be None, which is what suits.
    """
    random = backbone.weights_sha256 is None
    suits = {"unfreeze": "all", "batch_norm": "train"} if random else {"unfreeze": "none", "batch_norm": "stats-frozen"}
    if "batch_size" in chosen:
        chosen = {"photos_per_person": min(4, max(2, chosen["batch_size"] // 2))} | chosen
    return TrainingRecipe(**(chosen | {name: chosen.get(name) or value for name, value in suits.items()}))


def start_head(
    network: FaceNetwork, backbone: Backbone, features: NDArray[np.float32], *, model_files: Path | None = None
) -> str:
    """Put the head where it starts.

    On dlib's face network it starts as that network's own last layer, so that an untrained head gives the parent's
    vectors. On any other backbone it starts as the whitened principal components of the features, which is where a
    cosine between them says most without having learned anything.

    Parameters
    ----------
    network : FaceNetwork
        Its head is changed in place.
    backbone : Backbone
        What its trunk came from.
    features : ndarray, float32, shape (n, features)
        Of training photos, n >= 2; not looked at on dlib's network.
    model_files : Path, optional
        Where weight files are looked for first.

    Returns
    -------
    str
        What was done, in words.

    Raises
    ------
    WeightsError
        If dlib's file is absent or is not the expected one.
    """
    kind = network.architecture["head"]
    if kind == "identity":
        return "no layer on the features"
    if backbone.architecture == DLIB_RESNET and backbone.weights_sha256 is not None and network.dimension == _OF_DLIB:
        file = catalogue.DLIB_RESNET_WEIGHTS
        parent = parse_dlib_resnet(weights.load(file, model_files=model_files), name=file.file_name)
        matrix, shift = parent.last.weight.detach().double().numpy(), np.zeros(_OF_DLIB)
        words = "the parent's own last layer"
    else:
        matrix, shift = whitening(features, network.dimension)
        words = "whitened principal components of the features"
    layer = network.head.linear if isinstance(network.head, ResidualHead) else network.head
    assert isinstance(layer, torch.nn.Linear)  # noqa: S101 - for the type checker: all heads but `identity` are
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(matrix))
        layer.bias.copy_(torch.from_numpy(shift))
    return words


def whitening(features: NDArray[np.float32], dimension: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The linear map to whitened principal components, W x + b.

    Parameters
    ----------
    features : ndarray, float32, shape (n, d)
        n >= 2.
    dimension : int
        1 … d.

    Returns
    -------
    ndarray, float64, shape (dimension, d)
    ndarray, float64, shape (dimension,)

    Notes
    -----
    Components are divided by √(λ + λ̄), λ their variance and λ̄ the mean variance of all components, so that directions
    that few photos show nothing of are not blown up. Each component's sign makes its largest weight positive.

    Examples
    --------
    >>> matrix, shift = whitening(np.array([[0, 0], [4, 0], [0, 2], [4, 2]], np.float32), 2)
    >>> (matrix @ np.array([2, 1]) + shift).round(6).tolist()
    [0.0, 0.0]
    """
    wide = features.astype(np.float64)
    mean = wide.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(wide, rowvar=False))
    order = np.argsort(variances)[::-1][:dimension]
    chosen = directions[:, order].T
    strongest = chosen[np.arange(dimension), abs(chosen).argmax(axis=1)]
    floor = max(float(variances.mean()), np.finfo(np.float32).tiny)
    matrix = chosen * np.sign(strongest)[:, None] / np.sqrt(variances[order].clip(0) + floor)[:, None]
    return matrix, -matrix @ mean


def pixels_of(backbone: Backbone, size: int, crop_size: int) -> Pixels:
    """The scaling of pixels that a backbone was trained with, for chips of `crop_size` brought to `size`."""
    mean, std = (
        tuple(255 * value for value in each) for each in (backbone.preprocessing.mean, backbone.preprocessing.std)
    )
    return Pixels((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]), size=None if size == crop_size else size)


def _kind(backbone: Backbone, recipe: TrainingRecipe) -> HeadKind:
    if recipe.head != "none":
        return recipe.head
    # The face network brings a last layer of its own; without it, it is no face network.
    return "fixed" if backbone.architecture == DLIB_RESNET and backbone.weights_sha256 is not None else "identity"


def _dimension(backbone: Backbone, recipe: TrainingRecipe, kind: HeadKind) -> int:
    usual = {"identity": backbone.dimension, "fixed": _OF_DLIB}.get(
        kind, _OF_DLIB if backbone.architecture == DLIB_RESNET else min(_USUAL_DIMENSION, backbone.dimension)
    )
    wanted = recipe.dimension or usual
    if wanted > backbone.dimension or (kind in ("identity", "fixed") and wanted != usual):
        message = (
            f"{backbone.name} has {backbone.dimension} features; the head {recipe.head} gives vectors of "
            f"{f'2 to {backbone.dimension}' if kind in ('linear', 'mlp') else usual} numbers; got {wanted}"
        )
        raise ArgumentError(message)
    return wanted
