"""The values that the audit of identification hands over; none holds a rate without its counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from audits.statistics.contrasts import Contrast
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside
from audits.tables.frames import Entry, GroupedAudit, Grouping

SearchRateName: TypeAlias = Literal["fpir", "fnir", "rank_one_errors", "without_candidate"]
"""The rates of searches, as `GroupSearches` names them."""


@dataclass(frozen=True)
class GroupSearches:
    """What happens to the searches of one group of probes.

    Attributes
    ----------
    group : str
        The labels joined by commas.
    subjects : int
        Different people of the group among the probes.
    mated_subjects : int
        Those of them who are enrolled; the others are searched for in vain.
    enrolled : int
        People of the group in the gallery.
    fpir : Estimate
        False positive identification rate: non-mated searches with a candidate at or above the threshold.
    fnir : Estimate
        False negative identification rate: mated searches whose mate is not among the candidates at or above the
        threshold and within the rank.
    rank_one_errors : Estimate
        Mated searches whose most alike candidate is not the mate, whatever the threshold.
    without_candidate : Estimate
        Searches without any candidate. They count as misses where they are mated, and as no false positive.
    """

    group: str
    subjects: int
    mated_subjects: int
    enrolled: int
    fpir: Estimate
    fnir: Estimate
    rank_one_errors: Estimate
    without_candidate: Estimate

    def people(self, rate: SearchRateName) -> int:
        """How many people the searches of a rate are for."""
        return people_of(rate, self.subjects, self.mated_subjects)


def people_of(rate: SearchRateName, subjects: int, mated_subjects: int) -> int:
    """How many people the searches of a rate are for: FPIR is of those who are not enrolled.

    >>> [people_of(rate, 10, 7) for rate in ("fpir", "fnir", "rank_one_errors", "without_candidate")]
    [3, 7, 7, 10]
    """
    match rate:
        case "fpir":
            return subjects - mated_subjects
        case "without_candidate":
            return subjects
        case _:
            return mated_subjects


@dataclass(frozen=True)
class SearchContrast:
    """One group against the group that fares best.

    Attributes
    ----------
    rate : {"fpir", "fnir", "rank_one_errors", "without_candidate"}
    group, reference : str
        The reference has the lowest rate; of equals the first.
    contrast : Contrast
        Difference and ratio of the rates.
    strict : Contrast
        The same with all pairs of groups allowed for, because the best group was found on the same searches: what
        decides whether the two differ.
    """

    rate: SearchRateName
    group: str
    reference: str
    contrast: Contrast
    strict: Contrast


@dataclass(frozen=True)
class ConfusionCell:
    """How often searches for one group end at a person of a group.

    Attributes
    ----------
    probe_group, candidate_group : str
    rate : Estimate
        Errors of this kind over all searches of the probe group.
    """

    probe_group: str
    candidate_group: str
    rate: Estimate


@dataclass(frozen=True, repr=False)
class IdentificationGrouping(Grouping[GroupSearches]):
    """What one way of grouping people shows.

    Attributes
    ----------
    by : str
        The attributes joined by commas.
    groups : tuple of GroupSearches
        Every group of probes or of the gallery, sorted by its labels; a group without searches is there too.
    contrasts : tuple of SearchContrast
        For every rate, each group that is compared against the best; the reference itself is left out.
    rank_one_confusion : tuple of ConfusionCell
        Probe group by group of the nearest wrong person, over mated searches; row by row, complete.
    false_positive_confusion : tuple of ConfusionCell
        Probe group by group of the most alike person, over non-mated searches with one at or above the threshold.
    unmeasured : tuple of (group, rate name)
        The groups whose FPIR or FNIR had no searches.
    unlabelled_searches : int
        Searches for people without a label; they are in no group.
    relabelled_searches : int
        Mated searches whose probe carries another label than the same person in the gallery; they count under the
        probe's.
    unlabelled_candidates : int
        Errors in either confusion whose wrong person has no label; they are in no cell.
    set_aside : tuple of SetAside
        The rates of groups that are too small to be compared.
    """

    contrasts: tuple[SearchContrast, ...]
    rank_one_confusion: tuple[ConfusionCell, ...]
    false_positive_confusion: tuple[ConfusionCell, ...]
    unmeasured: tuple[tuple[str, str], ...]
    unlabelled_searches: int
    relabelled_searches: int
    unlabelled_candidates: int
    set_aside: tuple[SetAside, ...] = ()

    def entries(self) -> Iterator[Entry]:
        """The rates of every group, as in `SearchRateName`."""
        for group in self.groups:
            for rate in get_args(SearchRateName):
                yield Entry(self.by, group.group, rate, getattr(group, rate))


@dataclass(frozen=True, repr=False)
class IdentificationAudit(GroupedAudit[IdentificationGrouping]):
    """The error rates of a gallery at one threshold, over all and by group.

    Attributes
    ----------
    threshold : float
        On the table's own scale: a candidate counts iff its score ≥ threshold or, of distances, ≤ threshold.
    gallery_size : int
        N, how many people are enrolled. The rates hold for this N only.
    rank : int or None
        R, how many candidates are looked at; None: all that were returned.
    longest_list : int
        The most candidates that any search returned; a mate below them cannot be seen.
    subjects, mated_subjects : int
        Different people among the probes, and those of them who are enrolled.
    fpir, fnir, rank_one_errors, without_candidate : Estimate
        Over all searches, labelled or not; as in `GroupSearches`.
    groupings : tuple of IdentificationGrouping
        One for each entry of ``by``, in that order.
    confidence : float
        Of every interval.
    notes : tuple of str
        What a reader must know besides, such as groups whose names differ in the case of letters only.
    least : Least
        How much there has to be of a group for it to be compared with others.
    distance : bool
        Whether the table holds distances.
    """

    threshold: float
    gallery_size: int
    rank: int | None
    longest_list: int
    subjects: int
    mated_subjects: int
    fpir: Estimate
    fnir: Estimate
    rank_one_errors: Estimate
    without_candidate: Estimate
    confidence: float
    notes: tuple[str, ...]
    least: Least = LEAST
    distance: bool = False

    @property
    def rule(self) -> str:
        """When a candidate counts, in words."""
        return f"{'up to a distance' if self.distance else 'from a score'} of"

    def entries(self) -> Iterator[Entry]:
        """The rates of everybody and of every group."""
        yield from (Entry("", "", rate, getattr(self, rate)) for rate in get_args(SearchRateName))
        for grouping in self.groupings:
            yield from grouping.entries()
