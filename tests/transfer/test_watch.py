"""Giving a training up: by a clock that is set by hand."""

from types import SimpleNamespace

import pytest

from facerec.learning.loop import Progress
from facerec.learning.team import Team
from facerec.transfer import watch as module
from facerec.transfer.watch import LateError, Watch


@pytest.fixture
def clock(monkeypatch):
    """What ``time.monotonic`` says."""
    made = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def steps_until_late(clock, deadline, *, steps, seconds, first=1, before=0.0):
    """The last step that was taken, of so many that take so long each."""
    watch = Watch(deadline, Team(), "cpu")
    clock.now += before
    for step in range(first, steps + 1):
        clock.now += seconds
        try:
            watch(Progress(step, steps, 1, 1, 0.5, None, 1.0))
        except LateError:
            return step
    return None


@pytest.mark.parametrize(
    ("seconds", "late"),
    [
        (4.2, None),  # 88 s of 100
        (7.1, 5),  # after five steps 114 s are to go, and 64 are left
        (20.0, 5),  # none is left, and four gaps tell that the rest needs some
        (30.0, 4),  # over before anything can be told
    ],
)
def test_a_training_is_given_up_when_it_is_clear(clock, seconds, late):
    """After four gaps, once the rest needs half as long again as the time that is left; or when none is left."""
    assert steps_until_late(clock, 1100.0, steps=21, seconds=seconds) == late


@pytest.mark.parametrize(("deadline", "late"), [(1010 + 60 + 0.1, None), (1010 + 60 - 0.1, 5)])
def test_half_as_long_again_is_the_limit(clock, deadline, late):
    """After five steps of two seconds 45 are to go, 90 s: given up if less than 60 s are left, and not before."""
    watch = Watch(deadline, Team(), "cpu")
    found = None
    for step in range(1, 6):
        clock.now += 2.0
        try:
            watch(Progress(step, 50, 1, 1, 0.5, None, 1.0))
        except LateError:
            found = step

    assert found == late


def test_a_training_that_goes_on_is_timed_from_where_it_goes_on(clock):
    """What came before its first step, and the steps of an earlier run, say nothing of its pace."""
    assert steps_until_late(clock, 1100.0, steps=60, seconds=1.0, first=40, before=50.0) is None
    clock.now = 1000.0
    assert steps_until_late(clock, 1100.0, steps=140, seconds=1.0, first=40, before=40.0) == 44


def test_without_a_deadline_nothing_is_late(clock):
    """However long it takes."""
    assert steps_until_late(clock, None, steps=8, seconds=1e9) is None
