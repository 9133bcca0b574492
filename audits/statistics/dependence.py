"""How much pairs that share people depend on one another: what the intervals rest on, and what a plan needs.

The dyadic-robust variance itself is ``facerec.measure.metrics.dyadic_variance``; this module says how many people it
rests on, and turns it into a correlation that carries over from one design to another, from a table that shows errors
to a group that shows none.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics import clustered_rate, dyadic_variance
from facerec.measure.metrics.arrays import flag_array


def pair_correlation(errors: ArrayLike, first_subject: ArrayLike, second_subject: ArrayLike) -> float:
    """How alike the errors of two trials are that share a person.

    Parameters
    ----------
    errors, first_subject, second_subject
        As for `clustered_estimate`.

    Returns
    -------
    float
        0 … 1; 0 where nothing can be seen: no errors, only errors, or no two trials that share a person.

    Raises
    ------
    ArgumentError
        If `errors` are not True or False throughout.
        If the three differ in length or have more than one dimension.
        If a subject is neither an integer nor a string.

    Notes
    -----
    The design effect is 1 + ρ s, with s from `shared_trials`; so ρ = (V / V₀ − 1) / s, cut off at 0 and 1.

    References
    ----------
    Kish (1965), Survey Sampling, section 5.4 (design effect and intraclass correlation).

    Examples
    --------
    >>> people = np.repeat(np.arange(40), 5)
    >>> round(pair_correlation(people < 4, people, people), 9)  # whoever fails, always fails
    1.0
    """
    wrong = flag_array("errors", errors)
    first, second = compact_codes(first_subject, second_subject)
    rate = clustered_rate(wrong, first, second)
    if rate.errors in (0, rate.trials) or rate.effective_trials in (None, rate.trials):
        return 0.0
    shared = shared_trials(first, second)
    independent = rate.value * (1 - rate.value) / rate.trials
    effect = dyadic_variance(wrong, first, second) / independent
    return min(1.0, max(0.0, (effect - 1) / shared)) if shared > 0 else 0.0


def shared_trials(first_subject: NDArray[np.integer], second_subject: NDArray[np.integer]) -> float:
    """How many other trials a trial shares a person with, on average.

    Parameters
    ----------
    first_subject, second_subject : ndarray, int, shape (n,)
        Codes from 0 on.

    Returns
    -------
    float
        NaN without trials.

    Examples
    --------
    All pairs of four people: each pair shares a person with all others but one.

    >>> shared_trials(np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 2, 3, 3]))
    4.0
    """
    n = len(first_subject)
    if not n:
        return math.nan
    apart = first_subject != second_subject
    touching = _per_person(first_subject, second_subject, np.ones(n, np.bool_))
    pairs = float(touching @ (touching - 1))
    if apart.any():  # two trials of the same two people were counted once for either person
        people = len(touching)
        low = np.minimum(first_subject[apart], second_subject[apart]).astype(np.int64)
        high = np.maximum(first_subject[apart], second_subject[apart]).astype(np.int64)
        couples = np.unique(low * people + high, return_counts=True)[1]
        pairs -= float(couples @ (couples - 1))
    return pairs / n


def people_in(first_subject: NDArray[np.integer], second_subject: NDArray[np.integer]) -> int:
    """How many different people take part in the trials.

    Parameters
    ----------
    first_subject, second_subject : ndarray, int, shape (n,)
        Codes from 0 on.

    Returns
    -------
    int

    Examples
    --------
    >>> people_in(np.array([0, 5]), np.array([5, 9]))
    3
    """
    everybody = np.ones(len(first_subject), np.bool_)
    return int(np.count_nonzero(_per_person(first_subject, second_subject, everybody)))


def compact_codes(
    first_subject: ArrayLike, second_subject: ArrayLike
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Both sides' people as codes from 0 on without large gaps; codes that are so already stay as they are.

    Raises
    ------
    ArgumentError
        If the two differ in length or have more than one dimension.
        If a subject is neither an integer nor a string.
    """
    first, second = np.asarray(first_subject), np.asarray(second_subject)
    if first.shape != second.shape or first.ndim != 1:
        message = f"the subjects of both sides must have one length; got shapes {first.shape} and {second.shape}"
        raise ArgumentError(message)
    if len(first) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    whole = first.dtype.kind in "iu" and second.dtype.kind in "iu"
    if whole and min(first.min(), second.min()) >= 0 and max(first.max(), second.max()) < 4 * len(first) + 1024:
        return first, second
    both = np.concatenate([first, second])
    if both.dtype == object and (odd := [x for x in both.tolist() if not isinstance(x, int | str)]):
        message = f"a subject must be an integer or a string; got {odd[0]!r}"
        raise ArgumentError(message)
    if both.dtype.kind not in "iuUO":
        message = f"a subject must be an integer or a string; got {both.dtype}"
        raise ArgumentError(message)
    codes = pd.factorize(both)[0].astype(np.int64)
    return codes[: len(first)], codes[len(first) :]


def people_behind(wrong: NDArray[np.bool_], first: NDArray[np.integer], second: NDArray[np.integer]) -> float:
    """How many people the variance of an error rate rests on.

    Parameters
    ----------
    wrong : ndarray, bool, shape (n,)
        Some but not all True.
    first, second : ndarray, int, shape (n,)
        Codes from 0 on.

    Returns
    -------
    float
        ≥ 1: Satterthwaite's degrees of freedom of a sum of one square per person.

    Notes
    -----
    (Σ w_i)² / Σ w_i² with w_i = T_i², T_i = Σ (error − p) over the trials that person i takes part in.

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2:110.

    Examples
    --------
    >>> everyone = np.arange(4)
    >>> people_behind(np.array([True, False, True, False]), everyone, everyone)  # four people, equally
    4.0
    """
    p = np.count_nonzero(wrong) / len(wrong)
    everywhere = _per_person(first, second, np.ones(len(wrong), np.bool_))
    squares = np.zeros(len(everywhere))
    mistaken = _per_person(first, second, wrong)
    squares[: len(mistaken)] = mistaken
    squares = (squares - p * everywhere) ** 2
    return float(squares.sum() ** 2 / (squares @ squares))


def _per_person(
    first: NDArray[np.integer], second: NDArray[np.integer], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """In how many of the chosen trials each person takes part; a trial of one person alone counts once."""
    left, right = first[chosen], second[chosen]
    apart = right[left != right]
    people = int(max(left.max(initial=-1), right.max(initial=-1))) + 1
    return (np.bincount(left, minlength=people) + np.bincount(apart, minlength=people)).astype(np.float64)
