"""Measures of quality by name, and the gate."""

import numpy as np
import PIL.Image
import PIL.ImageFilter
import pytest

from facerec.errors import ArgumentError
from facerec.quality import CHIP, DEFAULT_GATE, MEASURES, NO_GATE, QualityGate, measure, sharpness
from facerec.testing import made_face
from facerec.types import Detections, Face

RNG = np.random.default_rng(4)


def a_face(*, size: float = 100, score: float = 0.99, sharp: float = 50) -> Face:
    """A face that passes, but for what is said."""
    return made_face("a", measures={"size": size, "detection": score, "sharpness": sharp})


def test_sharpness_worked_by_hand() -> None:
    """One bright pixel in a dark 5 × 5 chip: Laplacian -4·90 there, 90 at its four neighbours, 0 at the corners."""
    chip = np.zeros((1, 5, 5, 3), np.uint8)
    chip[0, 2, 2] = 90
    values = [-360, 90, 90, 90, 90, 0, 0, 0, 0]

    np.testing.assert_allclose(sharpness(chip), [np.var(values)], rtol=1e-6)


def test_blur_lowers_sharpness() -> None:
    """The more blur, the less sharp; an even chip has none."""
    picture = PIL.Image.fromarray(RNG.integers(0, 256, (150, 150, 3), dtype=np.uint8))
    chips = [np.asarray(picture.filter(PIL.ImageFilter.GaussianBlur(sigma))) for sigma in (0, 1, 2, 4)]
    found = sharpness(np.stack([*chips, np.full_like(chips[0], 77)]))

    assert (np.diff(found) < 0).all()
    assert found[-1] == 0


def test_no_chips_have_no_sharpness() -> None:
    """An empty batch gives an empty array."""
    assert sharpness(np.empty((0, 150, 150, 3), np.uint8)).shape == (0,)


def test_a_good_face_passes() -> None:
    """Nothing is said about it."""
    assert QualityGate().problems(a_face()) == ()


def test_the_limits_themselves_pass() -> None:
    """The gate asks for at least, not for more than."""
    gate = QualityGate({"size": 40, "detection": 0.9, "sharpness": 10})

    assert gate.problems(a_face(size=40, score=0.9, sharp=10)) == ()


@pytest.mark.parametrize("limit", [0.1, 0.7, 0.85, 8.3, 40.1])
def test_a_limit_that_single_precision_rounds_passes(limit: float) -> None:
    """What a detector or chip measured is single precision, where 0.7 is less than the limit's 0.7 in double."""
    gate = QualityGate({"detection": limit})

    assert gate.problems(a_face(score=float(np.float32(limit)))) == ()
    assert gate.problems(a_face(score=float(np.nextafter(np.float32(limit), np.float32(0))))) != ()
    assert gate.problems(a_face(score=limit)) == ()


def test_every_problem_is_named() -> None:
    """A small, uncertain, blurred face has three problems, each with the photo's name, the value and the limit."""
    gate = QualityGate({"size": 40, "detection": 0.9, "sharpness": 10})

    problems = gate.problems(a_face(size=20, score=0.5, sharp=1))

    assert len(problems) == 3
    assert all("a.jpg" in problem for problem in problems)
    for words, problem in zip((("20", "40"), ("0.50", "0.90"), ("1.0", "10.0")), problems, strict=True):
        assert all(word in problem for word in words)


def test_an_unmeasured_quality_does_not_pass() -> None:
    """NaN is not at least anything."""
    assert QualityGate().problems(a_face(sharp=float("nan"))) != ()


def test_what_was_not_measured_does_not_pass() -> None:
    """Each measure that the gate asks for and the face lacks is a problem; what nobody asks for is none."""
    bare = made_face("a")
    bare = Face(bare.box, bare.score, bare.points, {}, bare.embedding, bare.matcher, bare.source)

    assert len(DEFAULT_GATE.problems(bare)) == len(DEFAULT_GATE.limits)
    assert all("was not measured" in problem for problem in DEFAULT_GATE.problems(bare))
    assert QualityGate({"size": 1}).problems(bare) != ()
    assert NO_GATE.problems(bare) == ()


def test_the_shipped_gate() -> None:
    """Its limits are those that the benchmark set; another gate has another name, and the open one is called none."""
    assert DEFAULT_GATE.name == "detection.v1>=0.85, sharpness.v2>=8.5, size.v1>=40"
    assert NO_GATE.name == QualityGate({}).name == "none"
    assert QualityGate({"size": 40}).name != QualityGate({"size": 40.000001}).name
    assert QualityGate({"size": 40, "detection": 0.9}) == QualityGate({"detection": 0.9, "size": 40})


@pytest.mark.parametrize("limits", [{"beauty": 1}, {"size": float("nan")}, {"size": "40"}, {"size": None}])
def test_limits_that_are_none(limits: dict) -> None:
    """A measure that does not exist, and limits that are no numbers, are refused; the message lists the measures."""
    with pytest.raises(ArgumentError, match="size, detection, sharpness"):
        QualityGate(limits)


def test_quality_does_not_depend_on_the_embedder() -> None:
    """Faces are measured on one fixed chip, from photo and detections alone; none are measured where there is none."""
    image = RNG.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    points = np.array([[[70, 80], [110, 80], [90, 100], [75, 125], [105, 125]]])
    found = Detections([[50, 40, 130, 150]], [0.9], points, (200, 200))

    measured = measure(image, found)

    assert list(measured) == list(MEASURES)
    assert measured["size"].tolist() == [80]
    assert measured["detection"].tolist() == [np.float32(0.9)]
    assert measured["sharpness"] == sharpness(CHIP(image, found))
    assert CHIP.name == "five-point-112.v1"
    assert {name: len(values) for name, values in measure(image, found[[]]).items()} == dict.fromkeys(MEASURES, 0)
