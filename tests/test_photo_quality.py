"""Photos ranked before enrollment."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.photo_quality import photo_qualities
from facerec.quality import QualityGate
from facerec.testing import made_face, made_photo, made_recognizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good photo, a small one, one of nobody, one of two people alike, and one that is none."""
    photos = {
        "good": made_photo("red"),
        "small": made_photo("red", size=30),
        "nobody": np.zeros((60, 60, 3), np.uint8),
        "two": made_photo("red", "green"),
    }
    for name, photo in photos.items():
        PIL.Image.fromarray(photo).save(tmp_path / f"{name}.png")
    (tmp_path / "torn.jpg").write_bytes(b"no photo")
    return tmp_path


def test_photos_are_ranked(folder: Path) -> None:
    """What enrolls comes first, what has a face next; the others say why."""
    ranked = photo_qualities(made_recognizer(), sorted(folder.iterdir()))

    names = [Path(each.photo).name for each in ranked]
    assert names[:2] == ["good.png", "small.png"]
    assert sorted(names[2:]) == ["nobody.png", "torn.jpg", "two.png"]
    assert [each.enrolls for each in ranked] == [True, False, False, False, False]
    assert ranked[0].problems == ()
    assert all(each.problems for each in ranked[1:])
    assert {Path(each.photo).stem: each.faces for each in ranked} == {
        "good": 1, "small": 1, "nobody": 0, "two": 2, "torn": 0,
    }  # fmt: skip


def test_the_better_photo_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """By quality among those that enroll; without any, by the detector's score. What enrolls beats what is better."""
    recognizer = made_recognizer(gate=QualityGate({"size": 40}))
    values = {"a": (0.95, 50), "b": (0.99, 50), "c": (0.999, 20)}
    red = recognizer.faces(made_photo("red"))
    faces = iter([replace(red, measures={"flip": [flip], "size": [size]}) for flip, size in values.values()])
    monkeypatch.setattr(type(recognizer), "stream", lambda *_, **__: faces)

    assert [each.photo for each in photo_qualities(recognizer, [Path(name) for name in values])] == ["b", "a", "c"]


def test_quality_is_flip_consistency() -> None:
    """Shown with the face, None where it was not measured."""
    assert made_face(measures={"flip": 0.98}).quality == 0.98
    assert made_face(measures={"flip": 0.98}).to_dict()["quality"] == 0.98
    assert made_face().quality is None
