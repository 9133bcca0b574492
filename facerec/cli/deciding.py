"""Where photos are looked at: by networks in this process, or at a service. What commands ask of either is the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from facerec.cli import recognition
from facerec.cli.opening import Charged, suggesting
from facerec.errors import ArgumentError, ImageError

if TYPE_CHECKING:
    from facerec.client import Client, RemoteGallery
    from facerec.enrollment import FolderPerson
    from facerec.gallery import Enrollment
    from facerec.photos.folders import PhotoFolders
    from facerec.recognizer import Recognizer
    from facerec.types import FaceChoice, Identifications, Matcher, OperatingPoint, Verification


_AT_ONCE = 16  # photos of one search, and of one transaction of the log


class Decider(ABC):
    """What looks at photos, and decides about them, with one gallery or none; a context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - some hold nothing
        """Let go of what it holds."""

    @abstractmethod
    def load(self) -> Matcher:
        """Make it ready, and say what makes its scores."""

    @abstractmethod
    def deciding_point(self) -> tuple[OperatingPoint, tuple[str, ...]]:
        """As ``Recognizer.deciding_point``, of the point that the options name."""

    @abstractmethod
    def compare(self, probe: Path, reference: Path, *, choice: FaceChoice) -> Verification:
        """As ``Recognizer.verify``."""

    @abstractmethod
    def claim(self, photo: Path, name: str, *, choice: FaceChoice, logged: bool) -> Verification:
        """As ``Recognizer.verify_person``."""

    @abstractmethod
    def identify(
        self, photos: Sequence[Path], *, at: OperatingPoint, top: int, logged: bool
    ) -> Iterator[Identifications | ImageError]:
        """As ``Recognizer.identify``, of many photos: one that cannot be read gives its error in its place."""

    @abstractmethod
    def enroll(
        self,
        photos: Sequence[Path],
        name: str,
        *,
        choice: FaceChoice,
        strict: bool,
        **terms: Any,  # noqa: ANN401
    ) -> Enrollment:
        """As ``Recognizer.enroll``; `terms` are its others."""

    @abstractmethod
    def enroll_folder(self, found: PhotoFolders, **terms: Any) -> Iterator[FolderPerson]:  # noqa: ANN401 - as there
        """As ``facerec.enrollment.enroll_folder``; `strict` is among the `terms`."""


def decider(
    gallery: Path | None,
    model: str | None,
    networks: recognition.GatedNetworks,
    threshold: recognition.Threshold,
    charged: Charged,
    *,
    may_be_new: bool = False,
) -> Decider:
    """What decides by these options, with this gallery; what is wrong with them is told before anything is loaded.

    A gallery on this machine that `may_be_new` is made when somebody is enrolled in it.
    """
    if charged.url is None:
        model = (
            model
            if gallery is None
            else recognition.model_of(gallery, model, may_be_new=may_be_new, runtime=networks.runtime)
        )
        return Here(gallery, model, threshold.point(model, networks.detector, networks.runtime), networks, charged)
    default = recognition.GatedNetworks()
    given = [each.name for each in fields(networks) if getattr(networks, each.name) != getattr(default, each.name)]
    if given := given + ["model"] * (model is not None):
        named = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        message = f"{named} is for networks on this machine; with --url the service decides with its own: leave it out"
        raise ArgumentError(message)
    return There(charged.client(), gallery, threshold)


class Here(Decider):
    """Networks in this process, and a gallery that it opens."""

    def __init__(
        self,
        gallery: Path | None,
        model: str | None,
        chosen: OperatingPoint | None,
        networks: recognition.GatedNetworks,
        charged: Charged,
    ) -> None:
        self._gallery, self._model, self._chosen = gallery or Path(), model, chosen
        self._networks, self._charged = networks, charged

    @cached_property
    def recognizer(self) -> Recognizer:
        """The networks, loaded when they are first needed."""
        return self._networks.load(self._model)

    def load(self) -> Matcher:
        """As for every `Decider`; so all below."""
        return self.recognizer.matcher

    def deciding_point(self) -> tuple[OperatingPoint, tuple[str, ...]]:
        """Of the recognizer."""
        return self.recognizer.deciding_point(self._chosen)

    def compare(self, probe: Path, reference: Path, *, choice: FaceChoice) -> Verification:
        """By the recognizer."""
        return self.recognizer.verify(probe, reference, at=self._chosen, choice=choice)

    def claim(self, photo: Path, name: str, *, choice: FaceChoice, logged: bool) -> Verification:
        """By the recognizer, with the gallery."""
        recognizer, at = self.recognizer, self._chosen
        with suggesting(self._charged.open_here(self._gallery)) as people:
            return recognizer.verify_person(photo, name, people, at=at, choice=choice, logged=logged)

    def identify(
        self, photos: Sequence[Path], *, at: OperatingPoint, top: int, logged: bool
    ) -> Iterator[Identifications | ImageError]:
        """Several photos at a time go through the networks."""
        with self._charged.open_here(self._gallery) as people:
            stream = self.recognizer.stream(photos)
            while some := list(islice(stream, _AT_ONCE)):
                read = [faces for faces in some if not isinstance(faces, ImageError)]
                found = iter(self.recognizer.identify_many(read, people, at=at, top=top, logged=logged))
                yield from (faces if isinstance(faces, ImageError) else next(found) for faces in some)

    def enroll(
        self,
        photos: Sequence[Path],
        name: str,
        *,
        choice: FaceChoice,
        strict: bool,
        **terms: Any,  # noqa: ANN401
    ) -> Enrollment:
        """Faces first: photos that cannot be used leave no empty file of a gallery behind."""
        from facerec.photos import reader

        recognizer = self.recognizer
        at = recognizer.enrolling_point(self._chosen, strict=strict)
        faces = recognizer.faces_to_enroll(photos, choice)
        files = [reader.contents(photo) for photo in photos]
        with self._charged.open_here(self._gallery, recognizer.embedder) as people:
            return people.enroll(name, faces, gate=recognizer.gate, photos=files, at=at, strict=strict, **terms)

    def enroll_folder(self, found: PhotoFolders, **terms: Any) -> Iterator[FolderPerson]:  # noqa: ANN401
        """Several photos at a time go through the networks."""
        from facerec.enrollment import enroll_folder

        recognizer = self.recognizer
        at = recognizer.enrolling_point(self._chosen, strict=terms["strict"])
        with self._charged.open_here(self._gallery, recognizer.embedder) as people:
            yield from enroll_folder(recognizer, people, found, at=at, **terms)


class There(Decider):
    """A service, with networks and operating points of its own, and a gallery that it holds."""

    def __init__(self, client: Client, gallery: Path | None, threshold: recognition.Threshold) -> None:
        self._client, self._gallery, self._threshold = client, gallery, threshold

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @cached_property
    def _point(self) -> dict[str, Any]:
        """What the options say of the operating point, as the client takes it."""
        if not self._threshold.is_of_a_matcher:
            return {"at": None, "target_fmr": self._threshold.fmr}
        return {"at": self._threshold.point_of(self.load()), "target_fmr": None}

    @property
    def _people(self) -> RemoteGallery:
        return self._client.gallery(str(self._gallery))

    def load(self) -> Matcher:
        """As for every `Decider`; so all below."""
        return self._client.matcher

    def deciding_point(self) -> tuple[OperatingPoint, tuple[str, ...]]:
        """The service's own, where the options name none."""
        return self._client.deciding_point(**self._point)

    def compare(self, probe: Path, reference: Path, *, choice: FaceChoice) -> Verification:
        """By the service."""
        return self._client.compare(probe, reference, choice=choice, **self._point)

    def claim(self, photo: Path, name: str, *, choice: FaceChoice, logged: bool) -> Verification:
        """By the service, which logs it."""
        return self._people.verify_person(photo, name, choice=choice, logged=logged, **self._point)

    def identify(
        self, photos: Sequence[Path], *, at: OperatingPoint, top: int, logged: bool
    ) -> Iterator[Identifications | ImageError]:
        """One photo after the other."""
        people = self._people
        for photo in photos:
            try:
                yield people.identify(photo, at=at, top=top, logged=logged)
            except ImageError as error:
                yield error

    def enroll(
        self,
        photos: Sequence[Path],
        name: str,
        *,
        choice: FaceChoice,
        strict: bool,
        **terms: Any,  # noqa: ANN401
    ) -> Enrollment:
        """In one request."""
        return self._people.enroll(list(photos), name, choice=choice, strict=strict, **self._point, **terms)

    def enroll_folder(self, found: PhotoFolders, **terms: Any) -> Iterator[FolderPerson]:  # noqa: ANN401
        """The photos of one person after the other."""
        from facerec.enrollment import enroll_folder_at

        return enroll_folder_at(self._people.enroll, found, **self._point, **terms)
