"""Whether the networks that are here are what they should be: published constants found again, files checked.

A wrong architecture, a file of other bytes or a changed library raises no error in training; it costs accuracy. So
every number here is counted from the modules that will really run, and compared with what was published or worked out
by hand from the papers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch

from facerec.errors import MissingWeightsError, WeightsError
from facerec.models.weights import belongs_here
from facerec.networks.architectures import shape_of
from facerec.networks.backbone import Backbone, load_backbone
from facerec.networks.pretrained import PRETRAINED, Pretrained
from facerec.networks.weight_files import find

Status: TypeAlias = Literal["passed", "failed", "absent", "unknown"]
Value: TypeAlias = int | float | str


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    subject : str
        Of what it was checked: a backbone's or a block's name.
    what : str
        What was checked.
    expected, found : int, float or str
        What it should be, and is.
    status : {"passed", "failed", "absent", "unknown"}
        ``absent``: an optional weight file that is not here, which is no fault. ``unknown``: nothing is known to
        compare with.
    """

    subject: str
    what: str
    expected: Value
    found: Value
    status: Status


# Parameters without the last layer, by hand from the papers' tables (He et al. 2016, table 1; Krizhevsky 2014).
_TRUNKS = {
    "alexnet": 57_003_840,
    "resnet18": 11_176_512,
    "resnet34": 21_284_672,
    "resnet50": 23_508_032,
    "resnet101": 42_500_160,
    "resnet152": 58_143_808,
}
# Parameters with the last layer for 1,000 classes, as published.
_NETWORKS = {
    "efficientnet_lite0": 4_652_008,
    "efficientnet_lite1": 5_416_680,
    "efficientnet_lite2": 6_092_072,
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "efficientnet_b0": 5_288_548,
    "convnext_tiny": 28_589_128,
    "vit_b_16": 86_567_656,
}
_PICTURE = "china.jpg"
# What each network answers to scikit-learn's picture of a palace, measured when its top-1 on 198 photos of ants and
# bees had been found right (.85 to .87 of a thousand classes): the class, and how far it is above the next four.
_ANSWERS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "efficientnet_lite0": (
        ("palace", 7.4833),
        ("bell cote", 6.9316),
        ("monastery", 5.9798),
        ("lakeside", 5.8216),
        ("boathouse", 5.4804),
    ),
    "efficientnet_lite1": (
        ("palace", 8.4869),
        ("monastery", 7.0648),
        ("castle", 6.0320),
        ("boathouse", 5.6556),
        ("bell cote", 5.4631),
    ),
    "efficientnet_lite2": (
        ("palace", 7.0973),
        ("castle", 5.3082),
        ("bell cote", 5.2723),
        ("monastery", 4.4071),
        ("church", 4.3914),
    ),
}
_NEAR = 0.05  # decoders of JPEG differ by a shade, and processors in the last digits
# torchvision publishes thousands of millions of multiply-adds with three decimals.
_ROUNDING = 0.0005 + 1e-9


def doctor(
    *, model_files: str | os.PathLike[str] | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[Check, ...]:
    """Check the weight files that are here, and the networks that they are loaded into; some seconds for each.

    Parameters
    ----------
    model_files : path, optional
        Looked into first for weight files.
    progress : callable, optional
        Called with how many sets of weights are done, and how many there are.

    Returns
    -------
    tuple of Check
        Network by network. Of weights that are not here it says that they are absent, and nothing else.
    """
    found: list[Check] = []
    for done, network in enumerate(PRETRAINED, 1):
        file = _file(network, model_files)
        if file.status == "passed":
            found.extend(check_shape(network))
        found.append(file)
        if file.status == "passed" and network.classes:
            found.append(_answer(network, model_files))
        if progress is not None:
            progress(done, len(PRETRAINED))
    return tuple(found)


def check_shape(network: Pretrained) -> Iterator[Check]:
    """Parameters and multiply-adds of a network, counted from its modules; its weights need not be here."""
    shape = shape_of(network.architecture, size=network.preprocessing.crop)
    classes = len(network.classes) if network.classes else 0
    # A vision transformer for larger photos has more positions, and so more parameters than the one that has its name.
    swag = network.version.startswith("swag")
    name = network.name if swag else network.architecture
    if name in _TRUNKS:
        yield _same(name, "parameters without the last layer", _TRUNKS[name], shape.parameters)
    if not classes:
        return
    total = shape.parameters + (shape.dimension + 1) * classes
    yield _same(name, "parameters", _NETWORKS.get(name, network.parameters), total)
    if network.version:
        yield _macs(network, name, (shape.macs + shape.dimension * classes) / 1e9)


def _macs(network: Pretrained, name: str, found: float) -> Check:
    expected = network.macs / 1e9
    status: Status = "passed" if abs(found - expected) <= _ROUNDING else "failed"
    what = f"GMACs at {network.preprocessing.crop} pixels"
    return Check(name, what, round(expected, 3), round(found, 3), status)


def _file(network: Pretrained, model_files: str | os.PathLike[str] | None) -> Check:
    file = network.files[0]
    expected = f"SHA-256 {file.sha256[:16]}"
    try:
        here = find(network, model_files=model_files)
        # The file is the right one; that it also fits the network is seen by loading it.
        load_backbone(network.name, model_files=model_files).trunk()
    except MissingWeightsError:
        # What an installed package brings must be there; the rest is, if somebody fetched it or installed the extra.
        status: Status = "failed" if belongs_here(file) else "absent"
        return Check(network.name, f"file {file.file_name}", expected, "absent", status)
    except WeightsError as error:
        return Check(network.name, f"file {file.file_name}", expected, str(error), "failed")
    if here.older:
        expected = f"SHA-256 {here.file.sha256} (an older file of these weights)"
    return Check(network.name, f"file {here.file.file_name}", expected, f"SHA-256 {here.sha256[:16]}", "passed")


def _answer(network: Pretrained, model_files: str | os.PathLike[str] | None) -> Check:
    """Whether the network answers as it did: the one check of weights, preprocessing and code together."""
    expected = _ANSWERS.get(network.name)
    what = f"five highest logits of scikit-learn's {_PICTURE}"
    if expected is None:
        return Check(network.name, what, "no golden value is known", "not looked at", "unknown")
    found = answers(load_backbone(network.name, model_files=model_files), [name for name, _ in expected])
    near = found[0][0] == expected[0][0] and all(
        abs(mine - theirs) <= _NEAR for (_, mine), (_, theirs) in zip(found, expected, strict=True)
    )
    return Check(network.name, what, _listed(expected), _listed(found), "passed" if near else "failed")


def answers(backbone: Backbone, classes: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The logits of these classes for the picture, and first the class with the highest logit of all."""
    from sklearn.datasets import load_sample_image

    classifier, names, preprocessing = backbone.classifier(), backbone.classes, backbone.preprocessing
    assert classifier is not None and names is not None  # noqa: S101, PT018 - for the type checker: it has classes
    pixels = preprocessing.normalise(preprocessing.evaluate(load_sample_image(_PICTURE))[None])
    with torch.inference_mode():
        logits = classifier(backbone.trunk()(pixels))[0]
    best = names[int(logits.argmax())]
    return tuple((best if place == 0 else name, float(logits[names.index(name)])) for place, name in enumerate(classes))


def _listed(logits: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in logits)


def _same(subject: str, what: str, expected: int, found: int) -> Check:
    return Check(subject, what, expected, found, "passed" if expected == found else "failed")
