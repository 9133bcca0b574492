"""Gallery files: created safely, refused clearly, never changed when they are not ours."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from facerec.errors import FacerecError, GalleryBusyError, GalleryError
from facerec.gallery import open_gallery
from facerec.gallery.stores.sqlite.connection import clear_error

pytestmark = pytest.mark.files


def _edit(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_only_the_owner_reads_a_gallery(gallery_factory, build, tmp_path):
    """The file and what SQLite puts beside it are private from the start."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
        assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.glob("people.db*")} == {"0o600"}


def test_durability_settings(gallery):
    """The settings that durability and erasure rest on are in force."""
    with gallery._store.connection.transaction("BEGIN") as sqlite:
        found = {
            name: sqlite.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "trusted_schema")
        }

    expected = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "trusted_schema": 0}
    assert found == expected


@pytest.mark.parametrize("embedder", ["fake", None])
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"not a database" * 100, "not an SQLite file"),
        (b"SQLite format 3\x00" + b"\xff" * 4096, None),
        (b"x", "not an SQLite file"),
    ],
)
def test_a_file_that_is_no_gallery_is_left_alone(gallery_factory, tmp_path, content, complaint, embedder):
    """Other bytes are one clear error and stay as they are."""
    (tmp_path / "people.db").write_bytes(content)
    with pytest.raises(GalleryError, match=complaint):
        gallery_factory(embedder=embedder)

    assert (tmp_path / "people.db").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["people.db"]


def test_another_applications_database_is_left_alone(gallery_factory, tmp_path):
    """SQLite of somebody else is not written to, not even its write-ahead log back."""
    other, path = tmp_path / "other.db", tmp_path / "people.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
        for suffix in ("", "-wal"):
            shutil.copy(f"{other}{suffix}", f"{path}{suffix}")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(GalleryError, match="another application's"):
        gallery_factory()

    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_newer_gallery_is_left_alone(gallery_factory, tmp_path):
    """A file of a later version is not touched, and the message says to update."""
    gallery_factory().close()
    _edit(tmp_path / "people.db", "PRAGMA user_version = 3")
    before = (tmp_path / "people.db").read_bytes()
    with pytest.raises(GalleryError, match=r"newer facerec.*Update facerec"):
        gallery_factory()

    assert (tmp_path / "people.db").read_bytes() == before


def test_a_missing_gallery_says_how_to_make_one(gallery_factory, tmp_path):
    """Without an embedder nothing is created."""
    with pytest.raises(GalleryError, match="facerec enroll NAME PHOTO"):
        gallery_factory(embedder=None)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_not_created(build, tmp_path):
    """The message names the folder."""
    with pytest.raises(GalleryError, match="nowhere does not exist"):
        open_gallery(tmp_path / "nowhere" / "people.db", build.embedder())


def test_a_folder_is_no_gallery(build, tmp_path):
    """A folder in place of the file is refused."""
    with pytest.raises(GalleryError, match="is not a file"):
        open_gallery(tmp_path, build.embedder())


def test_an_empty_file_becomes_a_gallery_only_with_an_embedder(gallery_factory, tmp_path):
    """What a crash during creation leaves behind is no obstacle."""
    (tmp_path / "people.db").touch()
    with pytest.raises(GalleryError, match="is empty"):
        gallery_factory(embedder=None)
    with gallery_factory() as gallery:
        assert gallery.people() == []


def test_odd_paths_are_just_paths(build, tmp_path):
    """Characters that mean something in a URI do not in a path."""
    for name in ("a?mode=ro", "a#b%20c", "ä ö.db", "file:x"):
        with open_gallery(tmp_path / name, build.embedder()) as gallery:
            gallery.enroll("ada", build.face(1))
        assert (tmp_path / name).is_file()


def test_damage_is_an_error_never_a_traceback(gallery_factory, build, tmp_path):
    """Whatever bytes are flipped in a gallery file, its use works or ends in an error of ours."""
    with gallery_factory() as gallery:
        for seed in range(12):
            gallery.enroll(f"person {seed}", build.face(seed), photos=[b"photo" * 50], keep_photos=True)
        gallery.identify(build.faces([build.vector(1)]), at=build.point())
    whole = (tmp_path / "people.db").read_bytes()
    outcomes = set()
    for seed in range(60):
        chance = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 8, 64))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path = tmp_path / f"damaged {seed}.db"
        path.write_bytes(damaged)
        try:
            with gallery_factory(path.name, embedder=None) as gallery:
                for person in gallery.people():
                    gallery.samples(person.name)
                gallery.log()
                gallery.check_log()
                gallery.identify(build.faces([build.vector(1)]), at=build.point())
            outcomes.add("works")
        except FacerecError:
            outcomes.add("error")

    assert outcomes == {"works", "error"}


def test_a_full_disk_loses_nothing_that_was_there(gallery, build):
    """The failed call is undone and named; what was there stays, and later calls work."""
    gallery.enroll("ada", build.face(1))
    with gallery._store.connection.outside_transactions() as sqlite:
        pages = sqlite.execute("PRAGMA page_count").fetchone()[0]
        sqlite.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(GalleryError, match="disk is full"):
        gallery.enroll("bob", build.face(2), photos=[b"x" * 100_000], keep_photos=True)
    with gallery._store.connection.outside_transactions() as sqlite:
        sqlite.execute("PRAGMA max_page_count = 1000000")

    assert [person.name for person in gallery.people()] == ["ada"]
    assert gallery.enroll("bob", build.face(2)).created


def test_read_only_is_named(gallery_factory, build):
    """Writing to a gallery that may only be read is a clear error, and reading still works."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
        with gallery._store.connection.outside_transactions() as sqlite:
            sqlite.execute("PRAGMA query_only = ON")
        with pytest.raises(GalleryError, match="read-only"):
            gallery.enroll("bob", build.face(2))
        with pytest.raises(GalleryError, match="read-only"):  # a match that cannot be logged is not reported
            gallery.identify(build.faces([build.vector(1)]), at=build.point())
        assert [person.name for person in gallery.people()] == ["ada"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write read-only files")
def test_a_read_only_file_is_named(gallery_factory, build, tmp_path):
    """A file without write permission can be listed, not changed."""
    gallery_factory().close()
    (tmp_path / "people.db").chmod(0o400)
    with gallery_factory() as gallery, pytest.raises(GalleryError, match="read-only"):
        gallery.enroll("ada", build.face(1))


def test_waiting_ends(gallery_factory, build, tmp_path):
    """If another process writes for longer than the waiting time, the call ends with what to do."""
    with gallery_factory(wait=0.05) as gallery:
        with closing(sqlite3.connect(tmp_path / "people.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(GalleryBusyError, match=r"more than 0\.05 s.*longer wait="):
                gallery.enroll("ada", build.face(1))
            assert gallery.people() == []
        assert gallery.enroll("ada", build.face(1)).created


def test_waiting_is_as_long_as_ever_after_an_erasure_was_finished(gallery_factory, build, tmp_path):
    """Opening does not wait for others to finish an erasure; the calls after it wait as long as they were told."""
    with closing(sqlite3.connect(tmp_path / "people.db", isolation_level=None, check_same_thread=False)) as other:
        with gallery_factory(wait=0.05) as gallery:
            gallery.enroll("ada", build.face(1))
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM samples").fetchone()
            gallery.forget("ada")
        other.execute("COMMIT")
        with gallery_factory(wait=30) as gallery:
            other.execute("BEGIN IMMEDIATE")
            release = threading.Timer(0.3, other.execute, ["COMMIT"])
            release.start()
            assert gallery.enroll("bob", build.face(2)).created
            release.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_its_own(gallery, tmp_path):
    """A gallery that was opened before a fork refuses to work in the child, because SQLite would damage the file."""
    script = (
        "import os, sys\n"
        "from facerec.errors import GalleryError\n"
        "from facerec.gallery import open_gallery\n"
        "gallery = open_gallery(sys.argv[1])\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        gallery.people()\n"
        "    except GalleryError as error:\n"
        "        os._exit(0 if 'in each process' in str(error) else 1)\n"
        "    os._exit(1)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )

    assert subprocess.run([sys.executable, "-c", script, str(tmp_path / "people.db")], check=False).returncode == 0


def test_unknown_errors_keep_what_sqlite_said():
    """An error that has no words of its own still says where it happened and what SQLite calls it."""
    assert "people.db" in str(clear_error(sqlite3.OperationalError("no such table: x"), Path("people.db")))
    assert "no such table: x" in str(clear_error(sqlite3.OperationalError("no such table: x"), Path("people.db")))


def test_the_package_is_light():
    """Importing the gallery loads neither torch nor pandas nor scipy."""
    heavy = "[m for m in ('torch', 'pandas', 'scipy') if m in sys.modules]"
    script = f"import sys, facerec.gallery.stores.sqlite; print({heavy})"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)

    assert found.stdout.strip() == "[]"
