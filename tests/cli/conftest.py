"""Command lines run in this process, with a recognizer that reads colours instead of faces where that is enough."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
import pytest

from facerec.cli.app import app
from facerec.cli.running import run
from facerec.points import write_points
from facerec.recognizer import Recognizer
from facerec.testing import SquareDetector, made_photo, made_point, made_portrait, made_recognizer
from facerec.types import OperatingPoint


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        """The one JSON document on stdout."""
        return json.loads(self.out)


def colour_recognizer(name: str = "dlib-resnet", digest: str = "a" * 64) -> Recognizer:
    """A recognizer of colours under the name of a real model."""
    return made_recognizer(name, digest=digest)


def draw_squares(path: Path | str, *colours: str, size: int = 64) -> Path:
    """Write a made photo of squares in these colours; ``black`` is a square without a face."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(made_photo(*colours, size=size)).save(path)
    return path


def point_for(recognizer: Recognizer, target: float = 1e-3, threshold: float = 0.9) -> OperatingPoint:
    """An operating point with invented rates."""
    return made_point(threshold, target_fmr=target, data_set="invented pairs", matcher=recognizer.matcher)


@pytest.fixture(autouse=True)
def nothing_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of progress comes between the lines of a test on a busy machine."""
    monkeypatch.setattr("facerec.cli.heartbeat._FIRST", 1e6)


@pytest.fixture(scope="session")
def draw() -> Callable[..., Path]:
    """`draw_squares`, for the tests."""
    return draw_squares


@pytest.fixture(scope="session")
def point() -> Callable[..., OperatingPoint]:
    """`point_for` the recognizer of colours."""
    return lambda **options: point_for(colour_recognizer(), **options)


@pytest.fixture
def facerec(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command line, to its exit status and what it printed."""

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        status = run(app, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err or "--debug" in arguments
        return Outcome(status, out, err)

    return call


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Every command recognises colours; the folder that is returned holds ``point.json`` for it."""
    digests = {"dlib-resnet": "a" * 64, "facenet": "b" * 64}

    def load(model: str | None, **_: object) -> Recognizer:
        name = model or "dlib-resnet"
        return colour_recognizer(name, digests[name])

    monkeypatch.setattr("facerec.cli.recognition.load_recognizer", load)
    monkeypatch.chdir(tmp_path)
    write_points([point_for(colour_recognizer())], tmp_path / "point.json")
    return tmp_path


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten made people with four photos each, one folder per person."""
    folder = tmp_path_factory.mktemp("portraits") / "people"
    for person in range(10):
        (folder / f"person{person}").mkdir(parents=True)
        for number in range(4):
            PIL.Image.fromarray(made_portrait(person, number)).save(folder / f"person{person}" / f"{number}.png")
    return folder


@pytest.fixture
def faces_are_portraits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command takes a whole photo for a face; all else is real."""
    for place in ("facerec.detect.load.load_detector", "facerec.training.aligned.load_detector"):
        monkeypatch.setattr(place, lambda *_, **__: SquareDetector())


@pytest.fixture(scope="session")
def real_recognizer() -> Recognizer:
    """The pipeline at its defaults, loaded once."""
    return Recognizer(device="cpu")


@pytest.fixture
def photos(data: Path, real_recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of sample photos; commands use the real pipeline, and ``point.json`` is in the working folder."""
    monkeypatch.setattr("facerec.cli.recognition.load_recognizer", lambda *_, **__: real_recognizer)
    monkeypatch.chdir(tmp_path)
    write_points([point_for(real_recognizer, threshold=0.92)], tmp_path / "point.json")
    return data / "face_samples" / "face_recognition"
