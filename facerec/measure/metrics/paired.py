"""Answers of classifiers to the same photos, over seeds: mean accuracies, and differences paired photo by photo.

Methods are judged on the same test photos, so they are compared photo by photo; a mean over seeds varies with the
photos that were drawn to learn from as well as with the test photos, so both are drawn again.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from facerec.errors import ArgumentError
from facerec.types import Interval, Rate

REPLICATES = 9_999
"""Draws of the bootstrap; the smallest p-value that they can show is 2 / 10,000."""

_CHUNK = 500

Flags: TypeAlias = NDArray[np.bool_]
Drawn: TypeAlias = NDArray[np.float64]


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
    return rate_of(correct, drawn_means(correct, clusters, replicates), alone=clusters is None)


def rate_of(correct: Flags, drawn: Drawn, *, alone: bool) -> Rate:
    """`mean_accuracy` from means that were drawn already; `alone`: whether photos are independent."""
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
    draws = [drawn_means(each, clusters, replicates) for each in (first, second)]
    return difference_of(first, second, draws[0] - draws[1], alone=clusters is None)


def difference_of(first: Flags, second: Flags, drawn: Drawn, *, alone: bool) -> tuple[float, Interval, float]:
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


def drawn_means(correct: Flags, clusters: NDArray[np.int64] | None, replicates: int = REPLICATES) -> Drawn:
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


def _checked(correct: Flags) -> None:
    if correct.ndim != 2 or not correct.size:
        message = f"answers of at least one seed to at least one photo are needed; got shape {correct.shape}"
        raise ArgumentError(message)
