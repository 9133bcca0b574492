"""The galleries that are served: a folder of files, or a database; opened once, and shared by all requests."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

from facerec.errors import GalleryExistsError, MissingGalleryError, UnsafeSettingsError
from facerec.files import is_folder, is_there
from facerec.gallery import Gallery, open_gallery, rules
from facerec.gallery.stores.postgres.address import Address, is_address
from facerec.service.settings import Settings
from facerec.service.state import State
from facerec.types import Embedder
from facerec.visible_text import quoted


class Place(Protocol):
    """Where galleries are: what they are called, and how each is opened."""

    def names(self) -> list[str]:
        """Of all galleries there, sorted."""

    def at(self, name: str) -> Path | Address:
        """What `open_gallery` takes of the gallery of that name."""

    def made(self, name: str) -> None:
        """Remember that there is one."""


class Folder:
    """Files ``<name>.db`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = _checked(folder)

    def names(self) -> list[str]:
        """Of all galleries there, sorted."""
        return sorted(file.stem for file in self.folder.glob("*.db") if rules.GALLERY_NAME.fullmatch(file.stem))

    def at(self, name: str) -> Path:
        """The file of that name."""
        return self.folder / f"{name}.db"

    def made(self, name: str) -> None:
        """Nothing: the file is there."""


class Database:
    """The galleries of a database that the service was told of."""

    def __init__(self, address: str, state: State) -> None:
        if "gallery=" in address:
            message = "the address of a database names no gallery: leave ?gallery=... out; the service has several"
            raise UnsafeSettingsError(message)
        self._address, self._state = address, state

    def names(self) -> list[str]:
        """Of all galleries there, sorted."""
        return self._state.galleries()

    def at(self, name: str) -> Address:
        """The address with that name."""
        return Address.parse(f"{self._address}{'&' if '?' in self._address else '?'}gallery={name}")

    def made(self, name: str) -> None:
        """Remember that there is one."""
        self._state.add_gallery(name)


def place_of_state(galleries: str) -> Path | Address:
    """Where the service keeps its own state: beside the galleries; `UnsafeSettingsError` if there is no such folder."""
    if is_address(galleries):
        return Address.parse(galleries)
    return _checked(Path(galleries)) / ".facerec-service" / "state.sqlite"


def shown_place(galleries: str) -> str:
    """The setting as it may be printed: without a password."""
    return str(Address.parse(galleries)).partition("?")[0] if is_address(galleries) else galleries


def place_of_files(settings: Settings) -> Path | None:
    """Where jobs keep their files: where the settings say, or beside galleries in a folder."""
    if settings.files is not None or is_address(settings.galleries):
        return settings.files
    return Path(settings.galleries) / ".facerec-service" / "files"


def place_of(galleries: str, state: State) -> Place:
    """What a setting means; `UnsafeSettingsError` if there is no such folder."""
    return Database(galleries, state) if is_address(galleries) else Folder(Path(galleries))


def _checked(folder: Path) -> Path:
    """The folder, if there is one: a name that was mistyped must not become an empty service."""
    if is_folder(folder):
        return folder
    what = f"{folder} is a file" if is_there(folder) else f"there is no folder {folder}"
    message = f"{what}; --galleries takes a folder of galleries: mkdir -m 700 makes one that nobody else may read"
    raise UnsafeSettingsError(message)


class Galleries:
    """Opened galleries by name, whose logs are kept with `key`, if any. Several threads may share them."""

    def __init__(self, place: Place, embedder: Embedder, *, key: bytes | None = None) -> None:
        self._place, self._embedder, self._key = place, embedder, key
        self._opens = open_gallery
        self._opened: dict[str, Gallery] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """What they are called, sorted."""
        return self._place.names()

    def opened(self, name: str) -> Gallery:
        """The gallery of that name; `MissingGalleryError` if there is none."""
        if rules.GALLERY_NAME.fullmatch(name) is None or (name not in self._opened and name not in self._place.names()):
            message = f"there is no gallery {quoted(name)}"
            raise MissingGalleryError(message)
        return self._open(name, None)

    def made(self, name: str) -> Gallery:
        """A gallery of that name, bound to the service's embedder.

        `GalleryExistsError` if there is one; in a database one that the service was not told of yet is taken over.
        """
        rules.check_gallery_name(name)
        if name in self._place.names():
            message = f"there is a gallery {quoted(name)} already"
            raise GalleryExistsError(message)
        gallery = self._open(name, self._embedder)
        self._place.made(name)
        return gallery

    def _open(self, name: str, embedder: Embedder | None) -> Gallery:
        if (found := self._opened.get(name)) is not None:
            return found  # without waiting for whoever opens another one
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._opens(self._place.at(name), embedder, key=self._key)
            return self._opened[name]

    def shown(self, text: str) -> str:
        """A text of the library for callers: galleries by their names here, not by where the server keeps them."""
        for name in list(self._opened):
            text = text.replace(str(self._place.at(name)), name)
        return text

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            for gallery in self._opened.values():
                gallery.close()
            self._opened.clear()
