"""The second embedder: InceptionResnetV1 of facenet-pytorch, 512-D, trained on VGGFace2.

Its weights come with no package and are not free of doubt (``facerec models``), so the user fetches them once or puts
them into a folder. The network is facenet-pytorch's own; only its constructor's download and its unrestricted
unpickling are avoided: the file is checked by SHA-256 and nothing but tensors is taken from it.

Reference: C. Szegedy et al., Inception-v4, Inception-ResNet and the impact of residual connections on learning, 2017.
"""

from __future__ import annotations

import io
import os
import pickle
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import PIL.Image
import torch
from facenet_pytorch.models.inception_resnet_v1 import InceptionResnetV1
from numpy.typing import NDArray

from facerec.catalogue import FACENET_WEIGHTS
from facerec.device import torch_device
from facerec.errors import ArgumentError, CorruptWeightsError
from facerec.types import Chips, Detections, Embedder, Image
from facerec.weights import WeightFile, embedder_digest, load

Precision: TypeAlias = Literal["float32", "bfloat16"]
"""Number type of the arithmetic; bfloat16 is faster where the processor has it (batches: 3.7 times) and less exact."""

_DIMENSION = 512
_AT_ONCE = 32
_PREPROCESSING = "InceptionResnetV1 of (x - 127.5) / 128, unit length, v1"


@dataclass(frozen=True)
class BoxCrop:
    """Crop recipe of facenet-pytorch: the box and a margin, cut at the photo's edges, resized to a square.

    Unlike other recipes it neither turns the face upright nor keeps its aspect, and where the box reaches beyond the
    photo it is cut and not padded: the network was trained on such crops.

    Attributes
    ----------
    size : int
        Side of the square in pixels.
    margin : int
        Width added to the box, both sides together, in pixels of the square.
    """

    size: int = 160
    margin: int = 14

    def __post_init__(self) -> None:
        if not 0 <= self.margin < self.size:
            message = f"margin must be from 0 to less than the size of {self.size}; got {self.margin}"
            raise ArgumentError(message)

    @property
    def name(self) -> str:
        """Name and version."""
        return f"box-{self.size}-margin-{self.margin} v1"

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection.

        Parameters
        ----------
        image : ndarray, uint8, shape (height, width, 3)
            The photo.
        detections : Detections
            Only the boxes are used.

        Returns
        -------
        ndarray, uint8, shape (n, size, size, 3)
            Black where a box lies wholly outside the photo.
        """
        height, width = image.shape[:2]
        chips = np.zeros((len(detections), self.size, self.size, 3), np.uint8)
        for chip, box in zip(chips, detections.boxes.astype(np.float64), strict=True):
            half = self.margin * (box[2:] - box[:2]) / (self.size - self.margin) / 2
            left, top = np.maximum(box[:2] - half, 0).astype(int)
            right, bottom = np.minimum(box[2:] + half, (width, height)).astype(int)
            if left < right and top < bottom:
                cut = PIL.Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
                chip[:] = np.asarray(cut.resize((self.size, self.size), PIL.Image.Resampling.BILINEAR))
        return chips


def facenet(
    *,
    device: str = "cpu",
    folder: str | os.PathLike[str] | None = None,
    flip: bool = True,
    precision: Precision = "float32",
    weight: WeightFile = FACENET_WEIGHTS,
) -> Embedder:
    """Make the embedder.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    folder : path, optional
        A folder that holds the weights, looked into first; see `facerec.weights.locate`.
    flip : bool
        Whether to average the vectors of a chip and of its mirror image, each of unit length: twice the time, and a
        little more accurate. Embedders with and without are two, and their vectors must not meet.
    precision : {"float32", "bfloat16"}
        Number type of the arithmetic. It is not part of the digest: vectors of both may meet.
    weight : WeightFile
        The weights; others than the catalogue's are for networks of the same shape that the user trained.

    Returns
    -------
    Embedder
        Of dimension 512; thread-safe.

    Raises
    ------
    MissingWeightsError
        If the weights are nowhere; the message says where they were looked for and how to get them.
    CorruptWeightsError
        If they are not the file that they should be, or hold another network.
    ArgumentError
        If `device` or `precision` is unknown, or the machine has no such device.
    """
    if precision not in get_args(Precision):
        message = f"precision must be one of {', '.join(get_args(Precision))}; got {precision!r}"
        raise ArgumentError(message)
    target, number = torch_device(device), getattr(torch, precision)
    network = _network(load(weight, folder=folder), name=weight.file_name)
    network.to(device=target, dtype=number, memory_format=torch.channels_last)

    def forward(chips: Chips) -> NDArray[np.float32]:
        vectors = np.empty((len(chips), _DIMENSION), np.float32)
        with torch.inference_mode():
            for start in range(0, len(chips), _AT_ONCE):
                # Copied, because torch takes neither read-only nor mirrored arrays; permuted, the chips lie as
                # channels_last wants them.
                block = np.array(chips[start : start + _AT_ONCE], order="C")
                pixels = torch.from_numpy(block).to(target).permute(0, 3, 1, 2)
                x = ((pixels.float() - 127.5) / 128).to(number)
                y = network(x).float()
                if flip:
                    y = (y + network(x.flip(3)).float()) / 2
                vectors[start : start + _AT_ONCE] = y.cpu().numpy()
        return vectors

    crop = BoxCrop()
    digest = embedder_digest(weights=[weight.sha256], crop=crop.name, preprocessing=_PREPROCESSING, flip=flip)
    return Embedder(name="facenet", digest=digest, dimension=_DIMENSION, crop=crop, forward=forward)


def _network(contents: bytes, *, name: str) -> InceptionResnetV1:
    """The network with the weights that `contents` holds, in evaluation mode; `name` is for messages."""
    # On the meta device nothing is initialised, so neither time nor the user's random numbers are spent on it.
    with torch.device("meta"):
        network = InceptionResnetV1(pretrained=None)
    try:
        state = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
        # The classifier of the training people has no place in an embedder.
        kept = {key: value for key, value in state.items() if not key.startswith("logits.")}
        network.load_state_dict(kept, strict=True, assign=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        AttributeError,
        TypeError,
        EOFError,
        ValueError,
        LookupError,
    ) as error:
        message = f"{name} does not hold the weights of InceptionResnetV1: {error}"
        raise CorruptWeightsError(message) from error
    return network.requires_grad_(requires_grad=False).eval()
