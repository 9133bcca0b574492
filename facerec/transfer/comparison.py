"""Which results differ: intervals that know photos and seeds, and paired tests with all comparisons counted.

Methods are judged on the same test photos, so they are compared photo by photo; a mean over seeds varies with the
photos that were drawn to learn from as well as with the test photos, so both are drawn again. With a table of a dozen
methods some pair differs by chance: p-values are adjusted by Holm within each number of shots, and whoever is not
distinguishable from the best is marked so, in place of a bold maximum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.measure.metrics import holm
from facerec.measure.metrics.paired import Drawn, difference_of, drawn_means, rate_of
from facerec.transfer.cells import Cell, Outcome, Protocol, TestPhotos
from facerec.types import Interval, Rate

SIGNIFICANCE = 0.05
"""Adjusted p-values below it are called a difference."""

Method: TypeAlias = tuple[str, Protocol]
"""Backbone and protocol."""


@dataclass(frozen=True)
class Summary:
    """The accuracy of a method with some number of shots, over its seeds.

    Attributes
    ----------
    backbone : str
    protocol : str
    shots : int or None
        None: all photos.
    seeds : tuple of int
    accuracy : Rate
        Of all answers of all seeds, ``errors`` counting what is correct, with effective trials: its interval holds for
        other test photos and other seeds.
    corrupted : Rate or None
        The same of the same photos, corrupted, where they were looked at.
    """

    backbone: str
    protocol: Protocol
    shots: int | None
    seeds: tuple[int, ...]
    accuracy: Rate
    corrupted: Rate | None = None

    @property
    def method(self) -> Method:
        """Backbone and protocol."""
        return self.backbone, self.protocol


@dataclass(frozen=True)
class Comparison:
    """Two methods on the same test photos.

    Attributes
    ----------
    first, second : (str, str)
        Backbone and protocol of each.
    shots : int or None
    seeds : tuple of int
        Those that both have.
    difference : float
        Accuracy of the first minus that of the second, −1 … 1.
    interval : Interval
        Of the difference, by the paired bootstrap.
    p_value : float
        McNemar's exact test with one seed, the paired bootstrap's with several; not adjusted.
    adjusted : float
        By Holm, for all comparisons with this number of shots.
    """

    first: Method
    second: Method
    shots: int | None
    seeds: tuple[int, ...]
    difference: float
    interval: Interval
    p_value: float
    adjusted: float = math.nan

    @property
    def distinguishable(self) -> bool:
        """Whether the adjusted p-value is below `SIGNIFICANCE`."""
        return self.adjusted < SIGNIFICANCE


class Answers:
    """The right answers of every outcome, with their means over photos that are drawn anew, drawn once for all.

    Parameters
    ----------
    outcomes : iterable of Outcome
    labels : ndarray, int64, shape (n,)
        Of the test photos.
    clusters : ndarray, int, shape (n,), optional
        As in ``facerec.measure.metrics.paired.mean_accuracy``.
    photos : {"as they are", "corrupted"}
        Which answers; an outcome without them takes no part.

    Attributes
    ----------
    seeds : dict
        By number of shots and method, the seeds that there are.
    """

    def __init__(
        self,
        outcomes: Iterable[Outcome],
        labels: NDArray[np.int64],
        *,
        clusters: NDArray[np.int64] | None = None,
        photos: TestPhotos = "as they are",
    ) -> None:
        ordered = sorted(outcomes, key=lambda outcome: outcome.cell.seed)
        right = [(each.cell, answers == labels) for each in ordered if (answers := each.answers(photos)) is not None]
        self._places = {cell: place for place, (cell, _) in enumerate(right)}
        self._correct = np.stack([each for _, each in right]) if right else np.empty((0, len(labels)), bool)
        self._clusters = clusters
        self.seeds: dict[tuple[int | None, Method], tuple[int, ...]] = {}
        for cell in self._places:
            key = cell.shots, (cell.backbone, cell.protocol)
            self.seeds[key] = (*self.seeds.get(key, ()), cell.seed)

    @cached_property
    def _drawn(self) -> Drawn:
        return drawn_means(self._correct, self._clusters)

    def rate(self, shots: int | None, method: Method) -> Rate | None:
        """The mean accuracy of a method over its seeds; None where there are no answers."""
        if (shots, method) not in self.seeds:
            return None
        places = [self._places[Cell(*method, shots, seed)] for seed in self.seeds[shots, method]]
        return rate_of(self._correct[places], self._drawn[:, places], alone=self._clusters is None)

    def compared(self, shots: int | None, one: Method, other: Method) -> Comparison | None:
        """Two methods on the seeds that both have, the better one first; None where there are none."""
        seeds = tuple(seed for seed in self.seeds[shots, one] if seed in self.seeds[shots, other])
        if not seeds:
            return None
        methods = [(method, [self._places[Cell(*method, shots, seed)] for seed in seeds]) for method in (one, other)]
        (first, ours), (second, theirs) = sorted(methods, key=lambda each: -int(self._correct[each[1]].sum()))
        drawn = self._drawn[:, ours] - self._drawn[:, theirs]
        told = difference_of(self._correct[ours], self._correct[theirs], drawn, alone=self._clusters is None)
        return Comparison(first, second, shots, seeds, *told)


def summarise(answers: Answers, corrupted: Answers) -> tuple[Summary, ...]:
    """The accuracy of each method with each number of shots, in the order in which they first appear."""
    return tuple(
        Summary(*method, shots, seeds, found, corrupted.rate(shots, method))
        for (shots, method), seeds in answers.seeds.items()
        if (found := answers.rate(shots, method)) is not None
    )


def compare(answers: Answers) -> tuple[Comparison, ...]:
    """Compare every two methods that learned from the same number of shots with the same seeds.

    Returns
    -------
    tuple of Comparison
        The better method first; adjusted by Holm among those of the same number of shots.
    """
    compared: list[Comparison] = []
    for shots in dict.fromkeys(shots for shots, _ in answers.seeds):
        methods = [method for of, method in answers.seeds if of == shots]
        pairs = (answers.compared(shots, *pair) for pair in combinations(methods, 2))
        family = [each for each in pairs if each is not None]
        adjusted = holm([each.p_value for each in family]).tolist()
        compared += [replace(each, adjusted=value) for each, value in zip(family, adjusted, strict=True)]
    return tuple(compared)


def best(summaries: Sequence[Summary], shots: int | None) -> Summary:
    """The method with the highest mean accuracy at a number of shots; of equal ones the first."""
    return max((each for each in summaries if each.shots == shots), key=lambda each: each.accuracy.value)


@dataclass(frozen=True)
class Standing:
    """How the other methods with some number of shots stand to the one with the highest mean accuracy, `first`."""

    first: Summary
    worse: tuple[Summary, ...]
    """Shown to be."""
    alike: tuple[Summary, ...]
    """Not distinguishable."""
    apart: tuple[Summary, ...]
    """Not compared: no seed in common."""

    @property
    def alone(self) -> bool:
        """Whether there is no other method."""
        return not (self.worse or self.alike or self.apart)


def standing(summaries: Sequence[Summary], comparisons: Sequence[Comparison], shots: int | None) -> Standing:
    """Put the methods with a number of shots in order of what is shown of them."""
    first = best(summaries, shots)
    others = [each for each in summaries if each.shots == shots and each is not first]
    found = [(each, between(comparisons, first.method, each.method, shots)) for each in others]
    return Standing(
        first,
        worse=tuple(each for each, told in found if told is not None and told.distinguishable),
        alike=tuple(each for each, told in found if told is not None and not told.distinguishable),
        apart=tuple(each for each, told in found if told is None),
    )


def between(comparisons: Iterable[Comparison], one: Method, other: Method, shots: int | None) -> Comparison | None:
    """The comparison of two methods in the direction `one` minus `other`; None where they share no seed."""
    for each in comparisons:
        if each.shots == shots and (each.first, each.second) == (one, other):
            return each
        if each.shots == shots and (each.second, each.first) == (one, other):
            turned = Interval(-each.interval.high, -each.interval.low, each.interval.confidence)
            return replace(each, first=one, second=other, difference=-each.difference, interval=turned)
    return None
