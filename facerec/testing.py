"""Fakes for the tests of whoever builds on this package: no photo of anybody, no network, no weights, no download.

A made photo is a row of coloured squares. `SquareDetector` takes each for a face, and `made_embedder` finds two as
alike as their colours; `made_recognizer` is both, and goes through every stage of the real one, its gate included.
Faces, points and galleries that are made without a photo belong to the same matcher, so that all of these fit together.

>>> from facerec.testing import made_photo, made_point, made_recognizer
>>> recognizer, point = made_recognizer(), made_point()
>>> recognizer.verify(made_photo("red"), made_photo("wine"), at=point).decision
'match'
>>> recognizer.verify(made_photo("red"), made_photo("green"), at=point).decision
'no match'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.gallery import EmbedderIdentity, Gallery, open_gallery
from facerec.gallery.stores.memory import MemoryStore
from facerec.quality import DEFAULT_GATE, QualityGate
from facerec.similarity import NAME
from facerec.types import Chips, Detections, Embedder, Face, Faces, Image, Matcher, OperatingPoint, Rate

if TYPE_CHECKING:
    import pandas as pd

    from facerec.recognizer import Recognizer

Colour: TypeAlias = str | tuple[int, int, int]
"""A name of `COLOURS`, or RGB from 0 to 255; black is nobody."""

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (250, 10, 10),
    "wine": (240, 40, 10),
    "green": (10, 250, 10),
    "blue": (10, 10, 250),
    "black": (0, 0, 0),
}
"""Red and wine are one person at a threshold of 0.9 (cosine 0.992); all others are strangers (0.08 … 0.24)."""

GOOD: Mapping[str, float] = {"size": 100.0, "detection": 0.99, "sharpness": 100.0}
"""Measures that the default gate passes."""

DIMENSION = 8
"""Length of every made vector."""

# Eyes, nose and corners of the mouth, as shares of a square: so that a chip of ArcFace's template lies within it.
_POINTS = np.array([[0.36, 0.46], [0.64, 0.46], [0.5, 0.63], [0.38, 0.79], [0.62, 0.79]], np.float32)
_TILE = 4  # pixels of the pattern that makes a square sharp enough for the default gate


def made_photo(*people: Colour, size: int = 64) -> Image:
    """A photo of people side by side, each a square of `size` pixels; uint8, shape (size, n · size, 3).

    The squares bear a pattern of two shades, so that the default gate finds them sharp; below 40 pixels it finds them
    too small.
    """
    colours = [COLOURS[each] if isinstance(each, str) else each for each in people]
    row, column = np.indices((size, size)) // _TILE
    shades = np.where((row + column) % 2, 1.0, 0.6)
    squares = [np.rint(shades[..., None] * np.array(colour)).astype(np.uint8) for colour in colours]
    return np.concatenate(squares, axis=1)


def made_portrait(person: int, number: int = 0, *, size: int = 160, noise: float = 12.0) -> Image:
    """A photo of one person made up, for what learns from pixels; uint8, shape (size, size, 3).

    Each person is a pattern of soft colours, each photo (`number`) that pattern in a light and with a grain of its own.
    """
    coarse = np.random.default_rng([person, 7]).uniform(30, 225, (5, 5, 3))
    places = np.linspace(0, 4, size)
    weights = np.maximum(0, 1 - abs(places[:, None] - np.arange(5)))  # linear between the five by five colours
    soft = np.einsum("yi,xj,ijc->yxc", weights, weights, coarse)
    draw = np.random.default_rng([person, number])
    return np.clip(soft * draw.uniform(0.7, 1.1) + draw.normal(0, noise, soft.shape), 1, 255).astype(np.uint8)


@dataclass
class SquareDetector:
    """Each square of a photo's height that is not black is a face, from left to right, whatever is on it.

    Attributes
    ----------
    seen : int
        Photos that were looked at so far.
    """

    name: str = "squares.v1"
    points_convention: str = "mtcnn-5.v1"
    seen: int = 0

    def __call__(self, image: Image) -> Detections:
        """The faces of one photo."""
        self.seen += 1
        height, width = image.shape[:2]
        lefts = [left for left in range(0, width - height + 1, height) if image[:, left : left + height].any()]
        boxes = np.array([[left, 0, left + height, height] for left in lefts], np.float32).reshape(-1, 4)
        points = boxes[:, None, :2] + _POINTS * height
        return Detections(boxes, np.full(len(boxes), 0.99, np.float32), points, (width, height))


@dataclass(frozen=True)
class SquareCrop:
    """The middle of each box, as it is."""

    name: str = "square-middle-8.v1"
    size: int = _TILE * 2
    points_convention: str | None = None

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """One chip per face."""
        chips = np.zeros((len(detections), self.size, self.size, 3), np.uint8)
        for chip, box in zip(chips, detections.boxes.astype(int), strict=True):
            x, y = (box[:2] + box[2:] - self.size) // 2
            chip[:] = image[y : y + self.size, x : x + self.size]
        return chips


def _digest(name: str) -> str:
    return np.random.default_rng(list(name.encode())).bytes(32).hex()


def _colour_vectors(chips: Chips) -> NDArray[np.float32]:
    colours = chips.mean(axis=(1, 2), dtype=np.float32)
    return np.pad(colours, [(0, 0), (0, DIMENSION - 3)])


def made_embedder(name: str = "made", digest: str | None = None) -> Embedder:
    """Faces are as alike as their colours; the same `name` gives the same digest, another name another."""
    return Embedder(name, digest or _digest(name), DIMENSION, SquareCrop(), _colour_vectors)


def made_recognizer(
    name: str = "made", *, digest: str | None = None, gate: QualityGate = DEFAULT_GATE, workers: int = 1
) -> Recognizer:
    """A recognizer of made photos, by `SquareDetector` and `made_embedder`; all else is real."""
    from facerec.recognizer import Recognizer

    made = made_embedder(name, digest)
    return Recognizer(detector=SquareDetector(), embedder=made, gate=gate, device="cpu", workers=workers)


def made_matcher(name: str = "made", **parts: str) -> Matcher:
    """The matcher of ``made_recognizer(name)``; `parts` replace its own."""
    made = Matcher(SquareDetector.name, SquareCrop.name, name, _digest(name), NAME, DEFAULT_GATE.name)
    return replace(made, **parts)


def made_vector(seed: int | str, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """A unit vector (d,), float32; the same seed gives the same one."""
    digits = [seed] if isinstance(seed, int) else list(seed.encode())
    vector = np.random.default_rng(digits).standard_normal(dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def made_face(
    name: str = "ada",
    *,
    embedding: ArrayLike | None = None,
    measures: Mapping[str, float] | None = None,
    matcher: Matcher | None = None,
) -> Face:
    """A face in ``<name>.jpg``; its vector is made of the name.

    Parameters
    ----------
    name : str
    embedding : array_like, shape (d,), optional
        In place of that vector.
    measures : mapping of str to float, optional
        By default `GOOD`; those that are given replace these one by one.
    matcher : Matcher, optional
        By default ``made_matcher()``.

    Examples
    --------
    >>> made_face("ada").source
    'ada.jpg'
    """
    return Face(
        box=np.array([10, 20, 110, 140], np.float32),
        score=0.99,
        points=np.array([[40, 60], [80, 60], [60, 80], [45, 110], [75, 110]], np.float32),
        measures={**GOOD, **(measures or {})},
        embedding=made_vector(name) if embedding is None else np.asarray(embedding, np.float32),
        matcher=matcher or made_matcher(),
        source=f"{name}.jpg",
    )


def made_faces(*names: str, matcher: Matcher | None = None, source: str = "crowd.jpg") -> Faces:
    """All faces of one photo, those that `made_face` makes of the names, side by side."""
    n = len(names)
    left = 120 * np.arange(n, dtype=np.float32)
    boxes = np.stack([left, 0 * left, left + 100, 0 * left + 100], axis=1)
    points = boxes[:, None, :2] + 100 * _POINTS
    vectors = np.array([made_vector(name) for name in names], np.float32).reshape(n, DIMENSION)
    measures = {name: np.full(n, value, np.float32) for name, value in GOOD.items()}
    detections = Detections(boxes, np.full(n, 0.99, np.float32), points, (max(120 * n, 1), 100))
    return Faces(detections, measures, vectors, matcher or made_matcher(), source)


def made_point(
    threshold: float = 0.9, *, target_fmr: float = 1e-3, data_set: str = "made data", matcher: Matcher | None = None
) -> OperatingPoint:
    """An operating point of invented rates, which are what it was asked for: 30,000 non-mated comparisons."""
    fmr, fnmr = Rate(round(30_000 * target_fmr), 30_000), Rate(30, 1000)
    return OperatingPoint(threshold, target_fmr, fmr, fnmr, data_set, matcher or made_matcher())


def made_scores(people: int = 50, *, matcher: Matcher | None = None, seed: int = 0) -> pd.DataFrame:
    """A score table of people with two photos each: all mated pairs, and each person against the ten that follow.

    Mated scores lie about 0.8, non-mated ones about 0.2. ``probe_group`` and ``reference_group`` are a and b in turn;
    every row is stamped with `matcher`, by default ``made_matcher()``.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    names = [f"p{number:03d}" for number in range(people)]
    pairs = [(number, number) for number in range(people)]
    pairs += [(one, (one + step) % people) for step in range(1, min(11, people)) for one in range(people)]
    probe, reference = np.array(pairs).T
    mated = probe == reference
    scores = np.where(mated, rng.normal(0.8, 0.06, len(pairs)), rng.normal(0.2, 0.12, len(pairs)))
    return pd.DataFrame(
        {
            "probe_image": [f"{names[one]}/1.jpg" for one in probe],
            "reference_image": [f"{names[one]}/2.jpg" for one in reference],
            "probe_subject": [names[one] for one in probe],
            "reference_subject": [names[one] for one in reference],
            "genuine": mated,
            "score": scores.clip(-1, 1).round(7),
            "probe_group": ["ab"[one % 2] for one in probe],
            "reference_group": ["ab"[one % 2] for one in reference],
            "matcher": (matcher or made_matcher()).text,
        }
    )


class Clock:
    """A clock that stands still until a test moves it; for ``open_gallery(clock=...)``."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The present time."""
        return self.now

    def today(self) -> date:
        """The present day."""
        return self.now.date()

    def pass_days(self, days: float) -> None:
        """Let days pass."""
        self.now += timedelta(days=days)


def made_gallery(path: str | Path | None = None, *names: str, clock: Clock | None = None) -> Gallery:
    """A new gallery of ``made_recognizer``'s, in which the faces that `made_face` makes of the names are enrolled.

    It is a file at `path`; without one it stands in memory (`MemoryStore`), and is gone with the process.

    Examples
    --------
    >>> gallery = made_gallery(None, "ada", "bob")
    >>> gallery.verify("ada", made_face("ada"), at=made_point()).decision
    'match'
    """
    embedder, clock = made_embedder(), clock or Clock()
    if path is None:
        gallery = Gallery(
            MemoryStore(EmbedderIdentity(embedder.name, embedder.digest, embedder.dimension)), clock=clock
        )
    else:
        gallery = open_gallery(path, embedder, clock=clock)
    for name in names:
        gallery.enroll(name, made_face(name))
    return gallery
