"""The one door to the networks: photos of all requests wait in one bounded queue, and are embedded together.

Each looker (``lookers.py``) takes its share of what waits: finding faces is the long part and runs photo by photo, the
embedding of all faces that were found is one call of the network. Photos that take long take turns with all others.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from facerec.errors import (
    ClosedGalleryError,
    DeadlineError,
    EndedProcessError,
    FacerecError,
    OverloadedError,
    UnusablePhotosError,
)
from facerec.photos.reader import Source
from facerec.recognizer import BATCH, Recognizer
from facerec.service.lookers import Looker, Result
from facerec.types import Face, FaceChoice

_LOGGER = logging.getLogger("facerec.service")
_BEAT = 1.0  # seconds between two looks at whether an idle looker is still there, or could be begun by now
_PATIENCE = 10.0  # seconds in which what was begun may be finished at the end
_MOST_LOSSES = 2


@dataclass
class _Waiting:
    """The photos of one request, what was found in the first of them, and how many lookers were lost over them."""

    photos: Sequence[Source]
    choice: FaceChoice | None
    until: float
    since: float
    future: Future[list[Result]] = field(default_factory=Future)
    begun: float | None = None
    found: list[Result] = field(default_factory=list)
    losses: int = 0

    @property
    def left(self) -> Sequence[Source]:
        return self.photos[len(self.found) :]

    def is_wanted(self, now: float) -> bool:
        """Whether somebody waits for it, who is told where it is too late."""
        if self.begun is None:
            if not self.future.set_running_or_notify_cancel():
                return False  # nobody waits for it any more
            self.begun = now
        if now >= self.until:
            message = "the photos waited for their turn until the time of the request was over; ask again later"
            self.future.set_exception(DeadlineError(message))
            return False
        return True


class Engine:
    """Has faces found and embedded for many callers at once, with at most `waiting` photos in its queue.

    Requests that were together when a looker was lost are looked at once more, each by itself, since looking changes
    nothing: only the one that costs another looker, if any, ends with `EndedProcessError`.

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
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(each,), name=f"faces {number}", daemon=True)
            for number, each in enumerate(lookers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def ready(self) -> int:
        """Lookers that look at photos as soon as these come."""
        return sum(each.ready for each in self._lookers)

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
            if self._ending.is_set():
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
        """Finish what was begun and is soon done, refuse the rest, and end."""
        with self._changed:
            self._ending.set()
            left = [asked for asked in self._queue if asked.begun is None]
            self._queue = deque(asked for asked in self._queue if asked.begun is not None)
            self._held = sum(len(asked.left) for asked in self._queue)
            self._changed.notify_all()
        for asked in left:
            if asked.future.set_running_or_notify_cancel():
                asked.future.set_exception(ClosedGalleryError("the service is ending"))
        ends = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))
        for each in self._lookers:
            each.close()
        for thread in self._threads:
            thread.join()

    def _work(self, looker: Looker) -> None:
        while (batch := self._taken() if self._is_there(looker) else []) is not None:
            self._answer(batch, looker)

    def _is_there(self, looker: Looker) -> bool:
        """Whether a looker is there, begun anew where it was lost; at the end it need not be."""
        try:
            looker.begin()
        except Exception as error:  # noqa: BLE001 - it is tried again, and those who wait have their deadlines
            if not self._ending.is_set():
                _LOGGER.error("faces cannot be looked for: %s", error)  # noqa: TRY400 - where it was raised says nothing
            return self._ending.wait(_BEAT)
        return True

    def _taken(self) -> list[_Waiting] | None:
        """The share of one looker of the queue, all of one choice, none where there is none; ``None`` at the end."""
        with self._changed:
            if not (self._queue or self._ending.is_set()):
                self._changed.wait(_BEAT)
            if not self._queue:
                return None if self._ending.is_set() else []
            share = min(BATCH, -(-self._held // len(self._threads)))
            batch: list[_Waiting] = []
            photos = 0
            while self._queue and (not batch or _go_together(self._queue[0], batch[0])):
                if batch and photos + len(self._queue[0].left) > share:
                    break
                batch.append(self._queue.popleft())
                photos += len(batch[-1].left)
            self._held -= photos
            return batch

    def _answer(self, batch: list[_Waiting], looker: Looker) -> None:
        now = time.monotonic()
        alive = [asked for asked in batch if asked.is_wanted(now)]
        if not alive:
            return
        photos = [photo for asked in alive for photo in asked.left]
        try:
            found = looker(photos, alive[0].choice)
        except EndedProcessError as error:
            self._lost(alive, error)
            return
        except Exception as error:  # noqa: BLE001 - raised where each request waits
            for asked in alive:
                asked.future.set_exception(error)
            return
        had_a_turn = []
        for asked in alive:
            count = len(asked.left)
            if found:
                had_a_turn.append(asked)
            asked.found += found[:count]
            found = found[count:]
        self._put_back([asked for asked in had_a_turn if asked.left], first=False)
        self._put_back(alive[len(had_a_turn) :], first=True)
        done = time.monotonic()
        for asked in alive:
            if not asked.left:
                if self._watch is not None and asked.begun is not None:
                    self._watch(asked.begun - asked.since, done - asked.begun, len(asked.photos))
                asked.future.set_result(asked.found)

    def _lost(self, batch: list[_Waiting], error: EndedProcessError) -> None:
        for asked in batch:
            asked.losses += 1
            if asked.losses == _MOST_LOSSES:
                asked.future.set_exception(error)
        self._put_back([asked for asked in batch if asked.losses < _MOST_LOSSES], first=True)

    def _put_back(self, batch: list[_Waiting], *, first: bool) -> None:
        """Have what is left of requests looked at later, or next."""
        with self._changed:
            self._held += sum(len(asked.left) for asked in batch)
            if first:
                self._queue.extendleft(reversed(batch))
            else:
                self._queue.extend(batch)
            self._changed.notify(len(batch))


def _go_together(one: _Waiting, first: _Waiting) -> bool:
    return one.choice == first.choice and not one.losses and not first.losses


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
