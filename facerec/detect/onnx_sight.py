"""The cascade's networks as ONNX graphs of a runtime's folder; no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.detect.array_sampling import ArraySampler
from facerec.detect.sight import STRIDE, Finished, Proposed, Refined, strips
from facerec.graphs.session import open_session, runtime_name
from facerec.models.runtime import NETWORKS, RuntimeFolder, read_runtime
from facerec.types import Image

if TYPE_CHECKING:
    import onnxruntime

_Pixels: TypeAlias = NDArray[np.int64]

# As for the torch networks: larger batches leave the processor's cache.
_REFINE_BATCH = 64
_OUTPUT_BATCH = 32


class OnnxNetworks:
    """The three graphs of a runtime's folder, which sample photos in the fast mode.

    Several threads may share it. It pickles: another process reads the folder, which must be the same, again. Errors
    are those of ``RuntimeFolder.contents`` and ``facerec.graphs.session.open_session``.
    """

    def __init__(self, folder: RuntimeFolder) -> None:
        self._folder = folder
        files = (folder.description.detector.networks[name] for name in NETWORKS)
        self.sessions = [open_session(folder.contents(file), name=str(folder.path / file.file)) for file in files]
        self.runtime = runtime_name(folder.digest)

    def __call__(self, image: Image) -> OnnxSight:
        """See a photo, uint8 (height, width, 3)."""
        return OnnxSight(self.sessions, ArraySampler(image))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._folder.path, self._folder.digest)


class OnnxSight:
    """A photo as the graphs see it; see ``facerec.detect.sight.Sight``."""

    def __init__(self, sessions: Sequence[onnxruntime.InferenceSession], sampler: ArraySampler) -> None:
        self._proposal, self._refinement, self._output = sessions
        self._sampler = sampler

    def propose(self, scale: float, threshold: float) -> Proposed:
        """As ``Sight.propose``: the graph gives each cell's log odds and its four moves."""
        level = self._sampler.at_scale(scale)
        least = math.log(threshold / (1 - threshold))
        found = []
        for rows in strips(*level.shape[1:]):
            (told,) = self._proposal.run(None, {"level": level[:, rows]})
            evidence, moves = told[0].ravel(), told[1:].reshape(4, -1)
            numbers = np.flatnonzero(evidence >= least)
            columns = told.shape[2]
            cells = np.stack([numbers % columns, numbers // columns + rows.start // STRIDE], axis=1)
            found.append((cells, 1 / (1 + np.exp(-evidence[numbers])), moves[:, numbers].T))
        return Proposed(*map(np.concatenate, zip(*found, strict=True)))

    def refine(self, pixels: _Pixels) -> Refined:
        """As ``Sight.refine``."""
        return Refined(*in_batches(self._refinement, self._sampler.crops(pixels, 24), _REFINE_BATCH))

    def finish(self, pixels: _Pixels) -> Finished:
        """As ``Sight.finish``."""
        return Finished(*in_batches(self._output, self._sampler.crops(pixels, 48), _OUTPUT_BATCH))


def in_batches(session: onnxruntime.InferenceSession, crops: NDArray[np.float32], size: int) -> list[Any]:
    """The answers of a graph to crops, float32 (n, side, side, 3), `size` of them at once."""
    parts = np.array_split(crops, math.ceil(len(crops) / size))
    answers = [session.run(None, {"crops": part}) for part in parts]
    return [np.concatenate(each) for each in zip(*answers, strict=True)]


def _again(path: Path, digest: str) -> OnnxNetworks:
    return OnnxNetworks(read_runtime(path, digest=digest))
