"""Error rates whose intervals know that comparisons share people.

One person with a difficult face is in many comparisons, so a thousand comparisons among fifty people say less than
a thousand among two thousand. Intervals that take comparisons as independent are then too narrow.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics.arrays import flag_array
from facerec.types import Rate

_BLOCK = 1 << 22  # np.bincount copies what it counts to 64 bit; in blocks that stays small for any number of pairs


def clustered_rate(errors: ArrayLike, first_subject: ArrayLike, second_subject: ArrayLike) -> Rate:
    """An error rate with the number of independent trials that its comparisons are worth.

    Parameters
    ----------
    errors : array_like, bool, shape (n,)
        True where the decision was wrong: an accepted impostor pair, a rejected genuine pair (a failure to acquire
        is a rejection).
    first_subject, second_subject : array_like, int or str, shape (n,)
        Who is on either side; equal for genuine pairs. Integer codes from 0 on are fastest and need least memory.

    Returns
    -------
    Rate
        Its `effective_trials` are at most n, so its interval is never narrower than that of independent trials.

    Raises
    ------
    ArgumentError
        If `errors` are not True or False throughout, or a subject is neither an integer nor a string.
        If the three differ in length or have more than one dimension.

    Notes
    -----
    n_eff = p(1−p) / Var(p), with the dyadic-robust variance of `dyadic_variance`, and n_eff = n where that is larger
    or where p is 0 or 1. The variance is estimated between people: with fewer than some twenty of them it is
    uncertain, and with a single one it cannot be seen at all.

    References
    ----------
    Fogliato, Patil & Perona (2024), IJCV, arXiv:2306.01198 (the effective sample size in Wilson's interval).

    Examples
    --------
    Two people, five comparisons each, and one of the two is never recognised:

    >>> rate = clustered_rate([True] * 5 + [False] * 5, ["ann"] * 5 + ["bob"] * 5, ["ann"] * 5 + ["bob"] * 5)
    >>> rate.value, rate.trials, rate.effective_trials
    (0.5, 10, 2.0)
    """
    wrong, first, second, people = _checked(errors, first_subject, second_subject)
    return PairsOfPeople(first, second, people).rate(wrong)


class PairsOfPeople:
    """Who meets whom in n comparisons, counted once, so that many error rates of them cost little each.

    `first` and `second` (n,) say who is on either side, 0 … people − 1; equal for genuine pairs.
    """

    def __init__(self, first: NDArray[Any], second: NDArray[Any], people: int) -> None:
        self._first, self._second, self._people = first, second, people

    def rate(self, wrong: NDArray[np.bool_]) -> Rate:
        """As `clustered_rate`; `wrong` (n,) is True where the decision was."""
        n, k = len(wrong), int(np.count_nonzero(wrong))
        if k in (0, n):
            return Rate(k, n, float(n))
        p, variance = k / n, self.variance(wrong)
        independent = p * (1 - p) / n
        return Rate(k, n, float(n) if variance <= independent else p * (1 - p) / variance)

    def variance(self, wrong: NDArray[np.bool_]) -> float:
        """As `dyadic_variance`; there is one comparison at least."""
        n, k = len(wrong), int(np.count_nonzero(wrong))
        chosen = np.flatnonzero(wrong) if k < n // 64 else wrong
        first, second = self._first[chosen], self._second[chosen]
        p = k / n
        # y = error − p, so each sum of y is (errors) − p·(comparisons), and both are counts.
        per_person = _touching(first, second, self._people) - p * self._comparisons
        return float((per_person @ per_person - self._per_couple(first, second, p)) / n**2)

    @cached_property
    def _comparisons(self) -> NDArray[np.int64]:
        return _touching(self._first, self._second, self._people)

    @cached_property
    def _couples(self) -> tuple[NDArray[Any], int]:
        """The couple of two people of each comparison, sorted, and Σ M² over couples, M comparisons of each."""
        couples = _couples(self._first, self._second, self._people)
        couples.sort()
        changes = couples[1:] != couples[:-1]
        if changes.all():  # every couple once, as in most designs: spares the array of run lengths
            return couples, len(couples)
        lengths = np.diff(np.flatnonzero(changes), prepend=-1, append=len(couples) - 1)
        return couples, int(lengths @ lengths)

    def _per_couple(self, first: NDArray[Any], second: NDArray[Any], p: float) -> float:
        """Σ over couples of two people of (Σ y)² = Σ E² − 2p Σ E·M + p² Σ M², E errors among M comparisons."""
        couples, squares = self._couples
        if len(couples) == 0:
            return 0.0
        with_errors, errors = np.unique(_couples(first, second, self._people), return_counts=True)
        comparisons = np.searchsorted(couples, with_errors, "right") - np.searchsorted(couples, with_errors, "left")
        return float(errors @ errors - 2 * p * (errors @ comparisons) + p * p * squares)


def dyadic_variance(errors: ArrayLike, first_subject: ArrayLike, second_subject: ArrayLike) -> float:
    """The variance of an error rate over comparisons that share people, whatever the design.

    Parameters and errors are those of `clustered_rate`; the order of the two sides does not matter. NaN without
    comparisons; not floored, so it can be 0 or slightly negative in tiny samples.

    Notes
    -----
    Var(p) = Σ y_k y_l / n² over all k and l (k = l included) that have a person in common, with y = error − p.
    Computed in O(n log n) as [Σ_i T_i² − Σ_{i<j} S_ij²] / n²: T_i sums y over the comparisons that person i takes part
    in, S_ij over those of the two people i and j, which the first sum counts once for each of them.

    References
    ----------
    Aronow, Samii & Assenova (2015), Political Analysis 23:564; Fogliato, Patil & Perona (2024).

    Examples
    --------
    >>> dyadic_variance([True, False, False, False], [0, 1, 2, 3], [4, 5, 6, 7])  # disjoint: p(1−p)/n
    0.046875
    """
    wrong, first, second, people = _checked(errors, first_subject, second_subject)
    return PairsOfPeople(first, second, people).variance(wrong) if len(wrong) else math.nan


def _touching(first: NDArray[Any], second: NDArray[Any], people: int) -> NDArray[np.int64]:
    """How many comparisons each person takes part in; one with oneself counts once."""
    counts = np.zeros(people, np.int64)
    for start in range(0, len(first), _BLOCK):
        left = first[start : start + _BLOCK].astype(np.intp)
        right = second[start : start + _BLOCK].astype(np.intp)
        counts += np.bincount(left, minlength=people)
        counts += np.bincount(right[left != right], minlength=people)
    return counts


def _couples(first: NDArray[Any], second: NDArray[Any], people: int) -> NDArray[Any]:
    """A number for each couple of two people; comparisons of a person with themself are left out."""
    apart = first != second
    if not apart.all():
        first, second = first[apart], second[apart]
    couples = np.minimum(first, second).astype(np.uint32 if people <= 1 << 16 else np.uint64)
    couples *= couples.dtype.type(people)
    couples += np.maximum(first, second).astype(couples.dtype)
    return couples


def _checked(
    errors: ArrayLike, first_subject: ArrayLike, second_subject: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[Any], int]:
    """The errors, each side's subjects as codes below some number of people, and that number."""
    wrong = flag_array("errors", errors)
    first, second = np.asarray(first_subject), np.asarray(second_subject)
    if not wrong.shape == first.shape == second.shape:
        message = f"errors and subjects must have one length; got {wrong.shape}, {first.shape} and {second.shape}"
        raise ArgumentError(message)
    if len(wrong) == 0:
        return wrong, np.empty(0, np.int64), np.empty(0, np.int64), 0
    if first.dtype.kind in "iu" and second.dtype.kind in "iu":
        highest = max(int(first.max()), int(second.max()))
        if min(int(first.min()), int(second.min())) >= 0 and highest < 4 * len(wrong) + 1024:
            common = first.dtype if first.dtype == second.dtype else np.dtype(np.int64)
            return wrong, first.astype(common, copy=False), second.astype(common, copy=False), highest + 1
    return wrong, *_coded(first, second)


def _coded(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    codes: dict[object, int] = {}
    sides = [
        np.fromiter((codes.setdefault(subject, len(codes)) for subject in side.tolist()), np.int64, len(side))
        for side in (first, second)
    ]
    for subject in codes:
        if not isinstance(subject, int | str):
            message = f"a subject must be an integer or a string; got {subject!r}"
            raise ArgumentError(message)
    return sides[0], sides[1], len(codes)
