"""A long work is told of at growing intervals, a short one never; no clock is waited for."""

from __future__ import annotations

import pytest

from facerec.cli import console, heartbeat
from facerec.cli.heartbeat import Heartbeat


class Time:
    """A clock that stands still but for what is waited; the work is over after so many seconds."""

    def __init__(self, over: float) -> None:
        self.now, self.over, self.pauses = 0.0, over, []

    def wait(self, seconds: float) -> bool:
        """Let time pass; true once the work is over."""
        self.pauses.append(seconds)
        self.now += seconds
        return self.now > self.over

    def clock(self) -> float:
        """The seconds that have passed."""
        return self.now


@pytest.fixture
def beat():
    """Run a work of so many seconds, and return what was told of it."""

    def run(over: float, doings=("scoring",), done=()) -> tuple[list[str], Time]:
        time, told = Time(over), []
        made = Heartbeat(doings, told.append, time.wait, time.clock)
        for each in done:
            made.advance(*each)
        made.run()
        return told, time

    return run


@pytest.fixture(autouse=True)
def nothing_takes_long() -> None:
    """The seconds until the first line are the real ones here."""


def test_a_short_work_is_told_nothing_of(beat):
    """What is over before the first line leaves none."""
    assert beat(2.9)[0] == []


def test_lines_come_ever_more_rarely(beat):
    """In an hour there are a few lines, at growing intervals, none longer than five minutes apart."""
    told, time = beat(3600)

    assert 10 < len(told) < 25
    assert all(a <= b for a, b in zip(time.pauses, time.pauses[1:], strict=False))
    assert max(time.pauses) <= 300


def test_a_line_says_how_far_it_is(beat):
    """How many of how many, and how long the rest will take at this pace."""
    told, _ = beat(4, done=[(0, 30, 120)])

    assert told == ["scoring: 30 of 120, about 9 s to go"]


def test_a_work_that_cannot_be_counted_is_told_of(beat):
    """Without a number of steps the time so far is said."""
    assert beat(4)[0] == ["scoring … (3 s so far)"]


def test_the_next_stage_is_told_of_when_one_is_done(beat):
    """A phase that reports nothing, such as planning, is named; a later one by what it reports."""
    stages = ("opening photos", "planning", "measuring")

    assert beat(4, stages, [(0, 300, 300)])[0] == ["planning … (3 s so far)"]
    assert beat(4, stages, [(0, 300, 300), (2, 1, 4)])[0] == ["measuring: 1 of 4, about 9 s to go"]
    assert beat(4, stages, [(2, 4, 4)])[0] == ["measuring: 4 of 4"]


def test_progress_goes_to_stderr_and_ends_with_the_work(capsys, monkeypatch):
    """Without a terminal the lines are notes; the answer on stdout has none between."""
    monkeypatch.setattr(heartbeat, "_FIRST", 0.001)

    with console.progress("waiting") as advance:
        advance(1, 2)
        while "waiting: 1 of 2" not in (told := capsys.readouterr()).err:
            assert told.out == ""

    console.say("done")
    assert capsys.readouterr().out == "done\n"


def test_quiet_has_no_progress(capsys, monkeypatch):
    """With ``--quiet`` neither notes nor progress are printed; what must be read is."""
    monkeypatch.setattr(heartbeat, "_FIRST", 0.0)
    console.be_quiet(True)
    try:
        with console.progress("waiting") as advance:
            advance(1, 2)
        console.note("a note")
        console.wrote("a.csv")
        console.tell("a finding")
    finally:
        console.be_quiet(False)

    assert capsys.readouterr().err == "a finding\n"
