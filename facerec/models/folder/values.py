"""What ``model.json`` says, as frozen values, and the digest that follows from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from facerec.errors import ArgumentError
from facerec.models.catalogue import CommercialUse
from facerec.models.weights import embedder_digest

Kind: TypeAlias = Literal["torch", "onnx"]
"""Which file holds the network: ``weights.safetensors`` with an architecture of this project, or ``model.onnx``."""

Channels: TypeAlias = Literal["RGB", "BGR"]

LONGEST_VECTOR = 65_536
"""Numbers of the longest vector; face networks give 128 to 4,096."""

WEIGHTS_FILES: Mapping[Kind, str] = MappingProxyType({"torch": "weights.safetensors", "onnx": "model.onnx"})
"""The name of the file of weights, by kind."""

_DETAIL = (str, float, int, bool, type(None))
_LARGEST_SIDE = 4096  # of a chip, in pixels
_LARGEST_COLOUR, _LEAST_STD = 1e6, 1e-6

_Colour: TypeAlias = tuple[float, float, float]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PRESETS: dict[str, tuple[_Colour, _Colour]] = {
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "-1..1": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "0..1": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    "0..255": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


@dataclass(frozen=True)
class Pixels:
    """What happens to a chip's bytes before the network: (x − mean) / std for each channel.

    `mean` and `std`, above 0, are in units of 0 … 255, in the order R, G, B; `channels` is the order in which the
    network takes them. `size` is the side in pixels to which chips are resized first (bilinear); ``None``: as the crop
    cuts them.
    """

    mean: _Colour
    std: _Colour
    channels: Channels = "RGB"
    size: int | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            values = tuple(float(value) for value in getattr(self, name))
            if len(values) != 3 or not all(abs(value) <= _LARGEST_COLOUR for value in values):
                message = (
                    f"{name} must be three finite numbers, for R, G and B, of at most {_LARGEST_COLOUR:,.0f}; "
                    f"got {getattr(self, name)!r}"
                )
                raise ArgumentError(message)
            object.__setattr__(self, name, values)
        _refuse(min(self.std) < _LEAST_STD, f"std must be above 0, {_LEAST_STD:g} or more; got {self.std}")
        _refuse(self.channels not in get_args(Channels), f"channels must be RGB or BGR; got {self.channels!r}")
        if self.size is not None:
            fits = isinstance(self.size, int) and not isinstance(self.size, bool) and 1 <= self.size <= _LARGEST_SIDE
            _refuse(not fits, f"size must be 1 to {_LARGEST_SIDE:,} pixels; got {self.size!r}")

    @classmethod
    def preset(cls, name: str, *, channels: Channels = "RGB") -> Pixels:
        """The scaling that people name: ``imagenet``, ``-1..1``, ``0..1`` or ``0..255``; `ArgumentError` for others.

        >>> Pixels.preset("-1..1").std
        (127.5, 127.5, 127.5)
        """
        _refuse(name not in _PRESETS, f"pixels must be one of {', '.join(_PRESETS)}; got {name!r}")
        return cls(*_PRESETS[name], channels)

    @property
    def text(self) -> str:
        """Canonical, for digests."""
        return json.dumps([self.mean, self.std, self.channels, self.size])


@dataclass(frozen=True)
class WeightsIn:
    """The file of weights of a folder: its name, its SHA-256 in 64 hexadecimal digits, its size in bytes."""

    file: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        _check_texts(self, "file", "sha256")


@dataclass(frozen=True)
class Terms:
    """What may be done with the weights: an SPDX identifier or the grant in words; commercial use, and why."""

    licence: str
    commercial: CommercialUse
    reason: str

    def __post_init__(self) -> None:
        _check_texts(self, "licence", "commercial", "reason")
        known = get_args(CommercialUse)
        _refuse(self.commercial not in known, f"commercial use must be yes, no or unclear; got {self.commercial!r}")


@dataclass(frozen=True)
class Training:
    """How the weights came to be; empty texts where nobody has said.

    `data` is what it was trained on, `data_terms` the terms of that data and the consent of those in it, `command` what
    made it, without local paths; `versions` are of the software, `details` are counts and settings: people, photos,
    loss, epochs.
    """

    data: str = ""
    data_terms: str = ""
    command: str = ""
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str | float | int | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_texts(self, "data", "data_terms", "command")
        whole = isinstance(self.seed, int) and not isinstance(self.seed, bool)
        _refuse(self.seed is not None and not whole, f"seed must be a whole number, or none; it is {self.seed!r}")
        for name, kinds, told in (("versions", str, "text"), ("details", _DETAIL, "text, a number, yes or no")):
            given = getattr(self, name)
            _refuse(not isinstance(given, Mapping), f"{name} must be values by their names; got {given!r}")
            wrong = next((key for key, value in given.items() if not isinstance(value, kinds)), None)
            _refuse(wrong is not None, f"{name} {wrong!r} must be {told}; it is {given.get(wrong)!r}")
        object.__setattr__(self, "versions", MappingProxyType(dict(self.versions)))
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))


@dataclass(frozen=True)
class Parent:
    """The model whose weights training began with (its role is ``start``), or whose vectors taught it (``teacher``)."""

    name: str
    digest: str
    role: str

    def __post_init__(self) -> None:
        _check_texts(self, "name", "digest", "role")


@dataclass(frozen=True)
class ModelDescription:
    """All that ``model.json`` says of a model.

    `name` is as after ``--model``: 1 to 64 of a-z, 0-9, ``.``, ``_`` and ``-``, beginning with a letter or digit.
    `architecture` holds, for the kind ``torch``, what the network is rebuilt from, its ``name`` at least; for ``onnx``
    the output, if named. `crop` names the crop recipe (``facerec.align.crops.crop_recipe``), `crop_weights` are the
    SHA-256 of the files that it needs itself. `flip`: the vectors of a chip and of its mirror image are averaged.
    `dimension` is the length of a vector, 1 or more.
    """

    name: str
    kind: Kind
    architecture: Mapping[str, Any]
    crop: str
    crop_weights: tuple[str, ...]
    pixels: Pixels
    flip: bool
    dimension: int
    weights: WeightsIn
    terms: Terms
    training: Training = field(default_factory=Training)
    parents: tuple[Parent, ...] = ()

    def __post_init__(self) -> None:
        _check_texts(self, "name", "kind", "crop")
        checked_name(self.name)
        _refuse(self.kind not in get_args(Kind), f"a model is of kind torch or onnx; got {self.kind!r}")
        _refuse(self.dimension < 1, f"a vector needs at least one number; got a dimension of {self.dimension}")
        longest = f"a vector has at most {LONGEST_VECTOR:,} numbers; got a dimension of {self.dimension:,}"
        _refuse(self.dimension > LONGEST_VECTOR, longest)
        object.__setattr__(self, "architecture", MappingProxyType(dict(self.architecture)))

    @property
    def digest(self) -> str:
        """SHA-256 over everything that changes the vectors; what galleries and thresholds are bound to."""
        architecture = json.dumps(dict(self.architecture), sort_keys=True)
        return embedder_digest(
            weights=[self.weights.sha256, *self.crop_weights],
            crop=self.crop,
            preprocessing=f"{self.kind} {architecture} {self.pixels.text} unit length",
            flip=self.flip,
        )


def checked_name(name: str) -> str:
    """The name that was given; `ArgumentError` if it does not fit a model."""
    _refuse(
        not _NAME.fullmatch(name),
        "a model's name is 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', "
        f"beginning with a letter or digit; got {name!r}",
    )
    return name


def _check_texts(value: object, *names: str) -> None:
    for name in names:
        given = getattr(value, name)
        _refuse(not isinstance(given, str), f"{name} must be text; it is {given!r}")


def _refuse(wrong: bool, message: str) -> None:
    if wrong:
        raise ArgumentError(message)
