"""Whom methods get wrong, compared on the same photos: every group, the worst group, and the gap between groups.

The gap between the best and the worst of many groups is never zero, not even for a method that is equally good for
all: of fourteen groups one is the luckiest and one the unluckiest. So each gap stands beside the one that chance alone
makes, and two methods are compared by drawing the same photos again for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics import holm
from facerec.transfer.comparing import REPLICATES, SIGNIFICANCE, Flags, Method, paired_difference
from facerec.types import Interval

Codes: TypeAlias = NDArray[np.int64]

_CHUNK = 500


@dataclass(frozen=True)
class GroupGap:
    """How far a method's groups lie apart.

    Attributes
    ----------
    method : (str, str)
        Backbone and protocol.
    worst, best : str
        The groups with the highest and the lowest share of wrong answers; of equal ones the first.
    worst_error, best_error : float
        Their shares, 0 … 1.
    gap : float
        The one minus the other.
    by_chance : float
        The median gap when the same answers are dealt to the groups at random.
    p_value : float
        The share of such deals with a gap as large; small: the groups do differ. Not adjusted.
    """

    method: Method
    worst: str
    best: str
    worst_error: float
    best_error: float
    gap: float
    by_chance: float
    p_value: float


@dataclass(frozen=True)
class GapChange:
    """Two methods on the same photos, as to their worst group or their gap.

    Attributes
    ----------
    what : str
        ``worst group``: the highest error of any group; ``gap``: between the worst group and the best; or a group's
        name: its own error.
    first, second : (str, str)
    difference : float
        The first's minus the second's, −1 … 1; below 0 the first is better.
    interval : Interval
        95 %, percentiles of the paired bootstrap.
    p_value : float
        Two-sided, of the same bootstrap; of a group's own error as ``paired_difference`` has it.
    adjusted : float
        By Holm, for all comparisons of the same kind.
    """

    what: str
    first: Method
    second: Method
    difference: float
    interval: Interval
    p_value: float
    adjusted: float = np.nan

    @property
    def distinguishable(self) -> bool:
        """Whether the adjusted p-value is below `SIGNIFICANCE`."""
        return self.adjusted < SIGNIFICANCE


def group_gap(method: Method, correct: Flags, codes: Codes, names: Sequence[str]) -> GroupGap:
    """How far the groups lie apart, and how far chance alone would set them.

    Parameters
    ----------
    method : (str, str)
    correct : ndarray, bool, shape (seeds, photos)
        Whether each seed's answer to each photo is right.
    codes : ndarray, int64, shape (photos,)
        Each photo's group, a number of `names`; every group has a photo.
    names : sequence of str
        Two or more.

    Returns
    -------
    GroupGap

    Raises
    ------
    ArgumentError
        If a group has no photo, or there are fewer than two.

    Notes
    -----
    By chance: whole photos, with the answers of all seeds, change groups at random and sizes stay; `REPLICATES` deals.
    The p-value is (1 + deals with a gap as large) / (1 + deals).

    References
    ----------
    Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9:39 (p-values of deals).

    Examples
    --------
    >>> correct = np.array([[True] * 40 + [False] * 40])
    >>> found = group_gap(("net", "linear"), correct, np.repeat([0, 1], 40), ["a", "b"])
    >>> found.worst, found.gap, found.p_value < 0.001
    ('b', 1.0, True)
    """
    sizes = _sizes(correct, codes, names)
    wrong = 1 - correct.mean(axis=0)
    errors = np.bincount(codes, weights=wrong, minlength=len(names)) / sizes
    worst, best = int(errors.argmax()), int(errors.argmin())
    random = np.random.default_rng(len(codes))
    gaps = np.empty(REPLICATES)
    for draw in range(REPLICATES):
        dealt = np.bincount(codes, weights=random.permutation(wrong), minlength=len(names)) / sizes
        gaps[draw] = dealt.max() - dealt.min()
    gap = float(errors[worst] - errors[best])
    return GroupGap(
        method,
        names[worst],
        names[best],
        float(errors[worst]),
        float(errors[best]),
        gap,
        float(np.median(gaps)),
        (1 + int((gaps >= gap - 1e-12).sum())) / (1 + REPLICATES),
    )


def compare_gaps(
    correct: Sequence[tuple[Method, Flags]], codes: Codes, names: Sequence[str]
) -> tuple[tuple[GapChange, ...], tuple[GapChange, ...]]:
    """Compare every two methods as to their worst groups and their gaps.

    Parameters
    ----------
    correct : sequence of ((str, str), ndarray bool of shape (seeds, photos))
        The same photos for all; seeds may differ in number.
    codes : ndarray, int64, shape (photos,)
    names : sequence of str
        As in `group_gap`.

    Returns
    -------
    worst_group, gap : tuple of GapChange
        Each adjusted by Holm in itself. The first of two methods is the one named earlier.

    Raises
    ------
    ArgumentError
        As `group_gap`.

    Notes
    -----
    Photos are drawn again within each group, the same ones for all methods. What is compared is the mean over the seeds
    that a method has, so the intervals hold for other photos and these trainings. The gap of drawn photos is larger
    than the gap itself; in the difference of two gaps most of that goes away.
    """
    for _, flags in correct:
        _sizes(flags, codes, names)
    wrong = [1 - flags.mean(axis=0) for _, flags in correct]
    drawn = [_drawn_errors(each, codes, len(names)) for each in wrong]
    measured = [_errors(each, codes, len(names)) for each in wrong]
    worst, gap = [], []
    for one, other in combinations(range(len(correct)), 2):
        methods = correct[one][0], correct[other][0]
        a, b, now_a, now_b = drawn[one], drawn[other], measured[one], measured[other]
        worst.append(_change("worst group", methods, now_a.max() - now_b.max(), a.max(axis=1) - b.max(axis=1)))
        gap.append(_change("gap", methods, np.ptp(now_a) - np.ptp(now_b), np.ptp(a, axis=1) - np.ptp(b, axis=1)))
    return _adjusted(worst), _adjusted(gap)


def compare_in_groups(
    first: tuple[Method, Flags], second: tuple[Method, Flags], codes: Codes, names: Sequence[str]
) -> tuple[GapChange, ...]:
    """Compare two methods in every group by itself; adjusted by Holm for the number of groups.

    Parameters
    ----------
    first, second : ((str, str), ndarray bool of shape (seeds, photos))
        The same seeds and photos.
    codes, names
        As in `group_gap`.
    """
    for _, flags in (first, second):
        _sizes(flags, codes, names)
    found = []
    for place, name in enumerate(names):
        own = codes == place
        difference, interval, p_value = paired_difference(first[1][:, own], second[1][:, own])
        # What is compared there is right answers; here it is wrong ones.
        turned = Interval(-interval.high, -interval.low)
        found.append(GapChange(name, first[0], second[0], -difference, turned, p_value))
    return _adjusted(found)


def codes_of(labels: Sequence[str]) -> tuple[Codes, tuple[str, ...]]:
    """Numbers of groups and their names, sorted.

    >>> codes, names = codes_of(["b", "a", "b"])
    >>> codes.tolist(), names
    ([1, 0, 1], ('a', 'b'))
    """
    names, codes = np.unique(np.asarray(labels, object).astype(str), return_inverse=True)
    return codes.astype(np.int64), tuple(names.tolist())


def _sizes(correct: Flags, codes: Codes, names: Sequence[str]) -> NDArray[np.int64]:
    if correct.ndim != 2 or correct.shape[1] != len(codes) or not correct.size:
        message = (
            f"answers of shape (seeds, photos) and a group per photo are needed; got {correct.shape}, {codes.shape}"
        )
        raise ArgumentError(message)
    sizes = np.bincount(codes, minlength=len(names))
    if len(names) < 2 or len(sizes) > len(names) or not sizes.all():
        message = f"two groups or more, each with a photo, are needed; got {len(names)} with {sizes.tolist()} photos"
        raise ArgumentError(message)
    return sizes


def _errors(wrong: NDArray[np.float64], codes: Codes, groups: int) -> NDArray[np.float64]:
    return np.bincount(codes, weights=wrong, minlength=groups) / np.bincount(codes, minlength=groups)


def _drawn_errors(wrong: NDArray[np.float64], codes: Codes, groups: int) -> NDArray[np.float64]:
    """Each group's error with its photos drawn again, shape (replicates, groups); the same draws for equal groups."""
    random = np.random.default_rng(len(codes) + 1)
    errors = np.empty((REPLICATES, groups))
    for group in range(groups):
        own = wrong[codes == group]
        for start in range(0, REPLICATES, _CHUNK):
            places = random.integers(0, len(own), (min(_CHUNK, REPLICATES - start), len(own)))
            errors[start : start + _CHUNK, group] = own[places].mean(axis=1)
    return errors


def _change(what: str, methods: tuple[Method, Method], now: float, drawn: NDArray[np.float64]) -> GapChange:
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p_value = min(1.0, 2 * (beyond + 1) / (len(drawn) + 1))
    return GapChange(what, *methods, float(now), Interval(low, high), p_value)


def _adjusted(changes: Sequence[GapChange]) -> tuple[GapChange, ...]:
    adjusted = holm([each.p_value for each in changes]).tolist()
    return tuple(replace(each, adjusted=value) for each, value in zip(changes, adjusted, strict=True))
