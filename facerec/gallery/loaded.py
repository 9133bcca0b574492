"""The search index kept in step with the store: what other processes enroll or forget is seen at the next search.

Additions are found by number ("all samples after the last one I saw"), because numbers only grow. Anything else that
changes what was loaded leaves a row among the changes. People are counted in the same way, as counting all of them at
every search would cost more than the search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from facerec.errors import MissingExtraError
from facerec.gallery.ledger import Ledger
from facerec.gallery.matching import SearchIndex
from facerec.gallery.records import EmbedderIdentity
from facerec.gallery.rows import ChangeRow, PersonRow, Searchable
from facerec.gallery.stored import last_day

# Removing people scans all rows once per call; beyond so many the store is simply read anew.
_MANY = 1000


COMPACT_FROM = 500_000
"""Vectors from which on the index keeps rows of 16 bits, where ONNX Runtime is installed; see `SearchIndex`."""


class LoadedIndex:
    """A search index, and how far the store has been read into it. Not thread-safe: its user holds a lock.

    `compact` says whether it keeps rows of 16 bits; ``None``, by default, where it is large. What `follow` gives may be
    searched within the transaction that was followed.
    """

    def __init__(self, *, compact: bool | None = None) -> None:
        self._compact = compact
        self._ledger: Ledger | None = None
        self._index: SearchIndex | None = None
        self._embedder: EmbedderIdentity | None = None
        self._last_sample = 0
        self._last_change = 0
        self._last_person = 0
        self._last_days: Counter[int] = Counter()  # how many people are matched until which day

    @property
    def loaded(self) -> bool:
        """Whether anything has been read yet."""
        return self._index is not None

    def people(self, today: int) -> int:
        """How many people a search on the day of that ordinal compares with: those who have not expired."""
        return sum(people for day, people in self._last_days.items() if day >= today)

    def follow(self, ledger: Ledger) -> SearchIndex:
        """Bring the index up to what the transaction sees."""
        self._ledger = ledger
        index, self._index = self._index, None  # an error on the way makes the next call start anew
        rows, embedder, last_change = ledger.rows, ledger.embedder, ledger.rows.last_number(ChangeRow)
        known = index is not None and last_change > self._last_change
        changed = {row.person for row in rows.select(ChangeRow, after=self._last_change)} if known else set()
        if index is None or embedder != self._embedder or len(changed) > _MANY:
            index = None  # the old vectors go before the new ones come; both at once would take twice the memory
            index = self._new(embedder.dimension, ledger.count_samples())
            self._last_sample = self._last_person = 0
            self._last_days.clear()
        elif changed:
            index.remove(changed)
            for person in changed:
                _add(index, ledger, rows.searchable(person=person, upto=self._last_sample))
            self._last_person = 0  # whom they were counted under is not known any more
            self._last_days.clear()
        newest = _add(index, ledger, rows.searchable(after=self._last_sample))
        self._last_sample = max(self._last_sample, newest)
        self._last_change = last_change
        if (newest := rows.last_number(PersonRow)) > self._last_person:
            for day, count in rows.counts(PersonRow, "expires", after=self._last_person).items():
                self._last_days[last_day(day)] += count
            self._last_person = newest
        self._index, self._embedder = index, embedder
        return index

    def _new(self, dimension: int, vectors: int) -> SearchIndex:
        if self._compact or (self._compact is None and vectors >= COMPACT_FROM):
            try:
                return SearchIndex(dimension, exact=self._exact)
            except MissingExtraError:
                if self._compact:
                    raise
        return SearchIndex(dimension)

    def _exact(self, samples: NDArray[np.int64]) -> NDArray[np.float32]:
        if self._ledger is None:
            message = "an index is searched within a transaction that it followed"
            raise RuntimeError(message)
        return self._ledger.vectors_of(samples.tolist())


def _add(index: SearchIndex, ledger: Ledger, parts: Iterable[Searchable]) -> int:
    """Add samples to the index; returns the highest number."""
    newest = 0
    for part in parts:
        vectors = ledger.sound(part, index.dimension)
        days = {text: last_day(text) for text in set(part.expires)}
        expires = np.fromiter(map(days.__getitem__, part.expires), np.int32, len(part.expires))
        numbers = np.array(part.numbers, np.int64)
        index.add(vectors, np.array(part.people, np.int64), expires, numbers)
        newest = max(newest, *part.numbers)
    return newest
