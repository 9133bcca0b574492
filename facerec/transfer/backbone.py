"""A backbone: which network, of which weights, on which terms; and the modules made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from facerec.transfer.preprocessing import Preprocessing
from facerec.transfer.trunk import Trunk


@dataclass(frozen=True)
class Backbone:
    """A network without its last layer, and what must be known of it.

    Attributes
    ----------
    name : str
        Architecture and weights: "efficientnet_lite0", "resnet50.v2", "resnet18.none".
    architecture : str
        As torchvision or timm calls it.
    weights_sha256 : str or None
        SHA-256 of the weight file; ``None`` means random weights, which every output must say.
    dimension : int
        Length of a feature vector.
    preprocessing : Preprocessing
        What the weights were evaluated with.
    parameters : int
        Of the trunk, without the classifier.
    macs : int
        Multiply-adds of the trunk for one image of `preprocessing.crop` pixels.
    classes : tuple of str or None
        Names of the classifier's outputs, in order, where there is one.
    """

    name: str
    architecture: str
    weights_sha256: str | None
    dimension: int
    preprocessing: Preprocessing
    parameters: int
    macs: int
    classes: tuple[str, ...] | None
    _make_trunk: Callable[[int], Trunk]
    _make_classifier: Callable[[], nn.Module | None]

    def trunk(self, *, seed: int = 0) -> Trunk:
        """A fresh trunk with the weights loaded; where there are none, random ones from `seed`."""
        return self._make_trunk(seed)

    def classifier(self) -> nn.Module | None:
        """A fresh ImageNet classifier over the trunk's features, (n, dimension) to (n, classes); ``None`` if none."""
        return self._make_classifier()


def load_backbone(name: str, *, weights_dir: Path | None = None, weights: str = "default") -> Backbone:
    """Load a backbone by name."""
    raise NotImplementedError


def default_backbone_name(weights_dir: Path | None = None) -> str:
    """Name of the backbone that is used where none is named."""
    raise NotImplementedError
