"""The values that a gallery hands out: people, samples, receipts and log entries.

They know nothing of the engine that stores them, so SQLite today and a server tomorrow give the same answers. All
are frozen and compare by value; vectors, which do not compare as a whole, are read separately.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

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

    Attributes
    ----------
    name : str
        As on the command line and in reports.
    digest : str
        SHA-256 (hex) of everything that changes the vectors.
    dimension : int
        Length of a vector.
    """

    name: str
    digest: str
    dimension: int

    def __str__(self) -> str:
        return f"{self.name} (digest {self.digest}, {self.dimension} dimensions)"


@dataclass(frozen=True)
class Person(Value):
    """Somebody who is enrolled.

    Attributes
    ----------
    id : str
        32 random hex digits; stays when the name changes, and is what the log knows the person by.
    name : str
        Unique in the gallery; trimmed and in Unicode normal form C.
    consent, purpose : str or None
        Where the consent is kept, and what the person is enrolled for.
    expires : date or None
        The last day (UTC) on which the person is matched.
    created : datetime
        When the person was first enrolled, UTC.
    samples, photos : int
        How many vectors are stored, and with how many of them the photo was kept.
    expired : bool
        Whether `expires` had passed when this value was read: the person is not matched any more.
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

    Attributes
    ----------
    source : str
        What the photo was called.
    box : tuple of float
        Left, top, right, bottom of the face in pixels of the photo.
    score : float
        The detector's confidence, 0 … 1.
    enrolled : datetime
        UTC.
    photo_sha256 : str or None
        Of the photo's bytes, where they were given.
    photo_kept : bool
        Whether the bytes themselves are in the gallery.
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

    Attributes
    ----------
    person : Person
        As stored afterwards.
    created : bool
        Whether the person is new.
    added : int
        How many samples are new.
    already_present : int
        How many of the given vectors the person already had; each is kept once.
    photos_kept : int
        How many photos were added, to new samples or to samples that had none.
    """

    person: Person
    created: bool
    added: int
    already_present: int
    photos_kept: int


@dataclass(frozen=True)
class ForgetReceipt(Value):
    """Proof that a person was forgotten; the only place where the name and the id in the log still meet.

    Attributes
    ----------
    person_id, name : str
        Who was forgotten.
    vectors, photos : int
        How many were deleted.
    forgotten : datetime
        UTC.
    gallery : str
        Which gallery says so.
    log_entry : int
        Number of the log entry.
    erased_from_file : bool
        True: the store holds the bytes no more. False: the person is deleted and never matched, but another process
        (or a full disk) kept the deleted bytes from being overwritten; `advice` says what finishes it.
    advice : str
        Empty if nothing is left to do.
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
    """Whether everything that was ever deleted is out of the store.

    Attributes
    ----------
    complete : bool
    advice : str
        What stood in the way and what to do; empty if `complete`.
    """

    complete: bool
    advice: str


@dataclass(frozen=True)
class LogEntry(Value):
    """One line of the append-only log.

    Attributes
    ----------
    number : int
        1, 2, 3 … without gaps.
    time : datetime
        UTC.
    event : str
        See `Event`.
    person_id : str or None
        Whom it concerns; ``None`` if the gallery as a whole.
    name : str or None
        What that person is called now; ``None`` once forgotten.
    source : str or None
        What the probe photo was called; forgotten together with the person, because it may hold the name.
    details : mapping
        What depends on the event. Of a decision: decision, score, threshold, target_fmr, data_set, gate, matcher (its
        text, with the gate that judged); of an enrollment: counts, gate, matcher; version 1 kept fewer.
    digest : str
        SHA-256 over this entry and the digest of the one before.
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

    Attributes
    ----------
    entries : int
        How many entries were found in order before the first problem.
    head : str
        Digest of the last of them. Written down elsewhere, it proves later that nothing up to here was rewritten.
    problem : str
        Empty if the log is intact.
    """

    entries: int
    head: str
    problem: str

    derived: ClassVar[tuple[str, ...]] = ("intact",)

    @property
    def intact(self) -> bool:
        """True iff no problem was found."""
        return not self.problem
