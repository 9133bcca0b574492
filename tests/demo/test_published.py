"""The published photos: fetched once, checked, and nothing else of the archive unpacked."""

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from facerec.demo import published
from facerec.errors import DataSetError

PHOTO = b"a photo's bytes"
WANTED = {"ada.jpg": hashlib.sha256(PHOTO).hexdigest()}


def member(name: str, content: bytes = PHOTO, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple:
    """One entry of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., tuple[Path, str]]:
    """Make a .tar.gz of these entries, and tell its SHA-256."""

    def make(*members: tuple) -> tuple[Path, str]:
        path = tmp_path / "archive.tar.gz"
        with tarfile.open(path, "w:gz") as file:
            for info, content in members:
                file.addfile(info, io.BytesIO(content))
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    return make


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, archive: Callable[..., tuple[Path, str]]) -> Path:
    """Let a small archive with one photo be the published one."""
    path, digest = archive(member(published.IN_THE_SDIST + "ada.jpg"))
    monkeypatch.setattr(published, "PHOTOS", WANTED)
    monkeypatch.setattr(published, "SDIST_SHA256", digest)
    monkeypatch.setattr(published.unpack, "__kwdefaults__", {"expected": digest, "photos": WANTED})
    return path


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, small: Path) -> list[list[str]]:
    """A pip that copies the small archive; gives the commands that it was called with."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess:
        commands.append(command)
        folder = Path(command[command.index("--dest") + 1])
        (folder / published.SDIST).write_bytes(small.read_bytes())
        requirements = Path(command[command.index("--requirement") + 1]).read_text()
        assert requirements == f"{published.REQUIREMENT} --hash=sha256:{published.SDIST_SHA256}\n"
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_the_photos_and_nothing_else_are_unpacked(archive, tmp_path):
    """Of an archive with code, other images and folders, only the photo asked for reaches the folder."""
    path, digest = archive(
        member("face_recognition-1.3.0/setup.py", b"raise SystemExit"),
        member(published.IN_THE_SDIST + "other.jpg", b"other"),
        member("elsewhere/ada.jpg", b"elsewhere"),
        member(published.IN_THE_SDIST + "ada.jpg"),
    )

    published.unpack(path, tmp_path / "to", expected=digest, photos=WANTED)

    assert [file.name for file in (tmp_path / "to").iterdir()] == ["ada.jpg"]
    assert (tmp_path / "to" / "ada.jpg").read_bytes() == PHOTO


def test_an_archive_with_another_digest_is_not_opened(archive, tmp_path, monkeypatch):
    """A wrong SHA-256 is an error before tarfile sees the file."""
    path, _ = archive(member(published.IN_THE_SDIST + "ada.jpg"))
    monkeypatch.setattr(tarfile, "open", lambda *_: pytest.fail("opened"))

    with pytest.raises(DataSetError, match=r"expected the SHA-256 000.*was not opened.*--photos DIR"):
        published.unpack(path, tmp_path / "to", expected="0" * 64, photos=WANTED)

    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    "members",
    [
        [member(published.IN_THE_SDIST + "../ada.jpg")],
        [member("/" + published.IN_THE_SDIST + "ada.jpg")],
        [member("../../" + published.IN_THE_SDIST + "ada.jpg")],
        [member(published.IN_THE_SDIST + "ada.jpg", kind=tarfile.SYMTYPE, link="/etc/passwd")],
        [member(published.IN_THE_SDIST + "ada.jpg", kind=tarfile.LNKTYPE, link="elsewhere")],
        [member(published.IN_THE_SDIST + "ada.jpg", kind=tarfile.FIFOTYPE)],
        [member(published.IN_THE_SDIST + "ada.jpg", kind=tarfile.DIRTYPE)],
        [member(published.IN_THE_SDIST + "ada.jpg", bytes(published._MAX_PHOTO_BYTES + 1))],
        [member(published.IN_THE_SDIST + "ada.jpg", b"another photo")],
        [member(published.IN_THE_SDIST + "ada.jpg"), member(published.IN_THE_SDIST + "ada.jpg", b"the second")],
        [],
    ],
    ids=["up", "absolute", "far up", "symlink", "hard link", "pipe", "folder", "huge", "other", "twice", "missing"],
)
def test_hostile_members_are_refused_and_leave_nothing(archive, tmp_path, members):
    """Whatever stands in the photo's place: an error that offers one's own photos, and no file anywhere."""
    path, digest = archive(*members)

    with pytest.raises(DataSetError, match="--photos DIR"):
        published.unpack(path, tmp_path / "deep" / "to", expected=digest, photos=WANTED)

    assert {file.name for file in tmp_path.rglob("*")} == {"archive.tar.gz"}


def test_a_damaged_archive_is_an_error(archive, tmp_path):
    """An archive that is cut off, with the digest of the cut file, is reported as damaged."""
    path, _ = archive(member(published.IN_THE_SDIST + "ada.jpg"))
    path.write_bytes(path.read_bytes()[:60])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    with pytest.raises(DataSetError, match="is damaged"):
        published.unpack(path, tmp_path / "to", expected=digest, photos=WANTED)


def test_photos_are_fetched_once(pip, tmp_path):
    """The first call asks pip, with the pinned digest; the second one finds the photos."""
    assert published.published_photos(tmp_path / "cache") == (tmp_path / "cache", True)
    assert published.published_photos(tmp_path / "cache") == (tmp_path / "cache", False)

    assert len(pip) == 1
    assert "--require-hashes" in pip[0]
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["ada.jpg"]


def test_a_changed_photo_in_the_cache_is_fetched_again(pip, tmp_path):
    """A cached photo counts only while its SHA-256 is right."""
    published.published_photos(tmp_path)
    (tmp_path / "ada.jpg").write_bytes(b"changed")

    assert published.published_photos(tmp_path)[1]
    assert (tmp_path / "ada.jpg").read_bytes() == PHOTO


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (subprocess.CompletedProcess([], 1, "", "WARNING: x\nERROR: No registry.\nERROR: more"), r"\(No registry\)"),
        (subprocess.CompletedProcess([], 2, "", ""), "it gave no reason"),
        (subprocess.CompletedProcess([], 0, "", ""), "could not get"),
        (subprocess.TimeoutExpired("pip", 1), "is the registry reachable"),
    ],
    ids=["error", "silent", "nothing there", "time is up"],
)
def test_a_failing_pip_is_one_clear_error(monkeypatch, tmp_path, answer, said):
    """Whatever goes wrong with pip, the message says what, and how to go on without it."""

    def run(*_: object, **__: object) -> subprocess.CompletedProcess:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(subprocess, "run", run)

    with pytest.raises(DataSetError, match=f"{said}.*--photos DIR"):
        published.published_photos(tmp_path)


def test_a_python_without_pip_is_one_clear_error(monkeypatch, tmp_path):
    """An environment without pip is told to use one's own photos."""
    monkeypatch.setattr(published.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(DataSetError, match=r"pip, which this Python does not have.*--photos DIR"):
        published.published_photos(tmp_path)


def test_a_cache_that_cannot_be_made_is_one_clear_error(pip, tmp_path):
    """A file in the cache folder's place is named in the error."""
    (tmp_path / "cache").write_text("in the way")

    with pytest.raises(DataSetError, match=r"cannot be kept in .*cache.*--photos DIR"):
        published.published_photos(tmp_path / "cache")


def test_the_cache_is_the_users_own():
    """By default the photos lie in the user's cache, not in the checkout."""
    assert published.cache_folder().parts[-2:] == ("facerec", "demo-photos")
