"""A run of the bench by two processes: as one process would, and ended by one line when one of them fails."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from facerec.errors import TransferError
from facerec.learning.loop import Progress
from facerec.learning.team import Team, Teamwork, ToldError
from facerec.transfer.results import Results
from facerec.transfer.watch import LateError, Watch

# The command line, with trainings of four steps; the process of the given rank fails in the first of them.
_PROGRAM = """
import os, sys
import facerec.transfer.bench as bench
from facerec.cli import main
from facerec.transfer.grid import Settings
from facerec.transfer.classifier_loop import ClassifierLoop as Loop

bench._LADDER = (Settings(None, 1, 4, 1),)
failing = sys.argv.pop(1)

def fail(self, *_):
    raise MemoryError("a made-up failure")

if os.environ.get("RANK") == failing:
    Loop._take_step = fail
main()
"""


def run_by(processes, photos, out, *, failing="none"):
    """Run the bench by some processes; what it printed, and its status."""
    script = out.parent / "program.py"
    script.write_text(_PROGRAM)
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    words = ["transfer", "run", "--data", str(photos), "--out", str(out), "--backbone", "resnet18", "--weights", "none"]
    words += [
        "--size",
        "32",
        "--protocol",
        "linear,knn,centroid,lp-ft",
        "--shots",
        "4",
        "--seeds",
        "1",
        "--device",
        "cpu",
    ]
    program = [sys.executable, *(launcher if processes > 1 else []), str(script), failing, *words]
    return subprocess.run(
        program, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=400
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes of twelve photos."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(3)
    for channel, name in enumerate(("red", "green")):
        (folder / name).mkdir()
        for number in range(12):
            pixels = random.integers(0, 150, (40, 48, 3), dtype=np.uint8)
            pixels[..., channel] += 40
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def outcomes_of(out):
    """Probabilities by protocol."""
    configuration = json.loads((out / "run.json").read_text(encoding="utf-8"))["configuration"]
    found = [Results(out, configuration).load(path.stem) for path in (out / "cells").glob("*.json")]
    return {each.cell.protocol: each.scores for each in found}


@pytest.mark.slow
def test_two_processes_measure_what_one_does(photos, tmp_path):
    """The same cells with the same answers; the command line that is kept starts the processes."""
    one, two = (run_by(count, photos, tmp_path / str(count)) for count in (1, 2))

    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert two.stdout.count("results.csv") == 1
    first, second = outcomes_of(tmp_path / "1"), outcomes_of(tmp_path / "2")
    assert first.keys() == second.keys() == {"linear", "knn", "centroid", "lp-ft"}
    for name in ("linear", "knn", "centroid"):
        np.testing.assert_allclose(second[name], first[name], atol=1e-4)
    kept = json.loads((tmp_path / "2" / "run.json").read_text(encoding="utf-8"))
    assert kept["command"][:5] == ["torchrun", "--nproc-per-node", "2", "--no-python", "facerec"]
    assert "processes 2 there, nothing here" in run_by(1, photos, tmp_path / "2").stderr


@pytest.mark.slow
@pytest.mark.parametrize("failing", ["0", "1"])
def test_a_failing_process_ends_the_others(photos, tmp_path, failing):
    """One line tells the failure, whichever process it was; nobody waits for ever."""
    done = run_by(2, photos, tmp_path / "out", failing=failing)

    assert done.returncode != 0
    assert done.stderr.count("facerec: error:") == 1
    line = next(line for line in done.stderr.splitlines() if "facerec: error:" in line)
    assert ("memory" in line) if failing == "0" else ("process 1" in line and "a made-up failure" in line)


class TestTeamwork:
    """ask and asked."""

    def test_what_is_asked_arrives_in_order(self):
        """Names, values and weights come as they were given, until the end."""
        store = torch.distributed.HashStore()
        leader, follower = (Teamwork(Team(rank, 2, store)) for rank in (0, 1))
        weights = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([0.5, -1], np.float32)
        leader.ask("begin", data="Fotos/ä")
        leader.ask("train", weights, number=3)
        leader.ask("end")

        (first, second) = follower.asked()

        assert first == ("begin", {"data": "Fotos/ä"}, None)
        assert second[:2] == ("train", {"number": 3})
        for sent, come in zip(weights, second[2], strict=True):
            np.testing.assert_array_equal(come, sent)

    def test_a_failure_of_the_first_ends_the_others(self):
        """They end without a word of their own."""
        store = torch.distributed.HashStore()
        Teamwork(Team(0, 2, store)).ask("fail")

        with pytest.raises(ToldError):
            next(Teamwork(Team(1, 2, store)).asked())

    def test_alone_nobody_is_asked(self):
        """A team of one has no store."""
        Teamwork().ask("train", number=1)

        assert issubclass(ToldError, TransferError)


def test_one_clock_decides_for_all():
    """A process without a deadline gives a training up when the first one's time is over, and not before."""

    class Two(Team):
        signals = iter([0.0, 1.0])

        def add_up(self, tensors):
            for tensor in tensors:
                tensor.add_(next(self.signals))

    watch = Watch(None, Two(1, 2), "cpu")
    at = [Progress(step, 10, 1, 1, 0.5, None, 1.0) for step in (1, 2, 3)]
    watch(at[0])
    watch(at[1])

    with pytest.raises(LateError):
        watch(at[2])
