"""Vectors in the order in which they are compared: people of one group side by side, in parts that hold them whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError

PART = 1024
"""Photos of a part: its square of scores fits the cache beside what is made of it."""


class Block(NamedTuple):
    """The unit of work: every photo of one part beside every photo of another, or of the same, by their numbers."""

    first: int
    second: int


class Part(NamedTuple):
    """Photos and people that stand side by side, ends exclusive; all of one group."""

    photos: slice
    people: slice
    group: int


@dataclass(frozen=True, eq=False)
class PhotosOfPeople:
    """Vectors of known people, sorted.

    Attributes
    ----------
    vectors : ndarray, float32, shape (n, d)
        Of unit length; people stand side by side, and so do groups.
    photos : ndarray, int64, shape (p,)
        How many photos each person has, in that order.
    groups : ndarray, int64, shape (p,)
        Which group each person belongs to, ascending.
    names : tuple of str
        Of the people.
    """

    vectors: NDArray[np.float32]
    photos: NDArray[np.int64]
    groups: NDArray[np.int64]
    names: tuple[str, ...]

    @classmethod
    def of(
        cls, vectors: NDArray[np.float32], subjects: Sequence[str], groups: NDArray[np.integer] | None = None
    ) -> PhotosOfPeople:
        """From vectors (n, d) in any order, who is on each, and the group of each from 0 on, by default one for all.

        `ArgumentError` if there is not one subject and group per vector, a vector is not of unit length, or a person is
        in two groups.
        """
        n = len(vectors)
        if vectors.ndim != 2 or n != len(subjects):
            message = f"one subject per vector is needed; got vectors {vectors.shape} and {len(subjects)} subjects"
            raise ArgumentError(message)
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            message = "the vectors must be of unit length, as an Embedder gives them"
            raise ArgumentError(message)
        of_photos = np.zeros(n, np.int64) if groups is None else np.asarray(groups, np.int64)
        if of_photos.shape != (n,) or (n and of_photos.min() < 0):
            message = f"one group from 0 on per vector is needed; got {of_photos.shape} for {n} vectors"
            raise ArgumentError(message)
        names, people = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
        lowest = np.full(len(names), np.iinfo(np.int64).max)
        np.minimum.at(lowest, people, of_photos)
        if (odd := np.flatnonzero(lowest[people] != of_photos)).size:
            message = (
                f"{str(names[people[odd[0]]])!r} has photos in two groups; all pairs are counted by groups of people, "
                "so give each person one group, or leave the photos of the other out"
            )
            raise ArgumentError(message)
        order = np.lexsort((people, of_photos))
        ranked = np.argsort(lowest, kind="stable")
        photos = np.bincount(people, minlength=len(names))[ranked]
        told = tuple(names[ranked].tolist())
        return cls(np.ascontiguousarray(vectors[order], np.float32), photos, lowest[ranked], told)

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def people(self) -> NDArray[np.int64]:
        """Who is on each photo, shape (n,), ascending."""
        return np.repeat(np.arange(len(self.photos)), self.photos)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Up to `PART` photos each, or one person who has more; no person is divided, and no part has two groups."""
        ends = np.cumsum(self.photos)
        found: list[Part] = []
        start = 0
        while start < len(ends):
            first = int(ends[start - 1]) if start else 0
            fitting = int(np.searchsorted(ends, first + PART, "right"))
            group = int(self.groups[start])
            stop = max(start + 1, min(fitting, int(np.searchsorted(self.groups, group, "right"))))
            found.append(Part(slice(first, int(ends[stop - 1])), slice(start, stop), group))
            start = stop
        return tuple(found)

    @property
    def blocks(self) -> Iterator[Block]:
        """Every pair of parts once; their pairs of photos are all that there are."""
        return (Block(*pair) for pair in combinations_with_replacement(range(len(self.parts)), 2))

    @property
    def group_count(self) -> int:
        """One more than the highest group."""
        return int(self.groups[-1]) + 1 if len(self.groups) else 0
