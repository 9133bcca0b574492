"""The laboratory: a mitigation is fitted on some people, judged on others, and held against doing nothing.

Published mitigations have made things worse on other data: FSN more than doubled the worst-group measure of one
benchmark in an independent comparison. So what counts here is the change on people whom the method has not seen, pair
by pair, with an interval; and what got worse is reported like what got better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from audits.drift import DriftAudit, audit_drift
from audits.groupings import checked_groupings
from audits.intervals import CONFIDENCE, checked_confidence
from audits.mitigation.methods import Embeddings, Mitigation
from audits.mitigation.people import PeopleSplit, split_people
from audits.thresholds import AtFmr
from facerec import scores
from facerec.errors import ArgumentError


@dataclass(frozen=True)
class Judgement:
    """What one mitigation does to people whom it has not seen.

    Attributes
    ----------
    mitigation : str
        Its name and settings.
    caveat : str
        What must be said wherever these figures are shown; empty if nothing must.
    changes : DriftAudit
        FMR, FNMR and FTA by group, without the mitigation and with it. Both thresholds were chosen for the same FMR
        on the people that were fitted on.
    """

    mitigation: str
    caveat: str
    changes: DriftAudit

    def __str__(self) -> str:
        lines = [self.mitigation, *([self.caveat] if self.caveat else [])]
        for word, found in (("worse", self.changes.regressions), ("better", self.changes.gains)):
            lines += [f"  {change}" for change in found] or [f"  no rate is {word} for sure"]
        return "\n".join([*lines, *(f"  {change}" for change in self.changes.indices)])


@dataclass(frozen=True)
class LabReport:
    """Mitigations side by side, on the same people.

    Attributes
    ----------
    target_fmr : float
        What each threshold was chosen for, on the people that were fitted on.
    fit_people, judge_people : int
        How many people were fitted on and judged on; nobody is among both.
    fit_pairs, judge_pairs, crossing_pairs : int
        Comparisons among either, and between the two, which are left out.
    judgements : tuple of Judgement
        One per mitigation, in the order that was asked for.
    """

    target_fmr: float
    fit_people: int
    judge_people: int
    fit_pairs: int
    judge_pairs: int
    crossing_pairs: int
    judgements: tuple[Judgement, ...]

    def judgement(self, mitigation: str) -> Judgement:
        """The judgement of the mitigation of that name; `ArgumentError` if there is none."""
        for judgement in self.judgements:
            if judgement.mitigation == mitigation:
                return judgement
        known = ", ".join(repr(judgement.mitigation) for judgement in self.judgements)
        message = f"there is no mitigation {mitigation!r}; there are {known}"
        raise ArgumentError(message)


def judge_mitigations(
    table: pd.DataFrame,
    embeddings: Embeddings,
    mitigations: Sequence[Mitigation],
    *,
    by: Sequence[str],
    target_fmr: float,
    share: float = 0.5,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    replicates: int = 1000,
) -> LabReport:
    """Judge mitigations on people whom they have not seen.

    Parameters
    ----------
    table : DataFrame
        A score table of cosines.
    embeddings : mapping of str to ndarray, float32, shape (d,), or None
        A unit vector for each photo of the table, None where no face was found in it.
    mitigations : sequence of Mitigation
        For example ``FairCal()``, ``FairScoreNormalisation(1e-3)`` and ``CohortNormalisation("s")``.
    by : sequence of str
        Groupings: attributes, or several joined by commas for their intersection. The people of the first are dealt
        evenly to both sides.
    target_fmr : float
        Every threshold is the lowest score with FMR at or below this among the people that are fitted on, 0 … 1.
    share : float
        The part of the people that is fitted on, between 0 and 1.
    seed : int
        How people are dealt.
    confidence : float
        Of every interval, between 0 and 1, exclusive.
    replicates : int
        Draws of people for the changes of the indices, at least 2, or 0 for none; their seed is `seed`.

    Returns
    -------
    LabReport

    Raises
    ------
    ScoreTableError
        If ``facerec.scores.check`` refuses the table, or an attribute is missing.
        If a side has no genuine or no impostor comparison.
        If a mitigation finds that the table lacks what it needs.
    ArgumentError
        If there are no mitigations, or two of one name.
        If `by` is a single text, or a grouping stands twice or names an attribute twice.
        If `share`, `target_fmr`, `confidence` or `replicates` is out of range.
        If fewer than one false match is expected at `target_fmr` among the people that are fitted on.
        If a mitigation cannot be fitted to so few comparisons.

    Notes
    -----
    The intervals are of the people who are judged on; how the method would have come out of other people to fit on is
    not in them. Another seed shows it.
    """
    names = [mitigation.name for mitigation in mitigations]
    if not names or len(set(names)) < len(names):
        message = f"the laboratory needs mitigations of different names; got {', '.join(names) or 'none'}"
        raise ArgumentError(message)
    checked_confidence(confidence)
    groupings = checked_groupings(by)
    split = split_people(scores.check(table), by=groupings[0] if groupings else None, share=share, seed=seed)
    if not 0 < target_fmr < 1 or target_fmr * len(scores.impostor_scores(split.fit)) < 1:
        message = (
            f"target_fmr must lie between 0 and 1 and lead to expect a false match among the "
            f"{len(scores.impostor_scores(split.fit))} impostor comparisons that are fitted on; got {target_fmr:g}"
        )
        raise ArgumentError(message)
    before = AtFmr(target_fmr, split.fit)
    judgements = []
    for mitigation in mitigations:
        fitted = mitigation.fit(split.fit, embeddings)
        after, rescored = (side.assign(score=fitted.rescore(side, embeddings)) for side in (split.fit, split.judge))
        changes = audit_drift(
            split.judge,
            rescored,
            by=groupings,
            at=before,
            after_at=AtFmr(target_fmr, after),
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )
        judgements.append(Judgement(mitigation.name, mitigation.caveat, changes))
    return _report(split, target_fmr, judgements)


def _report(split: PeopleSplit, target: float, judgements: Sequence[Judgement]) -> LabReport:
    return LabReport(
        target_fmr=target,
        fit_people=split.fit_people,
        judge_people=split.judge_people,
        fit_pairs=len(split.fit),
        judge_pairs=len(split.judge),
        crossing_pairs=split.crossing,
        judgements=tuple(judgements),
    )
