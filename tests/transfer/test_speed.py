"""The speed of a made-up machine is found again: its clock moves by what is computed, and by nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest

from facerec.transfer import speed as module
from facerec.transfer.cost import macs_at
from facerec.transfer.grid import Settings
from facerec.transfer.speed import measure_speed, size_for

FORWARD, TRAINING, PROBE = 3e9, 1e9, 2e-7
IMAGES = SimpleNamespace(classes=("a", "b", "c"))


def network(*, crop=224, resizable=True):
    """What is asked of a backbone."""

    def at(size):
        assert resizable or size == crop
        return SimpleNamespace(crop=size)

    return SimpleNamespace(
        macs=10**9, dimension=50, resizable=resizable, preprocessing=SimpleNamespace(crop=crop, at=at)
    )


class Machine:
    """A clock, and the work that moves it; the first of every kind is slow, and all of it is written down."""

    def __init__(self, monkeypatch):
        self.now, self.extracted, self.trained, self.held = 0.0, [], [], []
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: self.now))
        monkeypatch.setattr(module, "extract", self.extract)
        monkeypatch.setattr(module, "train", self.train)
        monkeypatch.setattr(module, "fit_logistic", self.fit)
        monkeypatch.setattr(module, "Photos", lambda _images, preprocessing: self.photos(preprocessing))

    def photos(self, preprocessing):
        """Decodes nothing, and says what it was asked for."""
        return SimpleNamespace(crop=preprocessing.crop, batch=lambda some: self.held.append(list(some)))

    def extract(self, backbone, _images, *, indices, engine, device):
        """A fifth of a second, and the network's time."""
        self.now += 0.2 + len(indices) * backbone.macs / FORWARD + (0 if self.extracted else 60)
        self.extracted.append((list(indices), engine, device))

    def train(self, backbone, _images, splits, recipe, *, photos, device, progress):
        """Seven seconds to begin; a backward pass takes as long as two forward."""
        assert photos.crop == recipe.size
        assert set(splits.train) | set(splits.validation) <= set(self.held[-1])  # decoding is no part of a step
        self.trained.append((splits, recipe, device))
        self.now += 7.0
        macs = macs_at(backbone.macs, backbone.preprocessing.crop, recipe.size)
        plan = recipe.plan(len(splits.train))
        for number in range(plan.steps):
            self.now += 3 * (plan.images / plan.steps) * macs / TRAINING + (0 if number else 20)
            progress(None)

    def fit(self, vectors, labels, validation, validation_labels, *, classes):
        """By photo, dimension of what they span, and class."""
        assert vectors.shape == (len(labels), 50)
        assert len(validation) == len(validation_labels)
        assert np.array_equal(np.unique(labels), np.arange(classes))
        photos = len(labels) + len(validation)
        self.now += PROBE * photos * min(len(labels), 50) * classes


@pytest.fixture
def machine(monkeypatch):
    """Instead of the one that the test runs on."""
    return Machine(monkeypatch)


@pytest.mark.parametrize(("crop", "resizable", "used"), [(224, True, 128), (96, True, 96), (224, False, 224)])
def test_every_speed_is_found_again(machine, crop, resizable, used):
    """Features, training with its backward passes, the start of one, and a probe, at the size that is timed."""
    backbone = network(crop=crop, resizable=resizable)

    found = measure_speed(backbone, IMAGES, np.arange(500, 700), device="cpu", engine="onnxruntime")

    assert found.forward == pytest.approx(FORWARD)
    assert found.training == pytest.approx(TRAINING)
    assert found.start == pytest.approx(7 + 20)
    assert found.probe == pytest.approx(PROBE)
    ((splits, recipe, device),) = machine.trained
    assert (recipe.size, recipe.protocol, device) == (used, "fine-tune", "cpu")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (22, 2, 0)
    assert not set(splits.train) & set(splits.validation)
    assert recipe.plan(22).steps == 3
    assert {engine for _, engine, _ in machine.extracted} == {"onnxruntime"}


def test_photos_are_picked_evenly(machine):
    """Twenty-four of two hundred, every eighth, from the first on; of fewer photos all."""
    measure_speed(network(), IMAGES, np.arange(500, 700), device="cpu", training=False)
    assert machine.extracted[-1][0] == list(range(500, 692, 8))

    measure_speed(network(), IMAGES, np.arange(10), device="cpu", training=False)
    assert machine.extracted[-1][0] == list(range(10))
    assert [len(indices) for indices, *_ in machine.extracted[-3:]] == [2, 2, 10]


def test_what_is_not_trained_is_not_timed(machine):
    """A probe's time stays, and nobody of the team is asked for; a training asks for them just before."""
    asked = []

    found = measure_speed(
        network(),
        IMAGES,
        np.arange(30),
        device="cpu",
        training=False,
        before_training=lambda: asked.append(machine.now),
    )
    assert (machine.trained, asked) == ([], [])
    assert found.probe == pytest.approx(PROBE)
    assert found.start == 0

    measure_speed(
        network(), IMAGES, np.arange(30), device="cpu", before_training=lambda: asked.append(len(machine.trained))
    )
    assert asked == [0]
    assert len(machine.trained) == 1


def test_a_clock_that_hardly_moves_gives_no_absurd_speed(machine, monkeypatch):
    """Where many photos take no longer than few, a fifth of the time counts, and a training starts at once."""
    monkeypatch.setattr(machine, "extract", None)
    monkeypatch.setattr(module, "extract", lambda *_, **__: setattr(machine, "now", machine.now + 1.0))

    found = measure_speed(network(), IMAGES, np.arange(24), device="cpu", training=False)

    assert found.forward == pytest.approx(10**9 * 22 / 0.2)


@pytest.mark.parametrize(
    ("size", "resizable", "used"), [(None, True, 224), (96, True, 96), (96, False, 224), (None, False, 224)]
)
def test_the_size_is_what_the_settings_say_where_it_can_be(size, resizable, used):
    """A network of one size keeps it."""
    assert size_for(network(resizable=resizable), Settings(size, 1, 0, 1)) == used
