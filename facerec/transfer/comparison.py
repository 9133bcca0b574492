"""Which results differ: intervals that know photos and seeds, and paired tests with all comparisons counted.

Methods are judged on the same test photos, so they are compared photo by photo; a mean over seeds varies with the
photos that were drawn to learn from as well as with the test photos, so both are drawn again. With a table of a dozen
methods some pair differs by chance: p-values are adjusted by Holm within each number of shots, and whoever is not
distinguishable from the best is marked so, in place of a bold maximum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from facerec.errors import ArgumentError
from facerec.measure.metrics import holm
from facerec.transfer.cells import Cell, Outcome, Protocol
from facerec.types import Interval, Rate

REPLICATES = 9_999
"""Draws of the bootstrap; the smallest p-value that they can show is 2 / 10,000."""

SIGNIFICANCE = 0.05
"""Adjusted p-values below it are called a difference."""

_CHUNK = 500

Method: TypeAlias = tuple[str, Protocol]
"""Backbone and protocol."""

Flags: TypeAlias = NDArray[np.bool_]
Drawn: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """The accuracy of a method with some number of shots, over its seeds.

    Attributes
    ----------
    backbone : str
    protocol : str
    shots : int or None
        None: all photos.
    seeds : tuple of int
    accuracy : Rate
        Of all answers of all seeds, ``errors`` counting what is correct, with effective trials: its interval holds for
        other test photos and other seeds.
    """

    backbone: str
    protocol: Protocol
    shots: int | None
    seeds: tuple[int, ...]
    accuracy: Rate

    @property
    def method(self) -> Method:
        """Backbone and protocol."""
        return self.backbone, self.protocol


@dataclass(frozen=True)
class Comparison:
    """Two methods on the same test photos.

    Attributes
    ----------
    first, second : (str, str)
        Backbone and protocol of each.
    shots : int or None
    seeds : tuple of int
        Those that both have.
    difference : float
        Accuracy of the first minus that of the second, −1 … 1.
    interval : Interval
        Of the difference, by the paired bootstrap.
    p_value : float
        McNemar's exact test with one seed, the paired bootstrap's with several; not adjusted.
    adjusted : float
        By Holm, for all comparisons with this number of shots.
    """

    first: Method
    second: Method
    shots: int | None
    seeds: tuple[int, ...]
    difference: float
    interval: Interval
    p_value: float
    adjusted: float = math.nan

    @property
    def distinguishable(self) -> bool:
        """Whether the adjusted p-value is below `SIGNIFICANCE`."""
        return self.adjusted < SIGNIFICANCE


def mean_accuracy(correct: Flags, *, clusters: NDArray[np.int64] | None = None, replicates: int = REPLICATES) -> Rate:
    """The mean accuracy over seeds, with as many effective trials as its variance is worth.

    Parameters
    ----------
    correct : ndarray, bool, shape (seeds, photos)
        Whether each seed's answer to each test photo is right.
    clusters : ndarray, int, shape (photos,), optional
        Photos that belong together, such as those of one person, share a number; None: photos are independent.
    replicates : int
        Draws of the bootstrap.

    Returns
    -------
    Rate
        ``errors`` counts correct answers.

    Raises
    ------
    ArgumentError
        If there is no seed or no photo.

    Notes
    -----
    Photos (or clusters) are drawn with replacement, and of S seeds S − 1, which makes the variance between few seeds
    unbiased; n_eff = p(1 − p) / Var*, at most seeds × photos, and Wilson's interval stands on it. Drawing both
    levels counts their interaction more than once, so the interval errs on the wide side. With one seed and no
    clusters it is Wilson's interval of the photos; where every answer is right, or none, no variance can be seen and
    the photos of one seed count.

    References
    ----------
    Owen (2007), Annals of Applied Statistics 1:386 (drawing rows and columns). Rao & Wu (1988), JASA 83:231 (n − 1).

    Examples
    --------
    >>> rate = mean_accuracy(np.ones((5, 40), bool))
    >>> rate.value, rate.effective_trials
    (1.0, 40.0)
    """
    _checked(correct)
    return _rate(correct, _photo_draws(correct, clusters, replicates), alone=clusters is None)


def _rate(correct: Flags, drawn: Drawn, *, alone: bool) -> Rate:
    """`alone`: whether photos are independent."""
    right, trials = int(correct.sum()), correct.size
    if right in (0, trials) or (len(correct) == 1 and alone):
        return Rate(right, trials, float(correct.shape[1]))
    p = right / trials
    return Rate(right, trials, float(min(trials, p * (1 - p) / max(float(_over_seeds(drawn).var()), 1e-300))))


def paired_difference(
    first: Flags, second: Flags, *, clusters: NDArray[np.int64] | None = None, replicates: int = REPLICATES
) -> tuple[float, Interval, float]:
    """How much more of the same photos one method gets right than another.

    Parameters
    ----------
    first, second : ndarray, bool, shape (seeds, photos)
        Right answers of each; the same seeds and photos in the same order.
    clusters : ndarray, int, shape (photos,), optional
        As in `mean_accuracy`.
    replicates : int
        Draws of the bootstrap.

    Returns
    -------
    difference : float
    interval : Interval
        95 %, percentiles of the paired bootstrap over photos and seeds.
    p_value : float
        With one seed and no clusters McNemar's exact test; otherwise from the same bootstrap, two-sided.

    Raises
    ------
    ArgumentError
        If there is no seed or no photo, or the shapes differ.

    References
    ----------
    McNemar (1947), Psychometrika 12:153. Davison & Hinkley (1997), Bootstrap Methods, section 4.4 (p-values).

    Examples
    --------
    Five photos that only one of the two gets right, and all five times the same one:

    >>> first, second = np.ones((1, 20), bool), np.ones((1, 20), bool)
    >>> second[0, :5] = False
    >>> difference, interval, p_value = paired_difference(first, second)
    >>> difference, p_value
    (0.25, 0.0625)
    """
    _checked(first)
    if first.shape != second.shape:
        message = f"a paired comparison needs the same seeds and photos; got {first.shape} and {second.shape}"
        raise ArgumentError(message)
    draws = [_photo_draws(each, clusters, replicates) for each in (first, second)]
    return _paired(first, second, draws[0] - draws[1], alone=clusters is None)


def _paired(first: Flags, second: Flags, drawn: Drawn, *, alone: bool) -> tuple[float, Interval, float]:
    """`drawn` holds differences; `alone`: whether photos are independent."""
    means = _over_seeds(drawn)
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    difference = (only_first - only_second) / first.size
    if len(first) == 1 and alone:
        p_value = float(binomtest(only_first, only_first + only_second).pvalue) if only_first + only_second else 1.0
    else:
        beyond = min(int((means <= 0).sum()), int((means >= 0).sum()))
        p_value = min(1.0, 2 * (beyond + 1) / (len(means) + 1))
    return difference, Interval(low, high), p_value


def summarise(
    outcomes: Iterable[Outcome], labels: NDArray[np.int64], *, clusters: NDArray[np.int64] | None = None
) -> tuple[Summary, ...]:
    """The accuracy of each method with each number of shots, in the order in which they first appear."""
    rows = _Rows(outcomes, labels, clusters)
    return tuple(
        Summary(*method, shots, seeds, _rate(*rows.of(shots, method, seeds), alone=clusters is None))
        for (shots, method), seeds in rows.seeds.items()
    )


def compare(
    outcomes: Iterable[Outcome], labels: NDArray[np.int64], *, clusters: NDArray[np.int64] | None = None
) -> tuple[Comparison, ...]:
    """Compare every two methods that learned from the same number of shots with the same seeds.

    Parameters
    ----------
    outcomes : iterable of Outcome
    labels : ndarray, int64, shape (n,)
        Of the test photos.
    clusters : ndarray, int, shape (n,), optional
        As in `mean_accuracy`.

    Returns
    -------
    tuple of Comparison
        The better method first; adjusted by Holm among those of the same number of shots.
    """
    rows = _Rows(outcomes, labels, clusters)
    compared: list[Comparison] = []
    for shots in dict.fromkeys(shots for shots, _ in rows.seeds):
        methods = [method for of, method in rows.seeds if of == shots]
        family = []
        for one, other in combinations(methods, 2):
            shared = tuple(seed for seed in rows.seeds[shots, one] if seed in rows.seeds[shots, other])
            if shared:
                family.append(_compared(rows, shots, one, other, shared, alone=clusters is None))
        adjusted = holm([each.p_value for each in family]).tolist()
        compared += [replace(each, adjusted=value) for each, value in zip(family, adjusted, strict=True)]
    return tuple(compared)


def best(summaries: Sequence[Summary], shots: int | None) -> Summary:
    """The method with the highest mean accuracy at a number of shots; of equal ones the first."""
    return max((each for each in summaries if each.shots == shots), key=lambda each: each.accuracy.value)


def between(comparisons: Iterable[Comparison], one: Method, other: Method, shots: int | None) -> Comparison | None:
    """The comparison of two methods in the direction `one` minus `other`; None where they share no seed."""
    for each in comparisons:
        if each.shots == shots and (each.first, each.second) == (one, other):
            return each
        if each.shots == shots and (each.second, each.first) == (one, other):
            turned = Interval(-each.interval.high, -each.interval.low, each.interval.confidence)
            return replace(each, first=one, second=other, difference=-each.difference, interval=turned)
    return None


class _Rows:
    """The right answers of every outcome, with their means over photos that are drawn anew, drawn once for all."""

    def __init__(
        self, outcomes: Iterable[Outcome], labels: NDArray[np.int64], clusters: NDArray[np.int64] | None
    ) -> None:
        ordered = sorted(outcomes, key=lambda outcome: outcome.cell.seed)
        self._places = {outcome.cell: place for place, outcome in enumerate(ordered)}
        self._correct = np.stack([outcome.predicted == labels for outcome in ordered])
        self._drawn = _photo_draws(self._correct, clusters, REPLICATES)
        self.seeds: dict[tuple[int | None, Method], tuple[int, ...]] = {}
        for cell in self._places:
            key = cell.shots, (cell.backbone, cell.protocol)
            self.seeds[key] = (*self.seeds.get(key, ()), cell.seed)

    def of(self, shots: int | None, method: Method, seeds: Sequence[int]) -> tuple[Flags, Drawn]:
        """Right answers, (seeds, photos), and drawn means, (replicates, seeds)."""
        places = [self._places[Cell(*method, shots, seed)] for seed in seeds]
        return self._correct[places], self._drawn[:, places]


def _compared(
    rows: _Rows, shots: int | None, one: Method, other: Method, seeds: tuple[int, ...], *, alone: bool
) -> Comparison:
    (first, first_drawn), (second, second_drawn) = (rows.of(shots, method, seeds) for method in (one, other))
    if second.sum() > first.sum():
        one, other, first, second = other, one, second, first
        first_drawn, second_drawn = second_drawn, first_drawn
    return Comparison(one, other, shots, seeds, *_paired(first, second, first_drawn - second_drawn, alone=alone))


def _checked(correct: Flags) -> None:
    if correct.ndim != 2 or not correct.size:
        message = f"answers of at least one seed to at least one photo are needed; got shape {correct.shape}"
        raise ArgumentError(message)


def _photo_draws(correct: Flags, clusters: NDArray[np.int64] | None, replicates: int) -> Drawn:
    """Each seed's mean with photos drawn anew, shape (replicates, seeds); equal shapes give the same draws."""
    photos = correct.shape[1]
    codes = np.arange(photos) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    count = int(codes.max()) + 1
    # A draw of whole clusters needs only their sums and sizes.
    sums = np.stack([np.bincount(codes, weights=row, minlength=count) for row in correct])
    sizes = np.bincount(codes, minlength=count)
    random = np.random.default_rng(photos)
    means = []
    for start in range(0, replicates, _CHUNK):
        rows = min(_CHUNK, replicates - start)
        places = random.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        times = np.bincount(places.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)
        means.append((times @ sums.T) / (times @ sizes)[:, None])
    return np.concatenate(means)


def _over_seeds(drawn: Drawn) -> NDArray[np.float64]:
    """The mean over seeds that are drawn anew, shape (replicates,)."""
    replicates, seeds = drawn.shape
    if seeds == 1:
        return drawn[:, 0]
    chosen = np.random.default_rng(seeds).integers(0, seeds, (replicates, seeds - 1))
    return np.take_along_axis(drawn, chosen, axis=1).mean(axis=1)
