"""``facerec check``: one line for each thing that has to be right."""

from __future__ import annotations

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
