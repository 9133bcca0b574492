"""The facenet embedder computes what facenet-pytorch computes; its real weights are not needed to show that."""

import dataclasses
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest
import torch
from facenet_pytorch import InceptionResnetV1, extract_face

from facerec.align.crops import BoxCrop
from facerec.embed import forward as batching
from facerec.embed.facenet import facenet
from facerec.errors import ArgumentError, CorruptWeightsError, MissingWeightsError
from facerec.models import weights
from facerec.models.catalogue import FACENET, FACENET_WEIGHTS
from facerec.models.weights import Download, WeightFile
from facerec.types import Detections


def as_weights(path):
    """What the catalogue would say of the file at `path`."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return WeightFile("facenet", path.name, sha256, path.stat().st_size, Download("https://example.org/facenet.pt"))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The networks here are fed a few chips; more threads would only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def chips():
    """Chips, read-only as decoded photos may be."""
    chips = np.random.default_rng(5).integers(0, 256, (5, 160, 160, 3), dtype=np.uint8)
    chips.setflags(write=False)
    return chips


@pytest.fixture(scope="module")
def reference(chips):
    """facenet-pytorch's own network with random weights, and a classifier as the published file has one."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = InceptionResnetV1(classify=True, num_classes=10).train()
        # A random network maps all photos to nearly one vector; with the statistics of its own activations it tells
        # them apart, and a small mistake moves vectors by more than rounding does.
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                module.momentum = 1.0
        with torch.no_grad():
            network((torch.tensor(chips).permute(0, 3, 1, 2).float() - 127.5) / 128)
    return network.eval()


@pytest.fixture(scope="module")
def weight(reference, tmp_path_factory):
    """The reference's weights in a folder of their own, as (folder, WeightFile)."""
    path = tmp_path_factory.mktemp("weights") / "facenet.pt"
    torch.save(reference.state_dict(), path)
    return path.parent, as_weights(path)


def expected(reference, chips):
    """facenet-pytorch's own vectors."""
    reference.classify = False
    pixels = torch.tensor(chips).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        return reference((pixels - 127.5) / 128).numpy()


def test_vectors_equal_those_of_facenet_pytorch(reference, weight, chips, monkeypatch):
    """Without flip averaging the vectors are facenet-pytorch's to 1e-6, whether computed in several parts or one."""
    monkeypatch.setattr(batching, "_BATCH", 2)
    folder, file = weight
    embedder = facenet(model_files=folder, weight=file, flip=False)
    want = expected(reference, chips)
    np.testing.assert_allclose(embedder(chips), want, atol=1e-6)
    np.testing.assert_allclose(embedder(chips[4:]), want[4:], atol=1e-6)
    assert np.abs(want @ want.T - np.eye(5)).max() < 0.95
    assert embedder(chips[:0]).shape == (0, 512)
    assert embedder.crop == BoxCrop(size=160, margin=14)
    assert (embedder.name, embedder.dimension) == (FACENET.name, FACENET.dimension)


def test_flip_averaging_is_the_mean_of_both_unit_vectors(reference, weight, chips):
    """A chip and its mirror image get the same vector: the mean of their own two, of unit length."""
    folder, file = weight
    embedder = facenet(model_files=folder, weight=file)
    some = chips[:2]
    want = expected(reference, some) + expected(reference, some[:, :, ::-1].copy())
    want /= np.linalg.norm(want, axis=1, keepdims=True)
    np.testing.assert_allclose(embedder(some), want, atol=1e-6)
    np.testing.assert_allclose(embedder(some[:, :, ::-1]), want, atol=1e-6)


def test_bfloat16_stays_near(weight, chips):
    """The faster arithmetic changes no vector by more than a cosine of 0.999."""
    folder, file = weight
    exact, fast = (facenet(model_files=folder, weight=file, flip=False, precision=p) for p in ("float32", "bfloat16"))
    assert ((exact(chips[:2]) * fast(chips[:2])).sum(axis=1) > 0.999).all()
    assert fast(chips[:1]).dtype == np.float32
    assert exact.digest == fast.digest


def test_the_digest_tells_weights_and_flip_apart(weight, reference, tmp_path):
    """Embedders whose vectors must not meet have different digests; equal ones have equal digests."""
    folder, file = weight
    torch.save({**reference.state_dict(), "logits.bias": torch.ones(10)}, tmp_path / "other.pt")
    other = as_weights(tmp_path / "other.pt")
    embedders = [
        facenet(model_files=folder, weight=file),
        facenet(model_files=folder, weight=file, flip=False),
        facenet(model_files=tmp_path, weight=other),
    ]
    assert len({embedder.digest for embedder in embedders}) == 3
    assert facenet(model_files=folder, weight=file).digest == embedders[0].digest


def test_threads_get_the_vectors_that_one_gets(weight, chips):
    """Four threads on one embedder do not disturb one another."""
    folder, file = weight
    embedder = facenet(model_files=folder, weight=file, flip=False)
    alone = [embedder(chips[i : i + 1]) for i in range(5)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: embedder(chips[i : i + 1]), range(5)))
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_making_one_leaves_random_numbers_alone(weight):
    """The user's seeded experiment gives the same numbers whether or not an embedder is made in between."""
    folder, file = weight
    before = torch.random.get_rng_state()
    facenet(model_files=folder, weight=file)
    assert torch.equal(before, torch.random.get_rng_state())


def test_absent_weights_are_an_error_and_never_a_download(tmp_path, monkeypatch):
    """Without the file the message says which, where, its SHA-256 and the command; the network is not touched."""
    monkeypatch.setattr(weights, "user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)
    with pytest.raises(MissingWeightsError) as caught:
        facenet(model_files=tmp_path / "mine")
    for part in (FACENET_WEIGHTS.file_name, FACENET_WEIGHTS.sha256, "mine", "facerec models fetch facenet"):
        assert part in str(caught.value)


def test_other_weights_are_refused(weight, reference, tmp_path):
    """A file with another SHA-256, of another network, with a layer missing or of no weights at all is an error."""
    folder, file = weight
    with pytest.raises(CorruptWeightsError, match="SHA-256"):
        facenet(model_files=folder, weight=dataclasses.replace(file, sha256="0" * 64))
    state = reference.state_dict()
    wrong = {
        "other": torch.nn.Linear(2, 2).state_dict(),
        "missing": {key: value for key, value in state.items() if key != "last_linear.weight"},
        "shape": {**state, "last_linear.weight": torch.zeros(128, 1792)},
        "list": [1, 2],
        "code": torch.nn.Linear(2, 2),
    }
    for name, contents in wrong.items():
        torch.save(contents, tmp_path / f"{name}.pt")
    for name, contents in {"empty": b"", "text": b"not weights", "zip": b"PK\x03\x04" + bytes(50)}.items():
        (tmp_path / f"{name}.pt").write_bytes(contents)
    for path in tmp_path.iterdir():
        with pytest.raises(CorruptWeightsError, match=f"{path.name} does not hold the weights"):
            facenet(model_files=tmp_path, weight=as_weights(path))


@pytest.mark.parametrize("options", [{"device": "abacus"}, {"device": "meta"}, {"precision": "float16"}])
def test_options_out_of_range_are_refused(weight, options):
    """Unknown devices and number types are errors."""
    folder, file = weight
    with pytest.raises(ArgumentError, match=r"device must be|precision must be"):
        facenet(model_files=folder, weight=file, **options)


def test_importing_it_warns_of_nothing():
    """A program that makes warnings errors can import it."""
    subprocess.run([sys.executable, "-W", "error", "-c", "import facerec.embed.facenet"], check=True)


# -------------------------------------------------------------------------------------------------------------- crop


@pytest.mark.parametrize("margin", [0, 14, 40])
def test_chips_equal_those_of_facenet_pytorch(margin):
    """The crop is facenet-pytorch's to the bit, inside the photo and where a box reaches beyond its edges."""
    rng = np.random.default_rng(6)
    image = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    corners = rng.uniform((-30, -30), (250, 180), (20, 2))
    boxes = np.hstack([corners, corners + rng.uniform(35, 150, (20, 2))]).astype(np.float32)
    found = BoxCrop(margin=margin)(image, Detections(boxes, np.ones(20), np.zeros((20, 5, 2)), (320, 240)))
    for chip, box in zip(found, boxes, strict=True):
        want = extract_face(PIL.Image.fromarray(image), box.astype(np.float64), image_size=160, margin=margin)
        np.testing.assert_array_equal(want.permute(1, 2, 0).numpy().astype(np.uint8), chip)


def test_a_box_outside_the_photo_is_black():
    """Where facenet-pytorch fails, the chip is black; no face gives no chip."""
    image = np.full((50, 60, 3), 200, np.uint8)
    boxes = [[-40, 5, -10, 30], [70, 5, 90, 30], [5, 60, 30, 90], [20, 20, 20, 20]]
    found = BoxCrop(margin=0)(image, Detections(boxes, np.ones(4), np.zeros((4, 5, 2)), (60, 50)))
    assert found.shape == (4, 160, 160, 3)
    assert not found.any()
    assert BoxCrop()(image, Detections.empty((60, 50))).shape == (0, 160, 160, 3)


@pytest.mark.parametrize("margin", [-1, 160])
def test_a_margin_must_leave_room_for_the_face(margin):
    """A margin as wide as the chip, or a negative one, is refused."""
    with pytest.raises(ArgumentError, match="margin must be from 0"):
        BoxCrop(margin=margin)


def test_crops_of_different_margins_have_different_names():
    """The name goes into the digest, so it must tell recipes apart."""
    assert len({BoxCrop(margin=0).name, BoxCrop(margin=14).name, BoxCrop(size=112).name}) == 3
