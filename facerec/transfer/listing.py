"""What a source of labelled photos says of them before any photo is opened; each kind of source makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from facerec.photos.left_out import LeftOut

PARTS_BY_NAME = MappingProxyType(
    {
        "train": "train",
        "training": "train",
        "val": "validation",
        "valid": "validation",
        "validation": "validation",
        "test": "test",
        "testing": "test",
    }
)
"""Names of folders, and values of a manifest's ``split``, and the part that each means."""


@dataclass(frozen=True)
class Listing:
    """Photos by name.

    Attributes
    ----------
    name : str
        The source's, for people.
    root : Path
        The folder that `files` start from.
    files, labels, parts : sequence of str
        One entry per photo: its path with ``/``, its class's name, and "train", "validation", "test" or "".
    columns : mapping of str to sequence of str
        What else is known of each photo.
    left_out : sequence of LeftOut
        What lies there and is not listed.
    """

    name: str
    root: Path
    files: Sequence[str]
    labels: Sequence[str]
    parts: Sequence[str]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: Sequence[LeftOut] = ()
