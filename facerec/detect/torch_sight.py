"""The cascade's networks and samplers in torch, on the processor or a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facerec.detect.nets import Nets, load_nets
from facerec.detect.sampling import ExactSampler, FastSampler, Sampler
from facerec.detect.sight import Finished, Mode, Proposed, Refined
from facerec.device import torch_device
from facerec.types import Image

_Pixels: TypeAlias = NDArray[np.int64]


class TorchNetworks:
    """The networks on one `device` (``cpu``, ``cuda`` or ``cuda:N``), which sample photos in this `mode`.

    `ArgumentError` if the device is unknown or absent; errors of the files as of ``weights.load``.
    """

    def __init__(self, *, mode: Mode, device: str = "cpu", model_files: Path | None = None) -> None:
        self._mode = mode
        self._device = torch_device(device)
        self.nets = load_nets(device=self._device, model_files=model_files)

    @torch.inference_mode()
    def __call__(self, image: Image) -> TorchSight:
        """See a photo, uint8 (height, width, 3)."""
        # A copy, because torch warns about sharing memory with an array that is read-only.
        photo = torch.from_numpy(image.copy()).to(self._device).permute(2, 0, 1)[None]
        return TorchSight(self.nets, FastSampler(photo) if self._mode == "fast" else ExactSampler(photo), self._device)


class TorchSight:
    """A photo on the device of the networks; see ``facerec.detect.sight.Sight``."""

    def __init__(self, nets: Nets, sampler: Sampler, device: torch.device) -> None:
        self._nets, self._sampler, self._device = nets, sampler, device

    @torch.inference_mode()
    def propose(self, scale: float, threshold: float) -> Proposed:
        """As ``Sight.propose``."""
        return Proposed(*_arrays(self._nets.propose(self._sampler.at_scale(scale), threshold)))

    @torch.inference_mode()
    def refine(self, pixels: _Pixels) -> Refined:
        """As ``Sight.refine``."""
        return Refined(*_arrays(self._nets.refine(self._crops(pixels, 24))))

    @torch.inference_mode()
    def finish(self, pixels: _Pixels) -> Finished:
        """As ``Sight.finish``."""
        return Finished(*_arrays(self._nets.finish(self._crops(pixels, 48))))

    def _crops(self, pixels: _Pixels, size: int) -> Tensor:
        return self._sampler.crops(torch.from_numpy(pixels).to(self._device), size)


def _arrays(tensors: tuple[Tensor, ...]) -> list[Any]:
    return [tensor.cpu().numpy() for tensor in tensors]
