"""The laboratory: a mitigation learns from some people, is judged on others, and is held against doing nothing.

Published mitigations have made things worse on other data: FSN more than doubled the worst-group measure of one
benchmark in an independent comparison. So what counts here is the change on people whom the method has not seen, pair
by pair, with an interval; and what got worse is reported like what got better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audits.drift.audit import DriftAudit, audit_drift
from audits.mitigation.methods import Embeddings, Mitigation
from audits.mitigation.people import PeopleSplit
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.tables.groups import checked_groupings
from audits.verification.thresholds import AtFmr
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
        FMR, FNMR and comparisons without a score by group, without the mitigation and with it.
        Both thresholds were chosen for the same FMR
        on the same people, who are neither those that were learned from nor those that are judged.
    """

    mitigation: str
    caveat: str
    changes: DriftAudit

    def __str__(self) -> str:
        lines = [self.mitigation, *([self.caveat] if self.caveat else [])]
        for word, found in (("worse", self.changes.regressions), ("better", self.changes.gains)):
            lines += [f"  {change}" for change in found] or [f"  no rate is {word} for sure"]
        told = self.changes.thresholds
        return "\n".join([*lines, *(f"  {change}, {told}" for change in self.changes.indices)])


@dataclass(frozen=True)
class LabReport:
    """Mitigations side by side, on the same people.

    Attributes
    ----------
    target_fmr : float
        What each threshold was chosen for.
    people : tuple of int
        How many people were learned from, had thresholds set on them, and were judged; nobody is in two of the three.
    pairs : tuple of int
        Comparisons among each.
    crossing_pairs : int
        Comparisons of the given table between people of two sides, which were left out.
    seed : int
        Of the draws of people for the changes of the indices.
    judgements : tuple of Judgement
        One per mitigation, in the order that was asked for.
    """

    target_fmr: float
    people: tuple[int, int, int]
    pairs: tuple[int, int, int]
    crossing_pairs: int
    seed: int
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
    split: PeopleSplit,
    embeddings: Embeddings,
    mitigations: Sequence[Mitigation],
    *,
    by: Sequence[str],
    target_fmr: float,
    confidence: float = CONFIDENCE,
    replicates: int = 1000,
    seed: int = 0,
) -> LabReport:
    """Judge mitigations on people whom they have not seen.

    Parameters
    ----------
    split : PeopleSplit
        From `split_photos` or `split_people`; the scores are cosines.
    embeddings : mapping of str to ndarray, float32, shape (d,), or None
        A unit vector for each photo of the tables, None where no face was found in it.
    mitigations : sequence of Mitigation
        For example ``FairCal()``, ``FairScoreNormalisation(1e-3)`` and ``CohortNormalisation("s")``.
    by : sequence of str
        Groupings: attributes, or several joined by commas for their intersection.
    target_fmr : float
        Every threshold is the lowest score with FMR at or below this on ``split.calibrate``, 0 … 1.
    confidence : float
        Of every interval, between 0 and 1, exclusive.
    replicates : int
        Draws of people for the changes of the indices, at least 2, or 0 for none.
    seed : int
        Of these draws.

    Returns
    -------
    LabReport

    Raises
    ------
    ScoreTableError
        If an attribute is missing, or a mitigation finds that the table lacks what it needs.
    ArgumentError
        If there are no mitigations, or two of one name.
        If `by` is a single text, or a grouping stands twice or names an attribute twice.
        If `target_fmr`, `confidence` or `replicates` is out of range.
        If fewer than one false match is expected at `target_fmr` among the people that thresholds are set on.
        If a mitigation cannot be fitted to so few comparisons.

    Notes
    -----
    The intervals are of the people who are judged and of those that thresholds are set on. How a method would have come
    out of other people to learn from is not in them; another deal of the people shows it.
    """
    names = [mitigation.name for mitigation in mitigations]
    if not names or len(set(names)) < len(names):
        message = f"the laboratory needs mitigations of different names; got {', '.join(names) or 'none'}"
        raise ArgumentError(message)
    checked_confidence(confidence)
    groupings = checked_groupings(by)
    impostors = int((~split.calibrate["genuine"]).sum())
    if not 0 < target_fmr < 1 or target_fmr * impostors < 1:
        message = (
            f"target_fmr must lie between 0 and 1 and lead to expect a false match among the {impostors} impostor "
            f"comparisons that thresholds are set on; got {target_fmr:g}"
        )
        raise ArgumentError(message)
    before = AtFmr(target_fmr, split.calibrate)
    judgements = []
    for mitigation in mitigations:
        fitted = mitigation.fit(split.learn, embeddings)
        calibrated, judged = (
            # Another matcher's scores from here on, so the stamp goes.
            side.assign(score=fitted.rescore(side, embeddings)).drop(columns=["matcher"], errors="ignore")
            for side in (split.calibrate, split.judge)
        )
        changes = audit_drift(
            split.judge,
            judged,
            by=groupings,
            at=before,
            after_at=AtFmr(target_fmr, calibrated),
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )
        judgements.append(Judgement(mitigation.name, mitigation.caveat, changes))
    return LabReport(
        target_fmr=target_fmr,
        people=split.people,
        pairs=(len(split.learn), len(split.calibrate), len(split.judge)),
        crossing_pairs=split.crossing,
        seed=seed,
        judgements=tuple(judgements),
    )
