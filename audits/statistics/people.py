"""The mean of people's own error rates: everybody counts once, however many photos there are of them.

One person with 200 photos is 19,900 genuine pairs. Over pairs the rate is that person's; over people it is everybody's,
and it answers what somebody asks who is one of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.statistics.trials import Trials
from facerec.errors import ArgumentError
from facerec.measure.metrics.dependence import student
from facerec.types import Interval, Rate


@dataclass(frozen=True)
class PersonMean:
    """The mean of the own rates, 0 … 1, of so many people with a trial at least; NaN throughout without any."""

    value: float
    people: int
    interval: Interval


def person_mean(trials: Trials, *, correlation: float = 0.0, confidence: float = CONFIDENCE) -> PersonMean | None:
    """The mean of the error rates of people, each from their own trials; None where nobody knows who takes part.

    `trials` are of one person each: genuine pairs, or photos. `correlation` says how alike two errors of one person
    are, 0 … 1, as a larger table showed it. `ArgumentError` if a trial is of two people, or `confidence` is no share.

    Notes
    -----
    With the rates r of m people who have n trials each, p = mean r and w = (r − p)²: the interval is Wilson's (Clopper
    and Pearson's at 0 and 1) on the smaller of two numbers of trials: p(1−p) / [Σw / (m(m−1)) (t_ν / z)²], ν =
    (Σw)² / Σw², and 1 / mean[(1 + ρ(n − 1)) / (m n)], which is all that the correlation ρ allows.

    Examples
    --------
    Ann fails in 90 of 100 pairs, nine others in none of two: 90 of 118 pairs, and less than a tenth of people's own.

    >>> people = np.repeat(np.arange(10), [100] + [2] * 9)
    >>> found = person_mean(Trials(np.arange(118) < 90, (people, people)))
    >>> round(found.value, 3), found.people, str(found.interval)
    (0.09, 10, '[0.001179, 0.8923]')
    """
    checked_confidence(confidence)
    if trials.people is None:
        return None
    first, second = trials.people
    if not np.array_equal(first, second):
        message = "people have rates of their own in trials of one person each; got trials of two people"
        raise ArgumentError(message)
    counts = np.bincount(first)
    errors = np.bincount(first[trials.wrong], minlength=len(counts))
    taking = counts > 0
    return mean_of_people(counts[taking], errors[taking], correlation=correlation, confidence=confidence)


def mean_of_people(
    n: NDArray[np.int64], errors: NDArray[np.int64], *, correlation: float = 0.0, confidence: float = CONFIDENCE
) -> PersonMean:
    """As `person_mean`, of m people with `n` (m,) trials each, at least 1, and so many `errors` (m,) among them."""
    if not len(n):
        return PersonMean(math.nan, 0, Interval(math.nan, math.nan, confidence))
    r = errors / n
    m, p = len(n), float(r.mean())
    worth = m / float(((1 + correlation * (n - 1)) / n).mean())
    w = (r - p) ** 2
    if m > 1 and w.any():
        behind = max(1.0, float(w.sum() ** 2 / (w @ w)))
        worth = min(worth, p * (1 - p) * m * (m - 1) / float(w.sum()) / student(behind, confidence) ** 2)
    # A mean of fractions is no count of errors: as many parts as a float tells apart stand in for trials.
    return PersonMean(p, m, Rate(round(p * _PARTS), _PARTS, worth).interval(confidence))


_PARTS = 10**15
