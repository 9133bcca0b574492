"""The doctor finds every published constant, and says so where one is not found."""

from __future__ import annotations

import pytest

from facerec.networks.names import EFFICIENTNET_LITES
from facerec.networks.pretrained import PRETRAINED, pretrained
from facerec.transfer import doctor as module
from facerec.transfer.doctor import check_shape, doctor


@pytest.fixture
def few(monkeypatch, tmp_path):
    """Four networks instead of all, and no caches."""
    monkeypatch.delenv("FACEREC_MODEL_FILES", raising=False)
    monkeypatch.setattr("facerec.models.weights.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    names = ("efficientnet_lite0", "resnet18.v1", "mobilenet_v3_small.v1", "dlib_resnet")
    monkeypatch.setattr(module, "PRETRAINED", tuple(map(pretrained, names)))


def test_what_is_installed_is_right(few):
    """Parameters, files and answers of the packages' networks pass; of what nobody fetched no more is said."""
    told = []
    checks = doctor(progress=lambda done, total: told.append((done, total)))
    found = {(check.subject, check.what): (check.found, check.status) for check in checks}

    assert {check.status for check in checks} == {"passed", "absent"}
    assert found["efficientnet_lite0", "parameters"] == (4_652_008, "passed")
    assert found["dlib_resnet", "file dlib_face_recognition_resnet_model_v1.dat"][1] == "passed"
    assert {key: each for key, each in found.items() if key[0].startswith("resnet18")} == {
        ("resnet18.v1", "file resnet18-f37072fd.pth"): ("absent", "absent")
    }
    assert told[-1] == (4, 4)


def test_what_is_wrong_is_said(few, monkeypatch, tmp_path):
    """Another count, and a file of other bytes, fail; each says what was expected."""
    monkeypatch.setitem(module._NETWORKS, "efficientnet_lite0", 4_652_009)
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"x")

    failed = [check for check in doctor(model_files=tmp_path) if check.status == "failed"]

    assert [(check.subject, check.expected) for check in failed] == [
        ("efficientnet_lite0", 4_652_009),
        ("resnet18.v1", "SHA-256 f37072fd"),
    ]
    assert "is not the resnet18-f37072fd.pth that it should be" in failed[1].found


@pytest.mark.slow
def test_every_network_is_the_published_one():
    """All architectures, at every size that weights are published for: parameters exact, multiply-adds to 0.0005 G."""
    checks = [check for network in PRETRAINED for check in check_shape(network)]

    assert [check for check in checks if check.status != "passed"] == []
    assert {check.subject for check in checks} >= {
        each.architecture for each in PRETRAINED if "swag" not in each.name and each.classes
    }
    resnet18 = {check.what: check.found for check in checks if check.subject == "resnet18"}
    assert resnet18["parameters without the last layer"] == 11_176_512
    assert resnet18["GMACs at 224 pixels"] == 1.814


def test_the_networks_that_are_here_answer_as_they_did(monkeypatch):
    """Logits for scikit-learn's picture of a palace, of the three that come with packages; a palace is seen by each."""
    monkeypatch.setattr(module, "PRETRAINED", tuple(map(pretrained, EFFICIENTNET_LITES)))

    found = [check for check in doctor() if "logits" in check.what]

    assert [check.subject for check in found] == list(EFFICIENTNET_LITES)
    assert {check.status for check in found} == {"passed"}
    assert all(str(check.found).startswith("palace ") for check in found)


def test_another_answer_is_a_fault(monkeypatch):
    """A network that sees something else, or the same with other logits, fails; of others nothing is known."""
    right = module._ANSWERS["efficientnet_lite0"]
    for changed, status in (
        (right, "passed"),
        ((("castle", right[0][1]), *right[1:]), "failed"),
        ((right[0], (right[1][0], right[1][1] + 0.1), *right[2:]), "failed"),
        (None, "unknown"),
    ):
        monkeypatch.setattr(module, "_ANSWERS", {} if changed is None else {"efficientnet_lite0": changed})

        assert module._answer(pretrained("efficientnet_lite0"), None).status == status
