"""ImageNet's networks as the notebooks use them: the one place that reaches into the library's insides."""

import warnings
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from torch import Tensor, nn

from facerec.errors import MissingWeightsError
from facerec.learning.frozen import check_frozen, freeze, frozen_state
from facerec.networks.backbone import Backbone, load_backbone
from facerec.networks.pretrained import PRETRAINED, pretrained
from facerec.networks.trunk import Trunk
from facerec.transfer.probes import fit_logistic

__all__ = ["PRETRAINED", "check_frozen", "fit_logistic", "freeze", "frozen_state", "pretrained"]
"""What the notebooks take from the library by way of this module."""

warnings.filterwarnings("ignore", "IProgress not found")  # tqdm, which timm brings, wants ipywidgets

LITES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
"""Networks whose ImageNet weights are installed with pip."""


@dataclass(frozen=True)
class ImageNetNetwork:
    """A network with its thousand classes, its weights and its own preprocessing."""

    backbone: Backbone

    @cached_property
    def trunk(self) -> Trunk:
        """Normalised pixels to features."""
        return self.backbone.trunk()

    @cached_property
    def classifier(self) -> nn.Linear:
        """Features to a thousand logits."""
        return self.backbone.classifier()

    def geometry(self, picture: np.ndarray) -> np.ndarray:
        """What the network sees of a picture: resized and cropped, uint8, shape (S, S, 3)."""
        return self.backbone.preprocessing.evaluate(picture).permute(1, 2, 0).numpy()

    def pixels(self, picture: np.ndarray) -> Tensor:
        """A picture, uint8 (height, width, 3), as the network's input, shape (1, 3, S, S)."""
        preprocessing = self.backbone.preprocessing
        return preprocessing.normalise(preprocessing.evaluate(picture)[None])

    @torch.no_grad()
    def logits(self, *pictures: np.ndarray) -> Tensor:
        """One row of a thousand logits per picture."""
        return torch.cat([self.classifier(self.trunk(self.pixels(each))) for each in pictures])

    def top(self, picture: np.ndarray, *, most: int = 5) -> list[tuple[str, float]]:
        """The most probable classes and their probabilities."""
        values, places = self.logits(picture)[0].softmax(dim=0).topk(most)
        return [
            (self.backbone.classes[place], value) for place, value in zip(places.tolist(), values.tolist(), strict=True)
        ]


def imagenet_network(name: str = LITES[0]) -> ImageNetNetwork:
    """A network with ImageNet weights; without its file, an error that says how to get it."""
    return ImageNetNetwork(_found(name))


_found = cache(load_backbone)  # a value without tensors; finding it reads and checks the whole file of weights


def random_trunk(name: str = LITES[0], *, seed: int = 0) -> Trunk:
    """The same architecture with random weights: what training from scratch begins with."""
    return load_backbone(name, weights="none").trunk(seed=seed)


def weights_here(name: str) -> bool:
    """Whether the weights are on this machine; ``facerec models fetch`` gets those that pip does not."""
    try:
        load_backbone(name)
    except MissingWeightsError:
        return False
    return True
