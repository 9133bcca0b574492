"""A run's folder and its loop: what is kept, what is gone on with, what is refused."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest

from facerec.errors import OutputError, TransferError
from facerec.transfer.cell_queue import measure_all, plan_document, read_plan
from facerec.transfer.grid import Settings, choose, groups
from facerec.transfer.results import COLUMNS, Results, cell_key

SETTINGS = Settings(64, 3, 20, 2)
CONFIGURATION = {"data": "a" * 64, "shots": [5, "all"], "seeds": 2, "backbones": {"net": "b" * 64}}
PROTOCOLS = ("linear", "fine-tune", "scratch")


def plan_of(work, budget=None):
    """Two numbers of shots, two seeds."""
    return choose(groups(["net"], PROTOCOLS, [5, None], 2), (SETTINGS,), work.predict, work.shared, budget=budget)


def run(work, folder, **options):
    """Measure the plan into a folder."""
    plan = options.pop("plan", None) or plan_of(work, options.pop("budget", None))
    clock = options.pop("clock", lambda: 0.0)
    results = Results(folder, CONFIGURATION)
    return measure_all(work, results, plan, provenance={"warnings": []}, began=0.0, clock=clock, **options)


def files_of(folder):
    """Every file's bytes, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Killed(BaseException):
    """Ends a run as a signal does."""


class TestGoingOn:
    """measure_all."""

    @pytest.mark.parametrize("cells", [0, 1, 5, 8])
    def test_a_run_that_was_cut_off_ends_as_one_that_was_not(self, work, tmp_path, cells):
        """Whatever was measured before, the folders are equal byte for byte, and nothing is measured twice."""
        run(work, tmp_path / "whole")
        dying = type(work)()

        def measure(cell, settings, **rest):
            if len(dying.measured) == cells:
                raise Killed
            return type(work).measure(dying, cell, settings, **rest)

        dying.measure = measure
        with pytest.raises(Killed):
            run(dying, tmp_path / "cut")
        going_on = type(work)()

        run(going_on, tmp_path / "cut")

        assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")
        assert len(going_on.measured) == 9 - cells

    @pytest.mark.parametrize("damage", ["half", "gone", "other"])
    def test_a_damaged_result_is_measured_again(self, work, tmp_path, damage):
        """A file that is cut off, missing or of other bytes does not count."""
        run(work, tmp_path)
        before = files_of(tmp_path)
        victim = sorted((tmp_path / "cells").glob("*.npy"))[3]
        if damage == "gone":
            victim.unlink()
        else:
            content = victim.read_bytes()
            victim.write_bytes(content[: len(content) // 2] if damage == "half" else content[:-1] + b"\x00")
        again = type(work)()

        run(again, tmp_path)

        assert len(again.measured) == 1
        assert files_of(tmp_path) == before

    def test_checkpoints_go_when_their_cell_is_kept(self, work, tmp_path):
        """What a training kept to go on from is removed once its outcome is there."""
        key = cell_key(work.identity(plan_of(work).cells[2].cell, SETTINGS))
        results = Results(tmp_path, CONFIGURATION)
        results.checkpoint(key).with_name(f"{key}-0.checkpoint").write_bytes(b"state")

        run(work, tmp_path)

        assert not list((tmp_path / "cells").glob("*.checkpoint"))

    def test_a_plan_survives_its_file(self, work):
        """What is written to run.json is read back as it was."""
        plan = plan_of(work, 100)

        assert read_plan(json.loads(json.dumps(plan_document(plan)))) == plan

    def test_a_finished_run_writes_nothing(self, work, tmp_path):
        """Started again, it measures nothing, takes no time, and leaves every byte as it is."""
        clock = SimpleNamespace(now=0.0)
        measured = run(type(work)(clock=clock), tmp_path, clock=lambda: clock.now)
        times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        again = type(work)()

        found = run(again, tmp_path, clock=lambda: 1e6, spent=measured.seconds)

        assert again.measured == []
        assert found.seconds == measured.seconds
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times

    def test_own_seconds_add_up(self, work, tmp_path):
        """What each cell added is what all of them took, whatever a cell would have taken alone."""
        clock = SimpleNamespace(now=0.0)
        work.clock = clock

        measured = run(work, tmp_path, clock=lambda: clock.now)

        with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert sum(float(row["own_seconds"]) for row in rows) == pytest.approx(measured.seconds)

    def test_probes_are_shared_once(self, work, tmp_path):
        """A team is asked for all missing probes of the plan together, before the first is measured."""
        asked = []
        work.share = lambda cells, _settings: asked.append((len(work.measured), list(cells)))

        run(work, tmp_path)

        ((before, cells),) = asked
        assert before == 0
        assert len(cells) == 4
        assert not any(cell.trained for cell in cells)


class TestBudget:
    """measure_all with a budget."""

    def test_a_slower_machine_leaves_cells_out(self, work, tmp_path):
        """Where everything takes four times as long as predicted, the run still ends within its budget."""
        clock = SimpleNamespace(now=0.0)
        slow = type(work)()
        plan = plan_of(slow, 100)

        def measure(cell, settings, **rest):
            clock.now += 4 * slow.predict(cell, settings)
            return type(work).measure(slow, cell, settings, **rest)

        slow.measure = measure

        measured = run(slow, tmp_path, plan=plan, clock=lambda: clock.now)

        assert measured.seconds <= 120
        assert measured.left_out
        assert "of the budget are left" in measured.left_out[0].reason

    def test_a_faster_machine_measures_more(self, work, tmp_path):
        """Time that is left over goes to what the plan left out."""
        fast = type(work)()
        plan = plan_of(fast, 60)

        measured = run(fast, tmp_path, plan=plan, clock=lambda: 0.0)

        assert plan.left_out
        assert measured.left_out == ()
        assert len(measured.outcomes) == 9

    def test_time_of_earlier_runs_counts(self, work, tmp_path):
        """A run that goes on has what is left of the budget, not all of it again."""
        with pytest.raises(TransferError, match="budget of 100 s ended before"):
            run(work, tmp_path, budget=100, spent=99.0)

    def test_all_runs_into_a_folder_share_one_deadline(self, work, tmp_path):
        """What earlier runs took is taken from it."""
        told = []

        def measure(cell, settings, *, checkpoint, deadline):
            told.append(deadline)
            return type(work).measure(work, cell, settings)

        work.measure = measure

        run(work, tmp_path, budget=1000, spent=100.0)

        assert set(told) == {1.1 * 1000 - 100}

    def test_a_training_that_is_late_is_left_out(self, work, tmp_path):
        """A cell that meets the deadline is listed as not finished."""

        def measure(cell, settings, **rest):
            return None if cell.trained else type(work).measure(work, cell, settings, **rest)

        work.measure = measure

        measured = run(work, tmp_path, budget=200)

        assert {each.cell.protocol for each in measured.outcomes} == {"linear"}
        assert {each.reason for each in measured.left_out} == {"not finished when the budget was spent"}


class TestFolder:
    """Results."""

    def test_the_table_has_the_promised_columns(self, work, tmp_path):
        """One row per cell, in the plan's order, with Wilson's interval."""
        measured = run(work, tmp_path)

        with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))

        assert tuple(rows[0]) == COLUMNS
        assert len(rows) == len(measured.outcomes) == 9
        first = measured.outcomes[0]
        assert float(rows[0]["accuracy"]) == first.accuracy(work.labels).value
        assert float(rows[0]["ci_low"]) == first.accuracy(work.labels).interval().low
        assert {row["shots"] for row in rows} == {"5", "all"}
        assert {row["weights"] for row in rows if row["protocol"] == "scratch"} == {"none"}

    def test_an_outcome_is_read_as_it_was_kept(self, work, tmp_path, cell):
        """Scores bit for bit, and everything beside them."""
        results = Results(tmp_path, CONFIGURATION)
        outcome = work.measure(cell, SETTINGS)

        results.save("k" * 64, outcome)
        found = results.load("k" * 64)

        assert np.array_equal(found.scores, outcome.scores)
        assert np.array_equal(found.corrupted, outcome.corrupted)
        without = {"scores": None, "corrupted": None}
        assert {**vars(found), **without} == {**vars(outcome), **without}

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"seeds": 5}, "seeds 2 there, 5 here"),
            ({"shots": [1]}, "shots 5, all there, 1 here"),
            ({"backbones": {"net": "c" * 64}}, "backbones net bbbbbbbbbbbb… there, cccccccccccc… here"),
            ({"data": "d" * 64}, "data aaaaaaaaaaaa… there, dddddddddddd… here"),
        ],
    )
    def test_another_configuration_is_refused_with_what_differs(self, work, tmp_path, changed, told):
        """The folder stays as it is."""
        run(work, tmp_path)
        before = files_of(tmp_path)

        with pytest.raises(TransferError, match="another configuration") as refusal:
            Results(tmp_path, {**CONFIGURATION, **changed})

        assert told in str(refusal.value)
        assert files_of(tmp_path) == before

    def test_results_of_nobody_are_refused(self, work, tmp_path):
        """A table without run.json belongs to something else."""
        run(work, tmp_path)
        (tmp_path / "run.json").unlink()

        with pytest.raises(TransferError, match=r"no run\.json"):
            Results(tmp_path, CONFIGURATION)

    @pytest.mark.parametrize("content", ["{", "[1]", '{"configuration": 3}'])
    def test_a_broken_run_file(self, tmp_path, content):
        """It is named, and nothing is guessed."""
        (tmp_path / "run.json").write_text(content, encoding="utf-8")

        with pytest.raises(TransferError, match=r"run\.json"):
            Results(tmp_path, CONFIGURATION)

    def test_a_folder_that_cannot_be_made(self, tmp_path):
        """A file is in the way."""
        (tmp_path / "file").write_text("", encoding="utf-8")

        with pytest.raises(OutputError, match="cannot be made"):
            Results(tmp_path / "file" / "results", CONFIGURATION)

    def test_a_full_disk_leaves_what_was_there(self, work, tmp_path, monkeypatch):
        """The error names the file; when there is room again, the run goes on."""
        run(work, tmp_path / "whole")

        def full(self, content):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("pathlib.Path.write_bytes", full)
            with pytest.raises(OutputError, match="No space left"):
                run(work, tmp_path / "full")

        run(work, tmp_path / "full")
        assert files_of(tmp_path / "full") == files_of(tmp_path / "whole")
