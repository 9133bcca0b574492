"""A run of the bench without a network: made-up photos, and a worker whose answers follow from the cell alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facerec.transfer.bench import Bench
from facerec.transfer.cell_queue import measure_all
from facerec.transfer.cells import Cell, Outcome, Point
from facerec.transfer.grid import Settings, choose, groups
from facerec.transfer.image_set import ImageSet
from facerec.transfer.provenance import Provenance
from facerec.transfer.results import Results, row

CLASSES = ("daisy", "rose", "tulip")
SETTINGS = Settings(64, 3, 20, 2)
_TOP = {"linear": 0.93, "knn": 0.88, "centroid": 0.84, "fine-tune": 0.92, "scratch": 0.55}


class MadeWork:
    """Measures nothing: a cell's answers are drawn from its own seed, better with more shots."""

    def __init__(self, photos=120, clock=None):
        self.labels = np.arange(photos) % len(CLASSES)
        self.measured = []
        self.clock = clock

    def identity(self, cell, settings):
        """As the real one: everything that the outcome depends on."""
        return {"cell": [cell.backbone, cell.protocol, cell.shots, cell.seed], "size": settings.size}

    def row(self, outcome, _settings):
        """As the real one."""
        return row(outcome, self.labels, data="made", engine="torch", pixels=64)

    def share(self, cells, _settings):
        """Alone, nothing happens."""

    def predict(self, cell, _settings):
        """Ten seconds for a training, one for a probe."""
        return 10.0 if cell.trained else 1.0

    def shared(self, _backbone, _settings):
        """Five seconds."""
        return 5.0

    def measure(self, cell, settings, **_files_and_times):
        """Answers that are right as often as the protocol and the shots deserve."""
        self.measured.append(cell)
        if self.clock is not None:
            self.clock.now += self.predict(cell, settings)
        random = np.random.default_rng([len(cell.protocol), cell.shots or 0, cell.seed])
        share = _TOP[cell.protocol] * (1 if cell.shots is None else 1 - 0.5 / cell.shots)
        right = random.random(len(self.labels)) < share
        answers = np.where(right, self.labels, (self.labels + 1) % len(CLASSES))
        scores = np.full((len(answers), len(CLASSES)), 0.05, np.float32)
        scores[np.arange(len(answers)), answers] = random.uniform(0.5, 0.9, len(answers))
        scores /= scores.sum(axis=1, keepdims=True)
        photos = 3 * (cell.shots or 40)
        steps = range(1, 4) if cell.trained else ()
        return Outcome(
            cell=cell,
            weights="none" if cell.protocol == "scratch" else "0123abcd",
            scores=scores,
            train_photos=photos,
            validation_photos=photos,
            validation_accuracy=share,
            alone_seconds=self.predict(cell, settings),
            corrupted=np.where(random.random((len(answers), 1)) < 0.8, scores, scores[:, ::-1]).astype(np.float32),
            macs=10**8,
            learning_macs=photos * 10**8 * (30 if cell.trained else 1),
            parameters=3_371_008,
            peak_memory=300_000_000,
            chosen={"C": 1.0},
            tried=3,
            history=tuple(Point(n, 10 * n, 1.2 / n, share * (0.7 + 0.1 * n)) for n in steps),
        )


def made_image_set(folder: Path, photos: int = 240) -> ImageSet:
    """Photos that are not on disk: coloured squares by class."""
    labels = np.arange(photos) % len(CLASSES)
    random = np.random.default_rng(0)
    colours = np.array([[230, 230, 220], [200, 40, 70], [240, 170, 40]])
    pixels = [
        np.clip(colours[label] + random.integers(-30, 30, (48, 64, 3)), 0, 255).astype(np.uint8) for label in labels
    ]
    return ImageSet(
        name="made flowers",
        root=folder,
        files=tuple(f"{CLASSES[label]}/{number}.png" for number, label in enumerate(labels)),
        labels=labels,
        classes=CLASSES,
        parts=("",) * photos,
        digests=tuple(f"{number:064x}" for number in range(photos)),
        pixels=pixels,
    )


def made_bench(folder: Path, *, warnings=(), seeds=3, protocols=("linear", "knn", "centroid", "fine-tune", "scratch")):
    """A finished run of the bench."""
    image_set = made_image_set(folder)
    work = MadeWork()
    ordered = groups(["net"], protocols, [1, 5, None], seeds)
    plan = choose(ordered, (SETTINGS,), work.predict, work.shared)
    results = Results(folder / "results", {"data": image_set.digest})
    measured = measure_all(work, results, plan, provenance={}, began=0.0, clock=lambda: 100.0)
    return Bench(
        image_set=image_set,
        test=np.arange(120),
        train_labels=image_set.labels[120:],
        note="test cut from train, 25% of each class, seed 0",
        measured=measured,
        warnings=tuple(warnings),
        backbones=(Provenance("net", "0123abcd" * 8, "resize 73 crop 64 bilinear", 3_371_008, 10**8, 64),),
        command=("facerec", "transfer", "run", "--data", "made flowers"),
        versions={"python": "3", "torch": "2"},
        clusters=None,
        top1={"net": 70.0},
    )


def bench_with(folder: Path, right: dict[Cell, tuple[int, int]], **changes) -> Bench:
    """A finished run whose every cell is right on so many of the first test photos, as they are and corrupted.

    What the cells cost is drawn, so that no number of one is a number of another.
    """
    made = made_bench(folder, seeds=1, protocols=("linear",))
    random = np.random.default_rng(11)
    labels = made.labels

    def scores(count: int) -> np.ndarray:
        answers = np.where(np.arange(len(labels)) < count, labels, (labels + 1) % len(CLASSES))
        found = random.uniform(0.1, 0.3, (len(labels), len(CLASSES)))
        found[np.arange(len(labels)), answers] = random.uniform(0.5, 0.9, len(labels))
        return (found / found.sum(axis=1, keepdims=True)).astype(np.float32)

    def history() -> tuple[Point, ...]:
        return tuple(Point(n, 7 * n, *random.uniform(0.1, 0.9, 2).tolist()) for n in (1, 2, 3))

    outcomes = tuple(
        Outcome(
            cell=cell,
            weights="0123abcd",
            scores=scores(count),
            corrupted=scores(other),
            train_photos=int(random.integers(10, 1000)),
            validation_photos=int(random.integers(10, 1000)),
            validation_accuracy=random.random(),
            alone_seconds=random.uniform(1, 90),
            own_seconds=random.uniform(1, 90),
            macs=int(random.integers(10**6, 10**9)),
            learning_macs=int(random.integers(10**9, 10**12)),
            parameters=int(random.integers(10**6, 10**9)),
            peak_memory=int(random.integers(10**6, 10**9)),
            history=history() if cell.trained else (),
        )
        for cell, (count, other) in right.items()
    )
    changes = {"measured": replace(made.measured, outcomes=outcomes), "top1": {}} | changes
    return replace(made, **changes)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """What is kept in a user's cache is kept in a folder of the tests."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))


@pytest.fixture
def work():
    """A worker that measures nothing."""
    return MadeWork()


@pytest.fixture(scope="session")
def make_bench_in():
    """Makes a finished run in a given folder."""
    return made_bench


@pytest.fixture
def make_bench(tmp_path):
    """Makes a finished run in a folder of its own."""
    return lambda **options: made_bench(tmp_path, **options)


@pytest.fixture
def make_bench_with(tmp_path):
    """Makes a finished run whose cells are right on so many photos."""
    return lambda right, **changes: bench_with(tmp_path, right, **changes)


@pytest.fixture
def cell():
    """One cell."""
    return Cell("net", "linear", 5, 0)
