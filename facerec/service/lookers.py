"""What looks at photos for the service: the recognizer in this process, or one in a process of its own.

One interpreter runs the detector's Python only once at a time, whatever its threads; a process for each core finds and
embeds faces beside the others. Each has networks of its own, and, where photos of strangers are decoded, a limited
process of its own for that: what decodes never shares memory with networks or with the service.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Protocol, TypeAlias

from facerec.device import use_one_thread_per_network
from facerec.errors import EndedProcessError, FaceError, ImageError
from facerec.photos.reader import Source
from facerec.recognizer import Chosen, Recognizer
from facerec.types import FaceChoice, Faces

Result: TypeAlias = Faces | Chosen | FaceError | ImageError

_GRACE = 30.0  # seconds that a process may work on after nobody waits for it; then it is ended


class Looker(Protocol):
    """Finds and embeds the faces of some photos, one call at a time."""

    def __call__(self, photos: Sequence[Source], choice: FaceChoice | None, *, seconds: float) -> list[Result]:
        """Per photo its `Faces`, with a `choice` the `Chosen` one, or the error that says why there is none.

        `EndedProcessError` if it takes longer than so many seconds and some grace, or its process was ended twice.
        """

    @property
    def ready(self) -> bool:
        """Whether photos are looked at as soon as they come."""

    def begin(self) -> None:
        """Begin what takes a while, so that the first photos do not wait for it."""

    def close(self) -> None:
        """End what was begun."""


def look(recognizer: Recognizer, photos: Sequence[Source], choice: FaceChoice | None) -> list[Result]:
    """The faces of some photos: all of each, or the one that is meant."""
    return list(recognizer.stream(photos)) if choice is None else list(recognizer.chosen(photos, choice))


class Here:
    """Looks in this process; its limited reader is left to whoever made the recognizer."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    ready = True

    def __call__(self, photos: Sequence[Source], choice: FaceChoice | None, *, seconds: float) -> list[Result]:  # noqa: ARG002
        """As of `Looker`; nothing here can be ended."""
        return look(self._recognizer, photos, choice)

    def begin(self) -> None:
        """There is nothing to begin."""

    def close(self) -> None:
        """There is nothing to end."""


class Apart:
    """Looks in a process of its own, which is begun with the first photos, and anew where it was ended.

    What it was asked for when it ended is asked for once more: looking at photos changes nothing. The process ends with
    this one, however that ends, and leaves interrupts of a terminal to it.
    """

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._lock = threading.Lock()
        self._closed = False
        self._pool: ProcessPoolExecutor | None = None
        self._begun: Future[int] | None = None

    def __call__(self, photos: Sequence[Source], choice: FaceChoice | None, *, seconds: float) -> list[Result]:
        """As of `Looker`."""
        for _ in range(2):
            try:
                return self._asked(photos, choice).result(seconds + _GRACE)
            except BrokenProcessPool:
                self._end()
                self.begin()
            except TimeoutError as error:
                self._end()
                message = "the process that looks at photos did not come to an end, and was ended; ask again"
                raise EndedProcessError(message) from error
        message = "the process that looks at photos was ended twice while it looked at these; ask again later"
        raise EndedProcessError(message)

    @property
    def ready(self) -> bool:
        """Whether the process was begun, and its networks are loaded."""
        begun = self._begun
        return begun is not None and begun.done() and begun.exception() is None

    def begin(self) -> None:
        """Begin the process, which takes seconds where networks are loaded."""
        self._begun = self._running().submit(os.getpid)

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._lock:
            self._closed = True
        self._end()

    def _asked(self, photos: Sequence[Source], choice: FaceChoice | None) -> Future[list[Result]]:
        return self._running().submit(_look, photos, choice)

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                message = "the service is ending"
                raise EndedProcessError(message)
            if self._pool is None:
                context = multiprocessing.get_context("spawn")  # never a fork of the threads here
                self._pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(self._recognizer,))
            return self._pool

    def _end(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)


_recognizer: Recognizer | None = None
"""Of a process that looks."""


def _begin(recognizer: Recognizer) -> None:
    global _recognizer  # noqa: PLW0603 - what a process of a pool has
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with the service", daemon=True).start()
    if "torch" in sys.modules:  # its networks came with the recognizer
        use_one_thread_per_network()
    _recognizer = recognizer


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)


def _look(photos: Sequence[Source], choice: FaceChoice | None) -> list[Result]:
    assert _recognizer is not None  # noqa: S101 - for the type checker: it is there before anything is asked
    return look(_recognizer, photos, choice)
