"""dlib's face ResNet as a PyTorch module, and the reader of its weights from dlib's own file format.

Reference: D. King, http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html; the network is the
ResNet-34 of He et al. (2016) with a few layers removed and half the filters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from facerec.align.dlib_format import DlibReader
from facerec.errors import CorruptWeightsError

_CHIP = 150
_DIMENSION = 128
Blocks: TypeAlias = tuple[tuple[int, int], ...]

_STRIDES = {32: (1, 1, 1), 64: (2, 1, 1, 1), 128: (2, 1, 1), 256: (2, 1, 1, 2)}
BLOCKS: Blocks = tuple((filters, stride) for filters, strides in _STRIDES.items() for stride in strides)
"""Filters and stride of each residual block, front to back; a stride of 2 halves the plane."""


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut without weights.

    Where the block halves the plane, the shortcut averages 2×2 pixels and its missing channels are zero. dlib pads
    whichever of the two paths is smaller with zeros at the bottom and the right; so does this.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.first = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1 if stride == 1 else 0)
        self.second = nn.Conv2d(channels_out, channels_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels_in, h, w) → (n, channels_out, h / stride, w / stride)."""
        y = self.second(functional.relu_(self.first(x)))
        if self.stride == 1:
            return functional.relu_(y.add_(x))
        shortcut = functional.avg_pool2d(x, 2)
        y = functional.pad(y, (0, shortcut.shape[3] - y.shape[3], 0, shortcut.shape[2] - y.shape[2]))
        y[:, : shortcut.shape[1]] += shortcut
        return functional.relu_(y)


class DlibResNet(nn.Module):
    """The network; batch normalisation is folded into the convolutions, as the file holds it as a fixed affine.

    Input: float32 RGB 0 … 255, shape (n, 3, 150, 150). Output: (n, 128), not of unit length. Other layouts than
    `BLOCKS` make smaller networks of the same kind.
    """

    def __init__(self, layout: Blocks = BLOCKS) -> None:
        super().__init__()
        channels = layout[0][0]
        self.stem = nn.Conv2d(3, channels, 7, 2)
        blocks = []
        for filters, stride in layout:
            blocks.append(ResidualBlock(channels, filters, stride))
            channels = filters
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Linear(channels, _DIMENSION, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to vectors."""
        # The maximum of rectified values is the rectified maximum, of which there are four times fewer.
        x = functional.relu_(functional.max_pool2d(self.stem(x), 3, 2))
        return self.last(self.blocks(x).mean(dim=(2, 3)))


@dataclass
class _Stored:
    """What the file holds: convolutions with their batch normalisation, the last layer, the mean colour."""

    filters: list[np.ndarray]
    biases: list[np.ndarray]
    last: np.ndarray
    mean_colour: np.ndarray


def parse_dlib_resnet(content: bytes, *, name: str) -> DlibResNet:
    """Build the network from dlib's file; in evaluation mode, without gradients. `name` is for messages.

    dlib subtracts the mean colour and divides by 256 before the first convolution. That convolution has no padding, so
    both are folded into its filters and biases exactly: w' = w / 256, b' = b - Σ w' · mean. `CorruptWeightsError` if
    the bytes are no dlib stream, or hold another network.
    """
    stored = _read_layers(DlibReader(content, name=name))
    network = DlibResNet().requires_grad_(False).eval()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    if [tuple(c.weight.shape) for c in convolutions] != [f.shape for f in stored.filters]:
        message = f"{name} holds another network than dlib's 29-convolution face ResNet"
        raise CorruptWeightsError(message)
    stored.filters[0] = stored.filters[0] / 256
    stored.biases[0] = stored.biases[0] - np.einsum("oihw,i->o", stored.filters[0], stored.mean_colour)
    for convolution, filters, biases in zip(convolutions, stored.filters, stored.biases, strict=True):
        convolution.weight.copy_(torch.from_numpy(filters.astype(np.float32)))
        convolution.get_parameter("bias").copy_(torch.from_numpy(biases.astype(np.float32)))
    network.last.weight.copy_(torch.from_numpy(stored.last.T.astype(np.float32)))
    return network


def _read_layers(reader: DlibReader) -> _Stored:
    """Read the records of the file from input to output; each convolution is followed by its normalisation."""
    stored = _Stored([], [], np.empty((0, 0)), _read_heading(reader))
    innermost = True
    while not reader.at_end():
        match reader.string():
            case "con_4":
                _read_convolution(reader, stored)
            case "affine_":
                _read_normalisation(reader, stored)
            case "fc_2":
                stored.last = _read_last(reader)
            case "max_pool_2" | "avg_pool_2":
                reader.integers(6)  # window, stride and padding
            case "relu_" | "add_prev_":
                pass
            case other:
                raise reader.corrupt(f"an unknown layer {other!r}")
        for _ in range(3):
            reader.flag()
        for _ in range(3):
            reader.tensor()  # gradients and a cached output: empty in a finished model
        if innermost:
            reader.integer()  # dlib stores the sample expansion factor with the layer next to the input
            innermost = False
    if stored.last.shape != (256, _DIMENSION):
        raise reader.corrupt("no last layer from 256 to 128")
    return stored


def _read_heading(reader: DlibReader) -> np.ndarray:
    """What stands before the first layer; gives the mean colour."""
    if reader.integer() != 1 or reader.string() != "loss_metric_2":
        raise reader.corrupt("no network with dlib's metric loss begins here")
    reader.floats(2)  # margin and distance of the training loss
    while (ahead := reader.integer()) <= 3:
        pass  # one version number per nested layer; the next integer is the length of the input layer's name
    if reader.text(ahead) != "input_rgb_image_sized":
        raise reader.corrupt("no RGB input layer")
    mean_colour = np.array(reader.floats(3))
    if reader.integers(2) != [_CHIP, _CHIP]:
        raise reader.corrupt(f"an input that is not {_CHIP} pixels square")
    return mean_colour


def _read_convolution(reader: DlibReader, stored: _Stored) -> None:
    weights = reader.tensor().reshape(-1)
    outputs = reader.integer()
    reader.integers(6)  # kernel, stride and padding: the shape of the filters and the design say them
    shape = reader.alias()
    reader.alias()
    reader.floats(4)  # multipliers of the learning rate and of the weight decay
    if outputs < 1 or math.prod(shape) + outputs != len(weights):
        raise reader.corrupt("a convolution whose filters and biases do not add up")
    stored.filters.append(weights[:-outputs].reshape(shape).astype(np.float64))
    stored.biases.append(weights[-outputs:].astype(np.float64))


def _read_normalisation(reader: DlibReader, stored: _Stored) -> None:
    """Fold the normalisation, y = gamma x + beta per channel, into the convolution before it."""
    values = reader.tensor().reshape(-1)
    reader.alias()
    reader.alias()
    reader.integer()  # 0: per channel
    if not stored.filters or len(values) != 2 * len(stored.filters[-1]):
        raise reader.corrupt("a normalisation that fits no convolution")
    gamma, beta = values.reshape(2, -1).astype(np.float64)
    stored.filters[-1] = stored.filters[-1] * gamma[:, None, None, None]
    stored.biases[-1] = stored.biases[-1] * gamma + beta


def _read_last(reader: DlibReader) -> np.ndarray:
    """The last layer, as (inputs, outputs)."""
    outputs, inputs = reader.integers(2)
    values = reader.tensor().reshape(-1)
    reader.alias()
    reader.alias()
    reader.integer()  # 1: without a bias
    reader.floats(4)
    if min(inputs, outputs) < 1 or len(values) != inputs * outputs:
        raise reader.corrupt("a last layer whose size does not add up")
    return values.reshape(inputs, outputs)
