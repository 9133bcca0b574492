"""The network of an embedder: its parts, its file, and where its head starts."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_faces import SIZE, short, tiny_trunk

from facerec.embed.dlib_resnet import dlib_resnet
from facerec.embed.load import embedder_of
from facerec.embed.onnx_graph import onnx_forward, open_graph
from facerec.embed.trained import network_forward
from facerec.errors import CorruptWeightsError
from facerec.models.folder import read_model
from facerec.networks.backbone import load_backbone
from facerec.networks.face_network import FaceNetwork, ResidualHead, rebuild
from facerec.training.embedder import train_embedder
from facerec.training.export import SAME, export_float, exportable, exportable_trained
from facerec.training.start import new_network, pixels_of, start_head, whitening
from facerec.training.teacher import load_teacher


@pytest.mark.parametrize("stages", range(4))
def test_a_trunk_can_be_cut_after_any_stage(stages):
    """What comes before and what comes after make the features together."""
    network = FaceNetwork(tiny_trunk(0), "tiny", size=SIZE, head="linear", dimension=4).eval()
    x = torch.rand(2, 3, SIZE, SIZE)

    assert torch.equal(network.after(network.before(x, stages), stages), network.trunk(x))


@pytest.mark.parametrize("name", ["efficientnet_lite0", "dlib_resnet", "mobilenet_v3_small"])
def test_a_real_trunk_can_be_cut_after_any_stage(name):
    """Also where stages follow the pooling."""
    backbone = load_backbone(name, weights="default" if name != "mobilenet_v3_small" else "none")
    network = new_network(backbone, short(), size=150).eval()
    x = torch.rand(1, 3, 150, 150)
    whole = network.trunk(x)

    for stages in range(len(network.trunk.stages) + 1):
        assert torch.equal(network.after(network.before(x, stages), stages), whole)


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_an_untrained_head_on_dlibs_network_gives_its_parents_vectors(head):
    """To the last bits that scaling pixels outside the network moves."""
    backbone = load_backbone("dlib_resnet")
    network = new_network(backbone, short(head=head), size=150).eval()
    words = start_head(network, backbone, np.empty((0, 256), np.float32))
    chips = np.random.default_rng(0).integers(0, 256, (3, 10, 10, 3)).astype(np.uint8).repeat(15, 1).repeat(15, 2)
    parent = dlib_resnet()

    found = network_forward(network, pixels_of(backbone, 150, 150), flip=True)(chips)

    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert words == "the parent's own last layer"
    assert np.abs(found - parent(chips)).max() < 1e-5


def test_no_head_on_dlibs_network_is_the_parents_own():
    """Which is not trained."""
    backbone = load_backbone("dlib_resnet")
    network = new_network(backbone, short(head="none", unfreeze="last"), size=150)
    start_head(network, backbone, np.empty((0, 256), np.float32))

    assert network.architecture["head"] == "fixed"
    assert not any(parameter.requires_grad for parameter in network.head.parameters())
    assert network.dimension == 128


def test_whitening_makes_directions_alike():
    """Centred, uncorrelated, and no direction longer than one; the same for the same features."""
    features = np.random.default_rng(0).normal(size=(200, 6)) @ np.diag([9, 5, 3, 1, 0.1, 0]) + 4

    matrix, shift = whitening(features.astype(np.float32), 4)

    found = features @ matrix.T + shift
    covariance = np.cov(found, rowvar=False)
    assert np.abs(found.mean(axis=0)).max() < 1e-5
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-5
    assert (np.diff(np.diag(covariance)) < 0).all()
    assert np.diag(covariance)[0] < 1


def test_a_network_is_rebuilt_from_its_description():
    """With the weights of the file, bit for bit."""
    backbone = load_backbone("resnet18", weights="none")
    network = new_network(backbone, short(head="mlp", dimension=20), size=64).eval()

    again = rebuild(network.architecture, network.to_bytes(), name="made")

    x = torch.rand(2, 3, 64, 64)
    assert torch.equal(again(x), network(x))
    assert again.to_bytes() == network.to_bytes()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trunk": "resnet19"}, "does not know"),
        ({"name": "other.v9"}, "does not know"),
        ({"head": "fourier"}, "does not know"),
        ({"size": "64"}, "architecture.size is missing or is not of the type int"),
        ({"dimension": 21}, "weights are not those"),
        ({"trunk": "resnet34"}, "weights are not those"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(changes, words):
    """With the name of the model."""
    network = new_network(load_backbone("resnet18", weights="none"), short(dimension=20), size=64)
    contents = network.to_bytes()

    with pytest.raises(CorruptWeightsError, match=f"made.*{words}"):
        rebuild(network.architecture | changes, contents, name="made")
    with pytest.raises(CorruptWeightsError, match="made: the weights are not those"):
        rebuild(network.architecture, b"no tensors", name="made")


@pytest.fixture(scope="module")
def folder(people, tmp_path_factory):
    """A model trained from a real backbone, on chips that are smaller than its input."""
    out = tmp_path_factory.mktemp("models") / "small"
    backbone = load_backbone("efficientnet_lite0")
    recipe = short(epochs=2, dimension=24, learning_rate=1e-4)
    train_embedder(people, backbone, recipe, out=out, size=64, device="cpu")
    return out


def test_a_written_model_is_an_embedder(folder, people):
    """Its vectors are those that its operating points were measured with."""
    model = read_model(folder)

    embedder = embedder_of(model)

    vectors = embedder(people.chips.take(np.arange(8)))
    assert vectors.shape == (8, 24)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert model.description.pixels.size == 64
    assert {point.matcher.embedder_digest for point in model.points} == {embedder.digest}


def test_an_added_model_teaches_and_is_exported_on_its_own_terms(folder, tmp_path, monkeypatch):
    """Vectors, scaling, averaging, terms and origin are those of its folder."""
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path))
    model = read_model(folder)
    about = model.description
    shutil.copytree(folder, tmp_path / about.name)

    teacher, source = load_teacher(about.name), exportable(about.name)

    assert (teacher.embedder.digest, teacher.terms) == (about.digest, about.terms)
    for field in ("name", "digest", "crop", "pixels", "flip", "dimension", "terms", "training", "parents"):
        assert getattr(source, field) == getattr(about, field), field
    assert not exportable_trained(replace(model, description=replace(about, flip=False))).flip


@pytest.mark.slow
def test_a_written_model_is_exported_with_the_same_vectors(folder, people):
    """ONNX Runtime gives them to 1e-4."""
    model = read_model(folder)
    source = exportable_trained(model)

    exported = export_float(source, name="small-onnx", trial=people.chips.take(np.arange(6)))

    assert exported.furthest <= SAME
    assert exported.description.parents[-1].digest == model.description.digest
    forward = onnx_forward(open_graph(exported.contents, name="x", size=64), source.pixels, flip=True)
    found = forward(people.chips.take(np.arange(6)))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert np.abs(found - embedder_of(model)(people.chips.take(np.arange(6)))).max() < SAME


def test_whitening_measures_directions_by_all_of_them():
    """A direction's variance is its own over itself and the mean of all, those left out too."""
    features = np.random.default_rng(0).normal(size=(200, 6)) @ np.diag([9, 5, 3, 1, 0.1, 0]) + 4
    variances = np.sort(np.linalg.eigvalsh(np.cov(features, rowvar=False)))[::-1]

    matrix, shift = whitening(features.astype(np.float32), 3)

    found = np.diag(np.cov(features @ matrix.T + shift, rowvar=False))
    np.testing.assert_allclose(found, variances[:3] / (variances[:3] + variances.mean()), rtol=0.01)


def test_a_hidden_layer_stands_beside_the_linear_one():
    """Its part is zero at first, and W x + b + V relu(U x + c) after."""
    head = ResidualHead(5, 3)
    x = torch.randn(4, 5)
    assert torch.equal(head(x), head.linear(x))

    with torch.no_grad():
        head.out.weight.uniform_(-1, 1)
        wanted = head.linear(x) + (x @ head.hidden.weight.T + head.hidden.bias).clamp(min=0) @ head.out.weight.T
        torch.testing.assert_close(head(x), wanted)
    assert head.out.bias is None


@pytest.mark.parametrize("head", ["linear", "mlp", "identity", "fixed"])
def test_the_architecture_says_what_it_is(head):
    """Trunk, side of the input, head and length of a vector; the same state gives the same bytes."""
    network = FaceNetwork(tiny_trunk(0), "tiny", size=SIZE, head=head, dimension=16)

    assert network.architecture == {
        "name": "face-network.v1", "trunk": "tiny", "size": SIZE, "head": head, "dimension": 16,
    }  # fmt: skip
    assert network.dimension == network(torch.rand(2, 3, SIZE, SIZE)).shape[1] == 16
    assert network.to_bytes() == network.to_bytes()
