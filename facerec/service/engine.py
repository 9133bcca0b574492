"""The one door to the networks: photos of all requests wait in one bounded queue, and are embedded together.

Each looker (``lookers.py``) takes its share of what waits: finding faces is the long part and runs photo by photo, the
embedding of all faces that were found is one call of the network.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from facerec.errors import (
    ClosedGalleryError,
    DeadlineError,
    FacerecError,
    OverloadedError,
    UnusablePhotosError,
)
from facerec.photos.reader import Source
from facerec.recognizer import BATCH, Recognizer
from facerec.service.lookers import Looker, Result
from facerec.types import Face, FaceChoice


@dataclass
class _Waiting:
    """The photos of one request."""

    photos: Sequence[Source]
    choice: FaceChoice | None
    until: float
    since: float
    future: Future[list[Result]] = field(default_factory=Future)


class Engine:
    """Has faces found and embedded for many callers at once, with at most `waiting` photos in its queue.

    `watch`, if given, is called with the seconds that each request waited, and worked, and the photos it had.
    """

    def __init__(
        self,
        lookers: Sequence[Looker],
        *,
        waiting: int,
        watch: Callable[[float, float, int], None] | None = None,
    ) -> None:
        self._lookers = lookers
        self._most, self._watch = waiting, watch
        self._queue: deque[_Waiting] = deque()
        self._held = 0
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(each,), name=f"faces {number}", daemon=True)
            for number, each in enumerate(lookers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def ready(self) -> bool:
        """Whether photos are looked at as soon as they come."""
        return any(each.ready for each in self._lookers)

    @property
    def waiting(self) -> int:
        """Photos in the queue now."""
        return self._held

    def submit(self, photos: Sequence[Source], choice: FaceChoice | None, *, seconds: float) -> Future[list[Result]]:
        """Have photos looked at within so many seconds; with a `choice`, for that face of each.

        The result has, per photo, its `Faces`, the `Chosen` one, or the error that says why there is none.
        `OverloadedError` if the queue is full. Of the future: `DeadlineError` if the photos waited for too long.
        """
        now = time.monotonic()
        asked = _Waiting(photos, choice, now + seconds, now)
        with self._changed:
            if self._closed:
                message = "the service is ending"
                raise ClosedGalleryError(message)
            if self._held and self._held + len(photos) > self._most:
                message = f"{self._held} photos wait for their turn, as many as may; try again in a moment"
                raise OverloadedError(message, retry_after=1)
            self._held += len(photos)
            self._queue.append(asked)
            self._changed.notify()
        return asked.future

    def close(self) -> None:
        """Finish what was begun, refuse the rest, and end."""
        with self._changed:
            self._closed = True
            left, self._held = list(self._queue), 0
            self._queue.clear()
            self._changed.notify_all()
        for asked in left:
            if asked.future.set_running_or_notify_cancel():
                asked.future.set_exception(ClosedGalleryError("the service is ending"))
        for thread in self._threads:
            thread.join()
        for each in self._lookers:
            each.close()

    def _work(self, looker: Looker) -> None:
        looker.begin()
        while (batch := self._taken()) is not None:
            self._answer(batch, looker)

    def _taken(self) -> list[_Waiting] | None:
        """The share of one looker of the queue, all of one choice; ``None`` at the end."""
        with self._changed:
            while not self._queue:
                if self._closed:
                    return None
                self._changed.wait()
            share = min(BATCH, -(-self._held // len(self._threads)))
            batch: list[_Waiting] = []
            photos = 0
            while self._queue and (not batch or self._queue[0].choice == batch[0].choice):
                if batch and photos + len(self._queue[0].photos) > share:
                    break
                batch.append(self._queue.popleft())
                photos += len(batch[-1].photos)
            self._held -= photos
            return batch

    def _answer(self, batch: list[_Waiting], looker: Looker) -> None:
        now = time.monotonic()
        alive = []
        for asked in batch:
            if not asked.future.set_running_or_notify_cancel():
                continue  # nobody waits for it any more
            if now >= asked.until:
                message = "the photos waited for their turn until the time of the request was over; ask again later"
                asked.future.set_exception(DeadlineError(message))
            else:
                alive.append(asked)
        if not alive:
            return
        photos = [photo for asked in alive for photo in asked.photos]
        try:
            found = looker(photos, alive[0].choice, seconds=max(asked.until for asked in alive) - now)
        except Exception as error:  # noqa: BLE001 - raised where each request waits
            for asked in alive:
                asked.future.set_exception(error)
            return
        done = time.monotonic()
        for asked in alive:
            part, found = found[: len(asked.photos)], found[len(asked.photos) :]
            if self._watch is not None:
                self._watch(now - asked.since, done - now, len(asked.photos))
            asked.future.set_result(part)


def enrollable(recognizer: Recognizer, found: Sequence[Result]) -> list[Face]:
    """The face of each photo that the gate passes; raises why there is none, for each photo that has none."""
    judged = [recognizer.judged(each) for each in found]  # type: ignore[arg-type]
    reasons = [(number, each) for number, each in enumerate(judged) if isinstance(each, FacerecError)]
    if reasons and len(judged) == 1:
        raise reasons[0][1]
    if reasons:
        message = f"nothing was stored, because {len(reasons)} of {len(judged)} photos cannot be enrolled"
        raise UnusablePhotosError(message, tuple(reasons))
    return [each for each in judged if isinstance(each, Face)]
