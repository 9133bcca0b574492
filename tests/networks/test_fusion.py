"""Batch norms folded into convolutions: the same function of the input, with fewer layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from facerec.networks.backbone import load_backbone
from facerec.networks.fusion import folded


def moved(network: nn.Module) -> nn.Module:
    """With statistics and scales that are not those of a fresh layer, in evaluation mode."""
    torch.manual_seed(0)
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for values, low, high in ((norm.weight, 0.5, 2), (norm.bias, -1, 1)):
                if values is not None:
                    nn.init.uniform_(values, low, high)
            if norm.running_mean is not None:
                norm.running_mean.uniform_(-1, 1)
                norm.running_var.uniform_(0.3, 3)
    return network.eval()


def norms(network: nn.Module) -> int:
    """How many there are."""
    return sum(isinstance(each, nn.BatchNorm2d) for each in network.modules())


class Twice(nn.Module):
    """One convolution used twice, with one norm behind it; or a norm that is."""

    def __init__(self, *, share_norm: bool) -> None:
        super().__init__()
        self.first, self.second, self.norm = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.share_norm = share_norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both paths, added up."""
        if self.share_norm:
            return self.norm(self.first(x)) + self.norm(self.second(x))
        return self.norm(self.first(x)) + self.first(x + 1)


class Branching(nn.Module):
    """What cannot be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Depends on its values."""
        return self.layers(x) if x.sum() > 0 else x


@pytest.mark.parametrize(
    ("network", "left"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, eps=0.1), nn.ReLU()), 0),
        (nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)), 0),
        (nn.Sequential(nn.Conv2d(3, 4, 3, groups=1), nn.BatchNorm2d(4, affine=False)), 0),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)), 1),
        (nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)), 1),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)), 1),
        (Twice(share_norm=True), 1),
        (Twice(share_norm=False), 1),
        (Branching(), 1),
    ],
)
def test_folded_or_not_it_is_the_same(network, left) -> None:
    """What can be folded is, and what cannot stays as it is."""
    x = torch.rand(2, 3, 8, 8)
    network = moved(network)

    with torch.no_grad():
        before = network(x)
        after = folded(network)(x)

    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)
    assert norms(network) == left


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18.none", "mobilenet_v2.none", "vgg11_bn.none"])
def test_a_trunk_has_no_norm_left(name) -> None:
    """As the bench computes features: also timm's kind, whose norms hold the activation."""
    trunk = moved(load_backbone(name).trunk()) if name.endswith("none") else load_backbone(name).trunk()
    x = torch.rand(1, 3, 64, 64)

    with torch.no_grad():
        before = trunk(x)
        assert norms(trunk) > 0
        after = folded(trunk)(x)

    assert norms(trunk) == 0
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3 * float(before.abs().max()))
