"""From a trained model's folder to the function that its embedder holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facerec.embed.forward import forward_of
from facerec.embed.onnx_graph import resized
from facerec.errors import CorruptWeightsError
from facerec.models.folder import ModelFolder, Pixels
from facerec.networks.face_network import FaceNetwork, rebuild
from facerec.types import Chips


class Scaled(nn.Module):
    """A network behind the scaling of its pixels, which are in the order R, G, B."""

    def __init__(self, network: nn.Module, pixels: Pixels) -> None:
        super().__init__()
        self.network = network
        self.mean = nn.Buffer(torch.tensor(pixels.mean).reshape(1, 3, 1, 1), persistent=False)
        self.std = nn.Buffer(torch.tensor(pixels.std).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Float RGB 0 … 255, (n, 3, size, size), to vectors (n, d)."""
        return self.network((x - self.mean) / self.std)


def trained_forward(model: ModelFolder, *, device: str = "cpu") -> Callable[[Chips], NDArray[np.float32]]:
    """Return the function from chips to vectors of a trained model; several threads may call it at once.

    uint8 chips (n, size, size, 3) to float32 (n, d). `CorruptWeightsError` if the weights or the architecture are not
    what the folder says they are, `ArgumentError` if `device` is unknown or absent.
    """
    about = model.description
    network = rebuild(about.architecture, model.weights(), name=about.name)
    if network.dimension != about.dimension or about.pixels.channels != "RGB":
        message = f"{about.name}: model.json contradicts itself about the vectors' length or the order of channels"
        raise CorruptWeightsError(message)
    return network_forward(network, about.pixels, flip=about.flip, device=device)


def network_forward(
    network: FaceNetwork, pixels: Pixels, *, flip: bool, device: str = "cpu"
) -> Callable[[Chips], NDArray[np.float32]]:
    """As `trained_forward`, for a network in memory, which is kept and put into evaluation mode."""
    forward = forward_of(Scaled(network, pixels), device=device, flip=flip)
    return lambda chips: forward(resized(chips, pixels.size))
