"""Aligned by name: what was asked of detector and crop reaches them."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from made_faces import WholeCrop, WholePhoto, draw_people

from facerec.training import aligned
from facerec.training.aligned import aligned_people


class Watched(WholePhoto):
    """Notes how many threads a network would have."""

    threads: set[int] = set()  # noqa: RUF012

    def __call__(self, image):
        """As the contract says."""
        self.threads.add(torch.get_num_threads())
        return super().__call__(image)


@pytest.fixture
def asked(monkeypatch):
    """What the loaders of detector and crop were asked for."""
    found = {}

    def load(name, **options):
        found["detector"] = (name, options)
        return Watched(name=name)

    def recipe(name, **options):
        found["crop"] = (name, options)
        return WholeCrop(name=name)

    monkeypatch.setattr(aligned, "load_detector", load)
    monkeypatch.setattr(aligned, "crop_recipe", recipe)
    return found


@pytest.mark.parametrize("named", [True, False])
def test_everything_that_is_asked_for_arrives(asked, tmp_path, named):
    """Detector with its least size, device and files, crop, cache, what is left out, and the progress."""
    data, told, threads = draw_people(tmp_path / "faces", [5, 5]), [], torch.get_num_threads()
    (data / "thumbs").mkdir()
    PIL.Image.fromarray(np.full((24, 24, 3), 9, np.uint8)).save(data / "thumbs" / "0.png")

    people = aligned_people(
        data, "a crop", cache=tmp_path / "chips", named=named, exclude=["thumbs"], detector="a detector",
        min_face_size=33, device="cpu", model_files=Path("/files"), progress=lambda *of: told.append(of),
    )  # fmt: skip

    assert asked["detector"] == (
        "a detector",
        {"min_face_size": 33, "device": "cpu", "model_files": Path("/files")},
    )
    assert asked["crop"] == ("a crop", {"model_files": Path("/files")})
    assert (people.detector, people.crop, len(people.files)) == ("a detector", "a crop", 10)
    assert len(people.identities) == (2 if named else 10)
    assert told[-1] == (10, 10)
    assert list((tmp_path / "chips").glob("*.npy"))
    assert Watched.threads == {1}
    assert torch.get_num_threads() == threads


@pytest.mark.usefixtures("asked")
def test_the_choice_of_face_arrives(tmp_path):
    """Another choice is other chips: nothing of the one is taken for the other."""
    data = draw_people(tmp_path / "faces", [2, 2])

    digests = {aligned_people(data, "c", cache=tmp_path, choice=choice).digest for choice in ("main", "only")}

    assert len(digests) == 2
