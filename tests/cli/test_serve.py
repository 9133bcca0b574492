"""``facerec serve``: what it refuses before it listens."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")


def test_a_folder_that_is_not_there_is_not_made(facerec, tmp_path, monkeypatch):
    """A mistyped folder, or a photo in its place, is an error in plain words, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada1.jpg").write_bytes(b"photo")

    absent = facerec("serve", "--galleries", "nope/", "--port", "0")
    photo = facerec("serve", "--galleries", "ada1.jpg", "--port", "0")

    assert (absent.status, photo.status) == (2, 2)
    assert "there is no folder nope; --galleries takes a folder of galleries: mkdir -m 700" in absent.err
    assert "ada1.jpg is a file; --galleries takes a folder of galleries" in photo.err
    assert [each.name for each in tmp_path.iterdir()] == ["ada1.jpg"]
