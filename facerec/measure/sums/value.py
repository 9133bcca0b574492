"""What an audit needs to know of comparisons, as counts that add: the frozen value, whatever filled it.

A score table of any size, part of one, or blocks of all pairs of vectors become `ComparisonSums`; those of different
comparisons made with the same (`Made`) add up, in any order, to exactly those of all of them. Nothing here grows with
comparisons: cells with groups, takes with people, couples and scores up to a limit, beyond which they are sampled and
put into wider bins by rules that know only what is counted, so that any order of adding gives the same. Errors are
kept by couple up to the same limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.measure.sums.counts import Counts

VERSION = 1
"""Of the meaning of sums; those of different versions do not add."""

MOST_COUPLES = 1 << 18
"""Couples that are kept one by one, of each grouping; of more, every second, fourth and so on, by their names."""

MOST_SCORES = 1 << 17
"""Bins of scores that are kept, of each grouping."""

MOST_REPEATS = 1 << 18
"""Comparisons among which those are looked for that occur again; of more, every second, fourth and so on."""

PROBE, REFERENCE, BOTH = 0, 1, 2
"""On which side of a comparison somebody is; both: it is with themself."""

_Limited = TypeVar("_Limited", "Couples", "Scores", "Repeats")


@dataclass(frozen=True)
class Made:
    """What sums were made with; those of another make do not add.

    Attributes
    ----------
    threshold : float
        Accepted is what scores at least this, larger = more alike (distances negated).
    rule : str
        In words, how it was chosen.
    target_fmr : float or None
        That it was chosen for.
    calibration : (int, int, float, float) or None
        Where another table chose it: false matches and impostor pairs there, and between which thresholds it lies.
    origin : str
        The digest of the file of an operating point or a calibration table; empty: the threshold was typed in.
    distance : bool
        Whether the scores were distances.
    accept_reversed : bool
        Whether they may rank impostor pairs above genuine ones.
    columns : tuple of str
        What stood for what in the tables, ``ours=theirs``, sorted.
    matcher : str
        The stamp of the tables; empty: none.
    people : bool
        Whether they name people.
    compared : str
        What makes two rows one comparison, in either order: ``photos``; without those, ``people`` and a score; empty
        where the tables name neither.
    notes, tied : tuple of str
        What a reader must know of how the tables were read, and of the operating point or calibration table.
    version : int
        `VERSION`.
    """

    threshold: float
    rule: str = "given"
    target_fmr: float | None = None
    calibration: tuple[int, int, float, float] | None = None
    origin: str = ""
    distance: bool = False
    accept_reversed: bool = False
    columns: tuple[str, ...] = ()
    matcher: str = ""
    people: bool = True
    compared: str = ""
    notes: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    version: int = VERSION

    def differences(self, other: Made) -> list[str]:
        """In what another make differs, in words."""
        return [
            f"{each.name} {getattr(self, each.name)!r} here and {getattr(other, each.name)!r} there"
            for each in fields(self)
            if getattr(self, each.name) != getattr(other, each.name)
        ]


@dataclass(frozen=True, order=True)
class Source:
    """What was summed up: rows (or blocks) `first` … `last` - 1 of what has this digest (SHA-256 of a file)."""

    digest: str
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Couples:
    """Comparisons of two different people, couple by couple, whichever of them is the probe.

    Attributes
    ----------
    level : int
        Only couples are kept whose mark (`marks`) ends in so many zero bits: each, one in two, one in four, …
    counts : Counts
        Keys: cell, the one person, the other, lower number first. Counts: comparisons, errors, without a score. Of
        `CellSums.erred` only couples with an error, and errors alone.
    """

    level: int
    counts: Counts

    def limited(self, most: int, marks: NDArray[np.uint64]) -> Couples:
        """At most so many couples, by the lowest level that gives them; `marks` (people,) of everybody."""
        if len(self.counts) <= most:
            return self
        zeros = _last_zeros(_mixed(marks[self.counts.keys[1]], marks[self.counts.keys[2]]))
        left = np.cumsum(np.bincount(zeros, minlength=65)[::-1])[::-1]  # how many couples each level keeps
        level = int(np.argmax(left <= most))
        return Couples(level, self.counts.take(zeros >= level))

    def renamed(self, cells: NDArray[np.int64], people: NDArray[np.int64]) -> Couples:
        """With other numbers of cells and people."""
        counts = self.counts
        if not len(counts):
            return self
        cell, first, second = cells[counts.keys[0]], people[counts.keys[1]], people[counts.keys[2]]
        return Couples(self.level, counts.regrouped([cell, np.minimum(first, second), np.maximum(first, second)]))

    def thinned(self, level: int, marks: NDArray[np.uint64]) -> Couples:
        """At a level that is not lower."""
        if level == self.level:
            return self
        kept = sampled(marks[self.counts.keys[1]], marks[self.counts.keys[2]], level)
        return Couples(level, self.counts.take(kept))


@dataclass(frozen=True, eq=False)
class Scores:
    """A histogram of scores, larger = more alike, cell by cell.

    Attributes
    ----------
    level : int
        Bins hold scores that agree but for so many of the last bits of their float64; 0: each score by itself.
    counts : Counts
        Keys: cell, bin (`bins`). Counts: comparisons; those without a score are in none.
    """

    level: int
    counts: Counts

    def limited(self, most: int) -> Scores:
        """At most so many bins, by the lowest level that gives them."""
        if len(self.counts) <= most:
            return self
        cells, places = self.counts.keys
        apart = np.frexp((places[1:] ^ places[:-1]).view(np.uint64).astype(np.float64))[
            1
        ]  # bits down to the first other
        apart[cells[1:] != cells[:-1]] = 64
        left = 1 + np.cumsum(np.bincount(apart, minlength=65)[::-1])[::-1]  # bins, were one bit fewer cut off
        further = next((cut for cut in range(1, 64) if left[cut + 1] <= most), 63)
        return self.widened(self.level + further)

    def renamed(self, cells: NDArray[np.int64]) -> Scores:
        """With other numbers of cells."""
        return Scores(self.level, self.counts.renamed(0, cells))

    def widened(self, level: int) -> Scores:
        """At a level that is not lower."""
        if level == self.level:
            return self
        cells, places = self.counts.keys
        return Scores(level, self.counts.regrouped([cells, places >> (level - self.level)]))


@dataclass(frozen=True, eq=False)
class Repeats:
    """Rows by what they compare, to tell which occur again.

    Attributes
    ----------
    level : int
        As of `Couples`, of what is compared.
    counts : Counts
        Keys: the mark of what is compared (`pair_marks`), the bin of the score at level 0 (the lowest number for none).
        Counts: rows.
    """

    level: int
    counts: Counts

    def limited(self, most: int) -> Repeats:
        """At most so many keys, by the lowest level that gives them."""
        if len(self.counts) <= most:
            return self
        zeros = _last_zeros(self.counts.keys[0].view(np.uint64))
        left = np.cumsum(np.bincount(zeros, minlength=65)[::-1])[::-1]
        return self.thinned(int(np.argmax(left <= most)))

    def thinned(self, level: int) -> Repeats:
        """At a level that is not lower."""
        if level == self.level:
            return self
        return Repeats(level, self.counts.take(_last_zeros(self.counts.keys[0].view(np.uint64)) >= level))

    def again(self) -> tuple[int, int]:
        """How many rows compare what another one compares, and how many of those have another score."""
        pairs = len(np.unique(self.counts.keys[0]))
        return int(self.counts.counts.sum()) - pairs, len(self.counts) - pairs


@dataclass(frozen=True, eq=False)
class CellSums:
    """What one way of grouping people needs: counts by the group of either side.

    With S `sides`, the cell of a comparison is (genuine · S + side of the probe) · S + side of the reference.

    Attributes
    ----------
    by : str
        The attributes joined by commas; empty where nobody is grouped.
    sides : tuple of tuple of str
        The labels of one side as they are written, one per attribute, empty where missing; sorted, each once.
    cells : Counts
        Keys: cell. Counts: comparisons, errors (accepted impostor and rejected genuine ones; a comparison without a
        score is rejected), without a score.
    takes : Counts
        Keys: cell, person, on which side (`PROBE`, `REFERENCE`, `BOTH`). Counts as of `cells`.
    couples, erred : Couples
        All couples, and those with an error.
    scores : Scores
    """

    by: str
    sides: tuple[tuple[str, ...], ...]
    cells: Counts
    takes: Counts
    couples: Couples
    erred: Couples
    scores: Scores

    def __len__(self) -> int:
        """How many cells there may be."""
        return 2 * len(self.sides) ** 2

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """The counts of every cell, shape (3, 2, S, S): comparisons, errors and without a score; genuine; sides."""
        found = np.zeros((3, len(self)), np.int64)
        found[:, self.cells.keys[0]] = self.cells.counts
        return found.reshape(3, 2, len(self.sides), len(self.sides))

    def renamed(self, people: NDArray[np.int64], sides: tuple[tuple[str, ...], ...]) -> CellSums:
        """With other numbers of people, and among more sides."""
        places = {side: place for place, side in enumerate(sides)}
        if sides == self.sides and (people == np.arange(len(people))).all():
            return self  # they are among the others already, and all of them are here
        moved = np.array([places[side] for side in self.sides], np.int64)
        kinds, ours = np.arange(2)[:, None, None] * len(sides), moved
        names = ((kinds + ours[:, None]) * len(sides) + ours).ravel()
        return replace(
            self,
            sides=sides,
            cells=self.cells.renamed(0, names),
            takes=self.takes.renamed(0, names).renamed(1, people),
            couples=self.couples.renamed(names, people),
            erred=self.erred.renamed(names, people),
            scores=self.scores.renamed(names),
        )

    def plus(self, other: CellSums, marks: NDArray[np.uint64], most: Limits) -> CellSums:
        """Both together, of the same people and sides."""
        return CellSums(
            self.by,
            self.sides,
            self.cells + other.cells,
            self.takes + other.takes,
            _added(self.couples, other.couples, lambda each, level: each.thinned(level, marks)).limited(
                most.couples, marks
            ),
            _added(self.erred, other.erred, lambda each, level: each.thinned(level, marks)).limited(
                most.couples, marks
            ),
            _added(self.scores, other.scores, Scores.widened).limited(most.scores),
        )


@dataclass(frozen=True)
class Limits:
    """How many couples and bins of scores are kept of each grouping, and rows to find those that occur again."""

    couples: int = MOST_COUPLES
    scores: int = MOST_SCORES
    repeats: int = MOST_REPEATS


@dataclass(frozen=True, eq=False)
class ComparisonSums:
    """Comparisons summed up.

    Attributes
    ----------
    made : Made
    people : ndarray, object, shape (p,)
        The names of people, sorted, each once; empty where nobody is named.
    groupings : tuple of CellSums
        One for each grouping, at least one.
    lowest, highest : float
        Of all scores, larger = more alike; inf and -inf without any.
    sources : tuple of Source
        What was summed up, sorted.
    limits : Limits
    photos : ndarray, int64, shape (p,), or None
        Where all pairs of photos are compared, how many there are of each person, each of one side: a couple then has
        the product of two of them as its comparisons, and `CellSums.couples` stays empty. None: couples were counted.
    repeats : Repeats
        Empty where nobody looks for rows that occur again.
    scored : ndarray, int64, shape (p,), or None
        With `photos`, how many of them have a score with others at all.
    """

    made: Made
    people: NDArray[np.object_]
    groupings: tuple[CellSums, ...]
    lowest: float
    highest: float
    sources: tuple[Source, ...] = ()
    limits: Limits = Limits()
    photos: NDArray[np.int64] | None = None
    repeats: Repeats = Repeats(0, Counts.none(2, 1))
    scored: NDArray[np.int64] | None = None

    def __add__(self, other: ComparisonSums) -> ComparisonSums:
        """Both together; `ArgumentError` if they do not fit together, or a source is in both."""
        return self.added(other)

    def added(self, other: ComparisonSums, marks: NDArray[np.uint64] | None = None) -> ComparisonSums:
        """As ``self + other``; `marks` (`person_marks`) of all people of both, where they are known."""
        if differences := self.differences(other):
            message = f"these sums do not add up: {'; '.join(differences)}"
            raise ArgumentError(message)
        people, (mine, theirs) = _joined(self.people, other.people)
        if marks is None or len(marks) != len(people):
            marks = person_marks(people)
        groupings = []
        for one, two in zip(self.groupings, other.groupings, strict=True):
            sides = tuple(sorted({*one.sides, *two.sides}))
            groupings.append(one.renamed(mine, sides).plus(two.renamed(theirs, sides), marks, self.limits))
        return replace(
            self,
            people=people,
            groupings=tuple(groupings),
            lowest=min(self.lowest, other.lowest),
            highest=max(self.highest, other.highest),
            sources=tuple(sorted((*self.sources, *other.sources))),
            repeats=_added(self.repeats, other.repeats, Repeats.thinned).limited(self.limits.repeats),
        )

    @property
    def _photos(self) -> NDArray[np.object_]:
        """People with how many photos there are of them, where that says what was compared."""
        return np.empty(0, object) if self.photos is None else np.stack([self.people, self.photos.astype(object)])

    def differences(self, other: ComparisonSums) -> list[str]:
        """Why these do not add up, in words; empty where they do."""
        found = self.made.differences(other.made)
        groupings = [", ".join(each.by for each in sums.groupings) for sums in (self, other)]
        if groupings[0] != groupings[1]:
            found.append(f"groupings {groupings[0] or 'none'} here and {groupings[1] or 'none'} there")
        if self.limits != other.limits:
            found.append(f"limits {self.limits} here and {other.limits} there")
        if (self.photos is None) != (other.photos is None) or not np.array_equal(self._photos, other._photos):
            found.append("photos of people that were all compared with one another")
        return found + [twice for twice in map(_met_twice(self.sources), other.sources) if twice]


def bins(scores: NDArray[np.float64], level: int = 0) -> NDArray[np.int64]:
    """The bins of scores (n,) at a level: whole numbers in the order of the scores.

    >>> bins(np.array([-1.0, -0.5, 0.0, 0.5, 0.75, 0.8]), 50).tolist()
    [-4093, -4089, 0, 4088, 4090, 4090]
    """
    bits = (scores + 0.0).view(np.int64)  # -0 is 0
    bits ^= (bits >> 63) & np.int64(0x7FFFFFFFFFFFFFFF)
    bits >>= level
    return bits


def bin_floors(places: NDArray[np.int64], level: int) -> NDArray[np.float64]:
    """The lowest score of each bin: what `bins` puts there.

    >>> bin_floors(bins(np.array([0.1, 0.5, 0.8]), 50), 50).tolist()
    [0.09375, 0.5, 0.75]
    """
    bits = places.astype(np.int64) << level
    bits ^= (bits >> 63) & np.int64(0x7FFFFFFFFFFFFFFF)
    return bits.view(np.float64)


def pair_marks(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number for each pair, from those of its sides in either order, shape (n,)."""
    return _mixed(first, second)


def person_marks(people: NDArray[np.object_]) -> NDArray[np.uint64]:
    """A number for each name that looks like chance and is the same everywhere, shape (p,)."""
    from hashlib import blake2b

    digests = b"".join(blake2b(str(name).encode(), digest_size=8).digest() for name in people)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def sampled(first: NDArray[np.uint64], second: NDArray[np.uint64], level: int) -> NDArray[np.bool_]:
    """Whether couples of people with these marks are among those that a level keeps."""
    if not level:
        return np.ones(len(first), np.bool_)
    return np.asarray(_mixed(first, second) & np.uint64((1 << level) - 1) == 0)


def _mixed(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The mark of a couple, from those of two people in either order (Stafford's mix 13 of their sum, first half)."""
    mixed = first + second
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    return mixed


def _last_zeros(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many zero bits each number ends in."""
    lowest = numbers & (~numbers + np.uint64(1))
    return np.where(numbers == 0, 64, np.frexp(lowest.astype(np.float64))[1] - 1)


def _met_twice(mine: tuple[Source, ...]) -> Callable[[Source], str]:
    def told(theirs: Source) -> str:
        for each in mine:
            if each.digest == theirs.digest and each.first < theirs.last and theirs.first < each.last:
                return (
                    f"rows {max(each.first, theirs.first) + 1:,} to {min(each.last, theirs.last):,} of the file with "
                    f"SHA-256 {each.digest[:12]} are in both"
                )
        return ""

    return told


def _joined(
    mine: NDArray[np.object_], theirs: NDArray[np.object_]
) -> tuple[NDArray[np.object_], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """All names, sorted, and where among them those of either side are."""
    if len(mine) == len(theirs) and (mine == theirs).all():
        same = np.arange(len(mine))
        return mine, (same, same)
    together = np.array(sorted({*mine, *theirs}), object)
    places = {name: place for place, name in enumerate(together)}
    found = [np.fromiter((places[name] for name in side), np.int64, len(side)) for side in (mine, theirs)]
    return together, (found[0], found[1])


def _added(one: _Limited, other: _Limited, brought: Callable[[_Limited, int], _Limited]) -> _Limited:
    level = max(one.level, other.level)
    one, other = brought(one, level), brought(other, level)
    return replace(one, counts=one.counts + other.counts)
