"""What a command writes replaces nothing but an earlier output of the same kind."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import numpy as np
import pytest

from facerec.cli import outputs
from facerec.cli.outputs import GOES_ON, NEW, OUTPUTS
from facerec.gallery import open_gallery
from facerec.reporting import Page, render_html
from facerec.types.marks import encode_jpeg
from tests.cli.conftest import colour_recognizer
from tests.cli.test_help import COMMANDS

ROOT = Path(__file__).parents[2]

# Parameters that hold a path and are read only.
READ = {
    "after",
    "at",
    "at_after",
    "audit",
    "audits",
    "before",
    "bundle",
    "calibration",
    "calibration_after",
    "certificate",
    "data",
    "file",
    "files",
    "first",
    "folder",
    "gallery",
    "given",
    "imagenet",
    "key_file",
    "key_from",
    "model_files",
    "page",
    "pairs",
    "parts",
    "paths",
    "people",
    "photos",
    "plan",
    "points",
    "policy",
    "predictions",
    "private_key",
    "probe",
    "pseudonym_key",
    "reference",
    "root",
    "runtime",
    "scores",
    "searches",
    "second",
    "source",
    "tables",
    "vectors",
}
# What writes under a name of READ, or in place of what a gallery or a folder of models is.
WRITTEN = {
    *(("gallery", name, "file") for name in ("backup", "protect")),
    ("gallery", "export", "folder"),
    ("evaluate", "lfw", "scores"),
    ("export", "runtime"),
}


def _is_path(parameter) -> bool:
    return "Path" in str(parameter.type_descriptor.annotation)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_parameter_that_writes_is_under_the_rule(words):
    """A parameter that holds a path is either of those that are read, or known as an output with its kind."""
    wrong = [
        each.name
        for each in COMMANDS[words].params
        if _is_path(each)
        and (each.name not in READ or (*words, each.name) in WRITTEN) != (each.help in OUTPUTS)
        and words != ("models", "fetch")  # files by their SHA-256, which replace what is not of it
    ]

    assert wrong == []


def _gallery(path: Path) -> bytes:
    with open_gallery(path, colour_recognizer().embedder):
        pass
    return path.read_bytes()


@pytest.fixture
def precious(tmp_path, draw, monkeypatch):
    """A gallery, a photo and a table of somebody's, by their names, in the folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    draw("bob.jpg", "red")
    Path("mine.csv").write_text("name,score\nann,1\n")
    Path("mine.json").write_text('{"mine": 1}')
    Path("mine.md").write_text("# Notes\n")
    Path("mine.pdf").write_bytes(b"%PDF-1.7 of somebody's\n%%EOF\n")
    return {"people.db": _gallery(Path("people.db"))} | {
        path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "people.db"
    }


FILES = {kind.what: kind for kind in OUTPUTS.values() if kind not in (NEW, GOES_ON) and not kind.holds}


@pytest.mark.parametrize("what", FILES)
def test_no_kind_takes_a_gallery_a_photo_or_a_foreign_file_for_its_own(what, precious):
    """Whatever a command writes, a gallery, a photo, and a table, JSON, Markdown or PDF of others' are not that."""
    for name in precious:
        with pytest.raises(outputs.OutputError, match=r"choose another name, or delete it"):
            FILES[what].refuse_others(Path(name))


def test_an_empty_file_is_nobodys(tmp_path):
    """What a build server made for a summary, or `touch`, is written to."""
    (tmp_path / "new").touch()

    for kind in FILES.values():
        kind.refuse_others(tmp_path / "new")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Some of the published scores, and a policy for them."""
    monkeypatch.chdir(tmp_path)
    lines = (ROOT / "data/lfw/scores.csv").read_text("utf-8").splitlines(keepends=True)
    Path("scores.csv").write_text("".join([lines[0], *lines[1::20]]), "utf-8")
    Path("policy.toml").write_text(POLICY)
    return Path("scores.csv")


POLICY = 'title = "t"\n[[claim]]\nname = "c"\nkind = "cross_rate"\nby = "gender"\nrate = "fmr"\nat_most = 0.5\n'


LINES = {
    "calibrate scores.csv --fmr 0.5 --out people.db": "people.db is there already, and is not a file of operating poi",
    "calibrate scores.csv --fmr 0.5 --out bob.jpg": "bob.jpg is there already, and is not a file of operating points",
    "calibrate scores.csv --fmr 0.5 --out scores.csv": "scores.csv is what SCORES reads, and --out would replace",
    "calibrate scores.csv --fmr 0.5 --out link.csv": "scores.csv is what SCORES reads, and --out would replace",
    "score mine.csv --out mine.csv": "mine.csv is what PAIRS.csv reads, and --out would replace it",
    "embed mine.csv --out mine.csv": "mine.csv is what PHOTOS reads",
    "audit verification scores.csv --at-fmr 0.5 --policy policy.toml --summary scores.csv": "SCORES reads, and --su",
    "audit verification scores.csv --at-fmr 0.5 --policy policy.toml --junit policy.toml": "--policy reads, and --jun",
    "audit verification scores.csv --at-fmr 0.5 --policy policy.toml --summary mine.md": "mine.md is there already",
    "audit verification scores.csv --at-fmr 0.5 --policy policy.toml --summary a --junit a": "both name a",
    "audit verification scores.csv --at-fmr 0.5 --out mine": "mine holds report.html, which is not of a report that",
    "audit part scores.csv --at-threshold 1 --out people.db": "people.db is there already, and is not a part",
    "quality bob.jpg --out bob.jpg": "bob.jpg is what PATH reads, and --out would replace it",
    "identify bob.jpg --gallery people.db --out people.db": "people.db is what --gallery reads",
    "demo --out mine": "mine holds report.html, which is not of a demonstration that facerec wrote",
    "detect bob.jpg --annotate mine": "mine/bob-faces.jpg is there already, and is not a copy that facerec marked",
    "audit print page.html --out mine.pdf": "mine.pdf is there already, and is not a PDF that facerec audit print made",
    "audit print page.html": "page.pdf is there already, and is not a PDF",
    "audit print mine": "mine holds 0 pages of facerec",
}


@pytest.mark.parametrize("line", LINES)
def test_no_output_destroys_anything(line, table, precious, facerec):
    """An output that is an input, or that is something else already, is an error before anything is read or written."""
    os.link(table, "link.csv")
    Path("mine").mkdir()
    Path("mine/report.html").write_text("<p>of somebody's</p>")
    Path("mine/bob-faces.jpg").write_bytes(Path("bob.jpg").read_bytes())
    Path("page.html").write_text(render_html(Page("t", "s", ())))
    Path("page.pdf").write_bytes(b"%PDF of somebody's")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}

    outcome = facerec(*shlex.split(line), "--debug")

    assert (outcome.status, LINES[line] in outcome.err) == (2, True), outcome.err
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


AGAIN = [
    "calibrate scores.csv --fmr 0.5 --out points.json",
    "audit verification scores.csv --at-fmr 0.5 --policy policy.toml --junit a.xml --summary a.md --out report",
    "audit part scores.csv --at-threshold 1 --out part.npz",
]


@pytest.mark.parametrize("line", AGAIN)
def test_a_command_runs_again_into_its_own_output(line, table, facerec):
    """The same line twice is not an error, and the second run writes what the first one did."""
    first = facerec(*shlex.split(line))
    written = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    second = facerec(*shlex.split(line))

    assert (first.status, second.status) == (second.status, first.status)
    assert first.status != 2, first.err
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == written


def test_marked_copies_are_made_again(tmp_path):
    """A copy that was marked before is known by its comment, and replaced."""
    copy = tmp_path / "a-faces.jpg"
    pixels = np.zeros((8, 8, 3), np.uint8)
    copy.write_bytes(encode_jpeg(pixels, comment=outputs.MARK))
    outputs.MARKED.refuse_others(copy)
    copy.write_bytes(encode_jpeg(pixels))
    with pytest.raises(outputs.OutputError):
        outputs.MARKED.refuse_others(copy)


def test_a_table_of_a_report_replaces_no_file_of_others(table, facerec):
    """A report's own names are known beforehand; its tables' are told as they are written, and nothing is replaced."""
    Path("report").mkdir()

    facerec("audit", "verification", "scores.csv", "--by", "gender", "--at-fmr", "0.5", "--out", "fresh")
    names = [path.name for path in Path("fresh").glob("*.csv")]
    Path("report", names[0]).write_text("of somebody's")
    outcome = facerec("audit", "verification", "scores.csv", "--by", "gender", "--at-fmr", "0.5", "--out", "report")

    assert (outcome.status, outcome.err.count(f"report holds {names[0]}, which is of no report")) == (2, 1)
    assert Path("report", names[0]).read_text() == "of somebody's"
