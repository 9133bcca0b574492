"""Counts under integer keys: sorted, each key once, so that equal counts are equal arrays, and sums of them exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SMALL = 1 << 62


@dataclass(frozen=True, eq=False)
class Counts:
    """Whole numbers under keys of whole numbers.

    Attributes
    ----------
    keys : ndarray, int64, shape (k, n)
        Each column is a key, ascending by its first number, then its second and so on; none twice.
    counts : ndarray, int64, shape (c, n)
        Below each key; not all 0.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def none(cls, keys: int, counts: int) -> Counts:
        """Nothing counted, under so many numbers to a key and so many counts to each."""
        return cls(np.empty((keys, 0), np.int64), np.empty((counts, 0), np.int64))

    @classmethod
    def of(cls, keys: Sequence[NDArray[np.integer]], counts: Sequence[NDArray[np.integer]] = ()) -> Counts:
        """Counts of rows: `keys` (n,), each with `counts` (n,), which are summed; without any, 1 for each row.

        >>> found = Counts.of([np.array([2, 0, 2])])
        >>> found.keys.tolist(), found.counts.tolist()
        ([[0, 2]], [[1, 2]])
        """
        columns = [np.asarray(key, np.int64) for key in keys]
        if not len(columns[0]):
            return cls.none(len(columns), max(1, len(counts)))
        packed, ranges = _packed(columns)
        if packed is not None and not counts:  # nothing to carry along: a sort of plain numbers
            packed.sort()
            starts = _starts(packed)
            lengths = np.diff(starts, append=len(packed))
            return cls(_unpacked(packed[starts], ranges), lengths[None])
        order = np.lexsort(columns[::-1]) if packed is None else np.argsort(packed, kind="stable")
        ordered = np.stack([column[order] for column in columns])
        changes = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
        starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
        summed = [np.add.reduceat(np.asarray(each, np.int64)[order], starts) for each in counts]
        lengths = np.diff(starts, append=ordered.shape[1])
        return cls(ordered[:, starts], np.stack(summed or [lengths])).nonzero()

    def __len__(self) -> int:
        return self.keys.shape[1]

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        if not len(other):
            return self
        if not len(self):
            return other
        return Counts.of(
            list(np.concatenate([self.keys, other.keys], axis=1)),
            list(np.concatenate([self.counts, other.counts], axis=1)),
        )

    def nonzero(self) -> Counts:
        """Without keys that count nothing."""
        there = np.asarray(self.counts.any(axis=0))
        return self if there.all() else self.take(there)

    def take(self, which: NDArray[np.bool_] | NDArray[np.integer] | slice) -> Counts:
        """Some of the keys, in their order."""
        return Counts(self.keys[:, which], self.counts[:, which])

    def renamed(self, column: int, names: NDArray[np.integer]) -> Counts:
        """With ``names[key]`` in a column of keys; equal keys become one."""
        if not len(self):
            return self
        keys = self.keys.copy()
        keys[column] = names[keys[column]]
        return Counts.of(list(keys), list(self.counts))

    def regrouped(self, keys: Sequence[NDArray[np.integer]]) -> Counts:
        """The same counts under other keys (n,) each; equal ones become one."""
        return Counts.of(keys, list(self.counts)) if len(self) else Counts.none(len(keys), len(self.counts))


def _packed(columns: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64] | None, list[tuple[int, int]]]:
    """Keys as one number each, and from where on and how far each of theirs reaches; None where they do not fit."""
    ranges = [(least := int(column.min()), int(column.max()) - least + 1) for column in columns]
    if math.prod(span for _, span in ranges) >= _SMALL:
        return None, ranges
    packed = np.zeros(len(columns[0]), np.int64)
    for column, (least, span) in zip(columns, ranges, strict=True):
        packed *= span
        packed += column
        packed -= least
    return packed, ranges


def _unpacked(packed: NDArray[np.int64], ranges: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    columns = []
    for least, span in ranges[::-1]:
        packed, rest = np.divmod(packed, span)
        columns.append(rest + least)
    return np.stack(columns[::-1])


def _starts(ordered: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
