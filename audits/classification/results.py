"""The values that the audit of a classifier hands over; none holds a rate without its counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from audits.statistics.contrasts import Contrast
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside
from audits.tables.frames import Entry, GroupedAudit, Grouping
from facerec.errors import ArgumentError

ClassRateName: TypeAlias = Literal["accuracy", "error", "unanswered", "selection", "false_positive", "false_negative"]
"""The rates of a classifier; the last three are of one class against all others."""


@dataclass(frozen=True)
class ClassEstimate:
    """One rate of one group.

    Attributes
    ----------
    rate : {"accuracy", "error", "unanswered", "selection", "false_positive", "false_negative"}
        ``error`` and ``accuracy`` are of all predictions; no answer is an error, and is counted under ``unanswered``.
        ``selection``: predicted as the class, of all; ``false_positive``: predicted as the class, of those of another
        class; ``false_negative``: not predicted as the class, of those of the class.
    of : str
        The class that ``selection``, ``false_positive`` and ``false_negative`` are about; empty for the other rates.
    estimate : Estimate
    """

    rate: ClassRateName
    of: str
    estimate: Estimate

    @property
    def name(self) -> str:
        """The rate and its class, such as ``selection of cat``."""
        return f"{self.rate} of {self.of}" if self.of else self.rate


@dataclass(frozen=True)
class GroupPredictions:
    """What a classifier says of one group.

    Attributes
    ----------
    group : str
        The labels joined by commas; empty for everybody.
    predictions : int
        Rows of the group; 0 for an intersection in which nobody is.
    subjects : int or None
        Different people of the group; None where the table does not say who is on a photo.
    rates : tuple of ClassEstimate
        The same rates in the same order for every group; those without trials too.
    """

    group: str
    predictions: int
    subjects: int | None
    rates: tuple[ClassEstimate, ...]

    def entries(self, by: str) -> Iterator[Entry]:
        """Its rates, for a table of groups."""
        for each in self.rates:
            yield Entry(by, self.group, each.name, each.estimate)

    def rate(self, rate: ClassRateName, *, of: str = "") -> Estimate:
        """The estimate of that rate, for `selection` and the like of the class `of`.

        Raises
        ------
        ArgumentError
            If there is no such rate.
        """
        for entry in self.rates:
            if (entry.rate, entry.of) == (rate, of):
                return entry.estimate
        known = ", ".join(f"{entry.rate} of {entry.of!r}" if entry.of else entry.rate for entry in self.rates)
        message = f"there is no rate {rate!r} of {of!r}; there are {known}"
        raise ArgumentError(message)


@dataclass(frozen=True)
class GroupContrast:
    """One group against the group that fares best.

    Attributes
    ----------
    rate, of : str
        As in `ClassEstimate`.
    group, reference : str
        The reference has the highest accuracy or selection rate, or the lowest rate of any other kind; of equals the
        first.
    contrast : Contrast
        Difference and ratio. For ``selection`` the ratio is the impact ratio, at most 1.
    strict : Contrast
        The same with all pairs of groups allowed for, because the best group was found on the same rows: what decides
        whether the two differ.
    """

    rate: ClassRateName
    of: str
    group: str
    reference: str
    contrast: Contrast
    strict: Contrast


@dataclass(frozen=True, repr=False)
class ClassificationGrouping(Grouping[GroupPredictions]):
    """What one way of grouping people shows.

    Attributes
    ----------
    by : str
        The attributes joined by commas.
    labelled : GroupPredictions
        All rows that are in a group.
    groups : tuple of GroupPredictions
        Every combination of labels, sorted; those in which nobody is have no trials.
    contrasts : tuple of GroupContrast
        For every rate, each group that is compared against the best; the reference itself is left out.
    unmeasured : tuple of (group, rate name)
        The rates without trials; of a class as ``false_positive of cat``. They enter no contrast.
    unlabelled : int or None
        Rows without a label; they are in no group. None: withheld from a report that is passed on.
    shared_subjects : int
        People with rows in several groups. The intervals of contrasts take groups as different people.
    set_aside : tuple of SetAside
        The rates of groups that are too small to be compared, named as in `unmeasured`.
    """

    labelled: GroupPredictions
    contrasts: tuple[GroupContrast, ...]
    unmeasured: tuple[tuple[str, str], ...]
    unlabelled: int | None
    shared_subjects: int
    set_aside: tuple[SetAside, ...] = ()

    def entries(self) -> Iterator[Entry]:
        """Every rate of every group; of a class as ``selection of cat``."""
        for group in self.groups:
            yield from group.entries(self.by)

    def worst(self, rate: ClassRateName, *, of: str = "") -> GroupContrast:
        """The group that fares worst against the one that fares best: the largest difference and ratio.

        Raises
        ------
        ArgumentError
            If fewer than two groups have that rate.
        """
        found = [entry for entry in self.contrasts if (entry.rate, entry.of) == (rate, of)]
        if not found:
            message = f"fewer than two groups by {self.by} have a measured rate {rate!r} of {of!r}"
            raise ArgumentError(message)
        return max(found, key=lambda entry: abs(entry.contrast.difference))


@dataclass(frozen=True, repr=False)
class ClassificationAudit(GroupedAudit[ClassificationGrouping]):
    """How a classifier treats groups of people.

    Attributes
    ----------
    classes : tuple of str
        The classes that selection, false positive and false negative rates are reported for.
    overall : GroupPredictions
        All rows, labelled or not.
    groupings : tuple of ClassificationGrouping
        One for each entry of ``by``, in that order.
    rows_independent : bool
        True where the table does not say who is on a photo: rows then count as independent, and the intervals are too
        narrow if they are not.
    confidence : float
        Of every interval.
    notes : tuple of str
        What a reader must know besides, such as groups whose names differ in the case of letters only.
    least : Least
        How much there has to be of a group for it to be compared with others.
    """

    classes: tuple[str, ...]
    overall: GroupPredictions
    rows_independent: bool
    confidence: float
    notes: tuple[str, ...]
    least: Least = LEAST

    @property
    def headline(self) -> tuple[ClassRateName, str]:
        """The rate that sums the audit up, and its class: of errors or, where the truth is not known, of selection."""
        if any(entry.rate == "error" for entry in self.overall.rates):
            return "error", ""
        return "selection", self.classes[-1]

    def entries(self) -> Iterator[Entry]:
        """Every rate of everybody and of every group; of a class as ``selection of cat``."""
        yield from self.overall.entries("")
        for grouping in self.groupings:
            yield from grouping.entries()
