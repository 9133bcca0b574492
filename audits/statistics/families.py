"""Which groups are compared: those that are large enough, as it was fixed before anybody looked at errors.

Of a few pairs called "Other" nothing can be known, but among many groups the smallest holds the highest rate and the
lowest by chance alone, and whatever is compared with it drowns. So a group below the least number of trials and people
enters no comparison: no headline, no index, no contrast, no correction for being many. It is named, and everything
else is as it would be without its pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audits.statistics.estimates import Estimate, rate_words
from facerec.errors import ArgumentError
from facerec.types import Interval, Rate


@dataclass(frozen=True)
class Least:
    """How much there has to be of a group for it to be compared with others.

    Attributes
    ----------
    trials : int
        Of the rate in question; at least 1.
    people : int
        Behind those trials, at least 1; not asked for where the table does not say who takes part.

    Raises
    ------
    ArgumentError
        If a number is less than 1.

    Examples
    --------
    >>> str(Least())
    '30 trials of 5 people'
    """

    trials: int = 30
    people: int = 5

    def __post_init__(self) -> None:
        if min(self.trials, self.people) < 1:
            message = f"a comparison takes at least 1 trial of 1 person; got {self.trials} and {self.people}"
            raise ArgumentError(message)

    def __str__(self) -> str:
        return f"{self.trials:,} trials of {self.people:,} people"

    def has(self, found: Estimate) -> bool:
        """Whether a rate rests on enough, whatever the rate is."""
        return found.trials >= self.trials and (found.people is None or found.people >= self.people)


LEAST = Least()
"""Where nothing else is asked for: fewer trials than that hold any rate within thirty points at best."""


@dataclass(frozen=True)
class SetAside:
    """A rate of a group that is measured and shown, but not compared.

    Attributes
    ----------
    group, rate : str
    trials : int
    people : int or None
        Behind the trials; None where the table does not say.
    whole : bool
        Whether no rate of the group rests on enough. Then claims about every group are decided without it; otherwise
        it is a group of which one rate is not known, and a claim that all groups keep a limit on that cannot pass.
    """

    group: str
    rate: str
    trials: int
    people: int | None
    whole: bool

    def __str__(self) -> str:
        of = "" if self.people is None else f" of {self.people:,} people"
        return f"{rate_words(self.rate)} {self.trials:,} trials{of}"


def set_aside(
    names: Sequence[str],
    rates: Mapping[str, Sequence[Estimate]],
    least: Least,
    *,
    size: Sequence[Estimate] | None = None,
    rows: Sequence[int] | None = None,
) -> tuple[SetAside, ...]:
    """The rates of groups that are not compared, group by group.

    A rate without a single trial is among them only where the whole group is set aside; a group without any trial is
    not: what was not measured never passes. `rates` holds each rate of every group, `size` one whose trials are all
    there is of a group (without it a group is small where all its rates are), `rows` how many rows of the table hold
    each group, those in which it meets others included.
    """
    found = []
    for place, name in enumerate(names):
        mine = {rate: estimates[place] for rate, estimates in rates.items()}
        enough = any(map(least.has, mine.values())) if size is None else least.has(size[place])
        few = rows is not None and 0 < rows[place] < least.trials
        whole = not enough and (few or any(each.trials for each in mine.values()))
        found += [
            SetAside(name, rate, each.trials, each.people, whole)
            for rate, each in mine.items()
            if (each.trials or whole) and not least.has(each)
        ]
    return tuple(found)


def whole_groups(aside: Sequence[SetAside]) -> frozenset[str]:
    """The groups of which no rate rests on enough."""
    return frozenset(each.group for each in aside if each.whole)


def left_out(aside: Sequence[SetAside], rate: str) -> frozenset[str]:
    """The groups that are not compared by a rate."""
    return frozenset(each.group for each in aside if each.rate == rate)


def compared(
    names: Sequence[str], estimates: Sequence[Estimate], aside: Sequence[SetAside], rate: str
) -> tuple[Estimate, ...]:
    """The rate of every group that is compared; of the others, as if they had no trials."""
    gone = left_out(aside, rate)
    return tuple(
        Estimate(Rate(0, 0), Interval(math.nan, math.nan, found.interval.confidence), "unmeasured")
        if name in gone
        else found
        for name, found in zip(names, estimates, strict=True)
    )


def aside_sentence(by: str, aside: Sequence[SetAside], least: Least) -> str:
    """Who is not compared and why; empty if nobody.

    Examples
    --------
    >>> aside_sentence("sex", [SetAside("X", "fmr", 7, 9, True)], LEAST)
    'By sex, too few to be compared with anybody (30 trials of 5 people are the least): X (FMR 7 trials of 9 people).'
    """
    if not aside:
        return ""
    told = {each.group: ", ".join(str(one) for one in aside if one.group == each.group) for each in aside}
    listed = "; ".join(f"{group} ({sizes})" for group, sizes in told.items())
    return f"By {by}, too few to be compared with anybody ({least} are the least): {listed}."
