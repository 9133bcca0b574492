"""Where a gallery file stands: its header, read by hand, and whether it is still the file that was opened.

The header is read without SQLite. Even a look at a file by SQLite replays its journal or writes its log back, which
nobody may do to somebody else's. An ``immutable`` connection does not, but it leaves out the -wal file, and so takes a
gallery that is being written, or whose writer was killed, for a damaged one.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from facerec.files import open_regular

BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file in use: the changes that are not in it yet, and where in them which page stands."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_LARGEST_PAGE = 65536
_SMALLEST_PAGE = 512

# Closing any descriptor of a file drops all POSIX locks that this process has on it, those of SQLite included, and
# another process could then take the -wal file of an open gallery away. So a file's descriptors are kept until nobody
# in this process has the gallery open.
_lock = threading.Lock()
_files: dict[tuple[int, int], list[BufferedReader]] = {}
_holders: Counter[tuple[int, int]] = Counter()


class Header(NamedTuple):
    """What the first 100 bytes of an SQLite file say.

    Whose it is, of which version, how many bytes it must have, and whether changes go to a -wal file first.
    """

    application: int
    version: int
    length: int
    write_ahead: bool


class Held:
    """A regular file that is held open, to be released after every connection to it is closed; or an `OSError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _lock:
            key = _key(path)
            if key is None or key not in _files:
                file = open_regular(path)
                found = os.fstat(file.fileno())
                key = (found.st_dev, found.st_ino)  # another file may have taken its place since
                _files.setdefault(key, []).append(file)
            _holders[key] += 1
        self._key = key
        self._paths = {suffix: str(beside(path, suffix)) for suffix in ("", *BESIDE)}  # looked at in every transaction
        self._beside: dict[str, tuple[int, int]] = {}
        self._released = False

    def header(self) -> Header | None:
        """What the header says; ``None`` if this is not SQLite's."""
        with _lock:
            descriptor = _files[self._key][0].fileno()  # its buffer would hold what was there before
            os.lseek(descriptor, 0, os.SEEK_SET)
            start = os.read(descriptor, _HEADER)
        if self.length() < _SMALLEST_PAGE or len(start) < _HEADER or not start.startswith(_MAGIC):
            return None
        size = _number(start, 16, 2)
        pages = _number(start, 28) if start[24:28] == start[92:96] else 0  # else written by a very old SQLite
        return Header(
            _number(start, 68), _number(start, 60), pages * (_LARGEST_PAGE if size == 1 else size), start[18] == 2
        )

    def length(self) -> int:
        """How many bytes the file has now."""
        with _lock:
            return os.fstat(_files[self._key][0].fileno()).st_size

    def cut_short(self) -> bool:
        """Whether the file has fewer bytes than its header says and nothing beside it to make up for them."""
        header = self.header()
        return header is not None and header.length > self.length() and not has_changes_beside(self.path)

    def remember_beside(self) -> None:
        """Remember which files stand beside this one; from now on they must stay, too."""
        self._beside = {suffix: key for suffix in BESIDE if (key := _key(beside(self.path, suffix))) is not None}

    def moved(self) -> str:
        """What is not where it was opened, the file or one beside it: "deleted" or "replaced" and its name; or ""."""
        opened = {"": self._key, **self._beside}
        for suffix, key in opened.items():
            if (found := _key(self._paths[suffix])) != key:
                return f"{beside(self.path, suffix).name} was {'deleted or moved' if found is None else 'replaced'}"
        return ""

    def release(self) -> None:
        """Let go of the file; doing so twice is allowed."""
        with _lock:
            if self._released:
                return
            self._released = True
            _holders[self._key] -= 1
            if not _holders[self._key]:
                del _holders[self._key]
                for file in _files.pop(self._key):
                    file.close()


def beside(path: Path, suffix: str) -> Path:
    """The path of what SQLite keeps beside a file."""
    return path.with_name(path.name + suffix)


def has_changes_beside(path: Path) -> bool:
    """Whether a -wal file that is not empty stands beside the file."""
    try:
        return beside(path, "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _key(path: Path | str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - a `Path` would be made anew for each
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _number(start: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(start[at : at + size], "big")
