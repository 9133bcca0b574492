"""How far apart the faces of a group lie, and why that is no error rate.

A popular exercise takes photos of two groups, one per person, draws the distances between all of them and concludes
from the smaller spread of a group that the network confuses its people more often. The measure is worth computing, and
worth seeing through: within-group spread is nothing but the mean squared distance between different faces. It knows no
threshold, and above all no pair of photos of one person. Both are needed for an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.metrics import holm
from facerec.measure.tables.vector_table import FaceVectors
from facerec.types import Interval

Codes: TypeAlias = NDArray[np.int64]
Matrix: TypeAlias = NDArray[np.float64]

SHARES = (1e-1, 1e-2, 1e-3, 1e-4)
"""Shares of all pairs that thresholds are chosen to let through."""

_Z = float(norm.ppf(0.975))
_BLOCK = 1024
_BINS = 20_000
"""Of the cosine, −1 … 1: a threshold is exact to 1e-4."""


@dataclass(frozen=True)
class GroupSpread:
    """The faces of one group.

    Attributes
    ----------
    group : str
    photos : int
        With a vector; 2 or more.
    wss : float
        Within-group sum of squares: squared Euclidean distances to the group's mean vector, summed. It grows with the
        number of photos.
    variance : float
        ``wss / (photos − 1)``: comparable between groups of different sizes.
    interval : Interval
        Of the variance, 95 %, over other people of the group.
    distance : float
        Mean Euclidean distance between two photos of the group, 0 … 2.
    alike : tuple of float
        The share of the group's own pairs that are at least as alike as each threshold of the `Spread`, 0 … 1.
    """

    group: str
    photos: int
    wss: float
    variance: float
    interval: Interval
    distance: float
    alike: tuple[float, ...]


@dataclass(frozen=True)
class SpreadDifference:
    """Two groups' variances.

    Attributes
    ----------
    first, second : str
        The first has the larger variance.
    difference : float
    interval : Interval
        95 %.
    p_value, adjusted : float
        Two-sided; adjusted by Holm for all pairs of groups.
    """

    first: str
    second: str
    difference: float
    interval: Interval
    p_value: float
    adjusted: float = math.nan

    @property
    def distinguishable(self) -> bool:
        """Whether the adjusted p-value is below 0.05."""
        return self.adjusted < 0.05


@dataclass(frozen=True, eq=False)
class Spread:
    """One way of grouping faces.

    Attributes
    ----------
    by : str
        The columns, joined by commas.
    groups : tuple of GroupSpread
        In the order of their names.
    distances : ndarray, float64, shape (groups, groups)
        Mean Euclidean distance between different photos of two groups.
    differences : tuple of SpreadDifference
        Every two groups.
    thresholds : tuple of float
        Cosine similarities that `SHARES` of all pairs reach, whatever their groups.
    shares : tuple of float
        The shares that do reach them.
    mated : int
        Pairs of two photos of one subject: what a false non-match rate would be measured on.
    unlabelled, without_vector : int
        Photos that are in no group, and photos without a face.
    """

    by: str
    groups: tuple[GroupSpread, ...]
    distances: Matrix
    differences: tuple[SpreadDifference, ...]
    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    mated: int
    unlabelled: int
    without_vector: int


def measure_spread(vectors: FaceVectors, by: str) -> Spread:
    """Distances within and between groups.

    Parameters
    ----------
    vectors : FaceVectors
        As ``facerec.measure.tables.vector_table.read_vectors`` gives them: vectors of unit length.
    by : str
        A column of groups, or several joined by commas for their intersections.

    Returns
    -------
    Spread

    Raises
    ------
    ArgumentError
        If `by` names no column, or one twice.
    ScoreTableError
        If the table lacks a column, there are fewer than two groups, or a group has fewer than two photos with a
        vector.

    Notes
    -----
    With n photos, Σ over pairs i < j of ‖x_i − x_j‖² = n · WSS, so that the variance WSS / (n − 1) is half the mean
    squared distance of two photos of the group; for unit vectors, 1 minus their mean cosine. As a U-statistic of order
    2 it has the standard error 2 · sd(h_i) / √n, h_i being half of photo i's mean squared distance to the group's
    others. All photos count as different people.

    References
    ----------
    Hoeffding (1948), Annals of Mathematical Statistics 19:293 (U-statistics).

    Examples
    --------
    >>> import pandas as pd
    >>> from facerec.measure.tables.vector_table import check_vectors
    >>> x = np.eye(4)
    >>> table = pd.DataFrame({"subject": list("abcd"), "g": list("ppqq")} | {f"v{k}": x[:, k] for k in range(4)})
    >>> found = measure_spread(check_vectors(table), "g")
    >>> [round(group.wss, 3) for group in found.groups], found.distances.round(3).tolist()
    ([1.0, 1.0], [[1.414, 1.414], [1.414, 1.414]])
    """
    labels, names = _labels(vectors, by)
    seen = vectors.embedded
    kept = seen & (labels != "")
    groups, codes = np.unique(labels[kept], return_inverse=True)
    counts = np.bincount(codes, minlength=len(groups))
    if len(groups) < 2 or counts.min() < 2:
        found = ", ".join(f"{name}: {count}" for name, count in zip(groups, counts, strict=True)) or "none"
        message = f"two groups of two photos with a face or more are needed by {names}; got {found}"
        raise ScoreTableError(message)
    matrix = vectors.matrix[kept].astype(np.float64)
    sums, own, counted = _pairs(matrix, codes.astype(np.int64), len(groups))
    places = np.outer(counts, counts) - np.diag(counts)
    bins = _thresholds(counted.sum(axis=(0, 1)))
    found_groups = tuple(
        _group(
            str(name),
            matrix[codes == place],
            own[codes == place],
            distance=float(sums[place, place] / places[place, place]),
            alike=_reached(counted[place, place], bins),
        )
        for place, name in enumerate(groups)
    )
    subjects = vectors.photos["subject"].to_numpy(object)[kept]
    per_subject = np.unique(subjects.astype(str), return_counts=True)[1]
    everything = _reached(counted.sum(axis=(0, 1)), bins)
    return Spread(
        by=names,
        groups=found_groups,
        distances=sums / places,
        differences=_differences(found_groups),
        thresholds=tuple((-1 + 2 * place / _BINS) for place in bins),
        shares=everything,
        mated=int((per_subject * (per_subject - 1) // 2).sum()),
        unlabelled=int((seen & (labels == "")).sum()),
        without_vector=int((~seen).sum()),
    )


def sampled_distances(vectors: FaceVectors, by: str, *, each: int, seed: int = 0) -> tuple[Matrix, tuple[str, ...]]:
    """Distances between single photos, some of each group: the exercise's own picture.

    Parameters
    ----------
    vectors : FaceVectors
    by : str
        As for `measure_spread`.
    each : int
        Photos of each group, 1 or more; fewer where a group has fewer.
    seed : int
        Chooses them.

    Returns
    -------
    distances : ndarray, float64, shape (n, n)
        Euclidean, 0 … 2, photos sorted by group.
    groups : tuple of str
        Of each photo.
    """
    if each < 1:
        message = f"each must be 1 or more; got {each}"
        raise ArgumentError(message)
    labels, _ = _labels(vectors, by)
    kept = np.flatnonzero(vectors.embedded & (labels != ""))
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    for name in np.unique(labels[kept]):
        of_group = kept[labels[kept] == name]
        chosen += np.sort(random.permutation(of_group)[:each]).tolist()
    matrix = vectors.matrix[chosen].astype(np.float64)
    return np.sqrt(np.maximum(0, 2 - 2 * matrix @ matrix.T)), tuple(str(labels[place]) for place in chosen)


def _labels(vectors: FaceVectors, by: str) -> tuple[NDArray[np.object_], str]:
    columns = [part.strip() for part in by.split(",")]
    if not all(columns) or len(set(columns)) < len(columns):
        message = f"by names columns, each once, such as race,gender; got {by!r}"
        raise ArgumentError(message)
    if absent := [name for name in columns if name not in vectors.photos or name in ("photo", "subject")]:
        there = [name for name in vectors.photos.columns if name not in ("photo", "subject")]
        message = f"the table of vectors lacks the group {absent[0]}; it has {', '.join(there) or 'none'}"
        raise ScoreTableError(message)
    rows = vectors.photos[columns].to_numpy(object)
    return np.array([",".join(row) if all(row) else "" for row in rows.tolist()], object), ",".join(columns)


def _pairs(matrix: Matrix, codes: Codes, groups: int) -> tuple[Matrix, Matrix, NDArray[np.int64]]:
    """Summed distances by group × group, each photo's mean squared distance to its group, cosines by group × group."""
    sums = np.zeros((groups, groups))
    own = np.zeros(len(matrix))
    counted = np.zeros((groups, groups, _BINS + 2), np.int64)
    sizes = np.bincount(codes, minlength=groups)
    member = np.eye(groups)[codes]
    for start in range(0, len(matrix), _BLOCK):
        rows = slice(start, start + _BLOCK)
        cosines = matrix[rows] @ matrix.T
        square = np.maximum(0, 2 - 2 * cosines)
        itself = np.arange(len(cosines)), np.arange(start, start + len(cosines))
        square[itself] = 0
        sums += member[rows].T @ np.sqrt(square) @ member
        own[rows] = (square @ member)[np.arange(len(cosines)), codes[rows]] / (sizes[codes[rows]] - 1)
        # Rounded down: a bin's lower end is a threshold that all of its pairs reach.
        places = np.clip(np.floor((cosines + 1) * _BINS / 2 + 1e-9), 0, _BINS).astype(np.int64)
        places[itself] = _BINS + 1  # a photo with itself is no pair
        for row in range(groups):
            for column in range(groups):
                block = places[codes[rows] == row][:, codes == column]
                counted[row, column] += np.bincount(block.ravel(), minlength=_BINS + 2)
    return sums, own, counted[:, :, :-1]


def _thresholds(counted: NDArray[np.int64]) -> tuple[int, ...]:
    """The lowest bins that at most each of `SHARES` of all pairs reach."""
    reached = np.cumsum(counted[::-1])[::-1] / counted.sum()
    return tuple(int(np.argmax(reached <= share)) for share in SHARES)


def _reached(counted: NDArray[np.int64], bins: Sequence[int]) -> tuple[float, ...]:
    total = counted.sum()
    return tuple(float(counted[place:].sum() / total) for place in bins)


def _group(name: str, matrix: Matrix, own: Matrix, *, distance: float, alike: tuple[float, ...]) -> GroupSpread:
    wss = float(((matrix - matrix.mean(axis=0)) ** 2).sum())
    variance = wss / (len(matrix) - 1)
    reach = _Z * 2 * float((own / 2).std(ddof=1)) / math.sqrt(len(own))
    return GroupSpread(name, len(matrix), wss, variance, Interval(variance - reach, variance + reach), distance, alike)


def _differences(groups: Sequence[GroupSpread]) -> tuple[SpreadDifference, ...]:
    found = []
    for one, other in combinations(groups, 2):
        first, second = (one, other) if one.variance >= other.variance else (other, one)
        difference = first.variance - second.variance
        errors = [(each.interval.high - each.variance) / _Z for each in (first, second)]
        error = math.hypot(*errors)
        p_value = 2 * float(norm.sf(difference / error)) if error else float(difference == 0)
        interval = Interval(difference - _Z * error, difference + _Z * error)
        found.append(SpreadDifference(first.group, second.group, difference, interval, p_value))
    adjusted = holm([each.p_value for each in found]).tolist()
    return tuple(replace(each, adjusted=value) for each, value in zip(found, adjusted, strict=True))
