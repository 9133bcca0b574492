"""Several processes on one run of the bench: each cell is measured once, and what comes out is the run of one."""

import threading
from contextlib import ExitStack, suppress

from facerec.transfer.cell_queue import measure_all
from facerec.transfer.grid import Settings, choose, groups
from facerec.transfer.results import Results, cell_key, claims_in

SETTINGS = Settings(64, 3, 20, 2)


def plan_of(work):
    """Two numbers of shots, two seeds: nine cells."""
    ordered = groups(["net"], ("linear", "fine-tune", "scratch"), [5, None], 2)
    return choose(ordered, (SETTINGS,), work.predict, work.shared)


def run(work, folder, claims, **options):
    """Measure the plan into a folder that others share; the clock stands still."""
    results = Results(folder, {"data": "a"})
    return measure_all(
        work, results, plan_of(work), provenance={}, began=0.0, clock=lambda: 0.0, claims=claims, **options
    )


def files_of(folder):
    """Every file's bytes, by its path; claims are nobody's result."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "claims"
    }


CELLS = [cell for group in groups(["net"], ("linear", "fine-tune", "scratch"), [5, None], 2) for cell in group]


class Slow:
    """A worker that lets others come in between its cells, and notes what it measured."""

    def __new__(cls, work, pause=0.02):
        """Of the class of a made worker."""
        slow = type(work)()
        measure = slow.measure

        def slowly(cell, settings, **rest):
            threading.Event().wait(pause)
            return measure(cell, settings, **rest)

        slow.measure = slowly
        return slow


class TestSharing:
    """measure_all with claims."""

    def test_three_at_once_measure_each_cell_once_and_give_the_whole(self, work, tmp_path):
        """All three end with the run that one alone has, in memory and byte for byte on the disk."""
        run(work, tmp_path / "alone", None)
        workers, found = [Slow(work) for _ in range(3)], []

        def go(worker):
            with claims_in(tmp_path / "shared") as claims:
                found.append(run(worker, tmp_path / "shared", claims))

        threads = [threading.Thread(target=go, args=(worker,)) for worker in workers]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

        assert files_of(tmp_path / "shared") == files_of(tmp_path / "alone")
        assert sorted(str(cell) for worker in workers for cell in worker.measured) == sorted(map(str, CELLS))
        assert [[each.cell for each in one.outcomes] for one in found] == [CELLS] * 3
        assert list((tmp_path / "shared" / "claims").iterdir()) == []

    def test_a_cell_of_one_who_ends_without_it_is_measured_by_another(self, work, tmp_path):
        """One fails in the midst of a cell while another waits for it: the other measures it, and the run is whole."""
        run(work, tmp_path / "alone", None)
        dying, waiting, told = type(work)(), type(work)(), []
        here, go_on = threading.Event(), threading.Event()

        def measure(*_cell, **_rest):
            here.set()
            go_on.wait(30)
            raise KeyboardInterrupt

        dying.measure = measure

        def die():
            with claims_in(tmp_path / "shared") as claims, suppress(KeyboardInterrupt):
                run(dying, tmp_path / "shared", claims)

        thread = threading.Thread(target=die)
        thread.start()
        here.wait(30)

        def waits(*who):
            told.append(who)
            go_on.set()

        with claims_in(tmp_path / "shared") as claims:
            run(waiting, tmp_path / "shared", claims, waiting=waits)
        thread.join()

        assert told[0][0] == 1
        assert files_of(tmp_path / "shared") == files_of(tmp_path / "alone")
        assert len(waiting.measured) == 9

    def test_what_one_measures_while_it_was_robbed_is_not_kept(self, work, tmp_path):
        """It slept for longer than its claim lasts: another has measured the cell, and its outcome stands."""
        with ExitStack() as stack:
            claims, other = (stack.enter_context(claims_in(tmp_path)) for _ in range(2))
            first = plan_of(work).cells[0].cell
            key = cell_key(work.identity(first, SETTINGS))
            sleeper, measure = type(work)(), work.measure

            def robbed(cell, settings, **rest):
                outcome = measure(cell, settings, **rest)
                if cell == first:
                    other.folder.joinpath(f"{key}.1").write_text("{}")
                    Results(tmp_path, {"data": "a"}).save(key, outcome)
                    other.folder.joinpath(f"{key}.1").touch()
                return outcome

            sleeper.measure = robbed
            saved = []
            results = Results(tmp_path, {"data": "a"})
            save = results.save
            results.save = lambda key, outcome: (saved.append(key), save(key, outcome))
            found = measure_all(
                sleeper, results, plan_of(work), provenance={}, began=0.0, clock=lambda: 0.0, claims=claims
            )

        assert key not in saved
        assert len(saved) == 8
        assert len(found.outcomes) == 9
