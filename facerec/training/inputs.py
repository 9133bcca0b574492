"""What a step of training takes in: pixels, or what the stages that never move make of them, computed once.

With a backbone that stays as it is, its features are all that a training ever sees of a photo: of each chip and of its
mirror image, in a fixed order and in fixed batches, so that they are the same bits whenever they are computed. Where
only the last stages move, the same is done with the feature maps before them, as long as they fit.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from facerec.embed.onnx_graph import resized
from facerec.learning import feature_cache
from facerec.learning.precision import autocast
from facerec.models.folder import Pixels
from facerec.networks.face_network import FaceNetwork
from facerec.photos.prefetch import ahead
from facerec.training.people import People

HELD_BYTES = 1 << 30
"""How many bytes of feature maps are held; what needs more is computed in every step."""

_BATCH = 32
_VECTORS = 256


class Inputs(Protocol):
    """Photos of a training as the first moving stage takes them."""

    @property
    def stages(self) -> int:
        """How many stages of the trunk lie before it."""
        ...

    def batch(self, indices: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        """Those of some photos, float32, on the network's device; mirrored left to right where it says so."""
        ...


@dataclass(frozen=True, eq=False)
class FromPixels:
    """Chips, scaled when they are used.

    Attributes
    ----------
    people : People
    pixels : Pixels
    device : torch.device
    """

    people: People
    pixels: Pixels
    device: torch.device

    @property
    def stages(self) -> int:
        """None."""
        return 0

    def batch(self, indices: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        """As the contract says."""
        chips = resized(self.people.chips.take(indices), self.pixels.size)
        chips = np.where(mirrored[:, None, None, None], chips[:, :, ::-1], chips)
        x = torch.from_numpy(chips).to(self.device).permute(0, 3, 1, 2).float()  # rows of pixels: channels_last
        mean, std = (torch.tensor(each, device=self.device).reshape(1, 3, 1, 1) for each in _scaling(self.pixels))
        return x.sub_(mean).div_(std)


@dataclass(frozen=True, eq=False)
class Held:
    """What the stages that stay made of every photo.

    Attributes
    ----------
    outputs : ndarray, float32, shape (n, 2, …)
        Of each chip and of its mirror image.
    stages : int
    device : torch.device
    """

    outputs: NDArray[np.float32]
    stages: int
    device: torch.device

    def batch(self, indices: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        """As the contract says."""
        return torch.from_numpy(self.outputs[indices, mirrored.astype(np.int64)]).to(self.device)


@torch.no_grad()
def held_vectors(network: FaceNetwork, inputs: Held, photos: NDArray[np.int64]) -> NDArray[np.float32]:
    """Vectors of photos from what the stages that stay made of them; those of the embedder where that is in float32.

    Parameters
    ----------
    network : FaceNetwork
        Is put into evaluation mode.
    inputs : Held
    photos : ndarray, int64, shape (n,)

    Returns
    -------
    ndarray, float32, shape (n, d)
        Unit length; averaged with those of the mirror images.
    """
    network.eval()
    found = []
    for group in np.array_split(photos, max(1, -(-len(photos) // _VECTORS))):
        sides = [
            normalize(network.head(network.after(inputs.batch(group, np.full(len(group), mirrored)), inputs.stages)))
            for mirrored in (False, True)
        ]
        found.append(normalize(torch.stack(sides).sum(0)).cpu().numpy())
    return np.concatenate(found)


def inputs_of(
    network: FaceNetwork,
    people: People,
    pixels: Pixels,
    *,
    stages: int,
    weights: str,
    number: torch.dtype,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Inputs:
    """The inputs of a training whose first `stages` stages stay as they are.

    Parameters
    ----------
    network : FaceNetwork
        On its device, in the state that its first stages stay in, and these in evaluation mode.
    people : People
        All photos; a batch is asked for by their numbers.
    pixels : Pixels
    stages : int
        How many stages stay; 0 gives pixels.
    weights : str
        What the weights of these stages are, for the cache.
    number : torch.dtype
        The format that they compute in.
    cache : Path
        A folder for their outputs.
    progress : callable, optional
        Called with the photos done and the photos in all, where they have to be computed.

    Raises
    ------
    OutputError
        If the cache cannot be written.
    """
    plain = FromPixels(people, pixels, network.device)
    if not stages:
        return plain
    outputs = _Outputs(network, plain, stages, number)
    if outputs.bytes_of(len(people.files)) > HELD_BYTES:
        return plain
    key = hashlib.sha256(
        f"{people.digest} {pixels.text} {network.architecture['trunk']} {weights} {stages} {number}".encode()
    ).hexdigest()
    kept = feature_cache.read(cache, key)
    if kept is None:
        began = time.monotonic()
        kept = feature_cache.Kept(outputs.all(len(people.files), progress), time.monotonic() - began)
        feature_cache.write(cache, key, kept, about=f"{people.name}: {network.architecture['trunk']}, {stages} stages")
    return Held(kept.vectors, stages, network.device)


@dataclass(frozen=True, eq=False)
class _Outputs:
    network: FaceNetwork
    plain: FromPixels
    stages: int
    number: torch.dtype

    def bytes_of(self, photos: int) -> int:
        return photos * self.of(np.zeros(1, np.int64)).nbytes

    def all(self, photos: int, progress: Callable[[int, int], None] | None) -> NDArray[np.float32]:
        made = []
        groups = (np.arange(first, min(first + _BATCH, photos)) for first in range(0, photos, _BATCH))
        for outputs in ahead(self.of, groups, workers=1, depth=2):
            made.append(outputs)
            if progress is not None:
                progress(min(len(made) * _BATCH, photos), photos)
        return np.concatenate(made)

    @torch.no_grad()
    def of(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of some photos, (n, 2, …)."""
        sides = []
        for mirrored in (False, True):
            x = self.plain.batch(indices, np.full(len(indices), mirrored))
            with autocast(self.network.device, self.number):
                sides.append(self.network.before(x, self.stages).float().cpu().contiguous().numpy())
        return np.stack(sides, axis=1)


def _scaling(pixels: Pixels) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    return pixels.mean, pixels.std
