"""Error rates of many groups at once, each with the interval that respects who is in it.

The trials are put in order of their groups once, and every group is then measured on its own stretch. A group without
trials is measured too: its rate is NaN. That is not what fairlearn does (0.15.0): its ``false_positive_rate`` is 0.0
for a group without negatives, without a warning, so a face audit would publish the group that nobody tested as the
best one; and pandas' ``max() − min()`` passes over NaN in silence. Its bootstrap draws rows, and rows that share a
person are not independent. So no audit here uses fairlearn's rates or its intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.intervals import CONFIDENCE, clustered_estimate, estimate
from facerec.errors import ArgumentError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.types import Rate


@dataclass(frozen=True, eq=False)
class Trials:
    """Comparisons that went right or wrong, and who took part in them.

    Attributes
    ----------
    wrong : ndarray, bool, shape (n,)
        True where the decision was an error.
    people : tuple of two ndarrays, int, shape (n,), or None
        Codes of the people on either side, from 0 on; equal for genuine pairs and for predictions about one person.
        None where nobody knows who took part: every trial then counts as independent.
    """

    wrong: NDArray[np.bool_]
    people: tuple[NDArray[np.integer], NDArray[np.integer]] | None

    def __post_init__(self) -> None:
        shapes = {side.shape for side in self.people or ()} | {self.wrong.shape}
        if len(shapes) > 1 or self.wrong.ndim != 1:
            message = f"errors and subjects must have one length; got shapes {sorted(shapes)}"
            raise ArgumentError(message)

    def __len__(self) -> int:
        return len(self.wrong)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Trials:
        """Some of the trials, by number, by mask or by slice."""
        if self.people is None:
            return Trials(self.wrong[rows], None)
        first, second = self.people
        return Trials(self.wrong[rows], (first[rows], second[rows]))

    @cached_property
    def correlation(self) -> float:
        """How alike errors that share a person have to be taken to be, 0 … 1; 0 where nobody knows who takes part."""
        return 0.0 if self.people is None else PairsOfPeople.of(*self.people).correlation(self.wrong)

    def estimate(self, *, confidence: float = CONFIDENCE, correlation: float | None = None) -> Estimate:
        """The error rate of all the trials together.

        Parameters
        ----------
        confidence, correlation : float
            As for ``audits.statistics.intervals.clustered_estimate``.

        Raises
        ------
        ArgumentError
            If `confidence` or `correlation` is out of range.
        """
        if self.people is None:
            return estimate(Rate(int(np.count_nonzero(self.wrong)), len(self)), confidence=confidence)
        return clustered_estimate(self.wrong, *self.people, confidence=confidence, correlation=correlation)


def rates_by(
    trials: Trials,
    codes: NDArray[np.integer],
    groups: int,
    *,
    confidence: float = CONFIDENCE,
    correlation: float | None = None,
) -> tuple[Estimate, ...]:
    """The error rate of each group.

    Parameters
    ----------
    trials : Trials
    codes : ndarray, int, shape (n,)
        Which group each trial belongs to, below `groups`; −1 for none of them.
    groups : int
        How many there are; one that no trial belongs to is measured as NaN.
    confidence, correlation : float
        As for ``audits.statistics.intervals.clustered_estimate``.

    Returns
    -------
    tuple of Estimate
        Of length `groups`.

    Raises
    ------
    ArgumentError
        If there is not one code for each trial, or one is out of range.
        If `confidence` or `correlation` is out of range.

    Examples
    --------
    >>> trials = Trials(np.array([True, False, False]), None)
    >>> [(found.errors, found.trials) for found in rates_by(trials, np.array([1, 1, -1]), 3)]
    [(0, 0), (1, 2), (0, 0)]
    """
    order, starts = grouped_order(codes, groups, len(trials))
    inside = trials.take(order)
    nothing = inside.take(slice(0, 0)).estimate(confidence=confidence, correlation=correlation)
    return tuple(
        inside.take(slice(start, end)).estimate(confidence=confidence, correlation=correlation)
        if end > start
        else nothing
        for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    )


def grouped_order(codes: NDArray[np.integer], groups: int, trials: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An order in which each group is one stretch, and where the stretches begin and end.

    Parameters
    ----------
    codes : ndarray, int, shape (n,)
        Below `groups`; −1 for no group.
    groups, trials : int
        How many groups and trials there are.

    Returns
    -------
    order : ndarray, int64, shape (m,)
        The m trials that belong to a group; those of one group keep their order.
    starts : ndarray, int64, shape (groups + 1,)
        Group g is ``order[starts[g]:starts[g + 1]]``.

    Raises
    ------
    ArgumentError
        If there is not one code for each trial, or one is out of range.
    """
    if codes.shape != (trials,) or (trials and not (int(codes.min()) >= -1 and int(codes.max()) < groups)):
        message = f"each of the {trials} trials needs a group below {groups}, or -1; got codes of shape {codes.shape}"
        raise ArgumentError(message)
    small = codes.astype(np.int16) if groups < 1 << 15 else codes  # NumPy sorts 16 bits by radix
    order = np.argsort(small, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes[codes >= 0], minlength=groups))])
    return order[len(order) - starts[-1] :], starts


def pooled(estimates: Sequence[Estimate]) -> Rate:
    """All groups' trials taken together, with the effective trials of people who are in one group each.

    Parameters
    ----------
    estimates : sequence of Estimate

    Returns
    -------
    Rate

    Notes
    -----
    Groups of different people are independent, so 1/n_eff = Σ (n_g/n)² / n_eff,g where all have the same rate.

    Examples
    --------
    >>> pooled([estimate(Rate(1, 10, 5.0)), estimate(Rate(0, 30, 15.0)), estimate(Rate(0, 0))])
    Rate(errors=1, trials=40, effective_trials=20.0)
    """
    measured = [found for found in estimates if found.measured]
    n = sum(found.trials for found in measured)
    if not n:
        return Rate(0, 0)
    inverse = sum((found.trials / n) ** 2 / found.effective_trials for found in measured)
    return Rate(sum(found.errors for found in measured), n, min(float(n), 1 / inverse))
