"""Command lines run in this process, with a recognizer that reads colours instead of faces where that is enough."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.cli.app import app
from facerec.cli.running import run
from facerec.points import write_points
from facerec.quality import QualityGate
from facerec.recognizer import Recognizer
from facerec.types import Detections, Embedder, OperatingPoint, Rate

COLOURS = {"red": (250, 10, 10), "wine": (240, 40, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}


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


class SquareDetector:
    """Each square of a photo's height that is not black is a face."""

    name = "squares"

    def __call__(self, image: np.ndarray) -> Detections:
        """As the contract says."""
        height, width = image.shape[:2]
        lefts = [left for left in range(0, width - height + 1, height) if image[:, left : left + height].any()]
        boxes = np.array([[left, 0, left + height, height] for left in lefts], np.float32).reshape(-1, 4)
        points = np.repeat(boxes[:, None, :2] + height / 2, 5, axis=1)
        return Detections(boxes, np.full(len(boxes), 0.99, np.float32), points, (width, height))

    def batch(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """As the contract says."""
        return [self(image) for image in images]


class SquareCrop:
    """The middle of the square."""

    name = "middle-8 v1"
    size = 8

    def __call__(self, image: np.ndarray, detections: Detections) -> np.ndarray:
        """As the contract says."""
        chips = np.zeros((len(detections), 8, 8, 3), np.uint8)
        for chip, box in zip(chips, detections.boxes.astype(int), strict=True):
            x, y = (box[:2] + box[2:]) // 2
            chip[:] = image[y - 4 : y + 4, x - 4 : x + 4]
        return chips


def colour_embedder(name: str = "dlib-resnet", digest: str = "a" * 64) -> Embedder:
    """Faces are as alike as their colours."""
    return Embedder(name, digest, 3, SquareCrop(), lambda chips: chips.mean(axis=(1, 2), dtype=np.float32))


def colour_recognizer(embedder: Embedder | None = None) -> Recognizer:
    """A recognizer that needs no weights."""
    return Recognizer(
        detector=SquareDetector(),
        embedder=embedder or colour_embedder(),
        gate=QualityGate({"size": 40, "detection": 0.85}),
        device="cpu",
    )


def draw_squares(path: Path | str, *colours: str, size: int = 64) -> Path:
    """Write a photo of squares in these colours; ``black`` is a square without a face."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((size, size * len(colours), 3), np.uint8)
    for number, colour in enumerate(colours):
        image[:, number * size : (number + 1) * size] = COLOURS.get(colour, (0, 0, 0))
    PIL.Image.fromarray(image).save(path)
    return path


def point_for(recognizer: Recognizer, target: float = 1e-3, threshold: float = 0.9) -> OperatingPoint:
    """An operating point with invented rates."""
    return OperatingPoint(
        threshold=threshold,
        target_fmr=target,
        fmr=Rate(round(30_000 * target), 30_000),
        fnmr=Rate(30, 3_000),
        data_set="invented pairs",
        matcher=recognizer.matcher,
    )


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
    embedders = {"dlib-resnet": colour_embedder(), "facenet": colour_embedder("facenet", "b" * 64)}

    def load(model: str | None, **_: object) -> Recognizer:
        return colour_recognizer(embedders[model or "dlib-resnet"])

    monkeypatch.setattr("facerec.cli.recognition.load_recognizer", load)
    monkeypatch.chdir(tmp_path)
    write_points([point_for(colour_recognizer())], tmp_path / "point.json")
    return tmp_path


_TEMPLATE = np.array([[0.34, 0.46], [0.66, 0.46], [0.5, 0.64], [0.37, 0.82], [0.63, 0.82]], np.float32)


class WholePhoto:
    """Every photo that is not black is one face, with its five points where those of a portrait are."""

    name = "whole photo"

    def __call__(self, image: np.ndarray) -> Detections:
        """As the contract says."""
        size = image.shape[1::-1]
        box = np.array([[0, 0, *size]], np.float32)
        return Detections(box, [1.0], (_TEMPLATE * size)[None], size) if image.any() else Detections.empty(size)

    def batch(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """As the contract says."""
        return [self(image) for image in images]


def portrait(person: int, number: int) -> np.ndarray:
    """A photo (160, 160, 3) of somebody made up: a pattern of soft colours, in a light and with a grain of its own."""
    coarse = np.random.default_rng([person, 7]).integers(30, 226, (5, 5, 3)).astype(np.uint8)
    soft = np.asarray(PIL.Image.fromarray(coarse).resize((160, 160), PIL.Image.Resampling.BICUBIC), np.float32)
    draw = np.random.default_rng([person, number])
    return np.clip(soft * draw.uniform(0.7, 1.1) + draw.normal(0, 12, soft.shape), 1, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten made people with four photos each, one folder per person."""
    folder = tmp_path_factory.mktemp("portraits") / "people"
    for person in range(10):
        (folder / f"person{person}").mkdir(parents=True)
        for number in range(4):
            PIL.Image.fromarray(portrait(person, number)).save(folder / f"person{person}" / f"{number}.png")
    return folder


@pytest.fixture
def faces_are_portraits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command takes a whole photo for a face; all else is real."""
    for place in ("facerec.detect.Mtcnn", "facerec.training.aligned.Mtcnn"):
        monkeypatch.setattr(place, lambda **_: WholePhoto(), raising=False)


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
