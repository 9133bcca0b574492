"""The values that a gallery hands out: people, samples, receipts and log entries, and the chain of the log's digests.

They know nothing of the engine that stores them. All are frozen and compare by value; vectors, which do not compare as
a whole, are read separately.

The chain makes a rewritten log show: each entry's digest covers its own fields and the digest of the entry before, so
whoever changes, removes or inserts an entry would have to write all later digests anew. Whoever can write the file can
do even that; a head digest noted down elsewhere (a receipt, a printed report) shows it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

from facerec.gallery.doubts import Doubt
from facerec.types.plain import Value

Event: TypeAlias = Literal[
    "created",
    "enrolled",
    "updated",
    "renamed",
    "matched",
    "ambiguous",
    "verified",
    "forgotten",
    "exported",
    "imported",
    "reembedded",
    "backed_up",
    "restored",
]
"""What the log can say. ``matched``: a probe was identified as this person; ``ambiguous``: it could have been this
person or another, each of whom gets an entry, and nobody was named; ``verified``: a claim to be this person was
decided, either way."""


class Unchanged(Enum):
    """The type of `UNCHANGED`."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
"""Leave this field as it is; ``None`` says that there is none (no consent reference, no purpose, no expiry)."""


@dataclass(frozen=True)
class EmbedderIdentity(Value):
    """Which embedder made a gallery's vectors.

    `name` is as on the command line and in reports, `digest` the SHA-256 (hex) of everything that changes the vectors,
    `dimension` the length of a vector.
    """

    name: str
    digest: str
    dimension: int

    def __str__(self) -> str:
        return f"{self.name} (digest {self.digest}, {self.dimension} dimensions)"


@dataclass(frozen=True)
class Person(Value):
    """Somebody who is enrolled.

    `id`, 32 random hex digits, stays when the name changes, and is what the log knows the person by; `name` is unique
    in the gallery, trimmed and in Unicode normal form C. `consent` says where the consent is kept, `purpose` what the
    person is enrolled for. `expires` is the last day (UTC) on which the person is matched, `created` when (UTC) the
    person was first enrolled; `samples` vectors are stored, with `photos` of them the photo. `expired`: that day had
    passed when this value was read, and the person is not matched any more.
    """

    id: str
    name: str
    consent: str | None
    purpose: str | None
    expires: date | None
    created: datetime
    samples: int
    photos: int
    expired: bool


@dataclass(frozen=True)
class Sample(Value):
    """What is kept about one enrolled face, besides its vector.

    `source` is what the photo was called; `box` the left, top, right and bottom of the face in pixels of the photo;
    `score` the detector's confidence, 0 … 1; `enrolled` in UTC. `photo_sha256` is that of the photo's bytes, where they
    were given; `photo_kept` says whether the bytes themselves are in the gallery.
    """

    source: str
    box: tuple[float, float, float, float]
    score: float
    enrolled: datetime
    photo_sha256: str | None
    photo_kept: bool


@dataclass(frozen=True)
class Enrollment(Value):
    """What enrolling (or importing) one person did.

    `person` is as stored afterwards, and `created` says whether new; `added` samples are new, and `already_present` of
    the given vectors the person already had: each is kept once. `photos_kept` photos were added, to new samples or to
    samples that had none. `doubts` is what may be wrong with the faces, ``None`` where nobody looked.
    """

    person: Person
    created: bool
    added: int
    already_present: int
    photos_kept: int
    doubts: tuple[Doubt, ...] | None = None


@dataclass(frozen=True)
class ForgetReceipt(Value):
    """Proof that a person was forgotten; the only place where the name and the id in the log still meet.

    So many `vectors` and `photos` were deleted, at the time `forgotten` (UTC), from `gallery`, as the entry of its log
    with the number `log_entry` says. Where `erased_from_file`, the store holds the bytes no more. Else the person is
    deleted and never matched, but another process (or a full disk) kept the deleted bytes from being overwritten;
    `advice`, empty if nothing is left to do, says what finishes it.
    """

    person_id: str
    name: str
    vectors: int
    photos: int
    forgotten: datetime
    gallery: str
    log_entry: int
    erased_from_file: bool
    advice: str


@dataclass(frozen=True)
class Erasure(Value):
    """Whether all that was ever deleted is out of the store; else `advice` says what stood in the way, what to do."""

    complete: bool
    advice: str


@dataclass(frozen=True)
class LogEntry(Value):
    """One line of the append-only log.

    `number` counts 1, 2, 3 … without gaps; `time` is in UTC; for `event` see `Event`. `person_id` says whom it
    concerns, ``None``: the gallery as a whole; `name` what that person is called now, ``None`` once forgotten; `source`
    what the probe photo was called, forgotten together with the person, because it may hold the name. `details` depend
    on the event. Of a decision: decision, score, threshold, target_fmr, data_set, gate, matcher (its text, with the
    gate that judged), and the look where it was not the first; of an enrollment: counts, gate, matcher, and how many
    faces were found at which other look; version 1 kept fewer. `digest` is the SHA-256 over this
    entry and the digest of the one before.
    """

    number: int
    time: datetime
    event: str
    person_id: str | None
    name: str | None
    source: str | None
    details: Mapping[str, object]
    digest: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))


@dataclass(frozen=True)
class LogCheck(Value):
    """Whether the log is the one that was written.

    `entries` were found in order before the first `problem`, which is empty if the log is intact. `head` is the digest
    of the last of them: written down elsewhere, it proves later that nothing up to here was rewritten.
    """

    entries: int
    head: str
    problem: str

    derived: ClassVar[tuple[str, ...]] = ("intact",)

    @property
    def intact(self) -> bool:
        """True iff no problem was found."""
        return not self.problem


@dataclass(frozen=True)
class GalleryCheck(Value):
    """Whether a gallery is as it was written, so far as that can be told from the gallery alone.

    `log` is whether the log is; `samples` and `people` say how many were looked at. `problems`, empty if there are
    none, holds one line for each thing found, the log's first: what SQLite finds wrong with the file, damaged vectors
    and changed photos by person and photo, people without faces.
    """

    log: LogCheck
    people: int
    samples: int
    problems: tuple[str, ...]

    derived: ClassVar[tuple[str, ...]] = ("intact",)

    @property
    def intact(self) -> bool:
        """True iff no problem was found."""
        return not self.problems


@dataclass(frozen=True)
class Backup(Value):
    """A copy of a gallery that was written, and found whole when it was read again.

    It stands in the file `file`, holds so many `people` and `samples`, and a log of so many `log_entries` that ends
    with the digest `head`. `sha256` is of the file as it was written: noted elsewhere, it proves later that the backup
    is the same. `note`, empty if there is nothing to say, tells what may be missing from what was copied.
    """

    file: str
    people: int
    samples: int
    log_entries: int
    head: str
    sha256: str
    note: str


CHAIN_START = "0" * 64
"""What stands in for the digest before the first entry."""


@dataclass(frozen=True)
class Link:
    """The fields of a log entry that its digest covers, as they are stored: time in ISO 8601, UTC; details in JSON."""

    number: int
    time: str
    event: str
    person_id: str | None
    details: str

    def digest(self, previous: str) -> str:
        """SHA-256 (hex) over the digest of the entry before and this entry's fields."""
        fields = [previous, self.number, self.time, self.event, self.person_id, self.details]
        return hashlib.sha256(json.dumps(fields, ensure_ascii=True).encode("ascii")).hexdigest()


def check_chain(links: Iterable[tuple[Link, str]], *, newest: int) -> LogCheck:
    """Follow the chain through all entries, each with its stored digest.

    `newest` is the highest number that was ever given; fewer entries mean that the end was cut off.
    """
    head, count = CHAIN_START, 0
    for link, stored in links:
        if link.number != count + 1:
            return LogCheck(count, head, f"entry {count + 1} is missing; entry {link.number} follows {count}")
        digest = link.digest(head)
        if digest != stored:
            return LogCheck(
                count, head, f"entry {link.number} or the one before it was changed: its digest does not fit"
            )
        head, count = digest, link.number
    if count != newest:
        return LogCheck(count, head, f"{newest} entries were written, but the log ends at entry {count}")
    return LogCheck(count, head, "")
