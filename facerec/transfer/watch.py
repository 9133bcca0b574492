"""Giving a training up as soon as it is clear that it cannot end before its deadline."""

from __future__ import annotations

import math
import time

from facerec.device import torch_device
from facerec.learning.loop import Progress
from facerec.learning.team import Team

_STEPS_TO_TELL = 4
_TOO_LATE = 1.5
"""A training that is expected to need this multiple of the time that is left is given up."""


class LateError(Exception):
    """A training cannot end before the deadline; caught where the cell is measured."""


class Watch:
    """Watches a training's steps, and gives it up as soon as it is clear that it cannot end in time."""

    def __init__(self, deadline: float | None, team: Team, device: str) -> None:
        self._deadline = math.inf if deadline is None else deadline
        self._team, self._device = team, torch_device(device)
        self._began = time.monotonic()
        self._first: int | None = None

    def __call__(self, at: Progress) -> None:
        """After a step; raises `LateError` in all processes where the first one sees that there is no time."""
        now = time.monotonic()
        if self._first is None:  # a training that goes on does not begin at step 0
            self._first, self._began = at.step, now
            return
        pace = (now - self._began) / max(1, at.step - self._first)
        left = self._deadline - now
        told = at.step - self._first >= _STEPS_TO_TELL
        late = left < 0 or (told and pace * (at.steps - at.step) > _TOO_LATE * left)
        # One process decides: clocks differ, and those that go on would wait for ever.
        if self._team.any_of(late, self._device):
            raise LateError
