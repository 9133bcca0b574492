"""How much a key may ask: a bucket that fills steadily, and of which every request takes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from facerec.errors import TooManyRequestsError

_BURST = 10.0  # seconds' worth of what flows in that a bucket holds
_ROUNDING = 1e-6  # who waited for as long as they were told is not sent away again
_MOST = 10_000  # buckets; of keys that ask no more they are full, and need not be kept


class Buckets:
    """A bucket per key. Several threads may share them; each process has its own.

    `per_minute` flows in. `clock` gives seconds that never go back.

    >>> now = 0.0
    >>> buckets = Buckets(60, what="photos", clock=lambda: now)
    >>> buckets.take("kiosk", 10)
    >>> buckets.take("kiosk", 1)
    Traceback (most recent call last):
    facerec.errors.TooManyRequestsError: a key may ask for 60 photos a minute, 10 of them at once; try again in 1 s
    >>> now = 1.0
    >>> buckets.take("kiosk", 1)
    """

    def __init__(self, per_minute: float, *, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._size = max(1.0, self._rate * _BURST)
        self._what, self._clock = what, clock
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: str, amount: int) -> None:
        """Take that much; `TooManyRequestsError`, with when to ask again, if there is less.

        More than a full bucket is taken from a full one, which is then empty for longer: else it could never be.
        """
        with self._lock:
            now = self._clock()
            level, since = self._levels.get(key, (self._size, now))
            level = min(self._size, level + (now - since) * self._rate)
            if level < min(amount, self._size) - _ROUNDING:
                wait = math.ceil((min(amount, self._size) - level) / self._rate)
                message = (
                    f"a key may ask for {60 * self._rate:g} {self._what} a minute, {self._size:g} of them at once; "
                    f"try again in {wait} s"
                )
                raise TooManyRequestsError(message, retry_after=wait)
            if len(self._levels) >= _MOST:
                self._levels = {each: held for each, held in self._levels.items() if self._is_short(*held, now)}
            self._levels[key] = level - amount, now

    def _is_short(self, level: float, since: float, now: float) -> bool:
        return level + (now - since) * self._rate < self._size
