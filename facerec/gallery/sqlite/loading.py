"""The search index kept in step with the file: what other processes enroll or forget is seen at the next search.

Additions are found by number ("all samples after the last one I saw"), because numbers only grow. Anything else that
changes what was loaded leaves a row in the table ``changes``. People are counted in the same way: a search has to say
how many it compared with, and counting all of them at every search would cost more than the search.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

import numpy as np

from facerec.gallery.matching import NEVER, SearchIndex
from facerec.gallery.records import EmbedderIdentity
from facerec.gallery.sqlite import stored

_ROWS_AT_ONCE = 2048
# Removing people scans all rows once per call; beyond so many the file is simply read anew.
_MANY = 1000

_SELECT = """
SELECT samples.number, samples.person, people.expires, samples.vector
FROM samples CROSS JOIN people ON people.number = samples.person
"""
# CROSS: SQLite then walks the samples in order and looks each person up, instead of sorting millions of rows.
_AFTER = _SELECT + "WHERE samples.number > ? ORDER BY samples.number"
_OF_PERSON = _SELECT + "WHERE samples.person = ? AND samples.number <= ? ORDER BY samples.number"


class LoadedIndex:
    """A search index, and how far the file has been read into it. Not thread-safe: its user holds a lock."""

    def __init__(self) -> None:
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

    def follow(self, sqlite: sqlite3.Connection, embedder: EmbedderIdentity) -> SearchIndex:
        """Bring the index up to what the caller's transaction sees.

        Raises
        ------
        DamagedGalleryError
            If a stored vector has the wrong length.
        """
        index, self._index = self._index, None  # an error on the way makes the next call start anew
        last_change = int(sqlite.execute("SELECT coalesce(max(number), 0) FROM changes").fetchone()[0])
        changed = self._changed_people(sqlite) if index is not None and last_change > self._last_change else set()
        if index is None or embedder != self._embedder or len(changed) > _MANY:
            index = None  # the old vectors go before the new ones come; both at once would take twice the memory
            index = SearchIndex(embedder.dimension)
            self._last_sample = self._last_person = 0
            self._last_days.clear()
        elif changed:
            index.remove(changed)
            for person in changed:
                self._read(sqlite, index, _OF_PERSON, person, self._last_sample)
            self._last_person = 0  # whom they were counted under is not known any more
            self._last_days.clear()
        newest = self._read(sqlite, index, _AFTER, self._last_sample)
        self._last_sample, self._last_change = max(self._last_sample, newest), last_change
        self._count_people(sqlite)
        self._index, self._embedder = index, embedder
        return index

    def _count_people(self, sqlite: sqlite3.Connection) -> None:
        newest = int(sqlite.execute("SELECT coalesce(max(number), 0) FROM people").fetchone()[0])
        if newest > self._last_person:
            rows = sqlite.execute(
                "SELECT expires, count(*) FROM people WHERE number > ? GROUP BY expires", (self._last_person,)
            )
            for text, count in rows:
                self._last_days[_ordinal(text)] += count
            self._last_person = newest

    def _changed_people(self, sqlite: sqlite3.Connection) -> set[int]:
        rows = sqlite.execute("SELECT DISTINCT person FROM changes WHERE number > ?", (self._last_change,))
        return {person for (person,) in rows}

    def _read(self, sqlite: sqlite3.Connection, index: SearchIndex, select: str, *values: int) -> int:
        newest = 0
        cursor = sqlite.execute(select, values)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            numbers, people, expires, blobs = zip(*rows, strict=True)
            days = [_ordinal(text) for text in expires]
            index.add(stored.vectors(blobs, index.dimension), np.array(people, np.int64), np.array(days, np.int32))
            newest = numbers[-1]
        return newest


def _ordinal(expires: object) -> int:
    last_day = stored.day(expires)
    return NEVER if last_day is None else last_day.toordinal()
