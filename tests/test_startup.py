"""What a start costs, by what it imports: never by the clock, which says little on a busy machine."""

import json
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

ROOT = Path(__file__).parents[1]
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


def slow_imports(program: str, folder: Path) -> set[str]:
    """Which of the slow packages a program has imported when it ends, in a process of its own."""
    told = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)), file=sys.__stdout__)"
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", path + program + told], capture_output=True, text=True, check=True, cwd=folder
    )
    return SLOW & set(json.loads(done.stdout.splitlines()[-1]))


def command(line: str, status: int) -> str:
    """A program that runs the command line to its end, which must be that exit status."""
    return (
        "import contextlib, io\n"
        "from facerec.cli.app import app\nfrom facerec.cli.running import run\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:\n"
        f"    status = run(app, {line.split()!r})\n"
        f"assert status == {status}, said.getvalue()"
    )


@pytest.mark.parametrize(
    "program",
    [
        "import facerec; dir(facerec)",
        "import audits; dir(audits)",
        "import facerec.recognizer, facerec.embed.load, facerec.device, facerec.similarity",
        "from facerec import open_gallery",
        command("--help", 0),
        command("audit --help", 0),
        command("help gallery log", 0),
        command("audit policy", 0),
        command("--quiet --config settings.toml models list --csv", 0),
        command("--config nosuch.toml gallery list", 2),
        command("verfy photo.png", 2),
        command("gallery --gallery nosuch.db show ada", 2),
        command("models", 0),
        command("models check", 0),
        command("models show resnet50.v2", 0),
        command("transfer nets vgg", 0),
        command("models show nosuch", 2),
        command("gallery list --gallery nosuch.db", 2),
        command("verify a.jpg", 2),
        command("verify nosuch.jpg photo.png", 2),
        command("verify photo.png nosuch.jpg", 2),
        command("verify photo.png no_photo.png", 2),
        command("verify photo.png photo.png --fmr 0.123", 2),
        command("verify photo.png photo.png --at nosuch.json", 2),
        command("verify photo.png photo.png --at no_photo.png", 2),
        command("verify photo.png photo.png --model nosuch", 2),
        command("verify photo.png photo.png --device tpu", 2),
        command("verify photo.png photo.png --min-face-size 3", 2),
        command("verify photo.png --gallery nosuch.db --name ada", 2),
        command("identify photo.png --gallery nosuch.db", 2),
        command("identify nosuch.jpg --gallery nosuch.db", 2),
        command("enroll ada nosuch.jpg --gallery new.db --consent given", 2),
        command("enroll ada nosuch.jpg no_photo.png --gallery new.db", 2),
        command("enroll ada photo.png --gallery nosuch/new.db", 2),
        command("gallery reembed --gallery nosuch.db", 2),
        command("distil --data . --teacher nosuch --out new", 2),
        command("export nosuch --onnx new", 2),
        command("export nosuch --runtime new", 2),
        command("export dlib-resnet", 2),
        command("verify photo.png photo.png --runtime nosuch", 2),
        command("detect photo.png --runtime nosuch --exact", 2),
    ],
)
def test_what_needs_no_network_and_no_table_starts_at_once(program: str, tmp_path: Path) -> None:
    """Packages, help, listings, and mistakes in arguments, photos, points and galleries import no slow package."""
    PIL.Image.new("RGB", (20, 20)).save(tmp_path / "photo.png")
    (tmp_path / "no_photo.png").write_text("text")
    (tmp_path / "settings.toml").write_text('device = "cpu"\n')

    assert slow_imports(program, tmp_path) == set()


@pytest.mark.parametrize(
    "line",
    [
        "calibrate nosuch.csv --fmr 0.001 --out point.json",
        "calibrate nosuch.txt --fmr 0.001 --out point.json",
        "audit verification nosuch.csv --by group --at-fmr 0.001",
        "audit verification nosuch.csv --by group --at-fmr 0.001 --policy nosuch.toml",
        "audit classification nosuch.csv --by group",
        "audit drift nosuch.csv other.csv --by group --at-fmr 0.001",
        "audit mitigation nosuch.csv --by group",
        "audit identification nosuch.csv --gallery other.csv --by group --at-threshold 0.5",
        "audit advise nosuch.csv --by group --target 0.001 --at-fmr 0.001",
    ],
)
def test_a_table_that_is_none_costs_what_reads_tables(line: str, tmp_path: Path) -> None:
    """What judges and draws is imported once there is something to judge."""
    assert slow_imports(command(line, 2), tmp_path) <= {"pandas", "pyarrow"}


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
    assert slow_imports(program, tmp_path) == {"torch"}
