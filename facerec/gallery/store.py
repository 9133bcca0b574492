"""What a gallery must do, whatever stores it.

An engine (SQLite today) fulfils this contract and passes the tests in ``tests/gallery/test_contract.py``; nothing
outside ``facerec.gallery`` knows which engine it talks to. Every method checks its arguments before it changes
anything, changes everything or nothing, and has made the change durable when it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, UnknownPersonError
from facerec.gallery.records import (
    UNCHANGED,
    EmbedderIdentity,
    Enrollment,
    Erasure,
    ForgetReceipt,
    LogCheck,
    LogEntry,
    Person,
    Sample,
    Unchanged,
)
from facerec.quality import DEFAULT_GATE, QualityGate
from facerec.types import Embedder, Face, Faces, Identifications, OperatingPoint, Verification

if TYPE_CHECKING:
    import pandas as pd


class Gallery(Protocol):
    """A durable store of enrolled people, bound to one embedder.

    Usable from several threads; several processes may have the same gallery open, and each sees what the others
    enrolled from its next call on. Every method may raise `ClosedGalleryError`, `DamagedGalleryError`,
    `ReadOnlyGalleryError`, `FullDiskError` and `GalleryBusyError` besides the errors it names. A gallery is a
    collection of `Person`: ``len(gallery)``, ``"Ada" in gallery`` and ``for person in gallery`` mean what they say.
    """

    @property
    def embedder(self) -> EmbedderIdentity:
        """Which embedder made the vectors."""
        ...

    @property
    def erasure_due(self) -> bool:
        """Whether bytes of somebody who was forgotten may still stand in the store; `compact` erases them."""
        ...

    def close(self) -> None:
        """Release the store; closing twice is allowed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    # -- a collection of people -----------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many people are enrolled, the expired included."""
        ...

    def __contains__(self, name: object) -> bool:
        """Whether somebody of that name is enrolled, expired or not."""
        if not isinstance(name, str):
            return False
        try:
            self.person(name)
        except (UnknownPersonError, ArgumentError):
            return False
        return True

    def __iter__(self) -> Iterator[Person]:
        """Everybody, in the order of enrollment, as they were when the iteration began."""
        return iter(self.people())

    def to_frame(self) -> pd.DataFrame:
        """One row per person, in the order of enrollment; the columns are the fields of `Person`."""
        from dataclasses import asdict, fields

        import pandas as pd

        return pd.DataFrame([asdict(person) for person in self], columns=[field.name for field in fields(Person)])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    # -- who is enrolled ------------------------------------------------------------------------------------------

    def enroll(
        self,
        name: str,
        faces: Face | Sequence[Face],
        *,
        gate: QualityGate = DEFAULT_GATE,
        consent: str | None = None,
        purpose: str | None = None,
        expires: date | None = None,
        photos: Sequence[bytes] = (),
        keep_photos: bool = False,
    ) -> Enrollment:
        """Enroll a person, or add samples to one who is enrolled.

        Parameters
        ----------
        name : str
            Trimmed and brought to Unicode normal form C; at most 200 characters, all of them visible.
        faces : Face or sequence of Face
            One or several photos' faces of this one person.
        gate : QualityGate
            Judges every face by the measures that it carries; a face that was not measured does not pass.
            ``facerec.quality.NO_GATE`` leaves the gate out. The log keeps which one it was.
        consent, purpose : str, optional
            Where the consent is kept, what the person is enrolled for. ``None`` leaves what is stored.
        expires : date, optional
            The last day (UTC) on which the person is matched. ``None`` leaves what is stored.
        photos : sequence of bytes
            The photos' files, one per face, to record their SHA-256; none by default.
        keep_photos : bool
            Store the photos too, which re-embedding needs; they are forgotten with the person.

        Raises
        ------
        ArgumentError
            If the name, a text, the date, a face or a photo is not usable, or not one photo per face is given.
        ModelMismatchError
            If a face was embedded by another embedder.
        PoorQualityError
            If the gate holds a face back; the message names each, and nothing is stored.
        ExpiryPassedError
            If the expiry date has passed.
        ExpiredError
            If the person has expired and no new date is given.
        """
        ...

    def update(
        self,
        name: str,
        *,
        consent: str | Unchanged | None = UNCHANGED,
        purpose: str | Unchanged | None = UNCHANGED,
        expires: date | Unchanged | None = UNCHANGED,
    ) -> Person:
        """Change what is recorded about a person; ``None`` removes a field.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        ArgumentError
            If a text or the date is not usable.
        ExpiryPassedError
            If the new expiry date has passed.
        """
        ...

    def rename(self, name: str, new_name: str) -> Person:
        """Give a person another name; id, samples and log stay.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        ArgumentError
            If the new name is not usable.
        NameTakenError
            If somebody else has the new name.
        """
        ...

    def people(self) -> list[Person]:
        """Everybody who is enrolled, the expired included, in the order of enrollment."""
        ...

    def person(self, name: str) -> Person:
        """The person of that name.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        """
        ...

    def samples(self, name: str) -> list[Sample]:
        """What is kept about a person's faces, in the order of enrollment.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        """
        ...

    def vectors(self, name: str) -> NDArray[np.float32]:
        """A person's vectors, float32 (n, d), in the order of `samples`.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        """
        ...

    # -- decisions ------------------------------------------------------------------------------------------------

    def verify(self, name: str, face: Face, *, at: OperatingPoint, gate: QualityGate = DEFAULT_GATE) -> Verification:
        """Decide whether `face` is the person called `name`, and log the outcome.

        Parameters
        ----------
        name : str
            Who is claimed.
        face : Face
            The probe; compared with each of the person's samples, and the most alike one counts.
        at : OperatingPoint
            Whose threshold decides.
        gate : QualityGate
            As for `enroll`; a face that it holds back is ``undecided``, whatever its score.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        ModelMismatchError
            If the face or the operating point belongs to another embedder.
        ArgumentError
            If the face's vector or the gate is not usable.
        ExpiredError
            If the person has expired.
        """
        ...

    def identify(
        self, faces: Faces, *, at: OperatingPoint, top: int = 5, gate: QualityGate = DEFAULT_GATE
    ) -> Identifications:
        """Decide who each face is, or that it is nobody enrolled; log every match.

        A person's score is that of the most alike sample; expired people are passed over. The search is exact, and
        people with equal scores come in the order of enrollment. Where two people or more reach the threshold, the
        outcome is ``ambiguous`` and names nobody; each of those the search looked at (two, or `top`) gets a log entry
        ``ambiguous``, so that everybody's log shows where they were nearly found. No match, and nothing ambiguous, is
        reported unless it could be logged.

        Parameters
        ----------
        faces : Faces
            The probes of one photo; none gives no outcome.
        at : OperatingPoint
            Whose threshold decides.
        top : int
            How many candidates to report per face, ≥ 1.
        gate : QualityGate
            As for `enroll`; a face that it holds back is ``undecided``.

        Raises
        ------
        ModelMismatchError
            If the faces or the operating point belong to another embedder.
        ArgumentError
            If the vectors or the gate are not usable, or `top` is less than 1.
        """
        ...

    # -- forgetting -----------------------------------------------------------------------------------------------

    def forget(self, name: str) -> ForgetReceipt:
        """Delete a person with all vectors and photos, and erase the bytes from the store.

        Erasing rewrites the store, which takes seconds where it holds a million samples; `purge_expired` does it once
        for many people.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        """
        ...

    def purge_expired(self) -> list[ForgetReceipt]:
        """Forget everybody who has expired; one receipt per person."""
        ...

    def compact(self) -> Erasure:
        """Erase what earlier deletions left in the store, where another process stood in the way at the time."""
        ...

    # -- moving and renewing --------------------------------------------------------------------------------------

    def export_to(self, folder: str | Path) -> int:
        """Write everybody to a new folder (``facerec.gallery.archive``); returns how many people.

        Raises
        ------
        ArchiveError
            If the folder exists and is not empty, or cannot be written.
        """
        ...

    def import_from(self, folder: str | Path, *, merge: bool = False) -> list[Enrollment]:
        """Add everybody from an exported folder; ids, dates and vectors stay the same.

        Parameters
        ----------
        folder : path
            Made by `export_to`. All of it is checked before anything is written.
        merge : bool
            Add the samples of people who are enrolled already to those people, whose own record (name, consent,
            purpose, expiry) stays. By default such people are an error.

        Raises
        ------
        ModelMismatchError
            If the folder's vectors were made by another embedder.
        ArchiveError
            If the folder is incomplete, damaged or of a newer version.
        NameTakenError
            If somebody in it is enrolled already.
        """
        ...

    def reembed(self, embedder: Embedder, faces_of: Callable[[Sample, bytes], Face]) -> int:
        """Replace all vectors by those of another embedder, made from the kept photos; returns how many.

        Parameters
        ----------
        embedder : Embedder
            The gallery is bound to it afterwards.
        faces_of : callable
            Sample and photo bytes → the face of that photo, embedded by `embedder`. What it raises is passed on, and
            nothing is changed. It must not use this gallery.

        Raises
        ------
        PhotosNotKeptError
            If a photo was not kept; the message says whose.
        ModelMismatchError
            If `faces_of` returns a face of another embedder.
        ArgumentError
            If `faces_of` returns a face that is not usable.
        """
        ...

    # -- the log --------------------------------------------------------------------------------------------------

    def log(self, *, last: int | None = None, name: str | None = None) -> list[LogEntry]:
        """What was done when, oldest first.

        Parameters
        ----------
        last : int, optional
            Only the newest `last` entries.
        name : str, optional
            Only what concerns the person of that name.

        Raises
        ------
        UnknownPersonError
            If nobody of that name is enrolled.
        ArgumentError
            If `last` is negative.
        """
        ...

    def check_log(self) -> LogCheck:
        """Whether the log is the one that was written: no entry changed, removed, inserted or cut off."""
        ...
