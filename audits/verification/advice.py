"""The threshold at which even the worst group keeps to a target, and what that costs.

A threshold that is right on average is wrong for somebody. At this one the upper bound of every group's FMR is at or
below the target; groups with too few pairs to show that are named, and nothing is promised to them. The price is paid
in false non-matches, by every group its own, and stands beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.intervals import CONFIDENCE, checked_confidence, estimate
from audits.statistics.trials import Trials, rates_by
from audits.tables.groups import group_pairs
from audits.verification.thresholds import At, Threshold, choose_threshold, point_notes
from facerec.errors import ArgumentError
from facerec.measure.tables.completed import Completed, complete
from facerec.types import Rate


@dataclass(frozen=True)
class GroupPrice:
    """What the advised threshold means for one group.

    Attributes
    ----------
    group : str
    fmr, fnmr : Estimate
        At the advised threshold.
    fmr_now, fnmr_now : Estimate
        At the threshold that it is compared with.
    pairs_missing : int
        0, or how many more impostor pairs like its own, all without a false match, it would take to show that the
        group keeps to the target; it then had no say in the threshold.
    """

    group: str
    fmr: Estimate
    fnmr: Estimate
    fmr_now: Estimate
    fnmr_now: Estimate
    pairs_missing: int


@dataclass(frozen=True)
class MoreData:
    """What the advised threshold would be with more people like those of the table.

    Attributes
    ----------
    people : int or None
        How many more: as many again; None where the table does not say who is in a pair, so as many pairs again.
    value : float
        The threshold with so many more, on the table's own scale, where every group's rates stay what they are.
    limit : float
        Where the rates themselves of the groups that are not silent, and no longer their bounds, meet the target: what
        the matcher asks for.
    fnmr : Estimate
        Of everybody, at `limit`.
    """

    people: int | None
    value: float
    limit: float
    fnmr: Estimate


@dataclass(frozen=True)
class Advice:
    """A threshold for the worst group, and its price.

    Attributes
    ----------
    by : str
    target_fmr : float
    value : float or None
        The threshold on the table's own scale; None where no group has pairs enough to show the target.
    now : Threshold
        What it is compared with.
    groups : tuple of GroupPrice
        Every group; rates at `now` throughout where `value` is None.
    notes : tuple of str
        What a reader must know of an operating point that is `now`.
    fnmr, fnmr_now : Estimate
        Of everybody, at either threshold.
    more : MoreData or None
        None where no threshold is advised.
    """

    by: str
    target_fmr: float
    value: float | None
    now: Threshold
    groups: tuple[GroupPrice, ...]
    notes: tuple[str, ...]
    fnmr: Estimate
    fnmr_now: Estimate
    more: MoreData | None

    @property
    def silent(self) -> tuple[str, ...]:
        """The groups with too few impostor pairs to show anything, for which nothing is promised."""
        return tuple(group.group for group in self.groups if group.pairs_missing)

    @property
    def protected(self) -> tuple[str, ...]:
        """The groups whose upper FMR bound is at or below the target at the advised threshold; none without one."""
        return () if self.value is None else tuple(group.group for group in self.groups if not group.pairs_missing)

    @property
    def asked_by_data(self) -> bool:
        """Whether the threshold is what too few people ask for, and not the matcher."""
        return self.more is not None and self.value != self.more.limit


def advise_threshold(
    scores: pd.DataFrame,
    *,
    by: str,
    target_fmr: float,
    at: At,
    distance: bool = False,
    accept_reversed: bool = False,
    confidence: float = CONFIDENCE,
) -> Advice:
    """The lowest threshold at which every group's upper FMR bound is at or below a target.

    Parameters
    ----------
    scores : DataFrame
        A score table, as for ``audit_verification``.
    by : str
        The grouping; a group's FMR is over impostor pairs with both people in it.
    target_fmr : float
        Between 0 and 1, exclusive.
    at : float, OperatingPoint or AtFmr
        The threshold of today, for the comparison.
    distance : bool
        Whether the scores are distances, smaller where faces are more alike.
    accept_reversed : bool
        Take scores that rank impostor pairs above genuine ones, an error otherwise.
    confidence : float
        Of the intervals, whose upper bounds decide; between 0 and 1, exclusive.

    Returns
    -------
    Advice

    Raises
    ------
    ScoreTableError
        If the table is refused, cannot be grouped as asked, or ranks impostor pairs above genuine ones.
    ArgumentError
        If `target_fmr` or `confidence` is out of range.
        If the threshold of today is NaN, cannot be measured, or is of another scale than the scores.
    ModelMismatchError
        If it is an operating point of another matcher than made the scores (``facerec.types.matcher.RULES``).

    Notes
    -----
    A group that shows no false match among n pairs has the upper bound 1 − (α/2)^(1/n). Where that exceeds the target,
    no threshold helps: the group has too few pairs, and is reported as such. The threshold is chosen and judged on
    the same table, so a second table should confirm it. In small groups the bounds ask for far more than the rates do;
    `Advice.more` says how much of the threshold is their price.
    """
    checked_confidence(confidence)
    if not 0 < target_fmr < 1:
        message = f"a target FMR must lie between 0 and 1; got {target_fmr}"
        raise ArgumentError(message)
    completed = complete(scores)
    notes = (*completed.notes(distance=distance), *point_notes(at, completed.table, distance=distance))
    groups = group_pairs(completed.table, by)
    values = completed.similarities(distance=distance, accept_reversed=accept_reversed)
    table = _Table(completed, values, groups.within, len(groups), confidence)
    now = choose_threshold(at, table.scores[~table.genuine], distance=distance)
    silent = [not bound <= target_fmr for bound in table.bounds(math.inf)]
    told = [g for g in range(len(groups)) if not silent[g]]
    value = table.lowest(target_fmr, told) if told else None
    then = now.value if value is None else value
    needed = math.log((1 - confidence) / 2) / math.log1p(-target_fmr)
    more = None
    if value is not None:
        limit = table.lowest(target_fmr, told, times=math.inf)
        shown = [0.0 - each if distance else each for each in (table.lowest(target_fmr, told, times=2), limit)]
        more = MoreData(table.people, shown[0], shown[1], table.everybody(limit))
    rates = (table.rates(at, genuine=genuine) for at in (then, now.value) for genuine in (False, True))
    rows = zip(groups.names, *rates, silent, strict=True)
    return Advice(
        by=groups.by,
        target_fmr=target_fmr,
        value=None if value is None else (0.0 - value if distance else value),
        now=now,
        groups=tuple(
            GroupPrice(name, fmr, fnmr, fmr_now, fnmr_now, _missing(fmr, needed) if mute else 0)
            for name, fmr, fnmr, fmr_now, fnmr_now, mute in rows
        ),
        notes=notes,
        fnmr=table.everybody(then),
        fnmr_now=table.everybody(now.value),
        more=more,
    )


def _missing(found: Estimate, needed: float) -> int:
    """How many more pairs, each worth as much as those that are there, make so many independent ones."""
    if not found.trials:
        return math.ceil(needed)
    return max(1, math.ceil(found.trials * (needed / found.effective_trials - 1)))


class _Table:
    """Scores, groups and people, to be measured at one threshold after another."""

    def __init__(
        self, completed: Completed, scores: NDArray[np.float64], within: NDArray[np.int32], size: int, confidence: float
    ) -> None:
        self.scores, self.size, self.confidence = scores, size, confidence
        self.genuine = completed.table["genuine"].to_numpy(bool)
        self._within = within
        self._people = completed.people()
        self.people = None if self._people is None else len(np.unique(self._people))

    def rates(self, threshold: float, *, genuine: bool) -> tuple[Estimate, ...]:
        """FNMR of every group if `genuine`, else FMR."""
        rows = np.flatnonzero(self.genuine == genuine)  # of no group, too: all tell how alike one person's errors are
        accepted = self.scores[rows] >= threshold
        people = None if self._people is None else (self._people[0][rows], self._people[1][rows])
        trials = Trials(~accepted if genuine else accepted, people)
        codes, correlation = self._within[rows], trials.correlation
        return rates_by(trials, codes, self.size, confidence=self.confidence, correlation=correlation)

    def everybody(self, threshold: float) -> Estimate:
        """FNMR over all genuine pairs, labelled or not."""
        people = None if self._people is None else tuple(side[self.genuine] for side in self._people)
        trials = Trials(~(self.scores[self.genuine] >= threshold), people)
        return trials.estimate(confidence=self.confidence)

    def bounds(self, threshold: float, *, times: float = 1) -> list[float]:
        """The upper bound of every group's FMR, as it were with so many times the data; NaN without impostor pairs."""
        found = self.rates(threshold, genuine=False)
        if math.isinf(times):
            return [each.value for each in found]
        return [
            each.interval.high
            if not each.trials
            else estimate(
                Rate(int(times * each.errors), int(times * each.trials), times * each.effective_trials),
                confidence=self.confidence,
            ).interval.high
            for each in found
        ]

    def lowest(self, target: float, groups: list[int], *, times: float = 1) -> float:
        """The lowest impostor score at which the bounds of these groups meet the target, or what comes after all."""
        # Steps of all groups: above the last one nobody is accepted, so there every group that can meets the target.
        seen = self.scores[~self.genuine & (self._within >= 0)]
        steps = np.unique(seen[~np.isnan(seen)])
        if not len(steps):
            return -math.inf
        steps = np.append(steps, math.nextafter(steps[-1], math.inf))

        def meets(step: int) -> bool:
            bounds = self.bounds(float(steps[step]), times=times)
            return all(bounds[g] <= target for g in groups)

        low, high = -1, len(steps) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if meets(middle) else (middle, high)
        return float(steps[high])
