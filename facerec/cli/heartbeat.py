"""That a long work still goes on, where there is no terminal to draw a bar in: a line, at growing intervals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_FIRST = 3.0
_GROWS = 2.5
_LONGEST = 300.0
"""Seconds: what is over before the first line is told nothing of."""


class Heartbeat:
    """What is done of a work, told after `_FIRST` seconds and then ever more rarely.

    `doings` are its stages: where one is all done, the next is told of. `wait` sleeps for so many seconds, and is true
    as soon as the work is over; `clock` gives seconds.
    """

    def __init__(
        self,
        doings: Sequence[str],
        tell: Callable[[str], object],
        wait: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doings, self._tell, self._wait, self._clock = doings, tell, wait, clock
        self._now = (0, 0, 0)
        self._began = clock()

    def advance(self, stage: int, done: int, total: int) -> None:
        """So many are done in a stage, of so many."""
        over = done >= total and stage + 1 < len(self._doings)
        now = (stage + 1, 0, 0) if over else (stage, done, total)
        if now[0] != self._now[0]:
            self._began = self._clock()
        self._now = now

    def run(self) -> None:
        """Tell until the work is over."""
        pause = _FIRST
        while not self._wait(pause):
            self._tell(self._line())
            pause = min(pause * _GROWS, _LONGEST)

    def _line(self) -> str:
        stage, done, total = self._now
        seconds = self._clock() - self._began
        if not 0 < done <= total:
            return f"{self._doings[stage]} … ({_told(seconds)} so far)"
        left = f", about {_told(seconds * (total - done) / done)} to go" if done < total else ""
        return f"{self._doings[stage]}: {done:,} of {total:,}{left}"


def _told(seconds: float) -> str:
    """A time in few words.

    >>> _told(42.3), _told(170), _told(5000)
    ('42 s', '3 min', '1 h 23 min')
    """
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@contextmanager
def lines_now_and_then(
    doings: Sequence[str], tell: Callable[[str], object]
) -> Iterator[Callable[[int, int, int], None]]:
    """A `Heartbeat` in a thread of its own while the block runs; yields its `advance`."""
    over = threading.Event()
    beat = Heartbeat(doings, tell, over.wait)
    thread = threading.Thread(target=beat.run, daemon=True)
    thread.start()
    try:
        yield beat.advance
    finally:
        over.set()
        thread.join()
