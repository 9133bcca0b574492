"""Photos through a network without gradients: its scores, and the statistics of its batch normalisation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import log_softmax
from torch.nn.modules.batchnorm import _BatchNorm

from facerec.learning.precision import autocast
from facerec.transfer.network import Network
from facerec.transfer.photos import Photos

# How many photos go through a network at once.
_BATCH = 64


def normalised(network: Network, pixels: Tensor) -> Tensor:
    """Bytes, uint8 (n, 3, size, size), as the network's input on its device."""
    moved = pixels.to(network.device).contiguous(memory_format=torch.channels_last)
    return network.preprocessing.normalise(moved)


@torch.no_grad()
def forward(network: Network, photos: Photos, indices: NDArray[np.int64], number: torch.dtype) -> Tensor:
    """Scores before the softmax, float32 (n, classes), in eval mode; the network is left in the mode it was in."""
    training = network.training
    network.eval()
    groups = [indices[first : first + _BATCH] for first in range(0, len(indices), _BATCH)]
    with autocast(network.device, number):
        scores = [network(normalised(network, pixels)).float() for pixels in photos.batches(groups)]
    network.train(training)
    return torch.cat(scores) if scores else torch.zeros(0, len(network.classes), device=network.device)


def probabilities(scores: Tensor) -> NDArray[np.float32]:
    """Softmax of scores, float32 (n, classes)."""
    return log_softmax(scores.double(), dim=1).exp().float().cpu().numpy()


@torch.no_grad()
def recalibrate(network: Network, photos: Photos, indices: NDArray[np.int64], number: torch.dtype) -> None:
    """Set the statistics of the trunk's batch normalisation to those of photos; nothing else changes.

    Parameters
    ----------
    network : Network
        Changed in place, and put into train mode.
    photos : Photos
        Where they are.
    indices : ndarray, int64, shape (n,)
        Which of them, n >= 1; in batches of 64 or a little fewer, over which the statistics are averaged (Li et al.
        2017, "Revisiting batch normalization for practical domain adaptation").
    number : torch.dtype
        What is computed in.
    """
    norms = [each for each in network.trunk.modules() if isinstance(each, _BatchNorm)]
    momenta = [each.momentum for each in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches that pass
        norm.training = True
    with autocast(network.device, number):
        for pixels in photos.batches(np.array_split(indices, -(-len(indices) // _BATCH))):
            network.trunk(normalised(network, pixels))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.train()
