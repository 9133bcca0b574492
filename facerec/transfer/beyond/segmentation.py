"""A backbone under torchvision's FCN head: the class of every pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate
from torchvision.models.segmentation.fcn import FCNHead

from facerec.networks.trunk import Trunk
from facerec.transfer.beyond.scenes import IGNORED, Objects
from facerec.transfer.inference import autocast
from facerec.transfer.preprocessing import Preprocessing

WIDTH = 96
"""Channels of the maps after they are brought together."""


def strides_used(trunk: Trunk) -> tuple[str, ...]:
    """The strides whose maps the dense heads stand on, finest first: 8, 16 and 32 where the trunk has them."""
    return tuple(stride for stride in ("8", "16", "32") if stride in trunk.map_channels)


class SegmentationNetwork(nn.Module):
    """A trunk under an FCN head on its maps of strides 8, 16 and 32, enlarged to the scene.

    Each map is brought to the same number of channels by a 1 × 1 convolution, enlarged to the finest one and summed,
    so that fine maps say where and coarse ones say what; torchvision's FCN head then gives one score per class.

    Attributes
    ----------
    trunk : Trunk
        Pixels to feature maps.
    head : nn.ModuleDict
        What is always trained.
    preprocessing : Preprocessing
        How pixels become input.
    number_format : torch.dtype
        Of the trunk's products; the head computes in float32.

    References
    ----------
    Long, Shelhamer & Darrell (2015), "Fully convolutional networks for semantic segmentation", section 4.2 (skips).
    """

    def __init__(
        self, trunk: Trunk, classes: int, preprocessing: Preprocessing, number_format: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.trunk = trunk
        strides = strides_used(trunk)
        lateral = nn.ModuleDict({stride: nn.Conv2d(trunk.map_channels[stride], WIDTH, 1) for stride in strides})
        self.head = nn.ModuleDict({"lateral": lateral, "fcn": FCNHead(WIDTH, classes + 1)})
        self.preprocessing = preprocessing
        self.number_format = number_format

    def forward(self, pixels: Tensor) -> Tensor:
        """Bytes, uint8 (n, 3, S, S), to one score per class and pixel, float (n, 1 + classes, S, S)."""
        with autocast(pixels.device, self.number_format):
            maps = self.trunk.maps(self.preprocessing.normalise(pixels))
        found = [layer(maps[stride].float()) for stride, layer in self.head["lateral"].items()]  # type: ignore[operator]
        finest = found[0].shape[2:]
        together = sum(interpolate(each, finest, mode="bilinear", align_corners=False) for each in found)
        scores = self.head["fcn"](together)
        return interpolate(scores, pixels.shape[2:], mode="bilinear", align_corners=False)

    def loss(self, pixels: Tensor, masks: Tensor, objects: Sequence[Objects]) -> Tensor:  # noqa: ARG002 - one signature
        """Mean cross-entropy in nats over the pixels that are not ignored; 0 if all are."""
        judged = (masks != IGNORED).sum().clamp(min=1)
        return cross_entropy(self(pixels), masks.long(), ignore_index=IGNORED, reduction="sum") / judged

    @torch.no_grad()
    def answer(self, pixels: Tensor) -> NDArray[np.uint8]:
        """The likeliest class of each pixel, uint8 (n, S, S), in the mode the network is in."""
        return self(pixels).argmax(dim=1).to(torch.uint8).cpu().numpy()
