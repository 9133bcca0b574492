"""Units by a runner: each once, whatever ends meanwhile; what others do is theirs until they are dead."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path

import pytest

from facerec.batch import Claims, Lost, Unit, do, local
from facerec.batch.claims import Owner
from facerec.batch.doing import MOST_LOST
from facerec.errors import ArgumentError
from tests.batch.made_work import Doubling


def units(*tasks):
    """A unit for each task."""
    return [Unit(f"{number:03d}", task) for number, task in enumerate(tasks)]


def in_turn(work, take):
    """A runner of no processes."""
    done = work.begin()
    while (unit := take()) is not None:
        yield unit, done(unit)


def run(work, wanted, runner, **options):
    """Do units with claims of one's own."""
    with Claims(work.folder / "claims") as claims:
        return do(work, wanted, runner, claims, is_done=lambda unit: work.path(unit).exists(), **options)


def tried(work):
    """How often each unit was begun."""
    path = work.folder / "tried"
    return Counter(path.read_text().split()) if path.exists() else Counter()


@pytest.fixture
def work(tmp_path):
    """Twice a number, in a folder."""
    return Doubling(tmp_path)


class TestDo:
    """do, with a runner of no processes."""

    def test_what_is_there_is_not_done_again(self, work):
        """Two of four are there: the other two are done, and told."""
        wanted, told = units(1, 2, 3, 4), []
        for unit in wanted[:2]:
            work.path(unit).write_text("there")

        report = run(work, wanted, in_turn, told=lambda unit, outcome: told.append((unit.key, outcome)))

        assert told == [("002", 6), ("003", 8)]
        assert (report.done, report.by_others, report.lost, report.given_up) == (2, 2, 0, {})
        assert list((work.folder / "claims").iterdir()) == []

    def test_what_another_does_is_left_to_it_and_waited_for(self, work):
        """The other finishes: its unit is not begun here, and the run ends after it."""
        wanted, told = units(1, 2), []
        with Claims(work.folder / "claims") as other:
            other.take("000")

            def finish():
                work.path(wanted[0]).write_text("2")
                other.release("000")

            threading.Timer(0.8, finish).start()
            report = run(work, wanted, in_turn, waiting=lambda *who: told.append(who))

        assert tried(work) == {"001": 1}
        assert (report.done, report.by_others) == (1, 1)
        assert told == [(1, other.owner)]

    def test_what_a_dead_one_left_is_done_here(self, work):
        """The other is killed in the midst of it."""
        wanted = units(1, 2)
        (work.folder / "claims").mkdir()
        owner = replace(Owner.here(), since="1", token="0")
        (work.folder / "claims" / "000.0").write_text(json.dumps(asdict(owner)))

        report = run(work, wanted, in_turn)

        assert (report.done, tried(work)) == (2, {"000": 1, "001": 1})
        assert list((work.folder / "claims").iterdir()) == []

    def test_who_gives_back_undone_leaves_it_to_those_who_wait(self, work):
        """An owner that was interrupted: whoever waits does it."""
        with Claims(work.folder / "claims") as other:
            other.take("000")
            threading.Timer(0.8, other.release, ["000"]).start()

            assert run(work, units(1), in_turn).done == 1

    def test_a_lost_unit_is_done_again_first_and_given_up_in_the_end(self, work):
        """A runner that loses one unit always: the others are done, and it is given up with how it ended."""

        def losing(_, take):
            while (unit := take()) is not None:
                yield unit, Lost("Killed") if unit.key == "001" else 0

        told = []
        report = run(work, units(1, 2, 3), losing, told=lambda unit, _: told.append(unit.key))

        assert told == ["000", "002"]
        assert (report.done, report.lost, report.given_up) == (2, MOST_LOST, {"001": "Killed"})
        assert (work.folder / "lost").read_text().split() == ["001"] * MOST_LOST

    def test_what_is_done_between_the_look_and_the_claim_is_not_done_again(self, work):
        """Another finished just then."""
        (unit,) = units(1)
        looks = iter([False, True])
        with Claims(work.folder / "claims") as claims:
            report = do(work, [unit], in_turn, claims, is_done=lambda _: next(looks))

        assert (report.done, report.by_others, tried(work)) == (0, 1, {})


class TestLocal:
    """local: real processes."""

    def test_every_unit_in_so_many_processes(self, work):
        """Twenty units, two processes, each begun once."""
        told = {}

        report = run(work, units(*range(20)), local(2), told=lambda unit, outcome: told.update({unit.key: outcome}))

        assert told == {f"{number:03d}": 2 * number for number in range(20)}
        assert report.done == 20
        assert set(tried(work).values()) == {1}
        assert len(set((work.folder / "begun").read_text().split())) == 2

    def test_a_process_that_dies_costs_its_unit_only(self, work):
        """Its unit is done again by a new process, and all others once."""
        report = run(work, units(1, "die once", 3, 4), local(2))

        assert (report.done, report.lost) == (4, 1)
        assert tried(work) == {"000": 1, "001": 2, "002": 1, "003": 1}
        assert (work.folder / "lost").read_text().split() == ["001"]

    def test_a_unit_that_always_kills_is_given_up_and_says_how(self, work):
        """The others are done."""
        report = run(work, units("die", 2), local(1))

        assert report.given_up == {"000": "Killed"}
        assert report.done == 1

    def test_what_a_work_raises_ends_the_run(self, work):
        """With its own class and text; claims are given back, and no process is left."""
        with pytest.raises(ValueError, match="it went wrong"):
            run(work, units("fail", "slow"), local(2))

        assert list((work.folder / "claims").iterdir()) == []
        for process in (work.folder / "begun").read_text().split():
            with pytest.raises(ProcessLookupError):
                os.kill(int(process), 0)

    @pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
    def test_processes_end_with_the_one_that_runs_them(self, work, ending):
        """The runner is killed by force, or interrupted: its processes are gone soon, though in the midst of a unit.

        Who is interrupted gives its claims back besides.
        """
        program = (
            "import signal, sys; from pathlib import Path\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from tests.batch.test_doing import run, units, local, Doubling\n"
            "run(Doubling(Path(sys.argv[1])), units('slow', 'slow'), local(2))"
        )
        runner = subprocess.Popen(
            [sys.executable, "-c", program, work.folder], cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
        )
        while len(tried(work)) < 2:
            time.sleep(0.05)
        runner.send_signal(ending)
        runner.wait()

        processes = [int(each) for each in (work.folder / "begun").read_text().split()]
        end = time.monotonic() + 20
        while any(_lives(each) for each in processes) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(_lives, processes))
        assert len(list((work.folder / "claims").iterdir())) == (2 if ending == signal.SIGKILL else 0)

    def test_a_work_of_the_program_itself_is_refused(self, work):
        """A class that is in no module cannot go into other processes, and the message says so."""

        class Mine(Doubling):
            pass

        Mine.__module__, Mine.__qualname__ = "__main__", "Mine"
        sys.modules["__main__"].Mine = Mine
        try:
            with pytest.raises(ArgumentError, match="a module that other processes can import"):
                run(Mine(work.folder), units(1), local(1))
        finally:
            del sys.modules["__main__"].Mine

    def test_refusal(self):
        """No workers, no work."""
        with pytest.raises(ArgumentError, match="at least 1 worker; got 0"):
            local(0)


def test_two_runs_at_once_share_the_units(work):
    """Two runners with claims of their own: every unit is done once, by one of them."""
    wanted, reports = units(*range(30)), []
    threads = [threading.Thread(target=lambda: reports.append(run(work, wanted, local(1)))) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sum(each.done for each in reports) == 30
    assert [each.done + each.by_others for each in reports] == [30, 30]
    assert set(tried(work).values()) == {1}
    assert sorted(chain.from_iterable([tried(work)])) == [unit.key for unit in wanted]


def _lives(process):
    return Path(f"/proc/{process}").exists() and "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
