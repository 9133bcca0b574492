"""A trunk and its last layer are the network they were taken from; its stages hold every parameter once."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from facerec.errors import ArgumentError
from facerec.networks.architectures import build, dissect
from facerec.networks.fusion import folded
from facerec.networks.names import ARCHITECTURES
from facerec.networks.trunk import Trunk

# One of each kind that is taken apart in its own way.
KINDS = [
    "efficientnet_lite0",
    "resnet18",
    "alexnet",
    "vgg11_bn",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "convnext_tiny",
    "vit_b_32",
    "dlib_resnet",
]


@pytest.fixture(scope="module", params=KINDS)
def taken_apart(request) -> tuple[int, nn.Module, Trunk, nn.Linear]:
    """A size of input, a network with random weights, its trunk and its last layer."""
    torch.manual_seed(0)
    size = 150 if request.param == "dlib_resnet" else 96
    network = build(request.param, size=size).eval()
    return size, network, *dissect(request.param, network, size=size)


def test_put_together_it_is_the_network(taken_apart):
    """Trunk and last layer give what the whole network gives."""
    size, network, trunk, last = taken_apart
    photos = torch.rand(2, 3, size, size)

    with torch.no_grad():
        features = trunk(photos)
        torch.testing.assert_close(last(features), network(photos))

    assert features.shape == (2, trunk.dimension)


def test_stages_hold_every_parameter_once(taken_apart):
    """Freezing all stages freezes the trunk, and no parameter has two learning rates."""
    _, network, trunk, last = taken_apart

    in_stages = [id(each) for _, stage in trunk.stages for each in stage.parameters()]

    assert len(set(in_stages)) == len(in_stages)
    assert {*in_stages, *map(id, last.parameters())} == set(map(id, network.parameters()))
    assert sorted(in_stages) == sorted(map(id, trunk.parameters()))
    assert all(list(stage.parameters()) for _, stage in trunk.stages)


def test_maps_have_the_strides_they_are_called_by(taken_apart):
    """A map's side is that of the photo by its stride, but for a border that is not padded."""
    size, _, trunk, _ = taken_apart

    with torch.no_grad():
        maps = trunk.maps(torch.rand(1, 3, size, size))

    assert {stride: found.shape[1] for stride, found in maps.items()} == trunk.map_channels
    for stride, found in maps.items():
        assert size / int(stride) - 2.5 <= found.shape[2] <= size / int(stride)
        assert found.shape[2] == found.shape[3]


def test_every_parameter_learns(taken_apart):
    """A gradient arrives at each parameter of the trunk."""
    size, _, trunk, _ = taken_apart

    trunk(torch.rand(2, 3, size, size)).square().sum().backward()

    assert all(each.grad is not None for each in trunk.parameters())
    trunk.zero_grad()


def test_a_transformer_takes_other_sizes():
    """Positions are resampled; at the size trained for they are used as they are."""
    trunk, _ = dissect("vit_b_32", build("vit_b_32", size=96), size=96)

    with torch.no_grad():
        maps = trunk.maps(torch.rand(1, 3, 64, 128))
        features = trunk(torch.rand(1, 3, 224, 224))

    assert maps["32"].shape == (1, 768, 2, 4)
    assert features.shape == (1, 768)


def test_every_architecture_is_of_a_known_kind():
    """The names are those of the issue; each begins as one of the kinds that are tested here."""
    families = {kind.split("_")[0].rstrip("0123456789") for kind in KINDS} | {"wide"}

    assert {name.split("_")[0].rstrip("0123456789") for name in ARCHITECTURES} == families | {"resnext"}


@pytest.mark.parametrize(("architecture", "smallest"), [("alexnet", 63), ("convnext_tiny", 32), ("dlib_resnet", 103)])
def test_photos_that_are_too_small(architecture, smallest):
    """The smallest input works, and a pixel less is told with what is needed."""
    trunk, _ = dissect(architecture, build(architecture, size=224), size=224)

    assert trunk(torch.rand(1, 3, smallest, smallest)).shape == (1, trunk.dimension)
    with pytest.raises(ArgumentError, match=f"photos of {smallest} pixels or more; got {smallest} × {smallest - 1}"):
        trunk.maps(torch.rand(1, 3, smallest - 1, smallest))


def test_a_convolution_that_others_use_is_not_folded() -> None:
    """Its output goes into the norm and past it: folded or not, the same values."""

    class Shortcut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.convolution(x)
            return y + self.norm(y)

    torch.manual_seed(0)
    network = Shortcut().eval()
    network.norm.running_mean.uniform_()  # type: ignore[union-attr, operator]
    network.norm.running_var.uniform_(1, 2)  # type: ignore[union-attr, operator]
    x = torch.rand(1, 3, 8, 8)

    with torch.no_grad():
        before = network(x)
        after = folded(network)(x)

    torch.testing.assert_close(after, before)
