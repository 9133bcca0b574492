"""What runs a frozen network: torch, or ONNX Runtime, which on a processor is often several times as fast.

Both compute in float32: bfloat16 is faster where the processor has it, but moves features by a tenth of the largest,
and a result must not depend on the machine that it was measured on.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from platformdirs import user_cache_path
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
from torch import Tensor

from facerec.errors import MissingExtraError, OutputError, WeightsError
from facerec.extras import onnx_runtime
from facerec.files import read_regular, replacing
from facerec.networks.backbone import Backbone
from facerec.networks.fusion import folded
from facerec.networks.onnx_file import OPSET, onnx_bytes
from facerec.networks.preprocessing import Preprocessing

Engine: TypeAlias = Literal["torch", "onnxruntime"]
Forward: TypeAlias = Callable[[Tensor], NDArray[np.float32]]
"""Pixels, uint8 (n, 3, size, size), to vectors, float32 (n, dimension), on the calling thread."""

TOLERANCE = 1e-4
"""How far a number of a vector may lie from torch's, as a share of the largest; rounding moves it by 1e-6."""

_EXPORT = 8.0  # seconds; what it takes to write a network as a file, once
_TRIED = 4
_LARGEST = 4 << 30


def forward_of(backbone: Backbone, preprocessing: Preprocessing, engine: Engine, where: torch.device) -> Forward:
    """A backbone's trunk, ready to run.

    Raises
    ------
    WeightsError
        If the engine cannot run it, or gives other vectors than torch.
    """
    by_torch = _of_torch(backbone, preprocessing, where)
    if engine == "torch" or where.type != "cpu":
        return by_torch
    faster = _of_onnxruntime(backbone, preprocessing)
    trial = _trial(preprocessing)
    wanted, found = by_torch(trial), faster(trial)
    furthest = float(np.abs(wanted - found).max() / max(float(np.abs(wanted).max()), 1e-12))
    if not furthest <= TOLERANCE:
        _kept(backbone, preprocessing).unlink(missing_ok=True)
        message = f"ONNX Runtime gives other features of {backbone.name} than torch: {furthest:.1e} of the largest"
        raise WeightsError(message)
    return faster


def fastest_engine(backbone: Backbone, preprocessing: Preprocessing, photos: int, where: torch.device) -> Engine:
    """The engine that will have computed the features of so many photos first; timed on this machine, on one thread.

    A network that was not yet written as a file for ONNX Runtime is, where that pays.
    """
    if where.type != "cpu":
        return "torch"
    own = _seconds(_of_torch(backbone, preprocessing, where), preprocessing)
    if not _kept(backbone, preprocessing).exists() and photos * own < 2 * _EXPORT:
        return "torch"
    try:
        other = _seconds(forward_of(backbone, preprocessing, "onnxruntime", where), preprocessing)
    except (WeightsError, MissingExtraError):  # a network that cannot be exported still runs in torch
        return "torch"
    return "onnxruntime" if other < own else "torch"


def _seconds(forward: Forward, preprocessing: Preprocessing) -> float:
    """Of one photo."""
    trial = _trial(preprocessing)
    forward(trial)
    marks = []
    for _ in range(3):
        began = time.perf_counter()
        forward(trial)
        marks.append(time.perf_counter() - began)
    return min(marks) / len(trial)


def _trial(preprocessing: Preprocessing) -> Tensor:
    shape = (_TRIED, 3, preprocessing.crop, preprocessing.crop)
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def _of_torch(backbone: Backbone, preprocessing: Preprocessing, where: torch.device) -> Forward:
    network = folded(backbone.trunk().eval()).to(where).to(memory_format=torch.channels_last)
    threads = ThreadpoolController()

    def forward(pixels: Tensor) -> NDArray[np.float32]:
        # Torch computes on the calling thread alone; other threads are not concerned. Asked for the first time, torch
        # sets the thread's number, and would overrule the limit.
        torch.get_num_threads()
        with threads.limit(limits=1, user_api="openmp"), torch.inference_mode():
            ready = preprocessing.normalise(pixels.contiguous(memory_format=torch.channels_last))
            return network(ready).float().cpu().numpy()

    return forward


def _of_onnxruntime(backbone: Backbone, preprocessing: Preprocessing) -> Forward:
    runtime = onnx_runtime(of="transfer")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    contents = _exported(backbone, preprocessing)
    try:
        session = runtime.InferenceSession(contents, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:
        _kept(backbone, preprocessing).unlink(missing_ok=True)
        message = f"ONNX Runtime {runtime.__version__} cannot run {backbone.name}: {error}"
        raise WeightsError(message) from error
    name = session.get_inputs()[0].name

    def forward(pixels: Tensor) -> NDArray[np.float32]:
        images = preprocessing.normalise(pixels).contiguous().numpy()
        return np.asarray(session.run(None, {name: images})[0], np.float32)

    return forward


def _exported(backbone: Backbone, preprocessing: Preprocessing) -> bytes:
    """The network as an ONNX file: from the user's cache, or made and kept there."""
    path = _kept(backbone, preprocessing)
    with suppress(WeightsError):
        return read_regular(path, limit=_LARGEST, error=WeightsError)
    contents = onnx_bytes(folded(backbone.trunk().eval()), preprocessing.crop)
    with suppress(OSError, OutputError):  # what cannot be kept is made again the next time
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_bytes(contents)
    return contents


def _kept(backbone: Backbone, preprocessing: Preprocessing) -> Path:
    # Random weights are those of a seed in a version of torch.
    told = f"{backbone.architecture} {backbone.weights_sha256} {preprocessing.crop} {torch.__version__} opset {OPSET} 1"
    name = f"{hashlib.sha256(told.encode()).hexdigest()}.onnx"
    return user_cache_path("facerec", appauthor=False) / "networks" / name
