"""Pages on disk: the same bytes every time, whole or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facerec.errors import ArgumentError, FacerecError, OutputError
from facerec.reporting import Page, Section, Text, write

SMALL = Page("t", "s", (Section("x", (Text("y"),)),))
_PROGRAM = """
import runpy, sys
from pathlib import Path
from facerec.reporting import write
write(runpy.run_path(sys.argv[1])["sample"](), Path(sys.argv[2]))
"""


def test_the_page_builder_is_light():
    """Building, drawing and rendering a page loads neither matplotlib nor Pillow."""
    program = "import facerec.reporting.charts, sys; sys.exit(bool({'matplotlib', 'PIL', 'torch'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def contents(folder):
    """Return every file of `folder` by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_another_process_writes_the_same_bytes(page, tmp_path):
    """Neither the hash seed nor the time nor the drawing program's random ids show in any of the files."""
    write(page, tmp_path / "here")
    command = [sys.executable, "-c", _PROGRAM, str(Path(__file__).with_name("conftest.py")), str(tmp_path / "there")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "12345"})

    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    assert len(contents(tmp_path / "here")) == 8


def test_the_paths_are_those_of_the_files(page, tmp_path):
    """What is returned exists, is named by the stem and is all there is."""
    written = write(page, tmp_path / "new" / "folder", stem="audit")

    named = {written.html, written.markdown, written.json, *written.attachments}
    assert named == set((tmp_path / "new" / "folder").iterdir())
    assert all(path.name.startswith("audit") for path in named)
    assert json.loads(written.json.read_text("utf-8"))["title"] == page.title


def test_writing_again_replaces_its_own_files_only(tmp_path):
    """A neighbour stays, and nothing unfinished is left behind."""
    (tmp_path / "run.json").write_text("mine")
    write(SMALL, tmp_path)
    write(SMALL, tmp_path)

    assert sorted(contents(tmp_path)) == ["report.html", "report.json", "report.md", "run.json"]


def test_a_failure_leaves_whole_files(tmp_path, monkeypatch):
    """When the disk is full after one file, every file is whole: the new one or the one that was there."""
    old = write(SMALL, tmp_path).html.read_bytes()
    calls = []
    write_whole = Path.write_bytes

    def fill_up(self, data):
        calls.append(self)
        if len(calls) == 1:
            return write_whole(self, data)
        write_whole(self, data[: len(data) // 2])
        message = "No space left on device"
        raise OSError(28, message)

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    with pytest.raises(FacerecError, match="No space left"):
        write(Page("other", "", ()), tmp_path)
    assert json.loads(contents(tmp_path)["report.json"])["title"] == "other"
    assert contents(tmp_path)["report.html"] == old
    assert len(contents(tmp_path)) == 3


def test_a_folder_that_cannot_be_is_an_error(tmp_path):
    """A file where the folder should be is named in the message."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="taken"):
        write(SMALL, tmp_path / "taken")


@pytest.mark.parametrize("stem", ["", "../x", "a/b", ".hidden", "a b", "x\n"])
def test_a_stem_is_a_plain_file_name(stem, tmp_path):
    """A report's files stay in their folder and need no quoting in Markdown."""
    with pytest.raises(ArgumentError, match="named"):
        write(SMALL, tmp_path, stem=stem)


def test_a_name_that_is_no_unicode_can_be_written(tmp_path):
    """An undecodable file name, as Linux allows, does not stop a report."""
    write(Page("photo \udcff.jpg", "", ()), tmp_path)

    assert "photo �.jpg" in (tmp_path / "report.md").read_text("utf-8")
