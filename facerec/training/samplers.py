"""Which photos a step uses, as values: a pass in its own random order, or so many photos of each of some people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.extras import extra

with extra("train"):
    from pytorch_metric_learning.samplers import MPerClassSampler
    from pytorch_metric_learning.utils import common_functions


class Sampler(Protocol):
    """Cuts a pass over the training photos into batches; a function of the pass's number, so a training can go on."""

    @property
    def steps(self) -> int:
        """Batches per pass, >= 1."""
        ...

    def batches(self, number: int) -> list[NDArray[np.int64]]:
        """`steps` batches of positions 0 … n - 1, for pass 0, 1, …; the same whenever it is asked."""
        ...


@dataclass(frozen=True, eq=False)
class PhotoBatches:
    """Every photo once per pass, in random order, cut evenly.

    Attributes
    ----------
    photos : int
        How many there are, >= 1.
    batch_size : int
        At most so many in a batch.
    seed : int

    Examples
    --------
    >>> [batch.tolist() for batch in PhotoBatches(5, 2, seed=0).batches(0)]
    [[2, 4], [3, 0], [1]]
    """

    photos: int
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        """Batches per pass."""
        return -(-self.photos // self.batch_size)

    def batches(self, number: int) -> list[NDArray[np.int64]]:
        """As the contract says."""
        order = np.random.default_rng([self.seed, number]).permutation(self.photos)
        return np.array_split(order, self.steps)


@dataclass(frozen=True, eq=False)
class PersonBatches:
    """Batches of P people with K photos each (Hermans et al. 2017), by ``MPerClassSampler``.

    A person with fewer photos than K gives some of them twice. A pass has about as many photos as there are.

    Attributes
    ----------
    labels : ndarray, int64, shape (n,)
        Who is on each photo.
    batch_size : int
        P · K at most.
    photos_per_person : int
        K, >= 2.
    seed : int

    Raises
    ------
    ArgumentError
        If there are fewer than two people.
    """

    labels: NDArray[np.int64]
    batch_size: int
    photos_per_person: int
    seed: int

    def __post_init__(self) -> None:
        if self._people < 2:
            message = f"photos are compared between people; there {'is' if self._people else 'are'} {self._people}"
            raise ArgumentError(message)

    @property
    def steps(self) -> int:
        """Batches per pass."""
        return max(1, len(self.labels) // self._size)

    def batches(self, number: int) -> list[NDArray[np.int64]]:
        """As the contract says."""
        sampler = MPerClassSampler(
            self.labels, self.photos_per_person, self._size, length_before_new_iter=self.steps * self._size
        )
        # The sampler draws from a generator that its package holds globally.
        held = common_functions.NUMPY_RANDOM
        common_functions.NUMPY_RANDOM = np.random.RandomState(
            np.random.SeedSequence([self.seed, number]).generate_state(4)
        )
        try:
            order = np.array(list(sampler), np.int64)
        finally:
            common_functions.NUMPY_RANDOM = held
        return np.array_split(order, self.steps)

    @property
    def _people(self) -> int:
        return len(np.unique(self.labels))

    @property
    def _size(self) -> int:
        return self.photos_per_person * min(self.batch_size // self.photos_per_person, self._people)
