"""MTCNN's three networks, layer by layer, with weights that are checked and never unpickled.

The layers are named as in the files of facenet-pytorch whose weights they take. Defined here because importing that
package, with torchvision, takes longer than a photo; that both give the same numbers is tested.

Reference: Zhang, Zhang, Li & Qiao (2016), IEEE Signal Processing Letters 23(10).
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear, prelu

from facerec.detect.sight import STRIDE, strips
from facerec.models import catalogue, weights

# Batches beyond these sizes leave the processor's cache, and cost per box doubles.
_REFINE_BATCH = 64
_OUTPUT_BATCH = 32

Network = TypeVar("Network", bound=nn.Module)


class PNet(nn.Module):
    """The proposal network's layers; `Nets.propose` runs them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)


def _flat(x: Tensor) -> Tensor:
    """Planes to rows, in the order of the framework that the weights come from: width before height."""
    return x.permute(0, 3, 2, 1).flatten(1)


def _dense(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, dtype=torch.float64)


def _product(x: Tensor, layer: nn.Module) -> Tensor:
    """A layer that sums in double: how many threads share a sum then moves no bit of what is rounded again.

    The layers of many numbers and few places are shared out so. Points that move by a hundred thousandth of a pixel
    turn pixels of a chip, and scores by as much.
    """
    return layer(x.double()).float()


def _convolved(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """As `_product`, where a single crop has so few places that its sums are shared out; several crops are not."""
    if torch.compiler.is_compiling() or len(x) > 1:  # a graph is the same for any number
        return layer(x)
    return conv2d(x.double(), layer.weight.double(), layer.get_parameter("bias").double()).float()


class RNet(nn.Module):
    """The refinement network."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = _dense(576, 128), nn.PReLU(128)
        self.dense5_1, self.dense5_2 = _dense(128, 2), _dense(128, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 24, 24) → regressions (n, 4), probabilities (n, 2)."""
        x = self.pool(self.prelu1(self.conv1(x)))
        x = self.pool(self.prelu2(self.conv2(x)))
        x = self.prelu4(_product(_flat(self.prelu3(_convolved(x, self.conv3))), self.dense4))
        return _product(x, self.dense5_2), _product(x, self.dense5_1).softmax(dim=1)


class ONet(nn.Module):
    """The output network."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.last_pool = nn.MaxPool2d(3, 2, ceil_mode=True), nn.MaxPool2d(2, 2, ceil_mode=True)
        self.conv1, self.prelu1 = nn.Conv2d(3, 32, 3), nn.PReLU(32)
        self.conv2, self.prelu2 = nn.Conv2d(32, 64, 3), nn.PReLU(64)
        self.conv3, self.prelu3 = nn.Conv2d(64, 64, 3), nn.PReLU(64)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense5, self.prelu5 = _dense(1152, 256), nn.PReLU(256)
        self.dense6_1, self.dense6_2, self.dense6_3 = _dense(256, 2), _dense(256, 4), _dense(256, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(n, 3, 48, 48) → regressions (n, 4), points (n, 10), probabilities (n, 2)."""
        x = self.pool(self.prelu1(self.conv1(x)))
        x = self.pool(self.prelu2(self.conv2(x)))
        x = self.last_pool(self.prelu3(self.conv3(x)))
        x = self.prelu5(_product(_flat(self.prelu4(_convolved(x, self.conv4))), self.dense5))
        return _product(x, self.dense6_2), _product(x, self.dense6_3), _product(x, self.dense6_1).softmax(dim=1)


@dataclass(frozen=True)
class Nets:
    """The proposal, refinement and output networks on one device; they take pixels as they are, 0 … 255."""

    proposal: PNet
    refinement: RNet
    output: ONet

    def propose(self, level: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
        """Look for faces all over one level of the pyramid, float32, shape (1, 3, h, w).

        Gives cells (n, 2) as x, y on the network's grid of stride 2, their probabilities (n,), at least `threshold`,
        and regressions (n, 4). The two last layers look at one cell at a time; the softmax over two classes is the
        logistic function of their difference, so one product decides which cells count, and only those few are
        regressed.
        """
        found = []
        for rows in strips(*level.shape[2:]):
            cells, probabilities, moves = self._propose_in(level[:, :, rows], threshold)
            if rows.start:
                cells[:, 1] += rows.start // STRIDE
            found.append((cells, probabilities, moves))
        if len(found) == 1:
            return found[0]
        cells, probabilities, moves = (torch.cat(parts) for parts in zip(*found, strict=True))
        return cells, probabilities, moves

    def _propose_in(self, strip: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
        net = self.proposal
        x = _halved(_prelu(net.conv1(strip), net.prelu1.weight))
        x = net.prelu3(net.conv3(net.prelu2(net.conv2(x))))
        cells = x[0].permute(1, 2, 0).reshape(-1, x.shape[1])
        weight, bias = net.conv4_1.weight[:, :, 0, 0], net.conv4_1.get_parameter("bias")
        evidence = cells @ (weight[1] - weight[0]) + (bias[1] - bias[0])
        found = (evidence >= math.log(threshold / (1 - threshold))).nonzero()[:, 0]
        moves = linear(cells[found], net.conv4_2.weight[:, :, 0, 0], net.conv4_2.bias)
        columns = x.shape[3]
        return torch.stack([found % columns, found // columns], dim=1), evidence[found].sigmoid(), moves

    def refine(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Regressions (n, 4) and face probabilities (n,) of 24-pixel crops."""
        regressions, probabilities = _in_batches(self.refinement, crops, _REFINE_BATCH)
        return regressions, probabilities[:, 1]

    def finish(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Regressions (n, 4), points (n, 10; five x, then five y) and probabilities (n,) of 48-pixel crops."""
        regressions, points, probabilities = _in_batches(self.output, crops, _OUTPUT_BATCH)
        return regressions, points, probabilities[:, 1]


def _prelu(x: Tensor, slopes: Tensor) -> Tensor:
    """``PReLU`` of (1, channels, h, w), channels last: a row of pixels at once, with the slopes repeated.

    Four times as fast as per channel where the channels are too few to fill a vector register, as the first ten are.
    """
    channels, height, width = x.shape[1:]
    rows = x[0].permute(1, 2, 0).reshape(height, width * channels)
    return prelu(rows, slopes.repeat(width)).reshape(1, height, width, channels).permute(0, 3, 1, 2)


def _halved(x: Tensor) -> Tensor:
    """Maximum over 2 × 2 pixels, as ``MaxPool2d(2, 2, ceil_mode=True)``; three times as fast with channels last."""
    for axis in (2, 3):
        pairs, odd = divmod(x.shape[axis], 2)
        shape = list(x.shape)
        shape[axis] = pairs + odd
        out = torch.empty(shape, device=x.device, memory_format=torch.channels_last)
        even = x.narrow(axis, 0, 2 * pairs).unflatten(axis, (pairs, 2))
        torch.maximum(even.select(axis + 1, 0), even.select(axis + 1, 1), out=out.narrow(axis, 0, pairs))
        if odd:
            out.select(axis, pairs).copy_(x.select(axis, 2 * pairs))
        x = out
    return x


def _in_batches(network: nn.Module, crops: Tensor, size: int) -> tuple[Tensor, ...]:
    batches = math.ceil(len(crops) / size)
    parts = [network(part) for part in crops.tensor_split(batches)]  # of even size: a small last one is slow per crop
    return tuple(torch.cat(part) for part in zip(*parts, strict=True))


def load_nets(*, device: torch.device, model_files: Path | None = None) -> Nets:
    """Load the three networks: channels last, in evaluation mode, without gradients; errors as of ``weights.load``."""

    def loaded(network: Network, file: weights.WeightFile) -> Network:
        content = io.BytesIO(weights.load(file, model_files=model_files))
        network.load_state_dict(torch.load(content, map_location="cpu", weights_only=True))
        network.eval().requires_grad_(requires_grad=False)
        # (x - 127.5) / 128 goes into the first convolution, which has no padding: w' = w / 128, b' = b - Σ w' · 127.5.
        weight, bias = network.get_parameter("conv1.weight"), network.get_parameter("conv1.bias")
        bias.sub_(weight.div_(128).sum(dim=(1, 2, 3)) * 127.5)
        return network.to(device=device).to(memory_format=torch.channels_last)

    return Nets(loaded(PNet(), catalogue.PNET), loaded(RNet(), catalogue.RNET), loaded(ONet(), catalogue.ONET))
