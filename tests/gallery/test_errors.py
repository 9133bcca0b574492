"""Every cause of an error has a class and a code of its own, so that a program need not read the message."""

import ast
import errno
import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

import facerec.gallery
from facerec import errors
from facerec.gallery import open_gallery
from facerec.gallery.stores.sqlite import store
from facerec.gallery.stores.sqlite.connection import clear_error

pytestmark = pytest.mark.files


def _edit(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def _closed(gallery, _):
    gallery.close()
    return gallery.people()


def _expired_claim(gallery, make):
    make.clock.pass_days(1)
    return gallery.verify("ada", make.face(1), at=make.point())


def _expired_enrollment(gallery, make):
    make.clock.pass_days(1)
    return gallery.enroll("ada", make.face(2))


def _full(gallery, make):
    with gallery._store.connection.outside_transactions() as sqlite:
        pages = sqlite.execute("PRAGMA page_count").fetchone()[0]
        sqlite.execute(f"PRAGMA max_page_count = {pages}")
    return gallery.enroll("eve", make.face(2), photos=[b"x" * 100_000], keep_photos=True)


def _read_only(gallery, make):
    with gallery._store.connection.outside_transactions() as sqlite:
        sqlite.execute("PRAGMA query_only = ON")
    return gallery.enroll("eve", make.face(2))


def _busy(gallery, make):
    with closing(sqlite3.connect(make.folder / "people.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        return gallery.enroll("eve", make.face(2))


def _deleted(gallery, make):
    (make.folder / "people.db").unlink()
    gallery.people()


def _opened(statement):
    def call(gallery, make):
        gallery.close()
        _edit(make.folder / "people.db", statement)
        return make.open()

    return call


def _file(content):
    def call(_, make):
        (make.folder / "other.db").write_bytes(content)
        return make.open("other.db", embedder=None)

    return call


def _damaged(statement):
    def call(gallery, make):
        _edit(make.folder / "people.db", statement)
        gallery.people()
        return gallery.verify("ada", make.face(1), at=make.point())

    return call


def _imported_twice(gallery, make):
    gallery.export_to(make.folder / "out")
    return gallery.import_from(make.folder / "out")


_CAUSES = {
    "closed": ("closed", _closed),
    "nobody": ("unknown_person", lambda g, _: g.person("eve")),
    "claim of the expired": ("expired", _expired_claim),
    "samples for the expired": ("expired", _expired_enrollment),
    "enroll until yesterday": (
        "expiry_passed",
        lambda g, m: g.enroll("eve", m.face(2), expires=m.clock.today() - timedelta(days=1)),
    ),
    "update to yesterday": (
        "expiry_passed",
        lambda g, m: g.update("ada", expires=m.clock.today() - timedelta(days=1)),
    ),
    "name taken": ("name_taken", lambda g, _: g.rename("ada", "bob")),
    "imported twice": ("name_taken", _imported_twice),
    "full": ("full", _full),
    "read-only": ("read_only", _read_only),
    "busy": ("busy", _busy),
    "deleted while open": ("moved_gallery", _deleted),
    "no photos": ("photos_not_kept", lambda g, m: g.reembed(m.embedder(), lambda *_: m.face(1))),
    "no archive": ("bad_archive", lambda g, m: g.import_from(m.folder / "nowhere")),
    "export to a full folder": ("bad_archive", lambda g, m: g.export_to(m.folder)),
    "no file": ("missing_gallery", lambda _, m: m.open("none.db", embedder=None)),
    "no folder": ("missing_gallery", lambda _, m: m.open("nowhere/people.db")),
    "a file for a folder": ("missing_gallery", lambda _, m: m.open("people.db/people.db")),
    "empty file": ("missing_gallery", _file(b"")),
    "a folder": ("not_a_gallery", lambda _, m: m.open(".")),
    "a letter": ("not_a_gallery", _file(b"x")),
    "text": ("not_a_gallery", _file(b"text" * 1000)),
    "another application's": ("not_a_gallery", _opened("PRAGMA application_id = 7")),
    "newer": ("newer_version", _opened("PRAGMA user_version = 3")),
    "older than any": ("damaged", _opened("PRAGMA user_version = 0")),
    "a vector cut": ("damaged", _damaged("UPDATE samples SET vector = x'00'")),
    "no vectors": ("damaged", _damaged("DELETE FROM samples")),
    "a date that is none": ("damaged", _damaged("UPDATE people SET expires = 'soon'")),
    "a table gone": ("damaged", _damaged("DROP TABLE samples")),
    "a null character": ("bad_argument", lambda _, m: m.open("a\0b")),
    "poor quality": ("poor_quality", lambda g, m: g.enroll("eve", m.face(2, measures={}))),
    "another embedder": ("model_mismatch", lambda g, m: g.enroll("eve", m.face(2, digest="f" * 64))),
}


@pytest.mark.parametrize(("code", "cause"), _CAUSES.values(), ids=_CAUSES.keys())
def test_each_cause_has_its_code(gallery_factory, build, clock, tmp_path, code, cause):  # noqa: PLR0917 - fixtures
    """The error is of the class that has this code, and its message is one line."""
    make = SimpleNamespace(**vars(build), clock=clock, folder=tmp_path, open=gallery_factory)
    with gallery_factory(wait=0.05) as gallery:
        gallery.enroll("ada", build.face(1), expires=clock.today())
        gallery.enroll("bob", build.face(5))
        with pytest.raises(errors.FacerecError) as raised:
            cause(gallery, make)

    assert raised.value.code == code
    assert "code" in vars(type(raised.value))
    assert "\n" not in str(raised.value)


def test_codes_are_unique():
    """No two classes of the tree share a code."""
    classes = [each for each in vars(errors).values() if isinstance(each, type)]

    assert len({each.code for each in classes}) == len(classes)


def test_only_what_has_no_class_is_bare():
    """A bare GalleryError is raised where a gallery is used within its own call, and on disks of no use to SQLite."""
    folder = Path(facerec.gallery.__file__).parent
    bare = [
        path.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("errors.") == "GalleryError"
    ]

    assert sorted(bare) == ["connection.py"] * 3 + ["memory.py"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_BUSY_SNAPSHOT", "busy"),
        ("SQLITE_LOCKED", "busy"),
        ("SQLITE_PROTOCOL", "busy"),
        ("SQLITE_FULL", "full"),
        ("SQLITE_READONLY_DIRECTORY", "read_only"),
        ("SQLITE_PERM", "read_only"),
        ("SQLITE_NOTADB", "not_a_gallery"),
        ("SQLITE_CORRUPT_VTAB", "damaged"),
        ("SQLITE_CANTOPEN", "missing_gallery"),
        ("SQLITE_IOERR_READ", "gallery"),
        ("SQLITE_ERROR", "damaged"),
    ],
)
def test_sqlites_own_errors_have_codes_too(tmp_path, name, code):
    """Extended codes count as the code that they extend; the message keeps what SQLite said."""
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorname = name

    found = clear_error(error, tmp_path / "people.db")

    assert found.code == code
    assert name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")) or "as SQLite says it" in str(found)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "read_only"),
        (errno.EPERM, "read_only"),
        (errno.EROFS, "read_only"),
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "full"),
        (errno.ENAMETOOLONG, "gallery"),
    ],
)
def test_a_file_that_cannot_be_made_says_why(build, tmp_path, monkeypatch, number, code):
    """What the system says when the file is created is told apart as SQLite's errors are."""

    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store.os, "open", fails)
    with pytest.raises(errors.GalleryError) as raised:
        open_gallery(tmp_path / "people.db", build.embedder())

    assert raised.value.code == code


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on files")
def test_a_limit_on_file_sizes_is_no_broken_disk(gallery_factory, build, tmp_path):
    """Under ulimit -f the error says that the file may not grow, not that the disk should be checked."""
    gallery_factory().close()
    script = (
        "import resource, runpy, sys\n"
        "from facerec.errors import GalleryError\n"
        "from facerec.gallery import open_gallery\n"
        "build = runpy.run_path(sys.argv[2])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "with open_gallery(sys.argv[1]) as gallery:\n"
        "    try:\n"
        "        for seed in range(1000):\n"
        "            face = build['make_face'](seed)\n"
        "            gallery.enroll(f'person {seed}', face, photos=[b'x' * 9000], keep_photos=True)\n"
        "    except GalleryError as error:\n"
        "        print(error.code, error)\n"
    )
    conftest = Path(__file__).with_name("conftest.py")

    found = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "people.db", conftest], check=True, capture_output=True, text=True
    ).stdout

    assert found.startswith("full ")
    assert "300,000 bytes" in found
    assert "ulimit -f" in found
    with gallery_factory() as gallery:
        assert len(gallery) > 3
        assert gallery.check_log().intact


@pytest.mark.parametrize("length", [300, 100_000])
def test_messages_do_not_repeat_a_book(gallery, build, length):
    """Whatever text was given, at most 120 letters of it come back."""
    text = "b" * length
    face = build.face(1, source=text)
    calls = [
        lambda: gallery.person(text),
        lambda: gallery.enroll(text, face),
        lambda: gallery.enroll("ada", face, consent=text + "\n" + text),
        lambda: gallery.enroll("ada", face, expires=text),
        lambda: gallery.enroll("ada", face, gate=text),
        lambda: gallery.enroll("ada", build.face(1, source=text, measures={})),
        lambda: gallery.enroll("ada", build.face(1, source=text, digest=text)),
        lambda: gallery.enroll("ada", build.face(1, source=text, score=float("nan"))),
        lambda: gallery.identify(build.faces([], source=text), at=build.point(), top=text),
        lambda: gallery.import_from(text[:200]),
        lambda: gallery.export_to(text[:200] + "/" + text[:200]),
        lambda: open_gallery(text[:200]),
        lambda: open_gallery(text + "\0"),
    ]
    for call in calls:
        with pytest.raises(errors.FacerecError) as raised:
            call()
        assert "b" * 121 not in str(raised.value)
        assert len(str(raised.value)) < 1200


# -- what a service sees ----------------------------------------------------------------------------------------------


def test_an_unfinished_erasure_is_heard_of(gallery_factory, build, tmp_path, caplog):
    """Where a reader kept deleted bytes in the file, the gallery says so, and so does the log when it is opened."""
    with closing(sqlite3.connect(tmp_path / "people.db", isolation_level=None)) as reader:
        with gallery_factory(wait=0.05) as gallery:
            gallery.enroll("ada", build.face(1))
            assert not gallery.erasure_due
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM samples").fetchone()
            gallery.forget("ada")
            assert gallery.erasure_due
        with caplog.at_level(logging.WARNING, "facerec"), gallery_factory(wait=0.05) as gallery:
            assert gallery.erasure_due
        (record,) = caplog.records
        assert (record.name, "another process is reading" in record.message) == ("facerec", True)
        reader.execute("COMMIT")
    with gallery_factory() as gallery:
        assert not gallery.erasure_due


def test_a_slow_opening_is_heard_of(gallery_factory, caplog, monkeypatch):
    """Opening that takes longer than it should is a warning; one that does not is silent."""
    gallery_factory().close()
    assert caplog.records == []
    monkeypatch.setattr(store, "_SLOW", 0)
    gallery_factory().close()

    assert [(record.name, "people.db took" in record.message) for record in caplog.records] == [("facerec", True)]
