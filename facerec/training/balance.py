"""Training that minds groups: batches in which each has the same share, or a loss in which each has the same weight.

Neither is a promise: what it changes for whom is measured afterwards, before against after, on people who were not
learned from (``facerec audit drift``). Photos of which the group is not given are a stratum of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.errors import DataSetError
from facerec.training.people import People

NOT_GIVEN = "not given"
"""What the stratum of photos without a group is called."""


@dataclass(frozen=True, eq=False)
class Strata:
    """To which group each of some photos belongs.

    Attributes
    ----------
    column : str
        Where that stands.
    names : tuple of str
        The groups that occur, sorted; `NOT_GIVEN` last.
    places : ndarray, int64, shape (n,)
        The group of each photo, as a number of `names`.
    """

    column: str
    names: tuple[str, ...]
    places: NDArray[np.int64]

    @property
    def counts(self) -> Mapping[str, int]:
        """Photos of each group."""
        numbers = np.bincount(self.places, minlength=len(self.names))
        return {name: int(number) for name, number in zip(self.names, numbers, strict=True)}

    @property
    def weights(self) -> NDArray[np.float32]:
        """How much each photo counts so that the groups count alike: n / (groups · photos of its group).

        Their mean is 1.

        Examples
        --------
        >>> Strata("gender", ("female", "male"), np.array([0, 0, 1, 1, 1, 1, 1, 1])).weights.tolist()[:3]
        [2.0, 2.0, 0.6666666865348816]
        """
        numbers = np.bincount(self.places, minlength=len(self.names))
        return (len(self.places) / (len(self.names) * numbers))[self.places].astype(np.float32)


def strata(people: People, column: str, photos: NDArray[np.int64] | None = None) -> Strata:
    """The groups of some photos.

    Parameters
    ----------
    people : People
    column : str
        Of the manifest.
    photos : ndarray, int64, optional
        Which of `people`'s; by default all.

    Raises
    ------
    DataSetError
        If there is no such column; the message lists those there are.
        If all these photos are of one group, so that there is nothing to balance.
    """
    people.without(column)  # which refuses a column that is not there
    chosen = range(len(people.files)) if photos is None else photos
    values = [people.columns[column][photo].strip() for photo in chosen]
    names = sorted({value for value in values if value})
    if "" in values:
        names.append(NOT_GIVEN)
    if len(names) < 2:
        message = (
            f"{people.name}: all photos to learn from have the {column} {names[0] if names else NOT_GIVEN!r}; "
            "at least two groups are needed to balance them"
        )
        raise DataSetError(message)
    number = {name: place for place, name in enumerate(names)}
    number |= {"": len(names) - 1} if "" in values else {}
    return Strata(column, tuple(names), np.array([number[value] for value in values], np.int64))


@dataclass(frozen=True, eq=False)
class GroupBatches:
    """Batches in which each group has the same number of photos, to one.

    A pass has as many photos as there are. A group gives all its photos, in random order, before it gives one again:
    a small group gives its photos several times per pass, a large one not all of them; over the passes, all.

    Attributes
    ----------
    strata : Strata
        Of the photos to learn from.
    batch_size : int
        At most so many in a batch.
    seed : int

    Examples
    --------
    >>> of = Strata("gender", ("female", "male"), np.array([0, 1, 1, 1]))
    >>> [sorted(of.places[batch].tolist()) for batch in GroupBatches(of, 2, seed=0).batches(0)]
    [[0, 1], [0, 1]]
    """

    strata: Strata
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        """Batches per pass."""
        return -(-len(self.strata.places) // self.batch_size)

    def batches(self, number: int) -> list[NDArray[np.int64]]:
        """As ``facerec.training.samplers.Sampler`` says."""
        groups = len(self.strata.names)
        photos = len(self.strata.places)
        # Places 0, 1, 2 … of all passes go to the groups in turns, so that any stretch of them is balanced.
        first = number * photos
        turns = np.arange(first, first + photos)
        group, turn = turns % groups, turns // groups
        chosen = np.empty(photos, np.int64)
        for each in range(groups):
            mine = group == each
            chosen[mine] = self._drawn(each, turn[mine])
        return np.array_split(chosen, self.steps)

    def _drawn(self, group: int, turns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Photos of a group at its turns 0, 1, 2 … of the whole training: one random order of them after another."""
        own = np.flatnonzero(self.strata.places == group)
        rounds, places = np.divmod(turns, len(own))
        orders = {
            int(each): np.random.default_rng([self.seed, 4, group, int(each)]).permutation(own)
            for each in np.unique(rounds)
        }
        return np.array([orders[int(a)][b] for a, b in zip(rounds, places, strict=True)], np.int64)
