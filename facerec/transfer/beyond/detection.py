"""A backbone under torchvision's Faster R-CNN: a box and a class for every object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

from facerec.networks.trunk import Trunk
from facerec.transfer.beyond.scenes import Objects
from facerec.transfer.beyond.segmentation import strides_used
from facerec.transfer.inference import autocast
from facerec.transfer.preprocessing import Preprocessing

WIDTH = 64
"""Channels of the feature pyramid."""

MOST_FOUND = 25
"""Objects that are found in one scene at most."""

_HIDDEN = 256
_PROPOSALS = 100
_ROI = 7
# Sides of the anchors in strides of their map; torchvision's own, 8, is for photos of 800 pixels.
_SIDES = (2.0, 3.0)
_SHAPES = (0.5, 1.0, 2.0)


class DetectionNetwork(nn.Module):
    """A trunk under a small Faster R-CNN on its maps of strides 8, 16 and 32.

    Attributes
    ----------
    detector : FasterRCNN
        Holds the trunk, too.

    References
    ----------
    Ren et al. (2015), "Faster R-CNN". Lin et al. (2017), "Feature pyramid networks for object detection".
    """

    def __init__(
        self, trunk: Trunk, classes: int, preprocessing: Preprocessing, number_format: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        strides = strides_used(trunk)
        sides = tuple(tuple(round(int(stride) * side) for side in _SIDES) for stride in strides)
        self.detector = FasterRCNN(
            _Pyramid(trunk, strides, number_format),
            rpn_anchor_generator=AnchorGenerator(sides, (_SHAPES,) * len(strides)),
            rpn_pre_nms_top_n_train=2 * _PROPOSALS,
            rpn_pre_nms_top_n_test=2 * _PROPOSALS,
            rpn_post_nms_top_n_train=_PROPOSALS,
            rpn_post_nms_top_n_test=_PROPOSALS,
            rpn_batch_size_per_image=64,
            box_roi_pool=MultiScaleRoIAlign(list(strides), output_size=_ROI, sampling_ratio=2),
            box_head=TwoMLPHead(WIDTH * _ROI**2, _HIDDEN),
            box_predictor=FastRCNNPredictor(_HIDDEN, classes + 1),
            box_batch_size_per_image=64,
            box_detections_per_img=MOST_FOUND,
        )
        self.detector.transform = _AtTheirSize(1, 1, list(preprocessing.mean), list(preprocessing.std))

    @property
    def trunk(self) -> Trunk:
        """Pixels to feature maps."""
        return self.detector.backbone.trunk

    @property
    def head(self) -> nn.Module:
        """What is always trained."""
        return nn.ModuleList([self.detector.backbone.pyramid, self.detector.rpn, self.detector.roi_heads])

    def loss(self, pixels: Tensor, masks: Tensor, objects: Sequence[Objects]) -> Tensor:  # noqa: ARG002 - one signature
        """The sum of Faster R-CNN's four losses: objectness, class, and where, twice. Only in train mode."""
        targets = [
            {
                "boxes": torch.from_numpy(each.single.boxes).to(pixels.device),
                "labels": torch.from_numpy(each.single.labels).to(pixels.device),
            }
            for each in objects
        ]
        losses: dict[str, Tensor] = self.detector(list(pixels.float() / 255), targets)
        return torch.stack(list(losses.values())).sum()

    @torch.no_grad()
    def answer(self, pixels: Tensor) -> list[NDArray[np.float32]]:
        """What is found in each scene, float32 (m, 6): label, left, top, right, bottom, score. Only in eval mode."""
        found = self.detector(list(pixels.float() / 255))
        return [
            torch.cat([each["labels"][:, None].float(), each["boxes"], each["scores"][:, None]], dim=1).cpu().numpy()
            for each in found
        ]


class _AtTheirSize(GeneralizedRCNNTransform):
    """Normalises scenes and leaves them at their size, which torchvision would bring to 800 pixels."""

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        """As it is."""
        return image, target


class _Pyramid(nn.Module):
    """A trunk's maps as a feature pyramid of one width, as FasterRCNN wants its backbone."""

    out_channels = WIDTH

    def __init__(self, trunk: Trunk, strides: Sequence[str], number_format: torch.dtype) -> None:
        super().__init__()
        self.trunk = trunk
        self.strides = tuple(strides)
        self.pyramid = FeaturePyramidNetwork([trunk.map_channels[stride] for stride in strides], WIDTH)
        self.number_format = number_format

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Normalised pixels (n, 3, S, S) to maps of `WIDTH` channels by stride."""
        with autocast(x.device, self.number_format):
            maps = self.trunk.maps(x.contiguous(memory_format=torch.channels_last))
        return self.pyramid({stride: maps[stride].float() for stride in self.strides})
