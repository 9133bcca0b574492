"""The values that the audit of drift hands over: rates and indices before and after, and how sure the change is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from audits.statistics.bootstrap import Bootstrap
from audits.statistics.estimates import Estimate, rate_words
from audits.statistics.families import LEAST, Least, SetAside, whole_groups
from audits.statistics.index_changes import IndexChange
from audits.statistics.paired import PairedChange, Verdict
from audits.tables.frames import Entry, Framed
from audits.verification.results import Unlabelled
from audits.verification.thresholds import Threshold
from facerec.errors import ArgumentError
from facerec.types import Interval

RateName: TypeAlias = Literal["fmr", "fnmr", "without_score"]


@dataclass(frozen=True)
class RateChange:
    """One error rate of one group, before and after.

    Attributes
    ----------
    by, group : str
        The grouping and the group; both empty for all comparisons, labelled or not.
    rate : {"fmr", "fnmr", "without_score"}
        Of impostor pairs, of genuine pairs, and of all pairs with both sides in the group.
    before, after : Estimate
        The rates themselves. Their intervals say nothing about the change.
    change : PairedChange
        Afterwards minus before. Its interval carries how uncertain thresholds are that were chosen, and decides.
    held : Interval
        Of the same change at these very two thresholds; other people may have another FMR at each of them.
    thresholds : str
        Whether they are held fixed or where they were chosen, such as ``thresholds held fixed``; empty for comparisons
        without a score, which need none.
    """

    by: str
    group: str
    rate: RateName
    before: Estimate
    after: Estimate
    change: PairedChange
    held: Interval
    thresholds: str

    def __str__(self) -> str:
        whom = f"{self.by} {self.group}" if self.by else "everybody"
        if not self.change.trials:
            return f"{rate_words(self.rate)} of {whom}: not measured, there is no such comparison"
        word = "WORSE" if self.change.regression else "BETTER" if self.change.gain else "no change shown"
        return (
            f"{rate_words(self.rate)} of {whom}: {word}, {self.before.value:.4g} -> {self.after.value:.4g}, "
            f"change {self.change.value:+.4g} {self.change.interval}{self.thresholds and ', '}{self.thresholds}"
        )


def told_together(before: Threshold, after: Threshold) -> str:
    """Whether two thresholds are held fixed or where they were chosen.

    >>> from facerec.types import Rate
    >>> given = Threshold(0.5, "given", None, Rate(0, 0))
    >>> told_together(given, given)
    'thresholds held fixed'
    """
    if before.choice != after.choice:
        return f"threshold before {before.choice}, after {after.choice}"
    where = {
        "chosen on this table": "chosen on these tables",
        "chosen on a calibration table": "chosen on other people",
    }
    target = "" if before.target_fmr is None else f" for FMR {before.target_fmr:g}"
    return f"thresholds {where.get(before.choice, before.choice)}{target}"


@dataclass(frozen=True, repr=False)
class DriftAudit(Framed):
    """What changed between two tables of the same pairs.

    Attributes
    ----------
    before, after : Threshold
        The threshold of either table, on its own scale.
    pairs_independent : bool
        True where the tables do not say who is in a pair: every pair then counts as independent of all others.
    changes : tuple of RateChange
        FMR, FNMR and comparisons without a score of everybody, then of every group of every grouping; one that was not
        measured is there too.
    indices : tuple of IndexChange
        Whether groups became more or less unequal, for each grouping and either rate.
    unlabelled : tuple of (by, Unlabelled)
        For each grouping what no group holds.
    set_aside : tuple of (by, tuple of SetAside)
        For each grouping the rates of groups that are too small: they are measured, but no finding, verdict or index is
        made of them.
    least : Least
        How much there has to be of a group.
    confidence : float
        Of every interval, one by one.
    bootstrap : Bootstrap
        How the draws were made that the indices' intervals rest on.
    notes : tuple of str
        What a reader must know besides: independent pairs, a threshold that the scores hardly support.
    """

    before: Threshold
    after: Threshold
    pairs_independent: bool
    changes: tuple[RateChange, ...]
    indices: tuple[IndexChange, ...]
    unlabelled: tuple[tuple[str, Unlabelled], ...]
    confidence: float
    bootstrap: Bootstrap
    notes: tuple[str, ...]
    set_aside: tuple[tuple[str, tuple[SetAside, ...]], ...] = ()
    least: Least = LEAST

    def set_aside_by(self, by: str) -> tuple[SetAside, ...]:
        """The rates of groups of one grouping that are too small."""
        return next((aside for name, aside in self.set_aside if name == by), ())

    @property
    def judged(self) -> tuple[RateChange, ...]:
        """The changes of everybody and of every group that is large enough."""
        away = {(by, group) for by, aside in self.set_aside for group in whole_groups(aside)}
        return tuple(change for change in self.changes if (change.by, change.group) not in away)

    @property
    def thresholds(self) -> str:
        """Whether the two thresholds are held fixed or where they were chosen, as a report says beside a verdict."""
        return told_together(self.before, self.after)

    def entries(self) -> Iterator[Entry]:
        """Every rate before and after, as ``fmr before`` and ``fmr after``."""
        for each in self.changes:
            yield Entry(each.by, each.group, f"{each.rate} before", each.before)
            yield Entry(each.by, each.group, f"{each.rate} after", each.after)

    @property
    def regressions(self) -> tuple[RateChange, ...]:
        """The rates that rose for sure, the largest rise first."""
        worse = (change for change in self.judged if change.change.regression)
        return tuple(sorted(worse, key=lambda change: -change.change.value))

    @property
    def gains(self) -> tuple[RateChange, ...]:
        """The rates that fell for sure, the largest fall first."""
        better = (change for change in self.judged if change.change.gain)
        return tuple(sorted(better, key=lambda change: change.change.value))

    @property
    def unmeasured(self) -> tuple[RateChange, ...]:
        """The rates without a single comparison."""
        return tuple(change for change in self.changes if not change.change.trials)

    def change(self, rate: RateName, *, by: str = "", group: str = "") -> RateChange:
        """The change of one rate of one group; of everybody without a group.

        Raises
        ------
        ArgumentError
            If there is no such change.
        """
        for change in self.changes:
            if (change.rate, change.by, change.group) == (rate, by, group):
                return change
        message = f"there is no change of {rate} by {by!r} of {group!r}"
        raise ArgumentError(message)

    def verdict(self, *, max_rise: float, rates: Sequence[RateName] = ("fmr", "fnmr")) -> Verdict:
        """Whether no rate of everybody or of a group that is large enough rose by more than a limit.

        Parameters
        ----------
        max_rise : float
            The largest tolerable change of a rate, -1 … 1.
        rates : sequence of {"fmr", "fnmr", "without_score"}
            Which rates are held to it.

        Returns
        -------
        {"pass", "fail", "insufficient evidence"}
            ``fail`` if one change fails, else ``insufficient evidence`` if one lacks evidence, else ``pass``. So a pass
            needs every group, and needs no correction for their number.

        Raises
        ------
        ArgumentError
            If `max_rise` is not within -1 … 1.
            If `rates` names none of the three.
        """
        found = {change.change.verdict(max_rise) for change in self.judged if change.rate in rates}
        if not found:
            message = f"rates must name fmr, fnmr or without_score; got {list(rates)}"
            raise ArgumentError(message)
        order: tuple[Verdict, ...] = ("fail", "insufficient evidence", "pass")
        return next(verdict for verdict in order if verdict in found)
