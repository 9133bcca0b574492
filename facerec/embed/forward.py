"""From a torch network to the function that an ``Embedder`` holds: batches, mirror images, number format, device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from facerec.device import torch_device
from facerec.errors import ArgumentError
from facerec.types import Chips

if TYPE_CHECKING:
    from torch import nn

Precision: TypeAlias = Literal["float32", "bfloat16"]

# 32 chips of 150 pixels fill the caches of present processors; larger batches are no faster and need more memory.
_BATCH = 32


def forward_of(
    network: nn.Module, *, device: str = "cpu", flip: bool, precision: Precision = "float32"
) -> Callable[[Chips], NDArray[np.float32]]:
    """Return the function from chips to vectors that `network` computes; several threads may call it at once.

    The network takes float RGB 0 … 255, shape (n, 3, size, size), and gives (n, d); it is moved to `device` (``cpu``,
    ``cuda`` or ``cuda:N``) and kept. `flip` averages the unit vectors of each chip and of its mirror image: twice the
    work, more accurate. The `precision` ``bfloat16`` is about twice as fast where the processor computes in it (AVX-512
    BF16, AMX, recent GPUs) and slower elsewhere. It moves a unit vector by about 0.01, so galleries and thresholds stay
    valid. Another device or precision is an `ArgumentError`.
    """
    if precision not in get_args(Precision):
        message = f"precision must be one of {', '.join(get_args(Precision))}; got {precision!r}"
        raise ArgumentError(message)
    place = torch_device(device)
    import torch
    from torch.nn.functional import normalize

    number = getattr(torch, precision)
    network = network.eval().requires_grad_(requires_grad=False).to(device=place, dtype=number)
    network = network.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def forward(chips: Chips) -> NDArray[np.float32]:
        vectors = []
        step = _BATCH // 2 if flip else _BATCH
        for first in range(0, len(chips), step):
            # The copy makes the memory writable, without which torch warns.
            batch = torch.from_numpy(chips[first : first + step].copy()).to(place).permute(0, 3, 1, 2).to(number)
            count = len(batch)
            if flip:
                batch = torch.cat([batch, batch.flip(3)])
            out = network(batch).float()
            if flip:
                out = normalize(out[:count]) + normalize(out[count:])
            vectors.append(out.cpu().numpy())
        return np.concatenate(vectors)

    return forward
