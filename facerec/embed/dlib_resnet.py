"""The default embedder: dlib's 29-convolution face ResNet (128-D, CC0), ported to PyTorch.

The weights come with the pip package ``face_recognition_models``; dlib itself is not needed. The port gives dlib's
own vectors to 1e-5 (``tests/embed/test_dlib_resnet.py``), several times faster.

Reference: D. King, http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html; the network is the
ResNet-34 of He et al. (2016) with a few layers removed and half the filters.
"""

from __future__ import annotations

from pathlib import Path

from facerec.align.dlib_chip import DlibChip
from facerec.align.landmarks import parse_landmark_trees
from facerec.embed.forward import Precision, forward_of
from facerec.models import catalogue, weights
from facerec.networks.dlib_resnet import parse_dlib_resnet
from facerec.types import Embedder

_NAME = "dlib-resnet"
_PREPROCESSING = "rgb-mean-256.v1"
_CHIP = 150
_DIMENSION = 128


def dlib_resnet(
    *, device: str = "cpu", flip: bool = True, precision: Precision = "float32", model_files: Path | None = None
) -> Embedder:
    """Load the default embedder.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    flip : bool
        Average each face with its mirror image: 0.2 points of accuracy on LFW for twice the time. Vectors with and
        without do not mix; they have different digests.
    precision : {"float32", "bfloat16"}
        See ``facerec.embed.forward.forward_of``.
    model_files : Path, optional
        Where to look for the two weight files first.

    Raises
    ------
    ArgumentError
        If `device` or `precision` is not as above.
    MissingWeightsError, CorruptWeightsError
        If a weight file is absent or is not the expected one.
    """
    files = catalogue.DLIB_5PT_WEIGHTS, catalogue.DLIB_RESNET_WEIGHTS
    trees, network = (weights.load(file, model_files=model_files) for file in files)
    crop = DlibChip(parse_landmark_trees(trees, name=files[0].file_name))
    return Embedder(
        name=_NAME,
        digest=weights.embedder_digest(
            weights=[file.sha256 for file in files], crop=crop.name, preprocessing=_PREPROCESSING, flip=flip
        ),
        dimension=_DIMENSION,
        crop=crop,
        forward=forward_of(
            parse_dlib_resnet(network, name=files[1].file_name), device=device, flip=flip, precision=precision
        ),
    )
