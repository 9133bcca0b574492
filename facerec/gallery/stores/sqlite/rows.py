"""The rows of a gallery file: what one transaction reads and writes; no rule, decision or log entry is made here.

This and ``store.py`` are all that ``facerec.gallery.gallery`` asks of an engine.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facerec.errors import DamagedGalleryError
from facerec.gallery import records
from facerec.gallery.archive import ArchivedPerson
from facerec.gallery.matching import NEVER
from facerec.gallery.records import EmbedderIdentity, Event, GalleryCheck, LogCheck, LogEntry, Person, Sample
from facerec.gallery.stores.sqlite import stored
from facerec.types import Face
from facerec.types.plain import plain
from facerec.visible_text import quoted, shortened

_PEOPLE = """
SELECT people.number, people.id, people.name, people.consent, people.purpose, people.expires, people.created,
  (SELECT count(*) FROM samples WHERE samples.person = people.number),
  (SELECT count(*) FROM samples JOIN photos ON photos.sample = samples.number WHERE samples.person = people.number)
FROM people
"""
_SAMPLES = """
SELECT samples.number, samples.source, samples.x1, samples.y1, samples.x2, samples.y2, samples.score,
  samples.enrolled, samples.photo_sha256, photos.sample IS NOT NULL
FROM samples LEFT JOIN photos ON photos.sample = samples.number WHERE samples.person = ? ORDER BY samples.number
"""
_LOG = """
SELECT log.number, log.time, log.event, log.person_id, people.name, log_sources.source, log.details, log.digest
FROM log LEFT JOIN people ON people.id = log.person_id LEFT JOIN log_sources ON log_sources.entry = log.number
WHERE :person IS NULL OR log.person_id = :person ORDER BY log.number DESC LIMIT :limit
"""
# CROSS: SQLite then walks the samples in order and looks each person up, instead of sorting millions of rows.
_VECTORS = """
SELECT samples.number, samples.person, people.expires, samples.vector
FROM samples CROSS JOIN people ON people.number = samples.person
"""
_VECTORS_AFTER = _VECTORS + "WHERE samples.number > ? ORDER BY samples.number"
_VECTORS_OF_PERSON = _VECTORS + "WHERE samples.person = ? AND samples.number <= ? ORDER BY samples.number"
_PLACE = """
SELECT people.name,
  (SELECT count(*) FROM samples AS upto WHERE upto.person = samples.person AND upto.number <= samples.number),
  samples.source
FROM samples JOIN people ON people.number = samples.person WHERE samples.number = ?
"""
_PHOTOS = """
SELECT people.name, samples.source, samples.photo_sha256, photos.content
FROM photos JOIN samples ON samples.number = photos.sample JOIN people ON people.number = samples.person
"""
_ROWS_AT_ONCE = 2048
_MOST_NAMED = 3


class PersonRow(NamedTuple):
    """A person, and the number that the other tables know the person by; numbers grow, and are never given again."""

    number: int
    person: Person


class SampleRow(NamedTuple):
    """A sample, and the number that the other tables know it by."""

    number: int
    sample: Sample


class Searched(NamedTuple):
    """Samples for the search index, in the order of their numbers: vectors (n, d), whose, until which day."""

    newest: int
    vectors: NDArray[np.float32]
    people: NDArray[np.int64]
    expires: NDArray[np.int32]


class Rows:
    """What one transaction sees and changes; `now` is its time, in UTC."""

    def __init__(self, sqlite: sqlite3.Connection, now: datetime) -> None:
        self._sqlite = sqlite
        self.now = now

    @property
    def embedder(self) -> EmbedderIdentity:
        """Which embedder the gallery is bound to now; another process may have re-embedded it."""
        row = self._sqlite.execute("SELECT embedder, digest, dimension FROM gallery").fetchone()
        if row is None:
            raise stored.damaged(None, "the gallery's embedder")
        name, digest, dimension = row
        return EmbedderIdentity(stored.text(name), stored.text(digest), int(stored.real(dimension)))

    def bind(self, embedder: EmbedderIdentity) -> None:
        """Bind the gallery to another embedder; everybody's vectors count as changed."""
        self._sqlite.execute("INSERT INTO changes (person) SELECT number FROM people ORDER BY number")
        self._sqlite.execute(
            "UPDATE gallery SET embedder = ?, digest = ?, dimension = ?",
            (embedder.name, embedder.digest, embedder.dimension),
        )

    @property
    def erasure_due(self) -> bool:
        """Whether a deletion has not been followed by a complete rewrite of the file, for example after a crash."""
        return bool(self._number("SELECT erased < deletions FROM gallery"))

    # -- people ---------------------------------------------------------------------------------------------------

    def count_people(self) -> int:
        """How many people there are."""
        return self._number("SELECT count(*) FROM people")

    def people(self) -> list[PersonRow]:
        """Everybody, in the order of enrollment."""
        return self._people("ORDER BY people.number")

    def by_name(self, name: str) -> PersonRow | None:
        """Whoever has that name."""
        return next(iter(self._people("WHERE people.name = ?", name)), None)

    def by_id(self, person_id: str) -> PersonRow | None:
        """Whoever has that id."""
        return next(iter(self._people("WHERE people.id = ?", bytes.fromhex(person_id))), None)

    def at(self, number: int) -> Person:
        """The person of that number, who must exist."""
        return self._people("WHERE people.number = ?", number)[0].person

    def id_and_name(self, number: int) -> tuple[str, str]:
        """Of the person of that number, who must exist; quicker than all of it."""
        person_id, name = self._sqlite.execute("SELECT id, name FROM people WHERE number = ?", (number,)).fetchone()
        return stored.hexadecimal(person_id), stored.text(name)

    def add_person(self, person: ArchivedPerson) -> int:
        """Add a person without samples; returns the number."""
        cursor = self._sqlite.execute(
            "INSERT INTO people (name, consent, purpose, expires, id, created) VALUES (?, ?, ?, ?, ?, ?)",
            (*_terms(person), bytes.fromhex(person.id), person.created.isoformat()),
        )
        return int(cursor.lastrowid or 0)

    def write_person(self, row: PersonRow) -> None:
        """Write name, consent, purpose and expiry of somebody who is there."""
        self._sqlite.execute(
            "UPDATE people SET name = ?, consent = ?, purpose = ?, expires = ? WHERE number = ?",
            (*_terms(row.person), row.number),
        )

    def delete_person(self, row: PersonRow) -> None:
        """Delete a person with all samples and photos, and what the photos were called in which the person was met."""
        self._sqlite.execute("DELETE FROM log_sources WHERE person_id = ?", (_bytes(row.person.id),))
        self._sqlite.execute("DELETE FROM people WHERE number = ?", (row.number,))  # the rest goes by the cascade
        self._sqlite.execute("UPDATE gallery SET deletions = deletions + 1")

    # -- samples --------------------------------------------------------------------------------------------------

    def count_samples(self) -> int:
        """How many samples there are."""
        return self._number("SELECT count(*) FROM samples")

    def samples(self, person: int) -> list[SampleRow]:
        """A person's samples, in the order of enrollment."""
        return [_sample(row) for row in self._sqlite.execute(_SAMPLES, (person,))]

    def vectors(self, person: int) -> NDArray[np.float32]:
        """A person's vectors (n, d), in the same order."""
        rows = self._sqlite.execute("SELECT number, vector FROM samples WHERE person = ? ORDER BY number", (person,))
        numbers, blobs = list(zip(*rows, strict=True)) or ((), ())
        return self._sound(numbers, blobs, self.embedder.dimension)

    def photo(self, sample: int) -> bytes | None:
        """The kept photo of a sample."""
        row = self._sqlite.execute("SELECT content FROM photos WHERE sample = ?", (sample,)).fetchone()
        return row[0] if row else None

    def add_sample(self, person: int, sample: Sample, vector: NDArray[np.float32]) -> tuple[int, bool]:
        """The number of a person's sample of that vector, and whether it is new."""
        blob = stored.blob(vector)
        known = self._sqlite.execute(
            "SELECT number FROM samples WHERE person = ? AND vector = ? LIMIT 1", (person, blob)
        ).fetchone()
        if known:
            return known[0], False
        cursor = self._sqlite.execute(
            "INSERT INTO samples (person, vector, source, x1, y1, x2, y2, score, enrolled, photo_sha256) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(person, blob, sample.source, *sample.box, sample.score),
                *(sample.enrolled.isoformat(), _bytes(sample.photo_sha256)),
            ),
        )
        return int(cursor.lastrowid or 0), True

    def keep_photo(self, sample: int, content: bytes) -> bool:
        """Keep the photo of a sample that has none; whether it had none."""
        if self._sqlite.execute("SELECT 1 FROM photos WHERE sample = ?", (sample,)).fetchone():
            return False
        digest = hashlib.sha256(content).digest()
        self._sqlite.execute("INSERT INTO photos VALUES (?, ?)", (sample, content))
        self._sqlite.execute("UPDATE samples SET photo_sha256 = ? WHERE number = ?", (digest, sample))
        return True

    def replace_vector(self, sample: int, face: Face) -> None:
        """Replace vector, box and score of a sample by those of `face`."""
        self._sqlite.execute(
            "UPDATE samples SET vector = ?, x1 = ?, y1 = ?, x2 = ?, y2 = ?, score = ? WHERE number = ?",
            (stored.blob(face.embedding), *map(float, face.box), float(face.score), sample),
        )

    # -- for the search index -------------------------------------------------------------------------------------

    def newest_change(self) -> int:
        """Number of the last change to what a search may have loaded, other than additions."""
        return self._number("SELECT coalesce(max(number), 0) FROM changes")

    def changed_after(self, change: int) -> set[int]:
        """Numbers of the people who were forgotten, expire on another day or have other vectors since that change."""
        return {person for (person,) in self._sqlite.execute("SELECT person FROM changes WHERE number > ?", (change,))}

    def searched_after(self, sample: int) -> Iterator[Searched]:
        """All samples of higher numbers, a few thousand at a time."""
        return self._searched(_VECTORS_AFTER, sample)

    def searched_of(self, person: int, upto: int) -> Iterator[Searched]:
        """A person's samples of numbers up to that one."""
        return self._searched(_VECTORS_OF_PERSON, person, upto)

    def newest_person(self) -> int:
        """Number of the person who was enrolled last."""
        return self._number("SELECT coalesce(max(number), 0) FROM people")

    def last_days_after(self, person: int) -> Iterator[tuple[int, int]]:
        """How many people of higher numbers are matched until which day."""
        rows = self._sqlite.execute("SELECT expires, count(*) FROM people WHERE number > ? GROUP BY expires", (person,))
        return ((_ordinal(text), count) for text, count in rows)

    # -- the log --------------------------------------------------------------------------------------------------

    def append(
        self,
        event: Event,
        person_id: str | None = None,
        details: Mapping[str, object] | None = None,
        *,
        source: str | None = None,
    ) -> int:
        """Chain an entry to the newest one; returns its number.

        `details` hold no names, and `source`, the probe photo's, is forgotten together with the person.
        """
        newest = self._sqlite.execute("SELECT number, digest FROM log ORDER BY number DESC LIMIT 1").fetchone()
        number, previous = (newest[0], stored.hexadecimal(newest[1])) if newest else (0, records.CHAIN_START)
        text = json.dumps(plain(details or {}), sort_keys=True, allow_nan=False)
        link = records.Link(number + 1, self.now.isoformat(), event, person_id, text)
        self._sqlite.execute(
            "INSERT INTO log (number, time, event, person_id, details, digest) VALUES (?, ?, ?, ?, ?, ?)",
            (link.number, link.time, event, _bytes(person_id), text, bytes.fromhex(link.digest(previous))),
        )
        if source is not None and person_id is not None:
            self._sqlite.execute("INSERT INTO log_sources VALUES (?, ?, ?)", (link.number, _bytes(person_id), source))
        return link.number

    def log(self, *, last: int | None, person_id: str | None) -> list[LogEntry]:
        """The newest `last` entries (all if ``None``), of one person or of all, oldest first."""
        values = {"person": _bytes(person_id), "limit": -1 if last is None else last}
        return [
            LogEntry(
                number,
                stored.time(time),
                event,
                stored.optional(stored.hexadecimal, person),
                name,
                source,
                stored.details(details),
                stored.hexadecimal(digest),
            )
            for number, time, event, person, name, source, details, digest in self._sqlite.execute(_LOG, values)
        ][::-1]

    def check_log(self) -> LogCheck:
        """Follow the chain, and see that the triggers that guard the log are in place."""
        newest = self._sqlite.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone()
        found = records.check_chain(self._links(), newest=newest[0] if newest else 0)
        present = {name for (name,) in self._sqlite.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        missing = [name for name in stored.LOG_TRIGGERS if name not in present]
        if found.intact and missing:
            return LogCheck(found.entries, found.head, f"a guard of the log was removed: {', '.join(missing)}")
        return found

    # -- whether all of it is as it was written ---------------------------------------------------------------------

    def check(self) -> GalleryCheck:
        """Everything that is looked at: the log, the file, and all samples."""
        log = self.check_log()
        broken = [] if log.intact else [f"the log is not intact after {log.entries} entries: {log.problem}"]
        problems = (*broken, *self.file_problems(), *self.sample_problems())
        return GalleryCheck(log, self.count_people(), self.count_samples(), problems)

    def file_problems(self) -> Iterator[str]:
        """What SQLite finds wrong with the file: pages, indices, constraints, rows that belong to nobody."""
        for (found,) in self._sqlite.execute("PRAGMA integrity_check"):
            if found != "ok":
                yield f"the file is damaged: {shortened(str(found))}"
        for table, row, parent, _ in self._sqlite.execute("PRAGMA foreign_key_check"):
            yield f"row {row} of {table} belongs to nothing in {parent}"

    def sample_problems(self) -> Iterator[str]:
        """People without samples, and samples whose vector or kept photo cannot be what was enrolled."""
        faceless = "SELECT name FROM people WHERE NOT EXISTS (SELECT 1 FROM samples WHERE person = people.number)"
        for (name,) in self._sqlite.execute(faceless):
            yield f"there is no face of {quoted(stored.text(name))}"
        cursor, dimension = self._sqlite.execute(_VECTORS + "ORDER BY samples.number"), self.embedder.dimension
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            faults = stored.vectors([blob for *_, blob in rows], dimension)[1]
            yield from (self._named(rows[row][0], fault) for row, fault in faults.items())
        for name, source, digest, content in self._sqlite.execute(_PHOTOS):
            if not isinstance(content, bytes) or hashlib.sha256(content).digest() != digest:
                yield f"the kept photo {shortened(stored.text(source))} of {quoted(stored.text(name))} was changed"

    # -- from SQL -------------------------------------------------------------------------------------------------

    def _number(self, select: str) -> int:
        return int(self._sqlite.execute(select).fetchone()[0])

    def _people(self, where: str, *values: object) -> list[PersonRow]:
        return [_person(row, self.now.date()) for row in self._sqlite.execute(_PEOPLE + where, values)]

    def _searched(self, select: str, *values: int) -> Iterator[Searched]:
        cursor, dimension = self._sqlite.execute(select, values), self.embedder.dimension
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            numbers, people, expires, blobs = zip(*rows, strict=True)
            days = np.array([_ordinal(text) for text in expires], np.int32)
            vectors = self._sound(numbers, blobs, dimension)
            yield Searched(numbers[-1], vectors, np.array(people, np.int64), days)

    def _sound(self, numbers: Sequence[int], blobs: Sequence[object], dimension: int) -> NDArray[np.float32]:
        """The vectors of the samples of these numbers; not one is given out where any is damaged."""
        vectors, faults = stored.vectors(blobs, dimension)
        if faults:
            named = [self._named(numbers[row], fault) for row, fault in list(faults.items())[:_MOST_NAMED]]
            more = f" (and {len(faults) - len(named)} more)" if len(faults) > len(named) else ""
            message = (
                f"the gallery is damaged: {'; '.join(named)}{more}. Nobody is matched by a damaged vector, nor passed "
                "over in silence: restore a backup, or forget whoever is named and enroll them again; "
                "`facerec gallery check` names all"
            )
            raise DamagedGalleryError(message)
        return vectors

    def _named(self, sample: int, fault: str) -> str:
        name, place, source = self._sqlite.execute(_PLACE, (sample,)).fetchone()
        called = quoted(stored.text(name))
        return f"the vector of face {place} of {called} ({shortened(stored.text(source))}) {fault}"

    def _links(self) -> Iterator[tuple[records.Link, str]]:
        rows = self._sqlite.execute("SELECT number, time, event, person_id, details, digest FROM log ORDER BY number")
        for number, time, event, person, details, digest in rows:
            person_id = stored.optional(stored.hexadecimal, person)
            yield records.Link(number, time, event, person_id, details), stored.hexadecimal(digest)


def _terms(person: Person | ArchivedPerson) -> tuple[str | None, ...]:
    return person.name, person.consent, person.purpose, person.expires.isoformat() if person.expires else None


def _person(row: tuple, today: date) -> PersonRow:
    number, person_id, name, consent, purpose, expires, created, samples, photos = row
    last_day = stored.optional(stored.day, expires)
    person = Person(
        stored.hexadecimal(person_id),
        stored.text(name),
        consent,
        purpose,
        last_day,
        stored.time(created),
        samples,
        photos,
        expired=last_day is not None and last_day < today,
    )
    return PersonRow(number, person)


def _sample(row: tuple) -> SampleRow:
    number, source, left, top, right, bottom, score, enrolled, digest, kept = row
    sample = Sample(
        stored.text(source),
        (stored.real(left), stored.real(top), stored.real(right), stored.real(bottom)),
        stored.real(score),
        stored.time(enrolled),
        stored.optional(stored.hexadecimal, digest),
        bool(kept),
    )
    return SampleRow(number, sample)


def _bytes(identifier: str | None) -> bytes | None:
    return bytes.fromhex(identifier) if identifier is not None else None


def _ordinal(expires: object) -> int:
    last_day = stored.optional(stored.day, expires)
    return NEVER if last_day is None else last_day.toordinal()
