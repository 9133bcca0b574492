"""Counts of blocks, added up: whole numbers, so that any order, any processes and any machines give the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.measure.all_pairs.people import Block, PhotosOfPeople
from facerec.measure.all_pairs.product import Workspace


@dataclass(frozen=True, eq=False)
class Sums:
    """Arrays of int64 that add up."""

    @property
    def arrays(self) -> tuple[NDArray[np.int64], ...]:
        """All of them."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def __add__(self, other: Self) -> Self:
        """Of other blocks of the same photos, asked the same; `ArgumentError` if they cannot be."""
        if any(mine.shape != theirs.shape for mine, theirs in zip(self.arrays, other.arrays, strict=True)):
            message = "sums of different people, groups or questions do not add up; count the same table again"
            raise ArgumentError(message)
        return type(self)(*(mine + theirs for mine, theirs in zip(self.arrays, other.arrays, strict=True)))

    def to_bytes(self) -> bytes:
        """The numbers alone, for `include_bytes`."""
        return b"".join(array.tobytes() for array in self.arrays)

    def include_bytes(self, told: bytes | bytearray | memoryview) -> None:
        """Add other sums in place; `ArgumentError` if they are of another size."""
        if len(told) != self.size:
            message = f"sums of {self.size} bytes are needed; got {len(told)}"
            raise ArgumentError(message)
        numbers, at = np.frombuffer(told, np.int64), 0
        for array in self.arrays:
            array[...] += numbers[at : at + array.size].reshape(array.shape)
            at += array.size

    @property
    def size(self) -> int:
        """Bytes of them all."""
        return sum(array.nbytes for array in self.arrays)


@dataclass(frozen=True, eq=False)
class CoupleSums(Sums):
    """Sums, and couples of two people with a number each.

    Attributes
    ----------
    couples : list of ndarray, int32, shape (k, 3)
        Two people, by number, the lower first, and what is said of them. No couple is in two blocks, so each is there
        once.
    """

    couples: list[NDArray[np.int32]] = field(default_factory=list, kw_only=True)

    @property
    def arrays(self) -> tuple[NDArray[np.int64], ...]:
        """As ``Sums.arrays``; couples are not among them."""
        return tuple(getattr(self, each.name) for each in fields(self) if each.name != "couples")

    def __add__(self, other: Self) -> Self:
        """As ``Sums.__add__``."""
        return replace(super().__add__(other), couples=[*self.couples, *other.couples])

    def to_bytes(self) -> bytes:
        """As ``Sums.to_bytes``."""
        return b"".join([super().to_bytes(), *(each.tobytes() for each in self.couples)])

    def include_bytes(self, told: bytes | bytearray | memoryview) -> None:
        """As ``Sums.include_bytes``."""
        super().include_bytes(memoryview(told)[: self.size])
        self.couples.append(np.frombuffer(told, np.int32, offset=self.size).reshape(-1, 3))

    @property
    def joined(self) -> NDArray[np.int32]:
        """All couples, in the order of people; shape (k, 3)."""
        together = np.concatenate([np.empty((0, 3), np.int32), *self.couples])
        return together[np.lexsort((together[:, 1], together[:, 0]))]


_Sums = TypeVar("_Sums", bound=Sums)


class Question(Protocol[_Sums]):
    """What is to be counted of each block."""

    def to_facts(self) -> dict[str, Any]:
        """The arguments that make the question anew, as JSON holds them."""

    def nothing(self, photos: PhotosOfPeople) -> _Sums:
        """What no block sums up to."""

    def add(self, sums: _Sums, photos: PhotosOfPeople, block: Block, space: Workspace) -> None:
        """Add, in place, what one block holds; that depends on nothing but photos and block."""


def count_blocks(photos: PhotosOfPeople, question: Question[_Sums], blocks: Iterable[Block]) -> _Sums:
    """What some blocks sum up to, counted here on one thread: a function of its arguments, for any runner."""
    sums, space = question.nothing(photos), Workspace()
    for block in blocks:
        question.add(sums, photos, block, space)
    return sums
