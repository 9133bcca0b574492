"""From options to an open gallery: on this machine or at a service, with which key its log is kept, and who asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli.options import option, setting
from facerec.errors import ArgumentError, GalleryKeyError, UnauthenticatedError, UnknownPersonError
from facerec.meant import did_you_mean

if TYPE_CHECKING:
    from facerec.client import Client, RemoteGallery
    from facerec.gallery import Gallery
    from facerec.types import Embedder

_PANEL = "The log"
_SERVICE = "A service"
_SERVICE_KEY = "FACEREC_KEY"
_KEY = "FACEREC_GALLERY_KEY"
_LONGEST = 4096
_MOST_NAMES = 10_000

Url = Annotated[
    str | None,
    setting(
        "--url URL",
        "The service (facerec serve) that does it; --gallery is then what the gallery is called there.",
        _SERVICE,
        envvar="FACEREC_URL",
    ),
]
KeyFrom = Annotated[
    Path | None,
    setting("--key-from FILE", f"Holds the key for the service; or set {_SERVICE_KEY} to the key itself.", _SERVICE),
]
KeyFile = Annotated[
    Path | None,
    setting(
        "--key-file FILE",
        f"Holds the key that the log is kept with, where it has one; or set {_KEY} to the key itself.",
        _PANEL,
        envvar="FACEREC_GALLERY_KEY_FILE",
    ),
]
Actor = Annotated[
    str | None,
    setting(
        "--actor TEXT",
        "Who asks, for the log, which keeps it for good: what a desk or a task is called, not a person.",
        _PANEL,
        envvar="FACEREC_ACTOR",
    ),
]
Reason = Annotated[
    str | None,
    option("--reason TEXT", "Why, for the log, which keeps it for good.", _PANEL, envvar="FACEREC_REASON"),
]


@dataclass(frozen=True)
class Reached:
    """The options of every command that works on a gallery, which is here or at a service."""

    url: Url = None
    key_from: KeyFrom = None

    def __post_init__(self) -> None:
        if self.key_from is not None and self.url is None:
            message = "--key-from is for a service; add --url URL, or leave it out"
            raise ArgumentError(message)

    @contextmanager
    def open(self, gallery: Path, embedder: Embedder | None = None) -> Iterator[Gallery | RemoteGallery]:
        """Open the gallery; one that is here is created for `embedder` if need be, and suggests names it knows."""
        if self.url is None:
            with suggesting(self.open_here(gallery, embedder)) as people:
                yield people
            return
        from facerec.client import open_remote_gallery

        with open_remote_gallery(self.url, str(gallery), self.service_key()) as remote:
            yield remote

    def open_here(self, gallery: Path, embedder: Embedder | None = None, *, compact: bool | None = None) -> Gallery:
        """Open a gallery on this machine, or create it for `embedder`; `compact` is as for ``open_gallery``."""
        from facerec.gallery import open_gallery

        return open_gallery(gallery, embedder, compact=compact)

    def client(self) -> Client:
        """Who asks the service."""
        from facerec.client import Client

        return Client(str(self.url), self.service_key())

    def service_key(self) -> str | None:
        """The key for the service, from the file; ``None``: that of the environment."""
        if self.key_from is None:
            return None
        if os.environ.get(_SERVICE_KEY):
            message = f"the key for the service is given twice, by --key-from and by {_SERVICE_KEY}; give it once"
            raise ArgumentError(message)
        from facerec.files import read_regular

        advice = "give the file that holds the key"
        content = read_regular(self.key_from, limit=_LONGEST, error=UnauthenticatedError, advice=advice)
        return content.decode("utf-8", "replace").strip()

    def _refuse_with_url(self, **given: object) -> None:
        """Refuse options that say something about a log here."""
        named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
        if self.url is not None and named:
            message = (
                f"{' and '.join(named)} is for a gallery on this machine: a service keeps its logs itself, and says in "
                "them which key asked; leave it out with --url"
            )
            raise ArgumentError(message)

    def _refuse_url(self) -> None:
        if self.url is not None:
            message = "this is done on the machine that holds the gallery; leave out --url (and FACEREC_URL) there"
            raise ArgumentError(message)


@dataclass(frozen=True)
class Keyed(Reached):
    """The options of every command that needs the key of the log, and adds nothing to it."""

    key_file: KeyFile = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refuse_with_url(key_file=self.key_file)

    def key(self) -> bytes | None:
        """The key, from the file or the environment; ``None`` where neither is given."""
        given = os.environ.get(_KEY)
        if self.key_file is not None and given:
            message = f"the key of the gallery is given twice, by --key-file and by {_KEY}; give it once"
            raise ArgumentError(message)
        if self.key_file is not None:
            return read_key(self.key_file)
        return given.encode("utf-8", "surrogateescape").strip() if given else None

    def open_here(self, gallery: Path, embedder: Embedder | None = None, *, compact: bool | None = None) -> Gallery:
        """With the key of its log."""
        from facerec.gallery import open_gallery

        return open_gallery(gallery, embedder, key=self.key(), compact=compact)


@dataclass(frozen=True)
class Charged(Keyed):
    """The options of every command that adds to the log."""

    actor: Actor = None
    reason: Reason = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refuse_with_url(actor=self.actor, reason=self.reason)

    def open_here(self, gallery: Path, embedder: Embedder | None = None, *, compact: bool | None = None) -> Gallery:
        """So that its log says who asked, and why."""
        return super().open_here(gallery, embedder, compact=compact).by(self.actor, reason=self.reason)


@dataclass(frozen=True)
class OnlyHere(Reached):
    """The options of a command that works on galleries of this machine only, and says so."""

    def __post_init__(self) -> None:
        self._refuse_url()
        super().__post_init__()

    @contextmanager
    def open(self, gallery: Path, embedder: Embedder | None = None) -> Iterator[Gallery]:
        """Open the gallery, or create it for `embedder`; it suggests names it knows."""
        with suggesting(self.open_here(gallery, embedder)) as people:
            yield people


@dataclass(frozen=True)
class KeyedHere(OnlyHere, Keyed):
    """As `Keyed`, likewise."""


@dataclass(frozen=True)
class ChargedHere(OnlyHere, Charged):
    """As `Charged`, likewise."""


@contextmanager
def suggesting(gallery: Gallery) -> Iterator[Gallery]:
    """A gallery on this machine until the block ends; where it does not know a name, the error tells like ones.

    A service does not do so: not every key may read the list of people.
    """
    with gallery as people:
        try:
            yield people
        except UnknownPersonError as error:
            if error.name is not None:
                names = (person.name for person in people.people(limit=_MOST_NAMES))
                error.add_note(did_you_mean(error.name, names))
            raise


def is_there(gallery: Path | str) -> bool:
    """Whether there is such a gallery, in a file or a database."""
    from facerec.errors import MissingGalleryError
    from facerec.gallery import open_gallery

    if isinstance(gallery, Path):
        return gallery.exists()
    try:
        open_gallery(gallery).close()
    except MissingGalleryError:
        return False
    return True


def read_key(path: Path) -> bytes:
    """The key in a file, without white space around it; `GalleryKeyError` if it cannot be read."""
    from facerec.files import read_regular

    return read_regular(path, limit=_LONGEST, error=GalleryKeyError, advice="give the file that holds the key").strip()
