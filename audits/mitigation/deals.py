"""The whole experiment: people are dealt to the three sides again and again, and the usual methods are judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from audits.mitigation.clusters import supported_clusters
from audits.mitigation.cohort import CohortNormalisation
from audits.mitigation.faircal import FairCal
from audits.mitigation.fsn import FairScoreNormalisation
from audits.mitigation.lab import LabReport, judge_mitigations
from audits.mitigation.methods import Mitigation
from audits.mitigation.oracle import OracleGroupThresholds
from audits.mitigation.people import split_photos
from facerec.errors import ArgumentError
from facerec.measure.tables.vector_table import FaceVectors


def deal_and_judge(
    photos: FaceVectors,
    *,
    by: Sequence[str],
    target_fmr: float,
    clusters: int | None = None,
    pairs: int = 500_000,
    deals: int = 5,
    legal_caveat_read: bool = False,
    replicates: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[LabReport, ...]:
    """Judge FairCal, FSN, Z-, T- and S-norm on several deals of the people.

    Parameters
    ----------
    photos : FaceVectors
        Of known people; people are dealt evenly over the first grouping.
    by : sequence of str
        Groupings, as for `judge_mitigations`.
    target_fmr : float
        Every threshold keeps FMR at or below this.
    clusters : int, optional
        Regions for FairCal and FSN; by default what the people learned from in the first deal support, so that every
        deal judges the same methods.
    pairs : int
        Impostor pairs drawn on each side, at most.
    deals : int
        How often people are dealt, 1 or more.
    legal_caveat_read : bool
        Judge thresholds by group too, see `OracleGroupThresholds`.
    replicates : int
        Draws of people in the first deal; the others have none.
    seed : int
        Of the first deal; the next one has the next number.
    progress : callable, optional
        Called with the deals done and in all.

    Returns
    -------
    tuple of LabReport
        One per deal.

    Raises
    ------
    ArgumentError
        If `deals` is below 1, or as `judge_mitigations`, `split_photos` and `supported_clusters`.
    ScoreTableError
        As these.
    """
    if deals < 1:
        message = f"deals must be 1 or more; got {deals}"
        raise ArgumentError(message)
    embeddings = photos.by_photo()
    reports = []
    for deal in range(deals):
        split = split_photos(photos, by=by[0], pairs=pairs, seed=seed + deal)
        if clusters is None:
            clusters = supported_clusters(split.learn, embeddings, target_fmr=target_fmr, seed=seed)
        methods: list[Mitigation] = [
            FairCal(clusters, seed),
            FairScoreNormalisation(target_fmr, clusters, seed),
            *(CohortNormalisation(kind) for kind in ("z", "t", "s")),
        ]
        if legal_caveat_read:
            methods += [OracleGroupThresholds(each, target_fmr, legal_caveat_read=True) for each in by]
        reports.append(
            judge_mitigations(
                split,
                embeddings,
                methods,
                by=by,
                target_fmr=target_fmr,
                replicates=0 if deal else replicates,
                seed=seed,
            )
        )
        if progress is not None:
            progress(deal + 1, deals)
    return tuple(reports)
