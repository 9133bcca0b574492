"""A run's folder and its loop: what is kept, what is gone on with, what is refused."""

import csv
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from facerec.errors import OutputError, TransferError
from facerec.transfer.cell_queue import measure_all, plan_document, read_plan
from facerec.transfer.cells import Cell, Late, Outcome
from facerec.transfer.grid import Settings, choose, groups
from facerec.transfer.results import COLUMNS, Results, cell_key, row

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

    def test_only_what_is_missing_is_shared_and_one_alone_is_not(self, work, tmp_path):
        """Of four probes two are kept: a team is asked for the other two; for a single one it is not asked."""
        run(work, tmp_path)
        keys = [cell_key(work.identity(each.cell, SETTINGS)) for each in plan_of(work).cells if not each.cell.trained]
        for gone, wanted in ((keys[:2], [2]), (keys[:1], [])):
            for key in gone:
                (tmp_path / "cells" / f"{key}.npy").unlink()
            again, asked = type(work)(), []
            again.share = lambda cells, _settings, asked=asked: asked.append(len(cells))

            run(again, tmp_path)

            assert asked == wanted
            assert len(again.measured) == len(gone)

    def test_what_is_not_planned_is_not_shared(self, work, tmp_path):
        """Probes that a budget has no time for are no work for the team."""
        plan = choose(groups(["net"], ["linear", "knn"], [5, None], 1), (SETTINGS,), work.predict, work.shared)
        cut = replace(plan, cells=plan.cells[:3], left_out=plan.cells[3:], budget=1000.0)
        asked = []
        work.share = lambda cells, _settings: asked.append(list(cells))

        run(work, tmp_path, plan=cut)

        assert asked == [[each.cell for each in plan.cells[:3]]]
        assert len(work.measured) == 4

    def test_a_run_under_way_says_so(self, work, tmp_path):
        """After each cell table and run.json hold all that there is, its seconds, and that it is not complete."""
        clock, told = SimpleNamespace(now=0.0), []
        work.clock = clock

        def look(outcome, done, total, rest):
            document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
            lines = (tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()
            told.append((document["complete"], document["seconds"], len(lines) - 1, done, total))

        measured = run(work, tmp_path, clock=lambda: clock.now, spent=7.0, finished=look)

        taken = 7 + np.cumsum([each.own_seconds for each in measured.outcomes])
        assert told == [(False, seconds, done, done, 9) for done, seconds in enumerate(taken.tolist(), 1)]
        document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
        assert (document["complete"], document["seconds"], document["left_out"]) == (True, measured.seconds, [])
        assert document["warnings"] == []
        assert Results(tmp_path, CONFIGURATION).complete

    def test_the_rest_is_told_at_the_pace_so_far(self, work, tmp_path):
        """Trainings went half as fast as predicted and probes as predicted: each kind counts with its own pace."""
        clock, rests = SimpleNamespace(now=0.0), []
        plan = plan_of(work)

        def measure(cell, settings, **rest):
            clock.now += 20.0 if cell.trained else {True: 6.0, False: 1.0}[cell == plan.cells[0].cell]
            return type(work).measure(work, cell, settings, **rest)

        work.measure = measure

        run(work, tmp_path, plan=plan, clock=lambda: clock.now, finished=lambda *told: rests.append(told[3]))

        trainings, probes = ([each.cell.trained == kind for each in plan.cells] for kind in (True, False))
        assert (sum(trainings), sum(probes)) == (5, 4)
        after_one = 3 + 5 * 10  # a probe took what it should, and of trainings nothing is known
        after_two = 3 + 4 * 20
        assert rests[:2] == [after_one, after_two]
        assert rests[-1] == 0

    def test_checkpoints_of_other_cells_stay(self, tmp_path):
        """What another training keeps to go on from is not this cell's to remove."""
        results = Results(tmp_path, CONFIGURATION)
        for name in ("a" * 64, "b" * 64):
            results.checkpoint(name).with_name(f"{name}-0.checkpoint").write_bytes(b"state")

        results.forget_checkpoints("a" * 64)

        assert [path.name[0] for path in (tmp_path / "cells").iterdir()] == ["b"]


class TestBudget:
    """measure_all with a budget."""

    def test_a_cell_is_refused_that_would_not_end_in_time(self, work, tmp_path):
        """Of 100 s four are kept: after 80 s a training of ten fits, then one of ten no more; the reason has both."""
        clock = SimpleNamespace(now=80.0)
        work.clock = clock
        plan = choose(groups(["net"], ["fine-tune", "gradual"], [5, None], 1), (SETTINGS,), work.predict, work.shared)

        measured = run(work, tmp_path, plan=replace(plan, budget=100.0), clock=lambda: clock.now)

        assert [each.cell for each in measured.outcomes] == [plan.cells[0].cell]
        assert [each.cell for each in measured.left_out] == [each.cell for each in plan.cells[1:]]
        assert {each.reason for each in measured.left_out} == {"would take about 10 s, and 6 s of the budget are left"}
        document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
        assert [each["cell"]["protocol"] for each in document["left_out"]] == [
            each.cell.protocol for each in measured.left_out
        ]
        assert measured.seconds == 90

    def test_a_cell_that_just_fits_is_measured(self, work, tmp_path):
        """Time that is left to the second is enough; a second less is not, and no time is never less than none."""
        plan = choose(groups(["net"], ["scratch", "knn"], [None], 1), (SETTINGS,), work.predict, lambda *_: 0.0)
        for now, left in ((86.0, None), (87.0, "9"), (200.0, "0")):
            clock = SimpleNamespace(now=0.0)

            def measure(cell, settings, clock=clock, now=now, **rest):
                clock.now = now if cell.protocol == "knn" else clock.now + 10
                return type(work).measure(work, cell, settings, **rest)

            work.measure = measure
            measured = run(work, tmp_path / str(now), plan=replace(plan, budget=100.0), clock=lambda c=clock: c.now)

            reasons = [each.reason for each in measured.left_out]
            assert reasons == ([] if left is None else [f"would take about 10 s, and {left} s of the budget are left"])

    def test_probes_do_not_make_trainings_late(self, work, tmp_path):
        """Probes that went ten times slower than predicted say nothing of trainings, and the other way round."""
        clock = SimpleNamespace(now=0.0)
        plan = choose(groups(["net"], ["knn", "scratch"], [5, None], 1), (SETTINGS,), work.predict, lambda *_: 0.0)

        def measure(cell, settings, **rest):
            clock.now += 10.0
            return type(work).measure(work, cell, settings, **rest)

        work.measure = measure

        measured = run(work, tmp_path, plan=replace(plan, budget=33.0), clock=lambda: clock.now)

        assert [each.cell.protocol for each in measured.outcomes] == ["knn", "knn", "scratch"]

    def test_a_row_of_a_further_seed_is_refused_as_a_whole(self, work, tmp_path):
        """With 14 s left a row of 11 is measured; of the next one not even the probe, which alone would fit."""
        clock = SimpleNamespace(now=60.0)
        work.clock = clock
        ordered = groups(["net"], ["linear", "fine-tune"], [5, None], 2)
        plan = choose(ordered, (SETTINGS,), work.predict, lambda *_: 0.0)

        measured = run(work, tmp_path, plan=replace(plan, budget=100.0), clock=lambda: clock.now)

        assert [(each.cell.seed, each.cell.shots) for each in measured.outcomes[4:]] == [(1, None)] * 2
        assert [(each.cell.seed, each.cell.shots) for each in measured.left_out] == [(1, 5)] * 2

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
        """It is listed with what it would have taken; as it is of the question, nothing else is measured after it."""

        def measure(cell, settings, **rest):
            return Late(50.0) if cell.trained else type(work).measure(work, cell, settings, **rest)

        work.measure = measure

        measured = run(work, tmp_path, budget=200)

        assert [each.cell for each in measured.outcomes] == [Cell("net", "linear", None, 0)]
        first, *others = [each.reason for each in measured.left_out]
        assert first == "given up, because all of it would have taken about 50 s"
        assert set(others) == {
            "the question comes first, and of it is not measured: net, fine-tune, all photos, seed 0"
        }


LADDER = (Settings(64, 6, 20, 2), SETTINGS, Settings(32, 2, 20, 1), Settings(64, 2, 20, 1), Settings(64, 1, 20, 1))


class TestQuestion:
    """The question comes first, and nothing else takes its place."""

    PLANNED = (Cell("net", "linear", None, 0), Cell("net", "fine-tune", None, 0))

    @staticmethod
    def by_epochs(work, clock, *, slow_probes=1.0, slow_trainings=1.0):
        """A worker whose trainings take ten seconds for each epoch, and which may be slower than it predicts."""
        asked = []

        def predict(cell, settings):
            return 10.0 * settings.epochs if cell.trained else 1.0

        def measure(cell, settings, *, checkpoint, deadline):
            seconds = predict(cell, settings) * (slow_trainings if cell.trained else slow_probes)
            asked.append((cell.protocol, settings.epochs))
            if cell.trained and clock.now + seconds > deadline:
                clock.now += 2.0
                return Late(seconds)
            clock.now += seconds
            return replace(type(work).measure(work, cell, settings), alone_seconds=seconds)

        work.predict, work.measure = predict, measure
        work.identity = lambda cell, settings: {
            "cell": [cell.backbone, cell.protocol, cell.shots, cell.seed],
            "epochs": settings.epochs if cell.trained else None,
        }
        return asked

    def test_it_is_planned_again_with_shorter_trainings_when_the_probe_was_slow(self, work, tmp_path):
        """A probe of 6 s takes 75: of 100 s 21 are left, no three epochs but two of the same size; the rest follows."""
        clock = SimpleNamespace(now=0.0)
        asked = self.by_epochs(work, clock, slow_probes=75.0)
        plan = plan_of(work, 100)

        measured = run(work, tmp_path, plan=plan, ladder=LADDER, clock=lambda: clock.now)

        assert asked[:2] == [("linear", 3), ("fine-tune", 2)]
        assert measured.plan.settings == Settings(64, 2, 20, 1)
        assert [each.cell for each in measured.outcomes][:2] == list(self.PLANNED)
        assert measured.unanswered == ()
        assert measured.needed is None
        assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["plan"]["settings"]["epochs"] == 2
        assert measured.seconds <= 110

    def test_it_is_planned_again_when_the_training_is_slow(self, work, tmp_path):
        """Trainings take four times what was predicted: the first is given up, and one of a third of it is measured."""
        clock = SimpleNamespace(now=0.0)
        asked = self.by_epochs(work, clock, slow_trainings=4.0)
        plan = plan_of(work, 70)

        measured = run(work, tmp_path, plan=plan, ladder=LADDER, clock=lambda: clock.now)

        assert asked[:3] == [("linear", 3), ("fine-tune", 3), ("fine-tune", 1)]
        assert measured.unanswered == ()
        assert measured.outcomes[1].cell == self.PLANNED[1]
        assert not list((tmp_path / "cells").glob("*.checkpoint"))
        reasons = {each.reason for each in measured.left_out}
        assert all("of the budget are left" in each for each in reasons)

    def test_where_nothing_is_short_enough_nothing_else_is_measured(self, work, tmp_path):
        """Neither knn nor five shots instead: the run ends, and says what budget would do, by what things took."""
        clock = SimpleNamespace(now=7.0)
        asked = self.by_epochs(work, clock, slow_trainings=9.0)
        plan = plan_of(work, 60)

        measured = run(work, tmp_path, plan=plan, ladder=LADDER, clock=lambda: clock.now)

        assert asked == [("linear", 3), ("fine-tune", 3)]
        assert [each.cell for each in measured.unanswered] == [self.PLANNED[1]]
        assert measured.needed == pytest.approx(7 + (6 * 1 / 6 + 10 * 9) / 0.75, rel=0.1)
        document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
        assert document["needed"] == pytest.approx(measured.needed, abs=1e-3)
        before = files_of(tmp_path)
        again = type(work)()
        self.by_epochs(again, clock)
        found = run(again, tmp_path, plan=measured.plan, ladder=LADDER, spent=measured.seconds)
        assert again.measured == []
        assert found.needed == pytest.approx(measured.needed, abs=1e-3)
        assert [each.cell for each in found.unanswered] == [self.PLANNED[1]]
        assert files_of(tmp_path) == before

    def test_a_training_that_stands_fixes_the_settings(self, work, tmp_path):
        """The second network's training is late: it is left out, not shortened, as the first one's stands beside it."""
        clock = SimpleNamespace(now=0.0)
        asked = self.by_epochs(work, clock)
        usual = work.measure

        def measure(cell, settings, **rest):
            if cell.trained and cell.backbone == "b":
                asked.append(("late", settings.epochs))
                return Late(1e3)
            return usual(cell, settings, **rest)

        work.measure = measure
        ordered = groups(["a", "b"], ["linear", "fine-tune"], [None], 1)
        plan = choose(ordered, (SETTINGS,), work.predict, work.shared, budget=200)

        measured = run(work, tmp_path, plan=plan, ladder=LADDER, clock=lambda: clock.now)

        assert asked == [("linear", 3), ("fine-tune", 3), ("linear", 3), ("late", 3)]
        assert [str(each.cell) for each in measured.unanswered] == ["b, fine-tune, all photos, seed 0"]

    def test_without_a_budget_nothing_is_refused(self, work, tmp_path):
        """All cells are measured, however long the question takes."""
        measured = run(work, tmp_path)

        assert measured.unanswered == ()
        assert len(measured.outcomes) == 9


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

    def test_every_cell_of_a_line_is_that_columns(self):
        """An outcome of which every number is another one: each stands under its own name."""
        labels = np.array([0, 1, 1, 0])
        scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]], np.float32)
        made = Outcome(
            cell=Cell("net", "lp-ft", 5, 3),
            weights="0123abcd",
            scores=scores,
            corrupted=scores[:, ::-1],
            train_photos=11,
            validation_photos=12,
            validation_accuracy=0.625,
            alone_seconds=14.12345,
            own_seconds=13.98765,
            macs=15,
            learning_macs=16,
            parameters=17,
            peak_memory=18,
        )

        line = dict(zip(COLUMNS, row(made, labels, data="=mine", engine="torch", pixels=64), strict=True))

        chosen = np.array([0.9, 0.8, 0.7, 0.6])
        assert line.pop("ece") == pytest.approx((0.1 + 0.2 + 0.3 + 0.6) / 4, abs=1e-6)
        assert line.pop("nll") == pytest.approx(-np.log([*chosen[:3], 0.4]).mean(), abs=1e-6)
        low, high = line.pop("ci_low"), line.pop("ci_high")
        assert low == pytest.approx(0.3006, abs=1e-4)  # Wilson's, of three of four
        assert high == pytest.approx(0.9544, abs=1e-4)
        assert line.pop("data") != "=mine"
        assert line == {
            "backbone": "net",
            "weights": "0123abcd",
            "engine": "",
            "pixels": 64,
            "protocol": "lp-ft",
            "shots": 5,
            "train_photos": 11,
            "seed": 3,
            "n_test": 4,
            "accuracy": 0.75,
            "accuracy_corrupted": 0.25,
            "validation_accuracy": 0.625,
            "own_seconds": 13.988,
            "alone_seconds": 14.123,
            "macs": 15,
            "learning_macs": 16,
            "parameters": 17,
            "peak_memory": 18,
        }
        probe = replace(made, cell=Cell("net", "knn", None, 3), corrupted=None)
        line = dict(zip(COLUMNS, row(probe, labels, data="mine", engine="torch", pixels=64), strict=True))
        assert (line["engine"], line["shots"], line["accuracy_corrupted"], line["data"]) == ("torch", "all", "", "mine")

    def test_an_outcome_without_corrupted_answers_has_none_when_read(self, work, tmp_path, cell):
        """As runs of the first version had none; what they called seconds is both kinds of them."""
        results = Results(tmp_path, CONFIGURATION)
        results.save("k" * 64, replace(work.measure(cell, SETTINGS), corrupted=None, own_seconds=2.0))
        path = tmp_path / "cells" / f"{'k' * 64}.json"

        assert results.load("k" * 64).corrupted is None
        document = json.loads(path.read_text(encoding="utf-8"))
        for name in ("own_seconds", "alone_seconds"):
            document.pop(name)
        path.write_text(json.dumps(document | {"seconds": 4.5}), encoding="utf-8")
        found = results.load("k" * 64)
        assert (found.own_seconds, found.alone_seconds) == (4.5, 4.5)

    @pytest.mark.parametrize(
        "damage", [{"key": "x"}, {"scores": "0" * 64}, {"macs": "many"}, {"cell": {}}, {"unknown": 1}]
    )
    def test_a_description_that_is_not_this_cells_vouches_for_nothing(self, work, tmp_path, cell, damage):
        """Another key, another digest, words for numbers, no cell, a field that nobody knows."""
        results = Results(tmp_path, CONFIGURATION)
        results.save("k" * 64, work.measure(cell, SETTINGS))
        path = tmp_path / "cells" / f"{'k' * 64}.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | damage), encoding="utf-8")

        assert results.load("k" * 64) is None

    def test_what_is_added_to_a_run_leaves_the_rest(self, tmp_path):
        """Another value for one name; configuration and everything else stay, and it counts as finished afterwards."""
        results = Results(tmp_path, CONFIGURATION)
        assert not results.complete
        results.write_run({"complete": True, "seconds": 1.5})

        results.amend({"seconds": 2.5, "known classes": ["ants"]})

        assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8")) == {
            "configuration": CONFIGURATION,
            "complete": True,
            "seconds": 2.5,
            "known classes": ["ants"],
        }
        assert Results(tmp_path, CONFIGURATION).complete

    def test_a_key_is_of_everything_and_of_no_order(self):
        """Any value that differs gives another key; names in another order give the same."""
        identity = {"data": "x", "seed": 1, "recipes": ["ä", None]}

        assert cell_key(identity) == cell_key(dict(reversed(identity.items())))
        others = [identity | {"data": "y"}, identity | {"seed": 2}, identity | {"recipes": ["ä"]}]
        assert len({cell_key(each) for each in (identity, *others)}) == 4

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
