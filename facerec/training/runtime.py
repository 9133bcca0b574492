"""From torch networks to a runtime's folder: graphs of a detector and an embedder, compared with the originals.

What the graphs give is what the torch networks give, to rounding, so they keep the names and the digest of the
originals, and with these their operating points, galleries and gate. Every decision made on them names the runtime.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import facerec
from facerec import similarity
from facerec.align.crops import DlibChip
from facerec.align.landmarks import LandmarkTrees, pack_trees
from facerec.detect.load import load_detector
from facerec.detect.nets import Nets, ONet, PNet, RNet, load_nets
from facerec.detect.onnx_sight import OnnxNetworks, in_batches
from facerec.embed.load import load_embedder
from facerec.errors import WeightsError
from facerec.extras import extra, onnx_runtime
from facerec.models import catalogue, weights
from facerec.models.folder import Terms, read_model
from facerec.models.runtime import (
    RuntimeDescription,
    RuntimeDetector,
    RuntimeEmbedder,
    RuntimeFolder,
    stated,
    write_runtime,
)
from facerec.networks.onnx_file import graph_bytes, onnx_bytes
from facerec.training.export import exportable, pattern_chips
from facerec.training.names import exportable_name
from facerec.types import Embedder

with extra("export"):
    import onnx

SAME = 1e-5
"""How far a number of a unit vector of a runtime's embedder may lie from the original's, on equal chips."""
_SAME_ANSWER = 1e-4  # of the detector's networks: in parts of a box, or of a probability
_DETECTOR = "mtcnn"


@dataclass(frozen=True)
class ExportedRuntime:
    """A runtime's folder that was tried out.

    `chips` says on how many chips the embedder was compared with the original; `furthest` is the largest difference
    between a number of its unit vectors and the original's, `furthest_answer` that of the detector's networks.
    """

    folder: RuntimeFolder
    chips: int
    furthest: float
    furthest_answer: float


def export_runtime(name: str, folder: Path, *, model_files: Path | None = None) -> ExportedRuntime:
    """Write a runtime's folder with the default detector and the embedder of that name.

    Parameters
    ----------
    name : str
        ``dlib-resnet``, or a model that was added.
    folder : Path
        Must not exist.
    model_files : Path, optional
        Where to look first for weight files.

    Raises
    ------
    ArgumentError
        If no such embedder can be exported.
    MissingWeightsError, CorruptWeightsError
        If a file of it is absent or is not the expected one.
    WeightsError
        If torch cannot export a network, or an exported one gives other numbers than the original.
    OutputError
        If `folder` exists, or cannot be written to; nothing is left behind.
    """
    exportable_name(name)
    nets = load_nets(device=torch.device("cpu"), model_files=model_files)
    embedder = load_embedder(name, model_files=model_files)
    embedding, files = _embedder(name, embedder, model_files)
    graphs = _detector_graphs(nets)
    terms = catalogue.MTCNN
    detector = RuntimeDetector(
        name=_DETECTOR,
        recipe=load_detector(_DETECTOR, model_files=model_files).name,
        networks={each: stated(f"{each}.onnx", graph) for each, graph in graphs.items()},
        terms=Terms(terms.weights_licence, terms.commercial, terms.commercial_reason),
    )
    versions = {
        "facerec": facerec.__version__,
        "torch": torch.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnx_runtime(of="export").__version__,
    }
    described = RuntimeDescription(detector, embedding, similarity.NAME, versions)
    found: list[float] = []

    def check(made: RuntimeFolder) -> None:
        found.extend((_embedder_difference(embedder, made), _answers_difference(nets, OnnxNetworks(made))))
        for difference, most, what in zip(found, (SAME, _SAME_ANSWER), (name, _DETECTOR), strict=True):
            if not difference <= most:
                message = (
                    f"the exported graphs of {what} differ from the original by up to {difference:.2g}; at most "
                    f"{most:g} is allowed, so nothing was written"
                )
                raise WeightsError(message)

    contents = {f"{each}.onnx": graph for each, graph in graphs.items()} | files
    made = write_runtime(folder, described, contents, check=check)
    return ExportedRuntime(made, len(pattern_chips(embedder.crop.name)), *found)


def _embedder(name: str, embedder: Embedder, model_files: Path | None) -> tuple[RuntimeEmbedder, dict[str, bytes]]:
    """What the manifest says of the embedder, and its files."""
    output = None
    added = read_model(weights.models_folder() / name) if name in weights.added_models() else None
    if added is not None and added.description.kind == "onnx":
        about, graph = added.description, added.weights()
        terms, pixels = about.terms, about.pixels
        output = about.architecture.get("output")
    else:
        source = exportable(name, model_files=model_files)
        terms, pixels = source.terms, source.pixels
        graph = onnx_bytes(source.network.eval(), pixels.size or embedder.crop.size)
    files = {"embedder.onnx": graph}
    crop = embedder.crop
    if isinstance(crop, DlibChip) and isinstance(crop.trees, LandmarkTrees):
        files["landmarks.npz"] = pack_trees(crop.trees)
    described = RuntimeEmbedder(
        name=embedder.name,
        digest=embedder.digest,
        dimension=embedder.dimension,
        crop=crop.name,
        pixels=pixels,
        flip=embedder.mirrored,
        graph=stated("embedder.onnx", graph),
        landmarks=stated("landmarks.npz", files["landmarks.npz"]) if "landmarks.npz" in files else None,
        terms=terms,
        output=output,
    )
    return described, files


class _Proposal(nn.Module):
    """uint8 (3, h, w) to each cell's log odds and its four moves, (5, rows, columns)."""

    def __init__(self, net: PNet) -> None:
        super().__init__()
        self.net, self.pool, self.last = net, nn.MaxPool2d(2, 2, ceil_mode=True), nn.Conv2d(32, 5, 1)
        # The softmax over two classes is the logistic function of their difference.
        for name in ("weight", "bias"):
            odds, moves = net.conv4_1.get_parameter(name), net.conv4_2.get_parameter(name)
            setattr(self.last, name, nn.Parameter(torch.cat([odds[1:] - odds[:1], moves]), requires_grad=False))

    def forward(self, level: Tensor) -> Tensor:
        net = self.net
        x = self.pool(net.prelu1(net.conv1(level[None].float())))
        return self.last(net.prelu3(net.conv3(net.prelu2(net.conv2(x)))))[0]


class _OfCrops(nn.Module):
    """Crops with the channels last, float32 (n, size, size, 3), to a network's answers; of its two classes the face."""

    def __init__(self, net: RNet | ONet) -> None:
        super().__init__()
        self.net = net

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        *moves, probabilities = self.net(crops.permute(0, 3, 1, 2))
        return (*moves, probabilities[:, 1])


def _detector_graphs(nets: Nets) -> dict[str, bytes]:
    level = torch.zeros(3, 64, 80, dtype=torch.uint8)
    free, crops = {0: "n"}, {side: torch.zeros(2, side, side, 3) for side in (24, 48)}
    refinement, output = _OfCrops(nets.refinement).eval(), _OfCrops(nets.output).eval()
    return {
        "proposal": graph_bytes(
            _Proposal(nets.proposal).eval(), level, free={1: "height", 2: "width"}, takes="level", gives=("cells",)
        ),
        "refinement": graph_bytes(refinement, crops[24], free=free, takes="crops", gives=("moves", "scores")),
        "output": graph_bytes(output, crops[48], free=free, takes="crops", gives=("moves", "places", "scores")),
    }


def _embedder_difference(embedder: Embedder, folder: RuntimeFolder) -> float:
    chips = pattern_chips(embedder.crop.name)
    light = load_embedder(None, runtime=folder)
    return float(abs(light(chips) - embedder(chips)).max())


@torch.inference_mode()
def _answers_difference(nets: Nets, light: OnnxNetworks) -> float:
    """Between the networks' answers to the same noise, in a batch and to a crop alone."""
    generator = np.random.default_rng(0)
    _, refinement, output = light.sessions
    differences = []
    for session, answer, side in ((refinement, nets.refine, 24), (output, nets.finish, 48)):
        for count in (1, 5):
            crops = (generator.random((count, side, side, 3), np.float32) * 255).astype(np.float32)
            theirs = answer(torch.from_numpy(crops).permute(0, 3, 1, 2))
            pairs = zip(in_batches(session, crops, count), theirs, strict=True)
            differences += [float(abs(mine - other.numpy()).max()) for mine, other in pairs]
    return max(differences)
