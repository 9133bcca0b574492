"""A gallery that a service holds: the methods of `Gallery`, and those of `Recognizer` where the work is on photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from facerec.client.connection import Connection, new_key
from facerec.client.points import KnownPoints, asked_point
from facerec.client.sent import sent
from facerec.errors import (
    ArgumentError,
    ClosedGalleryError,
    UnknownPersonError,
    UnusablePhotosError,
)
from facerec.gallery import (
    UNCHANGED,
    EmbedderIdentity,
    Enrollment,
    ForgetReceipt,
    GalleryCheck,
    LogCheck,
    LogEntry,
    LogHead,
    Person,
    PersonId,
    RemovalReceipt,
    Sample,
    Transfer,
    Who,
    rules,
)
from facerec.gallery.records import Unchanged
from facerec.photos.reader import Source
from facerec.types import (
    DEFAULT_CHOICE,
    FaceChoice,
    Identification,
    Identifications,
    OperatingPoint,
    Verification,
)
from facerec.types.looks import Look
from facerec.types.plain import checked
from facerec.types.reading import read_value
from facerec.visible_text import quoted

if TYPE_CHECKING:
    import pandas as pd

_PAGE = 200  # as many as a service gives at once
_Kind = TypeVar("_Kind")


class RemoteGallery:
    """A gallery of a service; made by ``Client.gallery``.

    Every method raises what that of `Gallery` or `Recognizer` raises, with the same text, besides
    `ServiceUnreachableError` if the service does not answer, and `UnauthenticatedError`, `ForbiddenError`,
    `MissingGalleryError` where the key is not good for what was asked. People are named by name or `PersonId`; a name
    is looked up first, for which the key needs the scope ``read``.

    What changes something is done once, however often it has to be asked for because an answer was lost. A decision
    that is asked for again stands in the log again, since it was made again. What the log says of who asked is the
    key. Vectors never leave the service, and `Gallery`'s methods that give them, or copy the gallery, are not here.

    Photos are given as to `Recognizer`. Files are sent as they are; PIL images and arrays are sent, and kept where
    that is asked for, as PNG.
    """

    def __init__(self, connection: Connection, points: KnownPoints, name: str) -> None:
        self._connection, self._points = connection, points
        self.name = name
        self._path = f"/v1/galleries/{name}"
        self._closed = False
        self.when_closed: Callable[[], None] | None = None

    def __repr__(self) -> str:
        return f"<gallery {self.name} at {self._connection.url}{': closed' if self._closed else ''}>"

    def close(self) -> None:
        """Use it no more; a client that is not its own stays open. Closing twice is allowed."""
        if self.when_closed is not None and not self._closed:
            self.when_closed()
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, **more: Any) -> tuple[dict[str, Any], Mapping[str, str]]:  # noqa: ANN401
        if self._closed:
            message = f"the gallery {self.name} has been closed; open it again"
            raise ClosedGalleryError(message)
        return self._connection.ask(method, self._path + path, **more)

    def _read(self, kind: type[_Kind], told: object) -> _Kind:
        try:
            return read_value(kind, told, kind.__name__)
        except ArgumentError as error:
            raise self._connection.misunderstood(error) from error

    def _change(self, kind: type[_Kind], method: str, path: str, **more: Any) -> _Kind:  # noqa: ANN401
        return self._read(kind, self._ask(method, path, **{"key": new_key(), **more})[0])

    def _pages(self, kind: type[_Kind], path: str, name: str, *, limit: int | None, **params: Any) -> list[_Kind]:  # noqa: ANN401
        found: list[_Kind] = []
        after: str | None = None
        while limit is None or len(found) < limit:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            told, _ = self._ask("GET", path, params={**params, "limit": size, "after": after})
            found += [self._read(kind, each) for each in told[name]]
            after = told["next"]
            if after is None:
                break
        return found

    def _person(self, name: Who) -> tuple[Person, str | None]:
        """Somebody enrolled, with the ETag of the record where it was told."""
        if isinstance(name, PersonId):
            told, headers = self._ask("GET", f"/people/{name.id}")
            return self._read(Person, told), headers.get("etag")
        known = rules.known_name(name)
        people = self._ask("POST", "/people/find", document={"name": known})[0]["people"]
        if not people:
            raise rules.nobody_called(known, self.name)
        return self._read(Person, people[0]), None

    def _id(self, name: Who) -> str:
        return name.id if isinstance(name, PersonId) else self._person(name)[0].id

    # -- who is there -------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many people are enrolled, the expired included."""
        return int(self._ask("GET", "")[0]["people"])

    def __contains__(self, name: object) -> bool:
        """Whether somebody of that name, or `PersonId`, is enrolled, expired or not."""
        if not isinstance(name, str | PersonId):
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
        """As ``Gallery.to_frame``."""
        import pandas as pd

        return pd.DataFrame([asdict(person) for person in self], columns=[field.name for field in fields(Person)])

    def people(self, *, after: int = 0, limit: int | None = None) -> list[Person]:
        """As ``Gallery.people``."""
        rules.check_page(after, limit)
        return self._pages(Person, "/people", "people", limit=limit, above=after)

    def person(self, name: Who) -> Person:
        """As ``Gallery.person``."""
        return self._person(name)[0]

    def samples(self, name: Who) -> list[Sample]:
        """As ``Gallery.samples``."""
        told, _ = self._ask("GET", f"/people/{self._id(name)}/samples")
        return [self._read(Sample, each) for each in told["samples"]]

    # -- how they come in, and change ---------------------------------------------------------------------------------

    def enroll(
        self,
        photos: Source | Sequence[Source],
        name: Who,
        *,
        choice: FaceChoice = DEFAULT_CHOICE,
        at: OperatingPoint | str | None = None,
        target_fmr: float | None = None,
        strict: bool = False,
        consent: str | None = None,
        purpose: str | None = None,
        expires: date | None = None,
        keep_photos: bool = False,
        key: str | None = None,
        bgr: bool = False,
    ) -> Enrollment:
        """As ``Recognizer.enroll``, without the gallery; `at` and `target_fmr` as for `verify_person`.

        Without a `key` it is done once all the same, however often this call has to ask; with one also if it is called
        again.

        Raises
        ------
        LargeRequestError
            If there are more photos, or larger ones, than the service takes at once (20 of 10 MiB by default).
        FaceError, ImageError, DoubtfulFaceError, GalleryError, ArgumentError, NoPointError
            As ``Recognizer.enroll``.
        """
        who = name if isinstance(name, PersonId) else rules.person_name(name)
        terms = rules.checked_terms({"consent": consent, "purpose": purpose, "expires": expires})
        rules.optional_text("key", key)
        given: list[Any] = list(photos) if isinstance(photos, list | tuple) else [photos]
        several = [sent(each, bgr=bgr) for each in given]
        if not several:
            message = "enrolling needs at least one photo; got none"
            raise ArgumentError(message)
        told = {term: None if value is None else str(value) for term, value in terms.items()}
        if isinstance(who, PersonId):
            path, texts = f"/people/{who.id}/samples", {"terms": json.dumps(told)}
        else:
            path, texts = "/people", {"person": json.dumps({"name": who, **told})}
        params = {"choice": choice, "strict": strict, "keep_photos": keep_photos, **asked_point(at, target_fmr)}
        form = {"photos": [("photos", each) for each in several], "texts": texts}
        # A key of the library may be short; what a service seals its answers with is not to be guessed.
        once = new_key() if key is None else hashlib.sha256(f"facerec enroll {key}".encode()).hexdigest()
        try:
            done = self._change(Enrollment, "POST", path, params=params, key=once, **form)
        except UnusablePhotosError as error:
            reasons = [reason for _, reason in error.reasons]
            if not reasons:
                raise
            message = f"{error}: {'; '.join(map(str, reasons))}"
            raise type(reasons[0])(message) from error  # as the library tells it
        return replace(done, notes=(*done.notes, *(note for each in several for note in each.said)))

    def update(
        self,
        name: Who,
        *,
        new_name: str | Unchanged = UNCHANGED,
        consent: str | Unchanged | None = UNCHANGED,
        purpose: str | Unchanged | None = UNCHANGED,
        expires: date | Unchanged | None = UNCHANGED,
        was: Person | None = None,
    ) -> Person:
        """As ``Gallery.update``."""
        given = {"consent": consent, "purpose": purpose, "expires": expires}
        terms = rules.checked_terms({term: value for term, value in given.items() if value is not UNCHANGED})
        wanted: dict[str, Any] = {term: None if value is None else str(value) for term, value in terms.items()}
        if not isinstance(new_name, Unchanged):
            wanted["name"] = rules.person_name(new_name)
        path, match = self._as_read(name, was)
        return self._change(Person, "PATCH", path, document=wanted, headers={"If-Match": match or "*"})

    def _as_read(self, name: Who, was: Person | None) -> tuple[str, str | None]:
        """The address of somebody, and the ETag of the record that they must still have, if they must have one."""
        found = PersonId(self._id(name))
        if was is None:
            return f"/people/{found.id}", None
        person, tag = self._person(found)
        rules.check_unchanged(person, was)
        return f"/people/{found.id}", tag

    def rename(self, name: Who, new_name: str) -> Person:
        """As ``Gallery.rename``."""
        return self.update(name, new_name=new_name)

    def forget(self, name: Who, *, was: Person | None = None) -> ForgetReceipt:
        """As ``Gallery.forget``."""
        path, match = self._as_read(name, was)
        return self._change(ForgetReceipt, "DELETE", path, headers={"If-Match": match})

    def remove_samples(self, name: Who, samples: int | Sequence[int]) -> RemovalReceipt:
        """As ``Gallery.remove_samples``."""
        path = f"/people/{self._id(name)}/samples"
        return self._change(RemovalReceipt, "DELETE", path, params={"sample": _numbers(samples, name)})

    # -- who is who ---------------------------------------------------------------------------------------------------

    def merge(self, giver: Who, receiver: Who) -> Transfer:
        """As ``Gallery.merge``."""
        wanted = {"giver": self._id(giver), "receiver": self._id(receiver)}
        return self._change(Transfer, "POST", "/merge", document=wanted)

    def move_samples(self, giver: Who, receiver: Who, samples: int | Sequence[int]) -> Transfer:
        """As ``Gallery.move_samples``."""
        wanted = {"giver": self._id(giver), "receiver": self._id(receiver), "samples": _numbers(samples, giver)}
        return self._change(Transfer, "POST", "/move", document=wanted)

    def split(
        self,
        name: Who,
        new_name: str,
        samples: int | Sequence[int],
        *,
        consent: str | None = None,
        purpose: str | None = None,
        expires: date | None = None,
    ) -> Transfer:
        """As ``Gallery.split``."""
        terms = rules.checked_terms({"consent": consent, "purpose": purpose, "expires": expires})
        wanted = {term: None if value is None else str(value) for term, value in terms.items()}
        wanted |= {"name": rules.person_name(new_name)}
        person, numbers = self._id(name), _numbers(samples, name)
        return self._change(Transfer, "POST", "/split", document={**wanted, "person": person, "samples": numbers})

    def undo(self, done: Transfer) -> Transfer:
        """As ``Gallery.undo``."""
        receipt = checked(Transfer, "done", done, " (Transfer.from_dict reads a receipt)").to_dict()
        return self._change(Transfer, "POST", "/undo", document={"receipt": receipt})

    # -- decisions ----------------------------------------------------------------------------------------------------

    def verify_person(
        self,
        photo: Source,
        name: Who,
        *,
        at: OperatingPoint | str | None = None,
        target_fmr: float | None = None,
        choice: FaceChoice = DEFAULT_CHOICE,
        bgr: bool = False,
        logged: bool = True,
    ) -> Verification:
        """As ``Recognizer.verify_person``, without the gallery.

        Parameters
        ----------
        at : OperatingPoint or str, optional
            One that the service has, or the id or name of one; by default the service's own.
        target_fmr : float, optional
            In place of one: its target.
        logged : bool
            A service logs every decision; False is refused.

        Raises
        ------
        NoPointError
            If the service does not have that operating point; so for all that take one.
        ArgumentError
            If `at` is none of these, or `logged` is False.
        ImageError, FaceError, UnknownPersonError, ExpiredError
            As ``Recognizer.verify_person``.
        """
        _check_logged(logged=logged)
        image = sent(photo, bgr=bgr)
        params = {"choice": choice, **asked_point(at, target_fmr)}
        told, _ = self._ask("POST", f"/people/{self._id(name)}/verify", params=params, photos=[("photo", image)])
        found = self._points.decided(Verification, told)
        return replace(found, notes=(*found.notes, *image.said))

    def identify(
        self,
        photo: Source,
        *,
        at: OperatingPoint | str | None = None,
        target_fmr: float | None = None,
        top: int = 5,
        bgr: bool = False,
        logged: bool = True,
    ) -> Identifications:
        """As ``Recognizer.identify``, without the gallery; `at`, `target_fmr` and `logged` as for `verify_person`.

        A service names at most 100 candidates.
        """
        _check_logged(logged=logged)
        image = sent(photo, bgr=bgr)
        params = {"top": top, **asked_point(at, target_fmr)}
        told, _ = self._ask("POST", "/identify", params=params, photos=[("photo", image)])
        faces = [self._points.decided(Identification, each) for each in told["faces"]]
        return Identifications(
            tuple(replace(face, notes=(*face.notes, *image.said)) for face in faces),
            np.array([each["points"] for each in told["faces"]], np.float32).reshape(-1, 5, 2),
            told["source"],
            looks=tuple(Look.parse(each["look"]) for each in told["faces"]),
            reading=(*image.notes, *told["reading"]),
        )

    # -- facts and the log --------------------------------------------------------------------------------------------

    @property
    def embedder(self) -> EmbedderIdentity:
        """Which embedder made the vectors."""
        return self._read(EmbedderIdentity, self._ask("GET", "")[0]["embedder"])

    @property
    def erasure_due(self) -> bool:
        """As ``Gallery.erasure_due``."""
        return bool(self._ask("GET", "")[0]["erasure_due"])

    def position(self) -> int:
        """As ``Gallery.position``."""
        return int(self._ask("GET", "")[0]["position"])

    def head(self) -> LogHead:
        """As ``Gallery.head``."""
        return self._read(LogHead, self._ask("GET", "/log/head")[0])

    def log(
        self, *, last: int | None = None, name: Who | None = None, after: int = 0, limit: int | None = None
    ) -> list[LogEntry]:
        """As ``Gallery.log``; names and photos' names only where the key may ``read``."""
        rules.check_log_page(last, after, limit)
        person = None if name is None else self._id(name)
        if last is not None and person is None:
            after = max(0, self.head().entries - last)
        found = self._pages(LogEntry, "/log", "entries", limit=limit, above=after, person=person)
        return found if last is None else found[len(found) - min(last, len(found)) :]

    def check_log(self) -> LogCheck:
        """As ``Gallery.check_log``; the service checks all the rest, too."""
        return self.check().log

    def check(self, *, against: LogHead | Sequence[LogHead] = ()) -> GalleryCheck:
        """As ``Gallery.check``; what the problems are only where the key may ``read``."""
        heads = (against,) if isinstance(against, LogHead) else tuple(against)
        told, _ = self._ask("POST", "/log/check", document={"against": [str(head) for head in heads]})
        return self._read(GalleryCheck, told)


def _numbers(samples: int | Sequence[int], of: Who) -> list[int]:
    several = [samples] if isinstance(samples, int) else list(samples)
    if not several:
        named = of.id if isinstance(of, PersonId) else of
        message = f"no face of {quoted(named)} was named; faces are named by their numbers"
        raise ArgumentError(message)
    return several


def _check_logged(*, logged: bool) -> None:
    if not logged:
        message = "a service logs every decision; logged=False (--no-log) is for a gallery on this machine"
        raise ArgumentError(message)
