"""What a frozen backbone makes of each photo: one pass over the data, fast, kept on disk.

On a CPU every thread takes a few photos at a time all the way, from the file to the vectors, with the network on that
one thread: nothing waits for a file, and no core waits for another at each layer. On a GPU the threads read ahead of
it. The network is in evaluation mode with its batch norms folded, and runs in torch or in ONNX Runtime, whichever is
faster on this machine. A vector depends on its photo and the engine alone, up to rounding: not on the batch, the order,
the number of threads or of processes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facerec.device import torch_device
from facerec.errors import ArgumentError, WeightsError
from facerec.learning import feature_cache
from facerec.learning.team import Team
from facerec.networks.backbone import Backbone
from facerec.networks.preprocessing import Preprocessing
from facerec.photos.prefetch import ahead
from facerec.transfer import corruption
from facerec.transfer.engines import Engine, Forward, forward_of
from facerec.transfer.image_set import ImageSet

Indices = NDArray[np.int64]

LAYER = "pooled features, batch norms folded"
"""What is kept of the network; part of the cache's key, so that a change here never meets old vectors."""

_CPU_BATCH, _CUDA_BATCH = 8, 64


@dataclass(frozen=True, eq=False)
class Features:
    """A backbone's vectors of some photos.

    Attributes
    ----------
    vectors : ndarray, float32, shape (n, dimension)
        One row per photo.
    key : str
        SHA-256, 64 hexadecimal digits, of all that the vectors depend on: weights, layer, preprocessing, engine, and
        the contents of the photos in their order.
    seconds : float
        What computing them took; of vectors from the cache, what it took then.
    cached : bool
        Whether they came from the cache.
    """

    vectors: NDArray[np.float32]
    key: str
    seconds: float
    cached: bool


def extract(
    backbone: Backbone,
    image_set: ImageSet,
    *,
    size: int | None = None,
    indices: Indices | None = None,
    corrupt: bool = False,
    engine: Engine = "torch",
    batch_size: int | None = None,
    workers: int | None = None,
    device: str | None = None,
    cache: Path | None = None,
    team: Team | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Compute, or find in the cache, the features of photos.

    Parameters
    ----------
    backbone : Backbone
    image_set : ImageSet
    size : int, optional
        Side in pixels of the network's input; by default what the backbone was evaluated with.
    indices : ndarray, int64, optional
        Which photos, in which order; by default all. Their rows are taken from the whole set's, where the cache has it.
    corrupt : bool
        Whether the photos are corrupted first (``facerec.transfer.corruption``).
    engine : {"torch", "onnxruntime"}
        What runs the network; on a GPU torch does.
    batch_size : int, optional
        Photos per pass, >= 1; by default 8 on a CPU (what its cache holds) and 64 on a GPU.
    workers : int, optional
        Threads, >= 1; by default as many as torch would use.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N``; by default the CPU.
    cache : Path, optional
        Folder of vectors computed before; made where it is absent. By default nothing is kept.
    team : Team, optional
        Each process computes its part, all get the whole; the first one alone has a cache.
    progress : callable, optional
        Called with the photos done and the photos in all (of this process's part).

    Returns
    -------
    Features

    Raises
    ------
    ArgumentError
        If `batch_size`, `workers`, `size` or `device` is not as above, or an index is not in the set.
    ImageError
        If a photo has become unreadable since the set was read.
    WeightsError
        If the network gives values that are not finite, or the engine cannot run it.
    OutputError
        If the cache cannot be written to.
    """
    for name, value in (("batch_size", batch_size), ("workers", workers)):
        if value is not None and value < 1:
            message = f"{name} must be 1 or more; got {value}"
            raise ArgumentError(message)
    where, own = torch_device(device or "cpu"), team or Team()
    every = np.arange(len(image_set))
    chosen = every if indices is None else np.asarray(indices, np.int64)
    if len(chosen) and not (chosen.min() >= 0 and chosen.max() < len(image_set)):
        message = f"indices must be 0 to {len(image_set) - 1}; got {chosen.min()} to {chosen.max()}"
        raise ArgumentError(message)
    preprocessing = backbone.preprocessing if size is None else backbone.preprocessing.at(size)

    keys = [_key(backbone, preprocessing, engine, image_set, photos, corrupt=corrupt) for photos in (chosen, every)]
    kept = None if cache is None else _kept(cache, keys, chosen)
    found = own.any_of(kept is not None, where)
    begin = time.perf_counter()
    vectors = np.zeros((len(chosen), backbone.dimension), np.float32) if kept is None else kept.vectors
    if not found:
        part = own.part(chosen)
        forward = forward_of(backbone, preprocessing, engine, where)
        batch = batch_size or (_CPU_BATCH if where.type == "cpu" else _CUDA_BATCH)
        groups = [chosen[part][at : at + batch] for at in range(0, part.stop - part.start, batch)]
        pixels = _Pixels(preprocessing, image_set, corrupt=corrupt)
        done = part.start
        for rows in _run(forward, pixels, groups, where=where, workers=workers or torch.get_num_threads()):
            vectors[done : done + len(rows)] = rows
            done += len(rows)
            if progress is not None:
                progress(done - part.start, part.stop - part.start)
    vectors = own.sum_of(vectors, where)
    if not np.isfinite(vectors).all():
        message = f"{backbone.name} gives features that are not finite; its weights are not usable so"
        raise WeightsError(message)
    seconds = kept.seconds if kept is not None else time.perf_counter() - begin
    if cache is not None and not found:
        feature_cache.write(cache, keys[0], feature_cache.Kept(vectors, seconds), about=backbone.name)
    return Features(vectors, keys[0], seconds, cached=found)


def _kept(cache: Path, keys: list[str], chosen: Indices) -> feature_cache.Kept | None:
    """What the cache holds of the photos, or of the whole set."""
    if kept := feature_cache.read(cache, keys[0]):
        return kept
    if keys[0] == keys[1] or (whole := feature_cache.read(cache, keys[1])) is None:
        return None
    return feature_cache.Kept(whole.vectors[chosen], whole.seconds * len(chosen) / len(whole.vectors))


def _key(
    backbone: Backbone,
    preprocessing: Preprocessing,
    engine: Engine,
    image_set: ImageSet,
    chosen: Indices,
    *,
    corrupt: bool,
) -> str:
    # Random weights are those of a seed in a version of torch.
    weights = backbone.weights_sha256 or f"random {backbone.name} torch {torch.__version__}"
    photos = corruption.VERSION if corrupt else "photos as they are"
    digest = hashlib.sha256()
    for text in (weights, backbone.architecture, LAYER, preprocessing.text, engine, photos):
        digest.update(text.encode() + b"\n")
    for index in chosen.tolist():
        digest.update(bytes.fromhex(image_set.digests[index]))
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Photos as the network takes them, before normalisation."""

    preprocessing: Preprocessing
    image_set: ImageSet
    corrupt: bool

    def __call__(self, batch: Indices) -> Tensor:
        """Uint8 tensor, (n, 3, crop, crop)."""
        photos = [self.preprocessing.evaluate(self.image_set.image(index)) for index in batch.tolist()]
        if self.corrupt:
            digests = [self.image_set.digests[index] for index in batch.tolist()]
            photos = [corruption.corrupted(*each) for each in zip(photos, digests, strict=True)]
        return torch.stack(photos)


def _run(
    forward: Forward, pixels: _Pixels, batches: list[Indices], *, where: torch.device, workers: int
) -> Iterator[NDArray[np.float32]]:
    if where.type == "cpu":
        yield from ahead(lambda batch: forward(pixels(batch)), batches, workers=workers, depth=2 * workers)
        return
    # cuDNN would round float32 to 19 bits (TF32) by default.
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for ready in ahead(lambda batch: pixels(batch).pin_memory(), batches, workers=workers, depth=2 * workers):
            yield forward(ready.to(where, non_blocking=True))
