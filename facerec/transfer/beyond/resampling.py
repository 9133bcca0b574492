"""How sure a mean over seeds is, and whether two protocols differ: scenes and seeds drawn anew, the same for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.types import Interval

REPLICATES = 1_999
"""Draws of the bootstrap; the smallest p-value that they can show is 2 / 2,000."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes
    ----------
    value : float
    interval : Interval
        95 %, for other test scenes and other seeds.
    """

    value: float
    interval: Interval


@dataclass(frozen=True)
class Difference:
    """One mean less another.

    Attributes
    ----------
    value : float
    interval : Interval
        95 %.
    p_value : float
        Two-sided, that they are equal; not adjusted.
    """

    value: float
    interval: Interval
    p_value: float


def draw_scenes(scenes: int, *, replicates: int = REPLICATES) -> NDArray[np.float64]:
    """How often each scene counts in each draw, shape (replicates, scenes); equal numbers give equal draws."""
    chosen = np.random.default_rng(scenes).integers(0, scenes, (replicates, scenes))
    places = chosen + scenes * np.arange(replicates)[:, None]
    return np.bincount(places.ravel(), minlength=replicates * scenes).reshape(replicates, scenes).astype(np.float64)


def over_seeds(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over seeds that are drawn anew.

    Parameters
    ----------
    drawn : ndarray, float64, shape (replicates, seeds)
        Of every draw of scenes, the figure of each seed.

    Returns
    -------
    ndarray, float64, shape (replicates,)

    Notes
    -----
    Of S seeds S − 1 are drawn, which makes the variance between few seeds unbiased (Rao & Wu 1988, JASA 83:231).
    """
    replicates, seeds = drawn.shape
    if seeds == 1:
        return drawn[:, 0]
    chosen = np.random.default_rng(seeds).integers(0, seeds, (replicates, seeds - 1))
    return np.take_along_axis(drawn, chosen, axis=1).mean(axis=1)


def estimate(values: NDArray[np.float64], drawn: NDArray[np.float64]) -> Estimate:
    """The mean of `values`, one per seed, with the percentiles of `drawn`, (replicates, seeds)."""
    return Estimate(float(values.mean()), _percentiles(over_seeds(drawn)))


def difference(
    first: NDArray[np.float64],
    first_drawn: NDArray[np.float64],
    second: NDArray[np.float64],
    second_drawn: NDArray[np.float64],
) -> Difference:
    """The mean of `first` less that of `second`; same seeds, same scenes, same draws.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods, section 4.4 (p-values).

    Examples
    --------
    >>> same = np.zeros((99, 1))
    >>> difference(np.array([0.5]), same, np.array([0.5]), same).p_value
    1.0
    """
    means = over_seeds(first_drawn - second_drawn)
    means = means[~np.isnan(means)]
    beyond = min(int((means <= 0).sum()), int((means >= 0).sum()))
    p_value = min(1.0, 2 * (beyond + 1) / (len(means) + 1))
    return Difference(float(first.mean() - second.mean()), _percentiles(means), p_value)


def _percentiles(means: NDArray[np.float64]) -> Interval:
    known = means[~np.isnan(means)]
    if not known.size:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975]).tolist()
    return Interval(low, high)
