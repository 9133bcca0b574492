"""A backbone: which network with which weights; and the modules made from it."""

from __future__ import annotations

import io
import os
import pickle
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from facerec.errors import CorruptWeightsError, MissingWeightsError
from facerec.networks.architectures import build, dissect, shape_of
from facerec.networks.dlib_resnet import parse_dlib_resnet
from facerec.networks.names import DLIB_RESNET, EFFICIENTNET_LITE0, EFFICIENTNET_LITES
from facerec.networks.preprocessing import Preprocessing
from facerec.networks.pretrained import NONE, Pretrained, meant, pretrained
from facerec.networks.trunk import Trunk
from facerec.networks.weight_files import Found, find, read

Folder: TypeAlias = str | os.PathLike[str] | None
_PREFERRED = ("resnet50.v2", "resnet18.v1")


@dataclass(frozen=True)
class Backbone:
    """A network without its last layer, and what must be known of it. A value: it holds no tensors.

    Attributes
    ----------
    name : str
        Architecture and weights: "efficientnet_lite0", "resnet50.v2", "resnet18.none".
    architecture : str
        As torchvision or timm calls it.
    weights_sha256 : str or None
        SHA-256 of the weight file, 64 digits; ``None`` means random weights, and every output must say so.
    weights_file : str or None
        Name of that file, which tells an older file of the same weights from today's.
    dimension : int
        Length of a feature vector.
    preprocessing : Preprocessing
        What the weights were evaluated with; for random weights, what those of this architecture are.
    parameters : int
        Of the trunk, without the last layer.
    macs : int
        Multiply-adds of the trunk for one image of `preprocessing.crop` pixels.
    classes : tuple of str or None
        Names of the classifier's outputs, in order; ``None`` where no classifier came with the weights.
    """

    name: str
    architecture: str
    weights_sha256: str | None
    weights_file: str | None
    dimension: int
    preprocessing: Preprocessing
    parameters: int
    macs: int
    classes: tuple[str, ...] | None
    _found: Found | None
    _size: int

    @property
    def resizable(self) -> bool:
        """Whether it takes photos of another size than its own; a vision transformer does not."""
        return not self.architecture.startswith(("vit", "dlib"))

    def trunk(self, *, seed: int = 0) -> Trunk:
        """A fresh trunk, in evaluation mode, with gradients.

        Parameters
        ----------
        seed : int
            Where the random weights come from if there are no others; torch's own generators stay as they are.

        Raises
        ------
        CorruptWeightsError
            If the weight file has changed since the backbone was loaded, or holds another network.
        WeightsError
            If it cannot be read any more.
        """
        network = self._random(seed) if self._found is None else self._loaded(self._found)
        return dissect(self.architecture, network, size=self._size)[0]

    def classifier(self) -> nn.Linear | None:
        """A fresh ImageNet classifier over the trunk's features; ``None`` where `classes` is.

        Raises
        ------
        CorruptWeightsError, WeightsError
            As `trunk`.
        """
        if self.classes is None or self._found is None:
            return None
        return dissect(self.architecture, self._loaded(self._found), size=self._size)[1].eval()

    def _random(self, seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return build(self.architecture, size=self._size)

    def _loaded(self, found: Found) -> nn.Module:
        contents = read(found)
        if self.architecture == DLIB_RESNET:
            return _with_colours_unfolded(contents, found, self.preprocessing)
        # On the meta device nothing is drawn at random and no memory is taken, until the stored tensors move in.
        with torch.device("meta"):
            network = build(self.architecture, size=self._size)
        stored = _tensors(contents, found)
        if self.architecture in EFFICIENTNET_LITES:
            stored = _in_order(stored, network, found)
        try:
            network.load_state_dict(stored, assign=True)
        except RuntimeError as error:
            message = f"{found.path} holds another network than {self.architecture}: {error}"
            raise CorruptWeightsError(message) from error
        return network.requires_grad_()


def load_backbone(name: str, *, model_files: Folder = None, weights: str = "default") -> Backbone:
    """Find a backbone's weights, check their SHA-256 and say what they are; no weights are read into memory yet.

    Parameters
    ----------
    name : str
        Architecture ("resnet50"), architecture and version ("resnet50.v2", "resnet50.none"), or torchvision's
        spelling ("ResNet50_Weights.IMAGENET1K_V2").
    model_files : path, optional
        Looked into first for weight files; see `facerec.networks.weight_files.find`.
    weights : str
        Which weights, if `name` does not say: "default"; a version, such as "v1"; or "none", which is the only way
        to a network with random weights.

    Raises
    ------
    ArgumentError
        If there is no such backbone or version, or `name` and `weights` contradict each other.
    MissingWeightsError
        If the weight file is not here; the message says which, where it was looked for, and how to get it.
    CorruptWeightsError
        If the file found is another one.

    Examples
    --------
    >>> backbone = load_backbone("resnet18", weights="none")
    >>> backbone.name, backbone.dimension, backbone.parameters, backbone.weights_sha256
    ('resnet18.none', 512, 11176512, None)
    """
    network, called = meant(name, weights)
    found = None if called.endswith(f".{NONE}") else find(network, model_files=model_files)
    return _described(network, called, found)


def default_backbone_name(model_files: Folder = None) -> str:
    """Name of the backbone that is used where none is named.

    ResNet-50 V2 or ResNet-18 V1 of torchvision where its file is here, else EfficientNet-Lite0, which is installed
    with this project.

    Raises
    ------
    CorruptWeightsError
        If a file of the name of one of the former is here and is another file.
    """
    for name in _PREFERRED:
        try:
            find(pretrained(name), model_files=model_files)
        except MissingWeightsError:
            continue
        return name
    return EFFICIENTNET_LITE0


def _described(network: Pretrained, name: str, found: Found | None) -> Backbone:
    size = network.preprocessing.crop
    shape = shape_of(network.architecture, size=size)
    return Backbone(
        name=name,
        architecture=network.architecture,
        weights_sha256=found.sha256 if found else None,
        weights_file=found.path.name if found else None,
        dimension=shape.dimension,
        preprocessing=network.preprocessing,
        parameters=shape.parameters,
        macs=shape.macs,
        classes=network.classes if found else None,
        _found=found,
        _size=size,
    )


def _tensors(contents: bytes, found: Found) -> dict[str, Tensor]:
    try:
        stored = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        message = f"{found.path} cannot be read as tensors ({error}); replace it"
        raise CorruptWeightsError(message) from error
    if not isinstance(stored, dict) or not all(isinstance(each, Tensor) for each in stored.values()):
        message = f"{found.path} holds something else than named tensors; replace it"
        raise CorruptWeightsError(message)
    return stored


def _in_order(stored: dict[str, Tensor], network: nn.Module, found: Found) -> dict[str, Tensor]:
    """The package's tensors under timm's names: the same ones in the same order, which their shapes confirm."""
    wanted = network.state_dict()
    shapes = [tuple(each.shape) for each in stored.values()]
    if shapes != [tuple(each.shape) for each in wanted.values()]:
        message = f"{found.path} holds another network than {found.file.name}: its {len(shapes)} tensors do not fit"
        raise CorruptWeightsError(message)
    return dict(zip(wanted, stored.values(), strict=True))


def _with_colours_unfolded(contents: bytes, found: Found, preprocessing: Preprocessing) -> nn.Module:
    """The network of dlib for normalised input, so that fine-tuning meets a first layer of the usual scale.

    `parse_dlib_resnet` folds the mean colour and the division by 256 into the first convolution; this takes them out.
    """
    network = parse_dlib_resnet(contents, name=found.path.name)
    mean, std = (255 * torch.tensor(each) for each in (preprocessing.mean, preprocessing.std))
    stem = network.stem
    assert stem.bias is not None  # noqa: S101 - for the type checker: the network gives it one
    stem.bias += torch.einsum("oihw,i->o", stem.weight, mean)
    stem.weight *= std.reshape(1, 3, 1, 1)
    return network.requires_grad_()
