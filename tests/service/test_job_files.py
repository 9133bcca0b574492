"""Files of jobs: private, in their own folder, and gone when nobody needs them."""

import io
import os
import zipfile

import pytest

from facerec.errors import ArchiveError, ForbiddenError, FullDiskError, OutputError
from facerec.service.jobs.files import JobFiles, new_file, pack, unpack, writing

DAY = 24 * 3600


def _old(path):
    """Have a folder be of the day before yesterday."""
    then = path.stat().st_mtime - 2 * DAY
    os.utime(path, (then, then))


def test_what_never_became_a_job(tmp_path):
    """What came in and belongs to no job goes after a day; what came in just now, and what jobs need, stays."""
    files = JobFiles(tmp_path / "files")
    new, left, needed = files.new(), files.new(), files.new()
    (tmp_path / "files" / "notes").mkdir()
    for each in (left, needed, "notes"):
        _old(tmp_path / "files" / each)
    files.sweep([needed])
    assert {each.name for each in (tmp_path / "files").iterdir()} == {new, needed, "notes"}


@pytest.mark.parametrize("name", ["..", "", ".", "a/b", "0" * 31, "0" * 33, "../" + "0" * 32, "G" * 32])
def test_names_that_are_none(tmp_path, name):
    """What is no id of a job names no folder, and nothing is deleted for it."""
    (tmp_path / "kept").write_text("x")
    files = JobFiles(tmp_path / "files")
    (tmp_path / "files").mkdir()
    files.drop(name)
    with pytest.raises(OutputError):
        files.of(name)
    assert (tmp_path / "kept").exists()
    assert (tmp_path / "files").exists()


def test_private(tmp_path):
    """Only the service's user reads folders and files, whatever the umask says, and however the folder was before."""
    (tmp_path / "files").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        files = JobFiles(tmp_path / "files")
        name = files.new()
        with new_file(files.archive(name)) as file:
            file.write(b"x")
    finally:
        os.umask(before)
    modes = [each.stat().st_mode & 0o777 for each in (tmp_path / "files", files.of(name), files.archive(name))]
    assert modes == [0o700, 0o700, 0o600]


def test_nothing_is_written_through_what_is_there(tmp_path):
    """A file or a link in the place of a new file is not written to."""
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("target", "link"):
        with pytest.raises(FileExistsError):
            new_file(tmp_path / name)
    assert (tmp_path / "target").read_text() == "kept"


def test_no_folder():
    """A service without a folder says what to do, and has nothing to delete."""
    files = JobFiles(None)
    with pytest.raises(ForbiddenError, match="--files"):
        files.new()
    files.drop("0" * 32)
    files.sweep([])


def test_full_disks():
    """A full disk is told as such, any other fault as one of writing; neither with a path."""
    for number, kind in ((28, FullDiskError), (122, FullDiskError), (5, OutputError)):
        with pytest.raises(kind) as caught, writing():
            raise OSError(number, os.strerror(number), "/srv/faces/secret")
        assert type(caught.value) is kind
        assert "/srv" not in str(caught.value)


def test_packed_and_unpacked(tmp_path):
    """What is packed is unpacked as it was."""
    folder = tmp_path / "exported"
    (folder / "photos").mkdir(parents=True)
    content = {"gallery.json": b"{}", "vectors.npy": bytes(3_000_000), f"photos/{'a' * 64}": b"photo"}
    for name, each in content.items():
        (folder / name).write_bytes(each)
    size = pack(folder, tmp_path / "a.zip")
    assert size == (tmp_path / "a.zip").stat().st_size
    unpack(tmp_path / "a.zip", tmp_path / "unpacked", most=3_000_007)
    found = {each.relative_to(tmp_path / "unpacked").as_posix(): each for each in (tmp_path / "unpacked").rglob("*")}
    assert {name: each.read_bytes() for name, each in found.items() if each.is_file()} == content
    assert all(each.stat().st_mode & 0o77 == 0 for each in found.values())
    with pytest.raises(ArchiveError, match="larger"):
        unpack(tmp_path / "a.zip", tmp_path / "again", most=3_000_006)


def test_links_are_no_files(tmp_path):
    """A link in a zip is unpacked as the text that it is, and leads nowhere."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        info = zipfile.ZipInfo("gallery.json")
        info.external_attr = 0o120777 << 16
        packed.writestr(info, "/etc/passwd")
    (tmp_path / "a.zip").write_bytes(file.getvalue())
    unpack(tmp_path / "a.zip", tmp_path / "unpacked", most=100)
    assert not (tmp_path / "unpacked" / "gallery.json").is_symlink()
    assert (tmp_path / "unpacked" / "gallery.json").read_text() == "/etc/passwd"


def test_zips_that_were_damaged(tmp_path):
    """Whichever byte of a zip is changed, what comes out is as it went in, or an error says that it is not.

    A file that is missing is noticed when the archive is read.
    """
    content = {"gallery.json": b"{}" * 50, "vectors.npy": bytes(range(200))}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, each in content.items():
            packed.writestr(name, each)
    whole = file.getvalue()
    for place in range(0, len(whole), 2):
        for change in (0x01, 0xFF):
            (tmp_path / "a.zip").write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
            folder = tmp_path / f"{place} {change}"
            try:
                unpack(tmp_path / "a.zip", folder, most=10_000)
            except ArchiveError:
                continue
            found = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
            assert found.items() <= content.items()


@pytest.mark.parametrize(
    "name",
    [
        "../gallery.json",
        "/gallery.json",
        "../photos/" + "0" * 64,
        "a/b/gallery.json",
        "a/../gallery.json",
        "gallery.json/x",
        "photos/" + "0" * 63,
        "photos/" + "G" * 64,
        "vectors.npy.exe",
        "..\\gallery.json",
        "photos",
    ],
)
def test_members_of_another_place(tmp_path, name):
    """Nothing is taken out of a zip but files of an exported gallery, or of the one folder that it lies in."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(ArchiveError, match="besides"):
        unpack(tmp_path / "a.zip", tmp_path / "unpacked", most=100)
    assert not (tmp_path / "unpacked").exists()
