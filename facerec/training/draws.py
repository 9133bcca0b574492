"""Whose photos are compared where not all can be: people are drawn, never the first ones.

Identities in many sets begin with an origin or a sex, and so would whoever comes first in their order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facerec.training.people import People

_PEOPLE = 30
"""No person gives more than one photo in so many, or a few famous people would be all that is measured."""


def drawn_photos(
    labels: NDArray[np.int64], *, most: int, seed: int, groups: Sequence[str] | None = None, even: bool = False
) -> NDArray[np.int64]:
    """Positions of photos of people who are drawn; all of them where they are few enough.

    Parameters
    ----------
    labels : ndarray, int64, shape (n,)
        Who is on each photo.
    most : int
        How many photos at most. So many people are drawn that theirs are about as many.
    seed : int
        The same seed draws the same people, in every epoch and every run that goes on.
    groups : sequence of str, length n, optional
        The group of each photo's person; people are drawn from each.
    even : bool
        As many people of each group as it has, instead of their share: for whoever compares groups.

    Returns
    -------
    ndarray, int64
        Ascending.

    Examples
    --------
    >>> ids = np.arange(100).repeat(2)
    >>> some = drawn_photos(ids, most=50, seed=0, groups=["f" if who < 50 else "m" for who in ids])
    >>> len(some), int((ids[some] < 50).sum())
    (50, 26)
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    draw = np.random.default_rng(seed)
    people, first, who = np.unique(labels, return_index=True, return_inverse=True)
    mixed = draw.permutation(len(labels))
    place = np.empty(len(labels), np.int64)  # of each photo among those of its person
    place[mixed] = _places(who[mixed])
    given = place < max(2, most // min(len(people), _PEOPLE))
    order = draw.permutation(len(people))
    group = np.unique([] if groups is None else [groups[at] for at in first], return_inverse=True)[1]
    group = group if groups is not None else np.zeros(len(people), np.int64)
    turn = np.empty(len(people))
    turn[order] = _places(group[order])
    if not even:
        turn = (turn + 0.5) / np.bincount(group)[group]
    order = order[np.argsort(turn[order], kind="stable")]
    photos = np.cumsum(np.bincount(who[given], minlength=len(people))[order])
    taken = order[: np.searchsorted(photos, most, "right")]
    return np.flatnonzero(given & np.isin(who, taken))


def groups_of(people: People, photos: NDArray[np.int64]) -> list[str] | None:
    """The group of each photo: all that the columns say of it; ``None`` where there are no columns."""
    columns = people.columns.values()
    return [" ".join(values[photo] for values in columns) for photo in photos] if columns else None


def in_words(people: People, photos: NDArray[np.int64], some: NDArray[np.int64]) -> str:
    """How many were drawn of how many; `some` are positions in `photos`."""
    if len(some) == len(photos):
        return f"all {len(photos)} photos"
    of, drawn = (len(np.unique(people.labels[which])) for which in (photos, photos[some]))
    return f"{len(some)} of {len(photos)} photos, of {drawn} of {of} people, drawn at random"


def _places(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many equal numbers stand before each."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    places = np.empty(len(numbers), np.int64)
    places[order] = np.arange(len(numbers)) - np.searchsorted(ordered, ordered)
    return places
