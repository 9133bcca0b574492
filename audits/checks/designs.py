"""Designs of simulated score tables: who is compared with whom, and how alike that makes their errors.

What occurs in practice: lists of impostor pairs, all pairs of a set of photos, mated pairs; as many photos of
everybody, or few of most and many of some as in LFW; a few who are enrolled against many who are not; couples who look
alike; small groups beside large ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError

_BLOCK = 1 << 23  # scores drawn at once


@dataclass(frozen=True, eq=False)
class Design:
    """Comparisons of a simulated table.

    Attributes
    ----------
    name : str
    first, second : ndarray, int, shape (n,)
        Who is on either side, from 0 on; equal throughout in a mated design, nowhere in any other.
    groups : ndarray, int, shape (n,)
        The group of both people of a comparison; −1 where they are of two.
    person, couple : float
        Which shares of a score's variance its people bring along, and the two of them together; 0 … 1, below 1 in sum.
    """

    name: str
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    groups: NDArray[np.int64]
    person: float = 0.3
    couple: float = 0.0

    def __post_init__(self) -> None:
        shares = self.person, self.couple
        if min(shares) < 0 or not sum(shares) < 1 or not len(self.first) == len(self.second) == len(self.groups) > 0:
            message = (
                "a design needs comparisons, a group of each, and shares of variance of 0 or more that stay below 1 in "
                f"sum; got {len(self.first)}, {len(self.second)} and {len(self.groups)}, and shares {shares}"
            )
            raise ArgumentError(message)

    @property
    def mated(self) -> bool:
        """Whether every comparison is of one person with themself."""
        return bool((self.first == self.second).all())

    def with_effect(self, person: float, couple: float = 0.0) -> Design:
        """The same comparisons of people who differ more, or less."""
        effect = f", effect {person:g}" + (f", couples {couple:g}" if couple else "")
        return replace(self, name=self.name + effect, person=person, couple=couple)

    @cached_property
    def _couples(self) -> NDArray[np.int64]:
        people = int(max(self.first.max(), self.second.max())) + 1
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        return np.unique(low * people + high, return_inverse=True)[1]

    def scores(
        self, tables: int, rng: np.random.Generator, *, copies: int = 1, own: float = 0.0
    ) -> Iterator[NDArray[np.float32]]:
        """Standard normal scores of one table after the other.

        Parameters
        ----------
        tables : int
        rng : Generator
        copies : int
            How many matchers see the same comparisons.
        own : float
            The share of variance, of what people and couples leave, that is each matcher's own.

        Yields
        ------
        ndarray, float32, shape (n,), or (copies, n) where there are several

        Notes
        -----
        √(ρ/2) (u_i + u_j) + √κ c_ij + √(1−ρ−κ) e for two people i and j, √ρ u_i + √(1−ρ) e for one; all u, c and e
        standard normal, c one for each couple. So a score above Φ⁻¹(1−p) has the probability p exactly, for all ρ, κ.
        """
        people = int(max(self.first.max(), self.second.max())) + 1
        left = 1 - self.person - (0 if self.mated else self.couple)
        size = max(1, _BLOCK // (len(self.first) * copies))
        for start in range(0, tables, size):
            count = min(size, tables - start)
            traits = rng.standard_normal((count, people), dtype=np.float32)
            if self.mated:
                common = np.float32(math.sqrt(self.person)) * traits[:, self.first]
            else:
                common = np.float32(math.sqrt(self.person / 2)) * (traits[:, self.first] + traits[:, self.second])
                if self.couple:
                    pairs = rng.standard_normal((count, int(self._couples.max()) + 1), dtype=np.float32)
                    common += np.float32(math.sqrt(self.couple)) * pairs[:, self._couples]
            common += np.float32(math.sqrt(left * (1 - own))) * rng.standard_normal(common.shape, dtype=np.float32)
            if copies == 1 and not own:
                yield from common
                continue
            apart = rng.standard_normal((count, copies, len(self.first)), dtype=np.float32)
            yield from common[:, None, :] + np.float32(math.sqrt(left * own)) * apart

    def errors(self, rates: ArrayLike, tables: int, rng: np.random.Generator) -> Iterator[NDArray[np.bool_]]:
        """The errors of one table after the other, (n,), at a true rate: one for all comparisons, or one for each.

        Of several `rates`, (k, 1) or (k, n), the errors of the same scores, (k, n).
        """
        wanted = np.asarray(rates, np.float64)
        if not ((wanted > 0) & (wanted < 1)).all():
            message = f"a true rate must lie between 0 and 1; got {wanted.tolist()}"
            raise ArgumentError(message)
        threshold = scipy.stats.norm.isf(wanted).astype(np.float32)
        for scores in self.scores(tables, rng):
            yield scores >= threshold


def sparse(people: int, pairs: int, *, seed: int = 0) -> Design:
    """Random impostor pairs, so many of each person on average."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, people, people * pairs // 2)
    second = (first + rng.integers(1, people, len(first))) % people
    return Design(f"sparse, {people} people x {pairs}", first, second, np.zeros(len(first), np.int64))


def dense(photos: Sequence[int], groups: Sequence[int] | None = None, *, name: str = "") -> Design:
    """All pairs of photos of different people, of whom there are so many photos each."""
    owners = np.repeat(np.arange(len(photos)), photos)
    one, other = np.triu_indices(len(owners), 1)
    apart = owners[one] != owners[other]
    first, second = owners[one][apart], owners[other][apart]
    of = np.zeros(len(photos), np.int64) if groups is None else np.asarray(groups)
    within = np.where(of[first] == of[second], of[first], -1)
    return Design(name or f"dense, {len(photos)} people x {photos[0]} photos", first, second, within)


def mated(pairs: Sequence[int], groups: Sequence[int] | None = None, *, name: str = "") -> Design:
    """So many mated pairs of each person."""
    people = np.repeat(np.arange(len(pairs)), pairs)
    of = np.zeros(len(pairs), np.int64) if groups is None else np.asarray(groups)
    return Design(name or f"mated, {len(pairs)} people x {pairs[0]}", people, people, of[people])


def hub(enrolled: int, probes: int) -> Design:
    """A few who are enrolled, each compared with all of many others."""
    first, second = np.tile(np.arange(enrolled), probes), np.repeat(enrolled + np.arange(probes), enrolled)
    return Design(f"hub, {enrolled} enrolled x {probes} probes", first, second, np.zeros(len(first), np.int64))


def unequal_photos(people: int, most: int) -> list[int]:
    """Photos of each person by a power law, as in LFW: half of them have two or three, the first one `most`.

    >>> unequal_photos(8, 20)
    [20, 10, 6, 4, 3, 2, 2, 2]
    """
    return [min(most, int(2 * people / (rank + 0.5))) for rank in range(people)]
