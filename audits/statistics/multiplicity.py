"""Tests of groups, and what is left of them when many are made at once.

With twenty groups one of them differs by chance at the 5 % level. Whoever named a claim beforehand corrects by Holm,
whoever went looking by Benjamini and Hochberg; a p-value that was not corrected is shown, but never decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from audits.statistics.estimates import Estimate
from audits.statistics.trials import pooled
from facerec.errors import ArgumentError
from facerec.measure.metrics import benjamini_hochberg, holm
from facerec.types import Rate


@dataclass(frozen=True)
class GroupTest:
    """Whether one group's rate differs from that of all other groups together.

    Attributes
    ----------
    group : str
    rate : {"fmr", "fnmr"}
    difference : float
        The group's rate minus that of the others; NaN where either is not measured.
    p_value : float
        Two-sided; NaN where it cannot be computed.
    holm, benjamini_hochberg : float
        Adjusted for all tests of one rate of one grouping: Holm's for claims that were named beforehand, Benjamini
        and Hochberg's for exploring.
    """

    group: str
    rate: Literal["fmr", "fnmr"]
    difference: float
    p_value: float
    holm: float
    benjamini_hochberg: float


def two_rates(one: Rate, other: Rate) -> float:
    """How surprising the difference of two rates of different people would be if there were none.

    Parameters
    ----------
    one, other : Rate
        With effective trials where trials share people.

    Returns
    -------
    float
        The two-sided p-value, 0 … 1; NaN if either has no trials.

    Notes
    -----
    The score test z = (p₁ − p₂) / √[p̄(1−p̄)(1/n₁ + 1/n₂)] on effective trials; Fisher's exact test on effective counts,
    rounded, where fewer than five errors or five successes are expected in either.

    Examples
    --------
    >>> round(two_rates(Rate(30, 1000), Rate(60, 1000)), 4)
    0.0012
    """
    if not (one.trials and other.trials):
        return math.nan
    n = np.array([_effective(one), _effective(other)])
    p = np.array([one.value, other.value])
    common = float(p @ n / n.sum())
    if min(common, 1 - common) * n.min() < 5:
        sizes = np.maximum(1, np.round(n)).astype(int)
        errors = np.round(p * sizes).astype(int)
        return float(scipy.stats.fisher_exact(np.stack([errors, sizes - errors])).pvalue)
    spread = math.sqrt(common * (1 - common) * float((1 / n).sum()))
    return float(2 * scipy.stats.norm.sf(abs(p[0] - p[1]) / spread))


def each_against_others(
    names: Sequence[str], estimates: Sequence[Estimate], rate: Literal["fmr", "fnmr"]
) -> tuple[GroupTest, ...]:
    """Test each group against all others together, and adjust for the number of groups.

    Parameters
    ----------
    names : sequence of str
    estimates : sequence of Estimate
        One for each group, of different people.
    rate : {"fmr", "fnmr"}
        Which rate they are.

    Returns
    -------
    tuple of GroupTest
        One for each group; NaN where the group or all others have no trials.

    Raises
    ------
    ArgumentError
        If there is not one estimate for each name.
    """
    if len(names) != len(estimates):
        message = f"every group needs its rate; got {len(names)} groups and {len(estimates)} rates"
        raise ArgumentError(message)
    differences, p_values = [], []
    for number, found in enumerate(estimates):
        rest = pooled([*estimates[:number], *estimates[number + 1 :]])
        differences.append(found.value - rest.value)
        p_values.append(two_rates(found.rate, rest))
    return tuple(
        GroupTest(name, rate, float(difference), float(p), float(strict), float(loose))
        for name, difference, p, strict, loose in zip(
            names, differences, p_values, holm(p_values), benjamini_hochberg(p_values), strict=True
        )
    )


def _effective(rate: Rate) -> float:
    return float(rate.trials) if rate.effective_trials is None else rate.effective_trials
