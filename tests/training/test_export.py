"""Networks written as ONNX files: the same vectors, no local paths, and 8-bit numbers with their price."""

import logging
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from facerec.embed.onnx_graph import onnx_forward, open_graph
from facerec.errors import ArgumentError, WeightsError
from facerec.models.folder import Pixels, Terms, Training
from facerec.training import int8
from facerec.training.export import (
    SAME,
    Exportable,
    export_float,
    export_int8,
    exportable_dlib_resnet,
    points_of_the_same_vectors,
)
from facerec.types import Matcher, OperatingPoint, Rate

SIZE = 112


def network(seed: int = 0) -> nn.Module:
    """A small convolutional network."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 16)
    ).eval()


def source(net: nn.Module | None = None, pixels: Pixels | None = None) -> Exportable:
    """It with all that goes with it."""
    return Exportable(
        net or network(),
        "parent",
        "ab" * 32,
        "five-point-112.v1",
        pixels or Pixels.preset("imagenet", channels="BGR"),
        True,
        16,
        Terms("MIT", "yes", "said"),
        Training("ours", "consented"),
    )


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    """Smooth patterns."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (12, 7, 7, 3)).astype(np.uint8)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


@pytest.fixture(scope="module")
def exported(chips):
    """The 32-bit file."""
    return export_float(source(), name="child", trial=chips)


def test_vectors_are_the_same(exported, chips):
    """Computed here with torch, by hand: scaled, channels turned round, unit length."""
    pixels = source().pixels
    images = ((chips.astype(np.float32) - pixels.mean) / pixels.std)[..., ::-1].transpose(0, 3, 1, 2)
    with torch.inference_mode():
        wanted = network()(torch.from_numpy(np.ascontiguousarray(images, np.float32))).numpy()

    found = onnx_forward(open_graph(exported.contents, name="c", size=SIZE), pixels, flip=False)(chips)

    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert exported.furthest <= SAME
    assert exported.chips == len(chips)
    assert exported.lowest_cosine > 1 - 1e-6


def test_the_file_says_nothing_of_this_machine(exported):
    """Exporters note where the code lay; nobody who gets the file needs to know."""
    for trace in (b"site-packages", b".py", b"/home", b"stack_trace"):
        assert trace not in exported.contents


def test_the_description_names_its_parent(exported):
    """Crop, scaling, averaging and terms are the parent's, the digest is its own."""
    about = exported.description

    assert (about.crop, about.pixels, about.flip, about.terms) == (
        source().crop,
        source().pixels,
        True,
        source().terms,
    )
    assert [(p.name, p.digest, p.role) for p in about.parents] == [("parent", "ab" * 32, "start")]
    assert about.digest != "ab" * 32


def test_parents_points_go_with_equal_vectors(exported):
    """The parent's thresholds hold for the exported file, under its own name and digest; others' do not."""
    matcher = Matcher("mtcnn", "crop", "parent", "ab" * 32, "cosine.v1", "none")
    own = OperatingPoint(0.4, 0.01, Rate(1, 100), Rate(2, 50), "ours", matcher)
    other = replace(own, matcher=replace(matcher, embedder="other", embedder_digest="cd" * 32))

    (moved,) = points_of_the_same_vectors([own, other], source(), exported)

    assert moved.matcher == replace(matcher, embedder="child", embedder_digest=exported.description.digest)
    assert moved.threshold == 0.4


def test_eight_bits_cost_something(exported, chips):
    """The 8-bit file gives other vectors, close to the original's, and never the parent's thresholds."""
    small = export_int8(source(), exported, name="int8", calibration=chips[:8], trial=chips[8:])

    assert small.furthest > SAME
    assert small.lowest_cosine > 0.95
    assert small.description.training.details["numbers"] == "int8"
    with pytest.raises(ArgumentError, match="int8 gives other vectors than parent; measure it itself"):
        points_of_the_same_vectors([], source(), small)


class Undecided(nn.Module):
    """What depends on the values of the pixels is no graph."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) to (n, 3)."""
        return x.mean(dim=(2, 3)) if x.sum() > 0 else x.amax(dim=(2, 3))


def test_a_network_that_cannot_be_exported_is_told(chips):
    """What is no graph cannot be written as one."""
    with pytest.raises(WeightsError, match="torch cannot export this network to ONNX"):
        export_float(source(Undecided().eval()), name="child", trial=chips)


def test_what_a_program_logs_and_warns_of_is_left_alone(chips):
    """After an export, also one that fails, every logger has the level that it had, and so have the warnings."""
    names = ("root", "torch.onnx", "onnxscript", "onnx_ir")
    before = [logging.getLogger(name).level for name in names], list(warnings.filters)

    export_float(source(), name="child", trial=chips[:2])
    with pytest.raises(WeightsError):
        export_float(source(Undecided().eval()), name="child", trial=chips[:2])

    assert ([logging.getLogger(name).level for name in names], list(warnings.filters)) == before


def test_no_chips_no_export(chips, exported):
    """Nothing is written that was not compared."""
    with pytest.raises(ArgumentError, match="compared with the original on chips"):
        export_float(source(), name="child", trial=chips[:0])
    with pytest.raises(ArgumentError, match="chips to calibrate on"):
        export_int8(source(), exported, name="int8", calibration=chips[:0], trial=chips)


@pytest.mark.slow
def test_the_default_embedder():
    """The default embedder's network as ONNX gives the same vectors to 1e-6, for any number of chips at once."""
    rng = np.random.default_rng(1)
    faces = rng.integers(0, 256, (3, 10, 10, 3)).astype(np.uint8).repeat(15, axis=1).repeat(15, axis=2)

    exported = export_float(exportable_dlib_resnet(), name="dlib-onnx", trial=faces)

    assert exported.furthest < 1e-6
    assert exported.description.crop == "dlib-5pt-chip-150.v1"


def test_both_points_are_measured_on_those_who_set_no_ranges(monkeypatch):
    """Of people with one photo and with three in turn, all photos of the latter; ranges are set on the others only."""
    labels = np.repeat(np.arange(10), [1, 3] * 5)
    asked = []
    chips = SimpleNamespace(take=lambda places: places)
    monkeypatch.setattr(int8, "export_int8", lambda *_, calibration, trial, **__: asked.append((calibration, trial)))
    monkeypatch.setattr(int8, "_points", lambda _, __, photos: ((photos.tolist(),), ()))

    found = int8.measured_int8(None, None, SimpleNamespace(labels=labels, chips=chips), name="small")

    measured = np.flatnonzero(labels % 2 == 1).tolist()
    assert found.points == found.before == (measured,)
    assert asked[0][0].tolist() == np.flatnonzero(labels % 2 == 0).tolist()
    assert asked[0][1].tolist() == measured


def test_ranges_are_set_on_photos_of_many():
    """Evenly taken of more photos than are looked at, so that the last person is as likely as the first."""
    found = int8._some(np.arange(10_000))

    assert len(found) == int8._MOST
    assert (found[0], found[-1]) == (0, 9_999)
