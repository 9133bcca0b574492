"""The values that an audit hands over; all frozen, none holds a rate without its counts.

They stand in a module of their own because everything meets in them: the audits make them, the policy judges them,
the report prints them, and none of those needs to know how the other works.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from facerec.errors import ArgumentError
from facerec.types import Interval, Rate

Method: TypeAlias = Literal["wilson", "clopper-pearson", "unmeasured", "withheld"]
"""How an interval of a rate was made; both bounds are NaN where it is ``unmeasured``, because there were no trials, or
``withheld`` from a report that is passed on."""

Evidence: TypeAlias = Literal["unmeasured", "withheld", "none", "indicative", "reportable"]
"""How much the errors that were seen can carry: fewer than 3, fewer than 30 (Doddington's rule of 30), or more."""


@dataclass(frozen=True)
class RateEstimate:
    """A rate, the interval that respects who is in its trials, and how much evidence there is.

    Attributes
    ----------
    rate : Rate
        With errors, trials and effective trials.
    interval : Interval
        The primary interval; NaN on both ends without trials.
    method : {"wilson", "clopper-pearson", "unmeasured", "withheld"}
        How the interval was made; Clopper and Pearson's where every trial or none was an error. Of a rate that is
        withheld the counts are gone too, and stand as 0.
    rule_of_three : float
        With no error in n effective trials the rate is below this with 95 % confidence, 1 − 0.05^(1/n) ≈ 3/n; NaN
        where errors were seen or nothing was measured.
    """

    rate: Rate
    interval: Interval
    method: Method
    rule_of_three: float = math.nan

    @property
    def value(self) -> float:
        """Errors over trials; NaN without trials, never 0."""
        return self.rate.value

    @property
    def errors(self) -> int:
        """How often the error was seen."""
        return self.rate.errors

    @property
    def trials(self) -> int:
        """Out of how many comparisons or predictions."""
        return self.rate.trials

    @property
    def effective_trials(self) -> float:
        """How many independent trials carry the same information, given how few people their variance rests on."""
        return float(self.rate.trials) if self.rate.effective_trials is None else self.rate.effective_trials

    @property
    def design_effect(self) -> float:
        """Trials over effective trials; NaN without trials."""
        return self.trials / self.effective_trials if self.trials else math.nan

    @property
    def measured(self) -> bool:
        """Whether there was a single trial."""
        return self.trials > 0

    @property
    def withheld(self) -> bool:
        """Whether it was measured, but is not told."""
        return self.method == "withheld"

    @property
    def evidence(self) -> Evidence:
        """What the number of errors can carry, by Doddington's rule of 30."""
        if self.withheld:
            return "withheld"
        if not self.measured:
            return "unmeasured"
        if self.errors < 3:
            return "none"
        return "indicative" if self.errors < 30 else "reportable"


@dataclass(frozen=True)
class Threshold:
    """The one threshold that decides for every group.

    Attributes
    ----------
    value : float
        Accept iff score ≥ value. Where the table holds distances, this is the negated distance; see `shown`.
    rule : str
        In words, how it was chosen.
    target_fmr : float or None
        The false match rate that was asked for; None for a given threshold.
    achieved_fmr : Rate
        What it reaches over all impostor pairs of the audited table.
    calibration_fmr : Rate or None
        What it reaches on the table that it was chosen on, where that is another table.
    distance : bool
        Whether the table holds distances, so that smaller is more alike.
    """

    value: float
    rule: str
    target_fmr: float | None
    achieved_fmr: Rate
    calibration_fmr: Rate | None = None
    distance: bool = False

    @property
    def shown(self) -> float:
        """The threshold on the table's own scale: a distance where the table holds distances."""
        return 0.0 - self.value if self.distance else self.value


@dataclass(frozen=True)
class GroupRates:
    """The error rates of one group of people.

    Attributes
    ----------
    group : str
        The labels joined by commas, such as ``Black,Female``.
    labels : tuple of str
        One label per attribute.
    subjects : int or None
        Different people of the group in the table; None where the table does not say who is in a pair.
    fmr : RateEstimate
        Over impostor pairs with both people in the group.
    fnmr : RateEstimate
        Over genuine pairs with both sides in the group.
    fta : RateEstimate
        Failures to acquire: comparisons without a score, over all comparisons with both sides in the group.
    """

    group: str
    labels: tuple[str, ...]
    subjects: int | None
    fmr: RateEstimate
    fnmr: RateEstimate
    fta: RateEstimate


@dataclass(frozen=True)
class CrossRate:
    """False matches between a probe of one group and a reference of another, or of the same.

    Attributes
    ----------
    probe_group, reference_group : str
    fmr : RateEstimate
    share : float
        How much of all impostor pairs with two labels are of this cell, 0 … 1; NaN if there are none.
    """

    probe_group: str
    reference_group: str
    fmr: RateEstimate
    share: float


@dataclass(frozen=True)
class Index:
    """A number that sums up how much rates differ between groups, with its interval.

    Attributes
    ----------
    name : str
        Such as ``max_min_ratio``; the names are those of ``audits.disparity``.
    value : float
        NaN where it is not defined, for a reason that `note` gives; inf where a ratio has a zero below.
    interval : Interval
        NaN on both ends where nothing can be said.
    fair : float
        The value where all groups are alike.
    note : str
        What a reader must know of this number, such as which group has no errors; empty if nothing.
    """

    name: str
    value: float
    interval: Interval
    fair: float
    note: str = ""


@dataclass(frozen=True)
class Disparity:
    """Every index of one grouping, side by side, because none of them alone is to be trusted.

    Attributes
    ----------
    fmr, fnmr : tuple of Index
        Of either rate alone.
    combined : tuple of Index
        Of both rates together: GARBE, FDR and the inequity rate.
    unmeasured : tuple of (group, rate name)
        The groups whose rate had no trials; they enter no index, and are listed here so that nobody forgets them.
    warnings : tuple of str
        Where indices disagree about which rate differs more, or rest on too few errors.
    """

    fmr: tuple[Index, ...]
    fnmr: tuple[Index, ...]
    combined: tuple[Index, ...]
    unmeasured: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    def index(self, rate: Literal["fmr", "fnmr", "combined"], name: str) -> Index:
        """The index of that name.

        Raises
        ------
        ArgumentError
            If there is no index of that name.
        """
        indices: dict[str, tuple[Index, ...]] = {"fmr": self.fmr, "fnmr": self.fnmr, "combined": self.combined}
        for index in indices[rate]:
            if index.name == name:
                return index
        message = f"there is no index {name!r} of {rate}; there are {', '.join(i.name for i in indices[rate])}"
        raise ArgumentError(message)


@dataclass(frozen=True)
class ShrunkRate:
    """A rate of a small group, drawn towards what the other groups suggest.

    Attributes
    ----------
    group : str
    raw : RateEstimate
        What was measured.
    value : float
        The posterior mean; for a group without trials the mean of the prior.
    interval : Interval
        Equal-tailed credible interval.
    weight : float
        How much of `value` is the group's own, 0 (nothing was measured) … 1.
    """

    group: str
    raw: RateEstimate
    value: float
    interval: Interval
    weight: float


@dataclass(frozen=True)
class GroupTest:
    """Whether one group's rate differs from that of all other groups together.

    Attributes
    ----------
    group : str
    rate : {"fmr", "fnmr"}
    difference : float
        The group's rate minus that of the others; NaN where either is not measured.
    p_value : float
        Two-sided; NaN where it cannot be computed.
    holm, benjamini_hochberg : float
        Adjusted for all tests of one rate of one grouping: Holm's for claims that were named beforehand, Benjamini
        and Hochberg's for exploring.
    """

    group: str
    rate: Literal["fmr", "fnmr"]
    difference: float
    p_value: float
    holm: float
    benjamini_hochberg: float


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


@dataclass(frozen=True)
class GroupingAudit:
    """What one way of grouping people shows.

    Attributes
    ----------
    by : str
        The attributes joined by commas, such as ``race,gender``.
    groups : tuple of GroupRates
        Every group, sorted by its labels; a group without trials is there too.
    cross : tuple of CrossRate
        The matrix of probe group by reference group, row by row, complete.
    matched_fmr : RateEstimate
        Over the impostor pairs whose two people are of one group.
    matched_share : float
        How much of all labelled impostor pairs that is, 0 … 1; NaN if there are none.
    unlabelled : Unlabelled or None
        None: withheld from a report that is passed on.
    disparity : Disparity
    shrunk_fmr, shrunk_fnmr : tuple of ShrunkRate
        Group by group.
    tests : tuple of GroupTest
        For each rate, every group against the others.
    """

    by: str
    groups: tuple[GroupRates, ...]
    cross: tuple[CrossRate, ...]
    matched_fmr: RateEstimate
    matched_share: float
    unlabelled: Unlabelled | None
    disparity: Disparity
    shrunk_fmr: tuple[ShrunkRate, ...]
    shrunk_fnmr: tuple[ShrunkRate, ...]
    tests: tuple[GroupTest, ...]

    def group(self, name: str) -> GroupRates:
        """The rates of the group of that name.

        Raises
        ------
        ArgumentError
            If there is no group of that name.
        """
        for group in self.groups:
            if group.group == name:
                return group
        message = f"there is no group {name!r} by {self.by}; there are {', '.join(g.group for g in self.groups)}"
        raise ArgumentError(message)


@dataclass(frozen=True)
class Bootstrap:
    """How the draws were made that the indices' intervals rest on.

    Attributes
    ----------
    replicates : int
        0: no draws, and no index has an interval.
    seed : int
    """

    replicates: int
    seed: int


@dataclass(frozen=True)
class VerificationAudit:
    """The error rates of a matcher, over all and by group, at one threshold.

    Attributes
    ----------
    threshold : Threshold
    subjects : int or None
        Different people in the table; None where it does not say who is in a pair.
    pairs_independent : bool
        True where the table does not say who is in a pair: every pair then counts as independent of all others, and
        the intervals are too narrow if it is not.
    fmr, fnmr, fta : RateEstimate
        Over all comparisons, labelled or not.
    fmr_correlation, fnmr_correlation : float
        How alike the errors of two pairs are that share a person, 0 … 1, over all pairs; what ``audits.power`` plans
        with. 0 where it cannot be seen.
    groupings : tuple of GroupingAudit
        One for each entry of ``by``, in that order.
    confidence : float
        Of every interval.
    bootstrap : Bootstrap
    notes : tuple of str
        What a reader must know besides: duplicate pairs, independent pairs, a target that could not be reached.
    """

    threshold: Threshold
    subjects: int | None
    pairs_independent: bool
    fmr: RateEstimate
    fnmr: RateEstimate
    fta: RateEstimate
    fmr_correlation: float
    fnmr_correlation: float
    groupings: tuple[GroupingAudit, ...]
    confidence: float
    bootstrap: Bootstrap
    notes: tuple[str, ...]

    def grouping(self, by: str) -> GroupingAudit:
        """What the grouping of that name shows.

        Raises
        ------
        ArgumentError
            If the audit was not made by that grouping.
        """
        for grouping in self.groupings:
            if grouping.by == by:
                return grouping
        message = f"there is no grouping by {by!r}; there are {', '.join(g.by for g in self.groupings) or 'none'}"
        raise ArgumentError(message)
