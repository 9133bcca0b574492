"""Sharpness and the quality gate."""

import numpy as np
import PIL.Image
import PIL.ImageFilter

from facerec.quality import QualityGate, sharpness
from facerec.types import Face

RNG = np.random.default_rng(4)


def a_face(*, size: float = 100, score: float = 0.99, sharp: float = 50) -> Face:
    """A face that passes, but for what is said."""
    box = np.array([0, 0, size, size * 1.3], np.float32)
    return Face(box, score, np.zeros((5, 2), np.float32), sharp, np.ones(1, np.float32), "digest", "a.jpg")


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
    gate = QualityGate(min_size=40, min_score=0.9, min_sharpness=10)

    assert gate.problems(a_face(size=40, score=0.9, sharp=10)) == ()


def test_every_problem_is_named() -> None:
    """A small, uncertain, blurred face has three problems, each with the photo's name, the value and the limit."""
    gate = QualityGate(min_size=40, min_score=0.9, min_sharpness=10)

    problems = gate.problems(a_face(size=20, score=0.5, sharp=1))

    assert len(problems) == 3
    assert all("a.jpg" in problem for problem in problems)
    for words, problem in zip((("20", "40"), ("0.50", "0.90"), ("1.0", "10.0")), problems, strict=True):
        assert all(word in problem for word in words)


def test_an_unmeasured_quality_does_not_pass() -> None:
    """NaN is not at least anything."""
    assert QualityGate().problems(a_face(sharp=float("nan"))) != ()
