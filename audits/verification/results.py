"""The values of an audit of verification: rates of groups, cells of their matrix, groupings, and the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audits.statistics.bootstrap import Bootstrap
from audits.statistics.disparity import Disparity
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside
from audits.statistics.multiplicity import GroupTest
from audits.statistics.people import PersonMean
from audits.statistics.shrinkage import ShrunkEstimate
from audits.tables.frames import Entry, GroupedAudit, Grouping
from audits.verification.thresholds import Threshold
from facerec.types import Matcher


@dataclass(frozen=True)
class Acquisition:
    """What was acquired, in the terms of ISO/IEC 19795-1.

    Attributes
    ----------
    fta : Estimate or None
        The failure-to-acquire rate: photos in which no face was found, over photos. A table that does not say why
        a score is missing leaves open which of two photos failed if neither is in another comparison: both then count.
        None where the table names no photos.
    fta_by_person : PersonMean or None
        The mean of people's own such rates; None where it names no people.
    refused : Estimate or None
        Faces that were found, and that the quality gate refused, over photos with a face; None where it does not say.
    fmr, fnmr : Estimate
        Over completed comparisons, those with a score.
    """

    fta: Estimate | None
    fta_by_person: PersonMean | None
    refused: Estimate | None
    fmr: Estimate
    fnmr: Estimate


@dataclass(frozen=True)
class GroupComparisons:
    """The error rates of one group of people.

    Attributes
    ----------
    group : str
        The labels joined by commas, such as ``Black,Female``.
    labels : tuple of str
        One label per attribute.
    subjects : int or None
        Different people of the group in the table, in pairs of any kind; None where the table does not say who is in a
        pair. How many are behind a rate, its own `people` say.
    fmr : Estimate
        Over impostor pairs with both people in the group.
    fnmr : Estimate
        Over genuine pairs with both sides in the group.
    without_score : Estimate
        Comparisons without a score, over all comparisons with both sides in the group. FTA, the failure-to-acquire
        rate of ISO/IEC 19795-1, is another number: see `acquisition`.
    fnmr_at_target : Estimate or None
        FNMR at the target FMR: as `fnmr`, with an interval that carries how uncertain the choice of the threshold is.
        `fnmr` itself is at this very threshold, whose FMR among other people may be another. None: it was given.
    fnmr_by_person : PersonMean or None
        The mean of the people's own false non-match rates, in which everybody counts once, however many photos there
        are of them; None where the table does not say who is in a pair.
    acquisition : Acquisition or None
        By photo, and the rates of completed comparisons; None where every comparison has a score.
    """

    group: str
    labels: tuple[str, ...]
    subjects: int | None
    fmr: Estimate
    fnmr: Estimate
    without_score: Estimate
    fnmr_at_target: Estimate | None = None
    fnmr_by_person: PersonMean | None = None
    acquisition: Acquisition | None = None


@dataclass(frozen=True)
class CrossCell:
    """False matches between a probe of one group and a reference of another, or of the same.

    Attributes
    ----------
    probe_group, reference_group : str
    fmr : Estimate
    share : float
        How much of all impostor pairs with two labels are of this cell, 0 … 1; NaN if there are none.
    """

    probe_group: str
    reference_group: str
    fmr: Estimate
    share: float


@dataclass(frozen=True)
class Unlabelled:
    """What no group holds, counted so that it does not get lost.

    Attributes
    ----------
    genuine, impostor : int
        Pairs with at least one side that lacks a label.
    genuine_across : int
        Genuine pairs whose two sides carry different labels; they belong to neither group.
    """

    genuine: int
    impostor: int
    genuine_across: int


@dataclass(frozen=True, repr=False)
class GroupingAudit(Grouping[GroupComparisons]):
    """What one way of grouping people shows.

    Attributes
    ----------
    by : str
        The attributes joined by commas, such as ``race,gender``.
    groups : tuple of GroupComparisons
        Every group, sorted by its labels; a group without trials is there too.
    cross : tuple of CrossCell
        The matrix of probe group by reference group, row by row, complete.
    matched_fmr : Estimate
        Over the impostor pairs whose two people are of one group.
    matched_share : float
        How much of all labelled impostor pairs that is, 0 … 1; NaN if there are none.
    unlabelled : Unlabelled or None
        None: withheld from a report that is passed on.
    disparity : Disparity
    shrunk_fmr, shrunk_fnmr : tuple of ShrunkEstimate
        Group by group.
    tests : tuple of GroupTest
        For each rate, every group against the others.
    folded : tuple of CrossCell
        The cells of different groups once for each pair of groups, whichever side they are on, in alphabetical order.
    set_aside : tuple of SetAside
        The rates of groups that are too small to be compared: they are in no index and in no test.
    """

    cross: tuple[CrossCell, ...]
    matched_fmr: Estimate
    matched_share: float
    unlabelled: Unlabelled | None
    disparity: Disparity
    shrunk_fmr: tuple[ShrunkEstimate, ...]
    shrunk_fnmr: tuple[ShrunkEstimate, ...]
    tests: tuple[GroupTest, ...]
    folded: tuple[CrossCell, ...] = ()
    set_aside: tuple[SetAside, ...] = ()

    def entries(self) -> Iterator[Entry]:
        """FMR, FNMR and comparisons without a score of every group."""
        for group in self.groups:
            for rate in ("fmr", "fnmr", "without_score"):
                yield Entry(self.by, group.group, rate, getattr(group, rate))


@dataclass(frozen=True, repr=False)
class VerificationAudit(GroupedAudit[GroupingAudit]):
    """The error rates of a matcher, over all and by group, at one threshold.

    Attributes
    ----------
    threshold : Threshold
    subjects : int or None
        Different people in the table; None where it does not say who is in a pair.
    pairs_independent : bool
        True where the table does not say who is in a pair: every pair then counts as independent of all others, and
        the intervals are too narrow if it is not.
    fmr, fnmr, without_score : Estimate
        Over all comparisons, labelled or not.
    fmr_correlation, fnmr_correlation : float
        How alike the errors of two pairs are that share a person, 0 … 1, over all pairs; what
        ``audits.verification.power`` plans with. 0 where it cannot be seen.
    groupings : tuple of GroupingAudit
        One for each entry of ``by``, in that order.
    confidence : float
        Of every interval.
    bootstrap : Bootstrap
    notes : tuple of str
        What a reader must know besides: duplicate pairs, independent pairs, a target that could not be reached.
    matcher : Matcher or None
        Of which the table says in its stamp that it made the scores; None for any vendor's.
    fnmr_at_target : Estimate or None
        As of a group, over all comparisons.
    fnmr_by_person : PersonMean or None
        As in `GroupComparisons`, of everybody.
    acquisition : Acquisition or None
        As in `GroupComparisons`, of everybody.
    least : Least
        How much there has to be of a group for it to be compared with others.
    """

    threshold: Threshold
    subjects: int | None
    pairs_independent: bool
    fmr: Estimate
    fnmr: Estimate
    without_score: Estimate
    fmr_correlation: float
    fnmr_correlation: float
    confidence: float
    bootstrap: Bootstrap
    notes: tuple[str, ...]
    matcher: Matcher | None = None
    fnmr_at_target: Estimate | None = None
    fnmr_by_person: PersonMean | None = None
    acquisition: Acquisition | None = None
    least: Least = LEAST

    def entries(self) -> Iterator[Entry]:
        """FMR, FNMR and comparisons without a score of everybody and of every group."""
        yield from (Entry("", "", rate, getattr(self, rate)) for rate in ("fmr", "fnmr", "without_score"))
        for grouping in self.groupings:
            yield from grouping.entries()
