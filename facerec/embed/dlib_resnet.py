"""The default embedder: dlib's 29-convolution face ResNet (128-D, CC0), ported to PyTorch.

The weights come with the pip package ``face_recognition_models``; dlib itself is not needed. The port gives dlib's own
vectors to 1e-5 (``tests/embed/test_dlib_resnet.py``), several times faster; the network is that of
``facerec.networks.dlib_resnet``.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from facerec.align.crops import DlibChip
from facerec.align.landmarks import parse_landmark_trees
from facerec.embed.forward import Precision, forward_of
from facerec.models import catalogue, weights
from facerec.types import Embedder

_NAME = "dlib-resnet"
_PREPROCESSING = "rgb-mean-256.v1"
_CHIP = 150
_DIMENSION = 128
_FILES = catalogue.DLIB_5PT_WEIGHTS, catalogue.DLIB_RESNET_WEIGHTS


def dlib_resnet(
    *, device: str = "cpu", flip: bool = True, precision: Precision = "float32", model_files: Path | None = None
) -> Embedder:
    """Load the default embedder; `model_files` is looked into first for its two weight files.

    With `flip` each face is averaged with its mirror image: 0.2 points of accuracy on LFW for twice the time. Vectors
    with and without do not mix; they have different digests. `device` and `precision` are those of
    ``facerec.embed.forward.forward_of``, with its errors; a weight file that is absent or not the expected one is a
    `MissingWeightsError` or `CorruptWeightsError`.
    """
    from facerec.networks.dlib_resnet import parse_dlib_resnet

    trees, network = (weights.load(file, model_files=model_files) for file in _FILES)
    return Embedder(
        name=_NAME,
        digest=digest(flip=flip),
        dimension=_DIMENSION,
        crop=DlibChip(parse_landmark_trees(trees, name=_FILES[0].file_name)),
        forward=forward_of(
            parse_dlib_resnet(network, name=_FILES[1].file_name), device=device, flip=flip, precision=precision
        ),
        loader=partial(dlib_resnet, device=device, flip=flip, precision=precision, model_files=model_files),
        mirrored=flip,
    )


def digest(*, flip: bool = True) -> str:
    """What the embedder's digest is, without loading it."""
    return weights.embedder_digest(
        weights=[file.sha256 for file in _FILES], crop=DlibChip.name, preprocessing=_PREPROCESSING, flip=flip
    )
