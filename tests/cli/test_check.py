"""``facerec check``: one line for each thing that has to be right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """The user's own folders play no part."""
    monkeypatch.delenv("FACEREC_MODEL_FILES", raising=False)
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path / "added"))


def test_an_installation_that_works(facerec):
    """Packages with their versions, files that are what they should be, points, and the time of one photo."""
    outcome = facerec("check", "--device", "cpu")

    lines = outcome.out.splitlines()
    assert outcome.status == 0, outcome.err
    assert {line.split()[0] for line in lines} == {"ok"}
    assert any(line.startswith("ok      torch: ") for line in lines)
    assert lines[-1].startswith("ok      a photo: 640 × 480 pixels with one face in ")


def test_what_is_wrong_is_said_with_what_to_do(facerec, tmp_path):
    """A damaged model file and an added model without a description are problems, each with its cause; status 2."""
    (tmp_path / "pnet.pt").write_bytes(b"wrong")
    (tmp_path / "added" / "ours").mkdir(parents=True)
    (tmp_path / "added" / "ours" / "model.json").write_text("{}", encoding="utf-8")

    outcome = facerec("check", "--model-files", tmp_path, "--json")

    problems = {each["name"]: each["text"] for each in outcome.document["findings"] if not each["ok"]}
    assert outcome.status == 2
    assert outcome.document["ok"] is False
    assert problems.keys() == {"mtcnn: pnet.pt", "added model ours", "a photo"}
    assert "must be" in problems["mtcnn: pnet.pt"] or "expected" in problems["mtcnn: pnet.pt"]
    assert "3 problems: mtcnn: pnet.pt, added model ours, a photo" in outcome.err


def test_a_runtime_is_checked(facerec, runtime, tmp_path):
    """Its files in place of the models' own; torch is not needed; a damaged one is a problem."""
    copy = Path(shutil.copytree(runtime, tmp_path / "runtime"))

    well = facerec("check", "--runtime", copy, "--json")
    (copy / "output.onnx").write_bytes(b"wrong")
    damaged = facerec("check", "--runtime", copy, "--json")
    absent = facerec("check", "--runtime", tmp_path / "nowhere", "--json")

    names = [each["name"] for each in well.document["findings"]]
    assert (well.status, damaged.status, absent.status) == (0, 2, 2)
    assert "runtime: embedder.onnx" in names
    assert not any(name.startswith("mtcnn") for name in names)
    problems = {each["name"] for each in damaged.document["findings"] if not each["ok"]}
    assert problems == {"runtime: output.onnx", "a photo"}
    assert {each["name"] for each in absent.document["findings"] if not each["ok"]} == {"runtime", "a photo"}
