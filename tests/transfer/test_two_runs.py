"""Two runs from their folders: which cells they hold, which methods meet, and what is told of them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from facerec.errors import TransferError
from facerec.measure.metrics import holm
from facerec.measure.metrics.paired import mean_accuracy, paired_difference
from facerec.transfer.cell_queue import measure_all
from facerec.transfer.cells import Cell, Late, Outcome
from facerec.transfer.grid import Settings, choose, groups
from facerec.transfer.results import Results
from facerec.transfer.two_runs import Run, compare_runs, document_of, open_run

SETTINGS = Settings(64, 3, 20, 2)
CONFIGURATION = {"test share": 0.25}


def outcome(cell, right):
    """An outcome over two classes, of which the first is right."""
    scores = np.eye(2, dtype=np.float32)[np.where(right, 0, 1)]
    return Outcome(cell, "none", scores, 10, 10, 0.5, 1.0, 1, 1, 1, 1)


def run_of(folder, cells, *, data="data", clusters=None, number=0, photos=60):
    """A run with random answers to photos of one class."""
    random = np.random.default_rng([number, len(cells)])
    made = tuple(outcome(cell, random.random(photos) < random.uniform(0.5, 0.95)) for cell in cells)
    return Run(folder, data, np.zeros(photos, np.int64), clusters, made)


class TestOpening:
    """open_run."""

    @pytest.fixture
    def measured(self, work, tmp_path):
        """A finished run of two networks, with its labels; of ten planned cells two were left out."""
        plan = choose(groups(["b", "a"], ["knn", "scratch"], [5, None], 2), (SETTINGS,), work.predict, work.shared)
        left = tuple(each for each in plan.cells if each.cell.protocol == "scratch")
        plan = replace(plan, cells=tuple(each for each in plan.cells if each not in left), left_out=left, budget=1e6)
        measure = type(work).measure

        def measured(cell, settings, **rest):
            late = cell == Cell("a", "knn", 5, 1) or cell == Cell("b", "scratch", None, 0)
            return Late(1.0) if late else measure(work, cell, settings)

        work.measure = measured
        told = {"data": {"sha256": "d" * 64}, "test": {"labels": work.labels.tolist(), "clusters": None}}
        results = Results(tmp_path, CONFIGURATION)
        measure_all(work, results, plan, provenance=told, began=0.0, clock=lambda: 0.0)
        return tmp_path

    def test_all_that_was_measured_in_order(self, measured, work):
        """The most photos first, then by network, protocol and seed; also what the plan had no time for."""
        found = open_run(measured)

        assert [str(each.cell) for each in found.outcomes] == [
            "a, knn, all photos, seed 0",
            "a, knn, all photos, seed 1",
            "a, scratch, all photos, seed 0",
            "b, knn, all photos, seed 0",
            "b, knn, all photos, seed 1",
            "a, knn, 5 shots, seed 0",
            "b, knn, 5 shots, seed 0",
            "b, knn, 5 shots, seed 1",
        ]
        assert found.missing == 0  # what was left out is not missing
        assert found.labels.tolist() == work.labels.tolist()
        assert (found.folder, found.clusters) == (measured, None)

    def test_data_are_their_contents_and_the_share_that_is_tested_on(self, measured):
        """Other photos or another share are other data; a plan is not."""
        path, data = measured / "run.json", open_run(measured).data
        document = json.loads(path.read_text(encoding="utf-8"))
        for changed in (
            {"data": {"sha256": "e" * 64}},
            {"configuration": {"test share": 0.3}},
            {"test": {"labels": document["test"]["labels"], "clusters": [0] * 120}, "seconds": 5},
        ):
            path.write_text(json.dumps(document | changed), encoding="utf-8")

            assert (open_run(measured).data == data) == ("seconds" in changed)
        assert open_run(measured).clusters.tolist() == [0] * 120

    def test_an_outcome_of_other_photos_is_missing(self, measured):
        """One score too few: the cell is not whole, and its plan says that it should be there."""
        results = Results(measured, CONFIGURATION)
        path = next(
            each
            for each in (measured / "cells").glob("*.json")
            if json.loads(each.read_text(encoding="utf-8"))["cell"]
            == {"backbone": "b", "protocol": "knn", "shots": None, "seed": 1}
        )
        kept = results.load(path.stem)
        results.save(path.stem, replace(kept, scores=kept.scores[1:], corrupted=None))

        found = open_run(measured)

        assert (len(found.outcomes), found.missing) == (7, 1)

    @pytest.mark.parametrize(
        "test", [{"labels": None}, {"labels": [[0]]}, {"labels": [0, 1], "clusters": [0]}, {"labels": ["a"]}, {}]
    )
    def test_labels_that_are_none(self, measured, test):
        """No list of numbers, or people of other photos."""
        path = measured / "run.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(document | {"test": {"clusters": None} | test}), encoding="utf-8")

        with pytest.raises(TransferError, match=r"test labels|labels of test photos"):
            open_run(measured)

    def test_a_plan_that_is_none_and_cells_that_are_gone(self, measured):
        """Each is told for what it is."""
        path = measured / "run.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        for name in ("plan", "left_out"):
            path.write_text(json.dumps({each: document[each] for each in document if each != name}), encoding="utf-8")
            with pytest.raises(TransferError, match="which cells were planned"):
                open_run(measured)
        path.write_text(json.dumps(document), encoding="utf-8")
        for cell in (measured / "cells").glob("*.npy"):
            cell.unlink()
        with pytest.raises(TransferError, match="no whole cell"):
            open_run(measured)


class TestComparing:
    """compare_runs and document_of."""

    def test_each_row_is_the_paired_difference_of_its_method(self, tmp_path):
        """By network, protocol and shots, on the seeds that both have, in their order; adjusted for all rows."""
        people = np.repeat(np.arange(20), 3)
        cells = [
            Cell(net, protocol, shots, seed)
            for net in "ab"
            for protocol in ("linear", "knn")
            for shots in (None, 5)
            for seed in (2, 0, 1)
        ]
        kept = [each for each in cells if not (each.backbone == "b" and each.seed == 0)]
        first = run_of(tmp_path, cells, clusters=people, number=1)
        second = run_of(tmp_path, kept, clusters=people, number=2)

        found = compare_runs(first, second)

        assert len(found) == 8
        assert [each.adjusted for each in found] == holm([each.p_value for each in found]).tolist()
        for each in found:
            assert each.first == each.second
            assert each.seeds == ((0, 1, 2) if each.first == "a" else (1, 2))
            right = [
                np.stack(
                    [run.methods[each.first, each.protocol, each.shots][seed].predicted == 0 for seed in each.seeds]
                )
                for run in (first, second)
            ]
            assert each.accuracies == tuple(mean_accuracy(rows, clusters=people) for rows in right)
            told = each.difference, each.interval, each.p_value
            assert told == paired_difference(*right, clusters=people)

    def test_what_cannot_be_compared(self, tmp_path):
        """Other data, other labels, other seeds, other networks of several; the same photos by the same labels can."""
        cells = [Cell(net, "linear", None, 0) for net in "ab"]
        run = run_of(tmp_path, cells)
        flipped = replace(run, labels=1 - run.labels)
        for other in (replace(run, data="other"), flipped):
            with pytest.raises(TransferError, match="different photos"):
                compare_runs(run, other)
        for cell in (Cell("c", "linear", None, 0), Cell("a", "linear", None, 1), Cell("a", "linear", 5, 0)):
            with pytest.raises(TransferError, match="no method with a seed in common"):
                compare_runs(run, run_of(tmp_path, [cell]))
        (same,) = compare_runs(run, run_of(tmp_path, cells[:1], number=5))
        assert same.first == same.second == "a"

    def test_a_document_has_every_number_under_its_name(self, tmp_path):
        """Both accuracies, the difference with both ends, both p-values; all photos are told in a word."""
        cells = [Cell("a", name, shots, 0) for name in ("knn", "linear") for shots in (None, 5)]
        found = compare_runs(run_of(tmp_path, cells, number=3), run_of(tmp_path, cells, number=4))

        told = json.loads(json.dumps(document_of(found)))

        assert len(told) == len(found) == 4
        for row, each in zip(told, found, strict=True):
            assert row == {
                "first": "a",
                "second": "a",
                "protocol": each.protocol,
                "shots": each.shots or "all",
                "seeds": [0],
                "accuracies": [each.accuracies[0].value, each.accuracies[1].value],
                "difference": pytest.approx(each.accuracies[0].value - each.accuracies[1].value),
                "low": each.interval.low,
                "high": each.interval.high,
                "p_value": each.p_value,
                "adjusted": each.adjusted,
                "distinguishable": each.adjusted < 0.05,
            }
        assert any(each.p_value != each.adjusted for each in found)
