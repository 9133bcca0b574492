"""The gallery in one SQLite file: what each call reads and writes, in which transaction.

The file is the truth, the search index in memory is disposable. Rules, decisions and archives are shared with other
engines; SQL stands in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from sqlite3 import Connection as Sqlite
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, GalleryError
from facerec.gallery import archive, decide, rules
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
from facerec.gallery.sqlite import (
    deciding,
    enrolling,
    erasure,
    forgetting,
    journal,
    moving,
    opening,
    people,
    samples,
    schema,
)
from facerec.gallery.sqlite.loading import LoadedIndex
from facerec.gallery.sqlite.people import Row as PersonRow
from facerec.gallery.store import Gallery
from facerec.quality import DEFAULT_GATE, QualityGate
from facerec.types import Embedder, Face, Faces, Identifications, OperatingPoint, Verification
from facerec.visible_text import quoted, shortened


class SqliteGallery(Gallery):
    """The `facerec.gallery.Gallery` contract over one SQLite file; each method as documented there.

    Parameters
    ----------
    path : path
        The file; created if there is none and an embedder is given.
    embedder : Embedder, optional
        Must be the one that the gallery is bound to.
    wait : float
        Seconds to wait for other processes, ≥ 0.
    clock : callable
        Gives the present time in UTC.

    Raises
    ------
    ArgumentError
        If `wait` is negative.
    ModelMismatchError
        If the gallery is bound to another embedder.
    MissingGalleryError, NotAGalleryError, NewerGalleryError
        If there is no such gallery, or the file is not one.
    """

    def __init__(
        self, path: str | Path, embedder: Embedder | None, *, wait: float, clock: Callable[[], datetime]
    ) -> None:
        if not wait >= 0:
            message = f"wait must be a number of seconds, 0 or more; got {quoted(wait)}"
            raise ArgumentError(message)
        if "\0" in str(path):
            message = f"no file can have a name with a null character in it; got {quoted(str(path))}"
            raise ArgumentError(message)
        self._path = Path(path)
        self._clock = clock
        self._index = LoadedIndex()
        wanted = rules.identity(embedder) if embedder is not None else None
        self._connection = opening.open_file(self._path, wanted, wait=wait, time=self._now().isoformat())

    def __repr__(self) -> str:
        called = f"gallery {shortened(self._path)}"
        try:
            with self._connection.reading() as sqlite:
                enrolled, faces, embedder = people.count(sqlite), samples.count(sqlite), schema.identity(sqlite).name
        except GalleryError as error:  # a debugger shows what is closed or damaged, too
            return f"<{called}: {error.code}>"
        several = f"{enrolled:,} person" if enrolled == 1 else f"{enrolled:,} people"
        return f"<{called}: {several}, {faces:,} face{'' if faces == 1 else 's'} embedded by {embedder}>"

    def __len__(self) -> int:
        """How many people are enrolled, the expired included."""
        with self._connection.reading() as sqlite:
            return people.count(sqlite)

    @property
    def embedder(self) -> EmbedderIdentity:
        """See `Gallery.embedder`."""
        with self._connection.reading() as sqlite:
            return schema.identity(sqlite)

    @property
    def erasure_due(self) -> bool:
        """See `Gallery.erasure_due`."""
        with self._connection.reading() as sqlite:
            return erasure.is_due(sqlite)

    def close(self) -> None:
        """See `Gallery.close`."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
        """See `Gallery.enroll`."""
        name = rules.person_name(name)
        consent, purpose = rules.optional_text("consent", consent), rules.optional_text("purpose", purpose)
        rules.check_not_past(rules.expiry(expires), today=self._today(), name=name)
        with self._connection.writing() as sqlite:
            several = rules.faces_to_enroll(faces, schema.identity(sqlite))
            rules.check_quality(several, gate, name=name)
            contents = rules.photos_to_enroll(photos, len(several), keep_photos=keep_photos)
            return enrolling.enroll(
                sqlite,
                name,
                several,
                contents,
                gate,
                keep_photos=keep_photos,
                consent=consent,
                purpose=purpose,
                expires=expires,
                now=self._now(),
            )

    def update(
        self,
        name: str,
        *,
        consent: str | Unchanged | None = UNCHANGED,
        purpose: str | Unchanged | None = UNCHANGED,
        expires: date | Unchanged | None = UNCHANGED,
    ) -> Person:
        """See `Gallery.update`."""
        with self._connection.writing() as sqlite:
            row = self._need(sqlite, name)
            person = row.person
            if not isinstance(expires, Unchanged):
                rules.check_not_past(rules.expiry(expires), today=self._today(), name=person.name)
            enrolling.update(
                sqlite,
                row,
                consent=person.consent if isinstance(consent, Unchanged) else rules.optional_text("consent", consent),
                purpose=person.purpose if isinstance(purpose, Unchanged) else rules.optional_text("purpose", purpose),
                expires=person.expires if isinstance(expires, Unchanged) else expires,
                now=self._now(),
            )
            return self._need(sqlite, name).person

    def rename(self, name: str, new_name: str) -> Person:
        """See `Gallery.rename`."""
        new_name = rules.person_name(new_name)
        with self._connection.writing() as sqlite:
            enrolling.rename(sqlite, self._need(sqlite, name), new_name, now=self._now())
            return self._need(sqlite, new_name).person

    def people(self) -> list[Person]:
        """See `Gallery.people`."""
        with self._connection.reading() as sqlite:
            return [row.person for row in people.everybody(sqlite, today=self._today())]

    def person(self, name: str) -> Person:
        """See `Gallery.person`."""
        with self._connection.reading() as sqlite:
            return self._need(sqlite, name).person

    def samples(self, name: str) -> list[Sample]:
        """See `Gallery.samples`."""
        with self._connection.reading() as sqlite:
            return [row.sample for row in samples.of_person(sqlite, self._need(sqlite, name).number)]

    def vectors(self, name: str) -> NDArray[np.float32]:
        """See `Gallery.vectors`."""
        with self._connection.reading() as sqlite:
            dimension = schema.identity(sqlite).dimension
            return samples.vectors_of_person(sqlite, self._need(sqlite, name).number, dimension)

    # -- decisions ------------------------------------------------------------------------------------------------

    def verify(self, name: str, face: Face, *, at: OperatingPoint, gate: QualityGate = DEFAULT_GATE) -> Verification:
        """See `Gallery.verify`."""
        with self._connection.writing() as sqlite:
            embedder = schema.identity(sqlite)
            rules.check_face(face, embedder)
            terms = decide.Terms.of(at, gate, face.matcher)
            return deciding.verify(sqlite, self._need(sqlite, name), face, terms, embedder=embedder, now=self._now())

    def identify(
        self, faces: Faces, *, at: OperatingPoint, top: int = 5, gate: QualityGate = DEFAULT_GATE
    ) -> Identifications:
        """See `Gallery.identify`."""
        rules.check_search(faces, top)
        # Exclusively: the index is shared by this process's threads.
        with self._connection.exclusively():
            with self._connection.reading() as sqlite:
                embedder = schema.identity(sqlite)
                digest = faces.matcher.embedder_digest
                rules.check_vectors(faces.embeddings, digest, embedder, source=faces.source)
                terms = decide.Terms.of(at, gate, faces.matcher)
                found = deciding.identify(
                    sqlite, self._index, faces, terms, top=top, embedder=embedder, now=self._now()
                )
            if any(each.reached for each in found):  # a search that found nobody writes nothing, and waits for nobody
                with self._connection.writing() as sqlite:
                    deciding.log_reached(sqlite, found, terms, source=faces.source, now=self._now())
        outcomes = tuple(each.outcome for each in found)
        return Identifications(outcomes, faces.detections.points, faces.source, faces.photo)

    # -- forgetting -----------------------------------------------------------------------------------------------

    def forget(self, name: str) -> ForgetReceipt:
        """See `Gallery.forget`."""
        with self._connection.exclusively():
            now = self._now()
            with self._connection.writing() as sqlite:
                forgotten = forgetting.delete(sqlite, [self._need(sqlite, name)], now=now)
            return self._erase(forgotten, now)[0]

    def purge_expired(self) -> list[ForgetReceipt]:
        """See `Gallery.purge_expired`."""
        with self._connection.exclusively():
            now = self._now()
            with self._connection.writing() as sqlite:
                expired = [row for row in people.everybody(sqlite, today=now.date()) if row.person.expired]
                forgotten = forgetting.delete(sqlite, expired, now=now)
            return self._erase(forgotten, now) if forgotten else []

    def _erase(self, forgotten: Sequence[forgetting.Forgotten], now: datetime) -> list[ForgetReceipt]:
        if self._index.loaded:  # the vectors leave this process's memory too, not only at the next search
            with self._connection.reading() as sqlite:
                self._index.follow(sqlite, schema.identity(sqlite))
        erased = erasure.rewrite(self._connection)
        return forgetting.receipts(forgotten, erased, now=now, gallery=str(self._path))

    def compact(self) -> Erasure:
        """See `Gallery.compact`."""
        return erasure.rewrite(self._connection)

    # -- moving and renewing --------------------------------------------------------------------------------------

    def export_to(self, folder: str | Path) -> int:
        """See `Gallery.export_to`."""
        with self._connection.exclusively():
            # Logged first: an export that failed half-way has still put vectors outside the gallery.
            with self._connection.writing() as sqlite:
                details = {"vectors": samples.count(sqlite)}
                journal.append(sqlite, "exported", time=self._now().isoformat(), details=details)
            with self._connection.reading() as sqlite:
                embedder = schema.identity(sqlite)
                entries = moving.entries(sqlite, embedder, now=self._now())
                return archive.write_archive(Path(folder), embedder, entries, vectors=samples.count(sqlite))

    def import_from(self, folder: str | Path, *, merge: bool = False) -> list[Enrollment]:
        """See `Gallery.import_from`."""
        with self._connection.writing() as sqlite:
            now = self._now()
            read = archive.read_archive(Path(folder), schema.identity(sqlite))
            return [enrolling.restore(sqlite, entry, merge=merge, now=now) for entry in read.entries()]

    def reembed(self, embedder: Embedder, faces_of: Callable[[Sample, bytes], Face]) -> int:
        """See `Gallery.reembed`."""
        with self._connection.writing() as sqlite:
            return moving.reembed(sqlite, rules.identity(embedder), faces_of, now=self._now())

    # -- the log --------------------------------------------------------------------------------------------------

    def log(self, *, last: int | None = None, name: str | None = None) -> list[LogEntry]:
        """See `Gallery.log`."""
        if last is not None and last < 0:
            message = f"last must be 0 or more, or None for all entries; got {quoted(last)}"
            raise ArgumentError(message)
        with self._connection.reading() as sqlite:
            person_id = self._need(sqlite, name).person.id if name is not None else None
            return journal.entries(sqlite, last=last, person_id=person_id)

    def check_log(self) -> LogCheck:
        """See `Gallery.check_log`."""
        with self._connection.reading() as sqlite:
            return journal.check(sqlite)

    def _need(self, sqlite: Sqlite, name: str) -> PersonRow:
        return people.need(sqlite, rules.known_name(name), today=self._today(), gallery=shortened(self._path))

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _today(self) -> date:
        return self._now().date()
