"""Results as DataFrames, as users of fairlearn's ``MetricFrame`` expect them, and in a line where they are printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import pandas as pd

from audits.statistics.estimates import Estimate
from facerec.errors import ArgumentError
from facerec.meant import did_you_mean

_TOLD = 6


class Entry(NamedTuple):
    """A rate of a group; of everybody where `by` is empty."""

    by: str
    group: str
    rate: str
    estimate: Estimate


class Framed:
    """A result whose rates can be had as DataFrames."""

    def entries(self) -> Iterator[Entry]:
        """Every rate of everybody and of every group, in their order."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """One row per group and rate: by, group, rate, value, low, high, errors, trials and effective_trials.

        Rows of everybody have an empty by and group; what was not measured is NaN.
        """
        names = ("by", "group", "rate", "value", "low", "high", "errors", "trials", "effective_trials")
        rows = [
            (*key, e.value, e.interval.low, e.interval.high, e.errors, e.trials, e.effective_trials)
            for *key, e in self.entries()
        ]
        return pd.DataFrame(rows, columns=names)

    @property
    def by_group(self) -> pd.DataFrame:
        """The values of all rates, a column each: the rows are groups (of several groupings, by and group).

        Of a single grouping the index holds its attributes, as that of ``MetricFrame.by_group`` does.
        """
        entries = [entry for entry in self.entries() if entry.by]
        rates = list(dict.fromkeys(entry.rate for entry in entries))
        found: dict[tuple[str, str], dict[str, float]] = {}
        for by, group, rate, estimate in entries:
            found.setdefault((by, group), {})[rate] = estimate.value
        frame = pd.DataFrame([[row.get(rate) for rate in rates] for row in found.values()], columns=rates, dtype=float)
        groupings = list(dict.fromkeys(by for by, _ in found))
        if len(groupings) != 1:
            frame.index = pd.MultiIndex.from_tuples(list(found), names=("by", "group"))
            return frame
        attributes = groupings[0].split(",")
        parts = [group.split(",", len(attributes) - 1) for _, group in found]
        if len(attributes) == 1:
            frame.index = pd.Index([part[0] for part in parts], name=attributes[0])
        else:
            frame.index = pd.MultiIndex.from_tuples(list(map(tuple, parts)), names=attributes)
        return frame

    def __repr__(self) -> str:
        entries = list(self.entries())
        overall = [each for each in entries if not each.by][:_TOLD]
        told = [f"{each.rate} {each.estimate.value:.3g} of {each.estimate.trials:,}" for each in overall]
        groups: dict[str, dict[str, None]] = {}
        for each in entries:
            if each.by:
                groups.setdefault(each.by, {})[each.group] = None
        for by, names in groups.items():
            more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
            told.append(f"by {by}: {', '.join(list(names)[:_TOLD])}{more}")
        return f"<{type(self).__name__}: {'; '.join(told)}; see by_group and to_frame()>"


class _Group(Protocol):
    @property
    def group(self) -> str: ...


GroupT = TypeVar("GroupT", bound=_Group)


@dataclass(frozen=True, repr=False)
class Grouping(Framed, Generic[GroupT]):
    """What one way of grouping people shows: `by` are its attributes joined by commas, `groups` its groups."""

    by: str
    groups: tuple[GroupT, ...]

    def group(self, name: str) -> GroupT:
        """The group of that name; `ArgumentError` if there is none."""
        for group in self.groups:
            if group.group == name:
                return group
        names = [each.group for each in self.groups]
        message = f"there is no group {name!r} by {self.by}; there are {', '.join(names)}{did_you_mean(name, names)}"
        raise ArgumentError(message)


GroupingT = TypeVar("GroupingT", bound=Grouping[Any])


@dataclass(frozen=True, repr=False)
class GroupedAudit(Framed, Generic[GroupingT]):
    """What was found of everybody, and by each of the `groupings` that were asked for, in that order."""

    groupings: tuple[GroupingT, ...]

    def grouping(self, by: str) -> GroupingT:
        """What the grouping of that name shows; `ArgumentError` if the audit was not made by it."""
        for grouping in self.groupings:
            if grouping.by == by:
                return grouping
        names = [each.by for each in self.groupings]
        message = f"there is no grouping by {by!r}; there are {', '.join(names) or 'none'}{did_you_mean(by, names)}"
        raise ArgumentError(message)
