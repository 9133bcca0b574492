"""What looks at photos for the service: the recognizer in this process, or one in a process of its own.

One interpreter runs the detector's Python only once at a time, whatever its threads; a process for each core finds and
embeds faces beside the others. Each has networks of its own, and, where photos of strangers are decoded, a limited
process of its own for that: what decodes never shares memory with networks or with the service, and what it says is
not unpickled. Between the service and these processes, which both are ours, values are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, NoReturn, Protocol, TypeAlias

from facerec.errors import EndedProcessError, FaceError, ImageError
from facerec.photos.reader import Source
from facerec.quality import QualityGate
from facerec.recognizer import Chosen, Recognizer
from facerec.types import Embedder, FaceChoice, Faces

Result: TypeAlias = Faces | Chosen | FaceError | ImageError

TURN = 2.0
"""Seconds after which no further photo is begun: the rest waits for another turn, and lets others go between."""

_SECONDS_TO_BEGIN = 120.0
_AT_ONCE = float("inf")  # seconds that a photo may wait for others of its turn: each is taken when it is looked at


class Looker(Protocol):
    """Finds and embeds the faces of some photos, one call at a time."""

    def __call__(self, photos: Sequence[Source], choice: FaceChoice | None) -> list[Result]:
        """Of the first of the photos, one at least and as many as fit into a `TURN`, what is found, in their order.

        Its `Faces`, with a `choice` the `Chosen` one, or the error that says why there is none. `EndedProcessError` if
        its process was lost meanwhile: killed, or ended because it did not come back.
        """

    @property
    def ready(self) -> bool:
        """Whether photos are looked at as soon as they come."""

    def begin(self) -> None:
        """Begin what takes a while, where it does not run; `EndedProcessError` if it does not come to run."""

    def close(self) -> None:
        """End what was begun, whatever it does."""


def look(recognizer: Recognizer, photos: Sequence[Source], choice: FaceChoice | None) -> list[Result]:
    """What a `Looker` gives."""
    ends = time.monotonic() + TURN

    def of_this_turn() -> Iterator[Source]:
        for number, photo in enumerate(photos):
            if number and time.monotonic() >= ends:
                return
            yield photo

    if choice is None:
        return list(recognizer.stream(of_this_turn(), wait=_AT_ONCE))
    return list(recognizer.chosen(of_this_turn(), choice, wait=_AT_ONCE))


class Here:
    """Looks in this process; its limited reader is left to whoever made the recognizer."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    ready = True

    def __call__(self, photos: Sequence[Source], choice: FaceChoice | None) -> list[Result]:
        """As of `Looker`; nothing here can be lost."""
        return look(self._recognizer, photos, choice)

    def begin(self) -> None:
        """There is nothing to begin."""

    def close(self) -> None:
        """There is nothing to end."""


class Apart:
    """Looks in a process of its own, which is begun anew where it was lost.

    There `make`, which must pickle, makes the recognizer. The process is lost where it does not come back within so
    many `seconds`, too. It ends with this one, however that ends, and leaves interrupts of a terminal to it.
    """

    def __init__(self, make: Callable[[], Recognizer], *, seconds: float) -> None:
        self._make, self._seconds = make, seconds
        self._lock = threading.Lock()
        self._closed = False
        self._process: _Process | None = None

    def __call__(self, photos: Sequence[Source], choice: FaceChoice | None) -> list[Result]:
        """As of `Looker`."""
        self.begin()
        process = self._process
        if process is None:
            raise EndedProcessError(_ENDING)
        told = process.answer((photos, choice), self._seconds)
        if isinstance(told, Exception):
            raise told
        return told

    @property
    def ready(self) -> bool:
        """Whether the process is there, and its networks are loaded."""
        return (process := self._process) is not None and process.ready

    @property
    def number(self) -> int | None:
        """That of the process, by which the system knows it."""
        return None if self._process is None else self._process.number

    def begin(self) -> None:
        """Begin the process where none lives, which takes seconds where networks are loaded.

        `EndedProcessError` if it cannot be; or what `make` raises.
        """
        with self._lock:
            if self._closed:
                raise EndedProcessError(_ENDING)
            if self._process is not None and self._process.ready:
                return
            self._drop()
            self._process = process = _Process(self._make)
        process.wait_until_ready()

    def described(self) -> Recognizer:
        """The recognizer of the process without its networks, which decides and finds no face; errors as of `begin`."""
        self.begin()
        process = self._process
        if process is None or process.described is None:
            raise EndedProcessError(_ENDING)
        return process.described.recognizer()

    def close(self) -> None:
        """As of `Looker`."""
        with self._lock:
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


_ENDING = "the service is ending"


class _Process:
    """One process that looks."""

    def __init__(self, make: Callable[[], Recognizer]) -> None:
        context = multiprocessing.get_context("spawn")  # never a fork of the threads here
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make), name="faces", daemon=True)
        self._usable = False
        self.described: _Described | None = None
        try:
            with _no_interrupts():
                self._process.start()
        except OSError as error:
            self._pipe.close()
            message = f"no process that looks at photos can be begun: {error}"
            raise EndedProcessError(message) from error
        finally:
            theirs.close()  # so that reading comes to its end where the process does

    @property
    def number(self) -> int | None:
        return self._process.pid

    @property
    def ready(self) -> bool:
        return self._usable and not wait([self._process.sentinel], 0)

    def wait_until_ready(self) -> None:
        told = self.answer(None, _SECONDS_TO_BEGIN)
        if isinstance(told, Exception):
            self._process.kill()
            raise told
        self.described, self._usable = told, True

    def answer(self, question: object, seconds: float) -> Any:  # noqa: ANN401 - of a process of ours
        # Writing and reading come to their end where the process does: so neither needs a time limit of its own.
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            self._pipe.send(question)
            told = self._pipe.recv()
        except (OSError, EOFError) as error:
            self._usable = False
            self._process.kill()
            message = "the process that looked at photos was lost: it was killed, or did not come back; ask again"
            raise EndedProcessError(message) from error
        finally:
            timer.cancel()
        return told

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        # The pipe is left to whoever reads from it just now, and is closed when nobody holds it.


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """What is begun meanwhile does not hear of interrupts, from its first moment on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would unblock them, if it were begun with the process
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Described(NamedTuple):
    """A recognizer without its networks."""

    detector: _Named
    embedder: Embedder
    gate: QualityGate

    def recognizer(self) -> Recognizer:
        return Recognizer(detector=self.detector, embedder=self.embedder, gate=self.gate, device="cpu")


@dataclass(frozen=True)
class _Named:
    """A detector, or a crop, by what is known of it."""

    name: str
    points_convention: Any
    runtime: str | None = None
    size: int = 0

    def __call__(self, image: object, detections: object = None) -> NoReturn:  # noqa: ARG002 - as of either
        _not_here()


def _not_here(*_: object) -> NoReturn:
    message = "the networks are in another process"
    raise TypeError(message)


def _described(recognizer: Recognizer) -> _Described:
    found_by, embedder = recognizer.detector, recognizer.embedder
    crop = _Named(embedder.crop.name, getattr(embedder.crop, "points_convention", None), size=embedder.crop.size)
    detector = _Named(found_by.name, found_by.points_convention, getattr(found_by, "runtime", None))
    return _Described(detector, replace(embedder, crop=crop, forward=_not_here, loader=None), recognizer.gate)


def _serve(pipe: Connection, make: Callable[[], Recognizer]) -> None:
    """What runs in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with the service", daemon=True).start()
    recognizer: Recognizer | None = None
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        told: _Described | list[Result] | Exception
        try:
            if recognizer is None:
                recognizer = make()
            told = _described(recognizer) if asked is None else look(recognizer, *asked)
        except Exception as error:  # noqa: BLE001 - raised where it was asked for
            told = error
        pipe.send(told)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
