"""Engines give the same vectors, the faster one is taken, and corrupted photos are the same ones for everybody."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from facerec.errors import WeightsError
from facerec.networks.backbone import load_backbone
from facerec.transfer import engines
from facerec.transfer.corruption import corrupted
from facerec.transfer.engines import fastest_engine, forward_of
from facerec.transfer.features import extract
from facerec.transfer.made_textures import textures

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lite():
    """The ImageNet network that needs no download."""
    return load_backbone("efficientnet_lite0")


@pytest.fixture(scope="module")
def photos():
    """Twelve textures."""
    return textures(per_class=2)[0]


def test_engines_agree(lite, photos):
    """To rounding, photo by photo, whatever the batches; torch without folding is the reference."""
    by_torch, by_other = (extract(lite, photos, size=96, engine=name).vectors for name in ("torch", "onnxruntime"))
    one_by_one = extract(lite, photos, size=96, engine="onnxruntime", batch_size=1, workers=1).vectors
    plain = lite.preprocessing.at(96)
    pixels = torch.stack([plain.evaluate(photos.image(index)) for index in range(len(photos))])
    with torch.inference_mode():
        reference = lite.trunk()(plain.normalise(pixels)).numpy()

    scale = np.abs(reference).max()
    for found in (by_torch, by_other, one_by_one):
        assert np.abs(found - reference).max() < 1e-5 * scale


@pytest.mark.slow
def test_an_engine_that_gives_other_vectors_is_refused(lite, monkeypatch):
    """A file in the cache that is not this network's is found out, and thrown away."""
    preprocessing = lite.preprocessing.at(64)
    forward_of(lite, preprocessing, "onnxruntime", CPU)
    path = engines._kept(lite, preprocessing)
    other = load_backbone("efficientnet_lite0.none")
    path.write_bytes(engines._exported(other, preprocessing))

    with pytest.raises(WeightsError, match="other features of efficientnet_lite0 than torch"):
        forward_of(lite, preprocessing, "onnxruntime", CPU)
    assert not path.exists()
    forward_of(lite, preprocessing, "onnxruntime", CPU)

    path.write_bytes(b"no network")
    with pytest.raises(WeightsError, match="cannot run efficientnet_lite0"):
        forward_of(lite, preprocessing, "onnxruntime", CPU)
    assert not path.exists()


def test_the_faster_one_is_taken(lite, monkeypatch):
    """By the clock; without a clock where a network cannot be exported, where few photos do not pay, and on a GPU."""
    preprocessing = lite.preprocessing.at(64)
    times = {"torch": 0.02, "onnxruntime": 0.01}
    monkeypatch.setattr(engines, "forward_of", lambda _backbone, _preprocessing, name, _where: name)
    monkeypatch.setattr(engines, "_of_torch", lambda *_: "torch")
    monkeypatch.setattr(engines, "_seconds", lambda name, _preprocessing: times[name])
    monkeypatch.setattr(engines, "_kept", lambda *_: Path("/nowhere"))

    assert fastest_engine(lite, preprocessing, 10_000, CPU) == "onnxruntime"
    assert fastest_engine(lite, preprocessing, 10, CPU) == "torch"
    assert fastest_engine(lite, preprocessing, 10_000, torch.device("cuda")) == "torch"
    times["onnxruntime"] = 0.03
    assert fastest_engine(lite, preprocessing, 10_000, CPU) == "torch"

    def fails(*_):
        raise WeightsError

    monkeypatch.setattr(engines, "forward_of", fails)
    assert fastest_engine(lite, preprocessing, 10_000, CPU) == "torch"


@pytest.mark.parametrize(("photos", "engine"), [(799, "torch"), (800, "onnxruntime")])
def test_writing_a_network_as_a_file_must_pay(lite, monkeypatch, photos, engine):
    """At 20 ms a photo 800 photos take twice the eight seconds that it costs; a file that is there costs nothing."""
    preprocessing = lite.preprocessing.at(64)
    times = {"torch": 0.02, "onnxruntime": 0.01}
    monkeypatch.setattr(engines, "forward_of", lambda _backbone, _preprocessing, name, _where: name)
    monkeypatch.setattr(engines, "_of_torch", lambda *_: "torch")
    monkeypatch.setattr(engines, "_seconds", lambda name, _preprocessing: times[name])
    monkeypatch.setattr(engines, "_kept", lambda *_: Path("/nowhere"))

    assert fastest_engine(lite, preprocessing, photos, CPU) == engine
    monkeypatch.setattr(engines, "_kept", lambda *_: Path("/"))
    assert fastest_engine(lite, preprocessing, 1, CPU) == "onnxruntime"


def test_a_photos_time_is_the_shortest_of_three_passes(lite, monkeypatch):
    """Of four photos each, after one that warms up and does not count."""
    clock, sizes = [0.0], []
    durations = iter([100.0, 8.0, 4.0, 6.0])

    def forward(pixels):
        sizes.append(tuple(pixels.shape))
        clock[0] += next(durations)

    monkeypatch.setattr(engines, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    assert engines._seconds(forward, lite.preprocessing.at(64)) == 1.0
    assert sizes == [(4, 3, 64, 64)] * 4


def test_a_file_is_of_its_network_and_its_size(lite):
    """Another architecture, other weights or another size is another file."""
    at = lite.preprocessing.at
    one = engines._kept(lite, at(64))
    other = SimpleNamespace(architecture=lite.architecture, weights_sha256="0" * 64)
    third = SimpleNamespace(architecture="x", weights_sha256=lite.weights_sha256)

    files = [one, engines._kept(lite, at(96)), engines._kept(other, at(64)), engines._kept(third, at(64))]

    assert len(set(files)) == 4
    assert engines._kept(lite, at(64)) == one


@pytest.mark.parametrize(("moved", "refused"), [(0.5e-4, False), (2e-4, True)])
def test_a_tenth_of_a_thousandth_is_the_tolerance(lite, monkeypatch, moved, refused):
    """Of the largest number of a vector, wherever the number that moved stands."""
    preprocessing = lite.preprocessing.at(64)
    vectors = np.zeros((4, 3), np.float32)
    vectors[1, 0], vectors[2, 2] = -50, 1
    other = vectors.copy()
    other[3, 1] += 50 * moved
    monkeypatch.setattr(engines, "_of_torch", lambda *_: lambda _pixels: vectors)
    monkeypatch.setattr(engines, "_of_onnxruntime", lambda *_: lambda _pixels: other)

    if refused:
        with pytest.raises(WeightsError, match=r"other features of efficientnet_lite0 than torch: 2\.0e-04"):
            forward_of(lite, preprocessing, "onnxruntime", CPU)
    else:
        assert forward_of(lite, preprocessing, "onnxruntime", CPU)(None) is other


def test_corruptions_are_the_same_for_everybody(photos):
    """A photo's contents draw what happens to it; it changes, keeps its shape, and every kind occurs."""
    pixels = torch.from_numpy(photos.pixels[0].copy()).permute(2, 0, 1)
    found = [corrupted(pixels, f"{kind:08x}{7:056x}") for kind in range(5)]

    for kind, each in enumerate(found):
        assert each.shape == pixels.shape
        assert each.dtype == torch.uint8
        assert torch.equal(each, corrupted(pixels, f"{kind:08x}{7:056x}"))
        assert (each.int() - pixels.int()).abs().float().mean() > 3
    assert not torch.equal(found[0], corrupted(pixels, f"{0:08x}{1 << 200:056x}"))  # noise of its own
    assert len({each.numpy().tobytes() for each in found}) == 5


def test_corruptions_by_hand():
    """Little contrast moves towards the mean grey by three quarters; few pixels make blocks of one colour."""
    pixels = torch.zeros(3, 20, 20, dtype=torch.uint8)
    pixels[:, :, 10:] = 200

    pale = corrupted(pixels, f"{2:08x}{0:056x}")
    coarse = corrupted(pixels, f"{4:08x}{0:056x}")

    assert pale.unique().tolist() == pytest.approx([75, 125], abs=1)
    assert torch.equal(coarse[:, 0], coarse[:, 1])
    assert len({row.numpy().tobytes() for row in coarse[0]}) <= 8


def test_textures_are_the_same_everywhere_and_of_their_class():
    """The same numbers give the same photos; the classes are even, and no photo is there twice."""
    first, labels = textures(per_class=3)
    again, _ = textures(per_class=3)

    assert first.digests == again.digests
    assert len(set(first.digests)) == len(first) == 18
    assert labels == [name for name in first.classes for _ in range(3)]
    assert textures(per_class=3, seed=1)[0].digests != first.digests
