"""What a frozen backbone makes of each photo: one pass over the data, fast, kept on disk.

On a CPU every thread takes a few photos at a time all the way, from the file to the vectors, with the network on that
one thread: nothing waits for a file, and no core waits for another at each layer. On a GPU the threads read ahead of
it. The network is in evaluation mode, folded (see ``folding``) and channels last. A vector depends on its photo alone,
up to rounding: not on the batch, the order or the number of threads.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
from torch import Tensor, nn

from facerec.device import torch_device
from facerec.errors import ArgumentError, WeightsError
from facerec.learning import feature_cache
from facerec.learning.precision import Precision, resolved_precision
from facerec.networks.backbone import Backbone
from facerec.networks.fusion import folded
from facerec.networks.preprocessing import Preprocessing
from facerec.photos.prefetch import ahead
from facerec.transfer.image_set import ImageSet

Indices: TypeAlias = NDArray[np.int64]

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
        SHA-256, 64 hexadecimal digits, of all that the vectors depend on: weights, layer, preprocessing, precision,
        and the contents of the photos in their order.
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
    precision: Precision = "float32",
    batch_size: int | None = None,
    workers: int | None = None,
    device: str | None = None,
    cache: Path | None = None,
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
    precision : {"float32", "bfloat16", "auto"}
        Of the network's arithmetic; see ``resolved_precision`` for "auto".
    batch_size : int, optional
        Photos per pass, >= 1; by default 8 on a CPU (what its cache holds) and 64 on a GPU.
    workers : int, optional
        Threads, >= 1; by default as many as torch would use.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N``; by default the CPU.
    cache : Path, optional
        Folder of vectors computed before; made where it is absent. By default nothing is kept.
    progress : callable, optional
        Called with the photos done and the photos in all.

    Returns
    -------
    Features

    Raises
    ------
    ArgumentError
        If `precision`, `batch_size`, `workers`, `size` or `device` is not as above, or an index is not in the set.
    ImageError
        If a photo has become unreadable since the set was read.
    WeightsError
        If the network gives values that are not finite.
    OutputError
        If the cache cannot be written to.
    """
    for name, value in (("batch_size", batch_size), ("workers", workers)):
        if value is not None and value < 1:
            message = f"{name} must be 1 or more; got {value}"
            raise ArgumentError(message)
    where = torch_device(device or "cpu")
    chosen = np.arange(len(image_set)) if indices is None else np.asarray(indices, np.int64)
    if len(chosen) and not (chosen.min() >= 0 and chosen.max() < len(image_set)):
        message = f"indices must be 0 to {len(image_set) - 1}; got {chosen.min()} to {chosen.max()}"
        raise ArgumentError(message)
    preprocessing = backbone.preprocessing if size is None else backbone.preprocessing.at(size)
    number_type = resolved_precision(precision, where.type)
    key = _key(backbone, preprocessing, number_type, image_set, chosen)
    if cache is not None:
        if kept := feature_cache.read(cache, key):
            return Features(kept.vectors, key, kept.seconds, cached=True)
        whole = _key(backbone, preprocessing, number_type, image_set, np.arange(len(image_set)))
        if whole != key and (kept := feature_cache.read(cache, whole)):
            return Features(kept.vectors[chosen], key, kept.seconds * len(chosen) / len(image_set), cached=True)
    begin = time.perf_counter()
    vectors = np.empty((len(chosen), backbone.dimension), np.float32)
    network = folded(backbone.trunk().eval())
    network = network.to(where, torch.bfloat16 if number_type == "bfloat16" else torch.float32)
    network = network.to(memory_format=torch.channels_last)
    workers = workers or torch.get_num_threads()
    run = _on_threads if where.type == "cpu" else _on_gpu
    batch = batch_size or (_CPU_BATCH if where.type == "cpu" else _CUDA_BATCH)
    done = 0
    for rows in run(network, preprocessing, image_set, _batches(chosen, batch), where=where, workers=workers):
        vectors[done : done + len(rows)] = rows
        done += len(rows)
        if progress is not None:
            progress(done, len(chosen))
    if not np.isfinite(vectors).all():
        message = f"{backbone.name} gives features that are not finite, in {number_type}; its weights are not usable so"
        raise WeightsError(message)
    seconds = time.perf_counter() - begin
    if cache is not None:
        feature_cache.write(cache, key, feature_cache.Kept(vectors, seconds), about=backbone.name)
    return Features(vectors, key, seconds, cached=False)


def _key(
    backbone: Backbone, preprocessing: Preprocessing, number_type: str, image_set: ImageSet, chosen: Indices
) -> str:
    # Random weights are those of a seed in a version of torch.
    weights = backbone.weights_sha256 or f"random {backbone.name} torch {torch.__version__}"
    digest = hashlib.sha256()
    for text in (weights, backbone.architecture, LAYER, preprocessing.text, number_type):
        digest.update(text.encode() + b"\n")
    for index in chosen.tolist():
        digest.update(bytes.fromhex(image_set.digests[index]))
    return digest.hexdigest()


def _batches(chosen: Indices, size: int) -> list[Indices]:
    return [chosen[at : at + size] for at in range(0, len(chosen), size)]


def _pixels(preprocessing: Preprocessing, image_set: ImageSet, batch: Indices) -> Tensor:
    """Uint8 tensor, (n, 3, crop, crop)."""
    return torch.stack([preprocessing.evaluate(image_set.image(index)) for index in batch.tolist()])


def _vectors(network: nn.Module, preprocessing: Preprocessing, pixels: Tensor) -> NDArray[np.float32]:
    with torch.inference_mode():
        number_type = next(network.parameters()).dtype
        ready = preprocessing.normalise(pixels.contiguous(memory_format=torch.channels_last)).to(number_type)
        return network(ready).float().cpu().numpy()


def _on_threads(
    network: nn.Module,
    preprocessing: Preprocessing,
    image_set: ImageSet,
    batches: list[Indices],
    *,
    where: torch.device,  # noqa: ARG001 - the same call as _on_gpu
    workers: int,
) -> Iterator[NDArray[np.float32]]:
    threads = ThreadpoolController()

    def from_file_to_vectors(batch: Indices) -> NDArray[np.float32]:
        pixels = _pixels(preprocessing, image_set, batch)
        with _one_thread(threads):
            return _vectors(network, preprocessing, pixels)

    return ahead(from_file_to_vectors, batches, workers=workers, depth=2 * workers)


def _one_thread(threads: ThreadpoolController) -> AbstractContextManager[object]:
    """Torch computes on the calling thread alone; other threads are not concerned."""
    torch.get_num_threads()  # asked for the first time, torch sets the thread's number, and would overrule the limit
    return threads.limit(limits=1, user_api="openmp")


def _on_gpu(
    network: nn.Module,
    preprocessing: Preprocessing,
    image_set: ImageSet,
    batches: list[Indices],
    *,
    where: torch.device,
    workers: int,
) -> Iterator[NDArray[np.float32]]:
    def read(batch: Indices) -> Tensor:
        return _pixels(preprocessing, image_set, batch).pin_memory()

    # cuDNN would round float32 to 19 bits (TF32) by default.
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for pixels in ahead(read, batches, workers=workers, depth=2 * workers):
            yield _vectors(network, preprocessing, pixels.to(where, non_blocking=True))
