"""The values that a gallery hands out: people, samples, receipts and log entries.

They know nothing of the engine that stores them. All are frozen and compare by value; vectors, which do not compare as
a whole, are read separately.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

from facerec.errors import ArgumentError
from facerec.gallery.doubts import Doubt
from facerec.types.plain import Value
from facerec.types.reading import read_value
from facerec.visible_text import quoted

Event: TypeAlias = Literal[
    "created",
    "sealed",
    "keyed",
    "enrolled",
    "updated",
    "renamed",
    "matched",
    "ambiguous",
    "verified",
    "removed",
    "gave",
    "received",
    "absorbed",
    "forgotten",
    "exported",
    "imported",
    "reembedded",
    "backed_up",
    "copied",
    "restored",
]
"""What the log can say. ``sealed``: somebody of a gallery of version 1 got digests; ``keyed``: from this entry on the
log has a key; ``matched``: a probe was identified as this person; ``ambiguous``: it could have been this person or
another, each of whom gets an entry, and nobody was named; ``verified``: a claim to be this person was decided, either
way; ``removed``: some of a person's photos were; ``gave`` and ``received``: faces went from one person to another;
``absorbed``: all of them did, and who gave them is in the gallery no more."""

LEFT: Final[tuple[Event, ...]] = ("forgotten", "absorbed")
"""The events after which somebody is in the gallery no more."""


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
class PersonId(Value):
    """Stands for a person wherever a gallery takes a name: who it is stays the same when the name changes.

    `id` is that of `Person`; `ArgumentError` if it is not 32 hexadecimal digits.
    """

    id: str

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch("[0-9a-f]{32}", self.id):
            message = f"the id of a person is 32 hexadecimal digits, as Person.id; got {quoted(self.id)}"
            raise ArgumentError(message)


Who: TypeAlias = str | PersonId
"""A person of a gallery: the name, or the id."""


@dataclass(frozen=True)
class Person(Value):
    """Somebody who is enrolled.

    `number` counts up in the order of enrollment and is never given again. `id`, 32 random hex digits, stays when the
    name changes, and is what the log knows the person by; `name` is unique
    in the gallery, trimmed and in Unicode normal form C. `consent` says where the consent is kept, `purpose` what the
    person is enrolled for. `expires` is the last day (UTC) on which the person is matched, `created` when (UTC) the
    person was first enrolled; `samples` vectors are stored, with `photos` of them the photo. `expired`: that day had
    passed when this value was read, and the person is not matched any more.
    """

    number: int
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

    `number` is what the gallery calls it; numbers are never given again. `source` is what the photo was called; `box`
    the left, top, right and bottom of the face in pixels of the photo; `score` the detector's confidence, 0 … 1;
    `enrolled` in UTC. `photo_sha256` is that of the photo's bytes, where they were given; `photo_kept` says whether the
    bytes themselves are in the gallery. `matcher` is the text of what made the vector and judged the face, ``None`` for
    what version 1 enrolled.
    """

    number: int
    source: str
    box: tuple[float, float, float, float]
    score: float
    enrolled: datetime
    photo_sha256: str | None
    photo_kept: bool
    matcher: str | None


@dataclass(frozen=True)
class TermChange(Value):
    """That what is recorded under a `term` (``consent``, ``purpose``, ``expires``) was `former` and is `now`.

    ``None``: nothing. Days are ISO 8601 text.
    """

    term: str
    former: str | None
    now: str | None

    derived: ClassVar[tuple[str, ...]] = ("text",)

    @property
    def text(self) -> str:
        """The change in a few words, such as ``consent 'form 17' → 'form 18'``."""
        was, new = ("none" if each is None else quoted(each) for each in (self.former, self.now))
        return f"{self.term} {was} → {new}"


@dataclass(frozen=True)
class Enrollment(Value):
    """What enrolling (or importing) one person did.

    `person` is as stored afterwards, and `created` says whether new; `added` samples are new, and `already_present` of
    the given faces the person already had: the same place in the same photo, or the same vector but for rounding, is
    kept once. `photos_kept` photos were added, to new samples or to samples that had none. `log_entry` is the number of
    the entry in the log and `head` its digest, which proves later that nothing up to there was rewritten. `doubts` is
    what may be wrong with the faces, ``None`` where nobody looked; `notes` what there is to say of the photos, as
    `Face.notes`. `replaced` is what was recorded of the person until then, and of an archive's people what was recorded
    there, and what is now; the log keeps it. An answer that is given again under a key has none of the three.
    """

    person: Person
    created: bool
    added: int
    already_present: int
    photos_kept: int
    log_entry: int
    head: str
    doubts: tuple[Doubt, ...] | None = None
    notes: tuple[str, ...] = ()
    replaced: tuple[TermChange, ...] = ()


@dataclass(frozen=True)
class MadeCopy(Value):
    """A copy of the gallery outside of it: what kind, the number of its log entry, and when it was made (UTC)."""

    kind: Literal["exported", "backed_up", "copied", "restored"]
    log_entry: int
    made: datetime


@dataclass(frozen=True)
class ForgetReceipt(Value):
    """Proof that a person was forgotten; the only place where the name and the id in the log still meet.

    So many `vectors` and `photos` were deleted, at the time `forgotten` (UTC), from `gallery`, as the entry of its log
    with the number `log_entry` and the digest `head` says. `copies` are the exports and backups that were made while
    the person was enrolled, and still hold them wherever they are kept. Where `erased_from_file`, the store holds the
    bytes no more. Else the person is deleted and never matched, but another process (or a full disk) kept the deleted
    bytes from being overwritten; `advice`, empty if nothing is left to do, says what finishes it.
    """

    person_id: str
    name: str
    vectors: int
    photos: int
    forgotten: datetime
    gallery: str
    log_entry: int
    head: str
    copies: tuple[MadeCopy, ...]
    erased_from_file: bool
    advice: str


@dataclass(frozen=True)
class RemovalReceipt(Value):
    """Proof that some of a person's faces were removed, with their photos; fields as in `ForgetReceipt`.

    `person` is as stored afterwards; the faces of the numbers `samples` are gone.
    """

    person: Person
    samples: tuple[int, ...]
    removed: datetime
    gallery: str
    log_entry: int
    head: str
    copies: tuple[MadeCopy, ...]
    erased_from_file: bool
    advice: str


@dataclass(frozen=True)
class Transfer(Value):
    """Faces that went from one person to another, and all that is needed to send them back (`Gallery.undo`).

    `samples` are their numbers. `giver` and `receiver` are as they were before; `receiver` is ``None`` where they were
    made a person of their own. `giver_after` and `receiver_after` are as stored afterwards; `giver_after` is ``None``
    where all faces went, and the giver is in the gallery no more. `log_entry` is the number of the last entry about it
    and `head` its digest.
    """

    samples: tuple[int, ...]
    giver: Person
    receiver: Person | None
    giver_after: Person | None
    receiver_after: Person
    log_entry: int
    head: str

    @classmethod
    def from_dict(cls, content: object) -> Transfer:
        """Read what `to_dict` gave, from a receipt's file; `ArgumentError` if it is something else."""
        try:
            found = read_value(cls, content, "the receipt")
        except ArgumentError as error:
            message = f"this is no receipt of faces that went to another person: {error}"
            raise ArgumentError(message) from error
        people = [each for each in (found.giver, found.receiver, found.giver_after, found.receiver_after) if each]
        whole = all(0 < number < 1 << 63 for number in (found.log_entry, *found.samples)) and all(
            re.fullmatch("[0-9a-f]{32}", each.id) and each.created.tzinfo for each in people
        )
        if not whole:
            message = "this is no receipt of faces that went to another person: a number, an id or a time is none"
            raise ArgumentError(message)
        return found


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
    gate that judged), the look where it was not the first, and what ran the networks where it was not torch; of an
    enrollment: counts, gate, matcher, how many faces were found at which other look, and what ran the networks; version
    1 kept fewer. `digest` is the SHA-256 over this entry and the digest of the one before. `changes`, of an entry that
    changed somebody's terms, say from what to what (earlier versions did not keep it), and of an import what the
    archive had recorded and what is recorded here; they are forgotten together with the person.
    """

    number: int
    time: datetime
    event: str
    person_id: str | None
    name: str | None
    source: str | None
    details: Mapping[str, object]
    digest: str
    changes: tuple[TermChange, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))


@dataclass(frozen=True)
class LogHead(Value):
    """Where the log of a gallery ended at some time: how many entries it had, and the digest of the last one.

    Noted outside the gallery it proves later that the gallery is not an older copy of itself, and that nothing in its
    log up to there was rewritten: ``Gallery.check(against=...)``.

    >>> LogHead.parse("2:" + "ab" * 32).entries
    2
    """

    entries: int
    digest: str

    def __str__(self) -> str:
        return f"{self.entries}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> LogHead:
        """Read what ``str()`` gives; `ArgumentError` if it is something else."""
        found = re.fullmatch(r"([1-9]\d{0,17}):([0-9a-f]{64})", text.strip()) if isinstance(text, str) else None
        if found is None:
            message = (
                f"a head of a log is the number of an entry, a colon and 64 hexadecimal digits; got {quoted(text)}. "
                "`facerec gallery head` shows one"
            )
            raise ArgumentError(message)
        return cls(int(found[1]), found[2])

    @classmethod
    def read(cls, text: str) -> LogHead:
        """One that was written down in any form: as `parse`, or in the JSON of a receipt, a backup or a check."""
        if not isinstance(text, str) or not text.lstrip().startswith("{"):
            return cls.parse(text)
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            message = f"this is no head of a log, and no JSON that holds one: {error}"
            raise ArgumentError(message) from error
        given = given["log"] if isinstance(given.get("log"), dict) else given  # of a check of the whole gallery
        entries = next((given[each] for each in ("entries", "log_entry", "log_entries") if each in given), None)
        return cls.parse(f"{entries}:{given.get('digest', given.get('head'))}")


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
    none, holds one line for each thing found, the log's first: heads that the log does not have, what the engine finds
    wrong with its store, damaged vectors and changed photos by person and photo, people and faces that are not as the
    log says. `unproven`, empty if all is proven, says what of the contents the log says nothing about. `erasure_due`:
    bytes of somebody who was forgotten may still stand in the store.
    """

    log: LogCheck
    people: int
    samples: int
    problems: tuple[str, ...]
    unproven: str
    erasure_due: bool

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
