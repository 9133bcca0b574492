"""Networks written as ONNX files: the same vectors, no local paths, and 8-bit numbers with their price."""

import logging
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from facerec.embed.onnx_graph import onnx_forward, open_graph
from facerec.errors import ArgumentError, WeightsError
from facerec.models.folder import Parent, Pixels, Terms, Training
from facerec.training import int8
from facerec.training.export import (
    SAME,
    Exportable,
    _tried_out,
    export_float,
    export_int8,
    exportable_dlib_resnet,
    pattern_chips,
    points_of_the_same_vectors,
)
from facerec.training.people import People
from facerec.types import Matcher, OperatingPoint, Rate

SIZE = 112


def network(seed: int = 0) -> nn.Module:
    """A small convolutional network."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(13), nn.Flatten(), nn.Linear(128, 16)
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


@pytest.fixture(scope="module")
def small(exported, chips):
    """The 8-bit file, and the ones and the others that set its ranges."""
    return export_int8(source(), exported, name="int8", calibration=chips[:8], trial=chips[8:])


def unit(vectors):
    """Of unit length."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_how_far_it_is_off_is_counted_on_the_trial(exported, small, chips):
    """The largest difference of two numbers and the lowest cosine, over the trial's chips only."""
    found, wanted = (
        unit(onnx_forward(open_graph(each.contents, name="c", size=SIZE), source().pixels, flip=False)(chips[8:]))
        for each in (small, exported)
    )

    assert small.chips == 4
    assert small.furthest == pytest.approx(np.abs(found - wanted).max(), abs=1e-5)
    assert small.lowest_cosine == pytest.approx((found * wanted).sum(axis=1).min(), abs=1e-5)


def test_the_files_are_of_the_operators_that_they_say(exported, small):
    """The version that is written in the description, 32 bits or 8, and on how many chips the ranges rest."""
    for each in (exported, small):
        (opset,) = [item.version for item in onnx.load_from_string(each.contents).opset_import if not item.domain]
        assert opset == each.description.training.details["opset"] == 18
    kinds = {node.op_type for node in onnx.load_from_string(small.contents).graph.node}
    assert "QuantizeLinear" in kinds
    assert "QuantizeLinear" not in {node.op_type for node in onnx.load_from_string(exported.contents).graph.node}
    assert small.description.training.details["chips for the ranges"] == 8
    assert exported.description.training.details["numbers"] == "float32"


def test_eight_bits_are_signed_and_of_each_channel(small):
    """Weights are int8 of seven bits with a scale for each filter; what flows is uint8 with ranges that were seen."""
    graph = onnx.load_from_string(small.contents).graph
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    filters = [value for value in stored.values() if value.shape == (8, 3, 3, 3)]

    assert [value.dtype for value in filters] == [np.int8]
    assert 32 < np.abs(filters[0].astype(int)).max() <= 64
    scales = [value for name, value in stored.items() if name.endswith("_scale") and value.shape == (8,)]
    assert scales
    image = next(node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] == "image")
    images = (np.array([0, 255])[:, None] - source().pixels.mean) / source().pixels.std
    assert stored[image.input[2]].dtype == np.uint8
    assert float(stored[image.input[1]]) == pytest.approx(np.ptp(images) / 255, rel=0.1)


def test_ranges_follow_the_chips_that_set_them(exported, chips):
    """Set on nearly black chips they do not fit others: the calibration's chips decide, not the trial's."""
    dark = export_int8(source(), exported, name="int8", calibration=chips[:8] // 16, trial=chips[8:])
    light = export_int8(source(), exported, name="int8", calibration=chips[8:], trial=chips[8:])

    assert dark.lowest_cosine < light.lowest_cosine - 0.01


def test_a_description_keeps_what_its_parent_came_from(exported, chips):
    """Parents of the parent, its photos and their terms, what was known of its training, and the exporters."""
    made = replace(
        source(),
        flip=False,
        parents=(Parent("grand", "cd" * 32, "start"),),
        training=Training("ours", "consented", "a command", 7, {"torch": "old", "timm": "1"}, {"epochs": 3}),
    )

    about = _tried_out(made, exported.contents, "child", chips[:2], {}).description

    assert [(each.name, each.digest) for each in about.parents] == [("grand", "cd" * 32), ("parent", "ab" * 32)]
    assert (about.flip, about.kind, about.dimension) == (False, "onnx", 16)
    assert (about.training.data, about.training.data_terms, about.training.seed) == ("ours", "consented", 7)
    assert about.training.details["epochs"] == 3
    assert about.training.versions["timm"] == "1"
    assert about.training.versions["torch"] == torch.__version__
    assert {"onnx", "onnxruntime"} <= set(about.training.versions)


def test_patterns_have_the_crops_size():
    """Coloured, smooth, no two alike, the same every time; real chips are taken evenly where there are any."""
    found = int8.trial_chips(None, source())

    assert found.shape == (8, SIZE, SIZE, 3)
    assert np.array_equal(found, pattern_chips("five-point-112.v1"))
    assert len({each.tobytes() for each in found}) == 8
    assert np.abs(np.diff(found.astype(int), axis=1)).mean() < 12
    for count, taken in ((1000, 64), (10, 10)):
        chips = SimpleNamespace(take=lambda places: places)
        places = int8.trial_chips(SimpleNamespace(chips=Counted(chips, count)), source())
        assert len(places) == taken
        assert (places[0], places[-1]) == (0, count - 1)
        assert np.ptp(np.diff(places)) <= 1


class Counted:
    """So many chips, of which the places are taken."""

    def __init__(self, chips, count) -> None:
        self.take, self.count = chips.take, count

    def __len__(self) -> int:
        return self.count


def test_points_are_of_the_file_averaged_as_it_says(exported, chips):
    """From vectors of chips and mirror images where the description says so, of who measures, under its name."""
    tones = np.random.default_rng(3).normal(0, 12, (60, *chips.shape[1:]))
    faces = np.clip(chips[np.arange(12).repeat(5)] + tones, 0, 255).astype(np.uint8)
    people = People(
        "crowd", tuple(map(str, range(60))), np.arange(12).repeat(5), tuple(f"p{n:02d}" for n in range(12)), {},
        Stored(faces), (), 60, "a detector", "five-point-112.v1", "",
    )  # fmt: skip
    photos = np.flatnonzero(people.labels % 2 == 1)
    forward = onnx_forward(open_graph(exported.contents, name="c", size=SIZE), source().pixels, flip=False)

    for flip in (True, False):
        each = replace(exported, description=replace(exported.description, flip=flip))
        points, missing = int8._points(each, people, photos)

        sides = [unit(forward(side)) for side in (faces[photos], faces[photos][:, :, ::-1])][: 2 if flip else 1]
        vectors = unit(np.sum(sides, axis=0))
        scores, same = vectors @ vectors.T, people.labels[photos][:, None] == people.labels[photos]
        others = np.sort(scores[np.triu(~same)])
        (point,) = points
        assert (point.target_fmr, point.fmr.trials) == (0.01, len(others))
        assert point.threshold == pytest.approx(others[-int(0.01 * len(others))], abs=1e-4)
        assert point.matcher.embedder == "child"
        assert "of 6 people other than those who set the ranges of the 8-bit numbers" in point.data_set
        assert missing[0].startswith("FMR 0.001: ")


class Stored:
    """Chips in memory."""

    def __init__(self, faces) -> None:
        self.faces, self.size = faces, faces.shape[1]

    def take(self, places):
        """Those at `places`."""
        return self.faces[places]
