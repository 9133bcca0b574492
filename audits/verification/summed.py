"""The audit of one-to-one comparison from sums of comparisons, however many there were and wherever counted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, product
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.bootstrap import Bootstrap, draw_rates
from audits.statistics.choice import carry_choice
from audits.statistics.disparity import compare
from audits.statistics.estimates import Estimate
from audits.statistics.families import LEAST, Least, SetAside, compared, left_out, set_aside
from audits.statistics.intervals import CONFIDENCE
from audits.statistics.multiplicity import each_against_others
from audits.statistics.people import PersonMean
from audits.statistics.shrinkage import shrink
from audits.statistics.trials import grouped_order
from audits.tables.groups import RowGroups, all_grouped, group_rows, name_notes, split_attributes
from audits.verification.rates import CellRates, Cells
from audits.verification.results import (
    Acquisition,
    CrossCell,
    GroupComparisons,
    GroupingAudit,
    Unlabelled,
    VerificationAudit,
)
from audits.verification.thresholds import Threshold, reach_notes
from facerec.measure.sums.value import CellSums, ComparisonSums
from facerec.types import Matcher

CompletedRates: TypeAlias = Sequence[tuple[Estimate, Estimate]]
"""FMR and FNMR over the comparisons of each group that have a score."""

Acquired: TypeAlias = Callable[[int | None, CompletedRates], Sequence[Acquisition]]
"""What was acquired of each group, given the number of the grouping, None for everybody, and its `CompletedRates`."""


def completed_only(_: int | None, rates: CompletedRates) -> list[Acquisition]:
    """What sums know of acquisition: they name no photos."""
    return [Acquisition(None, None, None, *each) for each in rates]


def audit_sums(
    sums: ComparisonSums,
    threshold: Threshold,
    *,
    confidence: float = CONFIDENCE,
    bootstrap: Bootstrap = Bootstrap(1000, 0),  # noqa: B008 - frozen
    least: Least = LEAST,
    notes: Sequence[str] = (),
    tied: Sequence[str] = (),
    acquired: Acquired = completed_only,
) -> VerificationAudit:
    """Audit comparisons that were summed up at the threshold; arguments as of ``audit_verification``.

    `notes` are what a reader must know of the tables, `tied` of an operating point or a calibration table.

    Raises
    ------
    ScoreTableError
        If the sides cannot be grouped (``audits.tables.groups.group_rows``).
    ArgumentError
        If the threshold is off the scale of the scores.
    """
    rates = [CellRates.of(sums, place, confidence) for place in range(len(sums.groupings))]
    every = rates[0]
    named = [(place, each) for place, each in enumerate(sums.groupings) if each.by]
    by_name = {each.by: each for _, each in named}
    groups = all_grouped(list(by_name), lambda by: grouped_sides(by_name[by]))
    fmr, fnmr = every.estimate(every.impostors), every.estimate(every.genuines)
    correlations = every.correlation(every.impostors), every.correlation(every.genuines)
    everything = np.concatenate([every.impostors, every.genuines])

    def acquired_of(place: int, cells: Sequence[tuple[Cells, Cells]], who: int | None) -> Sequence[Acquisition | None]:
        if not every.counted(everything, "failed")[1]:
            return [None] * len(cells)
        mine = rates[place]
        alike = [mine.correlation(kind, "completed") for kind in (mine.impostors, mine.genuines)]
        found = [
            tuple(mine.estimate(each, "completed", correlation=rho) for each, rho in zip(kinds, alike, strict=True))
            for kinds in cells
        ]
        return acquired(who, [(of_impostors, of_genuines) for of_impostors, of_genuines in found])

    def audited(place: int, mine: RowGroups) -> GroupingAudit:
        cells = GroupCells.of(rates[place], mine)
        found = _audit_grouping(cells, rates[place], bootstrap, least)
        photos = acquired_of(place, list(zip(cells.impostor, cells.genuine, strict=True)), place)
        finished = (
            replace(group, fnmr_at_target=_at_target(group.fnmr, threshold, rates[place], inside), acquisition=each)
            for group, inside, each in zip(found.groups, cells.genuine, photos, strict=True)
        )
        return replace(found, groups=tuple(finished))

    return VerificationAudit(
        threshold=threshold,
        subjects=len(sums.people) if sums.made.people else None,
        pairs_independent=not sums.made.people,
        fmr=fmr,
        fnmr=fnmr,
        without_score=every.estimate(everything, "failed"),
        fmr_correlation=correlations[0],
        fnmr_correlation=correlations[1],
        groupings=tuple(audited(place, mine) for (place, _), mine in zip(named, groups, strict=True)),
        confidence=confidence,
        bootstrap=bootstrap,
        notes=(
            *notes,
            *(note for mine in groups for note in name_notes(mine.by, mine.names)),
            *tied,
            *reach_notes(threshold, _ends(sums)),
        ),
        matcher=Matcher.parse(sums.made.matcher) if sums.made.matcher else None,
        fnmr_at_target=_at_target(fnmr, threshold, every, every.genuines),
        acquisition=acquired_of(0, [(every.impostors, every.genuines)], None)[0],
        fnmr_by_person=every.person_mean(every.genuines, correlation=correlations[1]),
        least=least,
    )


def grouped_sides(sums: CellSums) -> RowGroups:
    """The group of each side that comparisons have; `ScoreTableError` as of ``audits.tables.groups.group_rows``."""
    sides = pd.DataFrame(list(sums.sides), columns=list(split_attributes(sums.by)), dtype="str")
    return group_rows(sides, sums.by)


def _ends(sums: ComparisonSums) -> NDArray[np.float64]:
    """The lowest and the highest score; nothing where there is none."""
    return np.array([sums.lowest, sums.highest]) if sums.lowest <= sums.highest else np.empty(0)


def _at_target(fnmr: Estimate, threshold: Threshold, rates: CellRates, cells: Cells) -> Estimate | None:
    """FNMR at the target FMR, from that at the threshold and the genuine scores; None where no target chose it."""
    if threshold.target_fmr is None:
        return None
    if not fnmr.measured:
        return fnmr
    reach = threshold.reach_of(lambda end: rates.accepted(cells, end), genuine=True)
    return Estimate(fnmr.rate, carry_choice(fnmr.value, fnmr.interval, reach), "mover")


@dataclass(frozen=True, eq=False)
class GroupCells:
    """Which cells the comparisons of groups are in.

    `groups` are those of the sides; `impostor` and `genuine` hold the cells of each group with itself, `matrix` the
    cells of impostor pairs of each group (of the probe) with each (of the reference), row by row.
    """

    groups: RowGroups
    impostor: tuple[Cells, ...]
    genuine: tuple[Cells, ...]
    matrix: tuple[Cells, ...]

    @classmethod
    def of(cls, rates: CellRates, groups: RowGroups) -> GroupCells:
        """Of the groups of the sides."""
        size = len(groups)
        probe, reference = np.meshgrid(groups.codes, groups.codes, indexing="ij")
        codes = np.where((probe >= 0) & (reference >= 0), probe * size + reference, -1).ravel()
        order, starts = grouped_order(codes, size * size, len(codes))
        cells = np.split(order, starts[1:-1])
        genuine = [each + len(rates.impostors) for each in cells[:: size + 1]]
        return cls(groups, tuple(cells[:: size + 1]), tuple(genuine), tuple(cells))

    def touching(self, names: Collection[str]) -> NDArray[np.bool_]:
        """The cells of one kind in which one of these groups has a side, shape (S²,)."""
        there = np.isin(self.groups.codes, [place for place, name in enumerate(self.groups.names) if name in names])
        return (there[:, None] | there).ravel()


def _audit_grouping(cells: GroupCells, rates: CellRates, bootstrap: Bootstrap, least: Least) -> GroupingAudit:
    groups, names, confidence = cells.groups, cells.groups.names, rates.confidence
    found = _measure(cells, rates)
    aside = set_aside(
        names, {"fmr": found.fmr, "fnmr": found.fnmr}, least, rows=_rows(rates.sums, groups.codes, len(groups))
    )
    family = rates
    if aside:
        gone = [cells.touching(left_out(aside, rate)) for rate in ("fmr", "fnmr")]
        family = rates.kept(np.flatnonzero(~np.concatenate(gone)))
        found = found.of_family(_measure(cells, family), names, aside)
    fmr, fnmr = (compared(names, each, aside, rate) for rate, each in (("fmr", found.fmr), ("fnmr", found.fnmr)))
    draws = None
    if bootstrap.replicates and len(family.sums.cells):
        kinds = family.grouped(cells.impostor, fmr), family.grouped(cells.genuine, fnmr)
        drawn = draw_rates(kinds, replicates=bootstrap.replicates, seed=bootstrap.seed)
        draws = drawn[0], drawn[1]
    disparity = compare(names, fmr, fnmr, draws=draws, confidence=confidence)
    labelled = np.concatenate(cells.matrix) if cells.matrix else np.empty(0, np.int64)
    pairs, matched = rates.counted(labelled)[0], np.concatenate(cells.impostor)
    of_matched = rates.estimate(matched, correlation=rates.correlation(rates.impostors))
    mated = rates.counted(labelled + len(rates.impostors))[0]
    return GroupingAudit(
        by=groups.by,
        groups=tuple(
            GroupComparisons(name, labels, people, of_impostors, of_genuines, failed, fnmr_by_person=mean)
            for name, labels, people, mean, of_impostors, of_genuines, failed in zip(
                names,
                groups.labels,
                rates.members(groups.codes, len(groups)),
                found.fnmr_by_person,
                found.fmr,
                found.fnmr,
                found.without_score,
                strict=True,
            )
        ),
        cross=_cross(product(names, names), found.matrix, pairs),
        matched_fmr=of_matched,
        matched_share=of_matched.trials / pairs if pairs else float("nan"),
        unlabelled=Unlabelled(
            genuine=rates.counted(rates.genuines)[0] - mated,
            impostor=rates.counted(rates.impostors)[0] - pairs,
            genuine_across=mated - rates.counted(np.concatenate(cells.genuine))[0],
        ),
        disparity=replace(
            disparity,
            unmeasured=tuple(
                (name, what)
                for what, measured in (("FMR", found.fmr), ("FNMR", found.fnmr))
                for name, rate in zip(names, measured, strict=True)
                if not rate.measured
            ),
        ),
        shrunk_fmr=shrink(names, found.fmr, confidence=confidence),
        shrunk_fnmr=shrink(names, found.fnmr, confidence=confidence),
        tests=each_against_others(names, fmr, "fmr") + each_against_others(names, fnmr, "fnmr"),
        folded=_cross(combinations_with_replacement(names, 2), found.folded, pairs),
        set_aside=aside,
    )


def _rows(sums: CellSums, codes: NDArray[np.integer], groups: int) -> list[int]:
    """How many comparisons each group has a side in."""
    found, met = np.zeros(groups, np.int64), sums.table[0].sum(axis=0)
    for place, code in enumerate(codes.tolist()):
        if code >= 0:
            found[code] += int(met[place].sum()) + int(met[codes != code, place].sum())
    return list(found.tolist())


@dataclass(frozen=True)
class _Measured:
    """The rates of every group, the matrix of groups, and its upper triangle with the lower one folded in."""

    matrix: tuple[Estimate, ...]
    folded: tuple[Estimate, ...]
    fmr: tuple[Estimate, ...]
    fnmr: tuple[Estimate, ...]
    without_score: tuple[Estimate, ...]
    fnmr_by_person: tuple[PersonMean | None, ...]

    def of_family(self, family: _Measured, names: Sequence[str], aside: Sequence[SetAside]) -> _Measured:
        """What was measured without the pairs of groups that are set aside, and for those what was measured here."""

        def merged(here: Sequence[Any], there: Sequence[Any], gone: Iterable[bool]) -> tuple[Any, ...]:
            return tuple(mine if out else its for mine, its, out in zip(here, there, gone, strict=True))

        fmr, fnmr = ([name in left_out(aside, rate) for name in names] for rate in ("fmr", "fnmr"))
        either = [one or other for one, other in zip(fmr, fnmr, strict=True)]
        return _Measured(
            merged(self.matrix, family.matrix, map(any, product(fmr, fmr))),
            merged(self.folded, family.folded, map(any, combinations_with_replacement(fmr, 2))),
            merged(self.fmr, family.fmr, fmr),
            merged(self.fnmr, family.fnmr, fnmr),
            merged(self.without_score, family.without_score, either),
            merged(self.fnmr_by_person, family.fnmr_by_person, fnmr),
        )


def _measure(cells: GroupCells, rates: CellRates) -> _Measured:
    size, everything = len(cells.groups), np.concatenate([rates.impostors, rates.genuines])
    of_impostors, of_genuines = rates.correlation(rates.impostors), rates.correlation(rates.genuines)
    of_failures = rates.correlation(everything, "failed")
    matrix = tuple(rates.estimate(each, correlation=of_impostors) for each in cells.matrix)
    upper = [row * size + column for row in range(size) for column in range(row, size)]
    mirrored = [place % size * size + place // size for place in upper]
    both = any(
        one != other and matrix[one].measured and matrix[other].measured
        for one, other in zip(upper, mirrored, strict=True)
    )
    folded = [
        rates.estimate(np.sort(np.concatenate([cells.matrix[one], cells.matrix[other]])), correlation=of_impostors)
        if both and one != other
        else matrix[one if matrix[one].measured else other]
        for one, other in zip(upper, mirrored, strict=True)
    ]
    within = [np.concatenate(kinds) for kinds in zip(cells.impostor, cells.genuine, strict=True)]
    return _Measured(
        matrix,
        tuple(folded),
        matrix[:: size + 1],
        tuple(rates.estimate(each, correlation=of_genuines) for each in cells.genuine),
        tuple(rates.estimate(each, "failed", correlation=of_failures) for each in within),
        tuple(rates.person_mean(each, correlation=of_genuines) for each in cells.genuine),
    )


def _cross(cells: Iterable[tuple[str, str]], found: Sequence[Estimate], pairs: int) -> tuple[CrossCell, ...]:
    return tuple(
        CrossCell(probe, reference, rate, rate.trials / pairs if pairs else float("nan"))
        for (probe, reference), rate in zip(cells, found, strict=True)
    )
