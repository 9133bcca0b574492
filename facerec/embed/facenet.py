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
from functools import partial
from typing import TYPE_CHECKING

from facerec.align.crops import BoxCrop
from facerec.embed.forward import Precision, forward_of
from facerec.errors import CorruptWeightsError
from facerec.models.catalogue import FACENET_WEIGHTS
from facerec.models.weights import WeightFile, embedder_digest, load
from facerec.types import Embedder

if TYPE_CHECKING:
    from torch import nn

_DIMENSION = 512
_NOT_WEIGHTS = (pickle.UnpicklingError, RuntimeError, AttributeError, TypeError, EOFError, ValueError, LookupError)
_PREPROCESSING = "InceptionResnetV1 of (x - 127.5) / 128, unit length, v1"


def facenet(
    *,
    device: str = "cpu",
    model_files: str | os.PathLike[str] | None = None,
    flip: bool = True,
    precision: Precision = "float32",
    weight: WeightFile = FACENET_WEIGHTS,
) -> Embedder:
    """Load facenet-pytorch's embedder, of dimension 512; arguments and errors as of ``facerec.embed.dlib_resnet``.

    `weight` is the file of weights: others than the catalogue's are for networks of the same shape that the user
    trained. A file that holds another network is a `CorruptWeightsError`.
    """
    network = _network(load(weight, model_files=model_files), name=weight.file_name)
    # The network takes pixels 0 … 255 as they are.
    network.register_forward_pre_hook(lambda _, pixels: ((pixels[0] - 127.5) / 128,))
    return Embedder(
        name="facenet",
        digest=digest(flip=flip, weight=weight),
        dimension=_DIMENSION,
        crop=BoxCrop(),
        forward=forward_of(network, device=device, flip=flip, precision=precision),
        loader=partial(facenet, device=device, model_files=model_files, flip=flip, precision=precision, weight=weight),
        mirrored=flip,
    )


def digest(*, flip: bool = True, weight: WeightFile = FACENET_WEIGHTS) -> str:
    """What the embedder's digest is, without loading it."""
    return embedder_digest(weights=[weight.sha256], crop=BoxCrop().name, preprocessing=_PREPROCESSING, flip=flip)


def _network(contents: bytes, *, name: str) -> nn.Module:
    """The network with the weights that `contents` holds, in evaluation mode; `name` is for messages."""
    import torch
    from facenet_pytorch.models.inception_resnet_v1 import InceptionResnetV1

    # On the meta device nothing is initialised, so neither time nor the user's random numbers are spent on it.
    with torch.device("meta"):
        network = InceptionResnetV1(pretrained=None)
    try:
        state = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
        # The classifier of the training people has no place in an embedder.
        kept = {key: value for key, value in state.items() if not key.startswith("logits.")}
        network.load_state_dict(kept, strict=True, assign=True)
    except _NOT_WEIGHTS as error:
        message = f"{name} does not hold the weights of InceptionResnetV1: {error}"
        raise CorruptWeightsError(message) from error
    return network.requires_grad_(requires_grad=False).eval()
