"""Several processes at one gallery: nothing that was acknowledged is lost, not even by kill -9."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.files

_CONFTEST = Path(__file__).with_name("conftest.py")

_WRITER = f"""
import runpy, sys
build = runpy.run_path({str(_CONFTEST)!r})
from facerec.gallery import open_gallery
path, prefix, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open_gallery(path, build["make_embedder"]()) as people:
    print("open", flush=True)
    for number in range(count):
        name = f"{{prefix}} {{number}}"
        people.enroll(name, [build["make_face"](2 * number), build["make_face"](2 * number + 1)])
        print(name, flush=True)
"""


def _start(path, prefix, count):
    command = [sys.executable, "-c", _WRITER, str(path), prefix, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _check(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_writers_at_once_lose_nothing(gallery_factory, tmp_path):
    """Three processes create and fill the same gallery at once; everybody is there and the log is whole."""
    path = tmp_path / "people.db"
    writers = [_start(path, prefix, 60) for prefix in ("a", "b", "c")]
    acknowledged = set()
    for writer in writers:
        acknowledged |= set(writer.communicate(timeout=60)[0].split("\n")) - {"", "open"}
        assert writer.returncode == 0

    assert len(acknowledged) == 180
    with gallery_factory() as gallery:
        assert {person.name for person in gallery.people()} == acknowledged
        assert {person.samples for person in gallery.people()} == {2}
        assert gallery.check_log().intact
        assert gallery.check_log().entries == 181
    _check(path)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("attempt", range(4))
def test_kill_loses_nothing_acknowledged(gallery_factory, tmp_path, attempt):
    """A process killed in the middle of enrolling: everybody it had reported is there, each with both samples."""
    path = tmp_path / "people.db"
    writer = _start(path, "person", 1_000_000)
    assert writer.stdout.readline() == "open\n"
    first = writer.stdout.readline()
    time.sleep(0.05 + 0.04 * attempt)
    os.kill(writer.pid, signal.SIGKILL)
    with writer:  # not communicate(), which loses lines that were read ahead with the first one
        rest = writer.stdout.read()
    # The last line may have been cut off by the kill; a whole line was acknowledged.
    acknowledged = [line for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]

    with gallery_factory() as gallery:
        people = gallery.people()
        names = [person.name for person in people]
        assert names[: len(acknowledged)] == [line.strip() for line in acknowledged]
        assert len(names) <= len(acknowledged) + 1
        assert {person.samples for person in people} == {2}
        assert gallery.check_log().intact
        assert gallery.check_log().entries == 1 + len(names)
    _check(path)


def test_a_reader_sees_what_another_process_enrolls(gallery_factory, build, tmp_path):
    """An open gallery finds, at its next search, whom another process has enrolled since."""
    with gallery_factory() as gallery:
        probe = build.faces([build.vector(3)])
        assert gallery.identify(probe, at=build.point())[0].name is None
        assert _start(tmp_path / "people.db", "person", 2).communicate(timeout=30)[0].endswith("person 1\n")

        assert gallery.identify(probe, at=build.point())[0].name == "person 1"
