"""What the lab measures on a network at one moment: gradients, weights and activations of each layer, and shattering.

References
----------
Balduzzi, Frean, Leary, Lewis, Ma, McWilliams (2017), "The Shattered Gradients Problem", ICML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.transfer.gradients.networks import LabNet

DISTANCES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Where gradients are compared: the distance of two inputs as a share of the distance between two images."""


@dataclass(frozen=True, eq=False)
class Flow:
    """One number per convolution, from the input (first) to the output.

    Attributes
    ----------
    weight_gradient : ndarray, float64, shape (L,)
        Euclidean norm of the loss' gradient with respect to the weights.
    weight : ndarray, float64, shape (L,)
        Euclidean norm of the weights.
    activation_variance : ndarray, float64, shape (L,)
        Variance of what the layer hands on, over images, channels and places.
    signal_gradient : ndarray, float64, shape (L,)
        Euclidean norm of the loss' gradient with respect to what the layer hands on, over the batch.
    """

    weight_gradient: NDArray[np.float64]
    weight: NDArray[np.float64]
    activation_variance: NDArray[np.float64]
    signal_gradient: NDArray[np.float64]

    @property
    def relative(self) -> NDArray[np.float64]:
        """Gradient norm over weight norm: how large a step of learning rate 1 is beside the weights."""
        with np.errstate(invalid="ignore", over="ignore"):
            return self.weight_gradient / self.weight


def measure_flow(net: LabNet, images: torch.Tensor, labels: torch.Tensor) -> Flow:
    """Send one batch forward and its cross-entropy back; the network is left as it was, except for batch statistics.

    Parameters
    ----------
    net : LabNet
    images : Tensor, float32, shape (N, 3, S, S)
    labels : Tensor, int64, shape (N,)
    """
    net.train()
    kept = net.activations(images)
    loss = torch.nn.functional.cross_entropy(net.head(kept[-1].mean(dim=(2, 3))), labels)
    weights = [parameter for layer in net.convolutions for parameter in layer.parameters() if parameter.ndim == 4]
    gradients = torch.autograd.grad(loss, [*weights, *kept])
    return Flow(
        weight_gradient=_norms(gradients[: len(weights)]),
        weight=_norms(weights),
        activation_variance=np.array([float(each.detach().double().var()) for each in kept]),
        signal_gradient=_norms(gradients[len(weights) :]),
    )


def measure_shattering(net: LabNet, images: torch.Tensor, *, pairs: int = 16, seed: int = 0) -> NDArray[np.float64]:
    """Correlate the gradients of nearby inputs: a network whose gradients look like noise gives 0 at once.

    Parameters
    ----------
    net : LabNet
    images : Tensor, float32, shape (N, 3, S, S)
        N >= 2 `pairs`; all of them set the statistics of the batch norms, which then stay fixed, so that the gradient
        at an input depends on this input alone.
    pairs : int
        Lines through pairs of images, along which the inputs lie.
    seed : int
        Chooses the random combination of the outputs whose gradient is taken.

    Returns
    -------
    ndarray, float64, shape (len(DISTANCES),)
        Mean cosine, over the pairs, of the gradients at an image and at `DISTANCES` of the way to another one.
    """
    for norm in net.norms:
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.reset_running_stats()
    net.train()
    with torch.no_grad():
        net(images)
    net.eval()
    start, end = images[:pairs], images[pairs : 2 * pairs]
    steps = torch.tensor((0.0, *DISTANCES)).view(-1, 1, 1, 1, 1)
    inputs = (start + steps * (end - start)).flatten(0, 1).requires_grad_()
    outputs = net(inputs)
    mix = torch.randn(outputs.shape[1], generator=torch.Generator().manual_seed(seed))
    (gradient,) = torch.autograd.grad((outputs @ mix).sum(), inputs)
    rows = gradient.double().reshape(len(DISTANCES) + 1, pairs, -1)
    rows = rows / rows.norm(dim=2, keepdim=True)
    return (rows[:1] * rows[1:]).sum(dim=2).mean(dim=1).numpy()


def _norms(tensors: Sequence[torch.Tensor]) -> NDArray[np.float64]:
    return np.array([float(each.detach().double().norm()) for each in tensors])
