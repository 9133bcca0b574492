"""Backbone and last layer as one module, with the preprocessing that belongs to it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from facerec.networks.preprocessing import Preprocessing
from facerec.networks.trunk import Trunk


class Network(nn.Module):
    """A trunk under a linear layer.

    Attributes
    ----------
    trunk : Trunk
        Pixels to features.
    head : nn.Linear
        Features to one score per class; starts at zero, so that an untrained network says that all classes are
        equally likely.
    preprocessing : Preprocessing
        How photos become its input.
    classes : tuple of str
        Names of the scores, in order.
    """

    def __init__(self, trunk: Trunk, classes: tuple[str, ...], preprocessing: Preprocessing) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(trunk.dimension, len(classes))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.preprocessing = preprocessing
        self.classes = classes

    @property
    def device(self) -> torch.device:
        """Where its parameters are."""
        return self.head.weight.device

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pixels, float (n, 3, size, size), to scores before the softmax, float (n, classes)."""
        return self.head(self.trunk(x))
