"""What a start costs, by what it imports: never by the clock, which says little on a busy machine."""

from pathlib import Path

import PIL.Image
import pytest

from tests.cli.test_help import COMMANDS
from tests.imports import imported

SLOW = {
    "facenet_pytorch",
    "fairlearn",
    "jinja2",
    "matplotlib",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scipy.stats",
    "sklearn",
    "timm",
    "torch",
    "torchvision",
}
"""Each takes as long to import as all of Python's own start, or longer."""


def commands(*lines: tuple[str, int]) -> str:
    """A program that runs command lines, one after the other, to their ends, which must be those exit statuses."""
    return (
        "import contextlib, io\n"
        "from facerec.cli.app import app\nfrom facerec.cli.running import run\n"
        f"for line, expected in {lines!r}:\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:\n"
        "        status = run(app, line.split())\n"
        "    assert status == expected, (line, said.getvalue())\n"
    )


AT_ONCE = (
    ("--help", 0),
    ("audit --help", 0),
    ("help gallery log", 0),
    ("audit policy", 0),
    ("--quiet --config settings.toml models list --csv", 0),
    ("--config nosuch.toml gallery list", 2),
    ("verfy photo.png", 2),
    ("gallery --gallery nosuch.db show ada", 2),
    ("models", 0),
    ("models list", 0),
    ("models check", 0),
    ("models show resnet50.v2", 0),
    ("transfer nets vgg", 0),
    ("models show nosuch", 2),
    ("gallery list --gallery nosuch.db", 2),
    ("verify a.jpg", 2),
    ("verify nosuch.jpg photo.png", 2),
    ("verify photo.png nosuch.jpg", 2),
    ("verify photo.png no_photo.png", 2),
    ("verify photo.png photo.png --fmr 0.123", 2),
    ("verify photo.png photo.png --at nosuch.json", 2),
    ("verify photo.png photo.png --at no_photo.png", 2),
    ("verify photo.png photo.png --model nosuch", 2),
    ("verify photo.png photo.png --device tpu", 2),
    ("verify photo.png photo.png --min-face-size 3", 2),
    ("verify photo.png --gallery nosuch.db --name ada", 2),
    ("identify photo.png --gallery nosuch.db", 2),
    ("identify nosuch.jpg --gallery nosuch.db", 2),
    ("enroll ada nosuch.jpg --gallery new.db --consent given", 2),
    ("enroll ada nosuch.jpg no_photo.png --gallery new.db", 2),
    ("enroll ada photo.png --gallery nosuch/new.db", 2),
    ("gallery reembed --gallery nosuch.db", 2),
    ("distil --data . --teacher nosuch --out new", 2),
    ("export nosuch --onnx new", 2),
    ("export nosuch --runtime new", 2),
    ("export dlib-resnet", 2),
    ("verify photo.png photo.png --runtime nosuch", 2),
    ("detect photo.png --runtime nosuch --exact", 2),
    ("demo --photos nosuch", 2),
    ("quality nosuch.jpg", 2),
    ("audit power --groups 2", 2),
    ("audit print nosuch", 2),
    ("gallery rename ada bob --gallery nosuch.db", 2),
    ("gallery update ada --consent x --gallery nosuch.db", 2),
    ("gallery duplicates --gallery nosuch.db", 2),
    ("gallery merge ada bob --gallery nosuch.db", 2),
    ("gallery split ada bob --sample 1 --gallery nosuch.db", 2),
    ("gallery move ada bob --sample 1 --gallery nosuch.db", 2),
    ("gallery undo nosuch.json --gallery nosuch.db", 2),
    ("gallery forget ada --gallery nosuch.db", 2),
    ("gallery remove ada --sample 1 --gallery nosuch.db", 2),
    ("gallery purge --gallery nosuch.db", 2),
    ("gallery compact --gallery nosuch.db", 2),
    ("gallery check --gallery nosuch.db", 2),
    ("gallery head --gallery nosuch.db", 2),
    ("gallery log --gallery nosuch.db", 2),
    ("gallery protect new.key --gallery nosuch.db", 2),
    ("gallery backup new.db --gallery nosuch.db", 2),
    ("gallery restore nosuch.db --gallery new.db", 2),
    ("gallery copy nosuch.db new.db", 2),
    ("gallery export new --gallery nosuch.db", 2),
    ("gallery import nosuch --gallery nosuch/new.db", 2),
    ("train --data nosuch --out new", 2),
    ("transfer run --data nosuch --out new", 2),
    ("transfer doctor --imagenet nosuch", 2),
    ("models fetch nosuch", 2),
    ("models add nosuch.onnx --name x --crop arcface-112 --pixels -1..1", 2),
    ("models attach nosuch.json --model nosuch", 2),
    ("models remove nosuch", 2),
)
"""Command lines that load none of `SLOW`, and their exit status: help, listings, mistakes."""

READS_TABLES = (
    "calibrate nosuch.csv --fmr 0.001 --out point.json",
    "calibrate nosuch.txt --fmr 0.001 --out point.json",
    "audit verification nosuch.csv --by group --at-fmr 0.001",
    "audit verification nosuch.csv --by group --at-fmr 0.001 --policy nosuch.toml",
    "audit classification nosuch.csv --by group",
    "audit drift nosuch.csv other.csv --by group --at-fmr 0.001",
    "audit mitigation nosuch.csv --by group",
    "audit identification nosuch.csv --gallery other.csv --by group --at-threshold 0.5",
    "audit advise nosuch.csv --by group --target 0.001 --at-fmr 0.001",
    "score nosuch.csv --out x.csv",
    "embed nosuch --out x.csv",
    "evaluate lfw --data nosuch",
    "evaluate scores nosuch.csv",
    "audit part nosuch.csv --at-threshold 0.1 --out new",
    "audit merge nosuch.json",
    "audit look nosuch.csv",
    "audit plan --policy nosuch.toml --at-fmr 0.1 --by group --out plan.toml",
    "audit verify nosuch",
)
"""Mistakes of commands whose first step is to read a table: what reads tables is all that they load."""

LOADS_ON_PURPOSE = {
    "check": "it runs a network to see whether this installation works",
    "serve": "it loads its networks before it listens",
    "audit prove": "it simulates, and has no argument to get wrong but a number",
    "audit selfcheck": "it audits tables of its own",
    "transfer compare": "it reads two runs with what judges them",
}
"""Commands that have no line above, and why they load what is slow."""


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_a_line(words):
    """Whoever adds a command says here what it loads."""
    name = " ".join(words)
    lines = [line for line, _ in AT_ONCE] + [*READS_TABLES]

    measured = any(line.split()[0] == words[0] and set(words) <= set(line.split()) for line in lines)

    assert measured != (name in LOADS_ON_PURPOSE), (
        f"facerec {name} needs one line in tests/test_startup.py: in AT_ONCE, with a mistake (a file not there), "
        "as it may load no slow package; in READS_TABLES if it reads a table first; or in LOADS_ON_PURPOSE, and why"
    )


@pytest.mark.parametrize(
    "program",
    [
        "import facerec; dir(facerec)",
        "import audits; dir(audits)",
        "import facerec.recognizer, facerec.embed.load, facerec.device, facerec.similarity",
        "from facerec import open_gallery",
        (
            "from facerec import Recognizer\nfrom facerec.testing import SquareDetector, made_embedder, made_photo\n"
            "assert len(Recognizer(detector=SquareDetector(), embedder=made_embedder()).faces(made_photo('red'))) == 1"
        ),
        commands(*AT_ONCE),
    ],
    ids=["facerec", "audits", "recognizer", "open_gallery", "own models", "commands"],
)
def test_what_needs_no_network_and_no_table_starts_at_once(program: str, tmp_path: Path) -> None:
    """Packages, help, listings, and mistakes in arguments, photos, points and galleries import no slow package."""
    PIL.Image.new("RGB", (20, 20)).save(tmp_path / "photo.png")
    (tmp_path / "no_photo.png").write_text("text")
    (tmp_path / "settings.toml").write_text('device = "cpu"\n')

    assert imported(program, SLOW, tmp_path) == {}, "a slow package is imported, by the module that is named beside it"


def test_a_table_that_is_none_costs_what_reads_tables(tmp_path: Path) -> None:
    """What judges and draws is imported once there is something to judge."""
    loaded = imported(commands(*((line, 2) for line in READS_TABLES)), SLOW, tmp_path)

    assert loaded.keys() <= {"pandas", "pyarrow"}, f"more is imported, by the module beside it: {loaded}"


def test_two_photos_are_compared_with_torch_alone(tmp_path: Path) -> None:
    """Detection, embedding and a decision by the shipped point need no other slow package."""
    program = """
import numpy as np
from facerec import Recognizer
recognizer = Recognizer()
assert len(recognizer.faces(np.zeros((120, 160, 3), np.uint8))) == 0
assert len(recognizer.detector(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8))) == 0
assert recognizer.embedder(np.zeros((1, 150, 150, 3), np.uint8)).shape == (1, 128)
point = recognizer.deciding_point(None)[0]
str(point.fmr), point.fnmr.interval()
"""
    assert imported(program, SLOW, tmp_path).keys() == {"torch"}
