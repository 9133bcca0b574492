"""Photos whose faces are coloured squares, and a recognizer that finds them: the walk without networks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from scipy import ndimage

from facerec.demo import photos, steps
from facerec.quality import QualityGate
from facerec.recognizer import Recognizer
from facerec.types import Detections, Embedder, Matcher, OperatingPoint, Rate

DIGEST = "d" * 64


class SquareDetector:
    """Finds squares of a strong colour."""

    name = "squares"

    def __call__(self, image: np.ndarray) -> Detections:
        """The squares of one photo."""
        size = (image.shape[1], image.shape[0])
        strong = image.max(axis=2).astype(int) - image.min(axis=2) > 80
        labels, count = ndimage.label(strong)
        boxes = [
            (columns.start, rows.start, columns.stop, rows.stop)
            for rows, columns in ndimage.find_objects(labels, count)
            if min(rows.stop - rows.start, columns.stop - columns.start) >= 20
        ]
        if not boxes:
            return Detections.empty(size)
        array = np.array(boxes, np.float32)
        middle = (array[:, None, :2] + array[:, None, 2:]) / 2
        return Detections(array, np.full(len(boxes), 0.99, np.float32), np.repeat(middle, 5, axis=1), size)


class MiddleCrop:
    """Cuts the middle of a box."""

    name = "middle"
    size = 4

    def __call__(self, image: np.ndarray, detections: Detections) -> np.ndarray:
        """Chips of the mean colour around each middle."""
        chips = np.empty((len(detections), self.size, self.size, 3), np.uint8)
        for chip, (left, top, right, bottom) in zip(chips, detections.boxes.astype(int), strict=True):
            x, y = (left + right) // 2, (top + bottom) // 2
            chip[:] = image[max(y - 5, 0) : y + 5, max(x - 5, 0) : x + 5].mean(axis=(0, 1))
        return chips


def _hue(chips: np.ndarray) -> np.ndarray:
    colour = chips.astype(np.float32).mean(axis=(1, 2))
    return colour - colour.mean(axis=1, keepdims=True)


@pytest.fixture
def recognizer() -> Recognizer:
    """A recognizer of coloured squares: one colour is one person."""
    embedder = Embedder("hue", DIGEST, 3, MiddleCrop(), _hue)
    return Recognizer(
        detector=SquareDetector(), embedder=embedder, gate=QualityGate({"size": 40, "detection": 0.85}), device="cpu"
    )


@pytest.fixture
def point() -> OperatingPoint:
    """The operating point of that recognizer."""
    matcher = Matcher("squares", "middle", "hue", DIGEST, "cosine.v1", "none")
    return OperatingPoint(0.9, 1e-3, Rate(3, 3000), Rate(30, 3000), "squares", matcher)


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Path]:
    """Paint a photo with squares of the given colours below ``photos/``, and return its path."""

    def paint(name: str, *colours: tuple[int, int, int], side: int = 100) -> Path:
        picture = PIL.Image.new("RGB", (200 + 200 * max(len(colours), 1), 400), (230, 230, 230))
        for number, colour in enumerate(colours):
            picture.paste(colour, (100 + 200 * number, 120, 100 + 200 * number + side, 120 + side))
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
        return path

    return paint


@pytest.fixture
def no_package_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other packages carry no photos: the squares' recognizer would take a flower for a face."""
    for module in (photos, steps):
        monkeypatch.setattr(module, "packaged", lambda *_: None)
