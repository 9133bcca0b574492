"""Splits by people, never by photo: a network that has seen a person says nothing about strangers."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, DataSetError
from facerec.training.people import People


@dataclass(frozen=True, eq=False)
class PeopleSplit:
    """Whose photos are learned from, and whose choose the epoch and measure the operating points.

    Attributes
    ----------
    train, validation : ndarray, int64
        Photos; no person is in both.
    train_people, validation_people : int
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    train_people: int
    validation_people: int


def split_people(
    people: People,
    *,
    seed: int,
    fmr: float,
    validation: float = 0.2,
    pairs: bool = False,
    held_out: Collection[str] = (),
) -> PeopleSplit:
    """Split by people.

    Parameters
    ----------
    people : People
    seed : int
        Of the draw.
    fmr : float
        The false match rate that is measured on the validation people: they are as many as it takes to expect one false
        match, where half of the people are enough for that.
    validation : float
        Share of the people, 0 < share < 1; only people with two photos or more validate.
    pairs : bool
        Whether the loss compares photos of one person: people with a single photo are then left out of training.
    held_out : collection of str
        Identities that take no part on either side, for a test on people whom nothing has seen.

    Returns
    -------
    PeopleSplit

    Raises
    ------
    ArgumentError
        If `validation` is out of range, or somebody is held out who is not there.
        If no split leaves enough pairs of different people for `fmr`; the message says what would do.
    DataSetError
        If fewer than two people have two photos, or fewer than two people are left to learn from.
    """
    if not 0 < validation < 1:
        message = f"the share of people for validation must lie between 0 and 1; got {validation}"
        raise ArgumentError(message)
    if strangers := sorted(set(held_out) - set(people.identities)):
        message = f"{people.name}: {strangers[0]!r} cannot be held out; there is nobody of that name"
        raise ArgumentError(message)
    counts = np.bincount(people.labels, minlength=len(people.identities))
    held_out = frozenset(held_out)
    counts[[name in held_out for name in people.identities]] = 0
    able = np.flatnonzero(counts >= 2)
    if len(able) < 2:
        message = (
            f"{people.name}: {len(able)} of {len(counts)} people have two photos or more; validation needs two such "
            "people, and others to learn from"
        )
        raise DataSetError(message)
    order = np.random.default_rng([seed, 1]).permutation(able)
    most = max(2, len(able) // 2)
    impostors = [_impostor_pairs(counts[order[:size]]) for size in range(most + 1)]
    size = min(most, max(2, round(validation * len(counts))))
    while size < most and fmr * impostors[size] < 1:
        size += 1
    if fmr * impostors[size] < 1 - 1e-9:
        possible = _rounded_up(1 / impostors[size])
        message = (
            f"{people.name}: {size} people for validation give {impostors[size]} pairs of different people, which "
            f"cannot show a false match rate of {fmr:g}; use an --fmr of {possible:g} or more, or more people with "
            "two photos"
        )
        raise ArgumentError(message)
    held = np.zeros(len(counts), bool)
    held[order[:size]] = True
    learned = ~held & (counts >= (2 if pairs else 1))
    if learned.sum() < 2:
        message = (
            f"{people.name}: {int(learned.sum())} people are left to learn from beside {size} for validation; "
            f"at least two are needed{', with two photos each for this loss' if pairs else ''}"
        )
        raise DataSetError(message)
    return PeopleSplit(
        train=np.flatnonzero(learned[people.labels]),
        validation=np.flatnonzero(held[people.labels]),
        train_people=int(learned.sum()),
        validation_people=size,
    )


def _impostor_pairs(counts: NDArray[np.int64]) -> int:
    total = int(counts.sum())
    return (total**2 - int((counts**2).sum())) // 2


def _rounded_up(value: float) -> float:
    """To one digit, so that people can type it."""
    unit = 10.0 ** math.floor(math.log10(value))
    return math.ceil(value / unit - 1e-9) * unit
