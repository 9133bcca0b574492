"""Tables of at most 20 pairs, small enough to work out every index by hand, and what that gives.

A table is written as counts: for each group errors and trials of both rates. `score_table` makes pairs of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

Part: TypeAlias = Literal["fmr", "fnmr", "combined"]


@dataclass(frozen=True)
class HandWorked:
    """A table of pairs and its indices.

    Attributes
    ----------
    name : str
    counts : tuple of (group, (false matches, impostor pairs), (false non-matches, genuine pairs))
    indices : tuple of (part, index, value)
        Every index of ``audits.statistics.disparity``; NaN: not defined.
    unmeasured : tuple of str
        Group and rate, for each rate without trials.
    """

    name: str
    counts: tuple[tuple[str, tuple[int, int], tuple[int, int]], ...]
    indices: tuple[tuple[Part, str, float], ...]
    unmeasured: tuple[str, ...] = ()


THRESHOLD = 0.5


def score_table(table: HandWorked) -> pd.DataFrame:
    """The pairs of a table: wrong ones on the wrong side of `THRESHOLD`; an accepted score is the threshold itself.

    Parameters
    ----------
    table : HandWorked

    Returns
    -------
    DataFrame
        Columns ``genuine``, ``score`` and ``group``, one row per pair.
    """
    rows = []
    for group, (matches, impostors), (non_matches, genuines) in table.counts:
        rows += [(False, THRESHOLD if number < matches else 0.25, group) for number in range(impostors)]
        rows += [(True, 0.25 if number < non_matches else THRESHOLD, group) for number in range(genuines)]
    return pd.DataFrame(rows, columns=["genuine", "score", "group"])


THREE_GROUPS = HandWorked(
    "three groups",
    # FMR 1/4, 1/2, 1; FNMR 1/4, 1/2, not measured.
    (("a", (1, 4), (1, 4)), ("b", (2, 4), (2, 4)), ("c", (4, 4), (0, 0))),
    (
        # 1 − 1/4
        ("fmr", "difference", 0.75),
        # 1 / (1/4)
        ("fmr", "max_min_ratio", 4.0),
        # (1/4 · 1/2 · 1)^(1/3) = (1/8)^(1/3) = 1/2, and 1 / (1/2)
        ("fmr", "max_geomean", 2.0),
        # |p_i − p_j|: 1/4, 3/4, 1/2, each twice: 3. Mean 7/12. 3/2 · 3 / (2 · 9 · 7/12) = (9/2) / (21/2) = 3/7
        ("fmr", "gini", 3 / 7),
        # 7 of 12 pairs are wrong: 1 / (7/12)
        ("fmr", "worst_to_overall", 12 / 7),
        # 1/2 − 1/4
        ("fnmr", "difference", 0.25),
        # (1/2) / (1/4)
        ("fnmr", "max_min_ratio", 2.0),
        # (1/2) / √(1/8) = √8 / 2 = √2
        ("fnmr", "max_geomean", math.sqrt(2)),
        # 1/4, twice: 1/2. Mean 3/8. 2/1 · (1/2) / (2 · 4 · 3/8) = 1/3
        ("fnmr", "gini", 1 / 3),
        # 3 of 8 pairs are wrong: (1/2) / (3/8)
        ("fnmr", "worst_to_overall", 4 / 3),
        # (3/7 + 1/3) / 2 = (9 + 7) / 42 = 8/21
        ("combined", "garbe", 8 / 21),
        # 1 − (3/4 + 1/4) / 2
        ("combined", "fdr", 0.5),
        # √4 · √2
        ("combined", "inequity_rate", 2 * math.sqrt(2)),
    ),
    unmeasured=("c FNMR",),
)

WITHOUT_ERRORS = HandWorked(
    "a group without errors",
    # FMR 0 and 1; FNMR 0 and 0.
    (("a", (0, 4), (0, 2)), ("b", (4, 4), (0, 2))),
    (
        # 1 − 0
        ("fmr", "difference", 1.0),
        # 1 / 0
        ("fmr", "max_min_ratio", math.inf),
        # 1 − 0.05^(1/4) = 1 − √√0.05 = 1 − √0.2236068 = 1 − 0.4728708 = 0.5271292 stands in for the 0, and only below:
        # 1 / √(0.5271292 · 1) = 1 / 0.7260366
        ("fmr", "max_geomean", 1.377341),
        # 1, twice: 2. Mean 1/2. 2/1 · 2 / (2 · 4 · 1/2) = 1: one group makes all errors
        ("fmr", "gini", 1.0),
        # 4 of 8 pairs are wrong: 1 / (1/2)
        ("fmr", "worst_to_overall", 2.0),
        # 0 − 0
        ("fnmr", "difference", 0.0),
        # 0 / 0, here and in the next three
        ("fnmr", "max_min_ratio", math.nan),
        ("fnmr", "max_geomean", math.nan),
        ("fnmr", "gini", math.nan),
        ("fnmr", "worst_to_overall", math.nan),
        # Half of a Gini coefficient that is not defined
        ("combined", "garbe", math.nan),
        # 1 − (1 + 0) / 2
        ("combined", "fdr", 0.5),
        # √∞ · √(0/0)
        ("combined", "inequity_rate", math.nan),
    ),
)

ALIKE = HandWorked(
    "groups that are alike",
    # FMR 1/2 and 1/2; FNMR 1/4 and 1/4: every index at its fair value.
    (("a", (1, 2), (1, 4)), ("b", (2, 4), (2, 8))),
    (
        ("fmr", "difference", 0.0),
        ("fmr", "max_min_ratio", 1.0),
        ("fmr", "max_geomean", 1.0),
        ("fmr", "gini", 0.0),
        ("fmr", "worst_to_overall", 1.0),
        ("fnmr", "difference", 0.0),
        ("fnmr", "max_min_ratio", 1.0),
        ("fnmr", "max_geomean", 1.0),
        ("fnmr", "gini", 0.0),
        ("fnmr", "worst_to_overall", 1.0),
        ("combined", "garbe", 0.0),
        ("combined", "fdr", 1.0),
        ("combined", "inequity_rate", 1.0),
    ),
)

TABLES = (THREE_GROUPS, WITHOUT_ERRORS, ALIKE)
