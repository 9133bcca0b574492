"""The audit of identification (1:N): what a gallery answers to people who are in it, and to people who are not.

A search is mated where the probe's person is enrolled. Rates are of searches, not of comparisons: one search against
a gallery of a million is one trial. A person who is searched for several times is one person, and the intervals know
it; the gallery counts as given, so they say nothing about another one. ``audits.identification.gallery_mix`` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.identification.outcomes import probe_and_gallery_groups, search_outcomes
from audits.identification.results import (
    ConfusionCell,
    GroupSearches,
    IdentificationAudit,
    IdentificationGrouping,
    SearchContrast,
    SearchRateName,
)
from audits.statistics.contrasts import contrast, contrast_among
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside, left_out, set_aside, whole_groups
from audits.statistics.intervals import clustered_estimate
from audits.tables.groups import RowGroups, all_grouped, checked_groupings, groupings_told, name_notes
from audits.tables.searches import check_gallery, check_searches
from facerec.errors import ArgumentError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.tables.completed import refuse_off_scale
from facerec.measure.tables.table_files import notes_of


def audit_identification(
    table: pd.DataFrame,
    gallery: pd.DataFrame,
    *,
    threshold: float,
    by: Sequence[str] = (),
    rank: int | None = None,
    distance: bool = False,
    accept_reversed: bool = False,
    confidence: float = 0.95,
    least: Least = LEAST,
) -> IdentificationAudit:
    """Audit the searches of a gallery.

    Parameters
    ----------
    table : DataFrame
        Searches: the columns ``search``, ``probe_subject``, ``candidate_subject``, ``score`` (larger = more alike) and
        ``probe_<attribute>``. See ``audits.tables.searches``.
    gallery : DataFrame
        One row per enrolled person: ``subject`` and a column for each attribute.
    threshold : float
        A candidate counts iff its score ≥ threshold; one threshold for all groups. Of distances, iff ≤ threshold.
    by : sequence of str
        Groupings: attributes, or several joined by commas for their intersection.
    rank : int, optional
        R: a mate that is not among the R most alike candidates is missed. Without it every candidate that was
        returned counts.
    distance, accept_reversed : bool
        As for ``check_searches``.
    confidence : float
        Between 0 and 1, exclusive.
    least : Least
        Groups with less are measured, and compared with nobody.

    Returns
    -------
    IdentificationAudit

    Raises
    ------
    ScoreTableError
        If the gallery or the searches are not what ``check_gallery`` and ``check_searches`` ask for.
        If an attribute is missing on either side.
    ArgumentError
        If `threshold` is NaN, or off the scale of the scores.
        If `rank` is less than 1.
        If `confidence` is out of range.
        If `by` is a single text, or a grouping stands twice or names an attribute twice.

    Notes
    -----
    FPIR(N, T) = non-mated searches with a score ≥ T / non-mated searches; FNIR(N, R, T) = mated searches without their
    mate at rank ≤ R and score ≥ T / mated searches. A wrong person who is just as alike ranks before the mate.

    References
    ----------
    ISO/IEC 19795-1, false positive and false negative identification rate.

    Examples
    --------
    >>> gallery = pd.DataFrame({"subject": ["ann", "bob"], "gender": ["f", "m"]})
    >>> rows = [["1", "ann", "f", "ann", 0.9], ["2", "bob", "m", "ann", 0.7], ["3", "eve", "f", "ann", 0.8]]
    >>> table = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_gender", "candidate_subject", "score"])
    >>> audit = audit_identification(table, gallery, threshold=0.75, by=["gender"])
    >>> audit.fnir.rate.errors, audit.fnir.trials, audit.grouping("gender").group("f").fpir.value
    (1, 2, 1.0)
    """
    if math.isnan(threshold):
        message = "the threshold is NaN; it must be a number"
        raise ArgumentError(message)
    if rank is not None and rank < 1:
        message = f"rank must be at least 1; got {rank}"
        raise ArgumentError(message)
    names = checked_groupings(by)
    with groupings_told(table, names, lambda name: probe_and_gallery_groups(table, gallery, name)):
        people = check_gallery(gallery)
        checked = check_searches(table, people, distance=distance, accept_reversed=accept_reversed)
    at = -threshold if distance else threshold
    refuse_off_scale(at, checked["score"].to_numpy(np.float64), distance=distance)
    outcomes = search_outcomes(checked, people, threshold=at, rank=rank)
    every = np.ones(len(outcomes), np.bool_)
    everything = _rates(outcomes, every, every, confidence)
    grouped = all_grouped(names, lambda name: probe_and_gallery_groups(outcomes, people, name))
    groupings = tuple(_grouping(outcomes, people, found, confidence, least) for found in grouped)
    return IdentificationAudit(
        threshold=threshold,
        distance=distance,
        gallery_size=len(people),
        rank=rank,
        longest_list=int(outcomes["listed"].max()),
        subjects=outcomes["probe_subject"].nunique(),
        mated_subjects=outcomes["probe_subject"][outcomes["mated"]].nunique(),
        fpir=everything[0],
        fnir=everything[1],
        rank_one_errors=everything[2],
        without_candidate=everything[3],
        groupings=groupings,
        confidence=confidence,
        notes=(
            *notes_of(table),
            *(f"the gallery: {note}" for note in notes_of(gallery)),
            *(note for found in groupings for note in name_notes(found.by, [g.group for g in found.groups])),
        ),
        least=least,
    )


def _rates(
    outcomes: pd.DataFrame, chosen: NDArray[np.bool_], lending: NDArray[np.bool_], confidence: float
) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    mated = outcomes["mated"].to_numpy(bool)
    failed = (outcomes["listed"] == 0).to_numpy(bool)
    return (
        _rate(outcomes, outcomes["false_positive"].to_numpy(bool), lending & ~mated, chosen & ~mated, confidence),
        _rate(outcomes, outcomes["missed"].to_numpy(bool), lending & mated, chosen & mated, confidence),
        _rate(outcomes, outcomes["wrong_first"].to_numpy(bool), lending & mated, chosen & mated, confidence),
        _rate(outcomes, failed, lending, chosen, confidence),
    )


def _rate(
    outcomes: pd.DataFrame,
    errors: NDArray[np.bool_],
    alike: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    confidence: float,
) -> Estimate:
    # A group without errors cannot show how alike one person's searches are, so all searches of its kind say it.
    people = outcomes["person"].to_numpy(np.int64)
    correlation = PairsOfPeople.of(people[alike], people[alike]).correlation(errors[alike])
    mine = people[chosen]
    return clustered_estimate(errors[chosen], mine, mine, confidence=confidence, correlation=correlation)


def _grouping(
    outcomes: pd.DataFrame,
    gallery: pd.DataFrame,
    grouped: tuple[RowGroups, NDArray[np.int32], NDArray[np.int32]],
    confidence: float,
    least: Least,
) -> IdentificationGrouping:
    groups, probe, enrolled = grouped

    def measured(code: int, lending: NDArray[np.bool_]) -> GroupSearches:
        mine = probe == code
        return GroupSearches(
            groups.names[code],
            outcomes["probe_subject"][mine].nunique(),
            outcomes["probe_subject"][mine & outcomes["mated"]].nunique(),
            int((enrolled == code).sum()),
            *_rates(outcomes, mine, lending, confidence),
        )

    rows = [measured(code, np.ones(len(outcomes), np.bool_)) for code in range(len(groups))]
    aside = set_aside(
        groups.names,
        {name: [getattr(row, name) for row in rows] for name in get_args(SearchRateName)},
        least,
        size=[row.without_candidate for row in rows],
    )
    if away := whole_groups(aside):  # the others are measured as without their searches
        others = ~np.isin(probe, [code for code, name in enumerate(groups.names) if name in away])
        rows = [row if row.group in away else measured(code, others) for code, row in enumerate(rows)]
    of_enrolled = pd.Series(enrolled, index=gallery["subject"])
    wrong = of_enrolled.reindex(outcomes["wrong"], fill_value=-1).to_numpy(np.int32)
    own = of_enrolled.reindex(outcomes["probe_subject"], fill_value=-1).to_numpy(np.int32)
    mated = outcomes["mated"].to_numpy(bool)
    rank_one = outcomes["wrong_first"].to_numpy(bool) & (outcomes["wrong"] != "").to_numpy(bool)
    false_positive = outcomes["false_positive"].to_numpy(bool)
    unmeasured = [(g.group, name) for g in rows for name in ("fpir", "fnir") if not getattr(g, name).measured]
    return IdentificationGrouping(
        by=groups.by,
        groups=tuple(rows),
        contrasts=tuple(found for name in get_args(SearchRateName) for found in _contrasts(rows, name, aside)),
        rank_one_confusion=_confusion(
            outcomes, groups, probe, wrong, errors=rank_one, searched=mated, confidence=confidence
        ),
        false_positive_confusion=_confusion(
            outcomes, groups, probe, wrong, errors=false_positive, searched=~mated, confidence=confidence
        ),
        unmeasured=tuple(unmeasured),
        unlabelled_searches=int((probe < 0).sum()),
        relabelled_searches=int((mated & (own >= 0) & (probe >= 0) & (own != probe)).sum()),
        unlabelled_candidates=int(((rank_one | false_positive) & (wrong < 0)).sum()),
        set_aside=aside,
    )


def _contrasts(
    groups: Sequence[GroupSearches], name: SearchRateName, aside: Sequence[SetAside]
) -> Iterator[SearchContrast]:
    away = left_out(aside, name)
    rates = [(group.group, getattr(group, name)) for group in groups if group.group not in away]
    measured = [(group, found) for group, found in rates if found.measured]
    if measured:
        reference, best = min(measured, key=lambda entry: entry[1].value)
        for group, found in measured:
            if group != reference:
                strict = contrast_among(found, best, groups=len(measured))
                yield SearchContrast(name, group, reference, contrast(found, best), strict)


def _confusion(
    outcomes: pd.DataFrame,
    groups: RowGroups,
    probe: NDArray[np.int32],
    wrong: NDArray[np.int32],
    *,
    errors: NDArray[np.bool_],
    searched: NDArray[np.bool_],
    confidence: float,
) -> tuple[ConfusionCell, ...]:
    return tuple(
        ConfusionCell(
            groups.names[row],
            groups.names[column],
            _rate(outcomes, errors & (wrong == column), searched, searched & (probe == row), confidence),
        )
        for row in range(len(groups))
        for column in range(len(groups))
    )
