"""What layers and blocks cost, by formula, and what networks cost, by counting.

Multiply-adds ("MACs") are those of one image, without biases and batch norm, as the papers count them: He et al. 2016,
Xie et al. 2017 (ResNeXt, section 3.3), Howard et al. 2017 (depthwise-separable convolutions, section 3.1).
"""

from typing import NamedTuple

import pandas as pd
import torch
from torch import nn


class Cost(NamedTuple):
    """Numbers that are trained, and multiply-adds per image."""

    parameters: int
    macs: int


def fully_connected(inputs: int, outputs: int, *, bias: bool = True) -> Cost:
    """Every input with every output.

    >>> fully_connected(3 * 128 * 128, 256)
    Cost(parameters=12583168, macs=12582912)
    """
    return Cost(inputs * outputs + bias * outputs, inputs * outputs)


def convolution(
    inputs: int, outputs: int, *, kernel: int = 3, side: int = 1, groups: int = 1, bias: bool = False
) -> Cost:
    """One filter per output channel, at every place of an output of `side` times `side`.

    >>> convolution(3, 256, bias=True).parameters
    7168
    """
    if inputs % groups or outputs % groups:
        message = f"{groups} groups do not divide {inputs} and {outputs} channels"
        raise ValueError(message)
    filters = inputs // groups * outputs * kernel**2
    return Cost(filters + bias * outputs, filters * side**2)


def together(*costs: Cost) -> Cost:
    """The sum."""
    return Cost(*map(sum, zip(*costs, strict=True)))


def depthwise_separable(inputs: int, outputs: int, *, kernel: int = 3, side: int = 1) -> Cost:
    """One filter per input channel, then a 1 x 1 convolution that mixes the channels.

    >>> depthwise_separable(4, 2).parameters, convolution(4, 2).parameters
    (44, 72)
    """
    return together(
        convolution(inputs, inputs, kernel=kernel, side=side, groups=inputs),
        convolution(inputs, outputs, kernel=1, side=side),
    )


def basic_block(channels: int, *, side: int = 1) -> Cost:
    """The block of ResNet-18 and -34: two 3 x 3 convolutions; its shortcut is free.

    >>> basic_block(64).parameters
    73728
    """
    return together(*[convolution(channels, channels, side=side)] * 2)


def bottleneck(channels: int, *, width: int, groups: int = 1, side: int = 1) -> Cost:
    """The block of ResNet-50 and deeper: 1 x 1, 3 x 3 and 1 x 1; with `groups` paths that of ResNeXt.

    >>> bottleneck(256, width=64).parameters, bottleneck(256, width=128, groups=32).parameters
    (69632, 70144)
    """
    return together(
        convolution(channels, width, kernel=1, side=side),
        convolution(width, width, side=side, groups=groups),
        convolution(width, channels, kernel=1, side=side),
    )


def counted(module: nn.Module) -> int:
    """Parameters of a module of PyTorch."""
    return sum(each.numel() for each in module.parameters())


def layer_costs(network: nn.Module, *, size: int = 224) -> pd.DataFrame:
    """Output, parameters and multiply-adds of every convolution and fully connected layer.

    The network runs on the meta device: shapes, but no numbers, so this takes no time even for the largest.
    """
    rows, handles = [], []

    def note(name: str, layer: nn.Module, output: torch.Tensor) -> None:
        places = output.shape[2] * output.shape[3] if output.ndim == 4 else 1
        shape = " x ".join(map(str, output.shape[1:]))
        rows.append((name, type(layer).__name__, shape, counted(layer), layer.weight.numel() * places))

    network = network.to("meta").eval()
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            handles.append(layer.register_forward_hook(lambda layer, _, output, name=name: note(name, layer, output)))
    network(torch.empty(1, 3, size, size, device="meta"))
    for handle in handles:
        handle.remove()
    return pd.DataFrame(rows, columns=["layer", "kind", "output", "parameters", "multiply-adds"])
