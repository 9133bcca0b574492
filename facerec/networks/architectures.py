"""From an architecture's name to its network, and from a network to a `Trunk` and its last layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from facerec.extras import extra
from facerec.networks.dlib_resnet import BLOCKS, DlibResNet
from facerec.networks.names import DLIB_RESNET, EFFICIENTNET_LITES
from facerec.networks.trunk import MapOf, Stages, Trunk

KEPT = {
    "dlib_resnet_trim": (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13),
    "dlib_resnet_short": (0, 1, 3, 4, 5, 7, 8, 10, 11, 13),
}
"""Students that leave out residual blocks of dlib's network, the least missed ones first, and which they keep."""

STUDENTS = {
    **{name: tuple(BLOCKS[place] for place in kept) for name, kept in KEPT.items()},
    "dlib_resnet_half": tuple((filters // 2, stride) for filters, stride in BLOCKS),
}
"""Smaller networks of the kind of dlib's, and their residual blocks: fewer of them, or all with half the filters."""

# Networks are loose at the edges: their parts are reached by attributes that differ from one to the next.
_Network: TypeAlias = Any


@dataclass(frozen=True)
class Shape:
    """What is known of a trunk without its weights: multiply-adds are for one image, maps as `Trunk` takes them."""

    dimension: int
    parameters: int
    macs: int
    map_stages: dict[str, str]
    map_channels: dict[str, int]


@dataclass(frozen=True)
class _Parts:
    body: Stages
    pool: nn.Module
    last: nn.Linear
    neck: Stages = ()
    map_of: MapOf | None = None
    smallest: int = 1


def build(architecture: str, *, size: int) -> nn.Module:
    """A whole network with an ImageNet classifier and random weights, on torch's present default device.

    `size` is the side of the input in pixels: vision transformers learn one position per patch.
    """
    if architecture == DLIB_RESNET:
        return DlibResNet()
    if architecture in STUDENTS:
        return DlibResNet(STUDENTS[architecture])
    if architecture in EFFICIENTNET_LITES:
        with extra("transfer"):
            import timm  # takes as long to import as all the rest

        # TensorFlow's padding and its epsilon of batch normalisation, with which these weights were trained. Without
        # them the network still runs, and classifies 78 % instead of 85 % of hymenoptera's photos as it should.
        return timm.create_model(f"tf_{architecture}")
    from torchvision import models

    options = {"image_size": size} if architecture.startswith("vit") else {}
    return models.get_model(architecture, weights=None, **options)


def dissect(architecture: str, network: nn.Module, *, size: int) -> tuple[Trunk, nn.Linear]:
    """Take `network`, as `build` made it, apart into its trunk and its last layer; they share its weights."""
    parts = _parts_of(architecture, network)
    known = shape_of(architecture, size=size)
    trunk = Trunk(
        body=parts.body,
        pool=parts.pool,
        neck=parts.neck,
        dimension=known.dimension,
        map_stages=known.map_stages,
        map_channels=known.map_channels,
        map_of=parts.map_of,
        smallest=parts.smallest,
    )
    return trunk.eval(), parts.last


@cache
def shape_of(architecture: str, *, size: int) -> Shape:
    """What is known of a trunk at inputs of `size` pixels; nothing is computed for it.

    The network and its input are on torch's meta device, where a tensor has a shape and no memory.
    """
    with torch.device("meta"):
        parts = _parts_of(architecture, build(architecture, size=size).eval())
        pixels = torch.empty(1, 3, size, size)
    stages: dict[str, str] = {}
    channels: dict[str, int] = {}
    with FlopCounterMode(display=False) as counter:
        x = pixels
        for name, stage in parts.body:
            x = stage(x)
            found = parts.map_of(x, pixels) if parts.map_of else x
            if found.ndim == 4 and name != "head":
                stride = 2 ** round(math.log2(size / found.shape[3]))
                if stride >= 4:
                    stages[str(stride)], channels[str(stride)] = name, found.shape[1]
        x = parts.pool(x)
        for _, stage in parts.neck:
            x = stage(x)
    if parts.map_of:  # every stage of a transformer has the same stride, and only the last is normalised
        stages = dict.fromkeys(stages, parts.body[-1][0])
    modules = [module for _, module in (*parts.body, *parts.neck)]
    return Shape(
        dimension=parts.last.in_features,
        parameters=sum(p.numel() for module in modules for p in module.parameters()),
        macs=counter.get_total_flops() // 2,
        map_stages=stages,
        map_channels=channels,
    )


def _parts_of(architecture: str, network: _Network) -> _Parts:
    return next(parts for prefix, parts in _PARTS if architecture.startswith(prefix))(network)


def _resnet(network: _Network) -> _Parts:
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    levels = _numbered((network.layer1, network.layer2, network.layer3, network.layer4), "layer")
    return _Parts([("stem", stem), *levels], _average(), network.fc)


def _alexnet(network: _Network) -> _Parts:
    """Each convolution is a stage of its own, with the pooling before it."""
    pools = _places_of(nn.MaxPool2d, network.features)
    convolutions = _places_of(nn.Conv2d, network.features)
    starts = sorted([*pools, *(place for place in convolutions if place - 1 not in pools)])
    return _with_hidden_layers(network, starts, smallest=63)


def _vgg(network: _Network) -> _Parts:
    """The convolutions between one pooling and the next are a stage."""
    return _with_hidden_layers(network, [0, *_places_of(nn.MaxPool2d, network.features)], smallest=32)


def _with_hidden_layers(network: _Network, starts: list[int], *, smallest: int) -> _Parts:
    """Stages that begin at `starts`, the last being the pooling; then two hidden layers, then the last layer."""
    body = _numbered((network.features[first:end] for first, end in pairwise(starts)), "conv")
    pool = nn.Sequential(*network.features[starts[-1] :], network.avgpool, nn.Flatten())
    first, second = (place + 1 for place in _places_of(nn.ReLU, network.classifier))
    hidden = [("fc6", network.classifier[:first]), ("fc7", network.classifier[first:second])]
    return _Parts(body, pool, network.classifier[-1], hidden, smallest=smallest)


def _places_of(kind: type[nn.Module], layers: _Network) -> list[int]:
    return [i for i, layer in enumerate(layers) if isinstance(layer, kind)]


def _mobilenet(network: _Network) -> _Parts:
    """Blocks of one width in a stage; MobileNetV3 has a hidden layer behind the pooling."""
    stem, *blocks, head = network.features
    # Of one width: the last convolution of a block says how many channels it gives.
    widths = [[each for each in block.modules() if isinstance(each, nn.Conv2d)][-1].out_channels for block in blocks]
    groups = [[block for _, block in group] for _, group in groupby(zip(widths, blocks, strict=True), itemgetter(0))]
    *hidden, last = [module for module in network.classifier if not isinstance(module, nn.Dropout)]
    body = [("stem", stem), *_numbered(nn.Sequential(*group) for group in groups), ("head", head)]
    return _Parts(body, _average(), last, [("hidden", nn.Sequential(*hidden))] if hidden else [])


def _efficientnet(network: _Network) -> _Parts:
    stem, *stages, head = network.features
    return _Parts([("stem", stem), *_numbered(stages), ("head", head)], _average(), network.classifier[-1])


def _efficientnet_lite(network: _Network) -> _Parts:
    stem = nn.Sequential(network.conv_stem, network.bn1)
    head = nn.Sequential(network.conv_head, network.bn2)
    return _Parts([("stem", stem), *_numbered(network.blocks), ("head", head)], _average(), network.classifier)


def _convnext(network: _Network) -> _Parts:
    stem, first, *others = network.features
    later = [nn.Sequential(*others[i : i + 2]) for i in range(0, len(others), 2)]
    norm, flatten, last = network.classifier
    body = [("stem", stem), *_numbered([first, *later])]
    return _Parts(body, network.avgpool, last, [("norm", nn.Sequential(norm, flatten))], smallest=32)


def _vision_transformer(network: _Network) -> _Parts:
    layers = list(network.encoder.layers)
    step = len(layers) // 4
    blocks = _numbered((nn.Sequential(*layers[i : i + step]) for i in range(0, len(layers), step)), "blocks")
    body = [("embeddings", _Embeddings(network)), *blocks, ("norm", network.encoder.ln)]
    patch = network.patch_size
    as_map = partial(_patches_as_map, patch=patch)
    return _Parts(body, _FirstToken(), network.heads[-1], map_of=as_map, smallest=patch)


def _dlib_resnet(network: _Network) -> _Parts:
    stem = nn.Sequential(network.stem, nn.MaxPool2d(3, 2), nn.ReLU(inplace=True))
    # Residual blocks between one halving of the plane and the next.
    halvings = [i for i, block in enumerate(network.blocks) if block.stride == 2]
    borders = pairwise([0, *halvings, len(network.blocks)])
    levels = _numbered((network.blocks[first:end] for first, end in borders), "level")
    return _Parts([("stem", stem), *levels], _average(), network.last, smallest=103)


def _numbered(stages: Iterable[nn.Module], name: str = "stage") -> list[tuple[str, nn.Module]]:
    return [(f"{name}{number}", stage) for number, stage in enumerate(stages, 1)]


def _average() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


class _FirstToken(nn.Module):
    """The class token of a vision transformer."""

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, 1 + patches, d) to (n, d)."""
        return tokens[:, 0]


class _Embeddings(nn.Module):
    """Patches, class token and positions of torchvision's vision transformer.

    At another input size than the one trained for, the positions are resampled bicubically (Dosovitskiy et al. 2021,
    section 3.2); torchvision's own network refuses such an input.
    """

    def __init__(self, network: _Network) -> None:
        super().__init__()
        self.patches = network.conv_proj
        self.class_token = network.class_token
        self.positions = network.encoder.pos_embedding

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, height, width) to (n, 1 + patches, d)."""
        patches = self.patches(x)
        tokens = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), tokens], dim=1)
        return tokens + self._positions_for(patches.shape[2], patches.shape[3])

    def _positions_for(self, rows: int, columns: int) -> Tensor:
        token, grid = self.positions[:, :1], self.positions[:, 1:]
        side = math.isqrt(grid.shape[1])
        if (rows, columns) == (side, side):
            return self.positions
        grid = grid.transpose(1, 2).unflatten(2, (side, side))
        grid = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([token, grid.flatten(2).transpose(1, 2)], dim=1)


def _patches_as_map(tokens: Tensor, pixels: Tensor, *, patch: int) -> Tensor:
    """Tokens (n, 1 + patches, d) of an image to a map (n, d, rows, columns)."""
    return tokens[:, 1:].transpose(1, 2).unflatten(2, (pixels.shape[2] // patch, pixels.shape[3] // patch))


_PARTS: tuple[tuple[str, Callable[[_Network], _Parts]], ...] = (
    (DLIB_RESNET, _dlib_resnet),
    ("efficientnet_lite", _efficientnet_lite),
    ("efficientnet", _efficientnet),
    ("mobilenet", _mobilenet),
    ("convnext", _convnext),
    ("alexnet", _alexnet),
    ("vgg", _vgg),
    ("vit", _vision_transformer),
    ("", _resnet),
)
