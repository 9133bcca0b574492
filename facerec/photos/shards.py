"""Photos in shards: tar files, as ``webdataset`` and others write them, read where they lie and never unpacked.

In a shard files that share a name up to its first dot stand together: ``0001.jpg`` is a photo, ``0001.cls`` its class,
``0001.json`` what else is known of it. A shard is listed once, header by header; a photo is then read from its place in
the file. The format is tar, which Python reads itself; a library would bring its own loader of batches, shuffling and
downloads, and none of that is needed here.

Nobody vouches for a shard: nothing is written to any disk, links and devices are never followed, and what a header
claims is believed only as far as the file's own bytes go.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from facerec.errors import DataSetError, ImageError
from facerec.files import is_file, is_folder, open_regular
from facerec.photos import formats, reader
from facerec.photos.folders import Exclusion
from facerec.photos.left_out import LeftOut, Why
from facerec.types.plain import Value
from facerec.visible_text import quoted, shortened

SUFFIX = ".tar"
"""What the name of a shard ends in; a compressed one cannot be read from the middle."""

MOST_MEMBERS = 10_000_000
"""Members of one shard that are listed."""

_MOST_TEXT = 1 << 20  # bytes of a .cls, .txt or .json, and of a header's own texts
_LONGEST_NAME = 4096
_TEXTS = (".cls", ".json", ".txt")


@dataclass(frozen=True)
class InShard(Value):
    """Where a photo lies in a shard: `size` bytes from the byte `offset` on. `read` gives them."""

    shard: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """The contents of the photo's file; `ImageError` where the shard has gone, or is shorter by now."""
        try:
            with open_regular(self.shard) as file:
                file.seek(self.offset)
                contents = file.read(self.size)
        except OSError as problem:
            message = f"the shard {self.shard} cannot be read: {problem.strerror or problem}"
            raise ImageError(message) from problem
        if len(contents) != self.size:
            message = f"the shard {self.shard} is cut off: it ends within the photo"
            raise ImageError(message)
        return contents


@dataclass(frozen=True)
class ShardPhoto(Value):
    """A photo of a shard: its name (the shard's, ``/``, the member's), its place, and what is said of it.

    `texts` holds ``cls`` and ``txt`` as they stand, and each plain value of a ``.json`` by its own name.
    """

    name: str
    place: InShard
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShardPhotos(Value):
    """The photos of some shards, sorted by shard and then as they stand, and what is left out."""

    photos: tuple[ShardPhoto, ...]
    left_out: tuple[LeftOut, ...]


def find_shards(path: str | Path) -> tuple[Path, ...]:
    """The shards that a path means: itself, or those that lie in the folder, sorted; none where it is neither."""
    path = Path(path)
    if is_file(path):
        return (path,) if path.suffix.lower() == SUFFIX else ()
    if not is_folder(path):
        return ()
    found = (each for each in path.iterdir() if each.suffix.lower() == SUFFIX and not each.name.startswith("."))
    return tuple(sorted(each for each in found if is_file(each)))


def list_shards(shards: Sequence[Path], *, exclude: Sequence[str] = (), below: str = "") -> ShardPhotos:
    """The photos of some shards; `exclude` is as for `folders.find_photos`, `below` stands before every name.

    Left out, with the reason: what is no photo by its name; links and devices; names that lead out of a folder, or are
    none of this world's; photos that are larger than the reader takes.

    Raises
    ------
    DataSetError
        If a shard cannot be read, is no tar file, compressed, damaged or cut off, or holds more than `MOST_MEMBERS`.
        If two shards have one name, or two photos of a shard, or no photo is in any.
    """
    exclusion = Exclusion(exclude)
    photos: list[ShardPhoto] = []
    left_out: list[LeftOut] = []
    names = [shard.name for shard in shards]
    if twice := [name for name in names if names.count(name) > 1]:
        message = f"two shards are called {quoted(twice[0])}; photos are called by their shard, so rename one"
        raise DataSetError(message)
    for shard in shards:
        found, others = _listed(shard, f"{below}{shard.name}/", exclusion)
        photos += found
        left_out += others
    if not photos:
        message = f"{shortened(str(shards[0])) if shards else 'no shard'}: there is no photo in the shards"
        raise DataSetError(message)
    return ShardPhotos(tuple(photos), tuple(left_out))


class _Headers:
    """A file that gives up where a header wants more memory than any honest one; what lies between is skipped."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_TEXT:
            message = f"a header of it claims {size:,} bytes"
            raise tarfile.ReadError(message)
        return self._file.read(size)


def _listed(shard: Path, below: str, exclusion: Exclusion) -> tuple[list[ShardPhoto], list[LeftOut]]:
    photos: dict[str, InShard] = {}
    texts: dict[str, dict[str, str]] = {}
    left_out: list[LeftOut] = []
    for member, place, file in _members(shard):
        path = f"{below}{member.name}"
        if (told := _unwanted(member, path, exclusion)) is not None:
            left_out.append(told)
            continue
        key, ending = _parted(member.name)
        if ending in _TEXTS:
            texts.setdefault(key, {}).update(_said(shard, member, place, file))
        elif member.name in photos:
            message = f"{shortened(str(shard))}: holds {quoted(member.name)} twice; which of them is meant?"
            raise DataSetError(message)
        else:
            photos[member.name] = place
    found = [ShardPhoto(below + name, place, texts.get(_parted(name)[0], {})) for name, place in photos.items()]
    return found, left_out


def _members(shard: Path) -> Iterator[tuple[tarfile.TarInfo, InShard, IO[bytes]]]:
    """Each member that is no folder, and where its bytes are."""
    try:
        with open_regular(shard) as file:
            length = os.fstat(file.fileno()).st_size
            # Not its own search through compressions: "r:" takes a plain tar file and nothing else.
            with tarfile.open(fileobj=_Headers(file), mode="r:") as archive:  # type: ignore[call-overload]
                for number, member in enumerate(archive):
                    if number >= MOST_MEMBERS:
                        message = f"it has more than {MOST_MEMBERS:,} members"
                        raise tarfile.ReadError(message)
                    archive.members = []  # or each header would be kept
                    if member.isdir():
                        continue
                    if member.isreg() and member.offset_data + member.size > length:
                        message = f"it is cut off within {quoted(member.name)}"
                        raise tarfile.ReadError(message)
                    yield member, InShard(shard, member.offset_data, member.size), file
    except (tarfile.TarError, OSError, ValueError, OverflowError) as problem:
        said = getattr(problem, "strerror", None) or problem
        message = f"{shortened(str(shard))}: cannot be read as a shard (a tar file, not compressed): {said}"
        raise DataSetError(message) from problem


def _unwanted(member: tarfile.TarInfo, path: str, exclusion: Exclusion) -> LeftOut | None:
    """Why a member is left out, or ``None``."""
    why: Why
    name = member.name
    steps = name.split("/")
    if not member.isreg() or member.issparse():
        why, reason = "no regular file", "is a link, a device or a sparse file; only what lies in the shard is read"
    elif name.startswith("/") or ".." in steps or "\0" in name or len(name) > _LONGEST_NAME:
        why, reason = "no regular file", "has a name that leads out of its shard"
    elif any("\ud800" <= letter <= "\udfff" for letter in name):
        why, reason = "name is not UTF-8", "its name is not UTF-8"
    elif any(step.startswith(".") for step in steps if step != "."):
        why, reason = "hidden", "it is hidden (a dot in front)"
    elif (pattern := exclusion.met(path)) is not None:
        why, reason = "excluded", f"excluded by {quoted(pattern)}"
    elif (ending := _parted(name)[1]) in _TEXTS:
        return None
    elif ending not in formats.suffixes():
        advice = formats.advice(ending)
        why, reason = ("no photo by its name", "is no photo by its name") if advice is None else (_MISSING, advice)
    elif member.size > reader.MAX_BYTES:
        why, reason = "unreadable", f"has {member.size:,} bytes, more than are read"
    else:
        return None
    return LeftOut(path, why, reason)


_MISSING: Why = "format not installed"


def _parted(name: str) -> tuple[str, str]:
    """What a photo shares with its texts, and the last ending: ``a/0001.left.jpg`` is ``a/0001`` and ``.jpg``."""
    folder, slash, file = name.rpartition("/")
    return f"{folder}{slash}{file.partition('.')[0]}", Path(file).suffix.lower()


def _said(shard: Path, member: tarfile.TarInfo, place: InShard, file: IO[bytes]) -> dict[str, str]:
    """What a text beside a photo says."""
    where = f"{shortened(str(shard))}: {quoted(member.name)}"
    if place.size > _MOST_TEXT:
        message = f"{where} has {place.size:,} bytes; what is said of a photo has at most {_MOST_TEXT:,}"
        raise DataSetError(message)
    before = file.tell()
    file.seek(place.offset)
    contents = file.read(place.size)
    file.seek(before)
    try:
        text = contents.decode("utf-8-sig").strip()
        _, ending = _parted(member.name)
        if ending != ".json":
            return {ending[1:]: text}
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        message = f"{where} cannot be read: {problem}"
        raise DataSetError(message) from problem
    if not isinstance(document, dict):
        message = f'{where} is no JSON object, such as {{"label": "rose"}}'
        raise DataSetError(message)
    return {str(name): str(value) for name, value in document.items() if isinstance(value, str | int | float)}
