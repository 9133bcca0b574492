"""The exported networks in ONNX Runtime against the same network in torch, eager, one chip at a time, on one thread.

Run: python tests/benchmarks/export_benchmark.py
"""

import numpy as np
import torch
from scenes import many_faces
from timing import milliseconds, report

from facerec import Recognizer
from facerec.align.upright import upright_chips
from facerec.embed.onnx_graph import onnx_forward, open_graph
from facerec.models.folder import Terms, Training
from facerec.networks.backbone import load_backbone
from facerec.training.export import Exportable, Exported, export_float, export_int8, exportable_dlib_resnet
from facerec.training.recipe import TrainingRecipe
from facerec.training.start import new_network, pixels_of


def runs(exported: Exported, source: Exportable) -> object:
    """The exported network as an embedder runs it, without the mirror image."""
    graph = open_graph(exported.contents, name="exported", size=source.pixels.size or 150)
    return onnx_forward(graph, source.pixels, flip=False)


def exportable_lite0() -> Exportable:
    """A face network on EfficientNet-Lite0, whose head nobody trained: it takes the same time as a trained one."""
    backbone = load_backbone("efficientnet_lite0")
    network = new_network(backbone, TrainingRecipe(), size=150).eval()
    pixels, nothing = pixels_of(backbone, 150, 150), Terms("none", "no", "a benchmark")
    crop = "dlib-5pt-chip-150.v1"
    return Exportable(network, "lite0", "0" * 64, crop, pixels, True, network.dimension, nothing, Training())


def measure(source: Exportable, chips: np.ndarray) -> None:
    """Print one network's tables."""
    full = export_float(source, name="float32", trial=chips)
    small = export_int8(source, full, name="int8", calibration=chips[::2], trial=chips[1::2])
    float32, int8 = runs(full, source), runs(small, source)
    print(f"\n{source.name}: {len(full.contents) / 1e6:.1f} MB in 32 bits, {len(small.contents) / 1e6:.1f} MB in 8")
    print(f"largest difference of a unit vector's numbers: {full.furthest:.1g}; in 8 bits {small.furthest:.2g}")
    mean, std = (torch.tensor(each).reshape(1, 3, 1, 1) for each in (source.pixels.mean, source.pixels.std))

    @torch.inference_mode()
    def eager(part: np.ndarray) -> torch.Tensor:
        return source.network((torch.from_numpy(part).permute(0, 3, 1, 2).float().contiguous() - mean) / std)

    for count in (1, 16):
        part = chips[:count].copy()
        times = milliseconds(
            {"float32": lambda p=part: float32(p), "int8": lambda p=part: int8(p), "torch": lambda p=part: eager(p)},
            rounds=31 if count == 1 else 9,
        )
        for ours in ("float32", "int8"):
            aim = {"torch": 2 if count == 1 else 1}
            report(f"{count} chip(s), ONNX Runtime, {ours}", times, ours=ours, targets=aim)


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    recognizer, scene = Recognizer(), many_faces()
    chips = upright_chips(recognizer.embedder.crop, scene, recognizer.detector(scene))
    for source in (exportable_dlib_resnet(), exportable_lite0()):
        measure(source, chips)


if __name__ == "__main__":
    main()
