"""Backbones: found, checked, loaded whole, random only when asked for, and right on real photos."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from torch.nn import functional

from facerec.errors import ArgumentError, CorruptWeightsError, MissingWeightsError, WeightsError
from facerec.files import sha256_of
from facerec.models import catalogue, weights
from facerec.networks.architectures import build
from facerec.networks.dlib_resnet import parse_dlib_resnet
from facerec.networks.pretrained import pretrained
from facerec.networks.weight_files import find, read
from facerec.transfer import default_backbone_name, load_backbone


@pytest.fixture(autouse=True)
def no_caches(monkeypatch, tmp_path):
    """Neither the user's caches nor torch's play a part."""
    monkeypatch.delenv("FACEREC_MODEL_FILES", raising=False)
    monkeypatch.setattr("facerec.models.weights.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))


def publish(monkeypatch, name: str, folder: Path, content: object, *, older: bool = False) -> Path:
    """Write `content` as the file of weights `name`, and let the table of weights pin it by eight digits."""
    entry = pretrained(name)
    folder.mkdir(parents=True)
    draft = folder / "draft"
    torch.save(content, draft)
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    files = list(entry.files)
    files[older] = replace(files[older], file_name=f"x-{digest[:8]}.pth", sha256=digest[:8])
    path = draft.rename(folder / files[older].file_name)
    table = tuple(replace(each, files=tuple(files)) if each.name == name else each for each in _table())
    monkeypatch.setattr("facerec.networks.pretrained.PRETRAINED", table)
    return path


def _table():
    from facerec.networks import pretrained as module

    return module.PRETRAINED


def small(seed: int) -> torch.nn.Module:
    """A ResNet-18 with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    return build("resnet18", size=224).eval()


def test_the_default_needs_no_download():
    """The package's network is whole: 4,652,008 parameters with its classifier, pinned by all of its SHA-256."""
    assert default_backbone_name() == "efficientnet_lite0"
    backbone = load_backbone("efficientnet_lite0")
    trunk, classifier = backbone.trunk(), backbone.classifier()

    assert backbone.weights_sha256 == sha256_of(backbone._found.path, error=WeightsError)
    assert backbone.weights_sha256.startswith("57934424")
    assert sum(p.numel() for m in (trunk, classifier) for p in m.parameters()) == 4_652_008
    assert sum(p.numel() for p in trunk.parameters()) == backbone.parameters
    assert (backbone.dimension, backbone.classes[310]) == (1280, "ant")
    assert not trunk.training
    assert all(p.requires_grad for p in trunk.parameters())


def test_trunks_are_fresh():
    """Training one trunk leaves the next one as it was published."""
    backbone = load_backbone("efficientnet_lite0")
    first, second = backbone.trunk(), backbone.trunk()
    with torch.no_grad():
        next(first.parameters()).zero_()

    assert next(second.parameters()).any()
    assert next(backbone.trunk().parameters()).equal(next(second.parameters()))


def test_a_file_of_torchvision_is_loaded_whole(monkeypatch, tmp_path):
    """Trunk and classifier together give what the network that was stored gives."""
    network = small(1)
    path = publish(monkeypatch, "resnet18.v1", tmp_path / "w", network.state_dict())

    backbone = load_backbone("resnet18", model_files=tmp_path / "w")

    photos = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(backbone.classifier()(backbone.trunk()(photos)), network(photos))
    assert (backbone.name, backbone.weights_file) == ("resnet18.v1", path.name)
    assert backbone.weights_sha256 == sha256_of(path, error=WeightsError)
    assert default_backbone_name(tmp_path / "w") == "resnet18.v1"
    assert pickle.loads(pickle.dumps(backbone)) == backbone


def test_files_without_counters_of_batches(monkeypatch, tmp_path):
    """Files from before batch normalisation counted its batches load as well."""
    state = {key: value for key, value in small(1).state_dict().items() if "num_batches" not in key}
    publish(monkeypatch, "resnet18.v1", tmp_path / "hub" / "checkpoints", state)

    backbone = load_backbone("resnet18")

    assert backbone.trunk()(torch.rand(1, 3, 64, 64)).shape == (1, 512)
    assert backbone._found.path.parent == tmp_path / "hub" / "checkpoints"


def test_older_files_are_said_to_be_older(monkeypatch, tmp_path):
    """An old name will do where today's is absent, and is told from it by name and SHA-256."""
    path = publish(monkeypatch, "resnet18.v1", tmp_path / "w", small(1).state_dict(), older=True)

    found = find(pretrained("resnet18"), model_files=tmp_path / "w")

    assert (found.older, found.path) == (True, path)
    assert load_backbone("resnet18", model_files=tmp_path / "w").weights_file == path.name


def test_absent_weights():
    """The error says the file, the places, the digits, the command, and the older file that would do."""
    with pytest.raises(MissingWeightsError) as caught:
        load_backbone("resnet50.v1")

    for part in ("resnet50-0676ba61.pth", "torch's cache", "facerec models fetch resnet50.v1", "resnet50-19c8e357.pth"):
        assert part in str(caught.value)


def test_a_file_of_other_bytes(tmp_path):
    """A file of the right name is not taken for its contents, nor passed over for another place."""
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"not a network")

    with pytest.raises(CorruptWeightsError, match=r"expected the SHA-256 f37072fd…, got"):
        load_backbone("resnet18", model_files=tmp_path)
    with pytest.raises(CorruptWeightsError):
        default_backbone_name(tmp_path)


def test_a_file_that_changes_while_it_is_used(monkeypatch, tmp_path):
    """What was checked is what is loaded; a file that was replaced or removed since is an error."""
    path = publish(monkeypatch, "resnet18.v1", tmp_path / "w", small(1).state_dict())
    backbone = load_backbone("resnet18", model_files=tmp_path / "w")

    path.write_bytes(b"another")
    with pytest.raises(CorruptWeightsError, match="has changed since it was found"):
        backbone.trunk()
    path.unlink()
    with pytest.raises(WeightsError, match="cannot be read: there is no such file"):
        read(backbone._found)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"conv1.weight": torch.zeros(1)}, "holds another network than resnet18"),
        ([1, 2], "something else than named tensors"),
        ({"a": Path("x")}, "cannot be read as tensors"),
    ],
)
def test_files_that_are_no_such_network(monkeypatch, tmp_path, content, message):
    """Another network, no tensors, and a pickle that would run code."""
    publish(monkeypatch, "resnet18.v1", tmp_path / "w", content)

    with pytest.raises(CorruptWeightsError, match=message):
        load_backbone("resnet18", model_files=tmp_path / "w").trunk()


def test_random_weights_only_on_request():
    """They come from the seed alone, leave torch's generator where it was, and are called none."""
    backbone = load_backbone("resnet18.none")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (next(backbone.trunk(seed=seed).parameters()) for seed in (1, 1, 2))

    assert torch.equal(torch.get_rng_state(), before)
    assert first.equal(again)
    assert not first.equal(other)
    assert (backbone.name, backbone.weights_sha256, backbone.weights_file) == ("resnet18.none", None, None)
    assert backbone.classes is backbone.classifier() is None
    assert load_backbone("resnet18", weights="none") == backbone


@pytest.mark.parametrize(
    ("name", "which", "message"),
    [
        ("resnet50.v2", "v1", "so does weights='v1'"),
        ("resnet50", "v9", "no backbone is called 'resnet50.v9'"),
        ("resnet.none", "default", "no backbone is called 'resnet'"),
    ],
)
def test_names_that_are_none(name, which, message):
    """A contradiction and unknown names."""
    with pytest.raises(ArgumentError, match=message):
        load_backbone(name, weights=which)


def test_the_face_network_is_the_embedders():
    """Its pooled features, through dlib's last layer, are the vectors of the face embedder."""
    file = catalogue.DLIB_RESNET_WEIGHTS
    embedder = parse_dlib_resnet(weights.load(file), name=file.file_name)
    backbone = load_backbone("dlib_resnet")
    photos = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 150, 150), np.uint8))

    with torch.no_grad():
        features = backbone.trunk()(backbone.preprocessing.normalise(photos))
        torch.testing.assert_close(embedder.last(features), embedder(photos.float()), atol=1e-4, rtol=1e-4)
    assert (backbone.dimension, backbone.classes) == (256, None)


def test_real_photos(data):
    """Most ants and bees are named as ants and bees among ImageNet's thousand classes."""
    folder = data / "hymenoptera_data" / "val"
    if not folder.is_dir():
        pytest.skip("no photos of ants and bees here")
    backbone = load_backbone("efficientnet_lite0")
    trunk, classifier = backbone.trunk(), backbone.classifier()
    photos, right = [], []
    for name, label in (("ants", 310), ("bees", 309)):
        for path in sorted((folder / name).glob("*.jpg"))[::4]:
            with PIL.Image.open(path) as photo:
                photos.append(backbone.preprocessing.evaluate(np.asarray(photo.convert("RGB"))))
            right.append(label)

    with torch.inference_mode():
        answers = classifier(trunk(backbone.preprocessing.normalise(torch.stack(photos))))

    # 85 % of all 153 photos; with symmetric padding instead of TensorFlow's it would be 78 %.
    assert (answers.argmax(1) == torch.tensor(right)).float().mean() > 0.8
    assert functional.cross_entropy(answers, torch.tensor(right)) < 1
