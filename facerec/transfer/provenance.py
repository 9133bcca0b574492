"""What a result was made with: which network, which command, which packages; and how that is told without names."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facerec.transfer.image_set import ImageSet

_PACKAGES = ("facerec", "torch", "torchvision", "timm", "numpy", "scipy", "matplotlib")


@dataclass(frozen=True)
class Provenance:
    """Which network was used.

    Attributes
    ----------
    name : str
    weights_sha256 : str or None
        None: random weights.
    preprocessing : str
        How photos became its input.
    parameters, macs : int
        Of the trunk; multiply-adds for one photo.
    size : int
        Side of the input in pixels.
    """

    name: str
    weights_sha256: str | None
    preprocessing: str
    parameters: int
    macs: int
    size: int


def command_of(
    name: str,
    configuration: Mapping[str, Any],
    *,
    label: str,
    groups: Sequence[str],
    exclude: Sequence[str],
    weights: str,
) -> tuple[str, ...]:
    """A command line that does the same, without local paths."""
    together = configuration.get("processes")
    words = ["torchrun", "--nproc-per-node", str(together), "--no-python"] if together else []
    words += ["facerec", "transfer", "run", "--data", name]
    for backbone in configuration["backbones"]:
        words += ["--backbone", backbone]
    words += ["--protocol", ",".join(configuration["protocols"])]
    words += ["--shots", ",".join(map(str, configuration["shots"])), "--seeds", str(configuration["seeds"])]
    for option in ("budget", "size", "epochs", "trials"):
        if configuration[option] is not None:
            value = configuration[option]
            words += [f"--{option}", f"{value:g}s" if option == "budget" else str(value)]
    if configuration["test share"] != 0.25:
        words += ["--test-part", f"{configuration['test share']:g}"]
    if label != "label":
        words += ["--label", label]
    if groups:
        words += ["--groups", ",".join(groups)]
    for pattern in exclude:
        words += ["--exclude", pattern]
    if weights != "default":
        words += ["--weights", weights]
    if configuration["device"] != "cpu":
        words += ["--device", configuration["device"]]
    return tuple(words)


def versions() -> dict[str, str]:
    """What computes the numbers."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in _PACKAGES}


def without_names(text: str, image_set: ImageSet) -> str:
    """A text without the names of photos, for what is passed on: a name may be a person's."""
    for file in image_set.files:
        if file in text:
            text = text.replace(file, "a photo")
    return text
