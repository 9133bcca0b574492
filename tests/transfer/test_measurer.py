"""Measurer cells for real, with a small random network on generated photos: what is drawn, and that it repeats."""

import gc
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from facerec.networks.backbone import load_backbone
from facerec.transfer.cells import Cell
from facerec.transfer.cost import PeakMemory, Speed, macs_at, step_seconds
from facerec.transfer.grid import Settings
from facerec.transfer.labelled_photos import read_image_set
from facerec.transfer.measurer import Measurer
from facerec.transfer.speed import measure_speed

SETTINGS = Settings(32, 1, 2, 1)
NAME = "resnet18.none"


def write_photos(folder, per_class=14, classes=("blue", "green", "red")):
    """A folder per class with photos that its colour tells apart."""
    random = np.random.default_rng(3)
    for channel, name in enumerate(reversed(classes)):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = random.integers(0, 90, (40, 48, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three classes of fourteen photos."""
    return write_photos(tmp_path_factory.mktemp("photos") / "colours")


@pytest.fixture(scope="module")
def measuring(photos):
    """A measuring of the random network, nothing kept on disk."""
    backbone = load_backbone("resnet18", weights="none")
    return Measurer(read_image_set(photos), {NAME: backbone}, test=0.25, device="cpu", features=None)


@pytest.mark.parametrize("protocol", ["linear", "knn", "centroid", "scratch"])
def test_a_cell_gives_probabilities_and_repeats(measuring, photos, tmp_path, protocol):
    """Rows sum to 1, costs are counted, and another measuring gives the same bytes."""
    cell = Cell(NAME, protocol, 3, 1)
    again = Measurer(measuring.image_set, measuring.backbones, test=0.25, device="cpu", features=tmp_path / "f")

    first, second = (
        each.measure(cell, SETTINGS, checkpoint=tmp_path / f"{number}.checkpoint", deadline=None)
        for number, each in enumerate((measuring, again))
    )

    assert first.scores.shape == (len(measuring.labels), 3)
    assert first.scores.sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert first.scores.tobytes() == second.scores.tobytes()
    assert first.chosen == second.chosen
    assert first.weights == "none"
    assert first.macs == macs_at(measuring.backbones[NAME].macs, 224, 32)
    assert first.learning_macs >= first.macs * (first.train_photos + first.validation_photos)
    assert bool(first.history) == cell.trained


def test_lp_ft_starts_from_the_linear_probe(measuring, tmp_path):
    """It is a training with a history, and pays for the probe's features, too."""
    linear, tuned = (
        measuring.measure(Cell(NAME, p, 3, 0), SETTINGS, checkpoint=tmp_path / "c.checkpoint", deadline=None)
        for p in ("linear", "lp-ft")
    )

    assert tuned.history
    assert tuned.learning_macs > linear.learning_macs


def test_a_deadline_that_has_passed_gives_no_outcome(measuring, tmp_path):
    """The training stops, and nobody takes it for a result."""
    longer = Settings(32, 2, 4, 1)

    found = measuring.measure(
        Cell(NAME, "scratch", 1, 0), longer, checkpoint=tmp_path / "late.checkpoint", deadline=0.0
    )

    assert found is None


def test_predictions_grow_with_the_work(measuring, monkeypatch):
    """A training of more photos is expected to take longer, and so is one of larger photos; features likewise."""
    monkeypatch.setattr("facerec.transfer.measurer.measure_speed", lambda *_, **__: Speed(1e10, 1e10, 1.0, 1e-9))
    small, large = Settings(32, 4, 0, 1), Settings(64, 4, 0, 1)
    few, many = (measuring.predict(Cell(NAME, "scratch", shots, 0), small) for shots in (1, None))

    assert 1 < few < many < measuring.predict(Cell(NAME, "scratch", None, 0), large)
    assert measuring.shared(NAME, large) == pytest.approx(4 * measuring.shared(NAME, small), rel=1e-6)


def test_this_machine_has_a_speed(measuring):
    """A few real batches are timed, and every speed is above zero."""
    speed = measure_speed(
        measuring.backbones[NAME], measuring.image_set, measuring.draws.splits.train, device="cpu", photos=4
    )

    assert speed.forward > 0
    assert speed.training > 0
    assert speed.probe > 0


def test_memory_of_a_block_is_seen():
    """The peak since the start of the block holds what was allocated in it."""
    gc.collect()  # what other tests left must not be given back in between
    memory = PeakMemory("cpu")
    before = memory.read()
    block = np.ones(400_000_000, np.uint8)  # far beyond what the process may just have given back

    assert memory.read() >= before + 0.5 * block.nbytes


def test_steps_are_timed_without_the_first():
    """The first steps warm up."""
    assert step_seconds([0, 9, 10, 11, 12]) == 1


@pytest.mark.parametrize("protocol", ["linear", "fine-tune"])
def test_corrupted_photos_are_looked_at_corrupted(measuring, tmp_path, protocol, monkeypatch):
    """Answers to them are others than to the photos as they are; where nothing is corrupted, they are the same."""
    cell = Cell(NAME, protocol, 3, 0)

    def both(name):
        fresh = Measurer(measuring.image_set, measuring.backbones, test=0.25, device="cpu", features=None)
        found = fresh.measure(cell, SETTINGS, checkpoint=tmp_path / name, deadline=None)
        return found.scores, found.corrupted

    scores, corrupted = both("one")
    for module in ("photos", "corruption"):
        monkeypatch.setattr(f"facerec.transfer.{module}.corrupted", lambda photo, _digest: photo)
    again, untouched = both("other")

    assert scores.shape == corrupted.shape
    assert np.abs(scores - corrupted).max() > 1e-4
    np.testing.assert_allclose(again, scores, atol=1e-6)
    np.testing.assert_allclose(untouched, again, atol=1e-5)


def test_a_cells_seed_reaches_its_training(photos, tmp_path):
    """With given parts two seeds learn from the same photos, and differ in every draw of the training."""
    image_set = read_image_set(photos)
    parts = np.array(["train", "train", "validation", "test"] * len(image_set))[: len(image_set)]
    given = replace(image_set, parts=tuple(parts.tolist()))
    backbones = {NAME: load_backbone("resnet18", weights="none")}
    work = Measurer(given, backbones, test=0.25, device="cpu", features=None)
    cells = [Cell(NAME, "fine-tune", None, seed) for seed in (0, 1)]

    first, second = (
        work.measure(cell, SETTINGS, checkpoint=tmp_path / str(cell.seed), deadline=None) for cell in cells
    )

    assert np.array_equal(work.draws.of(cells[0]).train, work.draws.of(cells[1]).train)
    assert not np.array_equal(first.scores, second.scores)
    assert work.identity(cells[0], SETTINGS)["recipes"] != work.identity(cells[1], SETTINGS)["recipes"]


def test_the_time_alone_is_that_of_all_runs_of_a_training(measuring, tmp_path, monkeypatch):
    """A training that was cut off brings its earlier seconds along; each that is tried counts."""
    cell, settings = Cell(NAME, "scratch", 2, 0), replace(SETTINGS, trials=2)
    trained = measuring.train_together

    def long_ago(*words, **named):
        return replace(trained(*words, **named), seconds=1000.0)

    monkeypatch.setattr(measuring, "train_together", long_ago)

    found = measuring.measure(cell, settings, checkpoint=tmp_path / "state", deadline=None)

    assert 2000 < found.alone_seconds < 2100
