"""``facerec models``: terms, places and digests of every model."""

from __future__ import annotations

import pytest

from facerec.errors import WeightsError
from facerec.models.catalogue import MODELS


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    """The user's own cache and folder play no part."""
    monkeypatch.delenv("FACEREC_MODEL_FILES", raising=False)
    monkeypatch.setattr("facerec.models.weights.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("facerec.models.download.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))


def test_list(facerec):
    """Every model is listed, and the backbones that are here; `models` alone does the same."""
    outcome = facerec("models", "list")

    lines = outcome.out.splitlines()
    assert outcome.status == 0
    assert [line.split()[0] for line in lines[1 : len(MODELS) + 1]] == [model.name for model in MODELS]
    assert lines[len(MODELS)].endswith("absent")
    here = [f"efficientnet_lite{number}" for number in range(3)]
    assert [line.split()[0] for line in lines[-5:-1]] == [*here, "dlib_resnet"]
    assert lines[-1].endswith("more backbones can be fetched: facerec transfer nets")
    assert facerec("models").out == outcome.out


def test_list_as_json(facerec):
    """The document holds the terms in full, and digests in full."""
    models = {model["name"]: model for model in facerec("models", "--json").document["models"]}

    facenet, default = models["facenet"], models["dlib-resnet"]
    assert (facenet["commercial"], facenet["files"][0]["state"]) == ("unclear", "absent")
    assert (default["default"], default["commercial"], default["dimension"]) == (True, "yes", 128)
    assert default["files"][0]["state"] == "ok"
    assert len(default["files"][0]["sha256"]) == 64
    assert default["accuracy_by_group"]


def test_show(facerec):
    """One model, with what is known of whom it fails."""
    text = facerec("models", "show", "dlib-resnet").out

    assert "accuracy by group: its author publishes none" in text
    assert "commercial use: yes: " in text
    assert facerec("models", "show", "facenet", "--json").document["name"] == "facenet"
    assert facerec("models", "show", "nosuch").err.startswith("facerec: error: no model is called 'nosuch'")


def test_check(facerec, tmp_path):
    """An optional model may be absent; a wrong file of a default one is status 2."""
    fine = facerec("models", "check", "--json")
    (tmp_path / "pnet.pt").write_bytes(b"wrong")
    wrong = facerec("models", "check", "--model-files", tmp_path)

    assert (fine.status, fine.document["ok"]) == (0, True)
    assert wrong.status == 2
    assert "mtcnn  pnet.pt: wrong. " in wrong.out
    assert wrong.err == "facerec: error: 1 model files are absent or wrong: pnet.pt\n"


def test_fetch_what_came_with_a_package(facerec):
    """A model that was installed is simply there."""
    assert len(facerec("models", "fetch", "mtcnn", "--json").document["files"]) == 3


def test_fetch(facerec, monkeypatch, tmp_path):
    """What has to be downloaded is put where it is asked for; a failed download is one line."""
    asked = []

    def fetch(weight, *, model_files, progress):
        asked.append((weight.name, model_files))
        progress(1, None)
        if len(asked) > 1:
            message = "the server cannot be reached"
            raise WeightsError(message)
        return model_files / weight.file_name

    monkeypatch.setattr("facerec.models.download.fetch", fetch)

    done = facerec("models", "fetch", "facenet", "--model-files", tmp_path)
    failed = facerec("models", "fetch", "facenet", "--json")

    assert done.out == f"{tmp_path / '20180402-114759-vggface2.pt'}\n"
    assert asked == [("facenet", tmp_path), ("facenet", None)]
    assert (failed.status, failed.document["error"]) == (2, "the server cannot be reached")


def test_model_that_is_absent(facerec, tmp_path, monkeypatch, draw):
    """Choosing a model whose file is absent says which file, how to get it and what it must hash to."""
    monkeypatch.chdir(tmp_path)
    draw("a.png", "red")

    outcome = facerec("verify", "a.png", "a.png", "--model", "facenet", "--device", "cpu")

    assert outcome.status == 2
    assert "facerec models fetch facenet" in outcome.err
    assert "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b" in outcome.err


def test_device_that_is_none(facerec, tmp_path, monkeypatch, draw):
    """A processor that does not exist is one line."""
    monkeypatch.chdir(tmp_path)
    draw("a.png", "red")

    outcome = facerec("verify", "a.png", "a.png", "--device", "abacus")

    assert outcome.status == 2
    assert outcome.err == "facerec: error: device must be cpu, cuda or cuda:N; got 'abacus'\n"
