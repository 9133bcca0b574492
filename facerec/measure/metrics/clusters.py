"""Error rates whose intervals know that comparisons share people: the one policy of the whole product.

One person with a difficult face is in many comparisons, so a thousand comparisons among fifty people say less than
a thousand among two thousand. What is known of that comes from four places, and the least favourable of them counts:

1. the errors themselves: the dyadic-robust variance, in which people with many comparisons weigh as much as they pull
   (leverage), which grows with the rate, and which is itself uncertain where few people make it up (Student's t);
2. a larger table: how alike errors of one person were there (`PairsOfPeople.correlation`), lent to each of its groups;
3. where too few people, errors or shared comparisons could show any dependence, what people are known to bring along,
   at a rate that is not shown to be exceeded rather than at the one that was seen;
4. independence: no comparison is worth more than one.

``facerec audit prove`` simulates tables of known truth and counts how often the intervals hold it.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics.dependence import Meetings, PeopleSums
from facerec.measure.metrics.rates import flag_array
from facerec.types import Rate

_BLOCK = 1 << 22  # np.bincount copies what it counts to 64 bit; in blocks that stays small for any number of pairs


def clustered_rate(
    errors: ArrayLike,
    first_subject: ArrayLike,
    second_subject: ArrayLike,
    *,
    correlation: float | None = None,
    confidence: float = 0.95,
) -> Rate:
    """An error rate with the number of independent trials that its comparisons are worth.

    Parameters
    ----------
    errors : array_like, bool, shape (n,)
        True where the decision was wrong: an accepted impostor pair, a rejected genuine pair (one without a score
        is rejected).
    first_subject, second_subject : array_like, int or str, shape (n,)
        Who is on either side; equal for genuine pairs, and for predictions about one person each. Integer codes from 0
        on are fastest and need least memory.
    correlation : float, optional
        How alike two errors are that share a person, 0 … 1, as a larger table showed it (`PairsOfPeople.correlation`):
        nothing here is worth more than it allows. ``None``: these comparisons stand alone.
    confidence : float
        Of the intervals that will be made, between 0 and 1, exclusive: few people are worth less the surer one wants
        to be.

    Returns
    -------
    Rate
        Its `effective_trials` are at most n, so its interval is never narrower than that of independent trials.

    Raises
    ------
    ArgumentError
        If `errors` are not True or False throughout.
        If the three differ in length or have more than one dimension.
        If a subject is neither an integer nor a string.
        If `correlation` or `confidence` is out of range.

    Notes
    -----
    With V₀ = p(1−p)/n and V the dyadic-robust variance with leverage, n_eff is the smaller of
    p(1−p) / [V₀ + g (V − V₀)⁺ (t_ν / z)²] and n / (1 + ρ s). ν = (Σ w_i)² / Σ w_i², w_i = T_i², counts the people that
    V rests on; s, how many other trials a trial shares a person with. Errors are the more alike the more frequent they
    are, up to all alike, and few of few people show too little of both at once; so g = 1 + [φ(p^¼ u^¾) / φ(p) − 1]
    [1 − (5 / errors)²]⁺, u the upper bound with g = 1: the variance on the way to the bound. φ is as in
    `PairsOfPeople.correlation`, but of the share that would show such a V: `PERSON` (V / V₀ − 1) / (s φ(p)), 0.001 …
    0.9. (Above ½, of successes.) Without errors, or with nothing else, n / (1 + ρ s) alone. See `dyadic_variance` for
    V and T_i.

    References
    ----------
    Fogliato, Patil & Perona (2024), IJCV, arXiv:2306.01198 (the effective sample size in Wilson's interval).
    Korn & Graubard (1998), Survey Methodology 24:193 (t in place of z through the effective n). Satterthwaite (1946),
    Biometrics Bulletin 2:110 (ν). Bell & McCaffrey (2002), Survey Methodology 28:169 (leverage).

    Examples
    --------
    Forty people, five comparisons each, and four of them are never recognised:

    >>> people = np.repeat(np.arange(40), 5)
    >>> rate = clustered_rate(people < 4, people, people)
    >>> rate.value, rate.trials, round(rate.effective_trials, 1)
    (0.1, 200, 25.2)
    """
    wrong = flag_array("errors", errors)
    pairs = PairsOfPeople.of(first_subject, second_subject)
    if len(wrong) != len(pairs):
        message = f"errors and subjects must have one length; got {len(wrong)} and {len(pairs)}"
        raise ArgumentError(message)
    return pairs.rate(wrong, correlation=correlation, confidence=confidence)


class PairsOfPeople:
    """Who meets whom in n comparisons, counted once, so that many error rates of them cost little each.

    `first` and `second` (n,) say who is on either side, 0 … people − 1; equal for genuine pairs.
    """

    def __init__(self, first: NDArray[Any], second: NDArray[Any], people: int) -> None:
        self._first, self._second, self._people = first, second, people

    @classmethod
    def of(cls, first_subject: ArrayLike, second_subject: ArrayLike) -> PairsOfPeople:
        """From names or codes of any kind.

        Raises
        ------
        ArgumentError
            If the two differ in length or have more than one dimension.
            If a subject is neither an integer nor a string.
        """
        return cls(*_codes(first_subject, second_subject))

    def __len__(self) -> int:
        return len(self._first)

    @cached_property
    def meetings(self) -> Meetings:
        """Who takes part, and how often two people meet."""
        couples, squares = self._couples
        alone = np.array_equal(self._first, self._second)
        return Meetings(len(self), touching(self._first, self._second, self._people), len(couples), squares, alone)

    @property
    def people(self) -> int:
        """How many different people take part."""
        return self.meetings.people

    @property
    def equal_people(self) -> float:
        """How many people with equally many comparisons would weigh as these do: (Σ m)² / Σ m²; NaN without any."""
        return self.meetings.equal_people

    @property
    def shared(self) -> float:
        """How many other comparisons one shares a person with, on average; NaN without any.

        Of all pairs of four people each shares one with all others but one:

        >>> PairsOfPeople.of([0, 0, 0, 1, 1, 2], [1, 2, 3, 2, 3, 3]).shared
        4.0
        """
        return self.meetings.shared

    def sums(self, wrong: NDArray[np.bool_]) -> PeopleSums:
        """What went wrong, person by person and couple by couple; `wrong` (n,) is True where the decision was."""
        chosen = np.flatnonzero(wrong) if np.count_nonzero(wrong) < len(wrong) // 64 else wrong
        first, second = self._first[chosen], self._second[chosen]
        couples, _ = self._couples
        squares = products = 0
        if len(couples):
            with_errors, errors = np.unique(_couples(first, second, self._people), return_counts=True)
            met = np.searchsorted(couples, with_errors, "right") - np.searchsorted(couples, with_errors, "left")
            squares, products = int(errors @ errors), int(errors @ met)
        return PeopleSums(
            self.meetings, int(np.count_nonzero(wrong)), touching(first, second, self._people), squares, products
        )

    def rate(self, wrong: NDArray[np.bool_], *, correlation: float | None = None, confidence: float = 0.95) -> Rate:
        """As `clustered_rate`; `wrong` (n,) is True where the decision was."""
        return self.sums(wrong).rate(correlation=correlation, confidence=confidence)

    def correlation(self, wrong: NDArray[np.bool_], *, confidence: float = 0.95) -> float:
        """As `PeopleSums.correlation`.

        Examples
        --------
        >>> people = np.repeat(np.arange(40), 5)
        >>> round(PairsOfPeople.of(people, people).correlation(people < 4), 9)  # whoever fails, always fails
        1.0
        """
        return self.sums(wrong).correlation(confidence=confidence)

    def variance(self, wrong: NDArray[np.bool_], *, leverage: bool = False) -> float:
        """As `PeopleSums.variance`."""
        return self.sums(wrong).variance(leverage=leverage)

    def people_behind(self, wrong: NDArray[np.bool_]) -> float:
        """How many people the variance of an error rate rests on, ≥ 1: ν of `clustered_rate`.

        >>> everyone = np.arange(4)
        >>> PairsOfPeople.of(everyone, everyone).people_behind(np.array([True, False, True, False]))
        4.0
        """
        return self.sums(wrong).people_behind()

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


def dyadic_variance(errors: ArrayLike, first_subject: ArrayLike, second_subject: ArrayLike) -> float:
    """The variance of an error rate over comparisons that share people, whatever the design.

    Parameters and errors are those of `clustered_rate`; the order of the two sides does not matter.

    Returns
    -------
    float
        NaN without comparisons; not floored, so it can be 0 or slightly negative in tiny samples.

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
    wrong, pairs = flag_array("errors", errors), PairsOfPeople.of(first_subject, second_subject)
    if len(wrong) != len(pairs):
        message = f"errors and subjects must have one length; got {len(wrong)} and {len(pairs)}"
        raise ArgumentError(message)
    return pairs.variance(wrong) if len(wrong) else math.nan


def touching(first: NDArray[Any], second: NDArray[Any], people: int) -> NDArray[np.int64]:
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


def _codes(first_subject: ArrayLike, second_subject: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Each side's subjects as codes below some number of people, and that number; such codes stay as they are."""
    first, second = np.asarray(first_subject), np.asarray(second_subject)
    if first.shape != second.shape or first.ndim != 1:
        message = f"the subjects of both sides must have one length; got shapes {first.shape} and {second.shape}"
        raise ArgumentError(message)
    if len(first) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), 0
    if first.dtype.kind in "iu" and second.dtype.kind in "iu":
        highest = max(int(first.max()), int(second.max()))
        if min(int(first.min()), int(second.min())) >= 0 and highest < 4 * len(first) + 1024:
            common = first.dtype if first.dtype == second.dtype else np.dtype(np.int64)
            return first.astype(common, copy=False), second.astype(common, copy=False), highest + 1
        different, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
        return codes[: len(first)], codes[len(first) :], len(different)
    named: dict[object, int] = {}
    sides = [
        np.fromiter((named.setdefault(subject, len(named)) for subject in side.tolist()), np.int64, len(side))
        for side in (first, second)
    ]
    for subject in named:
        if not isinstance(subject, int | str):
            message = f"a subject must be an integer or a string; got {subject!r}"
            raise ArgumentError(message)
    return sides[0], sides[1], len(named)
