"""What is known of photos that were opened before, so that a start costs a look at each file's date, not at the photo.

The index of a folder lies in the user's own cache, one file for each folder, and holds a photo's SHA-256, its
perceptual hash, or why it cannot be read. An entry counts as long as the file has the size and the times that it had.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import PIL.Image
from platformdirs import user_cache_path

from facerec.errors import FacerecError, ImageError, OutputError, TransferError
from facerec.extras import extra
from facerec.files import read_json, replacing
from facerec.photos import reader
from facerec.photos.prefetch import ahead
from facerec.photos.shards import InShard
from facerec.types import Image

HELD_BYTES = 1 << 29
"""How many bytes of photos that were just decoded are kept for whoever needs them next."""

_FORMAT = "facerec photo index 1"
_LARGEST = 1 << 32  # bytes; some ten million photos
_SETTLED = 1_000_000_000  # nanoseconds: what changed a moment ago may change again within one tick of a disk's clock

Stamp: TypeAlias = tuple[int, int, int]
"""Size in bytes, and the times of the last change of contents and of entry, in nanoseconds."""


@dataclass(frozen=True)
class Seen:
    """What opening a photo said.

    Attributes
    ----------
    digest : str
        SHA-256 of its contents; empty where it cannot be read.
    look : int
        Its perceptual hash, 64 bits (ImageHash's ``phash``).
    problem : str
        Why it cannot be read; empty where it can.
    """

    digest: str
    look: int
    problem: str = ""


@dataclass(frozen=True)
class Opened:
    """What is known of some photos, and those that were decoded to know it, as far as they fit."""

    seen: tuple[Seen, ...]
    decoded: dict[str, Image] = field(repr=False)


def index_folder() -> Path:
    """Where indices lie; need not exist."""
    return user_cache_path("facerec", appauthor=False) / "photos"


def open_photos(
    root: Path,
    files: Sequence[str],
    *,
    places: Mapping[str, InShard] = MappingProxyType({}),
    progress: Callable[[int, int], None] | None = None,
) -> Opened:
    """What is known of each photo; those that are new or changed are opened.

    Parameters
    ----------
    root : Path
    files : sequence of str
        Paths below it.
    places : mapping of str to InShard
        Where those lie that are no files of their own; they count as unchanged as long as their shard is.
    progress : callable, optional
        Called with the photos done and the photos in all, where some must be opened.
    """
    kept = index_folder() / f"{hashlib.sha256(str(root.resolve()).encode()).hexdigest()}.json"
    known, began = _read(kept), time.time_ns()
    stamps = [_stamp(places[file].shard if file in places else root / file) for file in files]
    found: dict[str, Seen] = {}
    for file, stamp in zip(files, stamps, strict=True):
        entry = known.get(file)
        if stamp is not None and entry is not None and entry[0] == stamp:
            found[file] = entry[1]
    new = [file for file in files if file not in found]
    decoded: dict[str, Image] = {}
    room = HELD_BYTES
    workers = os.cpu_count() or 1
    try:
        opened = ahead(lambda file: _look_at(places.get(file, root), file), new, workers=workers, depth=4 * workers)
        for done, (file, (seen, pixels)) in enumerate(zip(new, opened, strict=True), 1):
            found[file] = seen
            if pixels is not None and pixels.nbytes <= room:
                decoded[file] = pixels
                room -= pixels.nbytes
            if progress is not None:
                progress(done, len(new))
    finally:  # what was seen so far is known when somebody starts again
        if new:
            settled = {
                file: (stamp, found[file])
                for file, stamp in zip(files, stamps, strict=True)
                if file in found and stamp is not None and began - max(stamp[1:]) > _SETTLED
            }
            _write(kept, known | settled)
    return Opened(tuple(found[file] for file in files), decoded)


def look_of(image: Image) -> int:
    """The perceptual hash of a photo, 64 bits."""
    with extra("transfer"):
        import imagehash

    return int(str(imagehash.phash(PIL.Image.fromarray(image))), 16)


def _look_at(where: Path | InShard, file: str) -> tuple[Seen, Image | None]:
    """Look at a file below a folder, or at one in a shard."""
    try:
        contents = where.read() if isinstance(where, InShard) else reader.contents(where / file) or b""
        pixels = reader.read(contents, name=file)
    except ImageError as problem:
        path = file if isinstance(where, InShard) else str(where / file)
        return Seen("", 0, str(problem).removeprefix(f"{path} ").removeprefix(f"{file} ")), None
    return Seen(hashlib.sha256(contents).hexdigest(), look_of(pixels)), pixels


def _stamp(path: Path) -> Stamp | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _read(path: Path) -> dict[str, tuple[Stamp, Seen]]:
    """What an index holds; nothing where there is none, or what there is is none of ours."""
    try:
        document = read_json(path, error=TransferError, limit=_LARGEST)
        if document["format"] != _FORMAT:
            return {}
        return {
            file: ((int(size), int(changed), int(entered)), Seen(str(digest), int(look, 16), str(problem)))
            for file, (size, changed, entered, digest, look, problem) in document["photos"].items()
        }
    except (FacerecError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _write(path: Path, entries: dict[str, tuple[Stamp, Seen]]) -> None:
    rows = {file: [*stamp, seen.digest, f"{seen.look:016x}", seen.problem] for file, (stamp, seen) in entries.items()}
    # An index saves time and nothing else: where it cannot be kept, the next start looks at the photos again.
    with suppress(OSError, OutputError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(path) as partial:
            partial.write_text(json.dumps({"format": _FORMAT, "photos": rows}), encoding="utf-8")
