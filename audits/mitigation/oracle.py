"""One threshold per group: an analysis of what could be gained, behind a fence.

It treats people by a protected trait and needs that trait of everybody at run time. So it is an upper bound to hold
other methods against, never a default, and it cannot be made without saying that the caveat was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.mitigation.methods import Embeddings, Fitted, Mitigation
from audits.tables.groups import group_pairs
from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.metrics import threshold_at_fmr

LEGAL_CAVEAT = (
    "Analysis only. Thresholds by group treat people differently by a protected trait, which is unlawful in many "
    "settings or needs a justification of its own, and they need that trait of each person whenever a decision is "
    "made (special category data under Art. 9 GDPR; inferring race from biometric data is restricted by Art. 5(1)(g) "
    "of the EU AI Act). This is no legal advice. Use the figures as a bound to compare other methods with."
)
"""What stands beside every result of `OracleGroupThresholds`."""


@dataclass(frozen=True)
class OracleGroupThresholds(Mitigation):
    """Shifts the scores of each group so that all groups have the same FMR at one threshold.

    Attributes
    ----------
    by : str
        One attribute, or several joined by commas for their intersection.
    target_fmr : float
        The false match rate that the groups are aligned at, between 0 and 1.
    legal_caveat_read : bool
        Must be True: whoever makes this value has read `LEGAL_CAVEAT`.

    Raises
    ------
    ArgumentError
        If `legal_caveat_read` is not True.
        If `target_fmr` is not between 0 and 1.

    Notes
    -----
    s' = s − t_d where both people are of group d, t_d the threshold at the target FMR of impostor comparisons within
    d; s' = s − t across groups, t that of all impostor comparisons.
    """

    by: str
    target_fmr: float
    legal_caveat_read: bool = False

    def __post_init__(self) -> None:
        if self.legal_caveat_read is not True:
            message = f"thresholds by group need legal_caveat_read=True. {LEGAL_CAVEAT}"
            raise ArgumentError(message)
        if not 0 < self.target_fmr < 1:
            message = f"target_fmr must lie between 0 and 1; got {self.target_fmr}"
            raise ArgumentError(message)

    @property
    def name(self) -> str:
        """For example ``oracle: one threshold per gender``."""
        return f"oracle: one threshold per {self.by}"

    @property
    def caveat(self) -> str:
        """The legal caveat."""
        return LEGAL_CAVEAT

    def fit(self, table: pd.DataFrame, embeddings: Embeddings) -> GroupThresholds:  # noqa: ARG002 - as every mitigation
        """Measure the threshold of each group; scores and labels are enough.

        `ScoreTableError` if the table lacks the attribute on either side; `ArgumentError` if fewer than one false match
        is expected at the target FMR within a group.
        """
        within = _within(table, self.by)
        scores, impostor = table["score"].to_numpy(np.float64), ~table["genuine"].to_numpy(bool)
        thresholds = {}
        for group in sorted(set(within.tolist()) - {""}):
            inside = scores[(within == group) & impostor]
            if self.target_fmr * len(inside) < 1:
                message = (
                    f"there are {len(inside)} impostor comparisons within {self.by} {group!r}, too few for a "
                    f"threshold at FMR {self.target_fmr:g}"
                )
                raise ArgumentError(message)
            thresholds[group] = threshold_at_fmr(inside, self.target_fmr)
        return GroupThresholds(self.by, thresholds, threshold_at_fmr(scores[impostor], self.target_fmr))


@dataclass(frozen=True)
class GroupThresholds(Fitted):
    """The thresholds of the groups.

    Attributes
    ----------
    by : str
        The attribute.
    thresholds : mapping of str to float
        Group → threshold within it.
    overall : float
        The threshold of all comparisons, used across groups and for people without a label.
    """

    by: str
    thresholds: Mapping[str, float]
    overall: float

    def rescore(self, table: pd.DataFrame, embeddings: Embeddings) -> NDArray[np.float64]:  # noqa: ARG002 - as every mitigation
        """How far each score is above the threshold that holds for it, shape (n,); NaN where the table has no score.

        `ScoreTableError` if the table lacks the attribute, or has a group within which no threshold was measured.
        """
        within = _within(table, self.by)
        if unknown := sorted(set(within.tolist()) - {"", *self.thresholds}):
            message = f"no threshold was measured within {self.by} {unknown[0]!r}; there are {sorted(self.thresholds)}"
            raise ScoreTableError(message)
        held = np.array([self.thresholds.get(group, self.overall) for group in within.tolist()])
        return table["score"].to_numpy(np.float64) - held


def _within(table: pd.DataFrame, by: str) -> NDArray[np.object_]:
    """The group of both people of each comparison; the empty text across groups and where a label is missing."""
    groups = group_pairs(table, by)
    names: NDArray[np.object_] = np.array([*groups.names, ""], object)
    return names[groups.within]
