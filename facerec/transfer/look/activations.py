"""What any layer of a network hands on when it sees a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facerec.errors import ArgumentError

_SHOWN = 30


@dataclass(frozen=True, eq=False)
class Activation:
    """What one layer hands on for one photo.

    Attributes
    ----------
    layer : str
    shape : tuple of int
        Of the layer's output for one photo: channels, height, width; or what it is.
    maps : ndarray, float32, shape (channels, height, width)
        Channels of a layer without places (after pooling) are 1 × 1; of a transformer's tokens, those that stand for
        places, as a square.
    """

    layer: str
    shape: tuple[int, ...]
    maps: NDArray[np.float32]

    @property
    def strongest(self) -> NDArray[np.int64]:
        """Numbers of the channels, the one with the largest mean absolute value first."""
        return np.argsort(-np.abs(self.maps).mean(axis=(1, 2)), kind="stable")

    @property
    def silent(self) -> int:
        """Channels that are 0 everywhere on this photo."""
        return int((self.maps == 0).all(axis=(1, 2)).sum())


def layer_names(trunk: nn.Module) -> tuple[str, ...]:
    """Names of everything whose output can be looked at, from input to output as they are listed."""
    return tuple(_modules(trunk))


def short_name(qualified: str) -> str:
    """The name of a module of a ``Trunk`` as people know it: ``body.layer1.0.conv1`` is ``layer1.0.conv1``."""
    return qualified.removeprefix("body.").removeprefix("neck.")


def activations(trunk: nn.Module, pixels: Tensor, layers: Sequence[str]) -> tuple[Activation, ...]:
    """Run a photo through the network and keep what the named layers hand on.

    Parameters
    ----------
    trunk : nn.Module
        In evaluation mode.
    pixels : Tensor, float32, shape (1, 3, S, S)
        Normalised.
    layers : sequence of str
        As `layer_names` lists them.

    Raises
    ------
    ArgumentError
        If there is no such layer; the message lists those that there are.
        If a layer was not run, or its output is no tensor of channels.
    """
    modules = _modules(trunk)
    kept: dict[str, Tensor] = {}
    for layer in layers:
        if layer not in modules:
            raise ArgumentError(_unknown(layer, layer_names(trunk)))
    handles = [modules[layer].register_forward_hook(_keep(kept, layer)) for layer in layers]
    try:
        with torch.inference_mode():
            trunk(pixels)
    finally:
        for handle in handles:
            handle.remove()
    return tuple(_activation(layer, kept.get(layer)) for layer in layers)


def _modules(trunk: nn.Module) -> dict[str, nn.Module]:
    return {short_name(name): each for name, each in trunk.named_modules() if name not in ("", "body", "neck")}


def _keep(kept: dict[str, Tensor], layer: str):  # type: ignore[no-untyped-def] # noqa: ANN202 - torch's hook
    def hook(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            kept[layer] = output.detach().float().cpu().clone()

    return hook


def _activation(layer: str, output: Tensor | None) -> Activation:
    if output is None or output.ndim not in (2, 3, 4) or output.shape[0] != 1:
        message = f"layer {layer!r} hands on nothing that can be shown as channels; choose another layer"
        raise ArgumentError(message)
    values = output[0]
    shape = tuple(values.shape)
    if values.ndim == 1:
        maps = values[:, None, None]
    elif values.ndim == 2:  # tokens × channels; the first ones may stand for no place
        side = int(values.shape[0] ** 0.5)
        maps = values[values.shape[0] - side * side :].T.reshape(-1, side, side)
    else:
        maps = values
    return Activation(layer, shape, maps.numpy())


def _unknown(layer: str, names: Sequence[str]) -> str:
    close = get_close_matches(layer, names, n=3)
    meant = f"; did you mean {' or '.join(close)}?" if close else ";"
    listed = ", ".join(names[:_SHOWN])
    rest = f" … and {len(names) - _SHOWN} more (--json lists all)" if len(names) > _SHOWN else ""
    return f"this network has no layer {layer!r}{meant} it has {listed}{rest}"
