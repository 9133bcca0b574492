"""From an embedder's torch network to an ONNX file with the same vectors, and to one of 8-bit numbers with its price.

The exported model is a folder like any other (``facerec.models.folder``), with the crop, the scaling and the averaging
of its parent: ``facerec models add`` takes it. Its bytes are others, so its digest is another; the operating points of
the parent go with the 32-bit file, because its vectors were found equal, and never with the 8-bit one.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from facerec.align.crops import crop_recipe, crop_weights
from facerec.embed.onnx_graph import onnx_forward, open_graph, resized, scaled, unit_length
from facerec.errors import ArgumentError, WeightsError
from facerec.extras import extra, onnx_runtime
from facerec.models import catalogue, weights
from facerec.models.folder import (
    ModelDescription,
    ModelFolder,
    Parent,
    Pixels,
    Terms,
    Training,
    WeightsIn,
    read_model,
)
from facerec.models.folder.values import WEIGHTS_FILES
from facerec.networks.onnx_file import OPSET, onnx_bytes, quiet
from facerec.training.names import exportable_name
from facerec.types import Chips, OperatingPoint

with extra("export"):
    import onnx

    # After this, whatever of ONNX Runtime is imported leaves no files behind.
    onnxruntime = onnx_runtime(of="export")
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

SAME = 1e-4
"""How far a number of a unit vector of the exported network may lie from the original's."""


@dataclass(frozen=True)
class Exportable:
    """A network of this project, with all that an embedder needs besides.

    Attributes
    ----------
    network : nn.Module
        In evaluation mode; scaled pixels, float32 (n, 3, size, size) → float32 (n, dimension).
    name, digest : str
        Of the embedder that it belongs to.
    crop : str
        Name of the crop recipe.
    pixels : Pixels
        The scaling before the network.
    flip : bool
        Whether the embedder averages with the mirror image.
    dimension : int
    terms : Terms
    training : Training
    parents : tuple of Parent
        What the network itself came from.
    """

    network: nn.Module
    name: str
    digest: str
    crop: str
    pixels: Pixels
    flip: bool
    dimension: int
    terms: Terms
    training: Training
    parents: tuple[Parent, ...] = ()


@dataclass(frozen=True)
class Exported:
    """An ONNX file that was tried out.

    Attributes
    ----------
    description : ModelDescription
        Of the model's folder.
    contents : bytes
        The file.
    chips : int
        On how many chips it was compared with the original.
    furthest : float
        The largest difference between a number of its unit vectors and the original's.
    lowest_cosine : float
        The smallest cosine between a vector and the original's.
    """

    description: ModelDescription
    contents: bytes
    chips: int
    furthest: float
    lowest_cosine: float


def exportable(name: str, *, model_files: Path | None = None) -> Exportable:
    """The network of an embedder, by its name.

    Parameters
    ----------
    name : str
        ``dlib-resnet``, or a trained model that was added.
    model_files : Path, optional
        Where to look first for weight files.

    Raises
    ------
    ArgumentError
        If no such embedder has a torch network of this project.
    MissingWeightsError, CorruptWeightsError
        If a file of it is absent or is not the expected one.
    """
    if exportable_name(name) == "dlib-resnet":
        return exportable_dlib_resnet(model_files=model_files)
    return exportable_trained(read_model(weights.models_folder() / name))


def exportable_trained(model: ModelFolder) -> Exportable:
    """The network of a trained model's folder.

    Raises
    ------
    ArgumentError
        If the model is an ONNX file already.
    CorruptWeightsError
        If the weights are not what the folder says they are.
    """
    from facerec.networks.face_network import rebuild

    about = model.description
    if about.kind == "onnx":
        message = f"{about.name} is an ONNX file already: {model.path / about.weights.file}"
        raise ArgumentError(message)
    return Exportable(
        network=rebuild(about.architecture, model.weights(), name=about.name),
        name=about.name,
        digest=about.digest,
        crop=about.crop,
        pixels=about.pixels,
        flip=about.flip,
        dimension=about.dimension,
        terms=about.terms,
        training=about.training,
        parents=about.parents,
    )


def pattern_chips(crop: str, *, count: int = 8) -> Chips:
    """Smooth coloured patterns in the size of a crop recipe, uint8 (count, size, size, 3), where no faces are at hand.

    Raises
    ------
    ArgumentError
        If no recipe has that name.
    """
    size = crop_recipe(crop).size
    coarse = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return resized(coarse, size)


def exportable_dlib_resnet(*, model_files: Path | None = None) -> Exportable:
    """The default embedder's network.

    Raises
    ------
    MissingWeightsError, CorruptWeightsError
        If a file of it is absent or is not the expected one.
    """
    from facerec.embed.dlib_resnet import dlib_resnet
    from facerec.networks.dlib_resnet import parse_dlib_resnet

    file = catalogue.DLIB_RESNET_WEIGHTS
    embedder = dlib_resnet(model_files=model_files)
    return Exportable(
        network=parse_dlib_resnet(weights.load(file, model_files=model_files), name=file.file_name),
        name=embedder.name,
        digest=embedder.digest,
        crop=embedder.crop.name,
        pixels=Pixels.preset("0..255"),  # the network's own first filters hold dlib's scaling
        flip=True,
        dimension=embedder.dimension,
        terms=_terms(catalogue.DLIB_RESNET),
        training=Training(catalogue.DLIB_RESNET.training_data, catalogue.DLIB_RESNET.training_terms),
    )


def export_float(source: Exportable, *, name: str, trial: Chips) -> Exported:
    """Write the network as an ONNX file of 32-bit numbers and compare its vectors with the original's.

    Parameters
    ----------
    source : Exportable
    name : str
        What the exported model is called.
    trial : ndarray, uint8, shape (n, size, size, 3)
        Chips of the source's crop on which both are compared, n >= 1.

    Returns
    -------
    Exported
        `Exported.furthest` is at most `SAME`.

    Raises
    ------
    ArgumentError
        If `trial` is empty.
    WeightsError
        If torch cannot export the network, or a vector differs by more than `SAME`.
    """
    if not len(trial):
        message = "an exported network is compared with the original on chips; none were given"
        raise ArgumentError(message)
    contents = onnx_bytes(source.network.eval(), source.pixels.size or trial.shape[1])
    exported = _tried_out(source, contents, name, trial, {"numbers": "float32", "opset": OPSET})
    if exported.furthest > SAME:
        message = (
            f"the exported network's vectors differ from those of {source.name} by up to {exported.furthest:.2g}; "
            f"at most {SAME:g} is allowed, so nothing was written"
        )
        raise WeightsError(message)
    return exported


def export_int8(source: Exportable, exported: Exported, *, name: str, calibration: Chips, trial: Chips) -> Exported:
    """Turn an exported network's numbers into 8-bit ones: smaller, often faster, and less accurate.

    Parameters
    ----------
    source : Exportable
    exported : Exported
        From `export_float`.
    name : str
        What the 8-bit model is called.
    calibration : ndarray, uint8, shape (m, size, size, 3)
        Chips that show which range each layer's numbers take, m >= 1.
    trial : ndarray, uint8, shape (n, size, size, 3)
        Chips of other people, on which both are compared, n >= 1.

    Raises
    ------
    ArgumentError
        If there are no chips.
    WeightsError
        If the 8-bit network cannot be run.

    References
    ----------
    Static quantisation of weights and activations: ONNX Runtime, "Quantize ONNX models"; Jacob et al. (2018), CVPR.
    """
    if not len(calibration) or not len(trial):
        message = "8-bit numbers need chips to calibrate on and others to compare on"
        raise ArgumentError(message)
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, small = (Path(folder) / file for file in ("plain.onnx", "prepared.onnx", "int8.onnx"))
        plain.write_bytes(exported.contents)
        with quiet():
            quant_pre_process(plain, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                small,
                _Chips(_scaled(calibration, source.pixels)),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,  # 7 bits: processors without VNNI overflow sums of 8-bit products, and say nothing
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        contents = small.read_bytes()
    details: dict[str, str | int] = {"numbers": "int8", "opset": OPSET, "chips for the ranges": len(calibration)}
    return _tried_out(source, contents, name, trial, details)


def points_of_the_same_vectors(
    points: Sequence[OperatingPoint], source: Exportable, exported: Exported
) -> tuple[OperatingPoint, ...]:
    """The parent's operating points for an exported network whose vectors were found equal to the parent's.

    Parameters
    ----------
    points : sequence of OperatingPoint
        Of any embedders; only the source's are taken.
    source : Exportable
    exported : Exported
        From `export_float`.

    Raises
    ------
    ArgumentError
        If the vectors differ by more than `SAME`: such a model has to be measured itself.
    """
    if exported.furthest > SAME:
        message = f"{exported.description.name} gives other vectors than {source.name}; measure it itself"
        raise ArgumentError(message)
    about = exported.description
    return tuple(
        replace(point, matcher=replace(point.matcher, embedder=about.name, embedder_digest=about.digest))
        for point in points
        if point.matcher.embedder_digest == source.digest
    )


def _terms(model: catalogue.Model) -> Terms:
    return Terms(model.weights_licence, model.commercial, model.commercial_reason)


def _tried_out(source: Exportable, contents: bytes, name: str, trial: Chips, details: dict[str, str | int]) -> Exported:
    size = source.pixels.size or trial.shape[1]
    forward = onnx_forward(open_graph(contents, name=f"{name}.onnx", size=size), source.pixels, flip=False)
    found, wanted = unit_length(forward(trial)), unit_length(_original(source, trial))
    description = ModelDescription(
        name=name,
        kind="onnx",
        architecture={},
        crop=source.crop,
        crop_weights=crop_weights(source.crop),
        pixels=source.pixels,
        flip=source.flip,
        dimension=source.dimension,
        weights=WeightsIn(WEIGHTS_FILES["onnx"], hashlib.sha256(contents).hexdigest(), len(contents)),
        terms=source.terms,
        training=replace(
            source.training,
            versions={
                **source.training.versions,
                "torch": torch.__version__,
                "onnx": onnx.__version__,
                "onnxruntime": onnxruntime.__version__,
            },
            details={**source.training.details, **details},
        ),
        parents=(*source.parents, Parent(source.name, source.digest, "start")),
    )
    furthest = float(abs(found - wanted).max())
    return Exported(description, contents, len(trial), furthest, float((found * wanted).sum(axis=1).min()))


@torch.inference_mode()
def _original(source: Exportable, trial: Chips) -> NDArray[np.float32]:
    images = torch.from_numpy(_scaled(trial, source.pixels))
    return torch.cat([source.network(part) for part in images.split(32)]).numpy()


def _scaled(chips: Chips, pixels: Pixels) -> NDArray[np.float32]:
    """Chips as the network takes them, NCHW."""
    return np.ascontiguousarray(scaled(chips, pixels).transpose(0, 3, 1, 2))


class _Chips(CalibrationDataReader):
    """Chips in batches, as ONNX Runtime's calibration asks for them."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self._batches: Iterator[NDArray[np.float32]] = iter(np.array_split(images, max(1, len(images) // 16)))

    def get_next(self) -> dict[str, Any] | None:
        """The next batch; ``None`` at the end."""
        batch = next(self._batches, None)
        return None if batch is None else {"image": batch}
