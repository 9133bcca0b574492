"""The disparity indices that there are: what each can be, what is fair, and its formula. Everything else asks here.

Reports, policies, plans and checks go by these lines: which limit a claim can have, whether an index is a ratio, which
way is fairer. An index that is not here does not exist; one that is here is tested by ``test_index_laws.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audits.statistics import indices

_Rates = NDArray[np.float64]


class GroupSizes(NamedTuple):
    """What an index may know of groups besides their rates.

    Attributes
    ----------
    trials : ndarray, shape (groups,)
        Comparisons of each.
    bounds : ndarray, float64, shape (groups,)
        What stands in for a rate of 0 where an index cannot have one: the upper bound of the rule of 3.
    """

    trials: NDArray[np.int64]
    bounds: _Rates


@dataclass(frozen=True)
class IndexKind:
    """What is known of an index before anything is measured.

    Attributes
    ----------
    name : str
        Also that of its formula in ``audits.statistics.indices``.
    fair : float
        Its value where all groups are alike.
    low, high : float
        The values that it can take.
    log : bool
        Whether it is a ratio, and lives on a log scale.
    needs_a_smallest : bool
        Whether it is not defined, or unbounded, where a group shows no error.
    """

    name: str
    fair: float
    low: float
    high: float
    log: bool
    needs_a_smallest: bool

    @property
    def larger_is_fairer(self) -> bool:
        """Whether a claim says *at least*, as of FDR, whose largest value is the fair one."""
        return self.fair == self.high


@dataclass(frozen=True)
class OfOne(IndexKind):
    """An index of one rate; `of` computes it from the groups' rates, shape (…, groups), and what `GroupSizes` holds."""

    of: Callable[[_Rates, GroupSizes], _Rates]


@dataclass(frozen=True)
class OfBoth(IndexKind):
    """An index of both rates; `of` computes it from the groups' FMR and FNMR, which may be of different groups."""

    of: Callable[[_Rates, _Rates], _Rates]


OF_ONE = (
    OfOne(
        "difference", 0.0, 0.0, 1.0, log=False, needs_a_smallest=False, of=lambda rates, _: indices.difference(rates)
    ),
    OfOne(
        "max_min_ratio",
        1.0,
        1.0,
        math.inf,
        log=True,
        needs_a_smallest=True,
        of=lambda rates, _: indices.max_min_ratio(rates),
    ),
    OfOne(
        "max_geomean",
        1.0,
        1.0,
        math.inf,
        log=True,
        needs_a_smallest=True,
        of=lambda rates, sizes: indices.max_geomean(rates, zero_bounds=sizes.bounds),
    ),
    OfOne("gini", 0.0, 0.0, 1.0, log=False, needs_a_smallest=False, of=lambda rates, _: indices.gini(rates)),
    OfOne(
        "worst_to_overall",
        1.0,
        1.0,
        math.inf,
        log=True,
        needs_a_smallest=False,
        of=lambda rates, sizes: indices.worst_to_overall(rates, sizes.trials),
    ),
)
OF_BOTH = (
    OfBoth("garbe", 0.0, 0.0, 1.0, log=False, needs_a_smallest=False, of=indices.garbe),
    OfBoth("fdr", 1.0, 0.0, 1.0, log=False, needs_a_smallest=False, of=indices.fdr),
    OfBoth("inequity_rate", 1.0, 1.0, math.inf, log=True, needs_a_smallest=True, of=indices.inequity_rate),
)

INDICES = tuple(kind.name for kind in OF_ONE)
"""The indices of one rate."""

COMBINED = tuple(kind.name for kind in OF_BOTH)
"""The indices of FMR and FNMR together, each with weight ½."""

KINDS: Mapping[str, IndexKind] = {kind.name: kind for kind in (*OF_ONE, *OF_BOTH)}
"""All of them by name."""


def index_of_rates(name: str, rates: NDArray[np.float64]) -> float:
    """An index of one rate, of groups of one size whose rates, shape (groups,), are known and above 0.

    Raises
    ------
    KeyError
        If there is no index of one rate of that name.

    Examples
    --------
    >>> index_of_rates("worst_to_overall", np.array([0.25, 0.75]))
    1.5
    """
    kind = {each.name: each for each in OF_ONE}[name]
    sizes = GroupSizes(np.ones(len(rates), np.int64), np.full(len(rates), math.nan))
    return float(kind.of(rates, sizes))
