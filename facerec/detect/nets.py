"""MTCNN's three networks, with weights that are checked and never unpickled."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn

from facerec import catalogue, weights

# Batches beyond these sizes leave the processor's cache, and cost per box doubles.
_REFINE_BATCH = 64
_OUTPUT_BATCH = 32


@dataclass(frozen=True)
class Nets:
    """The proposal, refinement and output networks, on one device, channels last, without gradients.

    Attributes
    ----------
    proposal : callable
        (1, 3, h, w) → box regressions (1, 4, h', w'), face probabilities (1, 2, h', w').
    refinement : callable
        (n, 3, 24, 24) → regressions (n, 4), probabilities (n, 2).
    output : callable
        (n, 3, 48, 48) → regressions (n, 4), points (n, 10), probabilities (n, 2).
    """

    proposal: nn.Module
    refinement: nn.Module
    output: nn.Module

    def refine(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Regressions (n, 4) and face probabilities (n,) of 24-pixel crops."""
        regressions, probabilities = _in_batches(self.refinement, crops, _REFINE_BATCH)
        return regressions, probabilities[:, 1]

    def finish(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Regressions (n, 4), points (n, 10; five x, then five y) and probabilities (n,) of 48-pixel crops."""
        regressions, points, probabilities = _in_batches(self.output, crops, _OUTPUT_BATCH)
        return regressions, points, probabilities[:, 1]


def _in_batches(network: nn.Module, crops: Tensor, size: int) -> tuple[Tensor, ...]:
    parts = [network(crops[first : first + size]) for first in range(0, len(crops), size)]
    return tuple(torch.cat(part) for part in zip(*parts, strict=True))


def load_nets(*, device: torch.device, folder: Path | None = None) -> Nets:
    """Load the three networks.

    Raises
    ------
    MissingWeightsError, CorruptWeightsError
        As ``facerec.weights.load``.
    """
    loaded = []
    for network, file in (
        (PNet(pretrained=False), catalogue.PNET),
        (RNet(pretrained=False), catalogue.RNET),
        (ONet(pretrained=False), catalogue.ONET),
    ):
        content = io.BytesIO(weights.load(file, folder=folder))
        network.load_state_dict(torch.load(content, map_location="cpu", weights_only=True))
        network.eval().requires_grad_(requires_grad=False)
        loaded.append(network.to(device=device, memory_format=torch.channels_last))
    return Nets(*loaded)
