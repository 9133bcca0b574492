"""From options to an open gallery: with which key its log is kept, and who asks for what is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli.options import option
from facerec.errors import ArgumentError, GalleryKeyError

if TYPE_CHECKING:
    from facerec.gallery import Gallery
    from facerec.types import Embedder

_PANEL = "The log"
_KEY = "FACEREC_GALLERY_KEY"
_LONGEST = 4096

KeyFile = Annotated[
    Path | None,
    option(
        "--key-file FILE",
        f"Holds the key that the log is kept with, where it has one; or set {_KEY} to the key itself.",
        _PANEL,
        envvar="FACEREC_GALLERY_KEY_FILE",
    ),
]
Actor = Annotated[
    str | None,
    option(
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
class Keyed:
    """The options of every command that needs the key of the log, and adds nothing to it."""

    key_file: KeyFile = None

    def key(self) -> bytes | None:
        """The key, from the file or the environment; ``None`` where neither is given."""
        given = os.environ.get(_KEY)
        if self.key_file is not None and given:
            message = f"the key of the gallery is given twice, by --key-file and by {_KEY}; give it once"
            raise ArgumentError(message)
        if self.key_file is not None:
            return read_key(self.key_file)
        return given.encode("utf-8", "surrogateescape").strip() if given else None

    def open(self, gallery: Path, embedder: Embedder | None = None) -> Gallery:
        """Open the gallery, or create it for `embedder`."""
        from facerec.gallery import open_gallery

        return open_gallery(gallery, embedder, key=self.key())


@dataclass(frozen=True)
class Charged(Keyed):
    """The options of every command that adds to the log."""

    actor: Actor = None
    reason: Reason = None

    def open(self, gallery: Path, embedder: Embedder | None = None) -> Gallery:
        """Open the gallery so that its log says who asked, and why."""
        return super().open(gallery, embedder).by(self.actor, reason=self.reason)


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
