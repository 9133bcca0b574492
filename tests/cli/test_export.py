"""``facerec export``: what is refused at once, and on real faces the whole way to a decision."""

import json
import shutil

import pytest


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """An empty place for added models."""
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path / "models"))


def test_what_cannot_be_exported(facerec, tmp_path):
    """An unknown name, and 8 bits without faces to measure on."""
    unknown = facerec("export", "dlib", "--onnx", tmp_path / "out")
    blind = facerec("export", "dlib-resnet", "--onnx", tmp_path / "out", "--int8")

    assert unknown.status == blind.status == 2
    assert "'dlib' is not an embedder that can be exported; there are dlib-resnet" in unknown.err
    assert "--int8 needs --photos" in blind.err
    assert not (tmp_path / "out").exists()


def test_what_is_no_runtime(facerec, tmp_path):
    """Two folders or none, 8 bits, another name, and a folder that is there."""
    both = facerec("export", "dlib-resnet", "--onnx", tmp_path / "a", "--runtime", tmp_path / "b")
    neither = facerec("export", "dlib-resnet")
    called = facerec("export", "dlib-resnet", "--runtime", tmp_path / "a", "--name", "ours")
    there = facerec("export", "dlib-resnet", "--runtime", tmp_path)

    assert both.status == neither.status == called.status == there.status == 2
    assert "give --onnx DIR for an embedder alone, or --runtime DIR" in both.err
    assert "give --onnx DIR for an embedder alone, or --runtime DIR" in neither.err
    assert "--runtime takes the embedder as it is" in called.err
    assert "exists already" in there.err
    assert not (tmp_path / "a").exists()


@pytest.mark.slow
def test_a_runtime_from_the_command_line(facerec, tmp_path, data):
    """Exported and used: the same score as with torch; the answer names what ran."""
    photos = sorted((data / "lfw/images").glob("Aaron_*/*.jpg"))[:2]

    exported = facerec("export", "dlib-resnet", "--runtime", tmp_path / "runtime", "--json")
    light = facerec("verify", *photos, "--runtime", tmp_path / "runtime", "--json")
    usual = facerec("verify", *photos, "--json")

    assert exported.status == 0, exported.err
    assert exported.document["furthest"] <= 1e-5
    assert exported.document["furthest_answer"] <= 1e-4
    assert exported.document["digest"][:12] in light.document["runtime"]
    assert light.document["score"] == pytest.approx(usual.document["score"], abs=1e-4)
    assert light.document["matcher"] == usual.document["matcher"]


@pytest.mark.slow
def test_from_export_to_decision(facerec, tmp_path, data):
    """The exported default model decides as the original does; its 8-bit version says what it costs."""
    people = tmp_path / "people"
    folders = [path for path in sorted((data / "lfw" / "images").iterdir()) if len(list(path.glob("*.jpg"))) >= 4]
    for folder in folders[:12]:
        (people / folder.name).mkdir(parents=True)
        for photo in sorted(folder.glob("*.jpg"))[:4]:
            shutil.copy(photo, people / folder.name)
    photos = sorted((people / folders[0].name).iterdir())[:2]

    exported = facerec("export", "dlib-resnet", "--onnx", tmp_path / "d32", "--json")
    facerec("models", "add", tmp_path / "d32")
    decided = facerec("verify", *photos, "--model", "d32", "--json")
    original = facerec("verify", *photos, "--json")
    small = facerec("export", "dlib-resnet", "--onnx", tmp_path / "d8", "--int8", "--photos", people, "--json")

    assert exported.status == 0, exported.err
    assert exported.document["furthest"] < 1e-5
    assert decided.document["score"] == pytest.approx(original.document["score"], abs=1e-5)
    assert decided.document["match"] == original.document["match"]
    assert small.status == 0, small.err
    assert small.document["bytes"] < exported.document["bytes"] / 3
    assert small.document["lowest_cosine"] > 0.98
    assert [entry["target_fmr"] for entry in small.document["price"]] == [0.01]  # six people show no rarer match
    assert small.document["not_measured"][0].startswith("FMR 0.001: ")
    points = json.loads((tmp_path / "d8" / "operating_points.json").read_text("utf-8"))["points"]
    assert {point["matcher"]["embedder"] for point in points} == {"d8"}
