"""Where a head starts: lengths of vectors, signs of directions, the scaling of pixels."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made_faces import short, tiny_backbone

from facerec.errors import ArgumentError
from facerec.models.folder import Pixels
from facerec.networks.preprocessing import Preprocessing
from facerec.training.start import _dimension, _kind, new_network, pixels_of, start_head, whitening


def backbone(dimension, architecture="other", sha="0" * 64):
    """A backbone of so many features."""
    return SimpleNamespace(name="b", dimension=dimension, architecture=architecture, weights_sha256=sha)


@pytest.mark.parametrize(
    ("of", "head", "wanted", "kind", "length"),
    [
        (backbone(1280), "linear", None, "linear", 256),
        (backbone(200), "mlp", None, "mlp", 200),
        (backbone(200), "linear", 200, "linear", 200),
        (backbone(1280), "none", None, "identity", 1280),
        (backbone(256, "dlib_resnet"), "linear", None, "linear", 128),
        (backbone(256, "dlib_resnet"), "linear", 256, "linear", 256),
        (backbone(256, "dlib_resnet"), "none", None, "fixed", 128),
        (backbone(256, "dlib_resnet", None), "none", None, "identity", 256),
    ],
)
def test_lengths_of_vectors(of, head, wanted, kind, length):
    """256 or the features if they are fewer; 128 of the face network; without a head those of what is there."""
    recipe = short(head=head, dimension=wanted, unfreeze="all")

    assert _kind(of, recipe) == kind
    assert _dimension(of, recipe, kind) == length


@pytest.mark.parametrize(("head", "wanted"), [("linear", 201), ("none", 199)])
def test_lengths_that_cannot_be(head, wanted):
    """More numbers than features, or other ones than there are without a head."""
    recipe = short(head=head, dimension=wanted, unfreeze="all")

    with pytest.raises(ArgumentError, match=f"b has 200 features.*got {wanted}"):
        _dimension(backbone(200), recipe, _kind(backbone(200), recipe))


def test_directions_have_a_sign():
    """The largest weight of each is positive, whatever the signs of the features."""
    features = np.random.default_rng(2).normal(size=(60, 9)).astype(np.float32)

    for matrix in (whitening(features, 9)[0], whitening(-features, 9)[0]):
        assert (matrix[np.arange(9), abs(matrix).argmax(axis=1)] > 0).all()


def test_pixels_are_scaled_as_the_weights_were_trained():
    """0 … 1 becomes 0 … 255, channel by channel; the size is told where chips are of another."""
    of = SimpleNamespace(preprocessing=Preprocessing(9, 9, (0.2, 0.4, 0.6), (0.1, 0.3, 0.5), "bilinear"))

    found = pixels_of(of, 96, 150)

    np.testing.assert_allclose(found.mean, (51, 102, 153))
    np.testing.assert_allclose(found.std, (25.5, 76.5, 127.5))
    assert (found.size, found.channels) == (96, "RGB")
    assert pixels_of(of, 150, 150) == Pixels(found.mean, found.std)


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_a_head_starts_as_whitened_components(head):
    """An untrained one of either kind gives them, from the features that it is shown."""
    network = new_network(tiny_backbone(), short(head=head, dimension=5), size=24).eval()
    features = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32)
    matrix, shift = whitening(features, 5)

    assert start_head(network, tiny_backbone(), features) == "whitened principal components of the features"

    with torch.no_grad():
        found = network.head(torch.from_numpy(features))
    np.testing.assert_allclose(found, features @ matrix.T + shift, atol=1e-4)


def test_random_weights_are_the_seeds():
    """Of a hidden layer and of a random trunk; torch's generator is left alone."""
    before = torch.get_rng_state()
    one, same, other = (
        new_network(tiny_backbone(pretrained=False), short(head="mlp", seed=seed), size=24) for seed in (1, 1, 2)
    )

    assert torch.equal(torch.get_rng_state(), before)
    for part in (lambda network: network.head.hidden.weight, lambda network: network.trunk.body["stage1"][0].weight):
        assert torch.equal(part(one), part(same))
        assert not torch.equal(part(one), part(other))
