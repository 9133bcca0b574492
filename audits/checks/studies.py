"""What is simulated: each study draws tables of known truth and has the product's own functions judge them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from audits.checks.coverage import Seen
from audits.checks.designs import Design, dense, hub, mated, sparse, unequal_photos
from audits.drift.audit import audit_drift
from audits.gate.claims import Claim, Limit, Policy
from audits.gate.verdict import judge
from audits.statistics import indices
from audits.statistics.contrasts import contrast
from audits.statistics.index_kinds import COMBINED, INDICES
from audits.statistics.intervals import estimate
from audits.statistics.paired import paired_change
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.types import Interval, Rate

Simulate: TypeAlias = Callable[[int, np.random.Generator], Iterator[Seen]]
"""From a number of tables and a generator to what each of them said."""

DRAWS = 200
"""Draws of people for the intervals of indices in each simulated audit."""


@dataclass(frozen=True, eq=False)
class Study:
    """One design, and what is judged of its tables.

    Attributes
    ----------
    name, design : str
    simulate : callable
    cost : int
        For how many asked tables one is simulated: 1, or more where a whole audit is made of each.
    """

    name: str
    design: str
    simulate: Simulate
    cost: int = 1

    def __str__(self) -> str:
        return f"{self.name}: {self.design}"


def rates(design: Design, true: Sequence[float], *, study: str = "rate", judged: int | None = None) -> Study:
    """Intervals of an error rate: of all comparisons, or of one group to which all lend their correlation."""
    whole = PairsOfPeople.of(design.first, design.second)
    rows = slice(None) if judged is None else np.flatnonzero(design.groups == judged)
    part = whole if judged is None else PairsOfPeople.of(design.first[rows], design.second[rows])
    what = "FNMR" if design.mated else "FMR"

    def simulate(tables: int, rng: np.random.Generator) -> Iterator[Seen]:
        for table in design.errors(np.array(true)[:, None], tables, rng):
            for rate, wrong in zip(true, table, strict=True):
                correlation = None if judged is None else whole.correlation(wrong)
                found = part.rate(wrong[rows], correlation=correlation)
                plain = estimate(Rate(found.errors, found.trials)).interval
                yield Seen(f"{what} {rate:g}", rate, estimate(found).interval, plain)

    return Study(study, design.name, simulate)


def contrasts(design: Design, true: Sequence[tuple[float, float]]) -> Study:
    """Difference and ratio of the rates of groups 1 and 0."""
    whole = PairsOfPeople.of(design.first, design.second)
    rows = [np.flatnonzero(design.groups == group) for group in (0, 1)]
    parts = [PairsOfPeople.of(design.first[some], design.second[some]) for some in rows]
    what = "FNMR" if design.mated else "FMR"

    def simulate(tables: int, rng: np.random.Generator) -> Iterator[Seen]:
        each = [
            np.where(design.groups == 1, high, np.where(design.groups == 0, low, math.sqrt(low * high)))
            for low, high in true
        ]
        for table in design.errors(each, tables, rng):
            for (low, high), wrong in zip(true, table, strict=True):
                lent = whole.correlation(wrong)
                found = [
                    estimate(part.rate(wrong[some], correlation=lent)) for part, some in zip(parts, rows, strict=True)
                ]
                between = contrast(found[1], found[0])
                yield Seen(f"{what} {high:g} - {low:g}", high - low, between.difference_interval)
                yield Seen(f"{what} {high:g} / {low:g}", high / low, between.ratio_interval)

    return Study("contrast", design.name, simulate)


def fixed_changes(design: Design, true: Sequence[tuple[float, float]]) -> Study:
    """The paired change of an error rate between two matchers whose thresholds are given."""
    what = "FNMR" if design.mated else "FMR"

    def simulate(tables: int, rng: np.random.Generator) -> Iterator[Seen]:
        for scores in design.scores(tables, rng, copies=2, own=0.3):
            for before, after in true:
                wrong = scores >= scipy.stats.norm.isf([[before], [after]]).astype(np.float32)
                change = paired_change(wrong[0], wrong[1], design.first, design.second)
                yield Seen(f"{what} {before:g} to {after:g}", after - before, change.interval)

    return Study("change, fixed thresholds", design.name, simulate)


@dataclass(frozen=True, eq=False)
class Population:
    """Impostor and mated pairs of the same people in groups, whose true rates at the score 0 are `fmr` and `fnmr`.

    Across groups FMR is that of the first one.
    """

    name: str
    impostors: Design
    mates: Design
    fmr: tuple[float, ...]
    fnmr: tuple[float, ...]

    def table(self) -> pd.DataFrame:
        """The pairs and their groups, still without scores."""
        first = np.concatenate([self.impostors.first, self.mates.first])
        second = np.concatenate([self.impostors.second, self.mates.second])
        of = dict(zip(self.mates.first.tolist(), self.mates.groups.tolist(), strict=True))
        table = pd.DataFrame({"genuine": np.arange(len(first)) >= len(self.impostors.first), "score": 0.0})
        for side, people in (("probe", first), ("reference", second)):
            table[f"{side}_subject"] = [f"p{person}" for person in people]
            table[f"{side}_group"] = [f"g{of[person]:02}" for person in people]
        return table

    def scores(
        self, tables: int, rng: np.random.Generator, *, copies: int = 1, own: float = 0.0
    ) -> Iterator[NDArray[np.float32]]:
        """Scores of one table after the other, (n,) or (copies, n); accept at 0 or above."""
        shifts = [
            scipy.stats.norm.isf(np.array(of)[np.maximum(side.groups, 0)]).astype(np.float32)
            for side, of in ((self.impostors, self.fmr), (self.mates, self.fnmr))
        ]
        drawn = (side.scores(tables, rng, copies=copies, own=own) for side in (self.impostors, self.mates))
        for false, true in zip(*drawn, strict=True):
            yield np.concatenate([false - shifts[0], shifts[1] - true], axis=-1)


def population(
    people: Sequence[int], fmr: Sequence[float], fnmr: Sequence[float], *, photos: int = 1, pairs: int = 5, name: str
) -> Population:
    """Groups of so many people each, with all impostor pairs and so many mated pairs of everybody."""
    of = np.repeat(np.arange(len(people)), people).tolist()
    return Population(name, dense([photos] * len(of), of), mated([pairs] * len(of), of), tuple(fmr), tuple(fnmr))


def audits(people: Population, *, cost: int = 8) -> Study:
    """Whole audits: every index, shrunk rates, tests of each group against the others."""
    rates_of: tuple[tuple[Literal["fmr", "fnmr"], tuple[float, ...]], ...]
    rates_of = ("fmr", people.fmr), ("fnmr", people.fnmr)

    def simulate(tables: int, rng: np.random.Generator) -> Iterator[Seen]:
        table = people.table()
        for number, scores in enumerate(people.scores(tables, rng)):
            audit = audit_verification(table.assign(score=scores), by=["group"], at=0.0, replicates=DRAWS, seed=number)
            found = audit.groupings[0]
            for rate, true in rates_of:
                trials = [getattr(group, rate).trials for group in found.groups]
                for name in INDICES:
                    index = found.disparity.index(rate, name)
                    yield Seen(f"{name} of {rate.upper()}", _index(name, true, trials), index.interval)
                one = number % len(true)
                yield Seen(
                    f"{rate.upper()} of a group", 0.0, _moved(getattr(found.groups[one], rate).interval, true[one])
                )
                shrunk = getattr(found, f"shrunk_{rate}")[one]
                yield Seen(f"shrunk {rate.upper()} of a group", 0.0, _moved(shrunk.interval, true[one]))
                if len(set(true)) == 1:
                    alarm = any(test.holm < 0.05 for test in found.tests if test.rate == rate)
                    yield Seen(f"equal groups told apart by {rate.upper()}", 0.0, _verdict(low=alarm))
            for name in COMBINED:
                true_value = round(float(getattr(indices, name)(people.fmr, people.fnmr)), 12)
                yield Seen(name, true_value, found.disparity.index("combined", name).interval)

    return Study("audit", people.name, simulate, cost)


def equal_matchers(people: Population, *, others: Population | None = None, cost: int = 8) -> Study:
    """Two equally good matchers at thresholds for the population's FMR, chosen on the table or on `others`."""
    target, fnmr = people.fmr[0], people.fnmr[0]

    def simulate(tables: int, rng: np.random.Generator) -> Iterator[Seen]:
        table = people.table()
        elsewhere = None if others is None else others.table()
        drawn = others.scores(tables, rng, copies=2, own=0.3) if others is not None else iter([])
        for scores in people.scores(tables, rng, copies=2, own=0.3):
            at = [AtFmr(target)] * 2
            if elsewhere is not None:
                at = [AtFmr(target, elsewhere.assign(score=side)) for side in next(drawn)]
            sides = [table.assign(score=side) for side in scores]
            found = audit_drift(*sides, at=at[0], after_at=at[1], replicates=0)
            yield Seen("change of FMR", 0.0, found.change("fmr").change.interval)
            yield Seen("change of FNMR", 0.0, found.change("fnmr").change.interval)
            alone = audit_verification(sides[0], by=[], at=at[0], replicates=0)
            if alone.fnmr_at_target is not None:
                yield Seen("FNMR at FMR = f", fnmr, alone.fnmr_at_target.interval)

    where = "on others" if others is not None else "on the table"
    return Study("equal matchers", f"{people.name}, FMR {target:g}, thresholds chosen {where}", simulate, cost)


def gates(people: Population, *, cost: int = 8) -> Study:
    """A policy whose limits are the true rates: how often it passes falsely, and fails falsely, by a hair's breadth."""
    policy = Policy(
        "at the limit",
        tuple(
            Claim(f"{rate} of every group", "rate", Limit("at_most", max(true)), rate=rate, by="group")
            for rate, true in (("fmr", people.fmr), ("fnmr", people.fnmr))
        ),
        holm=True,
    )

    def simulate(tables: int, rng: np.random.Generator) -> Iterator[Seen]:
        table = people.table()
        for scores in people.scores(tables, rng):
            audit = audit_verification(table.assign(score=scores), by=["group"], at=0.0, replicates=0)
            for claim in judge(policy, verification=audit).claims:
                word = claim.verdict
                yield Seen(claim.claim.name, 0.0, _verdict(high=word == "pass", low=word == "fail"))

    return Study("gate at the limit", people.name, simulate, cost)


def _index(name: str, true: Sequence[float], trials: Sequence[int]) -> float:
    """The index of true rates; of equal ones exactly the fair value."""
    more: dict[str, dict[str, Sequence[float]]]
    more = {"max_geomean": {"zero_bounds": [1.0] * len(true)}, "worst_to_overall": {"trials": trials}}
    return round(float(getattr(indices, name)(true, **more.get(name, {}))), 12)


def _moved(interval: Interval, truth: float) -> Interval:
    """An interval of what is left after the truth, so that numbers of different truths are counted together."""
    return Interval(interval.low - truth, interval.high - truth, interval.confidence)


def _verdict(*, high: bool = False, low: bool = False) -> Interval:
    """A decision as an interval about 0: below it, above it, or around it."""
    return Interval(1.0 if low else -math.inf, -1.0 if high else math.inf, 0.95)


def all_studies() -> tuple[Study, ...]:
    """Everything that ``facerec audit prove`` simulates; that of the review of these statistics, and more."""
    halves, pairs = [0] * 40 + [1] * 40, [count * (count - 1) // 2 for count in unequal_photos(300, 150)]
    two = [(0.1, 0.1), (0.01, 0.01), (0.02, 0.1), (0.01, 0.05)]
    lfw = mated(pairs, name="mated, 300 people, photos as in LFW")
    rare = (
        (sparse(8000, 3), (0.0, 0.3)),
        (dense([1] * 250), (0.0, 0.05, 0.3)),
        (dense([3] * 100), (0.3,)),
        (hub(10, 1000), (0.05, 0.3)),
    )
    often = (mated([5] * 2000), (0.0, 0.3)), (mated([10] * 100), (0.3,)), (lfw, (0.1, 0.3))
    small = [
        *(dense([5] * people).with_effect(effect) for people in (10, 20, 40) for effect in (0.0, 0.05, 0.3)),
        *(mated([10] * people).with_effect(0.3) for people in (8, 12, 20)),
        dense([2] * 50).with_effect(0.2, 0.2),
        dense(unequal_photos(60, 40), name="dense, 60 people, unequal photos").with_effect(0.3),
    ]
    inside = [
        dense([2] * 100 + [5] * size, [1] * 100 + [0] * size, name=f"{size} people beside 100, 5 photos")
        for size in (5, 8, 10, 12, 20, 100)
    ]
    mates = [
        mated([10] * (100 + size), [1] * 100 + [0] * size, name=f"mated, {size} people beside 100 x 10")
        for size in (5, 8, 12, 20)
    ]
    part = "rate of a group"
    return (
        *(rates(design.with_effect(one), (0.1, 0.01, 1e-3, 1e-4)) for design, effects in rare for one in effects),
        *(rates(design.with_effect(one), (0.2, 0.05, 0.01, 1e-3)) for design, effects in often for one in effects),
        *(rates(design, (0.1, 0.01)) for design in small),
        *(
            rates(each.with_effect(one), (0.1, 0.01, 2e-3), study=part, judged=0)
            for each in inside
            for one in (0.05, 0.3)
        ),
        *(rates(each, (0.2, 0.05, 0.01), study=part, judged=0) for each in mates),
        contrasts(dense([3] * 80, halves, name="dense, 2 x 40 people x 3 photos"), two),
        contrasts(dense([5] * 40, [0] * 30 + [1] * 10, name="dense, 30 and 10 people x 5 photos"), two),
        contrasts(mated([10] * 80, halves, name="mated, 2 x 40 people x 10"), two),
        *(fixed_changes(design, [(0.05, 0.05), (0.01, 0.02)]) for design in (dense([3] * 40), mated([10] * 100))),
        *_whole_audits(),
    )


def _whole_audits() -> Iterator[Study]:
    yield from map(
        audits,
        (
            population([30] * 4, [0.02] * 4, [0.05] * 4, name="4 x 30 people, equal"),
            population([30] * 4, [0.01, 0.015, 0.015, 0.03], [0.05, 0.075, 0.075, 0.15], name="4 x 30 people, unequal"),
            population(
                [30] * 4, [0.03] * 3 + [0.01], [0.1] * 3 + [0.03], name="4 x 30 people, three share the maximum"
            ),
            population([60, 30, 15, 10], [0.02] * 4, [0.05] * 4, name="60, 30, 15 and 10 people, equal"),
            population([10] * 16, [0.05] * 16, [0.1] * 16, name="16 x 10 people, equal"),
            population([40] * 2, [0.01, 0.05], [0.03, 0.15], name="2 x 40 people, five-fold"),
            population([30] * 4, [0.02] * 4, [0.1] * 4, pairs=1, name="4 x 30 people, one mated pair each"),
            population([20] * 8, [0.02] * 8, [0.05] * 8, pairs=3, name="8 x 20 people, three mated pairs each"),
        ),
    )
    yield from map(
        gates,
        (
            population([100], [0.01], [0.05], name="1 group of 100"),
            population([30] * 4, [0.01] * 4, [0.05] * 4, name="4 groups of 30"),
            population([12] * 8, [0.02] * 8, [0.1] * 8, name="8 groups of 12"),
        ),
    )
    people = population([150], [0.01], [0.05], name="all pairs of 150 people")
    yield equal_matchers(people)
    yield equal_matchers(people, others=population([100], [0.01], [0.05], name=""))
    for target in (0.01, 0.001):
        yield equal_matchers(
            Population("6,000 impostor and 6,000 mated pairs", sparse(3000, 4), mated([2] * 3000), (target,), (0.05,))
        )
