"""The formulas against the lecture's hand-worked numbers and against real modules."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.ops import Conv2dNormActivation

from facerec.errors import ArgumentError
from facerec.transfer.blocks import Cost, basic_block, bottleneck, convolution, depthwise_separable, fully_connected


def counted(module: torch.nn.Module, channels: int, side: int) -> Cost:
    """What torch counts in a real module."""
    module = module.to("meta").eval()
    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, channels, side, side, device="meta"))
    return Cost(sum(p.numel() for p in module.parameters()), counter.get_total_flops() // 2)


def test_numbers_of_the_tutorial():
    """A bottleneck of 64 channels over more and more paths, worked by hand."""
    paths = [bottleneck(256, 256, width=64, groups=groups).parameters for groups in (1, 2, 4, 8, 16, 32, 64)]

    assert paths == [69_632, 51_200, 41_984, 37_376, 35_072, 33_920, 33_344]
    assert fully_connected(3 * 128 * 128, 256).parameters == 12_583_168
    assert convolution(3, 256, bias=True).parameters == 7_168
    assert bottleneck(256, 256, width=128, groups=32).parameters == 70_144
    assert (depthwise_separable(4, 2).parameters, convolution(4, 2).parameters) == (44, 72)


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(64, 64, 1), (64, 128, 2)])
def test_basic_block_is_that_of_torchvision(inputs, outputs, stride):
    """With and without a halving of the plane."""
    down = None
    if stride > 1:
        down = Conv2dNormActivation(inputs, outputs, 1, stride, activation_layer=None)
    real = counted(BasicBlock(inputs, outputs, stride, down), inputs, 28)

    assert basic_block(inputs, outputs, side=28 // stride, stride=stride, batch_norm=True) == real


@pytest.mark.parametrize(("groups", "width"), [(1, 64), (32, 128)])
@pytest.mark.parametrize("stride", [1, 2])
def test_bottleneck_is_that_of_torchvision(groups, width, stride):
    """ResNet's and ResNeXt's, with and without a halving of the plane."""
    down = None
    if stride > 1:
        down = Conv2dNormActivation(256, 256, 1, stride, activation_layer=None)
    real = counted(Bottleneck(256, 64, stride, down, groups, width // groups), 256, 28)

    ours = bottleneck(256, 256, width=width, groups=groups, side=28 // stride, stride=stride, batch_norm=True)
    assert ours == real


def test_depthwise_separable_is_that_of_mobilenet():
    """MobileNetV2's first block, which expands nothing, is a depthwise-separable convolution."""
    real = counted(InvertedResidual(32, 16, 1, 1), 32, 112)

    assert depthwise_separable(32, 16, side=112, batch_norm=True) == real


def test_layers_are_those_of_torch():
    """A linear layer, and a convolution in groups with a bias."""
    linear = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 10))
    grouped = torch.nn.Conv2d(12, 24, 5, padding=2, groups=4)

    assert fully_connected(3 * 8 * 8, 10) == counted(linear, 3, 8)
    assert convolution(12, 24, kernel=5, side=9, groups=4, bias=True) == counted(grouped, 12, 9)


def test_what_is_no_block():
    """Each number that cannot be is named."""
    with pytest.raises(ArgumentError, match="outputs must be 1 or more; got 0"):
        fully_connected(1, 0)
    with pytest.raises(ArgumentError, match="groups must divide the channels; got 3 groups"):
        convolution(4, 6, groups=3)
    with pytest.raises(ArgumentError, match="stride must be 1 or more; got 0"):
        basic_block(1, 1, stride=0)
