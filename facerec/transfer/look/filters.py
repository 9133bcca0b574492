"""The first layer's filters as small colour images.

In a trained network they are edges, blobs and gratings; in a random one they are noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from facerec.errors import ArgumentError
from facerec.transfer.look.activations import short_name


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of the first convolution.

    Attributes
    ----------
    layer : str
        Its name.
    weights : ndarray, float32, shape (n, 3, height, width)
        For the channels R, G, B.
    """

    layer: str
    weights: NDArray[np.float32]

    @property
    def pictures(self) -> NDArray[np.uint8]:
        """Each filter scaled by its own largest weight, 0 as middle grey; shape (n, height, width, 3)."""
        largest = np.abs(self.weights).max(axis=(1, 2, 3), keepdims=True)
        scaled = 127.5 + 127.5 * self.weights / np.maximum(largest, np.float32(1e-12))
        return scaled.round().astype(np.uint8).transpose(0, 2, 3, 1)

    @property
    def colourfulness(self) -> float:
        """Share of the weights' energy that is not common to the three channels: 0 grey, about 0.67 for noise."""
        energy = float((self.weights.astype(np.float64) ** 2).sum())
        grey = float((self.weights.astype(np.float64).mean(axis=1) ** 2).sum() * 3)
        return 1 - grey / energy if energy else 0.0

    @property
    def smoothness(self) -> float:
        """Mean correlation of weights that lie side by side: about 0 for noise, towards 1 for smooth filters."""
        weights = self.weights
        if min(weights.shape[2:]) < 2:
            return float("nan")
        pairs = ((weights[..., 1:], weights[..., :-1]), (weights[..., 1:, :], weights[..., :-1, :]))
        return float(np.mean([_correlation(left, right) for left, right in pairs]))


def first_filters(trunk: nn.Module) -> Filters:
    """Return the filters of the first convolution that sees the photo itself.

    Parameters
    ----------
    trunk : nn.Module

    Raises
    ------
    ArgumentError
        If no convolution of the network has three input channels.
    """
    for name, module in trunk.named_modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == 3 and module.groups == 1:
            with torch.no_grad():
                return Filters(short_name(name), module.weight.detach().float().cpu().numpy().copy())
    message = "this network has no convolution over the three colours of a photo, so it has no filters to show"
    raise ArgumentError(message)


def _correlation(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    a, b = left.astype(np.float64).ravel(), right.astype(np.float64).ravel()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale else 0.0
