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


@pytest.mark.parametrize(
    ("number", "trainings", "rest"),
    [
        (0, 1, 90 / 1.45),  # 45 of 50 steps are to go: given up where they take 1.45 times what is left
        (1, 3, 190 / (1 + 0.5 * 95 / 150)),  # and a whole training after it
        (2, 3, 90 / (1 + 0.5 * 45 / 150)),
    ],
)
@pytest.mark.parametrize("late", [None, 5])
def test_half_as_long_again_is_the_limit_at_first(clock, number, trainings, rest, late):
    """After five steps of two seconds; trainings that follow must end in time, too, and all of them are told."""
    watch = Watch(1010 + rest + (0.1 if late is None else -0.1), Team(), "cpu", number=number, trainings=trainings)
    found = None
    for step in range(1, 6):
        clock.now += 2.0
        try:
            watch(Progress(step, 50, 1, 1, 0.5, None, 1.0))
        except LateError as error:
            found, told = step, error.seconds

    assert found == late
    assert late is None or told == pytest.approx(2.0 * 50 * trainings)


def test_what_cannot_end_is_given_up_before_its_time_is_over(clock):
    """A training of 130 s in 100 s is begun, as the first steps may be slow ones, and given up long before the end."""
    assert 10 < steps_until_late(clock, 1100.0, steps=130, seconds=1.0) < 80


def test_a_training_that_goes_on_is_timed_from_where_it_goes_on(clock):
    """What came before its first step, and the steps of an earlier run, say nothing of its pace."""
    assert steps_until_late(clock, 1100.0, steps=60, seconds=1.0, first=40, before=50.0) is None
    clock.now = 1000.0
    assert steps_until_late(clock, 1100.0, steps=140, seconds=1.0, first=40, before=40.0) == 44


def test_without_a_deadline_nothing_is_late(clock):
    """However long it takes."""
    assert steps_until_late(clock, None, steps=8, seconds=1e9) is None
