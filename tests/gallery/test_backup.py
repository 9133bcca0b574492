"""Backups: of one moment, whole, in one private file, never over anything; and galleries made of them."""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from facerec.errors import (
    ArgumentError,
    DamagedGalleryError,
    FullDiskError,
    GalleryError,
    GalleryKeyError,
    OutputError,
)
from facerec.gallery import open_gallery, restore_gallery
from facerec.gallery.stores.sqlite import backup

pytestmark = pytest.mark.files


@pytest.fixture
def filled(gallery, build):
    """An open gallery of ada and bob, all of it in the -wal file still; ada's photo is kept."""
    gallery.enroll("ada", build.face(1), photos=[b"photo"], keep_photos=True, consent="form 17")
    gallery.enroll("bob", [build.face(2), build.face(3)])
    return gallery


def _names(path):
    return [entry.name for entry in sorted(path.iterdir())]


def test_a_backup_holds_everything(filled, build, tmp_path):
    """Beside the open gallery: people, vectors, photos and log; one private file that needs none beside it."""
    (tmp_path / "safe").mkdir()
    copy = tmp_path / "safe" / "copy.db"
    made = filled.back_up_to(copy)

    assert _names(tmp_path / "safe") == ["copy.db"]
    assert oct(copy.stat().st_mode & 0o777) == "0o600"
    assert made.sha256 == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert (made.people, made.samples, made.log_entries, made.note) == (2, 3, 4, "")
    assert made.head == filled.check_log().head
    with open_gallery(copy) as opened:
        assert opened.people() == filled.people()
        assert opened.log() == filled.log()
        assert [entry.event for entry in opened.log()][-1] == "backed_up"
        assert (opened.vectors("bob") == filled.vectors("bob")).all()
        assert opened.check().intact


def test_a_gallery_is_restored_from_a_backup(filled, build, tmp_path):
    """Everything comes back, the backup stays as it is, and the log says that it was restored, and from which head."""
    made = filled.back_up_to(tmp_path / "copy.db")
    before = (tmp_path / "copy.db").read_bytes()
    done = restore_gallery(str(tmp_path / "copy.db"), tmp_path / "new.db")

    assert (tmp_path / "copy.db").read_bytes() == before
    assert (done.people, done.samples, done.log_entries, done.note) == (2, 3, 5, "")
    assert oct((tmp_path / "new.db").stat().st_mode & 0o777) == "0o600"
    with open_gallery(tmp_path / "new.db", build.embedder()) as opened:
        assert opened.people() == filled.people()
        assert opened.log()[-1].event == "restored"
        assert dict(opened.log()[-1].details) == {"entries": 4, "head": made.head}
        assert opened.check().intact
        assert opened.enroll("carl", build.face(9)).created


def test_a_plain_copy_is_told_from_a_backup(filled, tmp_path):
    """The file of an open gallery without its -wal file, as cp leaves it, is restored with a word of what may lack."""
    shutil.copy(tmp_path / "people.db", tmp_path / "cp.db")
    done = restore_gallery(tmp_path / "cp.db", tmp_path / "new.db")

    assert done.people == 0
    assert "what its -wal file held is missing" in done.note


def test_a_copy_with_its_changes_beside_is_whole(filled, tmp_path):
    """The file and its -wal file together hold all of it, and nothing need be said."""
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"people.db{suffix}", tmp_path / f"cp.db{suffix}")
    done = restore_gallery(tmp_path / "cp.db", tmp_path / "new.db")

    assert (done.people, done.note) == (2, "")


@pytest.mark.parametrize("taken", ["new.db", "new.db-wal", "new.db-shm"])
def test_nothing_is_overwritten(filled, tmp_path, taken):
    """Neither a file nor what SQLite left beside one; nothing is logged, and the message says what to do."""
    filled.back_up_to(tmp_path / "copy.db")
    (tmp_path / taken).write_bytes(b"somebody's")
    entries = len(filled.log())
    for use in (
        lambda: filled.back_up_to(tmp_path / "new.db"),
        lambda: restore_gallery(tmp_path / "copy.db", tmp_path / "new.db"),
    ):
        with pytest.raises(OutputError, match=r"is not overwritten.*move it away together"):
            use()

    assert (tmp_path / taken).read_bytes() == b"somebody's"
    assert len(filled.log()) == entries


def test_a_file_that_appears_meanwhile_is_not_overwritten(filled, tmp_path, monkeypatch):
    """Somebody else writes to the same name while the backup is made: theirs stays."""
    copied = backup._copied

    def slowly(*given, **named):
        (tmp_path / "copy.db").write_bytes(b"somebody's")
        return copied(*given, **named)

    monkeypatch.setattr(backup, "_copied", slowly)
    with pytest.raises(OutputError, match="File exists"):
        filled.back_up_to(tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"somebody's"
    assert not [name for name in _names(tmp_path) if "partial" in name]


@pytest.mark.parametrize("where", ["nowhere/copy.db", "people.db/copy.db"])
def test_a_folder_that_is_not_there_is_named(filled, tmp_path, where):
    """No folder is made for a backup."""
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        filled.back_up_to(tmp_path / where)


def test_a_damaged_gallery_is_not_backed_up_in_silence(filled, tmp_path):
    """What cannot be whole is not kept as a backup; the message names what is damaged."""
    with filled._store.connection.transaction("BEGIN IMMEDIATE") as sqlite:
        sqlite.execute("UPDATE samples SET vector = zeroblob(32) WHERE number = 2")
    with pytest.raises(DamagedGalleryError, match=r"not kept: the vector of face 1 of 'bob'"):
        filled.back_up_to(tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("size", [0, 10, 4096, 40_000])
def test_a_cut_backup_is_refused(filled, tmp_path, size):
    """A backup that lost its end, or all of it, makes no gallery."""
    filled.back_up_to(tmp_path / "copy.db")
    os.truncate(tmp_path / "copy.db", size)
    with pytest.raises(GalleryError):
        restore_gallery(tmp_path / "copy.db", tmp_path / "new.db")

    assert not [name for name in _names(tmp_path) if name.startswith((".", "new"))]


def test_a_changed_backup_is_refused(filled, tmp_path):
    """A log that was rewritten, or a photo that was changed, makes no gallery."""
    for number, statement in enumerate(("UPDATE photos SET content = x'00'", "DELETE FROM sqlite_sequence")):
        filled.back_up_to(tmp_path / f"{number}.db")
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as other:
            other.execute(statement)
            other.commit()
        with pytest.raises(DamagedGalleryError, match="not whole"):
            restore_gallery(tmp_path / f"{number}.db", tmp_path / "new.db")


def test_a_full_disk_leaves_no_half_backup(filled, tmp_path, monkeypatch):
    """Where there is no space the error says so, and nothing of the copy is left."""
    connect = sqlite3.connect

    def small(*given, **named):
        opened = connect(*given, **named)
        if "partial" in str(given[0]):
            opened.execute("PRAGMA max_page_count = 3")
        return opened

    monkeypatch.setattr(backup.sqlite3, "connect", small)
    with pytest.raises(FullDiskError):
        filled.back_up_to(tmp_path / "copy.db")

    assert _names(tmp_path) == ["people.db", "people.db-shm", "people.db-wal"]


@pytest.mark.usefixtures("filled")
def test_a_backup_holds_nothing_of_the_forgotten(gallery_factory, tmp_path):
    """Bytes that could not be erased from the gallery yet are not in a backup of it."""
    with closing(sqlite3.connect(tmp_path / "people.db")) as reader, gallery_factory(wait=0.05) as hasty:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM samples").fetchone()
        assert not hasty.forget("ada").erased_from_file
        hasty.back_up_to(tmp_path / "copy.db")
        reader.execute("COMMIT")

    assert b"form 17" not in (tmp_path / "copy.db").read_bytes()
    with open_gallery(tmp_path / "copy.db") as opened:
        assert not opened.erasure_due


def test_others_enroll_while_a_backup_is_made(filled, gallery_factory, build, tmp_path, monkeypatch):
    """Another connection writes during the copying; the backup is of one moment."""
    copied = backup._copied

    def beside_a_writer(*given, **named):
        with gallery_factory(wait=0.05) as other:
            other.enroll("eve", build.face(9))
        return copied(*given, **named)

    monkeypatch.setattr(backup, "_copied", beside_a_writer)
    assert filled.back_up_to(tmp_path / "copy.db").people == len(filled) == 3


@pytest.mark.parametrize("path", [7, "a\0b"])
def test_paths_that_are_none_are_refused(path, tmp_path):
    """What can be no path is an argument error, on both sides."""
    for given in ((path, tmp_path / "new.db"), (tmp_path / "copy.db", path)):
        with pytest.raises(ArgumentError):
            restore_gallery(*given)


def test_a_backup_of_a_log_with_a_key_is_restored_with_it(gallery_factory, build, tmp_path):
    """Without the key, or with another, it is no damaged backup: the error says that it is kept with a key."""
    key = b"sixteen bytes or more"
    with gallery_factory("keyed.db", key=key) as gallery:
        gallery.enroll("ada", build.face(1))
        gallery.back_up_to(tmp_path / "copy.db")
        head = gallery.head()
    for wrong in (None, key + b"."):
        with pytest.raises(GalleryKeyError, match="is kept with a key"):
            restore_gallery(tmp_path / "copy.db", tmp_path / "new.db", key=wrong)
    assert restore_gallery(tmp_path / "copy.db", tmp_path / "new.db", key=key).people == 1
    with open_gallery(tmp_path / "new.db", key=key) as opened:
        assert opened.check(against=head).intact


def test_a_backup_without_a_key_takes_none(filled, tmp_path):
    """A key that the log is not kept with proves nothing, and is refused."""
    filled.back_up_to(tmp_path / "copy.db")
    with pytest.raises(GalleryKeyError, match="has no key"):
        restore_gallery(tmp_path / "copy.db", tmp_path / "new.db", key=b"sixteen bytes or more")

    assert not (tmp_path / "new.db").exists()
