"""What a step takes in: pixels scaled by hand, and held outputs that are those of the pixels, kept by their key."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_faces import SIZE, tiny_trunk

from facerec.embed.onnx_graph import resized
from facerec.learning import feature_cache
from facerec.models.folder import Pixels
from facerec.networks.face_network import FaceNetwork
from facerec.training import inputs
from facerec.training.inputs import FromPixels, Held, held_vectors, inputs_of

COLOURS = Pixels((10.0, 20.0, 30.0), (40.0, 50.0, 60.0))
CPU = torch.device("cpu")
SOME, TURNED = np.array([7, 2, 40]), np.array([False, True, False])


@pytest.fixture
def network():
    """Three stages under a head."""
    return FaceNetwork(tiny_trunk(0), "tiny", size=SIZE, head="linear", dimension=4).eval()


def made(network, people, cache, **changes):
    """Inputs of a training that keeps two stages."""
    given = {"stages": 2, "weights": "w", "number": torch.float32, "cache": cache, "pixels": COLOURS} | changes
    return inputs_of(network, people, given.pop("pixels"), **given)


@pytest.mark.parametrize("size", [None, 12])
def test_pixels_are_scaled_channel_by_channel(people, size):
    """(x - mean) / std of red, green and blue, in the size that is asked for; columns run backward where mirrored."""
    chips = resized(people.chips.take(SOME), size).astype(np.float64)
    chips[1] = chips[1][:, ::-1].copy()
    wanted = ((chips - COLOURS.mean) / COLOURS.std).transpose(0, 3, 1, 2)

    found = FromPixels(people, replace(COLOURS, size=size), CPU).batch(SOME, TURNED)

    assert found.shape == (3, 3, size or SIZE, size or SIZE)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_what_is_held_is_what_the_stages_make_of_the_pixels(people, network, tmp_path, stages):
    """Of every photo and of its mirror image, also of the last ones, and from the cache again."""
    photos, turned = np.arange(len(people.files)), np.arange(len(people.files)) % 3 == 1
    told = []
    first = made(network, people, tmp_path, stages=stages, progress=lambda *told_of: told.append(told_of))
    again = made(network, people, tmp_path, stages=stages)

    wanted = network.before(FromPixels(people, COLOURS, CPU).batch(photos, turned), stages).detach()

    assert (first.stages, again.stages) == (stages, stages)
    torch.testing.assert_close(first.batch(photos, turned), wanted)
    assert torch.equal(first.batch(photos, turned), again.batch(photos, turned))
    assert told == [(32, 72), (64, 72), (72, 72)]


def test_held_outputs_are_kept_under_all_that_decides_them(people, network, tmp_path):
    """Other photos, pixels, trunk, weights, stages or number format: none is given what was computed for another."""
    other = FaceNetwork(tiny_trunk(1), "another", size=SIZE, head="linear", dimension=4).eval()
    made(network, people, tmp_path)
    changed = [
        (network, replace(people, digest="0" * 64), {}),
        (network, people, {"pixels": replace(COLOURS, mean=(1.0, 2.0, 3.0))}),
        (other, people, {}),
        (network, people, {"weights": "v"}),
        (network, people, {"stages": 1}),
        (network, people, {"number": torch.bfloat16}),
    ]

    for kept, (net, photos, change) in enumerate(changed, start=1):
        made(net, photos, tmp_path, **change)
        assert len(list(tmp_path.glob("*.npy"))) == kept + 1
    made(network, people, tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == len(changed) + 1


def test_the_number_format_is_the_one_asked_for(people, network, tmp_path):
    """Held in float32, but with the digits of what computed them."""
    photos, sides, formats = np.arange(8), np.zeros(8, bool), (torch.float32, torch.bfloat16)
    whole, half = (made(network, people, tmp_path, number=number).batch(photos, sides) for number in formats)

    assert whole.dtype == half.dtype == torch.float32
    assert torch.equal(half, half.bfloat16().float())
    assert not torch.equal(whole, whole.bfloat16().float())


@pytest.mark.parametrize("spare", [0, -1])
def test_as_much_is_held_as_fits(people, network, tmp_path, monkeypatch, spare):
    """Two sides of 72 photos with 12 maps of 6 by 6 floats: so many bytes fit, one less does not."""
    monkeypatch.setattr(inputs, "HELD_BYTES", 72 * 2 * 12 * 6 * 6 * 4 + spare)

    assert isinstance(made(network, people, tmp_path), FromPixels if spare else Held)
    assert made(network, people, tmp_path, stages=0).stages == 0


def test_the_cache_says_whose_outputs_it_holds(people, network, tmp_path):
    """Photos, trunk and stages in words, for who looks into the folder; and the time that they took."""
    made(network, people, tmp_path)

    (about,) = tmp_path.glob("*.json")
    assert '"about": "faces: tiny, 2 stages"' in about.read_text()
    assert 0 < feature_cache.read(tmp_path, about.stem).seconds < 60


def test_vectors_of_many_photos_stand_in_their_order(network):
    """More than are computed at once: each is of unit length, and what it is on its own."""
    outputs = np.random.default_rng(0).normal(size=(600, 2, 16)).astype(np.float32)
    held, order = Held(outputs, 3, CPU), np.random.default_rng(1).permutation(600)

    found = held_vectors(network.train(), held, order)

    assert not network.training
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    with torch.no_grad():
        sides = [torch.nn.functional.normalize(network.head(torch.from_numpy(outputs[order, side]))) for side in (0, 1)]
    np.testing.assert_allclose(found, torch.nn.functional.normalize(sides[0] + sides[1]), atol=1e-5)
