"""Who does what, where several processes and machines work in one folder: a claim is a file that one of them made.

No clocks are compared: a claim is renewed by its owner, and whoever watches it for as long as a `lease` on its own
clock and sees no renewal takes it over. On one machine a dead owner is seen at once. A claim is only ever made anew,
never changed or taken away from another: the next owner makes the next file (``KEY.1`` after ``KEY.0``), which only
one can. All that a folder must be able to do is to make a file that is not there yet, and to say so to one of two who
try: local disks and NFS do.

An owner that was asleep for a lease, and goes on, finds that it was robbed (`Claims.holds`). What is done under a claim
should be the same whoever does it: a claim saves work, and keeps nothing apart that must not meet.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from facerec.errors import ArgumentError, OutputError

LEASE = 60.0
"""Seconds without a sign of life after which an owner on another machine counts as dead."""

_SIGNS = 6  # of life in a lease
_MOST = 1 << 12
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LOOK = 0.5


@dataclass(frozen=True)
class Owner:
    """A process: of which machine (as it was started last), which number, and since when."""

    host: str
    boot: str
    process: int
    since: str
    token: str

    @classmethod
    def here(cls) -> Owner:
        """The process that asks."""
        return cls(socket.gethostname(), _boot(), os.getpid(), _since(os.getpid()), secrets.token_hex(8))

    @property
    def is_dead(self) -> bool:
        """Whether it is a process of this machine that is no more; False where nobody can know."""
        if self.boot != _boot() or not self.boot:
            return False
        return _since(self.process) != self.since

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


def _boot() -> str:
    """The number of this start of this machine; a container on the same kernel sees other processes, so their view."""
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()} {os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116
    except OSError:
        return ""


def _since(process: int) -> str:
    """When a process began, in ticks of the machine; empty where there is none, or it is a zombie."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if told[0] in "ZX" else told[19]


class Claims:
    """The claims of this process in a folder, which is made if it is not there.

    Parameters
    ----------
    folder : Path
    lease : float
        Seconds, above 0; the same for all who share the folder.

    Use it in a ``with`` block: there claims are renewed, and at its end they are given back.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Claims(folder) as ours, Claims(folder) as theirs:
    ...     ours.take("a"), theirs.take("a"), theirs.take("b")
    (True, False, True)
    """

    def __init__(self, folder: Path, *, lease: float = LEASE) -> None:
        if not lease > 0:
            message = f"a lease is a number of seconds above 0; got {lease}"
            raise ArgumentError(message)
        self.folder = folder
        self.lease = lease
        self.owner = Owner.here()
        self._held: dict[str, Path] = {}
        self._watched: dict[Path, tuple[tuple[int, int], float]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="facerec claims", daemon=True)
        with self._told():
            folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Claims:
        self._renewing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._renewing.join()
        for key in list(self._held):
            self.release(key)

    def take(self, key: str) -> bool:
        """Claim `key`; False where another has it. Whoever gets it looks again whether the work is still to be done.

        `OutputError` if the folder cannot be written to.
        """
        if self.holds(key):
            return True
        with self._lock:
            self._held.pop(key, None)  # another took it over, and may be gone by now
        with self._told():
            last = self._last(key)
            seen = None if last is None else _read(last)
            if last is not None and not self._is_dead(last):
                return False
            number = 0 if last is None else int(last.suffix[1:]) + 1
            ours = self.folder / f"{key}.{number}"
            try:
                with ours.open("x", encoding="utf-8") as file:
                    json.dump(self.owner.__dict__, file)
            except FileExistsError:
                return False
            # Meanwhile the dead one may have been given back and claimed anew, from 0: then it is theirs.
            changed = last is not None and last.exists() and _read(last) != seen
            if changed or self._last(key) != ours:
                ours.unlink(missing_ok=True)
                return False
        with self._lock:
            self._held[key] = ours
        return True

    def holds(self, key: str) -> bool:
        """Whether a claim of this process was not taken over meanwhile."""
        ours = self._held.get(key)
        return ours is not None and self._last(key) == ours

    def release(self, key: str) -> None:
        """Give a claim back, once what was claimed is done, or will not be done here."""
        with self._lock:
            ours = self._held.pop(key, None)
        if ours is None:
            return
        with contextlib.suppress(OSError):  # a folder that is gone holds no claims, either
            for each in self._all(key):
                if int(each.suffix[1:]) <= int(ours.suffix[1:]):
                    each.unlink(missing_ok=True)

    def holder(self, key: str) -> Owner | None:
        """Who has a claim; ``None`` where nobody has, or it does not say."""
        last = self._last(key)
        return None if last is None else _read(last)

    def others(self) -> tuple[Owner, ...]:
        """Who else holds claims in the folder, as far as anybody can know; the dead do not count."""
        found = {}
        for path in self.folder.glob("*.*"):
            owner = _read(path)
            if owner is not None and owner.token != self.owner.token and not self._is_dead(path):
                found[owner.token] = owner
        return tuple(found.values())

    def tidy(self) -> None:
        """Remove what owners left who died after their work was done, as far as that can be known here."""
        for path in self.folder.glob("*.*"):
            owner = _read(path)
            if owner is not None and owner.is_dead:
                path.unlink(missing_ok=True)

    @contextmanager
    def alone(self, key: str, *, waiting: Callable[[Owner], None] | None = None) -> Iterator[None]:
        """Wait for a claim, hold it for the block, and give it back; `waiting` is called with who has it, once."""
        told = False
        while not self.take(key):
            if waiting is not None and not told and (owner := self.holder(key)) is not None:
                waiting(owner)
                told = True
            time.sleep(_LOOK)
        try:
            yield
        finally:
            self.release(key)

    def _all(self, key: str) -> list[Path]:
        # A key holds no dot, so that no other key's files are meant.
        return [each for each in self.folder.glob(f"{key}.*") if each.suffix[1:].isdecimal()]

    def _last(self, key: str) -> Path | None:
        return max(self._all(key), key=lambda each: int(each.suffix[1:]), default=None)

    def _is_dead(self, path: Path) -> bool:
        owner = _read(path)
        if owner is not None and owner.is_dead:
            return True
        try:
            about = path.stat()
        except FileNotFoundError:  # it was given back just now; the next look finds none
            return False
        sign, now = (about.st_mtime_ns, about.st_ino), time.monotonic()
        if self._watched.get(path, (None, 0.0))[0] != sign:
            self._watched[path] = sign, now
        return now - self._watched[path][1] > self.lease

    def _renew(self) -> None:
        while not self._ended.wait(self.lease / _SIGNS):
            with self._lock:
                held = list(self._held.values())
            for path in held:
                with contextlib.suppress(OSError):  # taken over and tidied up, or out of reach for a moment
                    os.utime(path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"{self.folder} cannot hold claims: {error.strerror or error}"
            raise OutputError(message) from error


def _read(path: Path) -> Owner | None:
    """Who made a claim; ``None`` where it is gone or not yet written."""
    try:
        with path.open(encoding="utf-8") as file:
            told = json.loads(file.read(_MOST))
        return Owner(**{name: told[name] for name in Owner.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError):
        return None
