"""What one transaction of a gallery reads and writes: rows as values, every change sealed and logged.

The same over every store. No decision and no rule about what may be enrolled is made here; but nothing is written past
it, so that the digests in the log always are those of the rows.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, DamagedGalleryError, GalleryKeyError
from facerec.gallery import sealing
from facerec.gallery.archive import ArchivedPerson
from facerec.gallery.history import History
from facerec.gallery.records import (
    EmbedderIdentity,
    Event,
    LogHead,
    Person,
    Sample,
)
from facerec.gallery.rows import (
    ChangeRow,
    LogRow,
    PersonRow,
    PhotoRow,
    RequestRow,
    Rows,
    SampleRow,
    Searchable,
    SourceRow,
)
from facerec.gallery.stored import (
    as_bytes,
    checked_vectors,
    damaged,
    id_bytes,
    iso_day,
    parsed,
    sample_of_row,
    time_of,
)
from facerec.types import Face, Matcher
from facerec.types.plain import plain
from facerec.visible_text import quoted, shortened, skeleton

_MOST_NAMED = 3
_ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False)
VERSION = 2
"""Of galleries whose log says what is in them."""


@dataclass(frozen=True)
class Charge:
    """Who asked for what is done, and why, as the log keeps it; empty where nobody said."""

    actor: str = ""
    reason: str = ""

    @property
    def details(self) -> dict[str, str]:
        """What of it was said."""
        return {name: said for name, said in (("actor", self.actor), ("reason", self.reason)) if said}


class Ledger:
    """One transaction over the rows of a gallery.

    `now` is its time (UTC): that of the clock, or of the newest log entry where that is later, since a clock that was
    set back must not bring anybody back who has expired. `key` is that of the log, where it has one.
    """

    def __init__(self, rows: Rows, now: datetime, *, charge: Charge = Charge(), key: bytes | None = None) -> None:
        self.rows = rows
        self._charge = charge
        self._key = key
        self._clock = now.astimezone(UTC)
        self._last_skeleton = ("", "")  # of a name: who is enrolled is first looked for
        self._end: LogHead | None = None  # of the log, once this transaction has written to it
        self.now = max(self._clock, self._newest_time())
        self.history = History(rows)

    def _newest_time(self) -> datetime:
        newest = next(self.rows.select(LogRow, newest=1), None)
        try:
            return self._clock if newest is None else time_of(newest.time)
        except DamagedGalleryError:
            return self._clock  # the check of the log says what is wrong with it, and must be able to run

    @property
    def behind(self) -> timedelta:
        """By how much the clock is behind the newest entry of the log."""
        return self.now - self._clock

    # -- the gallery itself ---------------------------------------------------------------------------------------

    @property
    def embedder(self) -> EmbedderIdentity:
        """Which embedder the gallery is bound to now; another process may have re-embedded it."""
        row = self.rows.gallery()
        return EmbedderIdentity(row.embedder, row.digest, row.dimension)

    def bind(self, embedder: EmbedderIdentity) -> None:
        """Bind the gallery to another embedder; everybody's vectors count as changed."""
        row = self.rows.gallery()
        self.rows.write_gallery(
            row._replace(embedder=embedder.name, digest=embedder.digest, dimension=embedder.dimension)
        )
        for person in self.rows.select(PersonRow):
            self._changed(person.number)

    @property
    def erasure_due(self) -> bool:
        """Whether a deletion has not been followed by an erasure of the whole store, for example after a crash."""
        row = self.rows.gallery()
        return row.erased < row.deletions

    def begin(self) -> None:
        """Write the first entries of a new log; those of a gallery that was begun are left alone."""
        if self.rows.last_number(LogRow) == 0:
            made = self.rows.gallery()
            details = {"embedder": made.embedder, "digest": made.digest, "gallery": uuid.uuid4().int}
            self.append("created", details={**details, "version": VERSION})
            self.rows.write_gallery(made._replace(sealed=1))

    def add_key(self, key: bytes) -> LogHead:
        """Make the digests of all further entries with `key`; the gallery has none so far."""
        self._key = key
        self.rows.write_gallery(self.rows.gallery()._replace(key_id=sealing.key_id(key)))
        self.append("keyed")
        return self.head()

    # -- people ---------------------------------------------------------------------------------------------------

    def people(self, *, after: int = 0, limit: int | None = None) -> list[Person]:
        """Everybody with a higher number than `after`, by number, at most `limit`."""
        if limit is not None and limit < 200:  # a page; counting everybody's faces would cost more
            return [self._person(row) for row in self.rows.select(PersonRow, after=after, limit=limit)]
        samples = self.rows.counts(SampleRow, "person")
        photos = self.rows.counts(SampleRow, "person", kept=1)
        return [
            self._value(row, samples.get(row.number, 0), photos.get(row.number, 0))
            for row in self.rows.select(PersonRow, after=after, limit=limit)
        ]

    def by_name(self, name: str) -> Person | None:
        """Whoever has that name."""
        return self._found(name=name)

    def by_id(self, person_id: str) -> Person | None:
        """Whoever has that id."""
        return self._found(id=bytes.fromhex(person_id))

    def at(self, number: int) -> Person:
        """The person of that number, who must exist."""
        return self._person(self._row(number))

    def id_and_name(self, number: int) -> tuple[str, str]:
        """Of the person of that number, who must exist; quicker than all of it."""
        row = self._row(number)
        return row.id.hex(), row.name

    def look_alikes(self, name: str) -> list[str]:
        """The names of others that look like this one, and are not the same."""
        return [row.name for row in self.rows.select(PersonRow, skeleton=self._skeleton(name)) if row.name != name]

    def _skeleton(self, name: str) -> str:
        if self._last_skeleton[0] != name:
            self._last_skeleton = name, skeleton(name)
        return self._last_skeleton[1]

    def look_alikes_since(self, number: int) -> Iterator[tuple[str, str]]:
        """Who came after that number and has a name that looks like another's; and whose."""
        several = self.rows.counts(PersonRow, "skeleton")
        for row in self.rows.select(PersonRow, after=number):
            if several[row.skeleton] > 1:
                others = self.rows.select(PersonRow, skeleton=row.skeleton)
                yield row.name, next(other.name for other in others if other.name != row.name)

    def add_person(self, person: ArchivedPerson) -> int:
        """Add a person without samples; returns the number."""
        row = PersonRow(
            number=0,
            id=bytes.fromhex(person.id),
            name=person.name,
            consent=person.consent,
            purpose=person.purpose,
            expires=iso_day(person.expires),
            created=person.created.isoformat(),
            skeleton=self._skeleton(person.name),
            salt=sealing.new_salt(),
        )
        return self.rows.insert(row)

    def write_person(self, person: Person) -> None:
        """Write name, consent, purpose and expiry of somebody who is there."""
        row = self._row(person.number)
        written = row._replace(
            name=person.name,
            consent=person.consent,
            purpose=person.purpose,
            expires=iso_day(person.expires),
            skeleton=self._skeleton(person.name),
            salt=sealing.new_salt(),
        )
        if written.expires != row.expires:
            self._changed(person.number)
        self.rows.update(written)

    def delete_person(self, person: Person) -> None:
        """Delete a person with all samples and photos, and what the photos were called in which the person was met."""
        for row in list(self.rows.select(SampleRow, person=person.number)):
            self.rows.delete(PhotoRow, number=row.number)
        self.rows.delete(SampleRow, person=person.number)
        self.rows.delete(SourceRow, person_id=bytes.fromhex(person.id))
        self.rows.delete(RequestRow, person=person.number)
        self.rows.delete(PersonRow, number=person.number)
        self._changed(person.number)
        self._deleted()

    def take_out(self, person: Person) -> None:
        """Delete somebody whose faces all went to somebody else."""
        self.rows.delete(RequestRow, person=person.number)
        self.rows.delete(PersonRow, number=person.number)

    def _changed(self, person: int) -> None:
        self.rows.insert(ChangeRow(0, person))

    def _deleted(self) -> None:
        row = self.rows.gallery()
        self.rows.write_gallery(row._replace(deletions=row.deletions + 1))

    # -- samples --------------------------------------------------------------------------------------------------

    def count_people(self) -> int:
        """How many people there are."""
        return self.rows.count(PersonRow)

    def count_samples(self) -> int:
        """How many samples there are."""
        return self.rows.count(SampleRow)

    def samples(self, person: int) -> list[Sample]:
        """A person's samples, in the order of enrollment."""
        return [sample_of_row(row) for row in self.rows.select(SampleRow, person=person)]

    def vectors(self, person: int) -> NDArray[np.float32]:
        """A person's vectors (n, d), in the same order."""
        return self._sound(list(self.rows.select(SampleRow, person=person)))

    def vectors_of(self, samples: Sequence[int]) -> NDArray[np.float32]:
        """The vectors (n, d) of the samples of these numbers, in their order."""
        return self._sound([self._sample_row(int(number)) for number in samples])

    def matchers(self, person: int) -> list[Matcher]:
        """What made a person's vectors, each once; of what version 1 enrolled it is not known."""
        texts = {row.matcher for row in self.rows.select(SampleRow, person=person) if row.matcher is not None}
        try:
            return [Matcher.parse(text) for text in sorted(texts)]
        except ArgumentError as error:
            raise damaged(texts, "a matcher") from error

    def photo(self, sample: int) -> bytes | None:
        """The kept photo of a sample."""
        return next((row.content for row in self.rows.select(PhotoRow, number=sample)), None)

    def add_sample(self, person: int, sample: Sample, vector: NDArray[np.float32]) -> int:
        """Add a sample to a person; returns the number. A photo of it is kept apart."""
        content = as_bytes(vector)
        salt = sealing.new_salt()
        left, top, right, bottom = sample.box
        row = SampleRow(
            number=0,
            person=person,
            vector=content,
            source=sample.source,
            x1=left,
            y1=top,
            x2=right,
            y2=bottom,
            score=sample.score,
            enrolled=sample.enrolled.isoformat(),
            photo_sha256=id_bytes(sample.photo_sha256),
            kept=0,
            matcher=sample.matcher,
            salt=salt,
            seal=sealing.seal(salt, content),
        )
        return self.rows.insert(row)

    def keep_photo(self, sample: int, content: bytes) -> bool:
        """Keep the photo of a sample that has none; whether it had none."""
        row = self._sample_row(sample)
        if row.kept:
            return False
        self.rows.insert(PhotoRow(sample, content))
        self.rows.update(row._replace(photo_sha256=hashlib.sha256(content).digest(), kept=1))
        return True

    def replace_vector(self, sample: int, face: Face) -> None:
        """Replace vector, box, score and matcher of a sample by those of `face`."""
        content, salt = as_bytes(face.embedding), sealing.new_salt()
        left, top, right, bottom = map(float, face.box)
        row = self._sample_row(sample)._replace(x1=left, y1=top, x2=right, y2=bottom, score=float(face.score))
        sealed = row._replace(vector=content, salt=salt, seal=sealing.seal(salt, content), matcher=face.matcher.text)
        self.rows.update(sealed)

    def move_samples(self, samples: Sequence[int], giver: int, receiver: int) -> None:
        """Make samples another person's."""
        for number in samples:
            self.rows.update(self._sample_row(number)._replace(person=receiver))
        self._changed(giver)
        self._changed(receiver)

    def bring_back(self, person_id: str) -> None:
        """Give somebody who was absorbed, and is added again, what stands beside their log entries."""
        holder = self.history.holder_of(person_id)
        if holder is not None:
            self.move_sources(holder, person_id, of=self.history.ids_of(person_id))

    def move_sources(self, holder: str, new: str, *, of: Collection[bytes] | None = None) -> None:
        """Let what stands beside the log be forgotten with `new`, not `holder`: all, or of entries about `of`."""
        for row in list(self.rows.select(SourceRow, person_id=bytes.fromhex(holder))):
            entry = self.entry(row.number)
            if of is None or (entry is not None and entry.person_id in of):
                self.rows.update(row._replace(person_id=bytes.fromhex(new)))

    def delete_samples(self, person: int, samples: Sequence[int]) -> None:
        """Delete samples with their photos."""
        for number in samples:
            self.rows.delete(PhotoRow, number=number)
            self.rows.delete(SampleRow, number=number)
        self._changed(person)
        self._deleted()

    # -- for the search index -------------------------------------------------------------------------------------

    def sound(self, part: Searchable, dimension: int) -> NDArray[np.float32]:
        """The vectors (n, d) of samples for the search index."""
        vectors, faults = checked_vectors(part.vectors, part.salts, part.seals, dimension)
        self._refuse(part.numbers, faults)
        return vectors

    def faults_of(self, rows: Sequence[SampleRow]) -> dict[int, str]:
        """Which samples' vectors, by place in `rows`, are damaged, and in what."""
        return self._checked(rows)[1]

    def _sound(self, rows: Sequence[SampleRow]) -> NDArray[np.float32]:
        vectors, faults = self._checked(rows)
        self._refuse([row.number for row in rows], faults)
        return vectors

    def _checked(self, rows: Sequence[SampleRow]) -> tuple[NDArray[np.float32], dict[int, str]]:
        salts, seals = [row.salt for row in rows], [row.seal for row in rows]
        return checked_vectors([row.vector for row in rows], salts, seals, self.embedder.dimension)

    def _refuse(self, numbers: Sequence[int], faults: Mapping[int, str]) -> None:
        """Not one vector is given out where any is damaged."""
        if faults:
            named = [self.named(numbers[row], fault) for row, fault in list(faults.items())[:_MOST_NAMED]]
            more = f" (and {len(faults) - len(named)} more)" if len(faults) > len(named) else ""
            message = (
                f"the gallery is damaged: {'; '.join(named)}{more}. Nobody is matched by a damaged vector, nor passed "
                "over in silence: restore a backup, or forget whoever is named and enroll them again; "
                "`facerec gallery check` names all"
            )
            raise DamagedGalleryError(message)

    def named(self, sample: int, fault: str) -> str:
        """A fault of a sample's vector in words: whose, which, and what is wrong."""
        row = self._sample_row(sample)
        person = next((each.name for each in self.rows.select(PersonRow, number=row.person)), "nobody")
        place = sum(1 for _ in self.rows.select(SampleRow, person=row.person, upto=sample))
        return f"the vector of face {place} of {quoted(person)} ({shortened(row.source)}) {fault}"

    # -- the log --------------------------------------------------------------------------------------------------

    def append(
        self,
        event: Event,
        person: Person | str | None = None,
        details: Mapping[str, object] | None = None,
        *,
        aside: str | None = None,
        charge: Charge | None = None,
    ) -> int:
        """Chain an entry to the newest one; returns its number.

        `details` hold nothing personal. What is stands `aside`, and is forgotten together with the person: what the
        probe photo was called, or from what to what the person's terms were changed (``terms.py``). An entry about
        a `Person` says what of them is stored now; about an id, that they were concerned. `charge` says who asked for
        this, by default for all of the transaction.
        """
        head = self.rows.gallery()
        if head.key_id is not None and (self._key is None or sealing.key_id(self._key) != head.key_id):
            message = "the log of this gallery is kept with a key; nothing was changed. Open the gallery with its key"
            raise GalleryKeyError(message)
        number, previous = self._after()
        person_id = id_bytes(person.id if isinstance(person, Person) else person)
        noted = None
        if aside is not None and person_id is not None:
            noted = SourceRow(number, person_id, aside, sealing.new_salt())
        row = LogRow(
            number=number,
            time=self.now.isoformat(),
            event=event,
            person_id=person_id,
            details=_ENCODER.encode({**plain(details or {}), **(charge or self._charge).details}),
            digest=b"",
            contents=self._contents(person.number) if isinstance(person, Person) else None,
            source_digest=None if noted is None else sealing.source_digest(noted),
        )
        key = self._key if head.key_id is not None else None
        self._end = LogHead(number, sealing.entry_digest(row, previous, key))
        self.rows.insert(row._replace(digest=bytes.fromhex(self._end.digest)))
        if noted is not None:
            self.rows.insert(noted)
        return number

    def _after(self) -> tuple[int, str]:
        """The number of the next entry, and the digest of the one before."""
        if self._end is not None:  # nobody else writes during this transaction
            return self._end.entries + 1, self._end.digest
        newest = next(self.rows.select(LogRow, newest=1), None)
        # After the highest number that was ever given: where the end was cut off, a gap stays and shows.
        number = max(self.rows.last_number(LogRow), newest.number if newest else 0) + 1
        return number, newest.digest.hex() if newest else sealing.CHAIN_START

    def _contents(self, person: int) -> bytes | None:
        record = sealing.record_digest(self._row(person))
        faces = sealing.faces_digest(self.rows.select(SampleRow, person=person))
        return record + faces if record and faces else None

    def head(self) -> LogHead:
        """Where the log ends."""
        if self._end is not None:
            return self._end
        newest = next(self.rows.select(LogRow, newest=1))
        return LogHead(newest.number, newest.digest.hex())

    def entry(self, number: int) -> LogRow | None:
        """The log entry of that number, as it is stored."""
        return next(self.rows.select(LogRow, number=number), None)

    # -- from rows ------------------------------------------------------------------------------------------------

    def _row(self, number: int) -> PersonRow:
        found = next(self.rows.select(PersonRow, number=number), None)
        if found is None:
            raise damaged(number, "the number of somebody who is enrolled")
        return found

    def _sample_row(self, number: int) -> SampleRow:
        found = next(self.rows.select(SampleRow, number=number), None)
        if found is None:
            raise damaged(number, "the number of a face that is enrolled")
        return found

    def _found(self, **equal: object) -> Person | None:
        row = next(self.rows.select(PersonRow, **equal), None)  # type: ignore[arg-type]
        return None if row is None else self._person(row)

    def _person(self, row: PersonRow) -> Person:
        kept = self.rows.counts(SampleRow, "kept", person=row.number)
        return self._value(row, sum(kept.values()), sum(count for value, count in kept.items() if value))

    def _value(self, row: PersonRow, samples: int, photos: int) -> Person:
        last_day = None if row.expires is None else parsed(row.expires, date.fromisoformat, "a date")
        expired = last_day is not None and last_day < self.now.date()
        terms = (row.name, row.consent, row.purpose, last_day, time_of(row.created))
        return Person(row.number, row.id.hex(), *terms, samples, photos, expired)
