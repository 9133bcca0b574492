"""A gallery file in every state that SQLite calls whole opens, and one that is no longer in its place is noticed."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from facerec.errors import DamagedGalleryError, GalleryBusyError, MovedGalleryError, ReadOnlyGalleryError
from facerec.gallery import open_gallery
from facerec.gallery.stores.sqlite import connection

pytestmark = pytest.mark.files

_CONFTEST = Path(__file__).with_name("conftest.py")
_WRITER = f"""
import os, runpy, sys
build = runpy.run_path({str(_CONFTEST)!r})
from facerec.gallery import open_gallery
with open_gallery(sys.argv[1], build["make_embedder"]()) as people:
    print("open", flush=True)
    for number in range(10**9):
        people.enroll(f"P{{number}}", build["make_face"](number), photos=[os.urandom(300_000)], keep_photos=True)
"""


def _started_writer(path):
    """A process that enrolls with kept photos, so that SQLite checkpoints again and again; to be killed."""
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "open\n"
    return writer


def _kill(writer):
    os.kill(writer.pid, signal.SIGKILL)
    with writer:
        pass


def _descriptors():
    open_now = Path("/proc/self/fd")
    return len(list(open_now.iterdir())) if open_now.exists() else 0


def _half_checkpointed(gallery_factory, build, folder):
    """A gallery of 200 people whose checkpoint ended after the first page; half.db, and half.db-wal beside it."""
    whole, half = folder / "whole.db", folder / "half.db"
    with gallery_factory(whole.name) as gallery:
        with gallery._store.connection.outside_transactions() as sqlite:
            sqlite.execute("PRAGMA synchronous = OFF")
        for number in range(200):
            gallery.enroll(f"P{number}", build.face(number))
        before = whole.read_bytes()
        shutil.copy(f"{whole}-wal", f"{half}-wal")
        with closing(sqlite3.connect(whole)) as other:
            other.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        half.write_bytes(whole.read_bytes()[:4096] + before[4096:])
    return half


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("opens", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_opening_beside_a_writer_never_fails(gallery_factory, tmp_path, opens):
    """Another process checkpoints all the time; every opening works, also the first after that process was killed."""
    gallery_factory().close()
    writer = _started_writer(tmp_path / "people.db")
    outcomes = Counter()
    try:
        for _ in range(opens):
            try:
                gallery_factory(embedder=None).close()
                outcomes["opened"] += 1
            except Exception as error:  # noqa: BLE001 - all of them are counted
                outcomes[str(error)] += 1
    finally:
        _kill(writer)

    assert outcomes == {"opened": opens}
    with gallery_factory() as gallery:
        assert gallery.check_log().intact


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_writers_gallery_opens(gallery_factory, build, tmp_path, kills):
    """Killed while it enrolls with kept photos: the gallery opens every time, and its log is whole."""
    for number in range(kills):
        name = f"{number}.db"
        gallery_factory(name).close()
        writer = _started_writer(tmp_path / name)
        while (tmp_path / name).stat().st_size < 100_000 * (1 + number % 20):
            pass
        _kill(writer)
        with gallery_factory(name) as gallery:
            assert gallery.check_log().intact
            assert gallery.check_log().entries == 1 + len(gallery)
        for path in tmp_path.glob(f"{name}*"):
            path.unlink()


def test_a_half_written_checkpoint_is_no_damage(gallery_factory, build, tmp_path):
    """After a kill or a full disk in a checkpoint the first page is newer than the rest; the -wal file has it all."""
    half = _half_checkpointed(gallery_factory, build, tmp_path)
    with gallery_factory(half.name, embedder=None) as gallery:
        assert len(gallery.people()) == 200
        assert gallery.check_log().intact


def test_a_copy_without_its_changes_is_called_incomplete(gallery_factory, build, tmp_path):
    """The same file without the -wal beside it is not "damaged": the message says what was left behind."""
    half = _half_checkpointed(gallery_factory, build, tmp_path)
    Path(f"{half}-wal").unlink()

    with pytest.raises(DamagedGalleryError, match=r"incomplete: it was copied .* without the -wal.*gallery backup"):
        gallery_factory(half.name, embedder=None)


def test_a_backup_moved_over_an_open_gallery_is_noticed(gallery_factory, build, tmp_path):
    """Nothing is acknowledged any more, the backup stays whole, and the old file has all that was acknowledged."""
    path, backup, old = tmp_path / "people.db", tmp_path / "backup.db", tmp_path / "old.db"
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
    shutil.copy(path, backup)
    with gallery_factory() as gallery:
        gallery.enroll("bob", build.face(2))
        path.rename(old)
        backup.rename(path)
        with pytest.raises(MovedGalleryError, match=r"people\.db was replaced"):
            gallery.enroll("eve", build.face(3))
        with pytest.raises(MovedGalleryError):
            gallery.people()
    for name, expected in (("people.db", ["ada"]), ("old.db", ["ada", "bob"])):
        with gallery_factory(name) as gallery:
            assert [person.name for person in gallery] == expected
            assert gallery.check_log().intact


def test_closing_leaves_no_changes_for_a_file_that_took_the_place(gallery_factory, build, tmp_path):
    """A gallery that was replaced and only closed does not leave its -wal file to the new one."""
    path, backup = tmp_path / "people.db", tmp_path / "backup.db"
    gallery_factory().close()
    shutil.copy(path, backup)
    with gallery_factory() as gallery:
        for number in range(50):
            gallery.enroll(f"P{number}", build.face(number))
        backup.replace(path)
    with gallery_factory() as gallery:
        assert gallery.people() == []
        assert gallery.check_log().intact


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_deleted_file_is_noticed(gallery_factory, build, tmp_path, suffix):
    """The file, or one that SQLite keeps beside it, is gone: no enrollment is acknowledged into nowhere."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
        (tmp_path / f"people.db{suffix}").unlink()
        with pytest.raises(MovedGalleryError, match="deleted or moved"):
            gallery.enroll("bob", build.face(2))
    if suffix:  # what was acknowledged before is there
        with gallery_factory() as gallery:
            assert [person.name for person in gallery] == ["ada"]
            assert gallery.check_log().intact


def test_what_is_deleted_during_a_change_is_noticed(gallery_factory, build, tmp_path):
    """The file goes away between the first write and the commit; the change is not acknowledged."""
    with gallery_factory() as gallery:

        def faces_of(sample, photo):
            (tmp_path / "people.db").unlink()
            return build.face(2)

        gallery.enroll("ada", build.face(1), photos=[b"photo"], keep_photos=True)
        with pytest.raises(MovedGalleryError):
            gallery.reembed(build.embedder(), faces_of)


def test_closing_one_of_two_keeps_the_locks_of_the_other(gallery_factory, build, tmp_path):
    """Two galleries of one file in one process: another process does not take the open one's -wal file away."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute('SELECT * FROM people')); c.close()"
    )
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
        gallery_factory().close()
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "people.db")], check=True, stdout=subprocess.DEVNULL
        )
        assert (tmp_path / "people.db-wal").exists()
        gallery.enroll("bob", build.face(2))


def test_closed_galleries_hold_no_file_open(gallery_factory, tmp_path):
    """Opening, refused opening and closing leave no descriptor behind."""
    gallery_factory().close()
    (tmp_path / "other.db").write_bytes(b"no gallery" * 100)
    before = _descriptors()
    for _ in range(3):
        with gallery_factory(), gallery_factory():
            pass
        with pytest.raises(Exception, match="not a gallery"):
            gallery_factory("other.db")

    assert _descriptors() == before


@pytest.fixture
def read_only_media(gallery_factory, build, tmp_path, monkeypatch):
    """The path of a gallery of ada's on what cannot be written: no index for a -wal file can be made there."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
    (tmp_path / "people.db-shm").symlink_to("nowhere")  # which SQLite does not follow
    monkeypatch.setattr(connection.os, "access", lambda *_: False)
    return tmp_path / "people.db"


def test_read_only_media_can_be_read_and_exported(gallery_factory, build, read_only_media, clock, tmp_path, caplog):  # noqa: PLR0917 - fixtures
    """List, show, check and export work, the last with a warning that it is not in the log; enrolling is refused."""
    before = read_only_media.read_bytes()
    with open_gallery(read_only_media, clock=clock) as gallery:
        assert [person.name for person in gallery] == ["ada"]
        assert gallery.samples("ada")[0].source == "photo.jpg"
        assert gallery.check_log().intact
        assert gallery.export_to(tmp_path / "exported") == 1
        assert ["its export is not in its log" in line for line in caplog.messages] == [True]
        with pytest.raises(ReadOnlyGalleryError):
            gallery.enroll("bob", build.face(2))
        with pytest.raises(ReadOnlyGalleryError):  # a match that cannot be logged is not reported
            gallery.identify(build.faces([build.vector(1)]), at=build.point())

    assert read_only_media.read_bytes() == before


def test_changes_beside_read_only_media_are_never_left_out(read_only_media):
    """Where a -wal file holds changes that cannot be read, nothing is read; where one appears, reading ends."""
    changes = Path(f"{read_only_media}-wal")
    with open_gallery(read_only_media) as gallery:
        changes.write_bytes(b"x" * 100)
        with pytest.raises(GalleryBusyError, match="open it again"):
            gallery.people()
    with pytest.raises(ReadOnlyGalleryError):
        open_gallery(read_only_media)
