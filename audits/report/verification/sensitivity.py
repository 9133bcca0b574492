"""How the indices move with the threshold: a verdict that turns at the next operating point is no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.report.verification.pair_scores import PairScores
from audits.statistics import indices
from audits.statistics.families import left_out
from audits.statistics.intervals import rule_of_three
from audits.verification.results import GroupingAudit

_LEAST_MATCHES = 10  # fewer false matches over all pairs say nothing about groups


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Indices of the groups' rates over operating points, all float64 of shape (n,).

    `fmr` is over all impostor pairs, descending. The others are NaN where the index is not defined, and inf where a
    ratio has a zero below.
    """

    fmr: NDArray[np.float64]
    fmr_max_geomean: NDArray[np.float64]
    fmr_max_min: NDArray[np.float64]
    fnmr_max_min: NDArray[np.float64]


def index_sensitivity(
    everybody: PairScores, groups: Sequence[PairScores], grouping: GroupingAudit, *, points: int = 40
) -> Sensitivity:
    """Indices at `points` thresholds, from a high FMR to the lowest that still shows ten false matches.

    The impostor pairs of everybody set the thresholds, evenly spaced on a log scale; where there are too few, there are
    no thresholds. Groups without impostor pairs do not enter the indices of FMR, those without genuine pairs not
    that of FNMR, and those that `grouping`, what was found at the threshold of the audit, has set aside neither.
    What stands in for a rate of 0 anywhere rests on what the group's comparisons are worth there.
    """
    impostor = everybody.impostor
    most = len(impostor) // 5
    ranks = (
        np.unique(np.geomspace(_LEAST_MATCHES, most, points).astype(np.int64))[::-1] if most > _LEAST_MATCHES else ()
    )
    thresholds = impostor.ascending(len(impostor) - np.asarray(ranks, np.int64)) if len(ranks) else np.empty(0)
    away = {rate: left_out(grouping.set_aside, rate) for rate in ("fmr", "fnmr")}
    with_impostors = [group for group in groups if group.impostor_trials and group.label not in away["fmr"]]
    bounds = np.array([rule_of_three(grouping.group(group.label).fmr.effective_trials) for group in with_impostors])
    with_genuines = [group for group in groups if group.genuine_trials and group.label not in away["fnmr"]]
    undefined = np.full(len(thresholds), np.nan)
    geomean = ratio = rejected = undefined
    if len(with_impostors) >= 2 and len(thresholds):
        rates = np.column_stack([group.fmr(thresholds) for group in with_impostors])
        # As in the table, a bound above the worst rate makes no group fairer than fair.
        geomean = np.maximum(indices.max_geomean(rates, zero_bounds=bounds), 1.0)
        ratio = indices.max_min_ratio(rates)
    if len(with_genuines) >= 2 and len(thresholds):
        rejected = indices.max_min_ratio(np.column_stack([group.fnmr(thresholds) for group in with_genuines]))
    return Sensitivity(everybody.fmr(thresholds), geomean, ratio, rejected)
