"""Giving a training up as soon as it is clear that it cannot end before its deadline."""

from __future__ import annotations

import math
import time

from facerec.device import torch_device
from facerec.learning.loop import Progress
from facerec.learning.team import Team

_STEPS_TO_TELL = 4
_TOLERANCE = 0.5
"""A training that has all its steps before it is given up where it is expected to need so much more than the time that
is left; the tolerance falls with the steps to go, as what is expected becomes surer."""


class LateError(Exception):
    """A training cannot end before the deadline; caught where the cell is measured.

    Attributes
    ----------
    seconds : float
        What all trainings of the cell would have taken.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"would take {seconds:.0f} s")
        self.seconds = seconds


class Watch:
    """Watches a training's steps, and gives it up as soon as it is clear that it cannot end in time.

    Parameters
    ----------
    deadline : float or None
        A reading of ``time.monotonic()``.
    team : Team
    device : str
    number, trainings : int
        Which of how many trainings of the cell this is, from 0; those after it must end in time, too.
    """

    def __init__(self, deadline: float | None, team: Team, device: str, *, number: int = 0, trainings: int = 1) -> None:
        self._after, self._trainings = trainings - number - 1, trainings
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
        rest = at.steps - at.step + self._after * at.steps
        tolerated = 1 + _TOLERANCE * rest / (self._trainings * at.steps)
        late = left < 0 or (told and pace * rest > tolerated * left)
        # One process decides: clocks differ, and those that go on would wait for ever.
        if self._team.any_of(late, self._device):
            raise LateError(pace * self._trainings * at.steps)
