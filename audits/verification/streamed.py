"""Audits of tables of any size: in one pass, in several processes, or from parts that were summed up elsewhere.

What is found is what ``audit_verification`` finds in a table in memory, by the same lines of ``summed.py``. Only what
no sum can hold is left out, and told in the audit's notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.statistics.bootstrap import Bootstrap
from audits.statistics.families import LEAST, Least
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.tables.groups import checked_groupings, side_columns, split_attributes
from audits.verification.rates import CellRates
from audits.verification.results import VerificationAudit
from audits.verification.summed import audit_sums
from audits.verification.thresholds import At, AtFmr, Threshold, choose_threshold, point_notes, rule_words
from facerec.errors import ArgumentError, ScoreTableError
from facerec.files import is_folder, sha256_of
from facerec.measure.metrics.rates import threshold_at_counts
from facerec.measure.sums.counts import Counts
from facerec.measure.sums.files import content_digest
from facerec.measure.sums.scanning import Question, blocks_of, read_block, scan
from facerec.measure.sums.value import ComparisonSums, Limits, Made, Source, bin_floors, bins
from facerec.measure.tables.cells import trimmed
from facerec.measure.tables.completed import below_chance, complete, refuse_area, table_notes
from facerec.measure.tables.score_table import FAILURES, SUBJECTS
from facerec.measure.tables.stamp import COLUMN
from facerec.measure.tables.table_blocks import Share, block_columns, block_files, first_rows, row_count, shares
from facerec.measure.tables.table_files import Layout, read_raw, telling
from facerec.measure.tables.vendor import VendorColumns, labels_of_people, rename_columns
from facerec.types import Rate

MOST_ROWS = 5_000_000
"""Of Parquet that are read into memory where nothing else is asked for."""

MOST_BYTES = 1 << 30
"""Of text that are."""

_DRAWN = 100_000


def too_large(paths: Sequence[Path]) -> bool:
    """Whether a table is read in one pass where nothing else is asked for: a folder of parts, or many rows.

    A file that is not there, or of a kind that is not read in blocks, is none of that.
    """
    if any(map(is_folder, paths)):
        return True
    try:
        rows = [row_count(path) for path in block_files(paths)]
    except ScoreTableError:
        return False
    size = sum(path.stat().st_size for path, count in zip(paths, rows, strict=True) if count is None)
    return sum(count or 0 for count in rows) > MOST_ROWS or size > MOST_BYTES


def add_up(parts: Iterable[tuple[Path, ComparisonSums]]) -> ComparisonSums:
    """The sums of all parts, in whatever order they come.

    `ScoreTableError` if a part was made with something else than the first, is there twice, or holds rows that another
    part holds, too.
    """
    seen: dict[str, Path] = {}
    whole: ComparisonSums | None = None
    for path, sums in parts:
        digest = content_digest(sums)
        if digest in seen:
            message = f"{path} counts exactly what {seen[digest]} counts: one of them is there twice"
            raise ScoreTableError(message)
        seen[digest] = path
        if whole is None:
            whole = sums
            continue
        if differences := whole.differences(sums):
            message = f"{path} cannot be added to the parts before it: {'; '.join(differences)}"
            raise ScoreTableError(message)
        whole += sums
    if whole is None:
        message = "no part was named"
        raise ArgumentError(message)
    return whole


@dataclass(frozen=True)
class Tables:
    """A score table that is too large for memory, and how it is to be read.

    Attributes
    ----------
    paths : sequence of Path
        Files, or folders of them: ``.parquet``, ``.csv``, ``.tsv``, ``.txt``; one table together.
    columns, layout, people
        As for ``facerec.measure.tables.vendor.read_vendor``.
    distance, accept_reversed : bool
        As for ``audit_verification``.
    """

    paths: Sequence[Path]
    columns: VendorColumns = field(default_factory=VendorColumns)
    layout: Layout = field(default_factory=Layout)
    people: Path | None = None
    distance: bool = False
    accept_reversed: bool = False

    def files(self) -> list[Path]:
        """The files; `ScoreTableError` if one is missing, or cannot be read in blocks."""
        found = block_files(self.paths)
        names = set(block_columns(found[0], self.layout))
        for path in found[1:]:
            if odd := sorted(names ^ set(block_columns(path, self.layout))):
                message = (
                    f"{path} and {found[0]} differ in the columns {', '.join(odd)}; files of one table have the same"
                )
                raise ScoreTableError(message)
        return found

    def head(self) -> pd.DataFrame:
        """The first rows under our names, unchecked, with the labels of people."""
        file = next((path for path in self.files() if len(first_rows(path, self.layout, rows=1))), self.files()[0])
        with telling(file):
            table = rename_columns(trimmed(first_rows(file, self.layout)), self.columns)
        for name in self._labels():
            if name in table.columns:
                message = f"both the table and that of its people hold {name}; leave one out"
                raise ScoreTableError(message)
            table = table.assign(**{name: ""})
        return table

    def question(self, by: Sequence[str], made: Made, *, limits: Limits) -> Question:
        """What is to be summed up for these groupings; `ScoreTableError` if the table lacks a column."""
        head = self.head()
        completed = complete(head)
        groupings = tuple(
            (name, tuple(side_columns(head, attribute) for attribute in split_attributes(name))) for name in by
        )
        there = self._names()
        wanted = {"score", "genuine", COLUMN, *FAILURES, *(SUBJECTS if not completed.pairs_independent else ())}
        wanted |= {side for _, sides in groupings for both in sides for side in both}
        return Question(
            columns={ours: theirs for ours, theirs in there.items() if ours in wanted},
            groupings=groupings or (("", ()),),
            made=replace(
                made,
                columns=tuple(sorted(f"{ours}={theirs}" for ours, theirs in there.items() if ours in wanted)),
                distance=self.distance,
                accept_reversed=self.accept_reversed,
                people=not completed.pairs_independent,
                notes=tuple(table_notes(completed, distance=self.distance)),
            ),
            layout=self.layout,
            limits=limits,
            joined={name: found for name, found in self._labels().items() if name in wanted},
        )

    def _names(self) -> dict[str, str]:
        """What the files call each column, by our names."""
        names = block_columns(self.files()[0], self.layout)
        told = rename_columns(trimmed(pd.DataFrame([names], columns=names)), self.columns)
        return {str(ours): str(told[ours].iloc[0]) for ours in told.columns}

    def _labels(self) -> Mapping[str, tuple[str, Mapping[str, str]]]:
        if self.people is None:
            return {}
        labels = labels_of_people(read_raw(self.people, kind="a table of people", layout=self.layout))
        return {
            f"{side.removesuffix('subject')}{name}": (side, dict(zip(labels.index, labels[name], strict=True)))
            for side in SUBJECTS
            for name in labels.columns
        }


def sum_tables(
    tables: Tables,
    *,
    by: Sequence[str],
    at: At,
    origin: str = "",
    confidence: float = CONFIDENCE,
    processes: int = 1,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    sources: bool = False,
) -> ComparisonSums:
    """Sum up a table at a threshold; two passes more, over scores alone, where a target chooses it on the table itself.

    Arguments are those of ``audit_verification``; `origin` is the digest of the file of an operating point or a
    calibration table, and with `sources` the sums say which rows of which files they are of. Errors are those of
    ``audit_verification``, as far as one pass over blocks can see what it refuses.
    """
    checked_confidence(confidence)
    names = checked_groupings(by)
    head = tables.head()
    with telling(tables.files()[0]):
        tied = point_notes(at, complete(head).table, distance=tables.distance)
    work = shares(tables.files())
    if isinstance(at, AtFmr) and at.calibration is None:
        value = _chosen_here(tables, at, work, processes)
        chosen = Threshold(value, rule_words(at, distance=tables.distance), at.target_fmr, Rate(0, 0))
    else:
        chosen = choose_threshold(at, np.empty(0), distance=tables.distance, confidence=confidence)
    found = chosen.calibration_fmr
    made = Made(
        chosen.value,
        chosen.rule,
        chosen.target_fmr,
        None if found is None else (found.errors, found.trials, chosen.low, chosen.high),
        origin,
        tied=tuple(tied),
    )
    summed = scan(tables.question(names, made, limits=limits), work, processes=processes)
    return replace(summed, sources=_sources(work)) if sources else summed


def audit_summed(
    sums: ComparisonSums,
    *,
    confidence: float = CONFIDENCE,
    replicates: int = 1000,
    seed: int = 0,
    least: Least = LEAST,
) -> VerificationAudit:
    """The audit of comparisons that were summed up; arguments and errors as of ``audit_verification``."""
    checked_confidence(confidence)
    if replicates < 0 or replicates == 1:
        message = f"the intervals of indices need two draws or more, or 0 for none; got {replicates}"
        raise ArgumentError(message)
    if not sums.made.accept_reversed:
        refuse_area(_reversed(sums), distance=sums.made.distance)
    every = CellRates.of(sums, 0, confidence)
    false_matches, impostors = every.counted(every.impostors)[::-1]
    made = sums.made
    found = None if made.calibration is None else Rate(*made.calibration[:2])
    ends = (np.nan, np.nan) if made.calibration is None else made.calibration[2:]
    threshold = Threshold(
        made.threshold, made.rule, made.target_fmr, Rate(false_matches, impostors), found, made.distance, *ends
    )
    threshold = threshold.ranged_by(every.ranked(every.impostors), every.estimate(every.impostors))
    return audit_sums(
        sums,
        threshold,
        confidence=confidence,
        bootstrap=Bootstrap(replicates, seed),
        least=least,
        notes=(*made.notes, *_left_out(sums, threshold)),
        tied=made.tied,
    )


def _left_out(sums: ComparisonSums, threshold: Threshold) -> list[str]:
    """What a reader must know of what sums do not hold."""
    notes = ["the table was summed up in one pass, which looks for no pair that occurs again; each row was counted"]
    table = sums.groupings[0].table
    if table[2].any():
        notes.append("failures to acquire were not counted by photo, which takes the table in memory")
    couples = sums.groupings[0].couples
    if couples.level:
        notes.append(
            f"how often couples of people meet was counted of 1 in {1 << couples.level}, drawn by their names, "
            f"{len(couples.counts):,} couples in all"
        )
    level = max(each.scores.level for each in sums.groupings)
    if level:
        width = 2.0 ** (level - 52)
        told = f"scores that differ by less than {width:.1g} of their size share a bin"
        at = (
            "; the range of the threshold reaches to the end of one"
            if threshold.choice == "chosen on this table"
            else ""
        )
        notes.append(f"rates at other thresholds are read from bins of scores: {told}{at}")
    return notes


def _reversed(sums: ComparisonSums) -> float | None:
    """As ``facerec.measure.tables.completed.reversed_area``, from bins."""
    every = CellRates.of(sums, 0, CONFIDENCE)
    genuine, impostor = every.ranked(every.genuines), every.ranked(every.impostors)
    m, n = len(genuine), len(impostor)
    if not m or not n:
        return None
    below = np.concatenate([[0], np.cumsum(impostor.counts)])
    sides = [below[np.searchsorted(impostor.values, genuine.values, side)] for side in ("left", "right")]
    area = sum(int(count) * int(each) for count, each in zip(genuine.counts, sides[0] + sides[1], strict=True)) / (
        2 * m * n
    )
    share = min(1.0, _DRAWN / (m + n))
    return below_chance(area, max(1, round(m * share)), max(1, round(n * share)))


def _chosen_here(tables: Tables, at: AtFmr, work: Sequence[Share], processes: int) -> float:
    """The threshold that a target chooses on the table itself: a pass finds its bin, another looks into that."""
    question = tables.question((), Made(np.inf), limits=Limits())
    keep = {"score", "genuine"} if "genuine" in question.columns else {"score", *SUBJECTS}
    named = replace(question.made, people="genuine" not in question.columns)
    question = replace(question, columns={each: question.columns[each] for each in keep}, made=named)
    sums = scan(question, work, processes=processes)
    every = CellRates.of(sums, 0, CONFIDENCE)
    seen, level = every.ranked(every.impostors), sums.groupings[0].scores.level
    impostors = int(sums.groupings[0].table[0, 0].sum())

    def within(places: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        wanted = bins(seen.values[list(places)], level)
        return _scores_in(question, work, lambda scores: np.isin(bins(scores, level), wanted))

    return threshold_at_counts(
        seen.values, seen.counts, impostors, at.target_fmr, rule=at.rule, within=within if level else None
    )


def _scores_in(
    question: Question, work: Sequence[Share], wanted: Callable[[NDArray[np.float64]], NDArray[np.bool_]]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The scores of impostor pairs that are wanted, ascending, and how many have each."""
    found = Counts.none(1, 1)
    for share, row, block in blocks_of(question, work):
        genuine, scores = read_block(question, block, share, row)
        chosen = scores[~genuine & wanted(scores)]
        found += Counts.of([bins(chosen)])
    return bin_floors(found.keys[0], 0), found.counts[0]


def _sources(work: Sequence[Share]) -> tuple[Source, ...]:
    """Which rows of which files; those of text files are not counted: all of them."""
    paths = dict.fromkeys(share.path for share in work)
    digests = {path: sha256_of(path, error=ScoreTableError) for path in paths}
    return tuple(
        sorted(Source(digests[share.path], share.first, share.last if share.groups else 1 << 62) for share in work)
    )
