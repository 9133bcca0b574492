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
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics.rates import flag_array
from facerec.types import Rate

PERSON = 0.2
"""The share of a mated score's variance that a person brings along, where the data cannot show it; half of it where two
people meet."""

_FEW_PEOPLE, _FEW_ERRORS = 12, 5
_UNSTEADY = 0.8  # people needed for each unit of kurtosis of what they bring along
_TO_THE_BOUND = 0.75  # how far, in ratios, from a rate to its bound the errors are taken to be as alike as they may be
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
    def people(self) -> int:
        """How many different people take part."""
        return int(np.count_nonzero(self._comparisons))

    @cached_property
    def equal_people(self) -> float:
        """How many people with equally many comparisons would weigh as these do: (Σ m)² / Σ m²; NaN without any."""
        m = self._comparisons.astype(np.float64)
        return float(m.sum() ** 2 / (m @ m)) if len(self) else math.nan

    @cached_property
    def shared(self) -> float:
        """How many other comparisons one shares a person with, on average; NaN without any.

        Of all pairs of four people each shares one with all others but one:

        >>> PairsOfPeople.of([0, 0, 0, 1, 1, 2], [1, 2, 3, 2, 3, 3]).shared
        4.0
        """
        if not len(self):
            return math.nan
        m, (couples, squares) = self._comparisons, self._couples
        return float(m @ (m - 1) - (squares - len(couples))) / len(self)

    def rate(self, wrong: NDArray[np.bool_], *, correlation: float | None = None, confidence: float = 0.95) -> Rate:
        """As `clustered_rate`; `wrong` (n,) is True where the decision was."""
        if not 0 < confidence < 1:
            message = f"confidence must lie between 0 and 1; got {confidence}"
            raise ArgumentError(message)
        if correlation is not None and not 0 <= correlation <= 1:
            message = f"correlation must lie within 0 … 1; got {correlation}"
            raise ArgumentError(message)
        n, k = len(wrong), int(np.count_nonzero(wrong))
        if not n:
            return Rate(0, 0)
        alike = self.correlation(wrong, confidence=confidence) if correlation is None else correlation
        effective = min(float(n), n / (1 + alike * self.shared))
        return Rate(k, n, effective if k in (0, n) else min(effective, self._own_trials(wrong, confidence)))

    def correlation(self, wrong: NDArray[np.bool_], *, confidence: float = 0.95) -> float:
        """How alike two errors have to be taken to be that share a person, 0 … 1; 0 where no two comparisons do.

        Notes
        -----
        The design effect is 1 + ρ s, so the errors show ρ = (V / V₀ − 1) / s, cut off at 0 and 1. That says nothing
        where they cannot show it; it is then at least w φ(√(p u)), where φ(x) is the correlation of errors at the rate
        x in scores of which the person brings along the share `PERSON`, u the upper bound with that ρ, found by
        iteration, and w = min(1, max[(12 / people)⁴, (0.8 (κ − 1) / people)⁴, (5 / errors)², 2 / (n s φ(p)²)]): 1
        with a dozen people or five errors, next to nothing with forty people and fifty errors. κ is the kurtosis of
        the rates of people who bring along so much: (κ − 1) / people is the relative variance of what so many show of
        their variance, and the rarer the errors the fewer people make them. The last is the variance of ρ among
        independent trials over φ². Without errors u stands for √(p u).

        References
        ----------
        Kish (1965), Survey Sampling, section 5.4 (design effect and intraclass correlation).

        Examples
        --------
        >>> people = np.repeat(np.arange(40), 5)
        >>> round(PairsOfPeople.of(people, people).correlation(people < 4), 9)  # whoever fails, always fails
        1.0
        """
        n, k = len(wrong), int(np.count_nonzero(wrong))
        if not n or not self.shared > 0:
            return 0.0
        fewer = min(k, n - k)  # errors or successes
        if not fewer:
            return self._brought(0, 1.0, confidence)
        p = fewer / n
        seen = (self.variance(wrong) * n / (p * (1 - p)) - 1) / self.shared
        people = max(_FEW_PEOPLE, _UNSTEADY * (latent_kurtosis(p, self._share) - 1))
        chance = 2 / (n * self.shared * latent_correlation(p, self._share) ** 2)
        unclear = min(1.0, max((people / self.equal_people) ** 4, (_FEW_ERRORS / fewer) ** 2, chance))
        return min(1.0, max(0.0, seen, self._brought(fewer, unclear, confidence)))

    def variance(self, wrong: NDArray[np.bool_], *, leverage: bool = False) -> float:
        """As `dyadic_variance`; there is one comparison at least.

        With `leverage` each T_i is divided by 1 − m_i / n, m_i the comparisons that person i takes part in, relative
        to a design in which everybody takes part equally often: what deleting the person would change.
        """
        sums = self._sums(wrong)
        if leverage:
            sums = sums * self._leverage
        return float((sums @ sums - self._per_couple(wrong)) / len(wrong) ** 2)

    def _own_trials(self, wrong: NDArray[np.bool_], confidence: float) -> float:
        """What comparisons are worth by what they show themselves; some but not all of them are errors."""
        n, k = len(wrong), int(np.count_nonzero(wrong))
        variance = k * (n - k) / n**2
        independent = variance / n
        excess = self.variance(wrong, leverage=True) - independent
        if excess <= 1e-9 * independent:  # rounding of independent trials
            return float(n)
        seen = excess / (independent * self.shared) if self.shared > 0 else 1.0
        excess *= student(self.people_behind(wrong), confidence) ** 2
        fewer = min(k, n - k)  # errors or successes
        bound = Rate(fewer, n, variance / (independent + excess)).interval(confidence).high
        growth = min(self._growth(fewer / n, bound, seen), 1 / seen)
        excess *= 1 + max(0.0, growth - 1) * (1 - min(1.0, (_FEW_ERRORS / fewer) ** 2))
        return float(variance / (independent + excess))

    def _growth(self, rate: float, bound: float, seen: float) -> float:
        """How much more alike errors are on the way to a bound of their rate, if people bring along what was seen."""
        share = min(0.9, max(1e-3, self._share * seen / latent_correlation(rate, self._share)))
        towards = min(0.5, rate ** (1 - _TO_THE_BOUND) * bound**_TO_THE_BOUND)
        return latent_correlation(towards, share) / latent_correlation(rate, share)

    def people_behind(self, wrong: NDArray[np.bool_]) -> float:
        """How many people the variance of an error rate rests on, ≥ 1: ν of `clustered_rate`.

        >>> everyone = np.arange(4)
        >>> PairsOfPeople.of(everyone, everyone).people_behind(np.array([True, False, True, False]))
        4.0
        """
        squares = (self._sums(wrong) * self._leverage) ** 2
        return max(1.0, float(squares.sum() ** 2 / (squares @ squares)))

    def _brought(self, fewer: int, unclear: float, confidence: float) -> float:
        """What people are known to bring along, as far as the data are unclear, half-way to the bound that follows."""
        n, rate, alike = len(self), 0.5, 0.5
        for _ in range(40):  # a contraction: the bound falls as the correlation does, which falls with the bound
            alike = unclear * latent_correlation(rate, self._share)
            bound = Rate(fewer, n, n / (1 + alike * self.shared)).interval(confidence).high
            nearer = math.sqrt(fewer / n * bound) if fewer else bound
            rate, before = 0.5 * rate + 0.5 * min(0.5, nearer), rate
            if abs(rate - before) < 1e-6 * rate:
                break
        return alike

    def _sums(self, wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
        """T_i of everybody. y = error − p, so each sum of y is (errors) − p·(comparisons), and both are counts."""
        first, second = self._chosen(wrong)
        return touching(first, second, self._people) - np.count_nonzero(wrong) / len(wrong) * self._comparisons

    def _chosen(self, wrong: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
        chosen = np.flatnonzero(wrong) if np.count_nonzero(wrong) < len(wrong) // 64 else wrong
        return self._first[chosen], self._second[chosen]

    @cached_property
    def _share(self) -> float:
        return PERSON if np.array_equal(self._first, self._second) else PERSON / 2

    @cached_property
    def _comparisons(self) -> NDArray[np.int64]:
        return touching(self._first, self._second, self._people)

    @cached_property
    def _leverage(self) -> NDArray[np.float64]:
        pull = self._comparisons / len(self)
        return np.maximum(1.0, (1 - pull[pull > 0].mean()) / np.maximum(1 - pull, 1e-3))

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

    def _per_couple(self, wrong: NDArray[np.bool_]) -> float:
        """Σ over couples of two people of (Σ y)² = Σ E² − 2p Σ E·M + p² Σ M², E errors among M comparisons."""
        couples, squares = self._couples
        if len(couples) == 0:
            return 0.0
        p = np.count_nonzero(wrong) / len(wrong)
        with_errors, errors = np.unique(_couples(*self._chosen(wrong), self._people), return_counts=True)
        comparisons = np.searchsorted(couples, with_errors, "right") - np.searchsorted(couples, with_errors, "left")
        return float(errors @ errors - 2 * p * (errors @ comparisons) + p * p * squares)


def student(people: float, confidence: float) -> float:
    """By how much an interval grows whose variance rests on so many people: t / z, ≥ 1."""
    from scipy.special import stdtrit

    tail = 0.5 + confidence / 2
    return float(stdtrit(people, tail)) / NormalDist().inv_cdf(tail)


def latent_correlation(rate: float, share: float) -> float:
    """The correlation of two errors at a rate, where a share of their scores' variance is common to both.

    Parameters
    ----------
    rate : float
        Between 0 and 1, exclusive.
    share : float
        0 to below 1: the scores are standard normal with this correlation.

    Returns
    -------
    float
        [P(both) − p²] / [p (1 − p)], from Gauss-Hermite quadrature over what is common.

    Examples
    --------
    >>> [round(latent_correlation(rate, 0.2), 3) for rate in (0.5, 0.01, 0.0001)]
    [0.128, 0.024, 0.001]
    """
    given, weights = _given_what_is_common(rate, share)
    p = float(weights @ given)
    return float((weights @ given**2 - p * p) / (p * (1 - p)))


def latent_kurtosis(rate: float, share: float) -> float:
    """How unlike people's own error rates are who bring along a share of their scores' variance, ≥ 1.

    Parameters are those of `latent_correlation`. The fourth central moment over the square of the second, of
    P(error | what is common).

    Examples
    --------
    >>> [round(latent_kurtosis(rate, 0.1), 1) for rate in (0.5, 0.1, 0.01, 0.001)]
    [2.7, 5.0, 15.6, 45.5]
    """
    given, weights = _given_what_is_common(rate, share)
    apart = given - weights @ given
    return float(weights @ apart**4 / (weights @ apart**2) ** 2)


def _given_what_is_common(rate: float, share: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(error) given what is common, at each node of the quadrature, and the nodes' weights."""
    nodes, weights = _QUADRATURE
    threshold = NormalDist().inv_cdf(1 - min(rate, 1 - rate))
    beyond = (threshold - math.sqrt(share) * nodes) / math.sqrt(2 * (1 - share))
    return np.array([0.5 * math.erfc(each) for each in beyond]), weights


def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return nodes, weights / weights.sum()


_QUADRATURE = _quadrature()


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
