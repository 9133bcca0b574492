"""What each photo is for: by its name, and by the faces in it."""

from pathlib import Path

import numpy as np
import pytest

from facerec.demo.album import (
    MOST_ENROLLED_PHOTOS,
    MOST_PEOPLE,
    MOST_PHOTOS,
    MOST_SCENES,
    Candidate,
    candidates,
    choose,
    person_named,
)
from facerec.demo.steps import Photo
from facerec.errors import DataSetError, ImageError
from facerec.types import Detections, Faces


@pytest.mark.parametrize(
    ("stem", "person"),
    [
        ("ada", "ada"),
        ("ada2", "ada"),
        ("ada_02", "ada"),
        ("Ada Lovelace (3)", "Ada Lovelace"),
        ("Ada_Lovelace_0001", "Ada_Lovelace"),
        ("Émilie-4", "Émilie"),
        ("j2ee bob7", "j2ee bob"),
        ("IMG_2041", None),
        ("img-2041", None),
        ("DSC 17", None),
        ("Screenshot 2024-05-01", None),
        ("2024-05-01", None),
        ("32bit", None),
        ("_ada", None),
        ("", None),
    ],
)
def test_names_tell_people(stem, person):
    """A number behind a name is none of it; cameras' names and dates are nobody's."""
    assert person_named(stem) == person


def touch(folder: Path, *names: str) -> Path:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def told(found: tuple[Candidate, ...]) -> dict[str, str | None]:
    """Photo names and the people they tell of."""
    return {each.photo.name: each.person for each in found}


def test_a_flat_folder_is_read_by_names(tmp_path):
    """In a flat folder the files' names tell who is on them; other files are no photos."""
    touch(tmp_path, "ada1.jpg", "ada2.JPG", "grace.png", "IMG_1.jpg", "ada_partial.jpg", "notes.txt")

    found, left_out = candidates(tmp_path)

    assert told(found) == {
        "IMG_1.jpg": None,
        "ada1.jpg": "ada",
        "ada2.JPG": "ada",
        "ada_partial.jpg": None,
        "grace.png": "grace",
    }
    assert [each.photo.name for each in found if each.partial] == ["ada_partial.jpg"]
    assert left_out == ()


def test_folders_are_people(tmp_path):
    """Where there are folders, they are people, and photos beside them are nobody's."""
    touch(tmp_path, "ada/1.jpg", "ada/old/2.jpg", "grace/IMG_1.jpg", "party1.jpg")

    found, _ = candidates(tmp_path)

    assert told(found) == {"ada/1.jpg": "ada", "ada/old/2.jpg": "ada", "grace/IMG_1.jpg": "grace", "party1.jpg": None}


def test_a_large_folder_is_cut(tmp_path):
    """Of a large folder a limited number of photos is looked at, in all and of each person, and the rest is named."""
    touch(tmp_path, *(f"ada{number}.jpg" for number in range(20)), *(f"IMG_{number}.jpg" for number in range(100)))

    found, left_out = candidates(tmp_path)

    assert len(found) == MOST_PHOTOS
    assert len(found) + len(left_out) == 120
    assert sum(each.person == "ada" for each in found) <= 2 * MOST_ENROLLED_PHOTOS


def test_a_missing_and_an_empty_folder_are_errors(tmp_path):
    """Both are told apart, and both name the folder."""
    with pytest.raises(DataSetError, match=r"nowhere: there is no such folder.*--photos"):
        candidates(tmp_path / "nowhere")
    with pytest.raises(DataSetError, match="holds no photos"):
        candidates(tmp_path)


def faces(count: int, side: float = 100) -> Faces:
    """So many faces of that size."""
    boxes = np.tile(np.array([0, 0, side, side], np.float32), (count, 1))
    detections = Detections(boxes, np.ones(count), np.zeros((count, 5, 2)), (640, 480))
    return Faces(detections, np.ones(count), np.eye(max(count, 1), 3)[:count], "digest")


def photo(name: str, person: str | None = None, *, partial: bool = False) -> Candidate:
    """A photo of that name."""
    return Candidate(Photo(name, Path(name)), person, partial)


def small(face) -> tuple[str, ...]:
    """A gate for faces of 50 pixels and more."""
    return () if face.size >= 50 else ("too small",)


def test_every_photo_gets_its_part():
    """One face with a name is enrolled or kept, several are a scene, and what is left is explained."""
    album = choose(
        [
            (photo("grace.jpg", "grace"), faces(1)),
            (photo("ada1.jpg", "ada"), faces(1)),
            (photo("ada2.jpg", "ada"), faces(1)),
            (photo("ada3.jpg", "ada"), faces(1)),
            (photo("ada4.jpg", "ada"), faces(1, side=20)),
            (photo("ada5.jpg", "ada"), ImageError("ada5.jpg is broken")),
            (photo("two.jpg", "two"), faces(2)),
            (photo("party.jpg"), faces(5)),
            (photo("half.jpg", partial=True), faces(1)),
            (photo("IMG_1.jpg"), faces(1)),
            (photo("tree.jpg", "tree"), faces(0)),
        ],
        small,
    )

    ada, grace = album.people
    assert [each.photo.name for each in ada.enroll] == ["ada1.jpg", "ada2.jpg"]
    assert ada.probe is not None
    assert ada.seen.photo.name == "ada3.jpg"
    assert grace.probe is None
    assert grace.seen.photo.name == "grace.jpg"
    assert [each.photo.name for each in album.scenes] == ["party.jpg", "two.jpg"]
    assert [each.photo.name for each in album.partial] == ["half.jpg"]
    assert {each.name: each.reason for each in album.left_out} == {
        "ada4.jpg": "too small",
        "ada5.jpg": "ada5.jpg is broken",
        "IMG_1.jpg": "one face, and the file's name does not say whose",
        "tree.jpg": "no face was found in it",
    }


def test_many_people_photos_and_scenes_are_limited():
    """What is more than a page can show is left out by name."""
    many = [(photo(f"p{number}.jpg", f"p{number}"), faces(1)) for number in range(MOST_PEOPLE + 1)]
    many += [(photo(f"a{number}.jpg", "a"), faces(1)) for number in range(MOST_ENROLLED_PHOTOS + 2)]
    many += [(photo(f"s{number}.jpg"), faces(2)) for number in range(MOST_SCENES + 1)]

    album = choose(many, small)

    assert album.people[0].name == "a"
    assert len(album.people[0].enroll) == MOST_ENROLLED_PHOTOS
    assert len(album.people) == MOST_PEOPLE
    assert len(album.scenes) == MOST_SCENES
    assert [each.name for each in album.left_out] == ["p11", "p12", "a4.jpg", "s3.jpg"]


@pytest.mark.parametrize(
    ("looked", "said"),
    [
        ([(photo("a.jpg", "a"), faces(0)), (photo("b.jpg", "b"), faces(0))], "no face was found in any of the 2"),
        ([(photo("a.jpg", "a"), faces(2))], r"nobody can be enrolled.*\(0 show no face, 1 several\)"),
        ([(photo("1.jpg"), faces(1))], "name them like ada1.jpg"),
        ([(photo("a.jpg", "a"), ImageError("a.jpg is broken"))], "none of the 1 photos can be read.*a.jpg is broken"),
    ],
)
def test_photos_of_nobody_are_an_error(looked, said):
    """Where nobody can be enrolled, the message says what was found and how photos are named."""
    with pytest.raises(DataSetError, match=said):
        choose(looked, small)
