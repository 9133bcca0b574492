"""Which photos are to be embedded, and who is on them: from folders of people, a manifest, or shards."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from facerec.errors import DataSetError, ImageError
from facerec.files import is_folder
from facerec.measure.datasets import photos_csv
from facerec.photos import reader
from facerec.photos.folders import photos_by_folder
from facerec.photos.left_out import LeftOut
from facerec.photos.shards import InShard, find_shards, list_shards
from facerec.visible_text import shortened

Stamp: TypeAlias = tuple[int, int, int]
"""Size in bytes, and the times of the last change of contents and of entry, in nanoseconds."""

PERSON = ("subject", "cls")
"""What in a shard says who is on a photo: ``subject`` in its .json, or else the whole .cls."""


@dataclass(frozen=True)
class Photo:
    """A photo of a listing: what it is called there, where it lies, and a text for each of the listing's columns."""

    name: str
    place: Path | InShard
    texts: tuple[str, ...]

    @property
    def stamp(self) -> Stamp | None:
        """When it (or its shard) changed last; ``None`` where it is out of reach."""
        try:
            about = os.stat(self.place.shard if isinstance(self.place, InShard) else self.place)  # noqa: PTH116
        except (OSError, ValueError):
            return None
        return about.st_size, about.st_mtime_ns, about.st_ctime_ns

    def read(self) -> bytes:
        """The contents of its file; `ImageError` if it cannot be read."""
        if isinstance(self.place, InShard):
            return self.place.read()
        held = reader.contents(self.place)
        if held is None:
            message = "it is no file"
            raise ImageError(message)
        return held


@dataclass(frozen=True)
class Listing:
    """Photos by name, sorted; their `columns`, of which ``subject`` is the first; and what lies there and is no photo.

    `source` is what the listing is called, for people.
    """

    source: str
    columns: tuple[str, ...]
    photos: tuple[Photo, ...]
    left_out: tuple[LeftOut, ...] = ()


def list_photos(source: str | Path, *, root: str | Path | None = None, exclude: Sequence[str] = ()) -> Listing:
    """The photos of a folder with one folder per person, of a CSV manifest, of a shard or of a folder of shards.

    A manifest is as for `photos_csv`, its photos below `root`. In shards (``photos.shards``) a photo's ``.json`` says
    ``subject`` and may say more, which makes columns; or its ``.cls`` says who it is.

    `DataSetError` as of `photos_by_folder`, `photos_csv` and `list_shards`, and if a shard does not say who is on a
    photo.
    """
    path = Path(source)
    if shards := find_shards(path):
        return _of_shards(path, shards, exclude)
    if is_folder(path):
        found = photos_by_folder(path, exclude=exclude)
        photos = [Photo(name, path / name, (person,)) for person, names in found.folders.items() for name in names]
        return Listing(str(path), ("subject",), _sorted(path, photos), found.left_out)
    table = photos_csv(path, root=root)
    columns = tuple(name for name in table.columns if name != "image")
    top = path.parent if root is None else Path(root)
    rows = zip(table["image"].tolist(), *(table[name].tolist() for name in columns), strict=True)
    return Listing(str(path), columns, _sorted(path, [Photo(name, top / name, tuple(texts)) for name, *texts in rows]))


def _of_shards(path: Path, shards: Sequence[Path], exclude: Sequence[str]) -> Listing:
    found = list_shards(shards, exclude=exclude)
    further = sorted({name for photo in found.photos for name in photo.texts} - {*PERSON, "txt"} - _TAKEN)
    photos = [
        Photo(each.name, each.place, (_person(each.name, each.texts), *(each.texts.get(name, "") for name in further)))
        for each in found.photos
    ]
    return Listing(str(path), ("subject", *further), _sorted(path, photos), found.left_out)


# What a table of vectors needs itself.
_TAKEN = {"photo", "vector", "matcher", "failure", "problem", "sha256"}


def _person(name: str, texts: Mapping[str, str]) -> str:
    who = next((texts[each] for each in PERSON if texts.get(each)), None)
    if who is None:
        message = f"{shortened(name)}: its shard does not say who is on it; a .json with subject, or a .cls, does"
        raise DataSetError(message)
    return who


def _sorted(path: Path, photos: list[Photo]) -> tuple[Photo, ...]:
    if not photos:
        message = f"{shortened(str(path))}: there is no photo to embed; a folder holds one folder of photos per person"
        raise DataSetError(message)
    return tuple(sorted(photos, key=lambda each: each.name))
