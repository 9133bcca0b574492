"""Whether this installation is what it should be: published constants found again, weight files checked.

A wrong architecture, a file of other bytes or a changed library raises no error in training; it costs accuracy. So
every number here is counted from the modules that will really run, and compared with what was published or worked out
by hand from the papers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from facerec.errors import MissingWeightsError, WeightsError
from facerec.networks.architectures import shape_of
from facerec.transfer import blocks
from facerec.transfer.backbone import load_backbone
from facerec.transfer.finding import find
from facerec.transfer.pretrained import PRETRAINED, Pretrained

Status: TypeAlias = Literal["passed", "failed", "absent"]
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
    status : {"passed", "failed", "absent"}
        ``absent``: an optional weight file that is not here, which is no fault.
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
_BLOCKS: tuple[tuple[str, int, int], ...] = (
    ("fully connected, 3 × 128 × 128 to 256", 12_583_168, blocks.fully_connected(3 * 128 * 128, 256).parameters),
    ("convolution 3 × 3, 3 to 256", 7_168, blocks.convolution(3, 256, bias=True).parameters),
    ("ResNet bottleneck 256, 64", 69_632, blocks.bottleneck(256, 256, width=64).parameters),
    ("ResNeXt block 256, 32 paths of 4", 70_144, blocks.bottleneck(256, 256, width=128, groups=32).parameters),
    ("convolution 3 × 3, 4 to 2", 72, blocks.convolution(4, 2).parameters),
    ("depthwise-separable 3 × 3, 4 to 2", 44, blocks.depthwise_separable(4, 2).parameters),
)
# torchvision publishes thousands of millions of multiply-adds with three decimals.
_ROUNDING = 0.0005 + 1e-9


def doctor(
    *, model_files: str | os.PathLike[str] | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[Check, ...]:
    """Check blocks, networks and weight files; some 20 seconds on one core.

    Parameters
    ----------
    model_files : path, optional
        Looked into first for weight files.
    progress : callable, optional
        Called with how many sets of weights are done, and how many there are.

    Returns
    -------
    tuple of Check
        Blocks first, then network by network.
    """
    found = [_same(name, "parameters", expected, counted) for name, expected, counted in _BLOCKS]
    counted: set[tuple[str, int]] = set()
    for done, network in enumerate(PRETRAINED, 1):
        form = (network.architecture, network.preprocessing.crop)
        if form not in counted:
            counted.add(form)
            found.extend(_network(network))
        found.append(_file(network, model_files))
        if progress is not None:
            progress(done, len(PRETRAINED))
    return tuple(found)


def _network(network: Pretrained) -> Iterator[Check]:
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
        # Those that come with a package are part of the installation; the others are there if somebody fetched them.
        status: Status = "failed" if not network.version else "absent"
        return Check(network.name, f"file {file.file_name}", expected, "absent", status)
    except WeightsError as error:
        return Check(network.name, f"file {file.file_name}", expected, str(error), "failed")
    if here.older:
        expected = f"SHA-256 {here.file.sha256} (an older file of these weights)"
    return Check(network.name, f"file {here.file.file_name}", expected, f"SHA-256 {here.sha256[:16]}", "passed")


def _same(subject: str, what: str, expected: int, found: int) -> Check:
    return Check(subject, what, expected, found, "passed" if expected == found else "failed")
