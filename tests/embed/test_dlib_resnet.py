"""The port of dlib's ResNet: golden vectors, dlib itself as the oracle, and files that are not the model."""

import threading

import numpy as np
import pytest
import torch

from facerec.embed.dlib_resnet import dlib_resnet
from facerec.errors import ArgumentError, CorruptWeightsError
from facerec.models import catalogue, weights
from facerec.networks.dlib_resnet import DlibResNet, parse_dlib_resnet
from facerec.types import Embedder

# First five outputs of dlib's own code for images of one colour, and their length; needs no dlib to check.
GOLDEN = {
    0: [-0.039918, 0.104917, 0.090824, -0.008847, -0.079607],
    128: [-0.039053, 0.122813, 0.053047, -0.007810, -0.091093],
}
GOLDEN_NORM_OF_BLACK = 1.306647


@pytest.fixture(scope="module")
def content() -> bytes:
    """The weight file."""
    return weights.load(catalogue.DLIB_RESNET_WEIGHTS)


@pytest.fixture(scope="module")
def network(content: bytes) -> DlibResNet:
    """The bare network."""
    return parse_dlib_resnet(content, name="model.dat")


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """The embedder at its defaults."""
    return dlib_resnet()


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    """Seven chips of smooth random colours."""
    rng = np.random.default_rng(11)
    coarse = rng.integers(0, 256, (7, 10, 10, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(15, axis=1).repeat(15, axis=2))


def run(network: DlibResNet, chips: np.ndarray) -> np.ndarray:
    """Raw vectors of `chips`."""
    with torch.inference_mode():
        return network(torch.from_numpy(chips).permute(0, 3, 1, 2).float()).numpy()


@pytest.mark.parametrize("grey", GOLDEN)
def test_golden_vectors(network: DlibResNet, grey: int) -> None:
    """An image of one colour gives dlib's numbers."""
    vector = run(network, np.full((1, 150, 150, 3), grey, np.uint8))[0]

    np.testing.assert_allclose(vector[:5], GOLDEN[grey], atol=2e-6)


def test_golden_length(network: DlibResNet) -> None:
    """Dlib's vectors are not of unit length, and neither are the network's."""
    vector = run(network, np.zeros((1, 150, 150, 3), np.uint8))[0]

    assert np.linalg.norm(vector) == pytest.approx(GOLDEN_NORM_OF_BLACK, abs=2e-6)


def test_equals_dlib(network: DlibResNet, chips: np.ndarray) -> None:
    """Dlib's own code gives the same vectors for the same chips."""
    dlib = pytest.importorskip("dlib")
    reference = dlib.face_recognition_model_v1(str(weights.locate(catalogue.DLIB_RESNET_WEIGHTS)))
    noise = np.random.default_rng(5).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    chips = np.concatenate([chips, noise])

    expected = np.array([reference.compute_face_descriptor(chip) for chip in chips])

    np.testing.assert_allclose(run(network, chips), expected, atol=1e-5)


def test_vectors_have_unit_length(embedder: Embedder, chips: np.ndarray) -> None:
    """The embedder normalises."""
    np.testing.assert_allclose(np.linalg.norm(embedder(chips), axis=1), 1, atol=1e-6)


def test_a_mirror_image_has_the_same_vector(embedder: Embedder, chips: np.ndarray) -> None:
    """Flip averaging makes chip and mirror image equal."""
    np.testing.assert_allclose(embedder(chips), embedder(chips[:, :, ::-1]), atol=1e-6)


def test_flip_is_the_mean_of_both(embedder: Embedder, chips: np.ndarray) -> None:
    """With flip averaging the vector is the direction of the sum of two unit vectors."""
    plain = dlib_resnet(flip=False)

    total = plain(chips) + plain(chips[:, :, ::-1])

    np.testing.assert_allclose(embedder(chips), total / np.linalg.norm(total, axis=1, keepdims=True), atol=1e-6)
    assert plain.digest != embedder.digest


def test_a_batch_equals_its_parts(embedder: Embedder, chips: np.ndarray) -> None:
    """The vector of a chip does not depend on the chips beside it; batches are cut and joined rightly."""
    many = np.concatenate([chips] * 6)

    together = embedder(many)

    np.testing.assert_allclose(together[:7], embedder(chips), atol=2e-6)
    np.testing.assert_allclose(together[35:], embedder(chips), atol=2e-6)


def test_no_chips_give_no_vectors(embedder: Embedder) -> None:
    """An empty batch is a value of shape (0, 128)."""
    assert embedder(np.empty((0, 150, 150, 3), np.uint8)).shape == (0, 128)


def test_bfloat16_stays_close(embedder: Embedder, chips: np.ndarray) -> None:
    """bfloat16 moves a unit vector by a few hundredths at most, and keeps the digest."""
    half = dlib_resnet(precision="bfloat16")

    assert np.linalg.norm(half(chips) - embedder(chips), axis=1).max() < 0.05
    assert half.digest == embedder.digest


def test_threads_share_an_embedder(embedder: Embedder, chips: np.ndarray) -> None:
    """Four threads at once get what one gets."""
    expected = embedder(chips)
    got: list[np.ndarray] = []

    threads = [threading.Thread(target=lambda: got.append(embedder(chips))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 4
    for vectors in got:
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


@pytest.mark.parametrize(
    "chips",
    [np.zeros((1, 112, 112, 3), np.uint8), np.zeros((1, 150, 150, 3), np.float32), np.zeros((150, 150, 3), np.uint8)],
)
def test_chips_of_another_recipe_are_refused(embedder: Embedder, chips: np.ndarray) -> None:
    """Another size, dtype or shape is an error that says what is wanted."""
    with pytest.raises(ArgumentError, match=r"uint8 chips of shape \(n, 150, 150, 3\)"):
        embedder(chips)


def test_unknown_precision_is_refused() -> None:
    """The message lists what there is."""
    with pytest.raises(ArgumentError, match="float32, bfloat16"):
        dlib_resnet(precision="float16")  # type: ignore[arg-type]


def test_unknown_device_is_refused() -> None:
    """A device that torch does not know is one clear error."""
    with pytest.raises(ArgumentError, match="cpu, cuda"):
        dlib_resnet(device="quantum")


@pytest.mark.parametrize("length", [0, 1, 50, 10_000, 1_000_000])
def test_a_truncated_file_is_refused(content: bytes, length: int) -> None:
    """A file that is cut off anywhere is an error that names it."""
    with pytest.raises(CorruptWeightsError, match=r"cut\.dat"):
        parse_dlib_resnet(content[:length], name="cut.dat")


def test_bytes_after_the_end_are_refused(content: bytes) -> None:
    """Nothing may follow the last layer."""
    with pytest.raises(CorruptWeightsError, match=r"long\.dat"):
        parse_dlib_resnet(content + b"\x01\x00", name="long.dat")


def test_another_dlib_model_is_refused() -> None:
    """The landmark trees are a dlib file too, but no network."""
    with pytest.raises(CorruptWeightsError, match=r"trees\.dat"):
        parse_dlib_resnet(weights.load(catalogue.DLIB_5PT_WEIGHTS), name="trees.dat")


def test_parameters_as_published(network: DlibResNet) -> None:
    """29 convolutions; 5,607,488 parameters with the normalisation folded in."""
    assert sum(isinstance(module, torch.nn.Conv2d) for module in network.modules()) == 29
    assert sum(parameter.numel() for parameter in network.parameters()) == 5_607_488
