"""Labelled photos as a value: which files, what is on them, which part each belongs to, and a digest of it all.

The photos stay on disk until they are asked for. Their contents' SHA-256 digests are part of the value, so features,
results and leakage checks can say which data they belong to, whatever the folder is called.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.photos import reader
from facerec.photos.left_out import LeftOut
from facerec.photos.shards import InShard
from facerec.types import Image

PARTS = ("train", "validation", "test", "")
"""What a photo may be given for; empty where the data do not say."""

SUBJECT = "subject"
"""The column that says who is on a photo; empty where that is not known."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled photos; made by ``read_image_set``.

    Attributes
    ----------
    name : str
        For people: the folder's, the manifest's or the data set's name.
    root : Path
        The folder that `files` start from.
    files : tuple of str
        Paths below `root`, with ``/``.
    labels : ndarray, int64, shape (n,)
        Numbers of `classes`.
    classes : tuple of str
        Names, in the order of their numbers.
    parts : tuple of str
        Of each photo "train", "validation", "test", or "" where the data do not say.
    digests : tuple of str
        Of each file's contents the SHA-256, 64 hexadecimal digits.
    columns : mapping of str to tuple of str
        What else a manifest says of each photo, such as ``subject`` or ``race``.
    left_out : tuple of LeftOut
        What was found and is not in the set.
    pixels : sequence of ndarray, uint8, height × width × 3, optional
        The photos of a data set that keeps them in one large file; `files` are then only names.
    looks : tuple of int, optional
        Of each photo its perceptual hash, 64 bits, where it is known.
    decoded : mapping of str to ndarray
        Photos that are decoded already, by their file.
    places : mapping of str to InShard
        Where each photo lies that is no file of its own; `files` are then only names.
    """

    name: str
    root: Path
    files: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    parts: tuple[str, ...]
    digests: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    left_out: tuple[LeftOut, ...] = ()
    pixels: Sequence[Image] | None = None
    looks: tuple[int, ...] | None = None
    decoded: Mapping[str, Image] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    places: Mapping[str, InShard] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def __post_init__(self) -> None:
        lengths = {"labels": len(self.labels), "parts": len(self.parts), "digests": len(self.digests)}
        lengths |= {} if self.looks is None else {"looks": len(self.looks)}
        lengths |= {f"column {name}": len(values) for name, values in self.columns.items()}
        if wrong := {name: length for name, length in lengths.items() if length != len(self.files)}:
            message = f"an image set has one value per file; {len(self.files)} files, but {wrong}"
            raise ArgumentError(message)

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every photo's contents, name, class and part, and which of them show one person.

        The same data give the same digest anywhere.
        """
        rows = zip(self.files, self.digests, self.labels.tolist(), self.parts, strict=True)
        people = {} if self.people is None else {"people": self.people.tolist()}
        text = json.dumps({"classes": self.classes, "rows": list(rows), **people}, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def people(self) -> NDArray[np.int64] | None:
        """Who is on each photo, as numbers in the order in which they come, shape (n,); None where no photo says it.

        A photo that does not say it shows a person of its own.
        """
        if SUBJECT not in self.columns:
            return None
        numbers: dict[str | int, int] = {}
        who = (name.strip() or place for place, name in enumerate(self.columns[SUBJECT]))
        return np.array([numbers.setdefault(each, len(numbers)) for each in who], np.int64)

    def image(self, index: int) -> Image:
        """Read one photo.

        Parameters
        ----------
        index : int
            0 … n - 1.

        Returns
        -------
        ndarray, uint8, shape (height, width, 3)
            RGB, upright.

        Raises
        ------
        ImageError
            If the file has gone or changed into something unreadable since the set was read.
        """
        if self.pixels is not None:
            return self.pixels[index]
        file = self.files[index]
        if (held := self.decoded.get(file)) is not None:
            return held
        place = self.places.get(file)
        return reader.read(self.root / file) if place is None else reader.read(place.read(), name=file)

    def subset(self, indices: ArrayLike) -> ImageSet:
        """The same set with the photos at `indices` only, in that order; classes keep their numbers.

        Parameters
        ----------
        indices : array of int, shape (m,)
            0 … n - 1.
        """
        chosen = [int(index) for index in np.asarray(indices, np.int64)]
        return ImageSet(
            name=self.name,
            root=self.root,
            files=tuple(self.files[i] for i in chosen),
            labels=self.labels[chosen],
            classes=self.classes,
            parts=tuple(self.parts[i] for i in chosen),
            digests=tuple(self.digests[i] for i in chosen),
            columns=MappingProxyType({name: tuple(values[i] for i in chosen) for name, values in self.columns.items()}),
            left_out=self.left_out,
            pixels=None if self.pixels is None else [self.pixels[i] for i in chosen],
            looks=None if self.looks is None else tuple(self.looks[i] for i in chosen),
            decoded=self.decoded,
            places=self.places,
        )
