"""Sums of tables of any size, in one pass and in any number of processes: blocks in, the frozen value out.

What a table in memory is refused for is refused here in the same words, as far as a block tells: a block in which
anything is odd is handed to the reader of tables in memory. The numbers of people grow with people; nothing grows with
rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import pairwise
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import MixedStampsError, ScoreTableError
from facerec.measure.sums.running import RunningCells
from facerec.measure.sums.value import ComparisonSums, Limits, Made, Source, person_marks
from facerec.measure.tables.cells import coded, truth
from facerec.measure.tables.completed import complete
from facerec.measure.tables.score_table import FAILURES, SUBJECTS
from facerec.measure.tables.stamp import COLUMN, NO_FACE, REFUSED, SEVERAL_FACES, UNREADABLE, differing, stamp_of
from facerec.measure.tables.table_blocks import Share, blocks
from facerec.measure.tables.table_files import Layout
from facerec.types import Matcher

if TYPE_CHECKING:
    import pyarrow as pa

_ROW = re.compile(r"\brow (\d+)\b")
_FAILED = {NO_FACE, SEVERAL_FACES, REFUSED, UNREADABLE}

Coded: TypeAlias = tuple[NDArray[np.integer], list[str]]
"""Which of some words each row has, -1 for none."""


@dataclass(frozen=True)
class Question:
    """What is to be summed up.

    Attributes
    ----------
    columns : mapping
        What the files call the columns that are read, by our names; of a column that is joined, nothing.
    groupings : tuple of (by, sides)
        For each grouping, by our names, the columns of probe and reference of each attribute; at least one, of nobody
        (``("", ())``) where nobody is grouped.
    made : Made
        With the threshold; the matcher is found.
    layout : Layout
    limits : Limits
    joined : mapping
        For columns of labels that stand in a table of people: the column of ids that they belong to, and everybody's
        label by id.
    people : bool
        Whether sums by person are wanted, where the tables name people.
    """

    columns: Mapping[str, str]
    groupings: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    made: Made
    layout: Layout = field(default_factory=Layout)
    limits: Limits = field(default_factory=Limits)
    joined: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    @property
    def named(self) -> bool:
        """Whether people are named."""
        return self.made.people


def scan(question: Question, work: Sequence[Share], *, processes: int = 1) -> ComparisonSums:
    """Sum up shares of tables, in so many processes; the number of processes and the order of shares change nothing.

    Raises
    ------
    ScoreTableError
        If a file cannot be read, or a block holds what ``facerec.measure.tables.check`` refuses; rows are those of the
        file.
    MixedStampsError
        If rows were made by different matchers.
    """
    count = min(processes, len(work))
    if count < 2:
        return _scanned(question, work)
    ends = [round(number * len(work) / count) for number in range(count + 1)]
    parts = [work[start:end] for start, end in pairwise(ends)]
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        return reduce(_put_together, pool.map(_scanned, [question] * count, parts))


def _scanned(question: Question, work: Sequence[Share]) -> ComparisonSums:
    running = Running(question)
    for share, row, block in blocks_of(question, work):
        running.include(block, share, row)
    return running.sums()


def blocks_of(question: Question, work: Sequence[Share]) -> Iterator[tuple[Share, int, pa.RecordBatch]]:
    """The blocks of shares, under our names, each with the row of its file that it begins with, from 0."""
    names = list(dict.fromkeys(question.columns.values()))
    for share in work:
        row = share.first
        for block in blocks(share, names, question.layout):
            arrays = [block.column(block.schema.get_field_index(theirs)) for theirs in question.columns.values()]
            yield share, row, type(block).from_arrays(arrays, names=list(question.columns))
            row += len(block)


def read_block(
    question: Question, block: pa.RecordBatch, share: Share, row: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Kinds and similarities of a block, checked as `scan` does."""
    genuine, scores, *_ = Running(question).read(block, share, row)
    return genuine, scores


def _put_together(one: ComparisonSums, other: ComparisonSums) -> ComparisonSums:
    if one.made.matcher != other.made.matcher:
        raise _mixed(one.made.matcher, other.made.matcher)
    return one + other


def _mixed(one: str, other: str) -> MixedStampsError:
    if not one or not other:
        what = f"some rows carry no stamp of a matcher, and others were made by {Matcher.parse(one or other)}"
    else:
        what = f"rows were made by different matchers: {differing(Matcher.parse(other), Matcher.parse(one))}"
    message = f"{what}. A table is of one matcher: keep the rows of different matchers in tables of their own"
    return MixedStampsError(message)


class Running:
    """Sums that grow by blocks."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._names: list[str] = []
        self._known: pa.Array | None = None
        self._marks = np.empty(0, np.uint64)
        self._cells = [RunningCells(by, question.limits, named=question.named) for by, _ in question.groupings]
        self._ends = np.inf, -np.inf
        self._matcher: str | None = None

    def include(self, block: pa.RecordBatch, share: Share, row: int) -> None:
        """Add a block, whose first row is `row` of the file of `share`."""
        if not len(block):
            return
        genuine, scores, people, labels, matcher = self.read(block, share, row)
        if self._matcher not in (None, matcher):
            raise _mixed(self._matcher or "", matcher)
        self._matcher = matcher
        threshold = self._question.made.threshold
        for cells, (_, sides) in zip(self._cells, self._question.groupings, strict=True):
            probe, reference = (
                _places(cells.sides, [labels[side[which]] for side in sides], len(genuine)) for which in (0, 1)
            )
            cells.include(probe, reference, genuine, scores, threshold=threshold, people=people, marks=self._marks)
        seen = scores[~np.isnan(scores)]
        self._ends = min(self._ends[0], seen.min(initial=np.inf)), max(self._ends[1], seen.max(initial=-np.inf))

    def sums(self, sources: Sequence[Source] = ()) -> ComparisonSums:
        """What has been added so far, people and sides in the order of their names."""
        if self._matcher is None:
            message = "the score table has no rows"
            raise ScoreTableError(message)
        names = np.array([*self._names, None], object)[:-1]
        order = np.argsort(names)
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        return ComparisonSums(
            replace(self._question.made, matcher=self._matcher or ""),
            names[order],
            tuple(each.sums(places) for each in self._cells),
            float(self._ends[0]),
            float(self._ends[1]),
            tuple(sources),
            self._question.limits,
        )

    def read(self, block: pa.RecordBatch, share: Share, row: int) -> Any:  # noqa: ANN401 - five columns
        """Kinds, similarities, people, labels and the stamp of a block; what is odd is refused as in memory."""
        try:
            return self._read_plain({name: block.column(name) for name in block.schema.names})
        except _OddError:
            pass
        frame = block.to_pandas(ignore_metadata=True)
        try:
            table = complete(frame).table
        except ScoreTableError as problem:
            raise _moved(problem, share, row) from problem
        import pyarrow as pa

        named = [*(SUBJECTS if self._question.named else ()), COLUMN]
        names = [name for name in table.columns if name in self._question.columns or name in named or name == "genuine"]
        plain = pa.Table.from_pandas(table[names], preserve_index=False).combine_chunks()
        try:
            return self._read_plain({name: plain.column(name).combine_chunks() for name in names})
        except _OddError as problem:
            message = f"{share.path}: rows from {row + 1} on cannot be read in one pass; audit the table in memory"
            raise ScoreTableError(message) from problem

    def _read_plain(self, columns: Mapping[str, pa.Array]) -> Any:  # noqa: ANN401 - five columns
        words = {
            name: _coded(column)
            for name, column in columns.items()
            if name not in ("score", "genuine", *(SUBJECTS if self._question.named else ()))
        }
        people = None
        if self._question.named:
            people = self._people(columns[SUBJECTS[0]]), self._people(columns[SUBJECTS[1]])
        scores = _numbers(columns["score"])
        same = None if people is None else people[0] == people[1]
        genuine = _truth(columns["genuine"]) if "genuine" in columns else same
        if genuine is None or (same is not None and not np.array_equal(genuine, same)):
            raise _OddError
        for name in FAILURES:
            if name in words:
                codes, texts = words[name]
                bad = np.array([*(text in _FAILED for text in texts), False])
                if (bad[codes] & ~np.isnan(scores)).any():
                    raise _OddError
        labels = {name: words[name] for name in words if name not in (*FAILURES, COLUMN)}
        for name, (side, label) in self._question.joined.items():
            if people is None:
                raise _OddError
            texts = [label.get(person, "") for person in self._names]
            labels[name] = people[SUBJECTS.index(side)], texts
        values = 0.0 - scores if self._question.made.distance else scores
        return genuine, values, people, labels, _stamp(words.get(COLUMN))

    def _people(self, column: pa.Array) -> NDArray[np.int32]:
        """Who is in each row, by the order of first appearance."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = _dictionary(column)
        texts = column.dictionary
        if not pa.types.is_string(texts.type):
            if pa.types.is_floating(texts.type):
                raise _OddError
            texts = pa.array(coded(pd.Series(texts.to_pandas()))[1], pa.string())
        if column.null_count or texts.null_count or len(texts) != len(column.dictionary):
            raise _OddError
        if self._known is None:
            self._known = pa.array([], pa.string())
        places = pc.index_in(texts, value_set=self._known)
        if places.null_count:
            new = pc.unique(texts.filter(pc.is_null(places)))
            if pc.any(pc.equal(new, "")).as_py():
                raise _OddError
            added = np.array(new.to_pylist(), object)
            self._names += added.tolist()
            self._marks = np.concatenate([self._marks, person_marks(added)])
            self._known = pa.concat_arrays([self._known, new])
            places = pc.index_in(texts, value_set=self._known)
        return np.asarray(places.to_numpy(zero_copy_only=False), np.int32)[column.indices.to_numpy()]


def _places(sides: dict[tuple[str, ...], int], labels: Sequence[Coded], rows: int) -> NDArray[np.int32]:
    """Which side each row has; new ones are added to `sides`."""
    joint, spans = np.zeros(rows, np.int64), []
    for codes, texts in labels:
        joint *= len(texts) + 1
        joint += codes
        joint += 1
        spans.append(["", *texts])
    size = int(np.prod([len(texts) for texts in spans], dtype=np.int64))
    there = np.flatnonzero(np.bincount(joint, minlength=size)) if size < 1 << 22 else np.unique(joint)
    if size >= 1 << 22:
        joint = np.searchsorted(there, joint)
    places = np.zeros(len(there) if size >= 1 << 22 else size, np.int32)
    for order, number in enumerate(there.tolist()):
        rest, side = number, []
        for texts in spans[::-1]:
            rest, place = divmod(rest, len(texts))
            side.append(texts[place])
        places[order if size >= 1 << 22 else number] = sides.setdefault(tuple(side[::-1]), len(sides))
    return places[joint]


class _OddError(Exception):
    """Something in a block is not as it is in nearly all."""


def _moved(problem: ScoreTableError, share: Share, row: int) -> ScoreTableError:
    """What is wrong with a block, its rows counted as those of the file."""
    told = [_ROW.sub(lambda found: f"row {int(found[1]) + row}", str(text)) for text in problem.problems]
    moved = type(problem)(*told)
    moved.args = (f"{share.path}: {moved}",)
    return moved


def _dictionary(column: pa.Array) -> pa.DictionaryArray:
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        return column
    if pa.types.is_large_string(column.type) or pa.types.is_binary(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column.dictionary_encode()


def _coded(column: pa.Array) -> Coded:
    """The words of a column as ``facerec.measure.tables.cells.as_text`` makes them, and which each row has."""
    column = _dictionary(column)
    codes, words = coded(pd.Series(column.dictionary.to_pandas(), name="a column"))
    places = np.append(codes, -1)
    rows = column.indices.fill_null(len(codes)).to_numpy()
    return places[rows], words


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    """Scores as float64, NaN for none; `_OddError` where a row is no finite number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type):
        empty = pc.equal(column, "")
        try:
            column = pc.if_else(empty, pa.scalar(None, pa.string()), column).cast(pa.float64())
        except pa.ArrowInvalid as problem:
            raise _OddError from problem
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise _OddError
    values = column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    if np.isinf(values).any():
        raise _OddError
    return np.asarray(values)


def _truth(column: pa.Array) -> NDArray[np.bool_]:
    """Which rows are of one person."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if column.null_count:
        raise _OddError
    if pa.types.is_boolean(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    column = _dictionary(column)
    try:
        words = truth(pd.Series(column.dictionary.to_pandas(), name="genuine")).to_numpy(bool)
    except ScoreTableError as problem:
        raise _OddError from problem
    return np.asarray(words[column.indices.to_numpy()])


def _stamp(words: Coded | None) -> str:
    """The stamp that every row carries; empty for none."""
    if words is None:
        return ""
    codes, texts = words
    present = [*np.unique(codes).tolist()]
    try:
        found = stamp_of(pd.DataFrame({COLUMN: [None if code < 0 else texts[code] for code in present]}))
    except ScoreTableError as problem:
        raise _OddError from problem
    return "" if found is None else found.text
